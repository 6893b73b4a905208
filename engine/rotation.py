"""Rotations as axis-angle, matrix, unit quaternion, six numbers and Euler angles, composed, blended and taken apart.

Axis-angles (..., 3) radians; matrices (..., 3, 3) acting on columns; quaternions (..., 4) as w, x, y, z with w ≥ 0; six
numbers (..., 6), the matrix's first two columns; angles (...). Any leading shape. Every function is differentiable with
finite gradients, at no rotation and at half a turn too.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_small = 1e-4  # below this θ² the series' next term is under a double's resolution
_axes = {"X": 0, "Y": 1, "Z": 2}


# ── axis-angle, matrix, quaternion ──


def matrix(axis_angle: Tensor) -> Tensor:
    """Matrices (..., 3, 3) of axis-angles (..., 3): Rodrigues' formula, by its series near no rotation."""
    squared = (axis_angle * axis_angle).sum(-1)[..., None, None]
    small = squared < _small
    theta = torch.where(small, torch.ones_like(squared), squared).sqrt()
    first = torch.where(small, 1 - squared / 6 * (1 - squared / 20), theta.sin() / theta)
    # (1 − cos θ) / θ² without the difference that loses digits
    second = torch.where(small, 0.5 - squared / 24 * (1 - squared / 30), 2 * ((theta / 2).sin() / theta) ** 2)
    x, y, z = axis_angle.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).unflatten(-1, (3, 3))
    return torch.eye(3, dtype=x.dtype, device=x.device) + first * cross + second * (cross @ cross)


def axis_angle(matrix: Tensor) -> Tensor:
    """Axis-angles (..., 3) of rotation matrices (..., 3, 3), of at most half a turn."""
    return _turning(quaternion(matrix))


def quaternion(matrix: Tensor) -> Tensor:
    """Unit quaternions (..., 4), w ≥ 0, of rotation matrices (..., 3, 3).

    The rows of 4 q qᵀ are sums of the matrix's entries; the one with the largest diagonal is far from zero
    (Shepperd 1978), so that its direction is q whatever the angle.
    """
    (a, b, c), (d, e, f), (g, h, i) = (row.unbind(-1) for row in matrix.unbind(-2))
    rows = torch.stack(
        [
            torch.stack([1 + a + e + i, h - f, c - g, d - b], dim=-1),
            torch.stack([h - f, 1 + a - e - i, d + b, c + g], dim=-1),
            torch.stack([c - g, d + b, 1 - a + e - i, h + f], dim=-1),
            torch.stack([d - b, c + g, h + f, 1 - a - e + i], dim=-1),
        ],
        dim=-2,
    )
    best = rows.diagonal(dim1=-2, dim2=-1).argmax(-1)[..., None, None].expand(*rows.shape[:-2], 1, 4)
    return _upper(F.normalize(rows.gather(-2, best).squeeze(-2), dim=-1))


def from_quaternion(quaternion: Tensor) -> Tensor:
    """Matrices (..., 3, 3) of quaternions (..., 4) of any length but zero."""
    w, x, y, z = F.normalize(quaternion, dim=-1).unbind(-1)
    entries = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(entries, dim=-1).unflatten(-1, (3, 3))


# ── six numbers (Zhou et al. 2019) ──


def six(matrix: Tensor) -> Tensor:
    """The first two columns (..., 6) of matrices (..., 3, 3), one after the other."""
    return matrix[..., :2].transpose(-1, -2).flatten(-2)


def from_six(numbers: Tensor) -> Tensor:
    """Matrices (..., 3, 3) whose first columns are the two vectors of (..., 6) made orthonormal, the first leading."""
    first = F.normalize(numbers[..., :3], dim=-1)
    rest = numbers[..., 3:]
    second = F.normalize(rest - (first * rest).sum(-1, keepdim=True) * first, dim=-1)
    return torch.stack([first, second, torch.linalg.cross(first, second)], dim=-1)


# ── Euler angles ──


def from_euler(angles: Tensor, order: str) -> Tensor:
    """Matrices (..., 3, 3) of angles (..., 3) rad about three axes: "ZXY" is Z·X·Y, as BVH lists its channels."""
    i, j, k = _order(order)
    first, second, third = (_about(axis, angles[..., n]) for n, axis in enumerate((i, j, k)))
    return first @ second @ third


