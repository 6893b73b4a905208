"""From a drawn figure to a body in space: no learnt prior, but examples of what people do, and joints' limits.

Pose2D → BodyPose: the examples most alike from any side are the first guesses; damped least squares then lays each
on the drawing, as near to its example as the joints allow; the best one stays, and its hands and jaw follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.examples import Examples
from engine.fit_hands import HandViews, hand_tolerance, with_hand, with_jaw
from engine.fit_points import Target, known, sides, target_of
from engine.fit_steps import Near, Plain, Seen, Stance, Staying, Term, Within, refined
from engine.fit_views import Candidate, Views
from engine.fit_views import names as compared
from engine.limits import Limits
from engine.point_rig import PointRig
from engine.pose import Person
from engine.rig import axis_angles, joints, matrices

betas_fitted = 5
_guesses, _flat_guesses, _finalists = 10, 4, 4
# Of the figure's height: joints further off than this, on the mean, are another pose; nearer, the body lies on them.
_redrawn, _laid = 0.07, 0.03
plain_height = 1.66  # metres


@dataclass(frozen=True, eq=False)
class Fit:
    """A body laid on a drawn figure: `error`, the mean distance of its visible joints, px; `note`, what is guessed."""

    pose: BodyPose
    error: float
    note: str


def camera_for(size: tuple[int, int]) -> Camera:
    """The camera of a drawing of `size` (width, height) that has none: level, a normal lens, the figures before it."""
    return Camera.looking_at(np.array((0.0, 0.9, 0.0)), np.array((0.0, 0.9, 2.4)), size, 1.2 * max(size))


def fitted(
    body: Body, person: Person, camera: Camera, start: BodyPose | None = None,
    examples: Examples | None = None, limits: Limits | None = None,
) -> Fit:  # fmt: skip
    """The body that stands as the figure does, with a `Fitter` of its own; keep one of those for the next figure."""
    return Fitter(body, examples, limits).fitted(person, camera, start)


class Fitter:
    """What lays one body on drawn figures; keep it, for it takes a moment to get ready."""

    def __init__(self, body: Body, examples: Examples | None = None, limits: Limits | None = None) -> None:
        self.limits = limits
        self.rig = PointRig.of(body, known, betas_fitted)
        self.free_rig = self.rig.stretched(stretched_parts)
        examples = Examples.standing() if examples is None else examples
        self.views = Views.of(self.rig, examples)
        self.hands = tuple(HandViews.of(self.rig, examples, side) for side in sides)

    def fitted(self, person: Person, camera: Camera, start: BodyPose | None = None) -> Fit:
        """The body that stands as the figure does; ValueError says which joints it takes.

        `start`, the figure's present body, is kept where it fits: a small change of the drawing is a small change of
        the body.
        """
        target = target_of(person)
        kept = None if start is None else self._from_start(target, camera, start)
        stance = self._from_examples(target, camera) if kept is None else kept
        return self._fit(self._with_ends(stance, target, camera, kept is not None), target, camera, start)

    def followed(self, target: Target, camera: Camera, start: BodyPose) -> Stance | None:
        """The present body gone along with the drawing, hands and jaw too; None where it had to change too much."""
        stance = self._from_start(target, camera, start)
        return None if stance is None else self._with_ends(stance, target, camera, kept=True)

    def fits(self, people: Iterable[Person], camera: Camera) -> list[Fit]:
        """Everybody of a picture, each from the body it has."""
        return [self.fitted(person, camera, person.body) for person in people]

    def _with_ends(self, stance: Stance, target: Target, camera: Camera, kept: bool) -> Stance:
        """The stance with the drawn hands and jaw; `kept`: the hands it has are the artist's."""
        height = self._height(stance, camera)
        for views in self.hands:
            if target.has_hand(views.side) and not (kept and self._lies(stance, views.side, target, camera, height)):
                stance = with_hand(self.rig, views, stance, target, camera, height, self.limits, kept)
        return with_jaw(self.rig, stance, target, camera)

    def _lies(self, stance: Stance, side: str, target: Target, camera: Camera, height: float) -> bool:
        """Whether a hand's points are where they are drawn already, within what a fit leaves."""
        names = target.hand(side)
        off = camera.project(self.rig.chosen(names).placed(*stance).points[0]) - target.of(names)[0]
        return float(np.linalg.norm(off, axis=1).mean()) < 1.5 * hand_tolerance * height

    # ── the body ──

    def _from_examples(self, target: Target, camera: Camera) -> Stance:
        drawn = target.of(compared)
        guesses = [*self.views.nearest(*drawn, _guesses), *self.views.flattest(*drawn, _flat_guesses)]
        rig = self.free_rig.chosen(target.body)
        places, weights = target.of(target.body)
        first = _joined([_placed(rig, guess, places, weights, camera) for guess in guesses])
        height = float(np.median([guess.scale for guess in guesses])) * plain_height
        terms = self._terms(first, places, weights, camera, 0.02 * height, 0.15 * height)
        found, cost = refined(rig, first, turning, terms, 8)
        best = np.argsort(cost)[:_finalists]
        terms = self._terms(first.chosen(best), places, weights, camera, 0.007 * height, 0.06 * height)
        found, cost = refined(rig, found.chosen(best), turning, terms, 20)
        found = found.chosen([int(np.argmin(cost))])
        # Drawn proportions were followed so far, so that short legs are no foreshortened ones; now the body's own stay.
        rig = self.rig.chosen(target.body)
        found = found._replace(betas=found.betas[:, : self.rig.betas])
        terms = self._terms(found, places, weights, camera, 0.008 * height, 0.05 * height, 0.4)
        return refined(rig, found, turning, terms, 12)[0]

    def _from_start(self, target: Target, camera: Camera, start: BodyPose) -> Stance | None:
        """The present body moved to the drawing; None where it would have to change too much."""
        rig = self.rig.chosen(target.body)
        places, weights = target.of(target.body)
        first = _stance(start, self.rig.betas)
        if camera.in_camera(rig.placed(*first).joints[0, 0])[2] < 0.1:
            return None
        first = _carried(rig, first, places, weights, camera)
        height = self._height(first, camera)
        off = np.linalg.norm(camera.project(rig.placed(*first).points[0]) - places, axis=1)
        if np.average(off, weights=weights) > _redrawn * height:
            return None
        # What is not drawn anew stays: little give, and no joint is too far off to be followed.
        terms = [
            *self._terms(first, places, weights, camera, 0.007 * height, 0.5 * height, 0.4),
            Staying(first.translation, 0.02),
        ]
        found, _ = refined(rig, first, turning, terms, 15)
        off = np.linalg.norm(camera.project(rig.placed(*found).points[0]) - places, axis=1)
        return found if np.average(off, weights=weights) < _laid * height else None

    def _height(self, stance: Stance, camera: Camera) -> float:
        """How tall, px, the figure would stand upright."""
        pelvis = self.rig.placed(*stance).joints[0, 0]
        return camera.focal / max(float(camera.in_camera(pelvis)[2]), 0.1) * plain_height

    def _terms(
        self, near: Stance, places: np.ndarray, weights: np.ndarray, camera: Camera,
        tolerance: float, outlier: float, give: float = 1.0,
    ) -> list[Term]:  # fmt: skip
        shapes = near.betas.shape[1]
        terms: list[Term] = [
            Seen(camera, places, weights, tolerance, outlier),
            Near(near.turns, joint_give * give),
            Plain(near.betas, shape_give[:shapes] * give, shape_most[:shapes]),
        ]
        return terms if self.limits is None else [*terms, Within(self.limits, 0.1)]

    # ── what is told of it ──

    def _fit(self, stance: Stance, target: Target, camera: Camera, start: BodyPose | None) -> Fit:
        seen = camera.project(self.rig.chosen(target.names).placed(*stance).points[0])
        off = np.linalg.norm(seen - target.places, axis=1)
        error = float(off[target.visible].mean() if target.visible.any() else off.mean())
        guessed = " and ".join(f"the {limb.replace('_', ' ')}" for limb in target.missing_limbs)
        return Fit(_pose(stance, start), error, f"Guessed, for want of joints: {guessed}." if guessed else "")


