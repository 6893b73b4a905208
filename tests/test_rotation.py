"""Rotations: every form says the same turn, and gradients stay finite where the formulas divide by nothing."""

import math
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import rig
from engine import rotation as r

orders = ["".join(order) for order in permutations("XYZ")]
seeds = st.integers(0, 2**32 - 1)
law = settings(deadline=None, max_examples=60)
# Turns of every size, with the sizes where formulas go wrong: nothing, nearly nothing, half a turn and nearly that.
sizes = st.one_of(
    st.floats(0, math.pi),
    st.sampled_from([0.0, 1e-300, 1e-12, 1e-8, 1e-5, 9.9e-3, 0.01, 0.0101, 1e-2, math.pi / 2]),
    st.sampled_from([math.pi - gap for gap in (0.0, 1e-15, 1e-12, 1e-8, 1e-4)]),
)


def directions(seed, *shape):
    """Unit vectors (..., 3), some along an axis."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(*shape, 3)) * (rng.random((*shape, 3)) < 0.8)
    found[np.linalg.norm(found, axis=-1) < 1e-3] = (0, 0, 1)
    return torch.from_numpy(found / np.linalg.norm(found, axis=-1, keepdims=True))


@st.composite
def axis_angles(draw):
    """Twelve turns, their axes anywhere, their sizes of all kinds."""
    size = torch.tensor([draw(sizes) for _ in range(12)], dtype=torch.double)
    return directions(draw(seeds), 12) * size[:, None]


def same(a, b, within=1e-12):
    torch.testing.assert_close(a, b, rtol=0, atol=within)


def spoken(vector):
    """The exponential of the cross-product matrices, by torch's own series."""
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.linalg.matrix_exp(torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3)))


@law
@given(axis_angles())
def test_a_matrix_is_the_exponential_of_its_axis_angle(turns):
    same(r.matrix(turns), spoken(turns))


@law
@given(axis_angles())
def test_every_form_gives_the_matrix_back(turns):
    matrix = r.matrix(turns)
    same(r.matrix(r.axis_angle(matrix)), matrix)
    same(r.from_quaternion(r.quaternion(matrix)), matrix)
    same(r.from_six(r.six(matrix)), matrix)
    assert (r.quaternion(matrix)[..., 0] >= 0).all()


@law
@given(axis_angles())
def test_the_axis_angle_comes_back(turns):
    """But for half turns, whose two axes are one turn."""
    less = turns[turns.norm(dim=-1) < math.pi - 1e-6]
    same(r.axis_angle(r.matrix(less)), less, 1e-9)


def test_more_than_half_a_turn_comes_back_the_other_way_round():
    same(r.axis_angle(r.matrix(torch.tensor([0, 0, 1.5 * math.pi]))), torch.tensor([0, 0, -0.5 * math.pi]), 1e-6)


@law
@given(axis_angles(), st.sampled_from(orders))
def test_euler_angles_recompose(turns, order):
    matrix = r.matrix(turns)
    angles = r.euler(matrix, order)
    same(r.from_euler(angles, order), matrix)
    assert (angles[..., 1].abs() <= math.pi / 2 + 1e-12).all()


@pytest.mark.parametrize("order", orders)
@pytest.mark.parametrize("middle", [math.pi / 2, -math.pi / 2])
def test_euler_angles_recompose_where_two_turn_about_one_axis(order, middle):
    matrix = r.from_euler(torch.tensor([[0.4, middle, -1.1], [0.0, middle, 0.0]], dtype=torch.double), order)
    same(r.from_euler(r.euler(matrix, order), order), matrix)


@law
@given(seeds, st.sampled_from(orders))
def test_euler_angles_come_back(seed, order):
    limits = np.array([math.pi, math.pi / 2 - 0.01, math.pi])
    angles = torch.from_numpy(np.random.default_rng(seed).uniform(-0.99, 0.99, (8, 3)) * limits)
    same(r.euler(r.from_euler(angles, order), order), angles, 1e-9)