def euler(matrix: Tensor, order: str) -> Tensor:
    """Angles (..., 3) rad that `from_euler` of the same order turns into the matrices (..., 3, 3).

    The middle one within ± half π. Where it is a quarter turn the other two turn about one axis; then any pair that
    recomposes comes back.
    """
    i, j, k = _order(order)
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    first = _angle(-sign * matrix[..., j, k], matrix[..., k, k])
    # The rest is read after undoing the first, so that the three recompose whatever the first is.
    rest = _about(i, -first) @ matrix
    second = _angle(sign * rest[..., i, k], rest[..., k, k])
    third = _angle(sign * rest[..., j, i], rest[..., j, j])
    return torch.stack([first, second, third], dim=-1)


def _order(order: str) -> tuple[int, int, int]:
    if sorted(order) != ["X", "Y", "Z"]:
        raise ValueError(f"expected each of X, Y and Z once as the order of angles, got {order!r}")
    i, j, k = (_axes[letter] for letter in order)
    return i, j, k


def _about(axis: int, angle: Tensor) -> Tensor:
    """Matrices (..., 3, 3) of turning by angles (...) about a coordinate axis."""
    c, s = angle.cos(), angle.sin()
    one, zero = torch.ones_like(c), torch.zeros_like(c)
    entries = {
        0: [one, zero, zero, zero, c, -s, zero, s, c],
        1: [c, zero, s, zero, one, zero, -s, zero, c],
        2: [c, -s, zero, s, c, zero, zero, zero, one],
    }[axis]
    return torch.stack(entries, dim=-1).unflatten(-1, (3, 3))


# ── composing and taking apart ──


def compose(first: Tensor, second: Tensor) -> Tensor:
    """Axis-angles (..., 3) of matrix(first) @ matrix(second): the second is done before the first."""
    return _turning(_upper(_product(_halved(first), _halved(second))))


def blend(a: Tensor, b: Tensor, weight: float | Tensor) -> Tensor:
    """Axis-angles (..., 3) on the shortest way from a (weight 0) to b (weight 1); weights (...) or one number."""
    weight = torch.as_tensor(weight, dtype=a.dtype, device=a.device)
    start = _halved(a)
    way = _turning(_upper(_product(_inverted(start), _halved(b))))
    return _turning(_upper(_product(start, _halved(way * weight[..., None]))))


def mirrored(axis_angle: Tensor) -> Tensor:
    """The axis-angles (..., 3) a mirror in the plane x = 0 shows."""
    return axis_angle * torch.tensor([1.0, -1.0, -1.0], dtype=axis_angle.dtype, device=axis_angle.device)


def angle(matrix: Tensor) -> Tensor:
    """Angles (...) rad, 0 … π, by which matrices (..., 3, 3) turn; with `a.mT @ b` the distance from a to b."""
    odd = torch.stack(
        [
            matrix[..., 2, 1] - matrix[..., 1, 2],
            matrix[..., 0, 2] - matrix[..., 2, 0],
            matrix[..., 1, 0] - matrix[..., 0, 1],
        ],
        dim=-1,
    )
    # Sine and cosine, both doubled: the arc cosine alone is blind near no turn and near half a turn.
    return _angle(_length(odd), matrix.diagonal(dim1=-2, dim2=-1).sum(-1) - 1)


def between(a: Tensor, b: Tensor) -> Tensor:
    """Matrices (..., 3, 3) of the smallest rotation that takes directions a (..., 3) to b (..., 3), of any length.

    Between opposite directions, where all axes across are as good, one of them.
    """
    a, b = torch.broadcast_tensors(F.normalize(a, dim=-1), F.normalize(b, dim=-1))
    away = (a * b).sum(-1, keepdim=True) < 0
    # More than a quarter turn: half a turn first, about the axis it has anyway, then the small rest.
    axis = torch.linalg.cross(a, b)
    across = F.one_hot(a.abs().argmin(-1), 3).to(a)
    axis = torch.where((axis * axis).sum(-1, keepdim=True) > 1e-20, axis, torch.linalg.cross(a, across))
    axis = F.normalize(axis, dim=-1, eps=1e-30)
    axis = F.normalize(axis - (axis * a).sum(-1, keepdim=True) * a, dim=-1)
    eye = torch.eye(3, dtype=a.dtype, device=a.device)
    half_turn = 2 * axis[..., :, None] * axis[..., None, :] - eye
    start = torch.where(away, -a, a)
    x, y, z = torch.linalg.cross(start, b).unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).unflatten(-1, (3, 3))
    rest = eye + cross + cross @ cross / (1 + (start * b).sum(-1))[..., None, None]
    return torch.where(away[..., None], rest @ half_turn, rest)


