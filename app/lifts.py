"""Bodies out of drawings: the readings of a whole scene, a body that follows a drag, and small pictures of readings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from app.jobs import Jobs, Stopped, Tell, heard
from app.verbs import said, sentence
from engine.formats.checks import keyed, listed, most_people, number, truth, whole
from engine.formats.document import from_document
from engine.formats.people import from_body, from_camera
from engine.progress import Progress
from engine.studio import Studio

if TYPE_CHECKING:  # it comes with torch, which the first page need not wait for
    from engine.camera import Camera
    from engine.lift import Lifter, LiftRequest, Reading
    from engine.pose import Person
    from engine.stage import Stage

most_readings = 20
most_views = 2
_aside = 1.05  # rad about the figure, from where readings differ most


# ── a whole scene ──


def lifter(studio: Studio, jobs: Jobs) -> Callable[..., Iterator[dict]]:
    """The endpoint's function, with types that describe it to API users."""

    @said
    def lift(
        document: dict[str, Any],
        indices: list[int] | None = None,
        hypotheses: int = 10,
        seed: int = 0,
        naturalness: float = 1.0,
        keep: bool = False,
        body: str | None = None,
        job: str = "",
    ) -> Iterator[dict]:
        """Read a document's drawn figures as bodies in space, each in several ways.

        `indices` picks figures, all by default. Each gets `hypotheses` readings (1 … 20); `seed` draws others;
        `naturalness` (0 … 10) weighs what people do against what is drawn. With `keep`, a figure's present body
        goes along with its drawing, and is its one reading. Yields {fraction, text} while it works, and last {camera,
        figures: [{index, readings: [{body, error, unnatural, note}], note}]}, the best reading first; a figure that
        cannot be read has none, and its note says why.
        """
        from app.body_requests import file_of
        from engine.lift import LiftRequest

        scene, file = from_document(document), file_of({"file": body})
        people = scene.pose.people
        wanted = list(range(len(people))) if indices is None else listed(indices, "indices", at_most=most_people)
        wanted = [whole(one, "indices", 0, len(people) - 1) for one in wanted]
        request = LiftRequest(
            whole(hypotheses, "hypotheses", 1, most_readings),
            whole(seed, "seed", 0, 2**31 - 1),
            number(naturalness, "naturalness", 0, 10),
        )
        keep = truth(keep, "keep")

        def work(tell: Tell, stopped: Stopped) -> dict[str, Any]:
            lifter = studio.stage.lifter(file)
            camera = scene.camera or lifter.camera(scene.pose)
            figures = []
            for n, index in enumerate(wanted):
                progress = _progress(tell, stopped, n, len(wanted))
                figures.append({"index": index} | _figure(lifter, people[index], camera, request, keep, progress))
            return {"camera": from_camera(camera), "figures": figures}

        yield from jobs.run(job, work)

    return lift


def _progress(tell: Tell, stopped: Stopped, done: int, all: int) -> Progress:
    """The progress of one figure of several; a step of it is where the work can be stopped."""

    hear, farthest = heard(tell, stopped), 0.0

    def step(share: float, _: str) -> None:
        nonlocal farthest
        farthest = max(farthest, share)  # a part of the work may count its own steps
        hear((done + farthest) / all, f"reading figure {done + 1} of {all}")

    return step


def _figure(
    lifter: Lifter, person: Person, camera: Camera, request: LiftRequest, keep: bool, progress: Progress
) -> dict[str, Any]:
    """The readings of one figure, or why there are none."""
    progress(0.0, "Reading the figure")
    try:
        if keep and person.body is not None:
            kept = lifter.followed(person, camera, person.body)
            return {"readings": [told_of(kept)], "note": kept.note}
        found = lifter.lifted(person, camera, request, progress)
    except ValueError as error:
        return {"readings": [], "note": sentence(error)}
    return {"readings": [told_of(one) for one in found.readings], "note": found.note}


def told_of(reading: Reading) -> dict[str, Any]:
    """A reading as the page hears of it."""
    return {
        "body": from_body(reading.pose),
        "error": round(reading.error, 2),
        "unnatural": round(reading.unnatural, 4),
        "note": reading.note,
    }


# ── while the artist draws ──


def ready(stage: Stage, told: Any) -> dict[str, Any]:
    """Make the lifter ready, so that the first figure need not wait for it."""
    from app.body_requests import file_of

    stage.lifter(file_of(told))
    return {}


def follow(stage: Stage, told: Any) -> dict[str, Any]:
    """A figure's body after its drawing: {body, off (px, the mean), note}, and for each of `views` its picture.

    `document` holds that figure alone, with the body it has, and its camera; `still`: the drawing is as the body
    stands, and only pictures are asked for.
    """
    from app.body_requests import file_of, seen_as, view_of

    told = keyed(told, "the request", "document")
    scene, file = from_document(told["document"]), file_of(told)
    if len(scene.pose.people) != 1 or scene.pose.people[0].body is None or scene.camera is None:
        raise ValueError("expected one figure that stands, and the camera that sees it")
    person, pose = scene.pose.people[0], scene.pose.people[0].body
    answer: dict[str, Any] = {"body": None}
    if not truth(told.get("still", False), "still"):
        found = stage.lifter(file).followed(person, scene.camera, pose)
        pose = found.pose
        answer = {"body": from_body(pose), "off": round(found.error, 2), "note": found.note}
    views = listed(told.get("views", []), "views", at_most=most_views)
    body = from_body(pose)
    seen = [seen_as(stage, view_of(keyed(view, "views") | {"bodies": [body], "file": file})) for view in views]
    return answer | {"views": seen}


# ── choosing ──


def pictures(stage: Stage, told: Any) -> dict[str, Any]:
    """Small pictures of readings: {pictures: [[as the camera sees it, from its side]]}; none where nothing can draw."""
    from app.body_requests import bodies_of, file_of
    from app.thumbnails import pictured
    from engine.formats.people import to_camera

    told, file = keyed(told, "the request", "bodies", "camera"), file_of(told)
    bodies = bodies_of(told["bodies"], "bodies")
    camera = None if told["camera"] is None else to_camera(told["camera"])
    sides = [pictured(stage, file, bodies, camera=camera, turn=turn) for turn in (0.0, _aside)]
    return {"pictures": [list(pair) for pair in zip(*sides, strict=True)]}
