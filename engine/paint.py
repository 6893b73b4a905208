"""A pose and a prompt into pictures: paint is deterministic for equal requests on one machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine import caption_tokens
from engine.draw import index_skeletons
from engine.keypoint_words import PoseKind
from engine.paint_map import check_size, fits, placing
from engine.paint_models import encodings, kind_of
from engine.painter import Painter
from engine.pose import Pose2D
from engine.progress import Progress
from engine.prompting import negative_heard
from engine.scene import PaintRequest, Picture

most_steps, most_pictures = 150, 16
# Hears which picture, its step, of how many, and how it looks by now, (h, w, 3) uint8.
Watch = Callable[[int, int, int, np.ndarray], None]


def paint(
    request: PaintRequest,
    pose: Pose2D,
    painter: Painter,
    progress: Progress | None = None,
    watch: Watch | None = None,
    done: Callable[[Picture], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> tuple[Picture, ...]:
    """The pictures asked for, by seed: the first has the request's own, each other one more.

    Equal requests give equal pictures on one machine. `progress` or `watch` may raise Cancelled, which ends the work
    within a step; `done` hears each picture as soon as it is finished, `note` first what the artist should know of how
    the request is understood. ValueError says what cannot be painted.
    """
    check(request, pose)
    if painter.control:
        check_kind(pose, painter.control.kind, painter.control.encoding)
    if note:
        for sentence in notes_of(request, pose, painter):
            note(sentence)
    laid, pictures = placing(request, pose.size).pose(pose), []
    seeds = [request.seed + n for n in range(request.count)]
    for start in range(0, request.count, painter.at_once):
        some = seeds[start : start + painter.at_once]

        def look(step: int, steps: int, small: list[np.ndarray], start: int = start, several: int = len(some)) -> None:
            if progress:
                share = (start + several * step / steps) / request.count
                progress(share, f"Painting {start + 1} of {request.count}, step {step} of {steps}")
            if watch:
                for n, image in enumerate(small):
                    watch(start + n, step, steps, image)

        if progress:
            progress(start / request.count, f"Painting {start + 1} of {request.count}")
        for seed, image in zip(some, painter.painted(request, pose, some, look), strict=True):
            alone = replace(request, seed=seed, count=1)
            control = painter.control.name if painter.control else ""
            picture = Picture(image, alone, laid, painter.base.name, control)
            pictures.append(picture)
            if done:
                done(picture)
    return tuple(pictures)


def check(request: PaintRequest, pose: Pose2D) -> None:
    """ValueError for a request that no model can paint; it says what was expected."""
    check_size(request.size)
    _within("steps", request.steps, 1, most_steps)
    _within("pictures", request.count, 1, most_pictures)
    _within("guidance", request.guidance, 0, 50)
    _within("strength of the pose", request.pose_strength, 0, 2)
    for name, (begin, end) in (("pose", request.pose_window), ("joints’ words", request.words_window)):
        if not 0 <= begin < end <= 1:
            raise ValueError(f"expected a window of the {name} within 0 … 1, got {begin:g} … {end:g}")
    if request.encoding not in encodings:
        raise ValueError(f"expected an encoding of {', '.join(encodings)}, got {request.encoding!r}")
    if request.fit not in fits:
        raise ValueError(f"expected a fit of {' or '.join(fits)}, got {request.fit!r}")
    if kind_of(pose) is None and request.pose_strength > 0:
        raise ValueError("expected a figure to paint, got none: add one, or set the pose’s strength to 0")
    _check_photo(request, pose)


def _check_photo(request: PaintRequest, pose: Pose2D) -> None:
    if request.photo is None:
        if request.mask is not None:
            raise ValueError("expected a photo under the mask, got none: open one, or paint without a mask")
        return
    width, height = pose.size
    if request.photo.shape != (height, width, 3) or request.photo.dtype != np.uint8:
        raise ValueError(f"expected a photo of {width} × {height} pixels like the pose, got {request.photo.shape}")
    if not 0 < request.change <= 1:
        raise ValueError(f"expected a change of the photo above 0 and up to 1, got {request.change:g}")
    if request.mask is None:
        return
    if request.mask.shape != (height, width) or request.mask.dtype != np.uint8:
        raise ValueError(f"expected a mask of {width} × {height} pixels like the photo, got {request.mask.shape}")
    if not (request.mask >= 128).any():
        raise ValueError("expected a painted mask, got an empty one: paint where the picture may change")


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"expected {name} of {least:g} … {most:g}, got {value:g}")


def check_kind(pose: Pose2D, kind: PoseKind, encoding: str) -> None:
    """ValueError where a control's map means other joints than the pose has."""
    found = kind_of(pose)
    if found is not None and found != kind:
        skeletons = {name: skeleton.name for name, skeleton in index_skeletons.items()}
        raise ValueError(
            f"expected {kind}s for this {encoding} control, whose joints are {skeletons[kind]}, got {found}s: "
            "choose a model for them"
        )


def notes_of(request: PaintRequest, pose: Pose2D, painter: Painter) -> tuple[str, ...]:
    """What the artist should know of how the request is understood."""
    prompt = painter.heard(request, pose)
    _, cut = negative_heard(request, painter.tokenizer)
    notes = []
    if prompt.dropped:
        notes.append(f"The prompt is too long: the model does not hear “{_short(prompt.dropped)}”.")
    if cut:
        notes.append(f"The negative prompt is too long: the model does not hear “{_short(cut)}”.")
    if prompt.unknown:
        notes.append(f"The model has not learned {', '.join(prompt.unknown)} as a joint of this pose.")
    if strange := caption_tokens.strange(prompt.plain, painter.tokenizer):
        notes.append(f"{painter.base.name} has never seen the words {', '.join(strange)}.")
    if painter.control is None and pose.people:
        notes.append(f"{painter.base.name} paints from the words alone: it is not told the pose.")
    return tuple(notes)


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
