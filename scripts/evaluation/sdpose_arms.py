"""Arms of an SDPose training compared: OKS, AP and PCK of each on each set of annotated pictures, and pictures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from engine.box import Box
from engine.draw import overlay
from engine.evaluate import Example, Figures, Truth, evaluate, read_examples
from engine.measure import oks
from engine.photo import read_photo
from engine.pose import Person, Pose2D
from engine.skeleton import Skeleton, coco17, wholebody133

# Pictures and the boxes of their people → the people found in each.
Find = Callable[[list[np.ndarray], list[list[Box]]], list[list[Person]]]
groups = {
    "body": coco17.joints,
    "feet": wholebody133.joints[17:23],
    "face": wholebody133.joints[23:91],
    "hands": wholebody133.joints[91:],
}
tile, gap = 224, 6  # px of the sheet
sure = 0.15  # score from which a joint is drawn there


@dataclass(frozen=True)
class Arm:
    """A network that takes part: its name, what it finds, and the skeleton of that."""

    name: str
    find: Find
    skeleton: Skeleton


@dataclass(frozen=True)
class Asked:
    """A set of annotated pictures: its name, its examples, the folder their names begin in; `known` if learned from."""

    name: str
    examples: tuple[Example, ...]
    folder: Path
    known: bool = False

    def photo(self, name: str) -> np.ndarray:
        return read_photo((self.folder / name).read_bytes(), name).image


@dataclass(frozen=True)
class Score:
    """How an arm did on a set: people, mean OKS, AP and PCK@0.2 on the body's 17 joints, and the same on all 133.

    `parts` is the mean OKS of body, feet, face and hands where labelled; None where nothing is labelled, or found.
    """

    arm: str
    asked: str
    known: bool
    people: int
    oks: float
    ap: float
    pck: float
    whole_oks: float | None
    whole_ap: float | None
    parts: dict[str, float | None]
    seconds_a_figure: float


def read_asked(name: str, annotations: Path, folder: Path, limit: int | None, known: bool) -> Asked:
    """The first `limit` pictures of a COCO-form file that have somebody to find."""
    examples = read_examples(json.loads(annotations.read_text("utf-8")))
    return Asked(name, tuple(examples[:limit]), folder, known)


def found_by(arm: Arm, asked: Asked, at_once: int = 8) -> tuple[list[list[Person]], float]:
    """The people an arm finds in the annotated boxes of each picture, and the seconds it took for all."""
    people: list[list[Person]] = []
    seconds = 0.0
    for start in range(0, len(asked.examples), at_once):
        some = asked.examples[start : start + at_once]
        photos = [asked.photo(example.file_name) for example in some]
        since = time.perf_counter()
        people += arm.find(photos, [[truth.box for truth in example.people] for example in some])
        seconds += time.perf_counter() - since
    return people, seconds


def score(arm: Arm, asked: Asked, people: Sequence[Sequence[Person]], seconds: float) -> Score:
    """The figures of what an arm found."""
    body = _figures(_on_body(asked.examples), people, coco17)
    whole = any(truth.person.skeleton == wholebody133 for example in asked.examples for truth in example.people)
    all_points = _figures(asked.examples, people, wholebody133) if whole and arm.skeleton == wholebody133 else None
    count = sum(len(example.people) for example in asked.examples)
    return Score(
        arm.name, asked.name, asked.known, body.people, body.mean_oks, body.ap, body.pck,
        all_points and all_points.mean_oks, all_points and all_points.ap,
        {name: _part_oks(asked.examples, people, joints) for name, joints in groups.items()}, seconds / count,
    )  # fmt: skip


def _figures(examples: Sequence[Example], people: Sequence[Sequence[Person]], skeleton: Skeleton) -> Figures:
    """The studio's own figures of people found before: what stands for a picture is its number."""
    kept: list[Example] = []
    found: dict[int, tuple[Person, ...]] = {}
    for n, (example, here) in enumerate(zip(examples, people, strict=True)):
        labelled = [k for k, truth in enumerate(example.people) if truth.person.present.any()]
        if labelled:
            kept.append(replace(example, file_name=str(n), people=tuple(example.people[k] for k in labelled)))
            found[n] = tuple(here[k] for k in labelled)

    def estimate(number: np.ndarray, _boxes: object) -> Pose2D:
        return Pose2D((1, 1), found[int(number)])

    return evaluate(kept, skeleton, lambda name: np.array(int(name)), estimate, lambda _: [])


