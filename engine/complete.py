"""Parts of a drawn figure that nobody drew, as they may well be: several answers, each in space and in the drawing.

The body that stands for the figure → its hidden turns filled in by the pose prior (DPoser-X, section 4.2), within the
joints' limits → the likeliest of those that differ most → where the drawing's camera sees them, set on the figure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.fit_points import least_trust
from engine.fit_steps import Near, Seen, Stance, Term, Within, refined
from engine.hidden_parts import Hidden, drawn_hands, hidden_of, unseen
from engine.limits import Limits
from engine.natural import Natural
from engine.networks.dposer import parts as columns
from engine.point_rig import PointRig, below
from engine.pose import Person
from engine.posing import blended
from engine.prior_file import PriorFolder
from engine.progress import Progress
from engine.rig import axis_angles, joints, matrices
from engine.set_on_drawing import set_on
from engine.skeleton import sides
from engine.tasks.completion import Completion, complete, wide
from engine.tasks.guides import Draws
from engine.tasks.one_step import OneStep
from engine.tasks.vectors import body_joints, hand_joints, hidden_by

most_choices = 10
# As good as ten times the steps, by scripts/evaluation/hidden_hands.py: the start is drawn by the diffusion already.
quick = replace(wide, rounds=1, steps=25, sampling=20)
_drawn, _fewest = 3, 24  # answers looked at for each one shown, and at least
_kept = 0.7  # of them, the likeliest, among which those that differ are sought
_face_times = (0.7, 0.5, 0.3)  # a face is noised so far, and denoised
_face_strength = 0.9  # of what the prior makes of it: drawn faces are quiet
_jaw_widest, _jaw_counts = 0.25, 6.0  # rad; and units of expression that a radian counts as


@dataclass(frozen=True, eq=False)
class Choice:
    """One way to complete a figure: the drawing, the body that stands for it, how unlikely it is (`engine.natural`)."""

    person: Person
    pose: BodyPose
    unnatural: float


class Completer:
    """What completes figures by one body and the priors; keep it, for it takes a moment to get ready."""

    def __init__(
        self, body: Body, priors: PriorFolder, natural: Natural, stand: Callable[[Person, Camera], BodyPose],
        limits: Limits | None = None,
    ) -> None:  # fmt: skip
        """`stand` finds the body of a drawn figure, near to the one that it has."""
        self.body, self.priors, self.natural, self.stand, self.limits = body, priors, natural, stand, limits

    def stood(self, person: Person, camera: Camera, hide: Iterable[str]) -> BodyPose:
        """The body that stands as the figure is drawn, what `hide` names left out of it.

        ValueError says which joints that takes.
        """
        hidden = hidden_of(person, hide)
        pose = self.stand(unseen(person, hidden), camera)
        return pose if person.body is None else _with(pose, person.body.axis_angles, hidden.turns)

    def completed(
        self, person: Person, camera: Camera, pose: BodyPose, hide: Iterable[str], choices: int = 5, seed: int = 0,
        progress: Progress | None = None,
    ) -> tuple[Choice, ...]:  # fmt: skip
        """So many ways to fill in what `hide` names, of parts or joints (`hidden_parts.named`), the likeliest first.

        `pose` stands for what is seen of the figure; its hidden turns do not matter. The same seed gives the same
        choices. `progress` may raise Cancelled. ValueError for names, or a number of choices, that cannot be.
        """
        if not 1 <= choices <= most_choices:
            raise ValueError(f"expected 1 … {most_choices} choices, got {choices}")
        hidden = hidden_of(person, hide)
        poses = self._filled(person, pose, hidden, choices, seed, progress)
        if hidden.turns:
            poses = self._laid(person, camera, poses, hidden)
        unnatural = self.natural.unnatural(poses)
        chosen = self._different(poses, unnatural, hidden, choices)
        poses = [poses[i] for i in chosen]
        if hidden.face:
            poses = self._faces(poses, seed)
        if progress is not None:
            progress(0.95, "drawing")
        return tuple(
            Choice(self.drawn(person, pose, camera, hidden), pose, float(unnatural[i]))
            for i, pose in zip(chosen, poses, strict=True)
        )

    def drawn(self, person: Person, pose: BodyPose, camera: Camera, hidden: Hidden) -> Person:
        """The figure with its hidden points where the body has them; the body stands for it."""
        return replace(set_on(person, self.body.seen(pose, camera, hidden.skeleton), hidden), body=pose)

    def blended(
        self, person: Person, camera: Camera, base: BodyPose, choice: BodyPose, hide: Iterable[str], amount: float
    ) -> Choice:
        """On the way from the figure as it was, and `base` with it, to a choice: 0 is as drawn, 1 the choice.

        Joints turn the shortest way. Points that were drawn begin where they were drawn, not where the body has them.
        """
        if not 0 <= amount <= 1:
            raise ValueError(f"expected an amount of 0 … 1, got {amount}")
        hidden = hidden_of(person, hide)
        pose = blended(base, choice, amount)
        between = self.drawn(person, pose, camera, hidden)
        whole = person.to(hidden.skeleton)
        rows = [hidden.skeleton.index(name) for name in hidden.placed]
        rows = [i for i in rows if whole.states[i] != "missing"]
        points = between.points.copy()
        if rows and amount < 1:
            start = self.drawn(person, base, camera, hidden).points
            points[rows] += (1 - amount) * (whole.points[rows] - start[rows])
        return Choice(replace(between, points=points), pose, float(self.natural.unnatural([pose])[0]))

    # ── in space ──

    def _filled(
        self, person: Person, pose: BodyPose, hidden: Hidden, choices: int, seed: int, progress: Progress | None
    ) -> list[BodyPose]:
        """Bodies with their hidden turns drawn from the prior, within limits."""
        if not hidden.turns:
            return [pose] * choices
        count = max(_fewest, _drawn * choices)
        known = set(sides) if person.body is not None else set(drawn_hands(person))
        answers = self._answers(pose, hidden, known, count, seed, progress)
        found = []
        for turns in answers:
            one = pose.with_axis_angles(turns)
            if self.limits is not None:
                one = _with(pose, self.limits.clamped(one).axis_angles, hidden.turns)
            found.append(one)
        return found

    def _answers(
        self, pose: BodyPose, hidden: Hidden, hands: Collection[str], count: int, seed: int, progress: Progress | None
    ) -> np.ndarray:
        """All turns (count, 55, 3) with the hidden ones the prior's."""
        told = (lambda share, text: progress(0.8 * share, text)) if progress is not None else None
        turns = torch.from_numpy(pose.axis_angles).float()
        rows = [joints.index(name) for name in body_joints]
        available = None
        if hidden.hands:
            prior = self.priors.prior("wholebody", "fused")
            rows += [joints.index(name) for side in sides for name in hand_joints[side]]
            vector = torch.cat([turns[rows].flatten(), turns.new_zeros(prior.dims - 3 * len(rows))])
            there = [True, *(side in hands or side in hidden.hands for side in sides), False]
            available = torch.tensor([there])
            for side, is_there in zip(sides, there[1:3], strict=True):
                if not is_there:
                    vector[columns[f"{side}_hand"]] = 0
        else:
            prior, vector = self.priors.prior("body"), turns[rows].flatten()
        settings: Completion = quick
        mask = hidden_by(prior.part, [name for name in joints if name in hidden.turns])
        found = complete(prior, vector[None], mask, settings, count, seed, told, available)[0]
        every = turns.expand(count, *turns.shape).clone()
        every[:, rows] = found[:, : 3 * len(rows)].unflatten(1, (-1, 3))
        kept = [n for n, name in enumerate(joints) if name not in hidden.turns]
        every[:, kept] = turns[kept]
        return every.double().numpy()

    def _laid(self, person: Person, camera: Camera, poses: list[BodyPose], hidden: Hidden) -> list[BodyPose]:
        """The bodies with hidden turns bent until drawn points that hang on them are where they are drawn."""
        drawn = _hanging(person, hidden)
        if not drawn:
            return poses
        rig = PointRig.of(self.body, drawn, len(poses[0].betas))
        rows = [person.skeleton.index(name) for name in drawn]
        active = [n for n, name in enumerate(joints) if name in hidden.turns]
        stance = Stance(
            matrices(np.stack([one.axis_angles for one in poses])),
            np.stack([one.betas[: rig.betas] for one in poses]),
            np.stack([one.translation for one in poses]),
        )
        size = camera.focal / float(np.median(camera.in_camera(stance.translation)[:, 2].clip(0.1))) * 1.66
        terms: list[Term] = [
            Seen(camera, person.points[rows], np.ones(len(rows)), 0.01 * size, 0.2 * size),
            Near(stance.turns, np.full((len(joints), 3), 0.35)),
        ]
        if self.limits is not None:
            terms.append(Within(self.limits, 0.1))
        found, _ = refined(rig, stance, active, terms, 10, moving=False)
        return [_with(one, axis_angles(turns), hidden.turns) for one, turns in zip(poses, found.turns, strict=True)]

    def _different(
        self, poses: Sequence[BodyPose], unnatural: np.ndarray, hidden: Hidden, count: int
    ) -> list[int]:  # fmt: skip
        """Of the likeliest, so many that lie farthest apart, the likeliest first."""
        if not hidden.turns:
            return list(range(count))
        with torch.no_grad():
            places = self.body.joints(self.body.poses(*poses)).double().numpy()
        moving = [n for n in range(len(joints)) if any(below[n, joints.index(name)] for name in hidden.turns)]
        places = places[:, moving]
        order = np.argsort(unnatural, kind="stable")[: max(count, int(_kept * len(poses)))]
        return sorted(_spread(places, order, count), key=lambda i: unnatural[i])

    # ── faces ──

    def _faces(self, poses: Sequence[BodyPose], seed: int) -> list[BodyPose]:
        """The bodies with a face each, the first one's at rest, then the quieter ones: the rest tells little of it."""
        prior = self.priors.prior("face")
        with torch.no_grad():
            x = prior.normaliser(torch.zeros(_drawn * len(poses), prior.dims))
            noise, steps = Draws(seed), OneStep(prior.diffusion, torch.tensor(_face_times))
            for k in range(len(_face_times)):
                x = steps.clean(x, k, noise(x))
            found = _face_strength * prior.normaliser.raw(x)
        faces = np.concatenate([np.zeros((1, prior.dims)), found.double().numpy()])
        faces[:, 0] = faces[:, 0].clip(0, _jaw_widest)
        apart = faces * np.where(np.arange(prior.dims) < 3, _jaw_counts, 1.0)
        chosen = _spread(apart, np.arange(len(faces)), len(poses))
        quiet = sorted(chosen, key=lambda i: float(np.linalg.norm(apart[i])))
        return [self._with_face(pose, faces[i]) for pose, i in zip(poses, quiet, strict=True)]

    def _with_face(self, pose: BodyPose, face: np.ndarray) -> BodyPose:
        """The body with jaw and expression of the prior's numbers (103,), as many as it has."""
        count = min(max(len(pose.expression), 10), self.body.expressions)
        jaw, expression = np.array([face[0], 0.0, 0.0]), face[3 : 3 + count]
        return replace(pose, jaw=jaw, expression=expression, face_units=np.zeros_like(pose.face_units))


