"""From a figure's box to the network's crop, and from its heatmaps back to points: SDPose's two published protocols.

`evaluation` (the paper's figures): box × 1.25, grown to 3:4, UDP affine, black beside the photo. `demo`: the box cut
off at whole pixels and stretched. Both decode by UDP/DARK (arXiv 1911.07524, 1910.06278). Joints of score 0 or less
have no place: they come out left of and above the crop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engine.box import Box

input_size = (768, 1024)  # width, height of the crop the official networks take
heatmap_size = (192, 256)
box_padding = 1.25
target_sigma = 6.0  # heatmap px, of the Gaussians a network is trained towards
reach = 3.0  # sigmas after which those Gaussians end

blur_size = 11
blur_sigma = 2.0  # what OpenCV takes for a kernel of 11; the published decode keeps it whatever the targets' sigma
floor, ceiling = 1e-3, 50.0  # of blurred heatmaps before their logarithm
ridge = float(np.finfo(np.float32).eps)  # added to the Hessian's diagonal before it is inverted

Protocol = Literal["evaluation", "demo"]

# ── the crop ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Crop:
    """The part of a photo a network looks at: `center` and `scale` (width, height) px of the photo, `size` of the crop.

    `rotation`, in radians, turns the photo about the centre, x towards y; training alone uses it.
    """

    center: tuple[float, float]
    scale: tuple[float, float]
    size: tuple[int, int] = input_size
    protocol: Protocol = "evaluation"
    rotation: float = 0.0

    @property
    def matrix(self) -> np.ndarray:
        """Affine (2, 3) float32 from photo px to crop px, both from the centre of their first pixel."""
        (cx, cy), (sw, sh), (w, h) = self.center, self.scale, self.size
        if self.protocol == "demo":  # a stretch brings edges onto edges
            x, y = (w / sw, h / sh)
            return np.array([[x, 0, (sw / 2 - cx + 0.5) * x - 0.5], [0, y, (sh / 2 - cy + 0.5) * y - 0.5]], np.float32)
        x, y = (w - 1) / sw, (h - 1) / sh  # UDP: the first pixel's centre and the last one's span the scale
        turn = float(np.float32(self.rotation))  # warps agree with the published ones to the last bit so
        c, s = np.cos(turn), np.sin(turn)
        return np.array(
            [[c * x, -s * x, x * (-cx * c + cy * s + sw / 2)], [s * y, c * y, y * (-cx * s - cy * c + sh / 2)]],
            np.float32,
        )

    def to_photo(self, points: np.ndarray) -> np.ndarray:
        """Photo px (…, 2) of points (…, 2) as `decode` gives them, by the published formula.

        It undoes an upright evaluation crop exactly. In a demo crop it leaves what the published demo leaves: up to
        one crop px, for the decode divides by 191 and 255 what the stretch multiplies by 192 and 256.
        """
        scale = np.array(self.scale)
        away = np.asarray(points, dtype=float) / self.size * scale - scale / 2
        c, s = np.cos(self.rotation), np.sin(self.rotation)
        return away @ np.array([[c, -s], [s, c]]) + self.center


def crop_of(
    box: Box, protocol: Protocol, size: tuple[int, int] = input_size, photo_size: tuple[int, int] | None = None
) -> Crop:
    """The crop (width, height) `size` around a box; its numbers are taken as they are, as the published code does.

    `photo_size` (width, height) is where a demo crop ends. ValueError for a box without area, or beside the photo.
    """
    x0, y0, x1, y1 = (float(v) for v in box)
    if not np.isfinite([x0, y0, x1, y1]).all() or x1 <= x0 or y1 <= y0:
        raise ValueError(f"expected a box with an area, got {(x0, y0, x1, y1)}")
    if protocol == "demo":
        return _demo_crop((x0, y0, x1, y1), size, photo_size)
    w, h, aspect = (x1 - x0) * box_padding, (y1 - y0) * box_padding, size[0] / size[1]
    scale = (w, w / aspect) if w > h * aspect else (h * aspect, h)
    # Single precision, as published: the last bit moves interpolated levels.
    cx, cy, sw, sh = (float(np.float32(v)) for v in ((x0 + x1) / 2, (y0 + y1) / 2, *scale))
    return Crop((cx, cy), (sw, sh), size, protocol)


def _demo_crop(corners: Sequence[float], size: tuple[int, int], photo_size: tuple[int, int] | None) -> Crop:
    x0, y0, x1, y1 = (int(v) for v in corners)
    if photo_size is not None:
        x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, photo_size[0]), min(y1, photo_size[1])
    if x1 <= x0 or y1 <= y0:
        raise ValueError(f"expected a box that holds a pixel of the photo, got {tuple(corners)}")
    return Crop(((x0 + x1) / 2, (y0 + y1) / 2), (float(x1 - x0), float(y1 - y0)), size, "demo")


def cut(photo: np.ndarray, crop: Crop) -> np.ndarray:
    """What the network sees (h, w, 3) uint8 of a photo (H, W, 3) uint8; black where the crop leaves the photo."""
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8:
        raise ValueError(f"expected a photo (H, W, 3) uint8, got {photo.shape} {photo.dtype}")
    if crop.protocol == "evaluation":
        return cv2.warpAffine(photo, crop.matrix, crop.size, flags=cv2.INTER_LINEAR)
    (cx, cy), (w, h) = crop.center, crop.scale
    corners = (round(cx - w / 2), round(cy - h / 2), round(cx + w / 2), round(cy + h / 2))
    return np.asarray(Image.fromarray(photo).crop(corners).resize(crop.size, Image.Resampling.BILINEAR))


# ── heatmaps → points ──────────────────────────────────────────────────────────────────────────────


def decode(heatmaps: Tensor, size: tuple[int, int] = input_size) -> tuple[Tensor, Tensor]:
    """Points (B, K, 2) float64, px of a crop of `size`, and scores (B, K) float32 of heatmaps (B, K, H, W).

    A score is the map's highest value, unbounded; with 0 or less, or where it is NaN or infinite (score 0), the
    point is (-1, -1) of the heatmap and means nothing. Results stay on the heatmaps' device (points on Apple's do not).
    """
    if heatmaps.ndim != 4 or min(heatmaps.shape[-2:], default=0) < 2:
        raise ValueError(f"expected heatmaps (B, K, H, W) of at least 2 × 2, got {tuple(heatmaps.shape)}")
    batch, count, height, width = heatmaps.shape
    maps = heatmaps.detach().float().reshape(batch * count, height, width)
    scores, peaks = maps.flatten(1).max(1)
    scores = torch.where(scores.isfinite(), scores, 0.0)
    x, y = peaks % width, peaks // width
    step = _steps(maps, x, y, scores)
    cells = torch.stack([x, y], dim=1).to(step.device) - step
    cells = torch.where((scores > 0).to(step.device)[:, None], cells, -1.0)
    unit = torch.tensor([size[0] / (width - 1), size[1] / (height - 1)], dtype=torch.float64, device=step.device)
    return (cells * unit).reshape(batch, count, 2), scores.reshape(batch, count)


def _steps(maps: Tensor, x: Tensor, y: Tensor, scores: Tensor) -> Tensor:
    """(N, 2) float64 how far the integer maxima x, y of maps (N, H, W) lie past their true ones.

    The published code blurs whole maps and stretches each to its former maximum before it clips values and takes
    logarithms. A stretch adds a constant to logarithms, which no derivative sees: unless it decides what is clipped,
    nine blurred values are all it takes. Where it may decide, or a flat top makes the step hang on the last bit, the
    whole map is blurred.
    """
    near = _blurred_around(maps, x, y)
    scores = scores.to(near.device)
    step = _newton_step(near)
    # The stretch is at least 1, for a blur lowers a maximum: what is over the floor before is over it after.
    clipped = (near < floor).flatten(1).any(1) | (scores > ceiling)
    unsure = (scores > 0) & (clipped | (step.abs().amax(1) > 1))
    if unsure.any():
        highest = _blurred_maximum(maps[unsure.to(maps.device)]).to(near.device)
        # A narrow peak in a map that is negative elsewhere may blur to nothing above 0: the published sign is kept.
        stretch = torch.where(highest == 0, 1.0, scores[unsure] / highest)
        step[unsure] = _newton_step(near[unsure] * stretch[:, None, None])
    return step


def _kernel() -> Tensor:
    """(11,) float32 weights of the blur."""
    away = torch.arange(blur_size, dtype=torch.float64) - blur_size // 2
    kernel = torch.exp(-(away**2) / (2 * blur_sigma**2))
    return (kernel / kernel.sum()).float()


def _blurred_around(maps: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Blurred values (N, 3, 3) of maps (N, H, W) around (x, y); outside the maps lie zeros, and edges repeat.

    Equal to OpenCV's to the last bit: its order of sums, each product added without rounding. Points of maps without
    a clear top hang on that bit.
    """
    count, height, width = maps.shape
    half = blur_size // 2
    span = torch.arange(-half - 1, half + 2, device=maps.device)
    rows, columns = y[:, None] + span, x[:, None] + span  # (N, 13)
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    cells = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None, :]
    windows = torch.where(inside, maps.flatten(1).gather(1, cells.flatten(1)).reshape(cells.shape), 0.0)
    if maps.device.type == "mps":  # has no float64, and there is little left to do
        windows, x, y = windows.cpu(), x.cpu(), y.cpu()
    kernel = _kernel().double().to(windows.device)
    wide = windows.unfold(2, blur_size, 1).double()  # (N, 13, 3, 11)
    across = (wide[..., 0] * kernel[0]).float()
    for k in range(1, blur_size):
        across = (across.double() + wide[..., k] * kernel[k]).float()
    tall = across.unfold(1, blur_size, 1)  # (N, 3, 3, 11)
    near = (tall[..., half].double() * kernel[half]).float()
    for k in range(1, half + 1):
        both = tall[..., half - k] + tall[..., half + k]
        near = (near.double() + both.double() * kernel[half + k]).float()
    beside = torch.arange(-1, 2, device=near.device)
    row, column = (
        (at[:, None] + beside).clamp(0, last) - at[:, None] + 1 for at, last in ((y, height - 1), (x, width - 1))
    )
    return near[torch.arange(count, device=near.device)[:, None, None], row[:, :, None], column[:, None, :]]


