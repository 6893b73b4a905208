"""Natural bodies for the page: the edit that relaxes one, choices of variations and new poses, limbs front or back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from app.jobs import Jobs, Stopped, Tell, heard
from app.verbs import said
from engine.formats.checks import chosen, keyed, listed, number, text, truth, whole
from engine.formats.people import from_body, to_body, to_camera
from engine.progress import Progress
from engine.skeleton import skeletons, smplx55
from engine.studio import Studio

if TYPE_CHECKING:  # they come with torch, which the first page need not wait for
    from app.body_edits import Desk
    from engine.body_pose import BodyPose
    from engine.camera import Camera
    from engine.stage import Stage
    from engine.variations import Variation

largest_seed = 2**31 - 1
_walk = np.radians(65)  # about a figure, from where depth is seen
_drawn_by = 0.9  # of the work of choices is done when their pictures are begun


# ── relaxing: an edit as any other ──


def relaxed(desk: Desk, pose: BodyPose, told: dict) -> BodyPose:
    """The edit {"amount", "pins", "camera", "body"}: more natural by 0 … 1; with a camera, seen from there as it was.

    `body` is the one to begin with, where the present one is an earlier answer.
    """
    told = keyed(told, "edit", "amount")
    pose = pose if told.get("body") is None else to_body(told["body"], "edit, body")
    amount = number(told["amount"], "edit, amount", 0, 1)
    camera = None if told.get("camera") is None else to_camera(told["camera"])
    return desk.stage.relaxer(_file_of(desk)).relaxed(pose, amount, pins_of(told, "edit, pins"), camera)


def mixed(desk: Desk, pose: BodyPose, told: dict) -> BodyPose:
    """The edit {"body", "weight", "pins"}: on the way to another body by 0 … 1, with what is held in its place."""
    from engine.posing import blended

    told = keyed(told, "edit", "body", "weight")
    between = blended(pose, to_body(told["body"], "edit, body"), number(told["weight"], "edit, weight", 0, 1))
    return desk.stage.relaxer(_file_of(desk)).held(between, pose, pins_of(told, "edit, pins"))


def _file_of(desk: Desk) -> str:
    """The name of the body on a desk."""
    return next(one.name for one in desk.stage.files() if desk.stage.body(one.name) is desk.body)


def pins_of(told: dict, where: str) -> frozenset[str]:
    """The joints that a request holds."""
    return frozenset(chosen(pin, where, smplx55.joints) for pin in listed(told.get("pins", []), where))


# ── choices: long enough to be told of and to be stopped ──


def varier(studio: Studio, jobs: Jobs) -> Callable[..., Iterator[dict]]:
    """The endpoint's function, with types that describe it to API users."""

    @said
    def vary(
        body: dict[str, Any],
        strength: float = 0.5,
        choices: int = 6,
        seed: int = 0,
        pins: list[str] | None = None,
        part: str | None = None,
        options: dict[str, Any] | None = None,
        job: str = "",
    ) -> Iterator[dict]:
        """Make natural variations of a body, as small or as large as `strength`, 0 … 1, says.

        `pins` are joints that stay where they are; `part` (left_arm, right_hand, trunk …) varies alone. `options`:
        file (the body), camera (from where pictures are seen), drawing {camera, skeleton}, where points are to be seen.
        Yields {fraction, text} while it works, and last {choices: [{body, points, unnatural, picture}]}, the likeliest
        first.
        """
        from app.body_requests import file_of
        from engine.variations import Wish, most_choices

        told, pose = keyed(options or {}, "options"), to_body(body)
        wish = Wish(
            number(strength, "strength", 0, 1), whole(choices, "choices", 1, most_choices),
            whole(seed, "seed", 0, largest_seed), pins_of({"pins": pins or []}, "pins"),
            None if part is None else text(part, "part"),
        )  # fmt: skip

        def work(tell: Tell, stopped: Stopped) -> dict[str, Any]:
            progress = heard(tell, stopped)
            found = studio.stage.varier(file_of(told)).varied(pose, wish, progress)
            return _told(studio.stage, told, found, wish.part, progress)

        yield from jobs.run(job, work)

    return vary


