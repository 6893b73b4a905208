"""From landmarks to a face: jaw, expression and shape, each likely by a prior of its own.

Either places in space about the head, as in the paper's inverse kinematics, or landmarks of any head, in space or in a
picture, whose turn and place are searched for too. Nothing here looks at colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize, pad

from engine import rotation
from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.networks.dposer import dims
from engine.prior import Prior
from engine.progress import Progress
from engine.schedules import Schedule
from engine.skeleton import face68
from engine.tasks.descent import Descent, checked, guided, seen_share
from engine.tasks.figures import effective, held_at, middle, named_joints, rigid, seen_points
from engine.tasks.guides import DiffusionGuide, Draws, Guide
from engine.tasks.inverse import Inverse
from engine.tasks.recovery_terms import Lens, in_world
from engine.tied_points import TiedPoints

# What a face is found by: five joints about it, the landmarks within it, and its contour.
joints = ("neck", "head", "jaw", "left_eye", "right_eye")
points = (*joints, *face68.joints[17:], *face68.joints[:17])


def _of(prefix: str, *numbers: int) -> tuple[str, ...]:
    return tuple(f"face_{prefix}_{n}" for n in numbers)


# The published halves; the nose's ridge and what is in the middle belong to neither.
halves = {
    "left": (
        *_of("left_brow", *range(1, 6)), *_of("nose", 8, 9), *_of("left_eye", *range(1, 7)),
        *_of("mouth", *range(5, 10), 16, 17, 18), *_of("jaw", *range(10, 18)),
    ),
    "right": (
        *_of("right_brow", *range(1, 6)), *_of("nose", 5, 6), *_of("right_eye", *range(1, 7)),
        *_of("mouth", 1, 2, 3, 11, 12, 13, 14, 20), *_of("jaw", *range(1, 9)),
    ),
}  # fmt: skip
_ten = range(10)
_rounds = Inverse(Schedule(start=0.2, end=0.05), 20, 0.05, (500.0,) * 10, (0.001,) * 10, "square", "sum")
# All points are seen, with so many millimetres of noise.
noisy = {
    mm: replace(_rounds, prior=tuple(0.001 * weight / (1 + i) for i in _ten))
    for mm, weight in ((0, 0.1), (1, 0.5), (2, 1.0), (5, 2.0))
}
# A half is hidden, the other exact.
partial = replace(_rounds, data=tuple(100.0 * (1 + i) for i in _ten), prior=tuple(0.0001 / (1 + i) for i in _ten))
# This project's, for landmarks of a network or an artist: a few millimetres off.
landmarks = replace(noisy[2], steps=40)
_jaw = 2.0  # of the other rates
_turn, _move = 0.02, 0.004  # rates of a head's own turn and place, rad and metres
_sideways = math.radians(12)  # heads turned further show another contour than the front's


class Faces(NamedTuple):
    """Faces found: `face` (B, 103), jaw ++ expression, `betas` (B, 100); the head's `turn`, `place` (B, 3)."""

    face: Tensor
    betas: Tensor
    turn: Tensor
    place: Tensor


class FacePoints:
    """Points about a body's face, the head's joint in the origin. Made once for many searches."""

    names = points

    def __init__(self, body: Body) -> None:
        self.body = body
        self.betas = effective(body.shapes.beta_columns)
        self.expressions = effective(body.shapes.expression_columns)
        chosen = [*named_joints(joints), *seen_points(points[len(joints) :])]
        self.tied = TiedPoints(body, body.chosen(chosen), ("jaw",), self.betas, self.expressions)

    def __call__(self, jaw: Tensor, expression: Tensor, betas: Tensor) -> Tensor:
        """The points (B, 73, 3), metres from the head's joint in its own axes; as many numbers as the body has."""
        found = self.tied(jaw[:, None], torch.cat([betas, expression], 1))
        return found - found[:, 1:2]  # the head is the second joint


