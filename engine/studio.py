"""The studio owns the models: which there are, loading on first use, and the verbs that need them."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from engine import weights
from engine.box import Box
from engine.detect import PersonDetector
from engine.estimate import Estimator, Progress, estimate
from engine.evaluate import Figures
from engine.movenet import MoveNet
from engine.pose import Pose2D

log = logging.getLogger(__name__)

accuracy_file = weights.embedded_folder / "accuracy.json"
nobody = "Nobody was recognised. Draw a box around the figure, take the whole picture, or start from a library pose."


@dataclass(frozen=True)
class Model:
    """A line of the model menu: what can be used now, and its mean OKS where this project has measured it."""

    name: str
    does: str
    licence: str
    speed: str
    megabytes: float
    accuracy: float | None = None


@dataclass(frozen=True)
class Estimate:
    """A pose with the name of the model that found it, the seconds it took and what the artist should know."""

    pose: Pose2D
    model: str
    seconds: float
    notes: tuple[str, ...] = ()


class Studio:
    """Every model of the project behind one door, safe to use from several threads.

    `folder` holds the weights, one folder per model; the embedded ones by default. `threads` is how many a
    network may take, two at most by default, so that the page stays alive beside it.
    """

    def __init__(self, folder: Path | None = None, threads: int | None = None) -> None:
        self._folder = folder
        self._threads = threads or min(2, os.cpu_count() or 1)
        self._lock = threading.Lock()
        self._estimators: dict[str, Estimator] = {}
        self._detector: PersonDetector | None = None

    def models(self) -> tuple[Model, ...]:
        """The estimators that can be used now, the most accurate first."""
        accuracy = measured_accuracy()
        found = [
            Model(w.name, w.does, w.licence, w.speed, sum(f.size or 0 for f in w.files) / 1e6, accuracy.get(w.name))
            for w in weights.usable("estimate", self._folder)
        ]
        return tuple(sorted(found, key=lambda model: -(model.accuracy or 0.0)))

    def estimate(
        self,
        photo: np.ndarray,
        model: str = "auto",
        boxes: Sequence[Box] | None = None,
        whole_image: bool = False,
        flip_test: bool = True,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Estimate:
        """The pose in a photo (H, W, 3) uint8 RGB, see `engine.estimate`; `auto` takes the most accurate model.

        ValueError for an unknown model, a wrong photo or box; MissingWeights when a model's files are not right.
        """
        notes: list[str] = []
        started = time.perf_counter()
        name = self._chosen(model)
        estimator = self._estimator(name)
        detector = None if boxes or whole_image else self._person_detector()
        pose = estimate(
            photo, estimator, detector, boxes, whole_image, flip_test, progress, cancelled, note=notes.append
        )
        if not pose.people:
            notes.append(nobody)
        return Estimate(pose, name, time.perf_counter() - started, tuple(notes))

    def detect(self, photo: np.ndarray) -> list[Box]:
        """Boxes of the people in a photo (H, W, 3) uint8 RGB, the surest first."""
        size = photo.shape[1], photo.shape[0]
        return [found.box.clipped(size) for found in self._person_detector().people(photo)]

    def estimator(self, name: str) -> Estimator:
        """The estimator of that name, loaded; `auto` is the most accurate one."""
        return self._estimator(self._chosen(name))

    def _chosen(self, model: str) -> str:
        if model != "auto":
            entry = weights.entry(model)
            if entry.kind != "estimate":
                raise ValueError(f"expected an estimator, got {model!r}, which {entry.does}")
            return model
        there = self.models()
        if not there:
            weights.locate("quick", self._folder)  # says which file is missing and how to get it back
            raise weights.MissingWeights("expected at least one estimator, got none that is present")
        return there[0].name

    def _estimator(self, name: str) -> Estimator:
        with self._lock:
            if name not in self._estimators:
                paths = weights.locate(name, self._folder)
                # The one estimator this version can run; `locate` refuses the others by name.
                self._estimators[name] = MoveNet(self._session(paths["movenet-thunder.onnx"]))
            return self._estimators[name]

    def _person_detector(self) -> PersonDetector:
        with self._lock:
            if self._detector is None:
                paths = weights.locate("quick", self._folder)
                self._detector = PersonDetector(self._session(paths["movenet-multipose.onnx"]))
            return self._detector

    def _session(self, path: Path) -> onnxruntime.InferenceSession:
        log.info("loading %s", path.name)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # Threads that spin while they wait take the processor from each other's network: 5 times slower on a busy one.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # errors only: the converted graph warns of unused initialisers
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


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
