"""The estimate endpoint, and what it is told: boxes and the options of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from gradio import FileData

from app.jobs import Jobs, Stopped, Tell, telling
from app.verbs import photo_of, said
from engine.box import Box
from engine.estimate import Options
from engine.formats.document import to_document
from engine.scene import Scene
from engine.studio import Studio

most_boxes = 50


def estimator(studio: Studio, jobs: Jobs) -> Callable[..., Iterator[dict]]:
    """The endpoint's function, with types that describe it to API users."""

    @said
    def estimate(
        photo: FileData,
        model: str = "auto",
        boxes: list[list[float]] | None = None,
        whole_image: bool = False,
        job: str = "",
        options: dict[str, Any] | None = None,
    ) -> Iterator[dict]:
        """Find the people in a drawing or photo and their pose.

        `boxes` are [x0, y0, x1, y1] in pixels around people; `whole_image` takes the picture as one figure.
        `options`: flip_test (true), precision (auto, fp32, bf16, fp16), protocol (evaluation, demo), detector
        (auto, quick, rtdetr), parts (body, feet, face, hands).
        Yields {fraction, text} while it works, and last {document, model, seconds, notes}.
        """
        image, where, chosen = photo_of(photo).image, boxes_of(boxes), options_of(options)

        def work(tell: Tell, stopped: Stopped) -> dict[str, Any]:
            found = studio.estimate(
                image, model, where, whole_image, options=chosen, progress=telling(tell), cancelled=stopped
            )
            return {
                "document": to_document(Scene(found.pose)),
                "model": found.model,
                "seconds": round(found.seconds, 3),
                "notes": list(found.notes),
            }

        yield from jobs.run(job, work)

    return estimate


def boxes_of(boxes: Any) -> list[Box] | None:
    """Boxes as they were told; ValueError for anything else than 1 to `most_boxes` of four numbers."""
    if boxes is None:
        return None
    if not isinstance(boxes, list) or not 0 < len(boxes) <= most_boxes:
        raise ValueError(f"expected 1 to {most_boxes} boxes of four numbers, got {boxes!r:.80}")
    try:
        return [Box(*(float(side) for side in box)) for box in boxes]
    except (TypeError, ValueError):
        raise ValueError(f"expected boxes of four numbers x0, y0, x1, y1, got {boxes!r:.80}") from None


def options_of(told: Any) -> Options:
    """Options as they were told, those left out as they are by default; ValueError names what does not fit."""
    if told is None:
        return Options()
    known = [field.name for field in fields(Options)]
    if not isinstance(told, dict) or not told.keys() <= set(known):
        raise ValueError(f"expected options among {', '.join(known)}, got {told!r:.80}")
    if not isinstance(told.get("flip_test", True), bool):
        raise ValueError(f"expected flip_test to be true or false, got {told['flip_test']!r:.80}")
    if not isinstance(told.get("parts", []), list):
        raise ValueError(f"expected parts to be a list of names, got {told['parts']!r:.80}")
    values: dict[str, Any] = told | ({"parts": tuple(told["parts"])} if "parts" in told else {})
    return Options(**values)
