"""Models from their files into memory: on first use, on the right device, one large one at a time."""

from __future__ import annotations

import gc
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import forecast, libraries, room, weights
from engine.detect import PersonDetector
from engine.estimate import Detector, Estimator, Options
from engine.forecast import Forecast
from engine.joined_estimator import JoinedEstimator, pair_of
from engine.movenet import MoveNet

if TYPE_CHECKING:  # torch and diffusers take seconds to import: they are fetched when one of their models is
    import torch

    from engine.paint_models import PaintControl, PaintModel
    from engine.painter import Base, Control, Memory, Painter

log = logging.getLogger(__name__)

figures_at_once = {"cuda": 8, "mps": 2, "cpu": 1}
worth = 1.3  # times as fast as single precision, for half precision to be chosen
small = 300  # megabytes on disk of a painting model that may always stay
# What must be free for others to stay beside a large model: so many times what it takes, and gigabytes to work in.
spare, work_room = 1.5, 2.0
Key = tuple[str, "torch.dtype"]


def usual_threads() -> int:
    """How many threads a network takes: as OMP_NUM_THREADS says, otherwise two, for the page to stay alive beside it.

    Not as many as there are: where a part of a large machine is lent, its processors are counted that one may not use.
    """
    said = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(said) if said.isdecimal() and int(said) else min(2, os.cpu_count() or 1)


