"""From MakeHuman's A-pose to SMPL-X's T-pose: one turn for each joint, children riding along.

All angles are the left side's in degrees; the right side is its mirror. Why each is what it is stands beside it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from engine.rig import parents
from engine.skeleton import fingers
from scripts.bodywork.joints import fellow, names, tips
from scripts.bodywork.sources import Array
from scripts.bodywork.turns import about, aligned, mirrored, part_of, smallest

x_axis, y_axis, z_axis = np.eye(3)
pelvis_at = np.array([0.0, -0.35, 0.0])
"""SMPL-X's origin lies near the collar bones, this far above the pelvis of a body of middle height."""

# Where anatomy gives an angle, it stands here with its reason. Four numbers are convention instead: they say where
# poses in SMPL-X's format have their zero, and anatomy would choose otherwise.

# Standing at ease with the feet as wide apart as the shoulders: 5-6° of abduction at the hip.
_thigh_outward = 5.5
# Thigh and shin meet at 5-7° of valgus, so that below a thigh leaning outward the shin leans inward a little; and the
# knee of someone standing at ease is not locked but bent by about 5°.
_shin_inward, _shin_back = 1.5, 5.0
# People stand and walk with the toes 5-10° out. A pure yaw: the sole stays level.
_foot_outward = 8.0
# Lifting the arm from 45° to level, the collar bone takes about a quarter of the way.
_collar_up = 12.0
# Convention: raised arms lie a little below and behind the line of the shoulders.
_upper_arm_down, _upper_arm_back = 3.0, 5.0
# With the upper arm's 3° this leaves 5° of the elbow's carrying angle: 5-15°, and less as the palm turns down.
_forearm_up = 2.0
# The fingers' joints lie nearer the back of the hand than the finger tips do: straight fingers fall by this share of
# their length.
_fingers_down = 0.06
# The thumb at rest stands 45° to the side of the palm and 15-20° before it, its nail turned away from the other nails
# by 50-60°: a hand lying open.
thumb_bone, thumb_nail = np.array([0.66, -0.30, 0.69]), np.array([-0.50, 0.47, 0.73])
# A thumb at rest is slightly bent: half of what MakeHuman's hand has.
_thumb_straightened = 0.5
# Convention: with all turns zero the face looks up by some 10° against MakeHuman's; a third of it is the neck's.
_neck_up, _head_up = 3.0, 7.0


def _tan(degrees: float) -> float:
    return float(np.tan(np.radians(degrees)))


def turns(joints: Array) -> Array:
    """The global turn (55, 3, 3) of each joint that takes a body with these joints (65, 3) from A- to T-pose."""
    at = dict(zip((*names, *tips), joints, strict=True))
    found = {name: np.eye(3) for name in names if not name.startswith("right")}
    found |= _leg(at) | _arm(at) | _head()
    found |= _hand(at, found["left_wrist"])
    left = dict(found)
    found |= {fellow(name): mirrored(turn) for name, turn in left.items() if name.startswith("left")}
    return np.array([found[name] for name in names])


def _leg(at: dict[str, Array]) -> dict[str, Array]:
    thigh = at["left_knee"] - at["left_hip"]
    shin = at["left_ankle"] - at["left_knee"]
    foot = at["left_foot"] - at["left_ankle"]
    yaw = _foot_outward - np.degrees(np.arctan2(foot[0], foot[2]))
    return {
        "left_hip": aligned(thigh, z_axis, np.array([_tan(_thigh_outward), -1, 0]), z_axis),
        "left_knee": aligned(shin, z_axis, np.array([-_tan(_shin_inward), -1, -_tan(_shin_back)]), z_axis),
        "left_ankle": about("y", yaw),
        "left_foot": about("y", yaw),
    }


def _arm(at: dict[str, Array]) -> dict[str, Array]:
    upper = at["left_elbow"] - at["left_shoulder"]
    fore = at["left_wrist"] - at["left_elbow"]
    hinge = np.cross(upper, fore)
    wrist, index1, middle1, pinky1 = (
        at[f"left_{name}"] for name in ("wrist", "hand_index_1", "hand_middle_1", "hand_pinky_1")
    )
    back_of_hand = np.cross(index1 - wrist, pinky1 - wrist)
    upper_to = np.array([1, -_tan(_upper_arm_down), -_tan(_upper_arm_back)])
    return {
        "left_collar": about("z", _collar_up),
        "left_shoulder": aligned(upper, hinge, upper_to, -y_axis),
        "left_elbow": aligned(fore, hinge, np.array([1, _tan(_forearm_up), 0]), -y_axis),
        "left_wrist": aligned(middle1 - wrist, back_of_hand, x_axis, y_axis),
    }


def _head() -> dict[str, Array]:
    lifted = about("x", -_head_up)
    return {"neck": about("x", -_neck_up), "head": lifted, "jaw": lifted, "left_eye": lifted}


def _hand(at: dict[str, Array], wrist: Array) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for finger in fingers:
        chain = [at[f"left_hand_{finger}_{k}"] for k in (1, 2, 3, "tip")]
        bones = [end - start for start, end in pairwise(chain)]
        if finger == "thumb":
            nail = np.cross(bones[1], np.cross(bones[1], bones[2]))
            turn = aligned(bones[1], nail, thumb_bone, thumb_nail)
            straighten = part_of(smallest(turn @ bones[2], turn @ bones[1]), _thumb_straightened)
            each = [turn, turn, straighten @ turn]
        else:
            along = wrist @ (chain[3] - chain[0])
            along = np.array([along[0], -_fingers_down * along[0], along[2]])
            each = [smallest(wrist @ bone, along) @ wrist for bone in bones]
        found |= {f"left_hand_{finger}_{k}": turn for k, turn in enumerate(each, start=1)}
    return found


def carried(joints: Array, turned: Array) -> Array:
    """The joints (55, 3) after the turns, the pelvis at its place."""
    found = np.zeros((len(names), 3))
    for k, parent in enumerate(parents):
        found[k] = pelvis_at if parent < 0 else found[parent] + turned[parent] @ (joints[k] - joints[parent])
    return found


def t_posed(vertices: Array, joints: Array, weights: Array) -> tuple[Array, Array]:
    """Vertices (V, 3) and joints (55, 3) in the T-pose; joints (65, 3) are the A-pose's with the finger tips."""
    turned = turns(joints)
    placed = carried(joints[: len(names)], turned)
    offsets = placed - np.einsum("jab,jb->ja", turned, joints[: len(names)])
    mixed = np.einsum("vj,jab->vab", weights, turned)
    return np.einsum("vab,vb->va", mixed, vertices) + weights @ offsets, placed


def direction_turns(weights: Array, joints: Array) -> Array:
    """What the T-pose does to a small displacement of each vertex (V, 3, 3)."""
    return np.einsum("vj,jab->vab", weights, turns(joints))
