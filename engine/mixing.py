"""Parts of one pose on another: the arms of this one, the legs of that one, and a join that looks natural.

What is taken keeps how it bends. Where it meets the rest the pose prior says how a body would go on there, and least
squares take that as far as hands, feet and head can stay about where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from engine.body import Body
from engine.body_pose import BodyPose
from engine.fit_steps import Near, Within, refined
from engine.limits import Limits
from engine.natural import Natural
from engine.posing import mirrored, parts
from engine.relaxing import Held, give_of, own_rig, posed, stance_of, turning_joints
from engine.rig import about, axis_angles, joint_number, joints, matrices
from engine.skeleton import sides
from engine.tasks.guides import Draws

offered = ("left_arm", "right_arm", "left_leg", "right_leg", "trunk", "head", "left_hand", "right_hand")
_legs, _trunk = ("left_leg", "right_leg"), ("spine1", "spine2", "spine3")
# What gives way where a part joins the rest.
_seams = {
    **{f"{side}_arm": (*_trunk, f"{side}_collar", "neck") for side in sides},
    **{f"{side}_leg": ("pelvis", *_trunk, f"{side}_hip") for side in sides},
    **{f"{side}_hand": () for side in sides},
    "trunk": (*_trunk, "left_collar", "right_collar", "neck", "left_hip", "right_hip"), "head": ("neck", "spine3"),
}  # fmt: skip
_hands = {f"{side}_hand" for side in sides}
_ends = (*(f"{side}_{end}" for side in sides for end in ("wrist", "ankle", "foot")), "head")
_soles = tuple(f"{side}_{end}" for side in sides for end in ("ankle", "foot", "knee", "wrist", "hip"))
_stiff = 0.05  # rad that joints away from the seam give
_leash, _sole = 0.06, 0.015  # metres that ends of limbs may go, and what stands on the ground
_draws = 4  # noises that the prior's word is the mean of
_rounds = (0.3, 0.2)  # times to which the prior noises
_root_give = 0.08  # rad; the prior says nothing of how a body leans


def mixed(
    body: Body, natural: Natural, limits: Limits, onto: BodyPose, taken: BodyPose, chosen: Iterable[str],
    mirror: bool = False, blend: float = 1.0,
) -> BodyPose:  # fmt: skip
    """The body `onto` with parts of the pose `taken`, by their names in `offered`, in its own shape and on its ground.

    `mirror` takes them as a mirror shows that pose; `blend`, 0 … 1, goes part of the way. With both legs the hips tilt
    as they do there, while the rest stays upright as it was. ValueError for an unknown part, or none.
    """
    chosen = tuple(dict.fromkeys(chosen))
    if not chosen or set(chosen) - set(offered):
        raise ValueError(f"expected parts of {', '.join(offered)}, got {', '.join(chosen) or 'none'}")
    if not 0 <= blend <= 1:
        raise ValueError(f"expected to go 0 … 1 of the way, got {blend!r}")
    here, there = matrices(onto.axis_angles), matrices((mirrored(taken) if mirror else taken).axis_angles)
    turns = _put_together(here, there, chosen)
    turns = here @ matrices(blend * axis_angles(np.swapaxes(here, -1, -2) @ turns))
    moved = np.abs(turns - here).max((1, 2)) > 1e-9
    if not moved.any():
        return onto
    raw = onto.with_axis_angles(np.where(moved[:, None], axis_angles(turns), onto.axis_angles))
    if set(chosen) & set(_legs):
        raw = _on_its_ground(body, raw, onto)
    whole = set(_seams) - set(chosen) <= _hands
    seam = [] if whole else sorted({joint_number(name) for part in chosen for name in _seams[part]})
    return _joined(body, natural, limits, raw, seam) if seam else raw


def _put_together(here: np.ndarray, there: np.ndarray, chosen: Sequence[str]) -> np.ndarray:
    """Turns (55, 3, 3) of one pose with the parts of another, each as it hangs on its neighbour."""
    turns = here.copy()
    members = [joint_number(name) for part in chosen for name in parts[part]]
    if "head" in chosen:
        members += [joint_number(name) for name in parts["face"]]
    turns[members] = there[members]
    if set(_legs) <= set(chosen):
        turns[0] = _facing(here[0], there[0])
        if "trunk" not in chosen:
            low = joint_number("spine1")
            turns[low] = turns[0].T @ here[0] @ here[low]
    return turns


def _facing(root: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The other root's turn (3, 3), turned about the vertical until it faces as `root` does."""
    apart = root @ other.T
    angle = np.arctan2(apart[0, 2] - apart[2, 0], apart[0, 0] + apart[2, 2])
    return about(np.array((0.0, 1.0, 0.0)), float(angle)) @ other


def _on_its_ground(body: Body, pose: BodyPose, before: BodyPose) -> BodyPose:
    """The pose moved up or down until its lowest joint is as high as it was before."""
    rows = [joint_number(name) for name in _soles]
    rig = own_rig(body, pose)
    now, then = (rig.placed(*stance_of(one)).points[0, rows, 1].min() for one in (pose, before))
    return pose.moved((0.0, then - now, 0.0))


def _joined(body: Body, natural: Natural, limits: Limits, raw: BodyPose, seam: list[int]) -> BodyPose:
    """The pose with a more natural seam; as it was where the prior finds nothing better."""
    rig, start = own_rig(body, raw), stance_of(raw)
    places = rig.placed(*start).points[0]
    lowest = places[[joint_number(name) for name in _soles], 1].min()
    ends = np.array([joint_number(name) for name in _ends])
    held = Held(ends, places[ends], np.where(places[ends, 1] < lowest + 0.04, _sole, _leash))
    give = np.full((len(joints), 3), _stiff)
    give[seam] = give_of(natural)[seam]
    give[0] = _root_give if 0 in seam else _stiff / 5
    now = start
    for number, time in enumerate(_rounds):
        near = natural.nearer(np.repeat(now.turns, _draws, 0), time, Draws(number))
        word = now.turns @ matrices(axis_angles(np.swapaxes(now.turns, -1, -2) @ near).mean(0, keepdims=True))
        aim = start.turns.copy()
        aim[0, seam] = word[0, seam]
        now, _ = refined(rig, now, turning_joints, (Near(aim, give), Within(limits, 0.02), held), 5)
    found = posed(raw, now)
    before, after = natural.unnatural([raw, found])
    return found if after < before else raw
