"""ViTPose and ViTPose++: the points of people (17 or 133) or animals (17) from crops around their boxes, by heatmaps.

The crop, the flip test and the decoding are those published with the networks (transformers' image processor), with
one difference: a box counts here from the picture's corner and there from the centre of the first pixel, so each is
moved by half a pixel, and a mirrored picture has exactly the mirrored crop.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine import libraries, vitpose_checkpoint
from engine.box import Box
from engine.estimator import Thresholds, Watch
from engine.pose import Person
from engine.skeleton import Skeleton
from engine.tensors import load_strictly

padding = 1.25  # crop over box
# The blur before the refining step, in heatmap px: transformers' 0.8 over 11. The authors' own evaluation has 2.0.
blur, blur_radius = 0.8, 5
farthest = 4.0  # heatmap px that the refining step may go; the published step has no limit and leaps on flat maps


class ViTPoseEstimator:
    """An estimator of one skeleton. `network` maps crops (B, 3, H, W) to heatmaps (B, J, H/4, W/4).

    `size` is the crops' (width, height) px; `mean` and `std` are of colours (R, G, B) 0 … 1.
    """

    # The published demonstrations draw a point from 0.3 on; a tenth is where a joint may be, behind something. Not
    # measured by this project yet.
    thresholds = Thresholds(visible=0.3, hidden=0.1, doubtful=0.3, person=0.0)
    at_once = 4  # figures in a pass, twice as many crops with the flip test; on a processor more save 5 % at most

    def __init__(
        self,
        network: Any,
        skeleton: Skeleton,
        size: tuple[int, int],
        mean: tuple[float, float, float],
        std: tuple[float, float, float],
        name: str = "vitpose",
    ) -> None:
        self._network = network.eval()
        self.skeleton = skeleton
        self.name = name
        self._size = size
        self._mean, self._std = (torch.tensor(values).reshape(3, 1, 1) for values in (mean, std))
        self._swap = torch.as_tensor(skeleton.swap.copy())

    def points(
        self, photo: np.ndarray, boxes: list[Box], flip_test: bool = True, watch: Watch | None = None
    ) -> list[Person]:
        """One figure per box, points in pixels of the photo (H, W, 3) uint8 RGB, every joint visible for now.

        `watch` hears the share done before each pass. Scores are the heatmaps' peaks, cut to 0 … 1; a joint without a
        peak has 0. ValueError for an empty box.
        """
        for box in boxes:
            if not np.isfinite(box).all() or box.width <= 0 or box.height <= 0:
                raise ValueError(f"expected a box with an inside, got {tuple(box)}")
        people: list[Person] = []
        for start in range(0, len(boxes), self.at_once):
            if watch:
                watch(start / len(boxes))
            windows = [window(box, self._size) for box in boxes[start : start + self.at_once]]
            crops = torch.stack([self._prepared(cut(photo, each, self._size)) for each in windows])
            places, scores = decode(self._heatmaps(crops, flip_test))
            for each, where, sure in zip(windows, places.numpy(), scores.numpy(), strict=True):
                corner, sides = np.array((each.x0, each.y0)), np.array((each.width, each.height))
                # The crop's and the map's first and last pixel centres lie on the window's edges alike.
                people.append(Person(self.skeleton, corner + where * sides, np.clip(sure, 0, 1)))
        return people

    def _prepared(self, crop: np.ndarray) -> Tensor:
        """The crop (H, W, 3) uint8 as (3, H, W) of the colours' mean 0 and deviation 1."""
        return (torch.from_numpy(crop).permute(2, 0, 1) / 255 - self._mean) / self._std

    def _heatmaps(self, crops: Tensor, flip_test: bool) -> Tensor:
        """Heatmaps (B, J, h, w) float32 of crops; the flip test means them with those of the mirrored crops."""
        parameter = next(self._network.parameters())
        given = torch.cat([crops, crops.flip(-1)]) if flip_test else crops
        with torch.inference_mode():
            maps = self._network(given.to(parameter.device, parameter.dtype)).heatmaps.float().cpu()
        if not flip_test:
            return maps
        straight, mirrored = maps.chunk(2)
        return (straight + mirrored.flip(-1)[:, self._swap]) / 2


def load(
    path: Path,
    skeleton: Skeleton,
    dataset_index: int | None = None,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    name: str = "vitpose",
) -> ViTPoseEstimator:
    """The estimator of a skeleton from a transformers folder or the authors' .pth, see `engine.vitpose_checkpoint`.

    `dataset_index` picks another of ViTPose++'s experts than the skeleton's own. Nothing is fetched; WrongWeights, a
    ValueError, names what is absent or wrong in the files.
    """
    found = vitpose_checkpoint.read(path, skeleton, dataset_index)
    kind, config = libraries.transformers("VitPoseForPoseEstimation"), libraries.transformers("VitPoseConfig")
    with torch.device("meta"):
        network: Any = kind(config.from_dict(found.config))
    load_strictly(network, found.tensors, str(path))
    network = network.to(device=device, dtype=dtype)
    return ViTPoseEstimator(network, skeleton, found.size, found.mean, found.std, name)


