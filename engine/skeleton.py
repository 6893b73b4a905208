"""The skeletons by name: what can be pointed at, what is connected, what mirrors what.

Tables of COCO, COCO-WholeBody, OpenPose, AP-10K and SMPL-X order are the published ones; everything else
(indices, pairs, groups) is derived from the names.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from engine.anatomy import RGB, Pair, Skeleton, side_colors, side_of

__all__ = [
    "RGB", "Pair", "Skeleton", "ap10k17", "coco17", "crowdpose14", "face68", "fingers", "hand21", "openpose18", "openpose25",
    "openpose130", "openpose137", "openpose_limbs", "side_colors", "side_of", "skeleton", "skeletons", "smplx55", "wholebody133",
]  # fmt: skip


def _mirror_by_name(joints: Iterable[str]) -> tuple[Pair, ...]:
    joints = tuple(joints)
    pairs = ((joint, joint.replace("left", "right", 1)) for joint in joints if side_of(joint) == "left")
    return tuple((left, right) for left, right in pairs if right in joints)


# ── the hand: 21 points, root then thumb to pinky, knuckle to tip ──────────────────────────────────

sides = ("left", "right")
fingers = ("thumb", "index", "middle", "ring", "pinky")
_hand_joints = ("root", *(f"{finger}_{i}" for finger in fingers for i in range(1, 5)))
_hand_chains = tuple(tuple(f"{finger}_{i}" for i in range(1, 5)) for finger in fingers)
_hand_parents = tuple(
    (f"{finger}_{i}", f"{finger}_{i - 1}" if i > 1 else "root") for finger in fingers for i in range(1, 5)
)
_hand_bones = tuple((parent, child) for child, parent in _hand_parents)
_hand_sigmas = (
    0.029, 0.022, 0.035, 0.037, 0.047, 0.026, 0.025, 0.024, 0.035, 0.018, 0.024,
    0.022, 0.026, 0.017, 0.021, 0.021, 0.032, 0.020, 0.019, 0.022, 0.031,
)  # fmt: skip

# ── the face: iBUG's 68 points ─────────────────────────────────────────────────────────────────────

_face_regions = (
    ("jaw", 17),
    ("right_brow", 5),
    ("left_brow", 5),
    ("nose", 9),
    ("right_eye", 6),
    ("left_eye", 6),
    ("mouth", 20),
)
_face_joints = tuple(f"face_{region}_{i}" for region, count in _face_regions for i in range(1, count + 1))
_face_sigmas = (
    0.042, 0.043, 0.044, 0.043, 0.040, 0.035, 0.031, 0.025, 0.020, 0.023, 0.029, 0.032, 0.037, 0.038, 0.043, 0.041, 0.045,
    0.013, 0.012, 0.011, 0.011, 0.012, 0.012, 0.011, 0.011, 0.013, 0.015,
    0.009, 0.007, 0.007, 0.007, 0.012, 0.009, 0.008, 0.016, 0.010,
    0.017, 0.011, 0.009, 0.011, 0.009, 0.007, 0.013, 0.008, 0.011, 0.012, 0.010, 0.034,
    0.008, 0.008, 0.009, 0.008, 0.008, 0.007, 0.010, 0.008, 0.009, 0.009, 0.009, 0.007, 0.007, 0.008, 0.011, 0.008, 0.008, 0.008, 0.010, 0.008,
)  # fmt: skip


def _face_mirror() -> tuple[Pair, ...]:
    """Left and right of the face by iBUG's counting: along the jaw, brows, eyes and lips."""
    jaw = [(f"face_jaw_{18 - i}", f"face_jaw_{i}") for i in range(1, 9)]
    brows = [(f"face_left_brow_{6 - i}", f"face_right_brow_{i}") for i in range(1, 6)]
    nose = [("face_nose_9", "face_nose_5"), ("face_nose_8", "face_nose_6")]
    eyes = [(f"face_left_eye_{j}", f"face_right_eye_{i}") for i, j in ((1, 4), (2, 3), (3, 2), (4, 1), (5, 6), (6, 5))]
    lips = ((7, 1), (6, 2), (5, 3), (8, 12), (9, 11), (17, 13), (16, 14), (18, 20))
    return (*jaw, *brows, *nose, *eyes, *((f"face_mouth_{left}", f"face_mouth_{right}") for left, right in lips))


