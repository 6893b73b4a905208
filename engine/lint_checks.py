"""What can be wrong with a drawn figure, one check each: from what is seen of it to issues."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from engine.fit_points import sides
from engine.lint_glance import exchanges
from engine.lint_sight import Issue, Mend, Sight
from engine.rig import joint_number
from engine.skeleton import fingers, hand21

_surely, _surer = 1.22, 1.45  # times likelier: an exchange that is worth telling, with feet drawn and without
_least_cost = 0.3  # of a reading: below it all are as good
_exchanged = {
    "body": "Left and right of the body look exchanged: it faces one way and the head another.",
    "arms": "The left and the right arm look exchanged.",
    "legs": "The left and the right leg look exchanged.",
    "forearms": "The left and the right forearm look exchanged.",
    "shins": "The left and the right lower leg look exchanged.",
}  # fmt: skip


def exchanged_sides(sight: Sight) -> Iterator[Issue]:
    """Limbs whose left and right would stand more easily the other way round: the likeliest exchange alone."""
    cost = {name: reading.cost + _least_cost for name, reading in sight.readings.items()}
    name = min(cost, key=lambda read: cost[read])
    sure = cost["drawn"] / cost[name] / (_surely if sight.has("left_big_toe", "right_big_toe") else _surer)
    if sure > 1:
        joints = sight.having(*(f"{side}_{part}" for part in exchanges[name] for side in sides))
        yield Issue("exchanged", joints, sure, _exchanged[name], ("exchange",))


# ── head and face ──

_head = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_away, _towards = -0.5, 0.65  # how a chest faces us before a face is missed, or too much
_frontal = 0.45  # of its full breadth: a head seen from the side is narrower
_averted, _behind = -0.3, -0.45  # how a head faces us whose nose is not to be seen: above a back, above any chest
_room = 0.02  # of the picture: a head nearer to its edge may be cut off


def face_and_back(sight: Sight) -> Iterator[Issue]:
    """A face on the back of a figure, a head that looks out at the back, and a front without a face."""
    if not sight.has("left_shoulder", "right_shoulder"):
        return
    chest, order = sight.turned("spine3"), _head_order(sight)
    features = tuple(point for point in _head[:3] if sight.shows(point))
    head = sight.turned("head")
    away = chest < _away and (abs(order) > _frontal or head < _averted)
    if (away or (head < _behind and order < _behind / 2)) and "nose" in features and len(features) > 1:
        first: tuple[Mend, Mend] = ("hide", "exchange")
        yield Issue(
            "face_away", features, max(1 - chest, 1.0), "The face is drawn on a head that is seen from behind.",
            first if order < 0 or chest < -0.8 else first[::-1],
        )  # fmt: skip
    elif chest > _towards and order < -_frontal and features:
        yield Issue(
            "head_away",
            sight.having(*_head[1:]),
            chest + 0.2,
            "Left and right of the head look exchanged.",
            ("exchange",),
        )
    elif chest > _towards and not sight.having(*_head[:3]) and _inside(sight, sight.drawn.places[joint_number("head")]):
        gone = tuple(point for point in _head[:3] if point in sight.person.skeleton)
        if len(gone) == 3:
            yield Issue("face_missing", gone, 1.0, "The figure faces us, and its face is missing.", ("put_back",))


def _head_order(sight: Sight) -> float:
    """How broad a head is drawn, by eyes or ears: 1 seen from the front, −1 from behind, 0 unknown or from the side."""
    found = [
        float((sight.at(f"left_{part}") - sight.at(f"right_{part}")) @ sight.across)
        / (sight.rest(f"left_{part}", f"right_{part}") * sight.pixels("head"))
        for part in ("ear", "eye")
        if sight.has(f"left_{part}", f"right_{part}")
    ]
    return min(found, key=abs) if found else 0.0


def _inside(sight: Sight, place: np.ndarray) -> bool:
    where = sight.camera.project(place) / np.array(sight.camera.size)
    return bool((where > _room).all() and (where < 1 - _room).all())


# ── lengths ──

_bones = (
    ("shoulder", "elbow", "upper arm"), ("elbow", "wrist", "forearm"), ("hip", "knee", "thigh"),
    ("knee", "ankle", "lower leg"),
)  # fmt: skip
_too_long, _style = 1.33, 1.25  # of a bone's full length; both sides as long as each other are a drawing's style
_long, _uneven, unforeshortened = 1.15, 1.42, 0.75  # beside a twin that is seen from the side, less is too long


def long_bones(sight: Sight) -> Iterator[Issue]:
    """Bones drawn longer than they are from any side, unless their twins are as long: that is style."""
    for a, b, bone in _bones:
        ends = {side: (f"{side}_{a}", f"{side}_{b}") for side in sides}
        share = {side: stretch(sight, *ends[side]) for side in sides if sight.has(*ends[side])}
        for side, by in share.items():
            other = "right" if side == "left" else "left"
            twin = share.get(other, 0.0)
            uneven = by > _long and twin > unforeshortened and by > _uneven * twin
            if uneven or (by > _too_long and by > _style * twin):
                than = f"{by:.1f} times as long as it can be"
                if by <= _too_long:
                    than = f"{by / twin:.1f} times as long as the {other} one"
                yield Issue(
                    "length", (f"{side}_{a}", f"{side}_{b}"), max(by / _too_long, 1.0),
                    f"The {side} {bone} is drawn {than}.", ("length",),
                )  # fmt: skip


def stretch(sight: Sight, a: str, b: str) -> float:
    """How long a bone is drawn, of its full length where it is."""
    nearer = max(sight.pixels(a), sight.pixels(b))
    return float(np.linalg.norm(sight.at(a) - sight.at(b))) / (sight.rest(a, b) * nearer)


# ── hands ──

_large, _small, _far, _spot = 1.75, 0.4, 0.45, 0.07


def hands(sight: Sight) -> Iterator[Issue]:
    """Hands of another size than their figure's, away from their wrists, or both on one spot."""
    drawn = [side for side in sides if sight.target.has_hand(side)]
    if len(drawn) == 2 and (issue := _twice(sight)):
        yield issue
        return
    sizes = {side: hand_size(sight, side) for side in drawn}
    for side in drawn:
        joints = sight.having(*(f"{side}_hand_{joint}" for joint in hand21.joints))
        twin = sizes.get("right" if side == "left" else "left")
        if (off := _off_wrist(sight, side)) > _far:
            yield Issue(
                "hand_off", joints, off / _far, f"The {side} hand is not on its wrist.",
                ("exchange", "hand_home") if _on_other(sight, side) else ("hand_home",),
            )  # fmt: skip
        by = sizes[side]
        if by > _large and not (twin and twin > by / _style):
            sentence = f"The {side} hand is drawn {by:.1f} times as large as the figure's."
            yield Issue("hand_size", joints, by / _large, sentence, ("hand_size",))
        elif by < _small and not (twin and twin < by * _style):
            sentence = f"The {side} hand is drawn {1 / by:.1f} times too small for the figure."
            yield Issue("hand_size", joints, _small / by, sentence, ("hand_size",))