# ── the crop ──


def window(box: Box, size: tuple[int, int]) -> Box:
    """What the crop of `size` (width, height) shows of the photo: the box given the crop's shape, 1.25 times as large.

    Counted from the centre of the photo's first pixel, from the centres of the crop's first pixels to its last (UDP,
    Huang et al., CVPR 2020).
    """
    aspect = size[0] / size[1]
    width, height = max(box.width, box.height * aspect), max(box.height, box.width / aspect)
    (cx, cy), w, h = box.center, width * padding / 2, height * padding / 2
    return Box(cx - 0.5 - w, cy - 0.5 - h, cx - 0.5 + w, cy - 0.5 + h)


def cut(photo: np.ndarray, view: Box, size: tuple[int, int]) -> np.ndarray:
    """The window's pixels (h, w, 3) uint8, bilinear, of a photo (H, W, 3) uint8; black where it has none."""
    width, height = size
    y0, y1, v = _between(np.linspace(view.y0, view.y1, height), photo.shape[0])
    x0, x1, u = _between(np.linspace(view.x0, view.x1, width), photo.shape[1])
    u, v = u[:, None], v[:, None, None]
    upper = photo[y0[:, None], x0] * (1 - u) + photo[y0[:, None], x1] * u
    lower = photo[y1[:, None], x0] * (1 - u) + photo[y1[:, None], x1] * u
    # Halves go up, also when a sum falls a hair short of one: a mirrored photo then has the mirrored crop.
    crop = np.floor(upper * (1 - v) + lower * v + 0.5 + 1e-6).astype(np.uint8)
    crop[y0 < 0], crop[:, x0 < 0] = 0, 0
    return crop


def _between(places: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pixels before and after each place along one side, and the share (0 … 1) of the second; −1 outside."""
    outside = (places < -1e-6) | (places > length - 1 + 1e-6)
    places = np.clip(places, 0, length - 1)
    first = np.clip(np.floor(places).astype(int), 0, max(length - 2, 0))
    return np.where(outside, -1, first), np.minimum(first + 1, length - 1), places - first


# ── the decoding ──


def decode(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    """Places (B, J, 2), 0 at the first and 1 at the last pixel's centre, and peaks (B, J) of heatmaps (B, J, h, w).

    DARK (Zhang et al., CVPR 2020): a Newton step from the highest pixel on the logarithm of the blurred map. Without
    a peak above zero, or where that step leads nowhere, the highest pixel itself.
    """
    height, width = heatmaps.shape[-2:]
    peaks, where = heatmaps.flatten(2).max(-1)
    x, y = where % width, where // width
    logs = _blurred(heatmaps.double()).clamp(1e-3, 50).log()
    logs = torch.nn.functional.pad(logs, (1, 1, 1, 1), mode="replicate").flatten(2)

    def at(dx: int, dy: int) -> Tensor:
        index = (y + 1 + dy) * (width + 2) + x + 1 + dx
        return logs.gather(-1, index[..., None])[..., 0]

    slope_x, slope_y = (at(1, 0) - at(-1, 0)) / 2, (at(0, 1) - at(0, -1)) / 2
    tiny = float(np.finfo(np.float32).eps)  # as published, so that a flat map has an inverse
    xx = at(1, 0) - 2 * at(0, 0) + at(-1, 0) + tiny
    yy = at(0, 1) - 2 * at(0, 0) + at(0, -1) + tiny
    # As published, along one diagonal: exact for a Gaussian, else not quite the same in a mirror.
    xy = (at(1, 1) - at(1, 0) - at(0, 1) + 2 * at(0, 0) - at(-1, 0) - at(0, -1) + at(-1, -1)) / 2
    step = torch.stack([xy * slope_y - yy * slope_x, xy * slope_x - xx * slope_y], -1) / (xx * yy - xy * xy)[..., None]
    good = step.isfinite().all(-1) & (step.norm(dim=-1) <= farthest) & (peaks > 0)
    places = torch.stack([x, y], -1) + torch.where(good[..., None], step, 0.0)
    return places / torch.tensor((width - 1, height - 1)), peaks


def _blurred(maps: Tensor) -> Tensor:
    """Maps (B, J, h, w) after a Gaussian, continued beyond their edges by their mirror image."""
    offsets = torch.arange(-blur_radius, blur_radius + 1, dtype=maps.dtype)
    weights = torch.exp(-(offsets**2) / (2 * blur**2))
    weights /= weights.sum()
    for axis in (-2, -1):
        length = maps.shape[axis]
        # d c b a | a b c d | d c b a
        order = (torch.arange(-blur_radius, length + blur_radius) % (2 * length)).to(torch.long)
        order = torch.where(order < length, order, 2 * length - 1 - order)
        wide = maps.index_select(axis, order)
        maps = sum((w * wide.narrow(axis, i, length) for i, w in enumerate(weights)), torch.zeros_like(maps))
    return maps