def _face_bones() -> tuple[Pair, ...]:
    """Open lines along jaw, brows and nose; closed rings around eyes and lips."""

    def line(region: str, first: int, last: int, closed: bool = False) -> list[Pair]:
        names = [f"face_{region}_{i}" for i in range(first, last + 1)]
        return list(pairwise([*names, names[0]] if closed else names))

    lines = (
        line("jaw", 1, 17)
        + line("right_brow", 1, 5)
        + line("left_brow", 1, 5)
        + line("nose", 1, 4)
        + line("nose", 5, 9)
    )
    rings = (
        line("right_eye", 1, 6, True)
        + line("left_eye", 1, 6, True)
        + line("mouth", 1, 12, True)
        + line("mouth", 13, 20, True)
    )
    return tuple(lines + rings)


# ── the human body ─────────────────────────────────────────────────────────────────────────────────

_coco_joints = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
_openpose18_joints = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist", "right_hip",
    "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
_foot_joints = ("left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel")
_openpose25_joints = (*_openpose18_joints[:8], "mid_hip", *_openpose18_joints[8:], *_foot_joints)
_crowdpose_joints = (*_coco_joints[5:], "head", "neck")

# COCO's k_i / 2; the points COCO lacks take the value of the joints they lie between.
_body_sigmas = dict(
    zip(
        _coco_joints,
        (0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089),
        strict=True,
    )
) | {
    # The published file's right foot differs from its left: kept, so that scores agree with it.
    **dict(zip(_foot_joints, (0.068, 0.066, 0.066, 0.092, 0.094, 0.094), strict=True)),
    "neck": 0.079, "mid_hip": 0.107, "head": 0.079, "left_pupil": 0.025, "right_pupil": 0.025,
}  # fmt: skip

_human_parents = {
    "nose": "neck", "head": "neck",
    "left_eye": "nose", "right_eye": "nose", "left_ear": "left_eye", "right_ear": "right_eye",
    "left_pupil": "left_eye", "right_pupil": "right_eye",
    "left_elbow": "left_shoulder", "left_wrist": "left_elbow", "right_elbow": "right_shoulder", "right_wrist": "right_elbow",
    "left_knee": "left_hip", "left_ankle": "left_knee", "right_knee": "right_hip", "right_ankle": "right_knee",
    **{f"{side}_{part}": f"{side}_ankle" for side in ("left", "right") for part in ("big_toe", "small_toe", "heel")},
    **{f"{side}_hand_root": f"{side}_wrist" for side in ("left", "right")},
    **{f"{side}_hand_{child}": f"{side}_hand_{parent}" for side in ("left", "right") for child, parent in _hand_parents},
    **dict.fromkeys(_face_joints, "nose"),
}  # fmt: skip
_human_chains = (
    *((f"{s}_shoulder", f"{s}_elbow", f"{s}_wrist", f"{s}_hand_root") for s in ("left", "right")),
    *((f"{s}_hip", f"{s}_knee", f"{s}_ankle") for s in ("left", "right")),
    *(tuple(f"{s}_hand_{joint}" for joint in chain) for s in ("left", "right") for chain in _hand_chains),
)
_human_torso = ("neck", "mid_hip", "left_shoulder", "right_shoulder", "left_hip", "right_hip")
_human_groups = {
    "head": ("nose", "head", "left_eye", "right_eye", "left_ear", "right_ear"),
    "torso": _human_torso,
    **{f"{s}_arm": (f"{s}_shoulder", f"{s}_elbow", f"{s}_wrist") for s in ("left", "right")},
    **{f"{s}_leg": (f"{s}_hip", f"{s}_knee", f"{s}_ankle") for s in ("left", "right")},
    **{f"{s}_foot": (f"{s}_big_toe", f"{s}_small_toe", f"{s}_heel") for s in ("left", "right")},
    **{f"{s}_hand": tuple(f"{s}_hand_{joint}" for joint in _hand_joints) for s in ("left", "right")},
    "face": (*_face_joints, "left_pupil", "right_pupil"),
}


def _human(name: str, joints: tuple[str, ...], bones: Iterable[Pair]) -> Skeleton:
    """A human skeleton of the named joints, with the anatomy they share."""
    have = set(joints)
    sigmas = _body_sigmas | dict(zip(_face_joints, _face_sigmas, strict=True))
    for side in ("left", "right"):
        sigmas |= {f"{side}_hand_{joint}": s for joint, s in zip(_hand_joints, _hand_sigmas, strict=True)}
    groups = {group: tuple(j for j in members if j in have) for group, members in _human_groups.items()}
    chains = (tuple(j for j in chain if j in have) for chain in _human_chains)
    mirror = [pair for pair in _mirror_by_name(joints) if not pair[0].startswith("face_")]
    return Skeleton(
        name=name,
        joints=joints,
        bones=tuple(bones),
        mirror=(*mirror, *(pair for pair in _face_mirror() if pair[0] in have)),
        sigmas=tuple(sigmas[joint] for joint in joints),
        groups=tuple((group, members) for group, members in groups.items() if members),
        parents=tuple((c, p) for c, p in _human_parents.items() if c in have and (p in have or p == "neck")),
        chains=tuple(chain for chain in chains if len(chain) > 1),
        torso=tuple(j for j in _human_torso if j in have),
    )


