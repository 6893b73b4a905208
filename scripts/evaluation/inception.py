"""The network that the FID is made of: Inception v3 of 2015-12-05, from a picture to 2048 numbers.

Layers are named as in the published file of its weights for PyTorch; its classifier is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d, relu

from engine.tensors import load_strictly

side = 299  # px
unused = ("fc.", "AuxLogits.")  # of the published file
Kernel = tuple[int, int]
one, three, five, wide, tall = (1, 1), (3, 3), (5, 5), (1, 7), (7, 1)


class _Conv(nn.Module):
    """Convolution, norm, ReLU."""

    def __init__(self, entering: int, leaving: int, kernel: Kernel, stride: int = 1, padded: bool = True) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2) if padded and stride == 1 else 0
        self.conv = nn.Conv2d(entering, leaving, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(leaving, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.bn(self.conv(x)))


# A step of a branch: a named convolution (name, channels, kernel[, stride]), several side by side, or a pooling.
Named = tuple[str, int, Kernel] | tuple[str, int, Kernel, Literal[2]]
Step = Named | list[Named] | str
_pools = {
    "average": lambda x: avg_pool2d(x, 3, 1, 1, count_include_pad=False),
    "largest": lambda x: max_pool2d(x, 3, 1, 1),
    "smaller": lambda x: max_pool2d(x, 3, 2),
}


class _Mixed(nn.Module):
    """Branches side by side, their channels one after the other."""

    def __init__(self, entering: int, *branches: Sequence[Step]) -> None:
        super().__init__()
        self.leaving = 0
        self._branches: list[list[list[str]]] = []
        for branch in branches:
            width, steps = entering, []
            for step in branch:
                if isinstance(step, str):
                    steps.append([step])
                    continue
                beside = step if isinstance(step, list) else [step]
                for name, leaving, kernel, *stride in beside:
                    self.add_module(name, _Conv(width, leaving, kernel, 2 if stride else 1))
                steps.append([named[0] for named in beside])
                width = sum(named[1] for named in beside)
            self._branches.append(steps)
            self.leaving += width

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for steps in self._branches:
            y = x
            for names in steps:
                y = torch.cat([_pools[n](y) if n in _pools else self.get_submodule(n)(y) for n in names], 1)
            found.append(y)
        return torch.cat(found, 1)


def _fives(entering: int, pooled: int) -> _Mixed:
    return _Mixed(
        entering,
        [("branch1x1", 64, one)],
        [("branch5x5_1", 48, one), ("branch5x5_2", 64, five)],
        [("branch3x3dbl_1", 64, one), ("branch3x3dbl_2", 96, three), ("branch3x3dbl_3", 96, three)],
        ["average", ("branch_pool", pooled, one)],
    )


def _sevens(inner: int) -> _Mixed:
    return _Mixed(
        768,
        [("branch1x1", 192, one)],
        [("branch7x7_1", inner, one), ("branch7x7_2", inner, wide), ("branch7x7_3", 192, tall)],
        [
            ("branch7x7dbl_1", inner, one), ("branch7x7dbl_2", inner, tall), ("branch7x7dbl_3", inner, wide),
            ("branch7x7dbl_4", inner, tall), ("branch7x7dbl_5", 192, wide),
        ],
        ["average", ("branch_pool", 192, one)],
    )  # fmt: skip


def _threes(entering: int, pool: str) -> _Mixed:
    def split(name: str) -> list[Named]:
        return [(f"{name}a", 384, (1, 3)), (f"{name}b", 384, (3, 1))]

    return _Mixed(
        entering,
        [("branch1x1", 320, one)],
        [("branch3x3_1", 384, one), split("branch3x3_2")],
        [("branch3x3dbl_1", 448, one), ("branch3x3dbl_2", 384, three), split("branch3x3dbl_3")],
        [pool, ("branch_pool", 192, one)],
    )


class Inception(nn.Module):
    """Pictures (B, 3, 299, 299) −1 … 1 → (B, 2048)."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = _Conv(3, 32, three, 2)
        self.Conv2d_2a_3x3 = _Conv(32, 32, three, padded=False)
        self.Conv2d_2b_3x3 = _Conv(32, 64, three)
        self.Conv2d_3b_1x1 = _Conv(64, 80, one)
        self.Conv2d_4a_3x3 = _Conv(80, 192, three, padded=False)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = _fives(192, 32), _fives(256, 64), _fives(288, 64)
        self.Mixed_6a = _Mixed(
            288,
            [("branch3x3", 384, three, 2)],
            [("branch3x3dbl_1", 64, one), ("branch3x3dbl_2", 96, three), ("branch3x3dbl_3", 96, three, 2)],
            ["smaller"],
        )
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = (_sevens(n) for n in (128, 160, 160, 192))
        self.Mixed_7a = _Mixed(
            768,
            [("branch3x3_1", 192, one), ("branch3x3_2", 320, three, 2)],
            [
                ("branch7x7x3_1", 192, one), ("branch7x7x3_2", 192, wide), ("branch7x7x3_3", 192, tall),
                ("branch7x7x3_4", 192, three, 2),
            ],
            ["smaller"],
        )  # fmt: skip
        self.Mixed_7b, self.Mixed_7c = _threes(1280, "average"), _threes(2048, "largest")

    def forward(self, x: Tensor) -> Tensor:
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))  # (B, 64, 147, 147)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(max_pool2d(x, 3, 2)))  # (B, 192, 71, 71)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(max_pool2d(x, 3, 2))))  # (B, 288, 35, 35)
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))  # (B, 768, 17, 17)
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))  # (B, 2048, 8, 8)
        return x.mean((2, 3))

    def take(self, tensors: Mapping[str, Tensor], source: str = "the file of Inception") -> None:
        """Takes the published file's tensors; WrongWeights where others are there, or some are not."""
        counters = {name: value for name, value in self.state_dict().items() if name.endswith("num_batches_tracked")}
        kept = {name: value for name, value in tensors.items() if not name.startswith(unused)}
        load_strictly(self, counters | kept, source)


def enlarged(picture: Tensor) -> Tensor:
    """A picture (3, H, W) in (3, 299, 299), as the network's first program scales: from corners, not from centres."""
    for axis in (1, 2):
        length = picture.shape[axis]
        place = torch.arange(side, dtype=torch.float64) * length / side
        low = place.floor().long().clamp(max=length - 1)
        high = (low + 1).clamp(max=length - 1)
        share = (place - low).to(picture.dtype).reshape((side, 1) if axis == 1 else (1, side))
        picture = picture.index_select(axis, low) * (1 - share) + picture.index_select(axis, high) * share
    return picture