def _placed(rig: PointRig, guess: Candidate, places: np.ndarray, weights: np.ndarray, camera: Camera) -> Stance:
    """An example set down in the world where the figure is drawn."""
    to_world = camera.T_camera_world[:3, :3].T
    turns, betas = guess.turns[None].copy(), np.zeros((1, rig.betas))
    turns[0, 0] = to_world @ turns[0, 0]
    depth = camera.focal / guess.scale
    middle = np.append((np.average(places, axis=0, weights=weights) - camera.center) / guess.scale, depth)
    own = np.average(rig.placed(turns, betas, np.zeros((1, 3))).points[0], axis=0, weights=weights)
    return Stance(turns, betas, (to_world @ (middle - camera.T_camera_world[:3, 3]) - own)[None])


def _carried(rig: PointRig, stance: Stance, places: np.ndarray, weights: np.ndarray, camera: Camera) -> Stance:
    """The stance where the figure as a whole was moved to, and scaled: by medians, blind to single joints."""
    local = camera.in_camera(rig.placed(*stance).points[0])
    seen = local[:, :2] / local[:, 2:] * camera.focal + camera.center
    heavy = weights > 0.3 * weights.max()
    before, after = (points[heavy] - np.median(points[heavy], axis=0) for points in (seen, places))
    size = np.linalg.norm(before, axis=1)
    far = size > np.median(size) * 0.5
    growth = float(np.median(np.linalg.norm(after[far], axis=1) / size[far]))
    growth = growth if abs(np.log(max(growth, 1e-3))) > 0.12 else 1.0
    shift = np.median(places[heavy] - seen[heavy], axis=0)
    shift = shift if np.linalg.norm(shift) > 0.06 * size.max() or growth != 1 else np.zeros(2)
    pelvis = camera.in_camera(rig.placed(*stance).joints[0, 0])
    if growth == 1 and not shift.any():
        return stance
    depth = pelvis[2] / growth
    old = np.median(seen[heavy], axis=0)
    new = old + shift
    pixel = pelvis[:2] / pelvis[2] * camera.focal + camera.center
    there = np.append((new + (pixel - old) * growth - camera.center) * depth / camera.focal, depth)
    by = camera.T_camera_world[:3, :3].T @ (there - pelvis)
    return stance._replace(translation=stance.translation + by)