def poser(studio: Studio, jobs: Jobs) -> Callable[..., Iterator[dict]]:
    """The endpoint's function, with types that describe it to API users."""

    @said
    def random_poses(
        choices: int = 6,
        seed: int = 0,
        body: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        job: str = "",
    ) -> Iterator[dict]:
        """Make natural poses out of nothing, of the shape of a `body` and on its ground.

        `options`: file (the body), camera (to which they turn, and from where pictures are seen), drawing {camera,
        skeleton}, where points are to be seen. Yields {fraction, text} while it works, and last {choices: [{body,
        points, unnatural, picture}]}, the likeliest first.
        """
        from app.body_requests import file_of
        from engine.variations import most_choices

        told = keyed(options or {}, "options")
        count, seed = whole(choices, "choices", 1, most_choices), whole(seed, "seed", 0, largest_seed)
        like, camera = None if body is None else to_body(body), _camera_of(told)

        def work(tell: Tell, stopped: Stopped) -> dict[str, Any]:
            progress = heard(tell, stopped)
            found = studio.stage.varier(file_of(told)).random(count, seed, like, _facing(like, camera), progress)
            return _told(studio.stage, told, found, None, progress)

        yield from jobs.run(job, work)

    return random_poses


def _camera_of(told: dict) -> Camera | None:
    return None if told.get("camera") is None else to_camera(told["camera"])


def _facing(like: BodyPose | None, camera: Camera | None) -> float:
    """Which way a body looks at a camera, rad about the world's y from its z."""
    if camera is None:
        return 0.0
    R, t = camera.T_camera_world[:3, :3], camera.T_camera_world[:3, 3]
    x, _, z = -R.T @ t - (np.zeros(3) if like is None else like.translation)
    return float(np.arctan2(x, z))


def _told(
    stage: Stage, told: dict, found: tuple[Variation, ...], part: str | None, progress: Progress
) -> dict[str, Any]:
    """Choices for the page, each with its picture and, where a drawing is told of, its place in it."""
    from app.body_requests import drawn, file_of
    from app.thumbnails import pictured

    file, camera, choices = file_of(told), _camera_of(told), []
    for n, one in enumerate(found):
        progress(_drawn_by + (1 - _drawn_by) * n / len(found), "drawing pictures")
        points = None
        if told.get("drawing") is not None:
            drawing = keyed(told["drawing"], "options, drawing", "camera", "skeleton")
            skeleton = skeletons[chosen(drawing["skeleton"], "options, drawing, skeleton", skeletons)]
            try:
                points = drawn(stage, file, one.pose, to_camera(drawing["camera"]), skeleton)
            except ValueError:  # it reaches behind the drawing's camera: no choice for this drawing
                continue
        near = part if part is not None and part.endswith("_hand") else None
        (picture,) = pictured(stage, file, [one.pose], near, camera) or [None]
        unnatural = round(one.unnatural, 4)
        choices.append({"body": from_body(one.pose), "points": points, "unnatural": unnatural, "picture": picture})
    if not choices:
        raise ValueError("expected a figure with room before the drawing's camera, got one too near: move it back")
    return {"choices": choices}


# ── front or back ──


def flips(stage: Stage, told: Any) -> dict[str, Any]:
    """Ways to see a limb from a camera: {readings: [{body, towards, unnatural, error, now, likeliest, picture}]}."""
    from app.body_requests import file_of
    from app.thumbnails import pictured
    from engine.flips import likeliest, readings
    from engine.limb import limbs

    told = keyed(told, "the request", "body", "camera", "limb")
    file, pose, camera = file_of(told), to_body(told["body"]), to_camera(told["camera"])
    limb = chosen(told["limb"], "limb", limbs)
    found = readings(stage.body(file), stage.natural, stage.limits, pose, camera, limb)
    best = likeliest(found)
    pictures: list[str] = []
    if truth(told.get("pictures", False), "pictures"):
        pictures = pictured(
            stage, file, [one.pose for one in found], None, camera, _aside(stage, file, pose, camera, limb)
        )
    return {
        "readings": [
            {
                "body": from_body(one.pose), "towards": list(one.towards), "unnatural": round(one.unnatural, 4),
                "error": round(one.error, 5), "now": one.now, "likeliest": one is best,
                "picture": pictures[n] if pictures else None,
            }
            for n, one in enumerate(found)
        ]
    }  # fmt: skip


def _aside(stage: Stage, file: str, pose: BodyPose, camera: Camera, limb: str) -> float:
    """How far, rad, to walk about a figure to see a limb from its own side: away from the rest of the body."""
    places = camera.in_camera(stage.joints(pose, file))
    end = places[smplx55.index(f"{limb.split('_')[0]}_{'wrist' if limb.endswith('arm') else 'ankle'}")]
    return float(np.copysign(_walk, end[0] - places[0, 0]))