@dataclass(frozen=True)
class FaceGuides:
    """What tells how likely a face is: a guide of jaw ++ expression, and one of the shape."""

    face: Guide
    shape: Guide

    @classmethod
    def of(cls, face: Prior, shape: Prior) -> FaceGuides:
        """Two priors, as the published weights take them."""
        return cls(*(DiffusionGuide(prior, _rounds.weighting, _rounds.reduction) for prior in (face, shape)))


def faces_at(
    points: FacePoints, places: Tensor, guides: FaceGuides, settings: Inverse = noisy[0],
    hidden: Tensor | None = None, seed: int = 0, progress: Progress | None = None,
) -> Faces:  # fmt: skip
    """Faces whose points lie at `places` (B, 73, 3), metres from the head's joint in its own axes, as `points` lists.

    `hidden` (73,) or (B, 73) are not looked at.
    """
    places = checked(places, len(points.names), 3, "places of a face")
    seen = seen_share(hidden, len(places), len(points.names), "points of a face")
    search = _Search(points, len(places), seed, progress)
    search.run(lambda found: (found - places) * seen, guides, settings, loose=False)
    return search.faces


class _Search:
    """Faces while they are searched for, heads and all."""

    def __init__(self, points: FacePoints, rows: int, seed: int, progress: Progress | None) -> None:
        self.points, self.seed, self.progress = points, seed, progress
        self.jaw, self.turn, self.place = (torch.zeros(rows, 3) for _ in range(3))
        self.expression, self.betas = torch.zeros(rows, points.expressions), torch.zeros(rows, points.betas)

    @property
    def faces(self) -> Faces:
        return Faces(self._face, self._shape, self.turn, self.place)

    @property
    def _face(self) -> Tensor:
        return pad(torch.cat([self.jaw, self.expression], 1), (0, dims["face"] - 3 - self.points.expressions))

    @property
    def _shape(self) -> Tensor:
        return pad(self.betas, (0, dims["face-shape"] - self.points.betas))

    def points_now(self) -> Tensor:
        """The points (B, 73, 3), metres, where the heads are."""
        found = self.points(self.jaw, self.expression, self.betas)
        return found @ rotation.matrix(self.turn).mT + self.place[:, None]

    def run(
        self, off: Callable[[Tensor], Tensor], guides: FaceGuides | None, settings: Inverse, loose: bool
    ) -> None:  # fmt: skip
        """Lower what points are off, metres, whatever numbers tell it; `loose` heads turn and move. Without guides, a
        head alone is placed."""
        noise, times = Draws(self.seed), settings.schedule.times(settings.total, self.seed)
        known = guides and (
            guided(guides.face, dims["face"], times), guided(guides.shape, dims["face-shape"], times)
        )  # fmt: skip

        def loss(step: int) -> Tensor:
            data, likely = settings.weights(step)
            now = self.points_now() if loose else self.points(self.jaw, self.expression, self.betas)
            total = data * off(now).square().flatten(1).mean(1)
            if known is None:
                return total
            both = zip(known, (self._face, self._shape), strict=True)
            return total + likely * sum(guide.penalty(part, times[step : step + 1], noise) for guide, part in both)

        rate = settings.rate
        variables = [(self.turn, _turn), (self.place, _move)] if loose else []
        if guides is not None:
            variables += [(self.jaw, _jaw * rate), (self.expression, rate), (self.betas, rate)]
        variables = [(part, rate) for part, rate in variables if part.shape[1]]
        Descent(settings.total, "Shaping faces", self.progress).run(loss, variables, settings.total, settings.pace)


# ── heads wherever they are ──


@dataclass(frozen=True, eq=False)
class RecoveredFaces:
    """Faces; straight `poses` of bodies that have them, heads where they were seen, in their cameras' worlds or in the
    places' frame; and `error` (B,), the mean distance of the landmarks, px or metres."""

    faces: Faces
    poses: tuple[BodyPose, ...]
    error: np.ndarray


