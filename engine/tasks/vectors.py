"""What the numbers of a prior's vectors are: which joints turn with them, and which of them a part hides."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.body import Body, Poses
from engine.networks.dposer import Part, dims, parts
from engine.skeleton import side_of, smplx55

_names = smplx55.joints
body_joints = _names[1:22]
hand_joints = {side: tuple(n for n in _names[25:] if side_of(n) == side) for side in ("left", "right")}
# The joints whose turns a part's vector begins with, in order.
turning: dict[Part, tuple[str, ...]] = {
    "body": body_joints, "hand": hand_joints["right"], "face": ("jaw",), "face-shape": (), "face-full": ("jaw",),
    "wholebody": (*body_joints, *hand_joints["left"], *hand_joints["right"], "jaw"),
}  # fmt: skip


# ── what a group hides ──


def _both(*names: str) -> tuple[str, ...]:
    return tuple(f"{side}_{name}" for name in names for side in ("left", "right"))


def _sided(side: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{side}_{name}" for name in names)


_leg, _arm = ("hip", "knee", "ankle", "foot"), ("collar", "shoulder", "elbow", "wrist")
# Body joints of each group, as the paper's tables hide them.
body_groups: dict[str, tuple[str, ...]] = {
    "left_leg": _sided("left", *_leg), "right_leg": _sided("right", *_leg), "legs": _both(*_leg),
    "left_arm": _sided("left", *_arm), "right_arm": _sided("right", *_arm), "arms": _both(*_arm),
    "left_body": _sided("left", *_leg, *_arm), "right_body": _sided("right", *_leg, *_arm),
    "trunk": ("spine1", "spine2", "spine3", *_both("shoulder")), "wrists": _both("wrist"),
}  # fmt: skip
hand_groups = {
    finger: tuple(name for name in hand_joints["right"] if finger in name)
    for finger in ("index", "middle", "pinky", "ring", "thumb")
}
# Of a whole body: the parts that go, and the body's joints that go with them. A hand takes its wrist's turn along.
whole_groups: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "left_hand": (("left_hand",), ("left_wrist",)),
    "right_hand": (("right_hand",), ("right_wrist",)),
    "hands": (("left_hand", "right_hand"), _both("wrist")),
    "face": (("face",), ()),
}


def hidden_by(part: Part, groups: str | Sequence[str]) -> Tensor:
    """Which numbers (D,) of a part's vector the groups hide, bool: groups of the body, fingers, hands, face, or joints.

    ValueError for a name that is none of this part's.
    """
    hidden = torch.zeros(dims[part], dtype=torch.bool)
    for name in (groups,) if isinstance(groups, str) else groups:
        gone, joints = whole_groups.get(name, ((), (name,))) if part == "wholebody" else ((), (name,))
        for whole in gone:
            hidden[parts[whole]] = True
        for joint in (j for n in joints for j in _groups(part).get(n, (n,))):
            hidden[_columns(part, joint)] = True
    return hidden


def _groups(part: Part) -> dict[str, tuple[str, ...]]:
    return body_groups if part in ("body", "wholebody") else hand_groups if part == "hand" else {}


def _columns(part: Part, joint: str) -> slice:
    """Where a joint's turn is."""
    if joint not in turning[part]:
        known = [*_groups(part), *(whole_groups if part == "wholebody" else ()), *turning[part][:2]]
        raise ValueError(f"expected groups or joints of {part}, such as {', '.join(known)}, got {joint!r}")
    at = 3 * turning[part].index(joint)
    return slice(at, at + 3)


def one_hand(count: int, seed: int = 0) -> Tensor:
    """For each of `count` whole bodies the left or the right hand hidden by chance, (count, 256) bool."""
    left, right = hidden_by("wholebody", "left_hand"), hidden_by("wholebody", "right_hand")
    coin = torch.rand(count, generator=torch.Generator().manual_seed(seed)) < 0.5
    return torch.where(coin[:, None], left, right)


# ── as bodies ──


def posed(body: Body, part: Part, vectors: Tensor, side: str = "right") -> Poses:
    """Vectors (B, D), raw, as bodies that stand upright in the origin, all else at rest; differentiable.

    A hand goes to the `side`; given in the right hand's form, it is turned for the left. Expressions and shapes beyond
    what the body has are left out.
    """
    if vectors.ndim != 2 or vectors.shape[1] != dims[part]:
        raise ValueError(f"expected vectors of {part} of shape (B, {dims[part]}), got {tuple(vectors.shape)}")
    joints = turning[part]
    turns = vectors[:, : 3 * len(joints)].unflatten(1, (-1, 3))
    if part == "hand" and side == "left":
        joints = hand_joints["left"]
        turns = turns * turns.new_tensor([1.0, -1.0, -1.0])
    found = vectors.new_zeros(len(vectors), len(_names), 3)
    if joints:
        found = found.index_copy(1, torch.tensor([_names.index(n) for n in joints], device=vectors.device), turns)
    rest = vectors[:, 3 * len(joints) :]
    nothing = vectors.new_zeros(len(vectors), 0)
    expression, betas = {"face-shape": (nothing, rest), "face-full": (rest[:, :100], rest[:, 100:])}.get(
        part, (rest, nothing)
    )
    return Poses(
        found, betas[:, : body.betas], expression[:, : body.expressions], nothing, vectors.new_zeros(len(vectors), 3)
    )
