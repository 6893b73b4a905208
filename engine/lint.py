"""What looks off about a figure, in words, each with what sets it right: sides, lengths, hands, face, bent joints.

Drawn points are judged by the likeliest ways a body stands as they do; a body in space by the limits of its joints and
by whether it can follow its drawing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.fit import Fitter
from engine.fit_points import target_of
from engine.lint_checks import checks
from engine.lint_glance import Glance
from engine.lint_mends import mends
from engine.lint_sight import Issue, Mend, Sight, called
from engine.pose import Person
from engine.rig import joints, matrices

__all__ = ["Issue", "Linter", "Mend"]

# Beyond its limit, rad, before a joint is told of; people at their own limits go a little further than most.
_bent, _bent_finger = np.radians(12), np.radians(25)
_unfollowed = 0.09  # of a figure's height: a drawn joint that its body stays so far from
_in_step = 0.04  # of a figure's height: joints further off than this, on the whole, are no drawing of that body
_limbs = tuple(f"{side}_{part}" for part in ("elbow", "wrist", "knee", "ankle") for side in ("left", "right"))
_rounds = 8  # of "set all right"


class Linter:
    """What judges figures for one body; keep it, for it takes a moment to get ready."""

    def __init__(self, fitter: Fitter) -> None:
        self.fitter = fitter
        self.glance = Glance(fitter)

    # ── what looks off ──

    def issues(self, person: Person, camera: Camera) -> tuple[Issue, ...]:
        """What looks off, the worst first; nothing for a figure of which too little is known, or no person's.

        The person's `body` counts where it stands as the figure is drawn.
        """
        found: list[Issue] = []
        try:
            sight = self.sight(person, camera)
        except ValueError:  # too few joints, an animal, a hand alone
            sight = None
        if sight is not None:
            found += [issue for check in checks for issue in check(sight)]
            if any(issue.kind == "exchanged" for issue in found):  # what follows from it is told once that is right
                found = [issue for issue in found if issue.kind not in ("face_away", "head_away")]
        if person.body is not None:
            found += self._bent(person.body)
            if sight is not None:
                found += self._beyond(sight, person.body, found)
        return tuple(sorted(found, key=lambda issue: -issue.badness))

    def sight(self, person: Person, camera: Camera) -> Sight:
        """The figure as it is looked at; ValueError where too little of it is known."""
        target = target_of(person)
        return Sight(person, target, camera, self.glance.readings(target, camera), self.fitter.rig)

    def _bent(self, pose: BodyPose) -> list[Issue]:
        limits = self.fitter.limits
        if limits is None:
            return []
        excess = limits.excess(torch.from_numpy(pose.axis_angles)[None])[0].numpy()
        found = []
        for i, name in enumerate(joints[:22]):
            if excess[i] > _bent:
                degrees = f"{np.degrees(excess[i]):.0f}°"
                sentence = f"The {_words.get(name, called(name))} turns {degrees} further than joints go."
                found.append(Issue("limit", (name,), float(excess[i] / _bent), sentence, ("limit",)))
        for side in ("left", "right"):
            hand = [i for i, name in enumerate(joints) if name.startswith(f"{side}_hand_") and excess[i] > _bent_finger]
            if hand:
                bent = tuple(joints[i] for i in hand)
                which = "A finger" if len(hand) == 1 else "Fingers"
                sentence = f"{which} of the {side} hand bend{'s' * (len(hand) == 1)} further than fingers go."
                found.append(Issue("limit", bent, float(excess[hand].max() / _bent_finger), sentence, ("limit",)))
        return found

    def _beyond(self, sight: Sight, pose: BodyPose, found: list[Issue]) -> list[Issue]:
        """Limbs that the body leaves, though it stands as the rest is drawn."""
        names = sight.having(*_limbs, "left_shoulder", "right_shoulder", "left_hip", "right_hip")
        off = {name: float(np.linalg.norm(by)) / sight.height for name, by in self._off(sight, pose, names).items()}
        told = {joint for issue in found if issue.kind in ("length", "exchanged") for joint in issue.joints}
        if not off or np.median(list(off.values())) > _in_step:
            return []
        return [
            Issue(
                "beyond", (name,), off[name] / _unfollowed,
                f"The body cannot follow the drawn {called(name)}: it would bend or stretch too far.", ("follow",),
            )
            for name in names
            if name in _limbs and off[name] > _unfollowed and name not in told
        ]  # fmt: skip

    def _off(self, sight: Sight, pose: BodyPose, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """From drawn points to where the body has them, px, by name."""
        if not names:
            return {}
        rig = self.fitter.rig.chosen(names)
        betas = np.zeros((1, rig.betas))
        betas[0, : len(pose.betas)] = pose.betas[: rig.betas]
        placed = rig.placed(matrices(pose.axis_angles)[None], betas, pose.translation[None])
        seen = sight.camera.project(placed.points[0])
        return {name: seen[i] - sight.at(name) for i, name in enumerate(names)}

    # ── setting it right ──

    def mended(self, person: Person, camera: Camera, issue: Issue, mend: Mend | None = None) -> Person:
        """The figure with the issue set right: by the mend asked for, else by the first that rids it of the issue.

        A body whose joints are eased takes its drawing along; after any other mend it is the drawing that has changed.
        ValueError when nothing does it.
        """
        for name in issue.mends if mend is None else (mend,):
            after = self._after(person, camera, issue, name)
            if not any(issue.same(other) for other in self.issues(_without_body(after, name), camera)):
                return after
        raise ValueError("expected something that would set this right, found nothing: move the joints by hand")

    def mended_all(self, person: Person, camera: Camera) -> Person:
        """The figure with everything set right that can be, the worst first; bodiless if its drawing changed."""
        given_up: list[Issue] = []
        for _ in range(_rounds):
            left = [issue for issue in self.issues(person, camera) if not any(issue.same(one) for one in given_up)]
            if not left:
                break
            try:
                person = _without_body(self.mended(person, camera, left[0]), left[0].mends[0])
            except ValueError:
                given_up.append(left[0])
        return person

    def _after(self, person: Person, camera: Camera, issue: Issue, mend: Mend) -> Person:
        if mend == "limit":
            return self._eased(person, camera, issue)
        sight = self.sight(person, camera)
        if mend == "follow":
            assert person.body is not None  # else there is no such issue
            points = person.points.copy()
            for name, by in self._off(sight, person.body, issue.joints).items():
                points[person.skeleton.index(name)] += by
            return replace(person, points=points)
        return mends[mend](sight, issue)

    def _eased(self, person: Person, camera: Camera, issue: Issue) -> Person:
        """The body with the joints brought within their limits; what is drawn moves as far as the body's points do."""
        limits = self.fitter.limits
        assert person.body is not None  # else there is no such issue
        assert limits is not None
        turns, eased = person.body.axis_angles, limits.clamped(person.body).axis_angles
        for name in issue.joints:
            turns[joints.index(name)] = eased[joints.index(name)]
        body = person.body.with_axis_angles(turns)
        try:
            sight = self.sight(person, camera)
        except ValueError:
            return replace(person, body=body)
        names = sight.having(*(name for name in self.fitter.rig.names if name in person.skeleton))
        before, after = self._off(sight, person.body, names), self._off(sight, body, names)
        points = person.points.copy()
        for name in names:
            points[person.skeleton.index(name)] += after[name] - before[name]
        return replace(person, body=body, points=points)


def _without_body(person: Person, mend: Mend) -> Person:
    """The figure as it is judged after a mend: one of the drawing leaves its body behind."""
    return person if mend == "limit" else replace(person, body=None)


_words = {
    "pelvis": "pelvis", "spine1": "lower back", "spine2": "middle of the back", "spine3": "chest",
    "left_collar": "left collarbone", "right_collar": "right collarbone", "left_foot": "ball of the left foot",
    "right_foot": "ball of the right foot",
}  # fmt: skip
