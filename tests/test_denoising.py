"""Motion from joints that jitter or are partly missing, and the joints' gradient that it rests on."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from known_prior import known_prior, paired

from engine.body import Body, Poses
from engine.progress import Cancelled
from engine.schedules import Schedule
from engine.skeleton import smplx55
from engine.tasks.denoising import (
    Denoising,
    denoise,
    legs_hidden,
    main_joints,
    noise_40,
    smoothed,
)
from engine.tasks.guides import NoGuide
from engine.tasks.joints import Joints
from engine.tasks.vectors import body_groups, hidden_by, posed


@pytest.fixture(scope="module")
def body():
    return Body.load(Path(__file__).parent.parent / "assets/body/contrapposto_neutral.npz", pose_blend=False)


# ── joints ──


@pytest.mark.parametrize("names", [main_joints, smplx55.joints, ("right_wrist", "left_hand_thumb_3", "left_hip")])
def test_joints_and_their_gradient_are_the_bodys(body, names):
    torch.manual_seed(0)
    turns, betas = torch.randn(5, 55, 3), torch.tensor([1.0, -2.0, 0.5])
    turns[0], turns[1] = 0, turns[1] * 1e-3
    turns.requires_grad_()
    lean = Joints(body, names, betas)
    ours = lean(turns[:, [smplx55.index(name) for name in lean.carrying]])
    nothing = torch.zeros(5, 0)
    whole = body.joints(Poses(turns, betas.expand(5, -1), nothing, nothing, torch.zeros(5, 3)))
    theirs = whole[:, [smplx55.index(name) for name in names]]
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
    pull = torch.randn_like(ours)
    found, wanted = (torch.autograd.grad((places * pull).sum(), turns)[0] for places in (ours, theirs))
    torch.testing.assert_close(found, wanted, rtol=0, atol=2e-5)


def test_joints_are_asked_for_once_each(body):
    with pytest.raises(ValueError, match="each once, got none"):
        Joints(body, ())
    with pytest.raises(ValueError, match="each once"):
        Joints(body, ("left_hip", "left_hip"))


# ── motion ──


def swaying(clips=1, frames=24):
    """Vectors (C, T, 63) of a body that sways slowly, no joint more than the known prior's poses vary."""
    generator = torch.Generator().manual_seed(4)
    phase, speed = torch.rand(2, clips, 1, 63, generator=generator)
    at = torch.linspace(0, 1, frames)[:, None]
    return 0.3 * torch.sin(6.28 * (phase + at * (0.3 + 0.5 * speed)))


def joints_of(body, vectors):
    return Joints(body)(posed(body, "body", vectors.flatten(0, 1)).axis_angles[:, :22]).unflatten(0, vectors.shape[:2])


def error(body, found, truth, names=main_joints):
    """How far joints are off on the mean, mm."""
    off = (joints_of(body, found) - joints_of(body, truth)).norm(dim=-1)
    return 1000 * float(off[..., [main_joints.index(name) for name in names]].mean())


@pytest.fixture(scope="module")
def guide():
    return noise_40.guide(known_prior(torch.eye(63)))


def test_noise_of_40_mm_is_taken_off(body, guide):
    truth = swaying()
    noise = 0.04 * torch.randn(1, 24, 22, 3, generator=torch.Generator().manual_seed(1))
    observed = joints_of(body, truth) + noise
    found = denoise(body, guide, observed)
    alone = denoise(body, NoGuide(), observed)
    assert found.poses.shape == (1, 24, 63)
    assert found.root.eq(0).all()
    off = error(body, found.poses, truth)
    assert off < 26 < 1000 * float(noise.norm(dim=-1).mean())
    assert off < error(body, alone.poses, truth), "the prior helps"


def test_a_hidden_leg_is_told_by_the_prior(body):
    left, right = (hidden_by("body", group).nonzero()[:, 0].tolist() for group in ("left_leg", "right_leg"))
    truth = swaying()
    truth[..., left] = truth[..., right]
    twins = known_prior(paired(63, list(zip(left, right, strict=True)), 0.98))
    seen = tuple(name for name in main_joints if name not in body_groups["left_leg"])
    observed = joints_of(body, truth)[:, :, [main_joints.index(name) for name in seen]]
    found = denoise(body, legs_hidden.guide(twins), observed, seen, legs_hidden).poses
    assert error(body, found, truth, seen) < 10
    guessed = error(body, torch.zeros_like(truth), truth, body_groups["left_leg"])
    assert error(body, found, truth, body_groups["left_leg"]) < 0.7 * guessed


