"""From drawn figures to bodies in space: a learnt first guess, laid on the drawing, as natural as the drawing allows.

Pose2D → BodyPose: several guesses at once are set down, laid on the drawn points and pulled to what the pose prior
takes for likely (DPoser-X with its truncated schedule, here within damped least squares), then hands and jaw. What
drawing and prior together like best comes first; the others stay to be picked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.fit import Fitter, betas_fitted, joint_give, plain_height, shape_give, shape_most, turning
from engine.fit_hands import with_jaw
from engine.fit_points import Target, known, sides, target_of
from engine.fit_steps import Near, Plain, Seen, Stance, Term, Within, refined
from engine.flips import readings
from engine.initialiser import Initialiser
from engine.lift_camera import camera_of
from engine.lift_hands import with_drawn_hand, with_likely_hands
from engine.lift_request import Lift, LiftRequest, Reading, Settings, measured_best, ten_readings
from engine.lift_steps import NaturalPull, NoPull, Pull, set_down, times_of, varied
from engine.limb import limbs
from engine.natural import Natural
from engine.pose import Person, Pose2D
from engine.posing import standing
from engine.progress import Progress
from engine.rig import axis_angles, joints, matrices
from engine.tasks.guides import Draws
from engine.tasks.vectors import hand_joints

__all__ = ["Lift", "LiftRequest", "Lifter", "Reading", "Settings"]

_few = 4  # guesses for a body that must be there at once
_doubtful, _strange = 0.04, 0.1  # of the drawn points' extent: mean errors that are spoken of, and refused
_inner = 2  # steps of least squares for each look at the prior


class Lifter:
    """What lifts drawn figures into bodies of one file; keep it, for it takes a moment to get ready."""

    def __init__(
        self, body: Body, fitter: Fitter, initialiser: Initialiser, natural: Natural, settings: Settings = measured_best
    ) -> None:
        self.body, self.fitter, self.initialiser, self.natural = body, fitter, initialiser, natural
        self.settings = settings

    # ── lifting ──

    def lifted(
        self, person: Person, camera: Camera, request: LiftRequest = ten_readings, progress: Progress | None = None
    ) -> Lift:
        """The readings of a figure, at most as many as asked for; ValueError says which joints a lift takes.

        The same request finds the same. `progress` may raise Cancelled, heard between steps.
        """
        target = target_of(person)
        count = max(request.hypotheses, int(np.ceil(request.hypotheses * self.settings.starts)))
        first = self.guessed(target, camera, count, request.seed)
        pull = self.pull(request.naturalness, request.seed)
        found, cost = self.laid(target, camera, first, pull, progress)
        found = found.chosen(self._order(found, cost, request))
        if request.hypotheses > 1:
            found = self._with_other_depths(found, target, camera, request)
        found = found.chosen(varied(found, request.hypotheses, self.settings.apart))
        found = self._with_ends(found, target, camera, pull, request.seed, progress)
        errors = self.errors(found, target, camera)
        poses = bodies_of(found, person.body)
        doubt = self._doubt(found.chosen([0]), float(errors[0]), target, camera)
        note = " ".join(filter(None, (doubt, told_of(target))))
        unlikely = self.natural.unnatural(poses)
        told = zip(poses, errors.tolist(), unlikely.tolist(), strict=True)
        return Lift(tuple(Reading(*each, note) for each in told), note)

    def pull(self, naturalness: float, seed: int) -> Pull:
        """What draws a search to natural poses, more or less."""
        strength = self.settings.strength * naturalness
        if not strength:
            return NoPull()
        return NaturalPull(self.natural, strength, times_of(self.settings.steps, self.settings.schedule), Draws(seed))

    def followed(self, person: Person, camera: Camera, start: BodyPose) -> Reading:
        """The body that goes along with a drawing under the artist's hand: `start` where that can still be it.

        Quick enough for a drag; ValueError says which joints it takes.
        """
        target = target_of(person)
        found = self.fitter.followed(target, camera, start)
        return self._read(found, target, camera, start) if found is not None else self.stood(person, camera, start)

    def stood(self, person: Person, camera: Camera, before: BodyPose | None = None) -> Reading:
        """One reading of a figure, in a fraction of a lift's time; hands that are not drawn are as `before`.

        ValueError says which joints it takes.
        """
        target, pull = target_of(person), self.pull(1.0, 0)
        found, cost = self.laid(target, camera, self.guessed(target, camera, _few), pull)
        unlikely = self.natural.unnatural(bodies_of(found, None))
        found = found.chosen([int(np.argmin(cost + self.settings.liking * unlikely))])
        height, before = self.height(found, camera), before or standing()
        for side in sides:
            if target.has_hand(side):
                found = with_drawn_hand(self.fitter, self.initialiser, found, side, target, camera, height, pull)
            else:
                columns = [joints.index(name) for name in hand_joints[side]]
                found.turns[:, columns] = matrices(before.axis_angles[columns])
        return self._read(with_jaw(self.fitter.rig, found, target, camera), target, camera, before)

    def _read(self, stance: Stance, target: Target, camera: Camera, before: BodyPose) -> Reading:
        pose = _pose(stance, before)
        error, unlikely = self.errors(stance, target, camera)[0], self.natural.unnatural([pose])[0]
        return Reading(pose, float(error), float(unlikely), told_of(target))

    def camera(self, pose: Pose2D) -> Camera:
        """The camera of a drawing that has none, see `engine.lift_camera`."""
        return camera_of(self.initialiser, pose)

    def _order(self, stances: Stance, cost: np.ndarray, request: LiftRequest) -> np.ndarray:
        """The stances' order, those first that drawing and prior together like best."""
        unlikely = self.natural.unnatural(bodies_of(stances, None))
        return np.argsort(cost + self.settings.liking * request.naturalness * unlikely, kind="stable")

    def _with_other_depths(self, found: Stance, target: Target, camera: Camera, request: LiftRequest) -> Stance:
        """The stances, in order, and the first one with each limb towards the viewer or away where it could be either.

        A search seldom finds these: between the two lies what the drawing denies.
        """
        limits = self.fitter.limits
        if limits is None:
            return found
        best = bodies_of(found.chosen([0]), None)[0]
        usual = self.natural.unnatural([best])[0] + self.settings.odd
        others = [
            reading.pose
            for limb in limbs
            for reading in readings(self.body, self.natural, limits, best, camera, limb)[1:]
            if reading.unnatural < usual
        ]
        if not others:
            return found
        turns = np.concatenate([found.turns, matrices(np.stack([pose.axis_angles for pose in others]))])
        rest = (np.concatenate([part, np.repeat(part[:1], len(others), axis=0)]) for part in found[1:])
        joined = Stance(turns, *rest)
        return joined.chosen(self._order(joined, self._misfit(joined, target, camera), request))

    # ── from guesses to bodies ──

    def guessed(self, target: Target, camera: Camera, count: int, seed: int = 0) -> Stance:
        """The first guesses, with as many betas as the stretched rig has, set down where they are drawn."""
        places, weights = target.of(known)
        guess = self.initialiser.bodies(places, weights > 0, camera, count, seed)
        rig = self.fitter.free_rig.chosen(target.body)
        return set_down(rig, guess.turns, guess.shape, *target.of(target.body), camera)

    def laid(
        self, target: Target, camera: Camera, first: Stance, pull: Pull, progress: Progress | None = None
    ) -> tuple[Stance, np.ndarray]:
        """Guesses laid on the drawing, in natural poses; with what each costs, (B,), but for its naturalness."""
        settings = self.settings
        places, weights = target.of(target.body)
        height = self.height(first, camera)

        def seen(times: float) -> Seen:
            return Seen(camera, places, weights, times * settings.tolerance * height, times * settings.outlier * height)

        # Drawn proportions are followed at first, so that short legs are no foreshortened ones.
        rig, found = self.fitter.free_rig.chosen(target.body), first
        for k in range(settings.free):
            _tell(progress, k, settings.free + settings.steps)
            terms = [seen(2), self._plain(first), *self._bounds(found, pull, 0)]
            found, _ = refined(rig, found, turning, terms, _inner)
        rig = self.fitter.rig.chosen(target.body)
        found = found._replace(betas=found.betas[:, :betas_fitted])
        plain = self._plain(found._replace(betas=np.zeros_like(found.betas)))
        kept = [Near(found.turns, joint_give / np.sqrt(settings.keep))] if settings.keep else []
        for k in range(settings.steps):
            _tell(progress, settings.free + k, settings.free + settings.steps)
            found, _ = refined(rig, found, turning, [seen(1), plain, *kept, *self._bounds(found, pull, k)], _inner)
        return found, self._misfit(found, target, camera)

    def _misfit(self, stances: Stance, target: Target, camera: Camera) -> np.ndarray:
        """What stances cost (B,) for lying beside the drawing, and for an unusual shape."""
        places, weights = target.of(target.body)
        settings, height = self.settings, self.height(stances, camera)
        seen = Seen(camera, places, weights, settings.tolerance * height, settings.outlier * height)
        plain = self._plain(stances._replace(betas=np.zeros_like(stances.betas)))
        return refined(self.fitter.rig.chosen(target.body), stances, turning, [seen, plain], 0)[1]

    def _bounds(self, now: Stance, pull: Pull, k: int) -> Sequence[Term]:
        limits = self.fitter.limits
        return [*pull.terms(now.turns, k), *([] if limits is None else [Within(limits, 0.1)])]

    def _plain(self, near: Stance) -> Plain:
        shapes = near.betas.shape[1]
        return Plain(near.betas, shape_give[:shapes], shape_most[:shapes])

    def _with_ends(
        self, found: Stance, target: Target, camera: Camera, pull: Pull, seed: int, progress: Progress | None
    ) -> Stance:
        """The stances with hands and jaw: as drawn where they are drawn, else as is likely."""
        height = self.height(found, camera)
        for side in sides:
            if target.has_hand(side):
                found = with_drawn_hand(self.fitter, self.initialiser, found, side, target, camera, height, pull)
        free = [side for side in sides if not target.has_hand(side)]
        if free:
            found = with_likely_hands(self.natural, found, free, seed, progress)
        each = [with_jaw(self.fitter.rig, found.chosen([i]), target, camera) for i in range(len(found.turns))]
        return Stance(*(np.concatenate(parts) for parts in zip(*each, strict=True)))

    def _doubt(self, best: Stance, error: float, target: Target, camera: Camera) -> str:
        """A sentence where the best reading does not come near the drawing; ValueError where it is no one body at all.

        Either names the joints that are furthest off.
        """
        share = error / float(np.ptp(target.places, axis=0).max())
        if share <= _doubtful:
            return ""
        off = np.linalg.norm(self._seen(best, target, camera)[0] - target.places, axis=1)
        far = ", ".join(target.names[i].replace("_", " ") for i in np.argsort(-off)[:3])
        if share <= _strange:
            return f"Some joints are where no body has them beside the others: {far}."
        raise ValueError(
            f"expected the joints of one body, got some that no body reaches from the others ({far}): "
            "are two people one figure here, or left and right exchanged?"
        )

    def _seen(self, stances: Stance, target: Target, camera: Camera) -> np.ndarray:
        """Where the drawn points are on the bodies, (B, N, 2) px."""
        return camera.project(self.fitter.rig.chosen(target.names).placed(*stances).points)

    # ── what is told of it ──

    def height(self, stances: Stance, camera: Camera) -> float:
        """How tall, px, the figure would stand upright: the median of the stances."""
        pelvis = self.fitter.rig.placed(stances.turns, stances.betas[:, :betas_fitted], stances.translation).joints[
            :, 0
        ]
        depth = np.maximum(camera.in_camera(pelvis)[:, 2], 0.1)
        return camera.focal / float(np.median(depth)) * plain_height

    def errors(self, stances: Stance, target: Target, camera: Camera) -> np.ndarray:
        """Mean distance (B,), px, of the visible drawn points."""
        off = np.linalg.norm(self._seen(stances, target, camera) - target.places, axis=-1)
        return off[:, target.visible].mean(1) if target.visible.any() else off.mean(1)


def told_of(target: Target) -> str:
    """A sentence on what had to be guessed; empty where everything is drawn."""
    guessed = " and ".join(f"the {limb.replace('_', ' ')}" for limb in target.missing_limbs)
    return f"Guessed, for want of joints: {guessed}." if guessed else ""


def _tell(progress: Progress | None, step: int, steps: int) -> None:
    if progress is not None:
        progress(step / (steps + 1), "lifting")


def bodies_of(stances: Stance, before: BodyPose | None) -> list[BodyPose]:
    """The stances as body poses; what a lift does not look at is as in `before`."""
    return [_pose(stances.chosen([i]), before) for i in range(len(stances.turns))]


def _pose(stance: Stance, before: BodyPose | None) -> BodyPose:
    """One stance as a body pose; what a lift does not look at, such as the expression, is as before."""
    base = BodyPose() if before is None else before
    betas = np.zeros(max(len(base.betas), stance.betas.shape[1]))
    betas[: stance.betas.shape[1]] = stance.betas[0]
    posed = base.with_axis_angles(axis_angles(stance.turns[0]))
    return replace(posed, betas=betas, translation=stance.translation[0])
