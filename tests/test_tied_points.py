"""Points for long searches are the body's own, and slopes written by hand those that autograd finds."""

import pytest
import torch

from engine.body import Body, Poses
from engine.skeleton import hand21, openpose25, smplx55, wholebody133
from engine.tied_points import TiedPoints


@pytest.fixture(scope="module")
def double(body_path):
    return Body.load(body_path).double()


def by_the_body(body, selection, moving, turns, shape, betas):
    """The same points through the whole body."""
    every = turns.new_zeros(len(turns), 55, 3).index_copy(1, torch.tensor(smplx55.indices(moving)), turns)
    poses = Poses(every, shape[:, :betas], shape[:, betas:], shape[:, :0], turns.new_zeros(len(turns), 3))
    return body.points(poses, selection)


@pytest.mark.parametrize(
    ("skeleton", "moving", "betas", "expressions"),
    [
        (openpose25, smplx55.joints[:22], 10, 0),
        (wholebody133, smplx55.joints, 3, 12),
        (hand21, smplx55.joints[40:], 4, 0),  # five chains that nothing moving carries
        (smplx55, ("left_wrist", "spine1", "jaw", "left_shoulder"), 2, 1),  # out of order, others in between
    ],
    ids=["body", "whole", "hand", "some"],
)
def test_points_and_slopes_are_the_bodys(double, skeleton, moving, betas, expressions):
    torch.manual_seed(0)
    turns = (torch.randn(2, len(moving), 3) * 0.8).double().requires_grad_()
    with torch.no_grad():
        turns[0, 0] = 0  # no turn at all
    shape = torch.randn(2, betas + expressions).double().requires_grad_()
    selection = double.selection(skeleton)
    found = TiedPoints(double, selection, moving, betas, expressions)(turns, shape)
    wanted = by_the_body(double, selection, moving, turns, shape, betas)
    assert (found - wanted).abs().max() < 1e-12
    weights = torch.randn_like(found)
    slopes = torch.autograd.grad((found * weights).sum(), (turns, shape))
    known = torch.autograd.grad((wanted * weights).sum(), (turns, shape))
    assert all((one - other).abs().max() < 1e-11 for one, other in zip(slopes, known, strict=True))


def test_slopes_by_turns_alone(body):
    points = TiedPoints(body, body.selection(openpose25), ("left_elbow",))
    turns = torch.zeros(1, 1, 3, requires_grad=True)
    slope = torch.autograd.grad(points(turns, torch.zeros(1, 0))[0, openpose25.index("left_wrist"), 0], turns)[0]
    assert slope.abs().max() > 0  # of the wrist, which the elbow carries


def test_what_it_cannot_be_made_of(body):
    chosen = body.selection(openpose25)
    for moving, betas, message in (
        ((), 0, "at least one moving joint and none twice"),
        (("jaw", "jaw"), 0, "at least one moving joint and none twice"),
        (("tail",), 0, "expected a joint of smplx55"),
        (("jaw",), 10_000, "expected at most 300 betas"),
    ):
        with pytest.raises(ValueError, match=message):
            TiedPoints(body, chosen, moving, betas)
    with pytest.raises(ValueError, match='stays "front"'):
        TiedPoints(body, body.selection(wholebody133, "turning"), ("jaw",))


def test_turns_and_shapes_of_other_sizes(body):
    points = TiedPoints(body, body.selection(openpose25), ("jaw", "head"), 2)
    with pytest.raises(ValueError, match=r"expected turns of shape \(B, 2, 3\), got \(1, 3, 3\)"):
        points(torch.zeros(1, 3, 3), torch.zeros(1, 2))
    with pytest.raises(ValueError, match=r"expected shapes of \(1, 2\), got \(1, 3\)"):
        points(torch.zeros(1, 2, 3), torch.zeros(1, 3))


def test_joints_that_move_nothing_have_no_slopes(body):
    """Not even rounding errors: Adam would take those for directions."""
    points = TiedPoints(body, body.selection(openpose25), smplx55.joints[:22])
    turns = (0.3 * torch.randn(3, 22, 3, generator=torch.Generator().manual_seed(0))).requires_grad_()
    slopes = torch.autograd.grad(points(turns, torch.zeros(3, 0)).square().sum(), turns)[0].abs().sum((0, 2))
    nothing = {smplx55.joints[k] for k in range(22) if slopes[k] == 0}
    assert {"left_wrist", "right_wrist"} <= nothing
    assert not nothing & {"left_elbow", "head", "left_ankle", "pelvis"}
