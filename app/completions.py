"""Hidden parts of a drawn figure filled in, for the page: choices in the drawing and in space, and what is between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from app.jobs import Jobs, Stopped, Tell, heard
from app.verbs import said
from engine.formats.checks import keyed, listed, number, plain, text, truth, whole
from engine.formats.document import from_document
from engine.formats.people import from_body, from_camera, to_body
from engine.progress import Progress
from engine.studio import Studio

if TYPE_CHECKING:  # they come with torch, which the first page need not wait for
    from engine.camera import Camera
    from engine.complete import Choice
    from engine.hidden_parts import Hidden
    from engine.stage import Stage

most_hidden = 140  # names of parts and joints
_aside, _face_aside = 0.55, 0.25  # rad about the figure, from where a choice's depth is seen


def completer(studio: Studio, jobs: Jobs) -> Callable[..., Iterator[dict]]:
    """The endpoint's function, with types that describe it to API users."""

    @said
    def complete(
        document: dict[str, Any],
        hide: list[str],
        index: int = 0,
        choices: int = 5,
        seed: int = 0,
        keep: bool = False,
        pictures: bool = True,
        body: str | None = None,
        job: str = "",
    ) -> Iterator[dict]:
        """Fill in parts of a drawn figure that are hidden or not drawn, in several ways.

        `hide` names parts (left_hand, right_hand, face, left_arm, right_arm, left_leg, right_leg, head) or joints of
        figure `index`; 1 … 10 `choices`, others for another `seed`. With `keep` the figure's body stands as it is
        drawn, and only what is hidden changes. Yields {fraction, text}, then {answer}, and last the answer itself:
        {camera, skeleton, placed and carried: indices of the new points, and of those among them that only go along,
        base: the body without them, choices: [{points of
        `placed`, body, unnatural, picture}]}, the likeliest first; pictures are null unless asked for and drawable.
        """
        from app.body_requests import file_of

        scene, file = from_document(document), file_of({"file": body})
        person = scene.pose.people[whole(index, "index", 0, len(scene.pose.people) - 1)]
        names = names_of(hide)
        count = whole(choices, "choices", 1, 10)
        number_of_seed = whole(seed, "seed", 0, 2**31 - 1)
        keep, pictures = truth(keep, "keep"), truth(pictures, "pictures")

        def work(tell: Tell, stopped: Stopped) -> dict[str, Any]:
            from app.thumbnails import pictured
            from engine.hidden_parts import hidden_of

            progress = heard(tell, stopped)
            progress(0.0, "Standing the figure up")
            camera = scene.camera or studio.stage.lifter(file).camera(scene.pose)
            filler = studio.stage.completer(file)
            kept = person.body if keep else None
            base = filler.stood(person, camera, names) if kept is None else kept
            progress(0.2, "Looking for choices")
            later: Progress = lambda share, words: progress(0.2 + 0.8 * share, "Looking for choices")  # noqa: E731
            found = filler.completed(person, camera, base, names, count, number_of_seed, later)
            hidden = hidden_of(person, names)
            answer = {
                "camera": from_camera(camera),
                "skeleton": hidden.skeleton.name,
                "placed": placed_of(hidden),
                "carried": sorted(hidden.skeleton.index(name) for name in hidden.carried),
                "base": from_body(base),
                "choices": [told_of(one, hidden) for one in found],
            }
            if not pictures:
                return answer
            tell({"fraction": 1.0, "text": "Drawing", "answer": answer})
            part = part_of(names)
            turn = _aside if part != "face" else _face_aside
            small = pictured(studio.stage, file, [one.pose for one in found], part, camera, turn)
            for told, picture in zip(answer["choices"], small, strict=False):
                told["picture"] = picture
            return answer

        yield from jobs.run(job, work)

    return complete


def names_of(told: Any) -> tuple[str, ...]:
    """The names of what is hidden."""
    return tuple(text(one, "hide") for one in listed(told, "hide", at_most=most_hidden))


def placed_of(hidden: Hidden) -> list[int]:
    """The points that get a new place, by their number on the skeleton."""
    return sorted(hidden.skeleton.index(name) for name in hidden.placed)


def told_of(choice: Choice, hidden: Hidden) -> dict[str, Any]:
    """A choice as the page hears of it."""
    rows = placed_of(hidden)
    return {
        "points": plain(choice.person.points[rows].round(3)),
        "body": from_body(choice.pose),
        "unnatural": round(choice.unnatural, 4),
        "picture": None,
    }


def part_of(names: tuple[str, ...]) -> str | None:
    """The part that small pictures show: a lone hand or face; None for the whole figure."""
    return names[0] if len(names) == 1 and names[0] in ("left_hand", "right_hand", "face", "head") else None


def blend(stage: Stage, told: Any) -> dict[str, Any]:
    """A figure on the way to a choice: {points, body, unnatural} as of a choice.

    `document` holds the figure alone, as it was before, and its camera; `base` and `body` as `complete` answered;
    `hide` as it was asked; `amount` 0 … 1.
    """
    from app.body_requests import file_of
    from engine.hidden_parts import hidden_of

    told = keyed(told, "the request", "document", "base", "body", "hide", "amount")
    scene = from_document(told["document"])
    if len(scene.pose.people) != 1 or scene.camera is None:
        raise ValueError("expected a document with one figure and a camera, got another")
    camera: Camera = scene.camera
    (person,) = scene.pose.people
    names, amount = names_of(told["hide"]), number(told["amount"], "amount", 0, 1)
    found = stage.completer(file_of(told)).blended(
        person, camera, to_body(told["base"], "base"), to_body(told["body"], "body"), names, amount
    )
    return told_of(found, hidden_of(person, names))