def _joined(stances: Sequence[Stance]) -> Stance:
    return Stance(*(np.concatenate(parts) for parts in zip(*stances, strict=True)))


def _stance(pose: BodyPose, betas: int) -> Stance:
    shape = np.zeros(betas)
    shape[: len(pose.betas)] = pose.betas[:betas]
    return Stance(matrices(pose.axis_angles)[None], shape[None], pose.translation[None])


def _pose(stance: Stance, start: BodyPose | None) -> BodyPose:
    """The stance as a body pose; what a fit does not know, such as the expression, is as at the start."""
    base = BodyPose() if start is None else start
    betas = np.zeros(max(len(base.betas), stance.betas.shape[1]))
    betas[: len(base.betas)] = base.betas
    betas[: stance.betas.shape[1]] = stance.betas[0]
    posed = base.with_axis_angles(axis_angles(stance.turns[0]))
    return replace(posed, betas=betas, translation=stance.translation[0])


# Parts that a drawing makes longer or shorter than life, each on both sides alike.
stretched_parts = (
    *(
        tuple(f"{side}_{joint}" for side in sides)
        for joint in ("knee", "ankle", "elbow", "wrist", "shoulder", "hip", "foot")
    ),
    ("spine1", "spine2", "spine3", "neck"),
    ("head",),
)
shape_give = np.array([*[1.0] * betas_fitted, *[0.08] * len(stretched_parts)])
shape_most = np.array([*[100.0] * betas_fitted, *[4.0] * len(stretched_parts)])
# What a body stage turns: everything but toes, eyes, jaw and fingers.
turning = tuple(i for i, name in enumerate(joints[:22]) if not name.endswith("_foot"))
# How far, rad about its own axes, a joint gives before it costs as much as a point off by its tolerance.
_gives = {
    "pelvis": (0.15, 0.6, 0.15), "spine": (0.15, 0.15, 0.15), "neck": (0.25, 0.25, 0.25), "head": (0.3, 0.3, 0.3),
    "collar": (0.15, 0.15, 0.15), "shoulder": (0.5, 0.7, 0.7), "elbow": (0.4, 0.7, 0.08), "wrist": (0.15, 0.3, 0.4),
    "hip": (0.6, 0.4, 0.5), "knee": (0.7, 0.1, 0.08), "ankle": (0.3, 0.25, 0.25),
}  # fmt: skip
joint_give = np.array(
    [next((give for part, give in _gives.items() if part in name), (0.3, 0.3, 0.3)) for name in joints]
)
