"""The studio owns the models: which there are, loading on first use, and the verbs that need them."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from engine import download, libraries, weights
from engine.box import Box
from engine.estimate import Detector, Estimator, Options, Progress, estimate, usual
from engine.evaluate import Figures
from engine.forecast import Forecast
from engine.joined_estimator import Pair, pair_of, pairs
from engine.loading import Loader, usual_threads
from engine.paint_models import PaintControl, PaintModel, chosen, kind_of, paint_models
from engine.pose import Pose2D
from engine.scene import PaintRequest, Picture
from engine.skeleton import ap10k17, skeletons

if TYPE_CHECKING:  # torch and diffusers take seconds to import
    from transformers import CLIPTokenizer

    from engine.paint import Watch
    from engine.painter import Painter
    from engine.stage import Stage

turn = 0.2  # seconds between two looks whether it is one's turn to paint
accuracy_file = weights.embedded_folder / "accuracy.json"
nobody = "Nobody was recognised. Draw a box around the figure, take the whole picture, or start from a library pose."
no_animal_detector = (
    "expected a box around each animal, or the whole picture as one: finding animals by itself needs the detector "
    "rtdetr (`python scripts/download_weights.py rtdetr`)"
)


@dataclass(frozen=True)
class Model:
    """A line of the model menu: what it is, whether it is here, its mean OKS where this project has measured it.

    `options` names those of `engine.estimate.Options` that mean something to it; `problem` says why files that are
    here cannot be used.
    """

    name: str
    does: str
    licence: str
    speed: str
    megabytes: float
    skeleton: str
    system: str
    present: bool
    downloadable: bool
    options: tuple[str, ...]
    accuracy: float | None = None
    problem: str = ""


options_of: dict[str, tuple[str, ...]] = {
    "rtdetr": (),
    "movenet": ("flip_test", "detector"),
    "vitpose": ("flip_test", "detector"),
    "sdpose": ("precision", "flip_test", "protocol", "detector"),
}


@dataclass(frozen=True)
class Estimate:
    """A pose with the name of the model that found it, the seconds it took and what the artist should know."""

    pose: Pose2D
    model: str
    seconds: float
    notes: tuple[str, ...] = ()


class Studio:
    """Every model of the project behind one door, safe to use from several threads.

    `models` is the user's own folder of models, one folder or file each, besides those that come with the project and
    those in the hub's cache. `threads` is how many a network may take, see `usual_threads`.
    """

    def __init__(self, models: Path | None = None, threads: int | None = None) -> None:
        self._models = models
        self._loader = Loader(models, threads or usual_threads())
        self._lock = threading.Lock()
        self._stage: Stage | None = None
        self._painting = threading.Lock()
        self._timed: dict[tuple[str, str, bool], deque[float]] = {}

    @property
    def stage(self) -> Stage:
        """Where bodies stand: one, whichever thread asks first."""
        from engine.stage import Stage  # torch comes with it, which the first page need not wait for

        with self._lock:
            self._stage = self._stage or Stage(self._models)
            return self._stage

    def models(self) -> tuple[Model, ...]:
        """All estimators: those that can be used now first, the most accurate before the others.

        Of equally accurate ones the first is that which finds more joints: a pair finds the body as its first does.
        """
        accuracy = measured_accuracy()
        found = [_model(each, accuracy.get(each.name)) for each in weights.every("estimate", self._models)]
        there = {model.name: model for model in found if model.present}
        found += [
            _together(pair, there[pair.body], there[pair.whole])
            for pair in pairs
            if pair.body in there and pair.whole in there
        ]
        return tuple(
            sorted(found, key=lambda m: (not m.present, -(m.accuracy or 0.0), -len(skeletons.get(m.skeleton, ()))))
        )

    def estimate(
        self,
        photo: np.ndarray,
        model: str = "auto",
        boxes: Sequence[Box] | None = None,
        whole_image: bool = False,
        options: Options = usual,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Estimate:
        """The pose in a photo (H, W, 3) uint8 RGB, see `engine.estimate`; `auto` takes the most accurate model.

        ValueError for an unknown model, a wrong photo or box; MissingWeights when a model's files are not right.
        """
        notes: list[str] = []
        started = time.perf_counter()
        name = self._chosen(model)
        if progress and not self._loader.has(name):
            progress(0.0, f"Loading {name}")
        estimator = self._loader.estimator(name, options)
        detector = None if boxes or whole_image else self._detector(options, estimator)
        began = time.perf_counter()
        pose = estimate(photo, estimator, detector, boxes, whole_image, options, progress, cancelled, notes.append)
        if not pose.people:
            notes.append(nobody)
        else:
            # Of the last runs the middle one counts: the first may warm up, another may look twice at a drawing.
            runs = self._timed.setdefault(_timing(name, options), deque(maxlen=9))
            runs.append((time.perf_counter() - began) / len(pose.people))
        return Estimate(pose, name, time.perf_counter() - started, tuple(notes))

    def detectors(self) -> tuple[Model, ...]:
        """What finds people: those that can be used now first."""
        found = [_model(each, None) for each in weights.every("detect", self._models)]
        return tuple(sorted(found, key=lambda m: not m.present))

    def forecast(self, model: str = "auto", options: Options = usual, figures: int = 1) -> Forecast:
        """What that many figures will take on this machine: as timed in earlier runs, else reckoned."""
        name = self._chosen(model)
        reckoned = self._loader.forecast(name, options, figures)
        runs = self._timed.get(_timing(name, options))
        return Forecast(median(runs) * figures, reckoned.gigabytes, measured=True) if runs else reckoned

    def download(
        self, model: str, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
    ) -> None:
        """Fetches a model from the hub, on from where an earlier try stopped; Cancelled when asked to stop."""
        download.download(weights.entry(model, self._models), self._models, progress, cancelled)

    def detect(self, photo: np.ndarray) -> list[Box]:
        """Boxes of the people in a photo (H, W, 3) uint8 RGB, the surest first."""
        size = photo.shape[1], photo.shape[0]
        return [found.box.clipped(size) for found in self._loader.detector("quick").people(photo)]

    def estimator(self, name: str, options: Options = usual) -> Estimator:
        """The estimator of that name, loaded; `auto` is the most accurate one."""
        return self._loader.estimator(self._chosen(name), options)

    # ── painting ──

    def painters(self) -> tuple[PaintModel, ...]:
        """What paints: bases with the controls that fit them, those that can be used now first."""
        return paint_models(self._models)

    def planned(self, request: PaintRequest, pose: Pose2D) -> tuple[PaintModel, PaintControl | None]:
        """The base and control that a request takes, neither of them loaded; None where none is made for the base.

        MissingWeights says what is needed and how to get it; ValueError for an unknown model, or what none can paint.
        """
        return chosen(self.painters(), request.model, request.encoding, kind_of(pose), self._models)

    def tokenizer(self, model: PaintModel) -> CLIPTokenizer:
        """What makes tokens of that base's prompts, the base itself not loaded."""
        from engine.clip_words import tokenizer_at

        return tokenizer_at(weights.find(model.name, self._models))

    def painter(self, request: PaintRequest, pose: Pose2D) -> Painter:
        """What the request is painted with, loaded; raises as `planned`, and for files that are not right."""
        return self._loader.painter(*self.planned(request, pose), request.size)

    def paint(
        self,
        request: PaintRequest,
        pose: Pose2D,
        progress: Progress | None = None,
        watch: Watch | None = None,
        done: Callable[[Picture], None] | None = None,
        note: Callable[[str], None] | None = None,
    ) -> tuple[Picture, ...]:
        """The pictures asked for, see `engine.paint`; one request at a time, the others wait their turn."""
        model, control = self.planned(request, pose)
        names = [part.name for part in (model, control) if part]
        if progress and not all(map(self._loader.has, names)):
            progress(0.0, f"Loading {' and '.join(names)}")
        with libraries.importing():
            from engine.paint import check, paint

        check(request, pose)  # before gigabytes are read
        while not self._painting.acquire(timeout=turn):
            if progress:
                progress(0.0, "Waiting for another picture")  # who hears it may end the wait
        try:
            painter = self._loader.painter(model, control, request.size)
            return paint(request, pose, painter, progress, watch, done, note)
        finally:
            self._painting.release()

    def verified(self, picture: Picture, estimator: str = "auto") -> Picture:
        """The picture with a verdict on how well it kept its pose, by an estimator of such figures, see `verify`."""
        from engine.verify import verify

        if estimator == "auto":
            estimator = self._seeing_animals() if kind_of(picture.pose) == "animal" else self._chosen(estimator)
            if pair := pair_of(estimator):
                estimator = pair.body  # small faces and hands are found too roughly to be judged by
        return replace(picture, verdict=verify(picture, self.estimator(estimator)))

    # ── which ──

    def _seeing_animals(self) -> str:
        """The most accurate estimator of animals; MissingWeights where there is none."""
        there = [m for m in self.models() if m.skeleton == ap10k17.name]
        if not any(m.present for m in there):
            weights.require("vitpose-animals", self._models)
        return there[0].name

    def _chosen(self, model: str) -> str:
        if model != "auto":
            if pair := pair_of(model):
                for part in (pair.body, pair.whole):
                    weights.require(part, self._models)  # says what is missing
                return model
            entry = weights.entry(model, self._models)
            if entry.kind != "estimate":
                raise ValueError(f"expected an estimator, got {model!r}, which {entry.does}")
            return model
        # An animal's estimator sees animals in people: it is for whoever asks for it.
        there = [m for m in self.models() if m.present and m.skeleton != ap10k17.name]
        if not there:
            weights.require("quick", self._models)  # says what is missing and how to get it back
            raise weights.MissingWeights("expected at least one estimator, got none that is present")
        return there[0].name

    def _detector(self, options: Options, estimator: Estimator) -> Detector:
        """Who looks for figures; animals are only seen by RT-DETR."""
        animals = estimator.skeleton == ap10k17
        large = weights.find("rtdetr", self._models) is not None
        if animals and not large:
            raise ValueError(no_animal_detector)
        if animals or options.detector == "rtdetr":
            return self._loader.detector("rtdetr", animals)
        return self._loader.detector("quick")