class Loader:
    """Keeps the models that are loaded; of the large ones those that fit, for one may fill the memory.

    `models` is the user's own folder of models; `threads` is how many a network may take.
    """

    def __init__(self, models: Path | None, threads: int) -> None:
        self._models, self._threads = models, threads
        self._small: dict[str, Any] = {}
        self._large: OrderedDict[Key, Any] = OrderedDict()  # the last used last
        self._painter: tuple[tuple[tuple[Key, ...], Memory], Painter] | None = None
        # Apart, so that nobody waits for gigabytes who wants the quick model.
        self._lock, self._large_lock = threading.RLock(), threading.RLock()

    def has(self, name: str) -> bool:
        """Whether that model is in memory, or both of a pair."""
        if pair := pair_of(name):
            return self.has(pair.body) and self.has(pair.whole)
        return name in self._small or any(name == key[0] for key in [*self._large])

    def estimator(self, name: str, options: Options) -> Estimator:
        """The estimator of that name, for these options; a ValueError names what is wrong with its files."""
        if pair := pair_of(name):
            both = (self.estimator(one, options) for one in (pair.body, pair.whole))
            return JoinedEstimator(*both, parts=pair.parts)
        entry = weights.entry(name, self._models)
        if entry.system == "sdpose":
            with self._large_lock:
                return self._sdpose(entry, options)
        with self._lock:
            if entry.system == "movenet":
                return self._kept(name, lambda path: MoveNet(self._session(path / "movenet-thunder.onnx")))
            return self._vitpose(entry)

    def detector(self, name: str, animals: bool = False) -> Detector:
        """What finds people, or animals."""
        with self._lock:
            if name == "quick":
                # Under a name that no file of the user's can have.
                return self._kept(
                    "quick/people", lambda path: PersonDetector(self._session(path / "movenet-multipose.onnx")), "quick"
                )
            from engine import rtdetr

            both = self._kept(name, lambda path: rtdetr.load(path, device=str(self._device())))
            return both.of(rtdetr.animal_kinds) if animals else both

    def forecast(self, name: str, options: Options, figures: int) -> Forecast:
        """What that many figures will take, reckoned from the network's size and this machine's speed."""
        if pair := pair_of(name):
            one, other = (self.forecast(part, options, figures) for part in (pair.body, pair.whole))
            return Forecast(one.seconds + other.seconds, one.gigabytes + other.gigabytes)
        entry = weights.entry(name, self._models)
        if entry.system == "movenet":
            return forecast.Forecast(forecast.quick.seconds * figures, forecast.quick.gigabytes)
        device, dtype = self._device(), self._dtype(entry, options)
        return forecast.forecast(
            forecast.work(entry, weights.find(name, self._models)), figures, options.flip_test, device, dtype
        )

    def _sdpose(self, entry: weights.Weights, options: Options) -> Estimator:
        with libraries.importing():
            from engine.sdpose import SDPoseEstimator, SDPosePipeline

        dtype = self._dtype(entry, options)

        def load(path: Path) -> Any:
            return SDPosePipeline.from_pretrained(path, dtype).for_inference().to(self._device())

        pipeline = self._kept_large((entry.name, dtype), entry.megabytes, load)
        return SDPoseEstimator(pipeline, entry.name, options.protocol, figures_at_once[self._device().type])

    def _vitpose(self, entry: weights.Weights) -> Estimator:
        from engine import vitpose

        assert entry.skeleton
        skeleton = entry.skeleton
        return self._kept(
            entry.name, lambda path: vitpose.load(path, skeleton, device=str(self._device()), name=entry.name)
        )

    def _kept(self, key: str, make: Callable[[Path], Any], name: str = "") -> Any:
        if key not in self._small:
            path = self._path(name or key)
            log.info("loading %s", path)
            self._small[key] = make(path)
        return self._small[key]

    def _kept_large(self, key: Key, megabytes: float, make: Callable[[Path], Any], beside: Collection[Key] = ()) -> Any:
        """The model of that key and size on disk; others that are not `beside` go where there is no room for it."""
        if key not in self._large:
            path = self._path(key[0])
            # On disk they are in half precision, or, in single, take less than this.
            self._make_room(megabytes / 1000 * key[1].itemsize / 2, beside)
            log.info("loading %s", path)
            self._large[key] = make(path)
        self._large.move_to_end(key)
        return self._large[key]

    def _make_room(self, needed: float, beside: Collection[Key]) -> None:
        """Lets large models go, the last used last, until there is room; one in use stays until its work is done."""
        for key in [key for key in self._large if key not in beside]:
            if room.free(self._device()) > spare * needed + work_room:
                return
            log.info("letting %s go", key[0])
            del self._large[key]
            if self._painter is not None and key in self._painter[0][0]:
                self._painter = None
            gc.collect()  # pipelines know their parts and these know them

    def _path(self, name: str) -> Path:
        return weights.require(name, self._models)

    # ── what paints ──

    def painter(self, model: PaintModel, control: PaintControl | None, size: tuple[int, int]) -> Painter:
        """What paints pictures of (width, height) px with that base and control, if any.

        ValueError when they do not fit.
        """
        with self._large_lock:
            with libraries.importing():
                from engine.paint_loading import fits
                from engine.painter import Painter
                from engine.painter_memory import memory_for, there

            device = self._device()
            base, keys = self._base(model), tuple(self._key(one.name) for one in (model, control) if one)
            told = self._control(control, beside=keys) if control else None
            if told and not fits(base, told):
                raise ValueError(f"expected a control for {model.name}, got {told.name}, made for another base")
            memory = memory_for(base, told, size, device, room.free(device) + there(base, told, device))
            if self._painter is None or self._painter[0] != (keys, memory):
                self._painter = (keys, memory), Painter(base, told, device.type, memory)
            return self._painter[1]

    def _base(self, model: PaintModel) -> Base:
        from engine.paint_loading import read_base

        key = self._key(model.name)
        return self._painting(key, model.megabytes, lambda path: read_base(path, model.name, key[1]))

    def _control(self, control: PaintControl, beside: Collection[Key]) -> Control:
        from engine.paint_loading import read_control

        key = self._key(control.name)

        def load(path: Path) -> Control:
            return read_control(path, control.name, key[1], control.encoding, control.kind, guided=control.guided)

        return self._painting(key, control.megabytes, load, beside)

    def _painting(self, key: Key, megabytes: float, make: Callable[[Path], Any], beside: Collection[Key] = ()) -> Any:
        if megabytes < small:
            with self._lock:
                return self._kept(key[0], make)
        return self._kept_large(key, megabytes, make, beside)

    def _key(self, name: str) -> Key:
        """By what a painting model is kept: on a GPU in half precision, which all of them are published in."""
        import torch

        return name, torch.float16 if self._device().type == "cuda" else torch.float32

    # ── machine ──

    def _device(self) -> torch.device:
        """What torch's networks run on; where it is the processor, on so many threads as they may take."""
        import torch

        torch.set_num_threads(self._threads)
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")

    def _dtype(self, entry: weights.Weights, options: Options) -> torch.dtype:
        import torch

        if entry.system != "sdpose":
            return torch.float32
        named = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
        if options.precision in named:
            return named[options.precision]
        device = self._device()
        if device.type == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        # Many processors know bf16 and are no faster with it: whether it pays is asked of this one.
        pays = forecast.speed(device, torch.bfloat16) > worth * forecast.speed(device, torch.float32)
        return torch.bfloat16 if pays else torch.float32

    def _session(self, path: Path) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # Threads that spin while they wait take the processor from each other's network: 5 times slower on a busy one.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # errors only: the converted graph warns of unused initialisers
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