def _spread(places: np.ndarray, order: np.ndarray, count: int) -> list[int]:
    """So many of the rows (N, …) in `order` that lie farthest apart, the first of them always."""
    chosen = [int(order[0])]
    far = np.full(len(places), np.inf)
    while len(chosen) < count:
        gap = places - places[chosen[-1]]
        gap = np.linalg.norm(gap, axis=-1)
        far = np.minimum(far, gap.mean(1) if gap.ndim > 1 else gap)
        chosen.append(int(order[np.argmax(np.where(np.isin(order, chosen), -1.0, far[order]))]))
    return chosen


def _with(pose: BodyPose, turns: np.ndarray, names: Collection[str]) -> BodyPose:
    """The body with the named joints turned as in `turns` (55, 3); the others keep their numbers."""
    here = np.array([name in names for name in joints])
    return pose.with_axis_angles(np.where(here[:, None], turns, pose.axis_angles))


def _hanging(person: Person, hidden: Hidden) -> tuple[str, ...]:
    """Points that are drawn, and that hidden turns would move: a wrist whose elbow alone is hidden."""
    turning = [joints.index(name) for name in hidden.turns]
    found = []
    for name, state, score in zip(person.skeleton.joints, person.states, person.scores, strict=True):
        if state == "missing" or name in hidden.placed or score <= least_trust:
            continue
        joint = _carrier_of.get(name)
        if joint is not None and any(below[joint, k] for k in turning):
            found.append(name)
    return tuple(found)


# Points of drawings whose places joints of the body tell: for each, the last joint whose turn moves it.
_movers = {
    "shoulder": "collar", "elbow": "shoulder", "wrist": "elbow", "knee": "hip", "ankle": "knee", "big_toe": "foot",
    "small_toe": "foot", "heel": "ankle",
}  # fmt: skip
_carrier_of = {f"{side}_{point}": joints.index(f"{side}_{turn}") for side in sides for point, turn in _movers.items()}
_carrier_of |= dict.fromkeys(("nose", "left_eye", "right_eye", "left_ear", "right_ear"), joints.index("head"))
