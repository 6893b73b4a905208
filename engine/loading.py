"""Models from their files into memory: on first use, on the right device, one large one at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import forecast, weights
from engine.detect import PersonDetector
from engine.estimate import Detector, Estimator, Options
from engine.forecast import Forecast
from engine.movenet import MoveNet

if TYPE_CHECKING:  # torch and diffusers take seconds to import: they are fetched when one of their models is
    import torch

log = logging.getLogger(__name__)

figures_at_once = {"cuda": 8, "mps": 2, "cpu": 1}
worth = 1.3  # times as fast as single precision, for half precision to be chosen


class Loader:
    """Keeps the models that are loaded; of the large ones the last used alone, for one may fill the memory.

    `models` is the user's own folder of models; `threads` is how many a network may take.
    """

    def __init__(self, models: Path | None, threads: int) -> None:
        self._models, self._threads = models, threads
        self._small: dict[str, Any] = {}
        self._large: tuple[tuple[str, torch.dtype], Any] | None = None
        # Apart, so that nobody waits for gigabytes who wants the quick model.
        self._lock, self._large_lock = threading.RLock(), threading.RLock()

    def has(self, name: str) -> bool:
        """Whether that estimator is in memory."""
        return name in self._small or (self._large is not None and self._large[0][0] == name)

    def estimator(self, name: str, options: Options) -> Estimator:
        """The estimator of that name, for these options; a ValueError names what is wrong with its files."""
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
        entry = weights.entry(name, self._models)
        if entry.system == "movenet":
            return forecast.Forecast(forecast.quick.seconds * figures, forecast.quick.gigabytes)
        device, dtype = self._device(), self._dtype(entry, options)
        return forecast.forecast(
            forecast.work(entry, weights.find(name, self._models)), figures, options.flip_test, device, dtype
        )

    def _sdpose(self, entry: weights.Weights, options: Options) -> Estimator:
        from engine.sdpose import SDPoseEstimator, SDPosePipeline

        key = entry.name, self._dtype(entry, options)
        if self._large is None or self._large[0] != key:
            self._large = None  # let go before the next one fills the memory
            path = self._path(entry.name)
            log.info("loading %s", path)
            pipeline = SDPosePipeline.from_pretrained(path, key[1])
            self._large = key, pipeline.for_inference().to(self._device())
        return SDPoseEstimator(self._large[1], entry.name, options.protocol, figures_at_once[self._device().type])

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

    def _path(self, name: str) -> Path:
        return weights.require(name, self._models)

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
