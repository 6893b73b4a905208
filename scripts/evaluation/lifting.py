"""How well lifting finds bodies that are known: held-out poses in bodies of chance shapes, projected and shaken."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.fit_points import target_of
from engine.fit_steps import Misfit, Situation, Term
from engine.lift import Lifter, Settings, bodies_of
from engine.lift_steps import Pull
from engine.mixture import Mixture
from engine.pose import Person
from engine.pose_metrics import aligned
from engine.pose_sets import PoseSet
from engine.rig import axis_angles, crossing, matrices
from engine.skeleton import Skeleton, coco17, wholebody133

noise = 0.02  # of the figure's box, as a mean distance
size = (768, 1024)
_main = slice(0, 22)
_body = slice(1, 22)


@dataclass(frozen=True, eq=False)
class Drawn:
    """A body that is known, the camera that saw it, its shaken points, and its box's longer side, px."""

    pose: BodyPose
    camera: Camera
    person: Person
    box: float


def drawn(
    body: Body, poses: PoseSet, hands: PoseSet, count: int, seed: int, skeleton: Skeleton = wholebody133
) -> list[Drawn]:
    """Figures of the sets, drawn by chance: any side, mostly level cameras of short and long lenses, other people's
    shapes; every point is off by `noise` of the box on the mean."""
    random = np.random.default_rng(seed)
    found = []
    for row in random.choice(len(poses), count, p=poses.chances):
        assert poses.root is not None
        turned = np.array((0.0, random.uniform(-np.pi, np.pi), 0.0))
        fingers = hands.poses[random.choice(len(hands), 2, p=hands.chances)].reshape(2, 15, 3)
        pose = BodyPose(
            root=axis_angles(matrices(turned) @ matrices(poses.root[row].astype(float))),
            body=poses.poses[row].reshape(21, 3).astype(float),
            hands=fingers * np.array([[[1, -1, -1]], [[1, 1, 1]]]),
            betas=np.append(random.normal(0, 1, 5), np.zeros(5)),
        )
        camera = _camera(body, pose, random)
        points = body.seen(pose, camera, skeleton)
        box = float(np.ptp(points, axis=0).max())
        points = points + random.normal(0, noise * box * np.sqrt(2 / np.pi), points.shape)
        person = Person(skeleton, points, np.ones(len(skeleton)), sources=("model",) * len(skeleton))
        found.append(Drawn(pose, camera, person, box))
    return found


def _camera(body: Body, pose: BodyPose, random: np.random.Generator) -> Camera:
    places = places_of(body, pose)
    middle = (places.min(0) + places.max(0)) / 2
    focal, pitch = random.uniform(0.8, 2.5) * max(size), random.normal(0.08, 0.2)
    away = focal * 1.75 / (size[1] * random.uniform(0.5, 0.85))
    return Camera.looking_at(middle, middle + away * np.array((0, np.sin(pitch), np.cos(pitch))), size, focal)


def places_of(body: Body, pose: BodyPose) -> np.ndarray:
    """The joints (55, 3), metres."""
    with torch.no_grad():
        return body.joints(body.poses(pose))[0].double().numpy()


# ── who is compared ──


@dataclass(frozen=True)
class Found:
    """What a contestant made of figures, each a mean: MPJPE and PA-MPJPE of its answer, mm; the MPJPE of the best of
    its readings; mean distances in the picture, per cent of the box, to the points as drawn and as they truly are;
    seconds a figure."""

    mpjpe: float
    pa: float
    best: float
    drawn: float
    true: float
    seconds: float

    @property
    def cells(self) -> tuple[tuple[float, ...], ...]:
        """One figure a column."""
        return (self.mpjpe,), (self.pa,), (self.best,), (self.drawn,), (self.true,), (1000 * self.seconds,)


Answer = Callable[[Drawn], Sequence[BodyPose]]  # readings, the chosen one first


def measured(body: Body, figures: Iterable[Drawn], answer: Answer) -> Found:
    """A contestant's figures."""
    rows = []
    for one in figures:
        began = time.perf_counter()
        readings = answer(one)
        took = time.perf_counter() - began
        true = _rooted(places_of(body, one.pose))
        there = [_rooted(places_of(body, pose)) for pose in readings]
        off = [1000 * np.linalg.norm(place - true, axis=1).mean() for place in there]
        alike = aligned(there[0][None], true[None])[0]
        seen = body.seen(readings[0], one.camera, one.person.skeleton)
        points = one.person.points, body.seen(one.pose, one.camera, one.person.skeleton)
        errors = [100 * np.linalg.norm(seen - each, axis=1).mean() / one.box for each in points]
        rows.append((off[0], 1000 * np.linalg.norm(alike - true, axis=1).mean(), min(off), *errors, took))
    return Found(*np.mean(rows, axis=0).tolist())


