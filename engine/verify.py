"""Whether a painted picture kept its pose: the figures asked for are looked for in it and compared with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from engine.box import Box
from engine.estimator import Estimator, Watch
from engine.measure import oks, pck
from engine.pose import Person, Pose2D
from engine.scene import Picture, Verdict
from engine.skeleton import Skeleton, ap10k17

# A joint farther from its place than this share of the torso has drifted: less than half a foot in a person.
drift = 0.2
# Where to look, beyond the outermost joints, as a share of the longer side: a head reaches a tenth above its eyes.
margin = 0.1
# How long a bone is, in torsos (shoulder to hip; neck to root of tail), either side's. People's are those of adults,
# animals' the medians of AP-10K's training pictures.
human_bones = {
    ("shoulder", "hip"): 1.0, ("hip", "knee"): 0.85, ("knee", "ankle"): 0.85, ("shoulder", "elbow"): 0.65,
    ("elbow", "wrist"): 0.5,
}  # fmt: skip
human_widths = {"shoulder": 0.7, "ear": 0.3, "eye": 0.13}
animal_bones = {
    ("shoulder", "elbow"): 0.25, ("elbow", "front_paw"): 0.23, ("hip", "knee"): 0.27, ("knee", "back_paw"): 0.28,
}  # fmt: skip
animal_widths = {"eye": 0.16}
# What a figure covers, in squares of its torso: the medians of COCO's people, and of AP-10K's animals at 0.53 of
# their boxes.
human_area, animal_area = 2.0, 1.1


def verify(picture: Picture, estimator: Estimator, flip_test: bool = True, watch: Watch | None = None) -> Verdict:
    """How well the picture kept its pose, as `estimator` sees it.

    Each figure asked for is looked for where it should be, and whoever is found is matched with whom they are most
    like, one to one. Visible joints inside the picture count, where the estimator has a joint of that name; one that it
    does not see has drifted. Figures count alike; one of which fewer than two joints count is neither judged nor found:
    its joints are missing in `found`, which has a figure for each one asked for. `watch` hears the share done.
    ValueError where nobody can be judged, and for people seen by an animals' estimator or the other way round.
    """
    _check_kinds(picture.pose, estimator)
    asked = [_asked(person, estimator.skeleton, picture.pose.size) for person in picture.pose.people]
    judged = [n for n, each in enumerate(asked) if each.counts]
    if not judged:
        raise ValueError(
            f"expected a figure with at least two visible joints in the picture that {estimator.name} knows, got none"
        )
    people = _seen(picture.image, [asked[n].box for n in judged], estimator, flip_test, watch)
    table = np.array([[oks(person, asked[n].person, asked[n].area) for n in judged] for person in people])
    found = [each.nobody for each in asked]
    for i, k in zip(*linear_sum_assignment(-table), strict=True):
        found[judged[k]] = people[i]
    pairs = [(found[n], asked[n]) for n in judged]
    return Verdict(
        found=Pose2D(picture.pose.size, tuple(found)),
        oks=float(np.mean([oks(person, each.person, each.area) for person, each in pairs])),
        pck=float(np.mean([pck(person, each.person, each.torso, drift) for person, each in pairs])),
        drifted=tuple(_drifted(person, each) for person, each in zip(found, asked, strict=True)),
        estimator=estimator.name,
    )


def best_first(pictures: Iterable[Picture]) -> tuple[Picture, ...]:
    """The pictures that kept their pose best first, by OKS, then PCK; those nobody looked at last, in their order."""

    def key(picture: Picture) -> tuple[float, float]:
        return (-picture.verdict.oks, -picture.verdict.pck) if picture.verdict else (1.0, 0.0)

    return tuple(sorted(pictures, key=key))


def torso_of(person: Person) -> float:
    """How long the figure's torso would look facing us, px, told by its longer-looking bones; 0 for a single point.

    Bones that point at us look short, so the upper quartile of them speaks; half the box where there is no such bone.
    """
    animal = person.skeleton == ap10k17
    bones, widths = (animal_bones, animal_widths) if animal else (human_bones, human_widths)
    spans = {(f"{side}_{a}", f"{side}_{b}"): share for (a, b), share in bones.items() for side in ("left", "right")}
    if animal:
        spans |= {("neck", "root_of_tail"): 1.0}
    lengths = _lengths(person, spans)
    if not lengths:  # limbs say more than the width of a face
        lengths = _lengths(person, {(f"left_{joint}", f"right_{joint}"): share for joint, share in widths.items()})
    if lengths:
        return float(np.percentile(lengths, 75))
    box = person.box() if person.present.any() else Box(0, 0, 0, 0)
    return max(box.width, box.height) / 2


def _lengths(person: Person, spans: dict[tuple[str, str], float]) -> list[float]:
    """Torsos by the figure's bones that are there, each length over its share."""
    here = {joint for joint, there in zip(person.skeleton.joints, person.present, strict=True) if there}
    found = (person.length(a, b) / share for (a, b), share in spans.items() if a in here and b in here)
    return [length for length in found if length > 0]