def hand_size(sight: Sight, side: str) -> float:
    """How large a hand is drawn, of the size it has on the figure, by its longest finger or its breadth."""
    pixels = sight.pixels(f"{side}_wrist")
    chains = [tuple(f"{side}_hand_{joint}" for joint in chain) for chain in _chains]
    drawn = [(_along(sight, chain), chain) for chain in chains if sight.has(*chain)]
    full = [pixels * sum(sight.rest(a, b) for a, b in pairwise(chain)) for _, chain in drawn]
    return max((size / most for (size, _), most in zip(drawn, full, strict=True)), default=1.0)


_chains = (
    *(tuple(f"{finger}_{i}" for i in range(1, 5)) for finger in fingers[1:]),
    tuple(f"{finger}_1" for finger in fingers[1:]),
)


def _along(sight: Sight, chain: Sequence[str]) -> float:
    return sum(float(np.linalg.norm(sight.at(a) - sight.at(b))) for a, b in pairwise(chain))


def _off_wrist(sight: Sight, side: str) -> float:
    """How far a hand's root is from its wrist, in lengths of a hand."""
    root, wrist = f"{side}_hand_root", f"{side}_wrist"
    if not sight.has(root, wrist):
        return 0.0
    length = sight.rest(f"{side}_wrist", f"{side}_hand_middle_4") * sight.pixels(wrist)
    return float(np.linalg.norm(sight.at(root) - sight.at(wrist))) / length


def _on_other(sight: Sight, side: str) -> bool:
    """Whether a hand lies on the other hand's wrist."""
    other = f"{'right' if side == 'left' else 'left'}_wrist"
    root, own = sight.at(f"{side}_hand_root"), sight.at(f"{side}_wrist")
    return sight.has(other) and bool(np.linalg.norm(root - sight.at(other)) < np.linalg.norm(root - own))


def _twice(sight: Sight) -> Issue | None:
    """Both hands finger for finger on one spot: one hand that was found twice."""
    shared = [joint for joint in hand21.joints if sight.has(*(f"{side}_hand_{joint}" for side in sides))]
    if len(shared) < 8:
        return None
    left, right = (np.array([sight.at(f"{side}_hand_{joint}") for joint in shared]) for side in sides)
    apart = float(np.linalg.norm(left - right, axis=1).mean())
    span = max(float(np.ptp(left, axis=0).max()), float(np.ptp(right, axis=0).max()), 1.0)
    if apart > _spot * span:
        return None
    side = max(sides, key=lambda one: _reach(sight, one, left))
    joints = sight.having(*(f"{side}_hand_{joint}" for joint in hand21.joints))
    return Issue("twice", joints, 2.0, f"Both hands lie on one spot: the {side} one is likely not there.", ("drop",))


def _reach(sight: Sight, side: str, hand: np.ndarray) -> float:
    """How far a hand's points are from where the figure would have its wrist."""
    seen = sight.drawn.seen.get(f"{side}_elbow", sight.at(f"{side}_wrist") if sight.has(f"{side}_wrist") else hand[0])
    return float(np.linalg.norm(hand.mean(0) - seen))


checks = (exchanged_sides, face_and_back, long_bones, hands)
