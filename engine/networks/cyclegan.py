"""CycleGAN's generator (arXiv 1703.10593): a picture in one style to the same in another."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

blocks, channels = 9, 64


class Residual(nn.Module):
    """Two reflected 3 × 3 convolutions around a shortcut, (B, C, H, W) → (B, C, H, W)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width), nn.ReLU(),
            nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


class Generator(nn.Module):
    """The official resnet_9blocks generator, its tensors named as in the published files.

    Pictures (B, 3, H, W), -1 … 1, sides divisible by 4 and at least 8, to pictures of the same size.
    """

    def __init__(self, width: int = channels, count: int = blocks) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), *_normed(nn.Conv2d(3, width, 7), width)]
        for wide in (width, 2 * width):
            layers += _normed(nn.Conv2d(wide, 2 * wide, 3, stride=2, padding=1), 2 * wide)
        layers += [Residual(4 * width) for _ in range(count)]
        for wide in (4 * width, 2 * width):
            up = nn.ConvTranspose2d(wide, wide // 2, 3, stride=2, padding=1, output_padding=1)
            layers += _normed(up, wide // 2)
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.model(pixels)


def _normed(layer: nn.Module, width: int) -> list[nn.Module]:
    return [layer, nn.InstanceNorm2d(width), nn.ReLU()]


def without_statistics(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of an older file without the running statistics that its normalisations kept and never used."""
    kept = ("running_mean", "running_var", "num_batches_tracked")
    return {name: value for name, value in tensors.items() if name.rpartition(".")[2] not in kept}