def _rooted(places: np.ndarray) -> np.ndarray:
    return places[_main] - places[0]


def by_fitter(lifter: Lifter) -> Answer:
    """Examples of what people do and least squares, with no network at all."""
    return lambda one: [lifter.fitter.fitted(one.person, one.camera).pose]


def by_first_guess(lifter: Lifter, count: int = 8) -> Answer:
    """The network's guesses as they are."""

    def answer(one: Drawn) -> Sequence[BodyPose]:
        first = lifter.guessed(target_of(one.person), one.camera, count)
        return bodies_of(first._replace(betas=first.betas[:, : lifter.fitter.rig.betas]), None)

    return answer


def by_search(
    lifter: Lifter, pull: Callable[[], Pull], unlikely: Callable[[Sequence[BodyPose]], np.ndarray], liking: float,
    count: int = 14,
) -> Answer:  # fmt: skip
    """The same first guesses and search, with another prior: what pulls, and what is chosen by beside the misfit."""

    def answer(one: Drawn) -> Sequence[BodyPose]:
        target = target_of(one.person)
        found, cost = lifter.laid(target, one.camera, lifter.guessed(target, one.camera, count), pull())
        poses = bodies_of(found, None)
        order = np.argsort(cost + (liking * unlikely(poses) if liking else 0), kind="stable")
        return [poses[i] for i in order]

    return answer


def with_settings(lifter: Lifter, **changed: float) -> Lifter:
    """The lifter with other settings."""
    settings: Settings = replace(lifter.settings, **changed)  # type: ignore[arg-type]
    return Lifter(lifter.body, lifter.fitter, lifter.initialiser, lifter.natural, settings)


# ── the mixture of Gaussians in the same search ──


@dataclass(frozen=True, eq=False)
class MixturePull:
    """Draws stances to the middle of the nearest Gaussian, by its own measure (SMPLify's prior)."""

    mixture: Mixture
    strength: float

    def terms(self, turns: np.ndarray, k: int, part: str = "body") -> Sequence[Term]:
        return (_Mahalanobis(self.mixture, self.strength),) if part == "body" else ()


@dataclass(frozen=True, eq=False)
class _Mahalanobis:
    mixture: Mixture
    strength: float

    def misfit(self, now: Situation) -> Misfit:
        x = axis_angles(now.stance.turns[:, _body])
        vectors = torch.from_numpy(x.reshape(len(x), -1)).float()
        best = (self.mixture.distances(vectors) + self.mixture.offsets).argmin(1)
        roots = np.sqrt(self.strength) * self.mixture.whitening[best].double().numpy()
        off = (vectors - self.mixture.means[best]).double().numpy()
        residuals = (roots @ off[..., None])[..., 0]
        slopes = np.zeros((*residuals.shape, 3 * len(now.active) + now.stance.betas.shape[1] + 3))
        by_turns = _by_turns(x)
        for column, joint in enumerate(now.active):
            if joint in range(_body.start, _body.stop):
                at = 3 * (joint - _body.start)
                slopes[..., 3 * column : 3 * column + 3] = roots[..., at : at + 3] @ by_turns[:, joint - _body.start]
        return Misfit((residuals**2).sum(-1), residuals, slopes)


def _by_turns(x: np.ndarray) -> np.ndarray:
    """How axis-angles (..., 3) answer to small turns after them: the inverse right Jacobian of SO(3), (..., 3, 3)."""
    angle = np.linalg.norm(x, axis=-1)[..., None, None]
    safe = np.where(angle > 1e-4, angle, 1.0)
    second = np.where(angle > 1e-4, 1 / safe**2 - (1 + np.cos(safe)) / (2 * safe * np.sin(safe)), 1 / 12)
    skew = crossing(x)
    return np.eye(3) + 0.5 * skew + second * (skew @ skew)


def energies(mixture: Mixture) -> Callable[[Sequence[BodyPose]], np.ndarray]:
    """How unlikely a mixture takes bodies for."""
    return lambda poses: mixture.energy(
        torch.from_numpy(np.stack([pose.body.reshape(-1) for pose in poses])).float()
    ).double().numpy()  # fmt: skip


skeletons = {"133 points": wholebody133, "17 points": coco17}