def _both(*bones: Pair) -> tuple[Pair, ...]:
    """Each bone named without a side, on the left and on the right."""
    return tuple((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in bones)


_coco_bones = (
    *_both(("ankle", "knee"), ("knee", "hip")), ("left_hip", "right_hip"), *_both(("shoulder", "hip")),
    ("left_shoulder", "right_shoulder"), *_both(("shoulder", "elbow"), ("elbow", "wrist")), ("left_eye", "right_eye"),
    ("nose", "left_eye"), ("nose", "right_eye"), *_both(("eye", "ear"), ("ear", "shoulder")),
)  # fmt: skip
# OpenPose's own order: its palette is read off by position.
openpose_limbs: tuple[Pair, ...] = tuple(
    (_openpose18_joints[a - 1], _openpose18_joints[b - 1])
    for a, b in (
        (2, 3), (2, 6), (3, 4), (4, 5), (6, 7), (7, 8), (2, 9), (9, 10), (10, 11),
        (2, 12), (12, 13), (13, 14), (2, 1), (1, 15), (15, 17), (1, 16), (16, 18),
    )
)  # fmt: skip
_foot_bones = _both(("ankle", "big_toe"), ("ankle", "heel"), ("big_toe", "small_toe"))
_hips25 = {("neck", "right_hip"): ("mid_hip", "right_hip"), ("neck", "left_hip"): ("mid_hip", "left_hip")}
_openpose25_bones = (*(_hips25.get(bone, bone) for bone in openpose_limbs), ("neck", "mid_hip"), *_foot_bones)
_side_hands = tuple(f"{side}_hand_{joint}" for side in ("left", "right") for joint in _hand_joints)
_part_bones = (
    *_face_bones(),
    *_both(("wrist", "hand_root")),
    *((f"{s}_hand_{a}", f"{s}_hand_{b}") for s in ("left", "right") for a, b in _hand_bones),
)
_pupils = ("right_pupil", "left_pupil")  # OpenPose's face has 70 points: these two come last

coco17 = _human("coco17", _coco_joints, _coco_bones)
openpose18 = _human("openpose18", _openpose18_joints, openpose_limbs)
openpose25 = _human("openpose25", _openpose25_joints, _openpose25_bones)
crowdpose14 = _human(
    "crowdpose14",
    _crowdpose_joints,
    (*_both(("ankle", "knee"), ("knee", "hip"), ("shoulder", "elbow"), ("elbow", "wrist"), ("shoulder", "hip")),
     ("left_hip", "right_hip"), ("neck", "left_shoulder"), ("neck", "right_shoulder"), ("head", "neck")),
)  # fmt: skip
wholebody133 = _human(
    "wholebody133",
    (*_coco_joints, *_foot_joints, *_face_joints, *_side_hands),
    (*_coco_bones, *_foot_bones, *_part_bones),
)
openpose130 = _human(
    "openpose130", (*_openpose18_joints, *_face_joints, *_pupils, *_side_hands), (*openpose_limbs, *_part_bones)
)
openpose137 = _human(
    "openpose137", (*_openpose25_joints, *_face_joints, *_pupils, *_side_hands), (*_openpose25_bones, *_part_bones)
)
hand21 = Skeleton(
    "hand21", _hand_joints, _hand_bones, (), _hand_sigmas,
    groups=tuple((finger, tuple(f"{finger}_{i}" for i in range(1, 5))) for finger in fingers),
    parents=_hand_parents, chains=_hand_chains,
)  # fmt: skip
face68 = Skeleton("face68", _face_joints, _face_bones(), _face_mirror(), _face_sigmas, groups=(("face", _face_joints),))

# ── animals ────────────────────────────────────────────────────────────────────────────────────────

_ap10k_joints = (
    "left_eye", "right_eye", "nose", "neck", "root_of_tail", "left_shoulder", "left_elbow", "left_front_paw", "right_shoulder",
    "right_elbow", "right_front_paw", "left_hip", "left_knee", "left_back_paw", "right_hip", "right_knee", "right_back_paw",
)  # fmt: skip
_ap10k_limbs = ((1, 2), (1, 3), (2, 3), (3, 4), (4, 5), (4, 6), (6, 7), (7, 8), (4, 9), (9, 10), (10, 11),
                (5, 12), (12, 13), (13, 14), (5, 15), (15, 16), (16, 17))  # fmt: skip
_front = tuple((f"{s}_shoulder", f"{s}_elbow", f"{s}_front_paw") for s in ("left", "right"))
_back = tuple((f"{s}_hip", f"{s}_knee", f"{s}_back_paw") for s in ("left", "right"))
ap10k17 = Skeleton(
    name="ap10k17",
    joints=_ap10k_joints,
    bones=tuple((_ap10k_joints[a - 1], _ap10k_joints[b - 1]) for a, b in _ap10k_limbs),
    mirror=_mirror_by_name(_ap10k_joints),
    sigmas=(0.025, 0.025, 0.026, 0.035, 0.035, 0.079, 0.072, 0.062, 0.079, 0.072, 0.062, 0.107, 0.087, 0.089, 0.107, 0.087, 0.089),
    groups=(
        ("head", ("nose", "left_eye", "right_eye")), ("torso", ("neck", "root_of_tail")),
        *((f"{s}_front_leg", leg) for s, leg in zip(("left", "right"), _front, strict=True)),
        *((f"{s}_back_leg", leg) for s, leg in zip(("left", "right"), _back, strict=True)),
    ),
    parents=(
        ("nose", "neck"), ("left_eye", "nose"), ("right_eye", "nose"),
        *((leg[0], "neck") for leg in _front), *((leg[0], "root_of_tail") for leg in _back),
        *((child, parent) for leg in (*_front, *_back) for parent, child in pairwise(leg)),
    ),
    chains=(*_front, *_back),
    torso=("neck", "root_of_tail"),
)  # fmt: skip

# ── SMPL-X: 22 body joints, jaw and eyes, 15 joints a hand ─────────────────────────────────────────

_smplx_tree = (
    ("pelvis", None), ("left_hip", "pelvis"), ("right_hip", "pelvis"), ("spine1", "pelvis"), ("left_knee", "left_hip"),
    ("right_knee", "right_hip"), ("spine2", "spine1"), ("left_ankle", "left_knee"), ("right_ankle", "right_knee"),
    ("spine3", "spine2"), ("left_foot", "left_ankle"), ("right_foot", "right_ankle"), ("neck", "spine3"),
    ("left_collar", "spine3"), ("right_collar", "spine3"), ("head", "neck"), ("left_shoulder", "left_collar"),
    ("right_shoulder", "right_collar"), ("left_elbow", "left_shoulder"), ("right_elbow", "right_shoulder"),
    ("left_wrist", "left_elbow"), ("right_wrist", "right_elbow"), ("jaw", "head"), ("left_eye", "head"), ("right_eye", "head"),
    *((f"{s}_hand_{f}_{i}", f"{s}_hand_{f}_{i - 1}" if i > 1 else f"{s}_wrist")
      for s in ("left", "right") for f in ("index", "middle", "pinky", "ring", "thumb") for i in (1, 2, 3)),
)  # fmt: skip
_smplx_parents = tuple((child, parent) for child, parent in _smplx_tree if parent)
smplx55 = Skeleton(
    name="smplx55",
    joints=tuple(joint for joint, _ in _smplx_tree),
    bones=tuple((parent, child) for child, parent in _smplx_parents),
    mirror=_mirror_by_name(joint for joint, _ in _smplx_tree),
    sigmas=tuple(_body_sigmas.get(joint, 0.035 if "hand" in joint else 0.079) for joint, _ in _smplx_tree),
    groups=(("body", tuple(joint for joint, _ in _smplx_tree[:22])),),
    parents=_smplx_parents,
)

skeletons: dict[str, Skeleton] = {
    s.name: s
    for s in (
        coco17, openpose18, openpose25, wholebody133, ap10k17, hand21, face68, smplx55, crowdpose14, openpose130, openpose137,
    )
}  # fmt: skip


def skeleton(name: str) -> Skeleton:
    """The skeleton of that name; ValueError lists the known ones."""
    if name not in skeletons:
        raise ValueError(f"expected one of the skeletons {', '.join(skeletons)}, got {name!r}")
    return skeletons[name]
