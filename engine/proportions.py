"""A character's proportions: read off a drawn figure, kept as a profile, and given to any other.

Proportions are the first betas of the body and how much longer than its own each pair of limbs is drawn. A figure that
takes a profile keeps its pose, its ground and every trait of its drawing that is not proportion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.fit import Fitter, betas_fitted, plain_height, turning
from engine.fit_points import Target, target_of
from engine.fit_steps import Near, Plain, Seen, Stance, Term, Within, refined
from engine.formats.checks import keyed, number, numbers, refuse, text
from engine.lint_glance import Glance
from engine.pose import Person
from engine.rig import axis_angles, matrices
from engine.skeleton import Skeleton, wholebody133

version = 1
# What of a figure is longer or shorter, in the order of the fit's stretches.
parts = ("thighs", "shins", "upper_arms", "forearms", "shoulders", "hips", "feet", "trunk", "head")
shortest, longest = -0.5, 1.5  # a part half as long, and two and a half times as long
_widest = 3.0  # a beta further from the mean is no body
_give, _give_of_body = (
    0.3,
    0.1,
)  # rad that a joint may turn meanwhile: of a guess, of a body
# How far betas and stretches are from plain before that costs as much as a point off by its tolerance.
_shape_give = np.array([*[1.0] * betas_fitted, *[0.3] * len(parts)])
_shape_most = np.full(betas_fitted + len(parts), 1e3)


@dataclass(frozen=True, eq=False)
class Profile:
    """Proportions by `name`: `betas` (5,) of the body, `stretches` (9,) by `parts`, of which 1 is twice as long."""

    name: str
    betas: np.ndarray
    stretches: np.ndarray

    def __post_init__(self) -> None:
        for field, count in (("betas", betas_fitted), ("stretches", len(parts))):
            array = np.array(getattr(self, field), dtype=float)
            if array.shape != (count,) or not np.isfinite(array).all():
                raise ValueError(f"expected {count} finite {field}, got {array.shape}")
            array.flags.writeable = False
            object.__setattr__(self, field, array)

    @property
    def shape(self) -> np.ndarray:
        """Betas and stretches (14,), as the rig that can be stretched counts them."""
        return np.concatenate([self.betas, self.stretches])


plain = Profile("", np.zeros(betas_fitted), np.zeros(len(parts)))


# ── as a file ──


def to_json(profile: Profile) -> dict[str, Any]:
    """A profile as JSON values."""
    stretches = {part: round(float(by), 4) for part, by in zip(parts, profile.stretches, strict=True)}
    betas = np.round(profile.betas, 4).tolist()
    return {"contrapposto_profile": version, "name": profile.name, "betas": betas, "stretches": stretches}


def from_json(told: Any) -> Profile:
    """The profile of JSON values; ValueError says what was expected and what found."""
    told = keyed(told, "the profile", "contrapposto_profile", "betas", "stretches")
    if told["contrapposto_profile"] != version:
        refuse("the profile", f"version {version}", repr(told["contrapposto_profile"]))
    stretches = keyed(told["stretches"], "the profile, stretches")
    if unknown := set(stretches) - set(parts):
        refuse("the profile, stretches", f"some of {', '.join(parts)}", ", ".join(sorted(map(str, unknown))))
    return Profile(
        text(told.get("name", ""), "the profile, name")[:40],
        np.clip(numbers(told["betas"], "the profile, betas", (betas_fitted,)), -_widest, _widest),
        np.array([number(stretches.get(part, 0), f"the profile, {part}", shortest, longest) for part in parts]),
    )


# ── from a figure, and to one ──


class Proportions:
    """What reads and gives proportions for one body; keep it, for it takes a moment to get ready."""

    def __init__(self, fitter: Fitter) -> None:
        self.fitter = fitter
        self.glance = Glance(fitter)

    def read(self, person: Person, camera: Camera, name: str = "") -> Profile:
        """The proportions of a drawn figure; ValueError says which joints it takes.

        A limb that points at us may be short or foreshortened: where nothing tells, it is as long as the body's. The
        person's `body` is taken for how it stands.
        """
        betas = self._stance(person, camera).betas[0]
        return Profile(
            name, np.clip(betas[:betas_fitted], -_widest, _widest), np.clip(betas[betas_fitted:], shortest, longest)
        )

    def given(self, person: Person, camera: Camera, profile: Profile) -> Person:
        """The figure with a profile's proportions, standing where it stood; its body takes the profile's betas."""
        stance = self._stance(person, camera)
        after = self._standing_on(stance, profile)
        names = tuple(joint for joint in person.skeleton.joints if joint in self.fitter.free_rig.names)
        rig = self.fitter.free_rig.chosen(names)
        seen, then = (camera.project(rig.placed(*one).points[0]) for one in (stance, after))
        points = person.points.copy()
        for i, joint in enumerate(names):
            points[person.skeleton.index(joint)] += then[i] - seen[i]
        moved = replace(person, points=_with_means(person, points, names))
        base = BodyPose() if person.body is None else person.body
        turns = base.axis_angles
        turns[list(turning)] = axis_angles(after.turns[0])[list(turning)]
        body = base.with_axis_angles(turns)
        betas = np.zeros(max(len(base.betas), betas_fitted))
        betas[:betas_fitted] = profile.betas
        return replace(moved, body=replace(body, betas=betas, translation=after.translation[0]))

    def drawn(self, pose: BodyPose, camera: Camera, profile: Profile, skeleton: Skeleton = wholebody133) -> Person:
        """A pose as a camera sees it with a profile's proportions, on a skeleton that people have."""
        stance = self._standing_on(_stance(pose, self.fitter.free_rig.betas), profile)
        rig = self.fitter.free_rig.chosen(wholebody133.joints)
        points = camera.project(rig.placed(*stance).points[0])
        return Person(wholebody133, points, np.ones(len(wholebody133))).to(skeleton)

    # ── how it stands ──

    def _stance(self, person: Person, camera: Camera) -> Stance:
        """The figure on the rig that can be stretched, laid on its drawing."""
        target = target_of(person)
        if person.body is None:
            first, give = self.glance.readings(target, camera, ())["drawn"].stance, _give
        else:
            first, give = _stance(person.body, self.fitter.free_rig.betas), _give_of_body
        rig = self.fitter.free_rig.chosen(target.body)
        places, weights = target.of(target.body)
        found, _ = refined(rig, first, turning, self._terms(first, target, camera, places, weights, give), 15)
        return found

    def _terms(
        self, first: Stance, target: Target, camera: Camera, places: np.ndarray, weights: np.ndarray, give: float
    ) -> list[Term]:
        pelvis = self.fitter.free_rig.chosen(target.body).placed(*first).joints[0, 0]
        height = camera.focal / max(float(camera.in_camera(pelvis)[2]), 0.1) * plain_height
        terms: list[Term] = [
            Seen(camera, places, weights, 0.008 * height, 0.15 * height),
            Near(first.turns, np.full((len(first.turns[0]), 3), give)),
            Plain(np.zeros_like(first.betas), _shape_give, _shape_most),
        ]
        return terms if self.fitter.limits is None else [*terms, Within(self.fitter.limits, 0.1)]

    def _standing_on(self, stance: Stance, profile: Profile) -> Stance:
        """The stance with a profile's proportions; what of it is lowest stays where it is."""
        after = stance._replace(betas=profile.shape[None])
        rig = self.fitter.free_rig
        before, then = rig.placed(*stance).points[0], rig.placed(*after).points[0]
        lowest = int(np.argmin(before[:, 1]))
        return after._replace(translation=after.translation + (before[lowest] - then[lowest]))


def _with_means(person: Person, points: np.ndarray, moved: tuple[str, ...]) -> np.ndarray:
    """Points with those that lie between others, such as a neck, moved as far as these are on the whole."""
    skeleton, means = person.skeleton, {"neck": "shoulder", "mid_hip": "hip", "pelvis": "hip"}
    for name, part in means.items():
        if name in skeleton and name not in moved:
            ends = skeleton.indices((f"left_{part}", f"right_{part}"))
            points[skeleton.index(name)] += (points[ends] - person.points[ends]).mean(0)
    return points


def _stance(pose: BodyPose, betas: int) -> Stance:
    shape = np.zeros((1, betas))
    known = min(len(pose.betas), betas_fitted)
    shape[0, :known] = pose.betas[:known]
    return Stance(matrices(pose.axis_angles)[None], shape, pose.translation[None])