def test_a_free_root_finds_where_the_body_is(body, guide):
    truth = swaying(frames=8)
    poses = posed(body, "body", truth[0])
    turn, place = torch.tensor([0.2, 2.0, -0.1]), torch.tensor([0.5, 1.0, -3.0])
    moved = poses._replace(axis_angles=poses.axis_angles.clone(), translation=place.expand(8, 3))
    moved.axis_angles[:, 0] = turn
    observed = body.joints(moved)[None, :, :22]
    settings = Denoising(steps=30, still=(0.0, 0.0, 0.0), free=True)
    found = denoise(body, guide, observed, settings=settings)
    again = posed(body, "body", found.poses[0])
    again = again._replace(axis_angles=again.axis_angles.clone(), translation=found.translation[0])
    again.axis_angles[:, 0] = found.root[0]
    assert (body.joints(again)[:, :22] - observed[0]).norm(dim=-1).mean() < 0.012


def test_joints_that_are_not_visible_do_not_count(body):
    truth, settings = swaying(frames=3), Denoising(steps=5)
    observed = joints_of(body, truth)
    visible = torch.ones(1, 3, 22, dtype=torch.bool)
    visible[..., main_joints.index("left_wrist")] = False
    wrong = observed.clone()
    wrong[..., main_joints.index("left_wrist"), :] += 5
    a, b = (denoise(body, NoGuide(), o, settings=settings, visible=visible) for o in (observed, wrong))
    assert torch.equal(a.poses, b.poses)


def test_a_clip_does_not_depend_on_its_company(body):
    observed = joints_of(body, swaying(2, 16))  # in sixteens the draws of the first clip are the same
    settings = Denoising(steps=4)
    still = torch.zeros(63)
    both = denoise(body, NoGuide(), observed, settings=settings, start=still)
    alone = denoise(body, NoGuide(), observed[:1], settings=settings, start=still)
    torch.testing.assert_close(both.poses[:1], alone.poses, rtol=0, atol=1e-4)


def test_the_mesh_may_keep_still_instead(body):
    observed = joints_of(body, swaying(frames=2))
    settings = Denoising(Schedule(), 1, (0.0,), (10.0,), (0.0,), over="vertices")
    found = denoise(body, NoGuide(), observed, settings=settings)
    other = denoise(body, NoGuide(), observed, settings=replace(settings, over="joints"))
    assert torch.isfinite(found.poses).all()
    assert not torch.equal(found.poses, other.poses)


def test_smoothing_keeps_the_ends():
    poses = torch.zeros(1, 7, 1)
    poses[0, 3] = 1
    found = smoothed(poses, 3, 2.0)[0, :, 0]
    side = float(torch.exp(torch.tensor(-0.125)))
    assert found.tolist() == pytest.approx(
        [0, 0, side / (1 + 2 * side), 1 / (1 + 2 * side), side / (1 + 2 * side), 0, 0]
    )
    assert torch.equal(smoothed(poses[:, :2], 3, 2.0), poses[:, :2])


def test_denoising_can_be_stopped(body):
    def progress(share, what):
        if share > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        denoise(body, NoGuide(), torch.zeros(1, 2, 22, 3), progress=progress)


@pytest.mark.parametrize(
    ("observed", "more", "said"),
    [
        (torch.zeros(2, 22, 3), {}, r"joints of shape \(C, T, 22, 3\), got \(2, 22, 3\)"),
        (torch.zeros(1, 2, 21, 3), {}, r"got \(1, 2, 21, 3\)"),
        (torch.full((1, 2, 22, 3), torch.nan), {}, "finite joints"),
        (torch.zeros(1, 2, 22, 3), {"visible": torch.zeros(1, 2, 22)}, "got one without any"),
        (torch.zeros(1, 2, 22, 3), {"visible": torch.zeros(2, 22)}, r"visible joints of shape \(1, 2, 22\)"),
        (torch.zeros(1, 2, 2, 3), {"names": ("left_knee", "nose")}, "nose"),
        (
            torch.zeros(1, 2, 1, 3),
            {"names": ("left_knee",), "settings": Denoising(free=True)},
            "three joints of pelvis",
        ),
    ],
)
def test_bad_joints_say_what_was_expected(body, observed, more, said):
    with pytest.raises(ValueError, match=said):
        denoise(body, NoGuide(), observed, **more)


def test_rounds_have_a_weight_each():
    with pytest.raises(ValueError, match="as many rounds"):
        Denoising(data=(1.0,))