def test_euler_angles_are_in_the_order_of_bvh_channels():
    """The channel named last is done first: x to y by the Z turn alone, since a turn about x leaves x."""
    turned = r.from_euler(torch.tensor([math.pi / 2, math.pi / 2, 0.0]), "ZXY") @ torch.tensor([1.0, 0, 0])
    same(turned, torch.tensor([0.0, 1, 0]), 1e-6)
    with pytest.raises(ValueError, match="expected each of X, Y and Z once"):
        r.from_euler(torch.zeros(3), "ZXZ")


@law
@given(axis_angles(), axis_angles())
def test_composing_is_the_product_of_matrices(first, second):
    same(r.matrix(r.compose(first, second)), r.matrix(first) @ r.matrix(second))


@law
@given(axis_angles(), axis_angles(), st.floats(0, 1))
def test_blending_goes_the_shortest_way_at_an_even_pace(a, b, weight):
    A, B, middle = r.matrix(a), r.matrix(b), r.matrix(r.blend(a, b, weight))
    same(r.matrix(r.blend(a, b, 0.0)), A)
    same(r.matrix(r.blend(a, b, torch.ones(12, dtype=torch.double))), B)
    same(r.angle(A.mT @ middle), weight * r.angle(A.mT @ B), 1e-7)


@law
@given(axis_angles())
def test_the_angle_is_the_length_of_the_axis_angle(turns):
    same(r.angle(r.matrix(turns)), turns.norm(dim=-1), 1e-9)


@law
@given(axis_angles())
def test_a_mirror_shows_the_mirrored_turn(turns):
    flip = torch.diag(torch.tensor([-1.0, 1, 1], dtype=torch.double))
    same(r.matrix(r.mirrored(turns)), flip @ r.matrix(turns) @ flip)


@law
@given(axis_angles(), seeds)
def test_swing_and_twist_recompose(turns, seed):
    axis = directions(seed, 12)
    swing, twist = r.swing_twist(r.matrix(turns), axis)
    same(swing @ r.from_axis(axis, twist), r.matrix(turns))
    # What is left after the twist turns about an axis across, unless it is half a turn about any.
    assert ((r.axis_angle(swing) * axis).sum(-1).abs() < 1e-6)[r.angle(swing) < math.pi - 1e-6].all()
    assert (twist.abs() <= math.pi + 1e-12).all()


def test_a_pure_twist_is_all_twist():
    axis = directions(3, 5)
    swing, twist = r.swing_twist(r.from_axis(axis, torch.linspace(-3, 3, 5).double()), axis)
    same(twist, torch.linspace(-3, 3, 5).double())
    same(swing, torch.eye(3).double().expand(5, 3, 3))


@law
@given(seeds, seeds, st.floats(0.01, 100))
def test_between_takes_one_direction_to_the_other_the_shortest_way(seed, other, length):
    a, b = directions(seed, 6), directions(other, 6)
    turn = r.between(a * length, b / length)
    same((turn @ a[..., None]).squeeze(-1), b)
    same(r.angle(turn), torch.atan2(torch.linalg.cross(a, b).norm(dim=-1), (a * b).sum(-1)), 1e-7)


@law
@given(seeds, st.sampled_from([0.0, 1e-16, 1e-12, 1e-9, 1e-6, 1e-3]), st.sampled_from([1.0, -1.0]))
def test_between_nearly_equal_and_nearly_opposite_directions(seed, gap, sign):
    a = directions(seed, 6)
    b = torch.nn.functional.normalize(sign * a + gap * directions(seed + 1, 6), dim=-1)
    turn = r.between(a, b)
    same((turn @ a[..., None]).squeeze(-1), b)
    same(turn @ turn.mT, torch.eye(3).double().expand(6, 3, 3))
    same(torch.linalg.det(turn), torch.ones(6).double())