def _on_body(examples: Sequence[Example]) -> list[Example]:
    """The examples with the body's 17 joints alone."""
    return [replace(one, people=tuple(map(_body_of, one.people))) for one in examples]


def _body_of(truth: Truth) -> Truth:
    person = truth.person
    if person.skeleton != wholebody133:
        return truth
    count = len(coco17)
    return replace(truth, person=Person(coco17, person.points[:count], person.scores[:count], person.states[:count]))


def _part_oks(
    examples: Sequence[Example], people: Sequence[Sequence[Person]], joints: Sequence[str]
) -> float | None:  # fmt: skip
    """The mean OKS over the joints of one part, of those who have any labelled."""
    likeness = []
    for example, here in zip(examples, people, strict=True):
        for truth, person in zip(example.people, here, strict=True):
            whole = truth.person
            states = tuple(
                state if joint in joints else "missing"
                for joint, state in zip(whole.skeleton.joints, whole.states, strict=True)
            )
            part = replace(whole, states=states)
            if part.present.any() and set(joints) & set(person.skeleton.joints):
                certain = Person(person.skeleton, person.points, person.scores)  # every joint counts, as COCO has it
                likeness.append(oks(certain, part, truth.area))
    return float(np.mean(likeness)) if likeness else None


def write(scores: Sequence[Score], path: Path) -> None:
    path.write_text(json.dumps([asdict(each) for each in scores], indent=1) + "\n", "utf-8")


def read(path: Path) -> list[Score]:
    """The scores of a file that `write` wrote."""
    return [Score(**each) for each in json.loads(path.read_text("utf-8"))]


# ── pictures ──


def sheet(
    asked: Sequence[Asked], found: dict[tuple[str, str], list[list[Person]]], arms: Sequence[str], rows: int
) -> Image.Image:
    """`rows` pictures of each set: the figure as labelled, and beside it what each arm found, by (arm, set)."""
    titles = ["as labelled", *arms]
    chosen = [(one, n) for one in asked for n in _spread(len(one.examples), rows)]
    page = Image.new("RGB", (len(titles) * (tile + gap) + gap, len(chosen) * (tile + gap + 14) + gap + 14), "white")
    pen = ImageDraw.Draw(page)
    for column, title in enumerate(titles):
        pen.text((gap + column * (tile + gap), 2), title, "black")
    for row, (one, n) in enumerate(chosen):
        example, top = one.examples[n], 16 + row * (tile + gap + 14)
        photo = one.photo(example.file_name)
        truths = [truth.person for truth in example.people]
        drawn = [truths, *(found[arm, one.name][n] if (arm, one.name) in found else [] for arm in arms)]
        for column, people in enumerate(drawn):
            picture = _drawn(photo, people, example.people[0].box)
            page.paste(picture, (gap + column * (tile + gap), top))
        pen.text((gap, top + tile + 1), one.name, "black")
    return page


def _spread(count: int, rows: int) -> list[int]:
    return sorted({int(n) for n in np.linspace(0, count - 1, min(rows, count))})


def _drawn(photo: np.ndarray, people: Sequence[Person], box: Box) -> Image.Image:
    """The surroundings of a box as a tile, with the people over it."""
    around = box.grown(1.3).clipped((photo.shape[1], photo.shape[0]))
    scale = tile / max(around.width, around.height)
    left, top = int(around.x0), int(around.y0)
    part = photo[top : int(around.y1) + 1, left : int(around.x1) + 1]
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    small = np.asarray(Image.fromarray(part).resize(size, Image.Resampling.LANCZOS))
    shown = []
    for person in people:
        states = tuple(
            "missing" if score < sure else state for state, score in zip(person.states, person.scores, strict=True)
        )
        shown.append(replace(person, points=(person.points - (left, top)) * scale, states=states))
    canvas = Image.new("RGB", (tile, tile), "white")
    picture = Image.fromarray(overlay(Pose2D(size, tuple(shown)), small))
    canvas.paste(picture, ((tile - picture.width) // 2, (tile - picture.height) // 2))
    return canvas
