"""The SDPose pipeline: photos and boxes in, keypoints out; a batch over people, pictures and the flip test alike."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.utils.outputs import BaseOutput
from torch import Tensor, nn

from engine import sdpose_layout
from engine.box import Box
from engine.estimator import Thresholds, Watch
from engine.heatmap import Crop, Protocol, crop_of, cut, decode, merge_flip
from engine.networks.sdpose import SDPoseNet, sizes
from engine.pose import Person
from engine.skeleton import Skeleton, coco17, wholebody133

skeletons = {len(skeleton): skeleton for skeleton in (coco17, wholebody133)}


@dataclass
class SDPoseOutput(BaseOutput):
    """What the pipeline found, one entry per picture.

    `keypoints` (N, K, 2) float64 px of the picture, from the centre of its first pixel, in the order of its boxes;
    `scores` (N, K) float32, the heatmaps' peaks: unbounded, mostly 0 … 1; where one is 0 or less the point means
    nothing. `heatmaps` (N, K, h, w) float32, where they were asked for.
    """

    keypoints: list[np.ndarray]
    scores: list[np.ndarray]
    heatmaps: list[Tensor] | None = None


class SDPosePipeline:
    """SDPose (arXiv 2509.24980) with the conventions of a diffusers pipeline: from_pretrained, save_pretrained, call.

    `input_size` (width, height) px is what the network was trained for. Equal inputs give equal outputs. Threads may
    share it: they pass the network one after the other.
    """

    def __init__(self, net: SDPoseNet, input_size: tuple[int, int] = sizes["official"].input_size) -> None:
        self.net = net.eval()
        self.input_size = input_size
        self.skeleton: Skeleton = skeletons[net.head.keypoints]
        self._turn = threading.Lock()

    @classmethod
    def from_pretrained(cls, path: str | Path, torch_dtype: torch.dtype = torch.float32) -> SDPosePipeline:
        """The pipeline at a folder or single file, see `engine.sdpose_layout`; WrongWeights names what is wrong."""
        return cls(*sdpose_layout.read(Path(path), torch_dtype))

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the weights in the hub's layout; ValueError once they were trimmed."""
        sdpose_layout.write(self.net, self.input_size, Path(folder))

    @property
    def device(self) -> torch.device:
        return self.net.empty_prompt.device

    @property
    def dtype(self) -> torch.dtype:
        return self.net.empty_prompt.dtype

    def to(self, device: str | torch.device | None = None, dtype: torch.dtype | None = None) -> SDPosePipeline:
        """This pipeline, moved and cast."""
        self.net.to(device=device, dtype=dtype)
        return self

    def for_inference(self) -> SDPosePipeline:
        """This pipeline without what inference never reads, laid out for speed; not to be saved or trained any more."""
        self.net.trimmed().channels_last()
        return self

    def __call__(
        self,
        images: np.ndarray | Sequence[np.ndarray],
        boxes: Sequence[Sequence[Box]] | None = None,
        protocol: Protocol = "evaluation",
        flip_test: bool = True,
        generator: torch.Generator | None = None,
        batch_size: int = 4,
        output_heatmaps: bool = False,
        watch: Watch | None = None,
    ) -> SDPoseOutput:
        """The keypoints of the people in pictures (H, W, 3) uint8 RGB, one or several of any size.

        `boxes` are those of each picture's people, the whole picture without them. `protocol` is how a box becomes the
        network's input, see `engine.heatmap`. A `generator` samples the latents as the published code does; without
        one they are the mode. `batch_size` counts figures, each twice in the network with the flip test. ValueError
        for a wrong picture or box.
        """
        if batch_size < 1:
            raise ValueError(f"expected a batch of 1 or more figures, got {batch_size}")
        pictures = [images] if isinstance(images, np.ndarray) else list(images)
        places = [[Box.of(_size(picture))] for picture in pictures] if boxes is None else [list(each) for each in boxes]
        if len(places) != len(pictures):
            raise ValueError(f"expected boxes for {len(pictures)} pictures, got them for {len(places)}")
        crops = [
            (picture, crop_of(box, protocol, self.input_size, _size(picture)))
            for picture, here in zip(pictures, places, strict=True)
            for box in here
        ]
        points = np.zeros((len(crops), len(self.skeleton), 2))
        scores = np.zeros((len(crops), len(self.skeleton)), np.float32)
        maps: list[Tensor] = []
        for start in range(0, len(crops), batch_size):
            batch = crops[start : start + batch_size]
            share = _part_of(watch, start / len(crops), len(batch) / len(crops))
            found = self.heatmaps([cut(photo, crop) for photo, crop in batch], flip_test, generator, share)
            where, sure = decode(found, self.input_size)
            for i, (_, crop) in enumerate(batch):
                points[start + i] = crop.to_photo(where[i].cpu().numpy())
            scores[start : start + len(batch)] = sure.cpu().numpy()
            maps += found.unbind() if output_heatmaps else ()
        ends = np.cumsum([len(here) for here in places], dtype=int)
        width, height = self.input_size
        stacked = torch.stack(maps) if maps else torch.zeros(0, len(self.skeleton), height // 4, width // 4)
        return SDPoseOutput(
            np.split(points, ends)[:-1],
            np.split(scores, ends)[:-1],
            list(torch.tensor_split(stacked, ends.tolist()))[:-1] if output_heatmaps else None,
        )

    @torch.inference_mode()
    def heatmaps(
        self,
        crops: Sequence[np.ndarray],
        flip_test: bool = True,
        generator: torch.Generator | None = None,
        watch: Watch | None = None,
    ) -> Tensor:
        """Heatmaps (B, K, H/4, W/4) float32 of crops (H, W, 3) uint8; the flip test is part of the same batch."""
        pixels = torch.from_numpy(np.stack(crops)).to(self.device).permute(0, 3, 1, 2)
        pixels = (pixels.float() / 255 * 2 - 1).to(self.dtype)
        with _held(self._turn, watch), _watched(self.net, watch):
            found = self._run(torch.cat([pixels, pixels.flip(-1)]) if flip_test else pixels, generator)
        if not flip_test:
            return found
        straight, mirrored = found.chunk(2)
        return merge_flip(straight, mirrored, self.skeleton.swap)

    def _run(self, pixels: Tensor, generator: torch.Generator | None) -> Tensor:
        try:
            return self.net(pixels, generator).float()
        except RuntimeError as error:  # torch has no one kind for it: a GPU's is a RuntimeError of its own
            if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
                raise MemoryError(f"expected memory for {len(pixels)} pictures at once, got no more of it") from error
            raise

    def people(self, output: SDPoseOutput) -> list[list[Person]]:
        """The output as figures of each picture, scores cut to 0 … 1, every joint visible for now."""
        pairs = zip(output.keypoints, output.scores, strict=True)
        return [
            [Person(self.skeleton, p, np.clip(s, 0, 1)) for p, s in zip(points, scores, strict=True)]
            for points, scores in pairs
        ]


def _size(picture: np.ndarray) -> tuple[int, int]:
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(f"expected pictures (H, W, 3) uint8 RGB, got {picture.shape} of {picture.dtype}")
    return picture.shape[1], picture.shape[0]


def _part_of(watch: Watch | None, start: float, share: float) -> Watch | None:
    return None if watch is None else lambda done: watch(start + share * done)


@contextmanager
def _held(turn: threading.Lock, watch: Watch | None) -> Iterator[None]:
    """Waits for the network: two runs at once would hear each other's hooks and need twice the memory.

    `watch` is asked while waiting, so that whoever waits can be stopped.
    """
    while not turn.acquire(timeout=0.1):
        if watch:
            watch(0.0)
    try:
        yield
    finally:
        turn.release()


@contextmanager
def _watched(net: SDPoseNet, watch: Watch | None) -> Iterator[None]:
    """While inside, `watch` hears of every block of the network before it runs."""
    if watch is None:
        yield
        return
    encoder: Any = net.vae.encoder
    unet: Any = net.unet
    if net.small:
        layers = list(encoder.layers)
    else:  # of its blocks the first layer: a trimmed network runs them layer by layer, see `networks.lean`
        layers = [part.norm1 for block in encoder.down_blocks for part in block.resnets] + [encoder.mid_block]
    layers += [*unet.down_blocks, unet.mid_block, *unet.up_blocks, net.head]
    shares = {layer: i / len(layers) for i, layer in enumerate(layers)}
    furthest = 0.0

    def tell(layer: nn.Module, _inputs: object) -> None:
        nonlocal furthest  # pictures that are encoded one by one go through the first layers again
        furthest = max(furthest, shares[layer])
        watch(furthest)

    hooks = [layer.register_forward_pre_hook(tell) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


class SDPoseEstimator:
    """SDPose as the studio's estimator, by one protocol, `at_once` figures in a pass."""

    # The published demo draws a point from 0.3 on; a peak of a tenth is where a joint may be, behind something.
    thresholds = Thresholds(visible=0.3, hidden=0.1, doubtful=0.3, person=0.0)

    def __init__(
        self, pipeline: SDPosePipeline, name: str, protocol: Protocol = "evaluation", at_once: int = 1
    ) -> None:
        self.name, self.at_once = name, at_once
        self._pipeline = pipeline
        self._protocol: Protocol = protocol

    @property
    def skeleton(self) -> Skeleton:
        return self._pipeline.skeleton

    def points(
        self, photo: np.ndarray, boxes: list[Box], flip_test: bool = True, watch: Watch | None = None
    ) -> list[Person]:
        """Figures in the order of `boxes`, points in pixels of the photo (H, W, 3) uint8 RGB, every joint visible."""
        pipeline = self._pipeline
        at = [crop_of(box, self._protocol, pipeline.input_size, photo.shape[1::-1]) for box in boxes]
        found = pipeline(
            photo, [boxes], self._protocol, flip_test, batch_size=self.at_once, watch=watch
        )  # fmt: skip
        return [_within(person, crop) for person, crop in zip(pipeline.people(found)[0], at, strict=True)]


def _within(person: Person, crop: Crop) -> Person:
    """The figure with nothing outside what the network saw: on a flat heatmap the published decode's last step leaps.

    Such a joint comes to the crop's edge with a score of 0.
    """
    half = np.array(crop.scale) / 2
    inside = np.clip(person.points, crop.center - half, crop.center + half)
    leapt = (inside != person.points).any(1)
    return replace(person, points=inside, scores=np.where(leapt, 0.0, person.scores))