@pytest.mark.parametrize("shape", [(), (2,), (2, 0), (2, 3, 4)])
def test_any_leading_shape(shape):
    turns = directions(1, *shape).float()
    matrix = r.matrix(turns)
    assert matrix.shape == (*shape, 3, 3)
    assert matrix.dtype == torch.float32
    assert r.axis_angle(matrix).shape == (*shape, 3)
    assert r.quaternion(matrix).shape == (*shape, 4)
    assert r.from_quaternion(r.quaternion(matrix)).shape == (*shape, 3, 3)
    assert r.six(matrix).shape == (*shape, 6)
    assert r.from_six(r.six(matrix)).shape == (*shape, 3, 3)
    assert r.euler(matrix, "ZXY").shape == (*shape, 3)
    assert r.from_euler(turns, "ZXY").shape == (*shape, 3, 3)
    assert r.compose(turns, turns[..., :]).shape == (*shape, 3)
    assert r.blend(turns, turns, 0.5).shape == (*shape, 3)
    assert r.angle(matrix).shape == shape
    assert r.between(turns, turns).shape == (*shape, 3, 3)
    swing, twist = r.swing_twist(matrix, turns)
    assert (swing.shape, twist.shape) == ((*shape, 3, 3), shape)


def test_one_direction_against_many():
    one, many = torch.tensor([0.0, 1, 0]), directions(4, 5).float()
    same((r.between(one, many) @ one), many, 1e-6)
    assert r.compose(torch.zeros(3), many).shape == (5, 3)


critical = torch.tensor(
    [[0, 0, 0], [1e-9, 0, 0], [0, 1e-4, 0], [math.pi, 0, 0], [0, math.pi, 0], [0, 0, math.pi], [0, math.pi / 2, 0],
     [0, 0, 2 * math.pi], [math.pi / math.sqrt(2), math.pi / math.sqrt(2), 0]],
    dtype=torch.double,
)  # fmt: skip
functions = {
    "matrix": r.matrix,
    "axis-angle": lambda a: r.axis_angle(r.matrix(a)),
    "quaternion": lambda a: r.from_quaternion(r.quaternion(r.matrix(a))),
    "six": lambda a: r.from_six(r.six(r.matrix(a))),
    "euler": lambda a: torch.stack([r.euler(r.matrix(a), order) for order in orders]),
    "compose": lambda a: r.compose(a, a.flip(0)),
    "blend": lambda a: r.blend(a, a.flip(0), 0.3),
    "angle": lambda a: r.angle(r.matrix(a)),
    "between": lambda a: r.between(r.matrix(a)[..., 0], -r.matrix(a.flip(0))[..., 0]),
    "between equal": lambda a: r.between(r.matrix(a)[..., 0], r.matrix(a)[..., 0].detach()),
    "between opposite": lambda a: r.between(r.matrix(a)[..., 0], -r.matrix(a)[..., 0].detach()),
    "swing and twist": lambda a: r.swing_twist(r.matrix(a), directions(2, 9).to(a))[0],
    "swing and twist about its axis": lambda a: r.swing_twist(r.matrix(a), torch.eye(3).to(a)[[0, 1, 2] * 3])[1],
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", functions)
def test_gradients_are_finite_at_nothing_and_at_half_a_turn(name, dtype):
    turns = critical.to(dtype).clone().requires_grad_()
    value = functions[name](turns)
    assert torch.isfinite(value).all()
    (value * torch.linspace(1, 2, value.numel(), dtype=dtype).view(value.shape)).sum().backward()
    assert torch.isfinite(turns.grad).all()


@settings(law, max_examples=20)
@given(axis_angles())
def test_gradients_are_those_of_finite_differences(turns):
    away = turns[turns.norm(dim=-1) < 3.0].requires_grad_()
    if len(away):
        assert torch.autograd.gradcheck(r.matrix, away)
        assert torch.autograd.gradcheck(lambda a: r.axis_angle(r.matrix(a)), away, atol=1e-4)


@law
@given(axis_angles(), seeds)
def test_the_numpy_of_one_figure_says_the_same(turns, seed):
    """engine.rig poses one figure without a tensor's overhead; the maths is there twice and must not part ways."""
    matrices = r.matrix(turns)
    same(torch.from_numpy(rig.matrices(turns.numpy())), matrices)
    same(r.matrix(torch.from_numpy(rig.axis_angles(matrices.numpy()))), matrices, 1e-7)
    found = torch.tensor([rig.quaternion(one) for one in matrices.numpy()], dtype=torch.double)
    same(r.from_quaternion(found), matrices, 1e-7)
    a, b = directions(seed, 2)
    if a @ b > -0.999:
        same(torch.from_numpy(rig.between(a.numpy(), b.numpy(), np.eye(3)[2])), r.between(a, b), 1e-7)