def _model(each: weights.Weights, accuracy: float | None) -> Model:
    with_parts = ("parts",) if each.skeleton and len(each.skeleton) > len(ap10k17) else ()
    return Model(
        each.name, each.does, each.licence, each.speed, each.megabytes,
        skeleton=each.skeleton.name if each.skeleton else "",
        system=each.system,
        present=each.present,
        downloadable=each.downloadable and not each.present,
        options=options_of[each.system] + with_parts,
        accuracy=accuracy,
        problem=each.problem,
    )  # fmt: skip


def _together(pair: Pair, body: Model, whole: Model) -> Model:
    """Two models as one line of the menu."""
    both = [option for option in body.options if option in whole.options]
    return replace(
        whole,
        name=pair.name,
        does=f"body as {body.name} finds it, with {', '.join(pair.parts)} of {whole.name}; both, one after the other",
        licence=" and ".join(dict.fromkeys((body.licence, whole.licence))),
        megabytes=round(body.megabytes + whole.megabytes, 1),
        options=(*both, "parts"),
        accuracy=body.accuracy,
    )


def _timing(name: str, options: Options) -> tuple[str, str, bool]:
    return name, options.precision, options.flip_test


def measured_accuracy(path: Path = accuracy_file) -> dict[str, float]:
    """Mean OKS by model name over the people of all sets it was measured on; empty before anything was measured.

    The table is written by scripts/evaluate_pose.py --record: {model: {set: figures}}.
    """
    if not path.is_file():
        return {}
    means = {}
    for name, sets in json.loads(path.read_text("utf-8")).items():
        people = sum(figures["people"] for figures in sets.values())
        means[name] = sum(figures["mean_oks"] * figures["people"] for figures in sets.values()) / max(people, 1)
    return means


def record_accuracy(name: str, figures: Figures, measured_on: str, path: Path = accuracy_file) -> None:
    """Keeps a model's figures on one set, for the menu and for `auto`."""
    table = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    table.setdefault(name, {})[measured_on] = {key: round(value, 4) for key, value in asdict(figures).items()}
    path.write_text(json.dumps(table, indent=2, sort_keys=True) + "\n", "utf-8")