def _blurred_maximum(maps: Tensor) -> Tensor:
    """Highest values (N,) of maps (N, H, W) after a blur with zeros outside."""
    if maps.device.type != "cpu":
        return _summed_maximum(maps)
    size, sigma = (blur_size, blur_size), blur_sigma  # OpenCV is ten times as fast as torch there
    highest = [cv2.GaussianBlur(one, size, sigma, borderType=cv2.BORDER_CONSTANT).max() for one in maps.numpy()]
    return torch.tensor(highest, dtype=torch.float32)


def _summed_maximum(maps: Tensor) -> Tensor:
    """The same by sums of shifted maps: convolutions on a GPU may round to fewer digits."""
    half = blur_size // 2
    for axis, sides in ((2, (half, half)), (1, (0, 0, half, half))):
        padded, length = torch.nn.functional.pad(maps, sides), maps.shape[axis]
        maps = sum((padded.narrow(axis, k, length) * w for k, w in enumerate(_kernel().tolist())), start=maps * 0)
    return maps.amax((1, 2))


def _newton_step(blurred: Tensor) -> Tensor:
    """(N, 2) float64 how far x, y lie past the maximum of the logarithms of (N, 3, 3); unbounded, 0 without slope.

    Differences in single precision, their inverse in double, as published. A Hessian that cannot be inverted, at
    which the published code stops, moves nothing.
    """
    log = blurred.clamp(floor, ceiling).log()
    a, b, _ = log[:, 0].unbind(1)  # row above: left, middle, right
    d, e, f = log[:, 1].unbind(1)
    _, h, i = log[:, 2].unbind(1)
    dx, dy = (0.5 * (f - d)).double(), (0.5 * (h - b)).double()
    dxx, dyy = (f - 2 * e + d).double() + ridge, (h - 2 * e + b).double() + ridge
    dxy = (0.5 * (i - f - h + 2 * e - d - b + a)).double()
    determinant = dxx * dyy - dxy * dxy
    step = torch.stack([dyy * dx - dxy * dy, dxx * dy - dxy * dx], dim=1) / determinant[:, None]
    return torch.where(determinant[:, None] == 0, 0.0, step)