def recovered_faces(
    points: FacePoints, places: Tensor, guides: FaceGuides, cameras: Sequence[Camera] | None = None,
    names: Sequence[str] = face68.joints, hidden: Tensor | None = None, settings: Inverse = landmarks,
    seed: int = 0, progress: Progress | None = None,
) -> RecoveredFaces:  # fmt: skip
    """The faces whose landmarks, by `names`, were seen at `places`: (B, N, 2) px, a camera each, or (B, N, 3) metres.

    In pictures, the contour counts for heads that face the camera alone: as a head turns it slides round the face.
    """
    if unknown := [name for name in names if name not in points.names]:
        raise ValueError(f"expected landmarks of face68 or joints about the face, got {unknown[0]!r}")
    places = checked(places, len(names), 3 if cameras is None else 2, "landmarks")
    if cameras is not None and len(cameras) != len(places):
        raise ValueError(f"expected a camera for each of {len(places)} faces, got {len(cameras)}")
    seen = seen_share(hidden, len(places), len(names), "landmarks")
    if (few := int(seen.sum(1).min())) < _fewest:
        raise ValueError(f"expected at least {_fewest} landmarks in every row, got {few}")
    rows = [points.names.index(name) for name in names]
    search = _Search(points, len(places), seed, progress)
    if cameras is None:
        off = _in_space(search, places, seen, rows)
    else:
        off, seen = _in_pictures(search, places, seen, rows, Lens.of(cameras), settings)
    search.run(off, guides, settings, loose=True)
    with torch.no_grad():
        found = search.points_now()[:, rows]
        apart = ((found if cameras is None else Lens.of(cameras)(found)) - places).norm(dim=-1, keepdim=True)
        error = (apart * seen).sum((1, 2)) / seen.sum((1, 2))
    poses = [_posed(points.body, search.faces, row, cameras[row] if cameras else None) for row in range(len(places))]
    return RecoveredFaces(search.faces, tuple(poses), error.numpy())


Off = Callable[[Tensor], Tensor]
_fewest = 6  # landmarks, for a turn, a place and a size


def _in_space(search: _Search, places: Tensor, seen: Tensor, rows: list[int]) -> Off:
    """Heads laid on their landmarks; what the points are off from there."""
    points = search.points_now()[:, rows]
    turn = rigid(points, places, seen)
    search.turn = rotation.axis_angle(turn)
    search.place = middle(places - points @ turn.mT, seen)
    return lambda found: (found[:, rows] - places) * seen


def _in_pictures(
    search: _Search, places: Tensor, seen: Tensor, rows: list[int], lens: Lens, settings: Inverse
) -> tuple[Off, Tensor]:  # fmt: skip
    """Heads placed in front of their cameras; what the points are off, in metres at their depth; which still count."""
    points = search.points_now()[:, rows]
    spread, size = ((x - middle(x, seen)[:, None])[..., :2].mul(seen).norm(dim=(1, 2)) for x in (points, places))
    depth = lens.length * spread / size.clamp_min(1e-3)
    search.place = lens.placed(middle(places, seen), depth) - middle(points, seen)
    scale = (depth / lens.length)[:, None, None]
    weights = [seen]

    def off(found: Tensor) -> Tensor:
        return (lens(found[:, rows]) - places) * scale * weights[0]

    search.run(off, None, replace(settings, steps=30), loose=True)
    sight = normalize(-search.place, dim=1)
    ahead = rotation.matrix(search.turn)[..., 2]
    turned = (sight * ahead).sum(1) < math.cos(_sideways)
    contour = torch.tensor([search.points.names[row].startswith("face_jaw_") for row in rows])
    weights[0] = seen * ~(turned[:, None] & contour)[..., None]
    return off, weights[0]


def _posed(body: Body, faces: Faces, row: int, camera: Camera | None) -> BodyPose:
    face, betas, turn, place = (part[row].double().numpy() for part in faces)
    few = min(100, body.betas), min(100, body.expressions)
    pose = BodyPose(root=turn, jaw=face[:3], betas=betas[: few[0]], expression=face[3 : 3 + few[1]])
    pose = held_at(body, pose, "head", place)
    return pose if camera is None else in_world(body, pose, camera)