# ── what was asked for ──


@dataclass(frozen=True)
class _Asked:
    """A figure asked for, on the estimator's skeleton with only the joints that count, and where to look for it."""

    person: Person
    box: Box
    torso: float
    area: float

    @property
    def counts(self) -> bool:
        return self.person.present.sum() >= 2 and self.torso > 0

    @property
    def nobody(self) -> Person:
        """The figure as nobody found it."""
        n = len(self.person.skeleton)
        return replace(self.person, scores=np.zeros(n), states=("missing",) * n, sources=("model",) * n)


def _asked(person: Person, skeleton: Skeleton, size: tuple[int, int]) -> _Asked:
    known = set(person.skeleton.joints)  # a neck reckoned from shoulders was not asked for
    there = person.to(skeleton)
    inside = np.all((there.points >= -0.5) & (there.points <= np.array(size) - 0.5), axis=1)
    counts = [
        joint in known and state == "visible" and within
        for joint, state, within in zip(skeleton.joints, there.states, inside.tolist(), strict=True)
    ]
    torso = torso_of(person)
    counted = replace(there, states=tuple("visible" if one else "missing" for one in counts), body=None)
    return _Asked(counted, _where(person, torso, size), torso, _area(skeleton) * torso**2)


def _area(skeleton: Skeleton) -> float:
    return animal_area if skeleton == ap10k17 else human_area


def _where(person: Person, torso: float, size: tuple[int, int]) -> Box:
    """The box to look in: around all joints drawn, no narrower than a torso's half."""
    if not person.present.any():
        return Box(0, 0, 0, 0)
    box = person.box(margin)
    (x, y), w, h = box.center, max(box.width, torso / 2) / 2, max(box.height, torso / 2) / 2
    return Box(x - w, y - h, x + w, y + h).clipped(size)


def _check_kinds(pose: Pose2D, estimator: Estimator) -> None:
    """An animal's shoulder has a person's name, not a person's place: neither estimator can judge the other's."""
    sees = estimator.skeleton == ap10k17
    for person in pose.people:
        if (person.skeleton == ap10k17) != sees:
            kind = "people, such as quick" if sees else "animals, such as vitpose-animals"
            raise ValueError(
                f"expected an estimator of {kind}, for a figure on {person.skeleton.name}, got {estimator.name}, "
                f"which gives {estimator.skeleton.name}"
            )


# ── what is there ──


def _seen(
    image: np.ndarray, boxes: list[Box], estimator: Estimator, flip_test: bool, watch: Watch | None
) -> list[Person]:
    """The figures in the boxes, joints that the estimator hardly sees missing."""
    people: list[Person] = []
    for start in range(0, len(boxes), estimator.at_once):
        if watch:
            watch(start / len(boxes))
        people += estimator.points(image, boxes[start : start + estimator.at_once], flip_test)
    return [replace(one, states=tuple(map(estimator.thresholds.state, one.scores))) for one in people]


def _drifted(found: Person, asked: _Asked) -> tuple[str, ...]:
    """The counted joints that are not near their places."""
    if not asked.counts:
        return ()
    apart = np.linalg.norm(found.points - asked.person.points, axis=1)
    away = asked.person.present & (~found.present | (apart > drift * asked.torso))
    return tuple(joint for joint, far in zip(found.skeleton.joints, away, strict=True) if far)