def swing_twist(matrix: Tensor, axis: Tensor) -> tuple[Tensor, Tensor]:
    """Swings (..., 3, 3) and twists (...) rad about unit axes (..., 3), with matrix = swing @ turning by the twist.

    The twist is within ± π; where the swing is half a turn it is 0, for any would do.
    """
    w, *vector = quaternion(matrix).unbind(-1)
    along = (torch.stack(vector, dim=-1) * axis).sum(-1)
    twist = 2 * _angle(along, w)
    turned = from_axis(axis, twist)
    return matrix @ turned.transpose(-1, -2), twist


def from_axis(axis: Tensor, angle: Tensor) -> Tensor:
    """Matrices (..., 3, 3) of turning by angles (...) rad about unit axes (..., 3)."""
    return matrix(axis * angle[..., None])


# ── quaternions inside ──


def _halved(axis_angle: Tensor) -> Tensor:
    """Quaternions (..., 4) of axis-angles (..., 3) of any length."""
    squared = (axis_angle * axis_angle).sum(-1, keepdim=True)
    small = squared < _small
    theta = torch.where(small, torch.ones_like(squared), squared).sqrt()
    factor = torch.where(small, 0.5 - squared / 48 * (1 - squared / 80), (theta / 2).sin() / theta)
    w = torch.where(small, 1 - squared / 8 * (1 - squared / 48), (theta / 2).cos())
    return torch.cat([w, factor * axis_angle], dim=-1)


def _turning(quaternion: Tensor) -> Tensor:
    """Axis-angles (..., 3) of unit quaternions (..., 4) with w ≥ 0."""
    w, vector = quaternion[..., :1], quaternion[..., 1:]
    squared = (vector * vector).sum(-1, keepdim=True)
    small = squared < _small
    length = torch.where(small, torch.ones_like(squared), squared).sqrt()
    # 2 asin(s) / s by its series; where s is small w is near 1, and where w is near 0 nothing is small.
    factor = torch.where(small, 2 + squared / 3 * (1 + squared * 9 / 20), 2 * torch.atan2(length, w) / length)
    return factor * vector


def _product(a: Tensor, b: Tensor) -> Tensor:
    aw, av, bw, bv = a[..., :1], a[..., 1:], b[..., :1], b[..., 1:]
    av, bv = torch.broadcast_tensors(av, bv)
    return torch.cat(
        [aw * bw - (av * bv).sum(-1, keepdim=True), aw * bv + bw * av + torch.linalg.cross(av, bv)], dim=-1
    )


def _inverted(quaternion: Tensor) -> Tensor:
    return torch.cat([quaternion[..., :1], -quaternion[..., 1:]], dim=-1)


def _upper(quaternion: Tensor) -> Tensor:
    """The same rotations with w ≥ 0."""
    return torch.where(quaternion[..., :1] < 0, -quaternion, quaternion)


def _angle(sine: Tensor, cosine: Tensor) -> Tensor:
    """The arc tangent of sine over cosine; 0 with no slope where both are nothing but rounding."""
    nothing = sine * sine + cosine * cosine < torch.finfo(sine.dtype).eps ** 2 * 16
    return torch.where(
        nothing, torch.zeros_like(sine), torch.atan2(sine, torch.where(nothing, torch.ones_like(sine), cosine))
    )


def _length(vector: Tensor) -> Tensor:
    """Lengths (...) of vectors (..., 3), with slope 0 at nothing."""
    squared = (vector * vector).sum(-1)
    nothing = squared == 0
    return torch.where(nothing, torch.zeros_like(squared), torch.where(nothing, 1.0, squared).sqrt())