def merge_flip(heatmaps: Tensor, mirrored: Tensor, swap: Sequence[int] | np.ndarray) -> Tensor:
    """Mean (B, K, H, W) of a picture's heatmaps and those of its mirror image, turned back; `swap` (K,) pairs sides."""
    if heatmaps.shape != mirrored.shape or len(swap) != heatmaps.shape[1]:
        raise ValueError(
            f"expected two equal batches of heatmaps and {heatmaps.shape[1]} places to swap, "
            f"got {tuple(heatmaps.shape)}, {tuple(mirrored.shape)} and {len(swap)}"
        )
    order = torch.as_tensor(np.array(swap), device=heatmaps.device)
    return (heatmaps + mirrored.flip(-1)[:, order]) * 0.5


# ── points → heatmaps ──────────────────────────────────────────────────────────────────────────────


def encode(
    points: np.ndarray,
    visible: np.ndarray,
    size: tuple[int, int] = input_size,
    map_size: tuple[int, int] = heatmap_size,
    sigma: float = target_sigma,
) -> tuple[np.ndarray, np.ndarray]:
    """Targets (K, H, W) float32 and weights (K,) float32 for points (K, 2) px of the crop and visible (K,) 0 … 1.

    Each is a Gaussian of height 1 about the point itself, in a square of three sigmas about its pixel; the weight is
    `visible`, and 0 where the square lies outside the map.
    """
    unit = ((np.array(size) - 1) / (np.array(map_size) - 1)).astype(np.float32)
    at = np.asarray(points, dtype=np.float32) / unit  # single precision decides which pixel a half goes to
    weights = np.array(visible, dtype=np.float32)
    if at.shape != (len(weights), 2) or not np.isfinite(at).all():
        raise ValueError(f"expected finite points (K, 2) and visible (K,), got {np.shape(points)}, {weights.shape}")
    pixel, radius = np.trunc(at + 0.5), reach * sigma
    weights[((pixel + radius < 0) | (pixel - radius >= np.array(map_size))).any(1)] = 0
    across, down = (
        np.exp(-((cells - at[:, i : i + 1]) ** 2) / (2 * sigma**2)) * (abs(cells - pixel[:, i : i + 1]) <= radius)
        for i, cells in enumerate((np.arange(map_size[0]), np.arange(map_size[1])))
    )
    maps = (down[:, :, None] * across[:, None, :]).astype(np.float32)
    maps[weights < 0.5] = 0
    return maps, weights
