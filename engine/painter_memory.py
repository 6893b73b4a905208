"""Whether a painter's models go onto a GPU whole, part by part or layer by layer, by the memory that is free there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import nn

from engine.painter import Base, Control, Memory

if TYPE_CHECKING:
    import torch

# Bytes of what work leaves in memory on its way: the VAE's widest layers at full size decide, 256 channels of a few
# pictures at once. SDXL's VAE works in single precision, for it has numbers beyond half precision.
channels, copies = 256, 5
always = 0.6  # gigabytes of what the GPU's own libraries take
tile = 512 * 512  # px that a VAE looks at at once when memory is short


def memory_for(base: Base, control: Control | None, size: tuple[int, int], device: torch.device, free: float) -> Memory:
    """How the models go onto a device with `free` gigabytes for them, for pictures of (width, height) px."""
    if device.type != "cuda":
        return "whole"
    whole, pixels = sum(map(gigabytes, networks(base, control))), size[0] * size[1]
    if free > whole + working(base, pixels):
        return "whole"
    told = gigabytes(control.net) if control else 0.0
    least = gigabytes(base.parts["unet"]) + told + working(base, min(pixels, tile))
    return "offload" if free > least else "sequential"


def there(base: Base, control: Control | None, device: torch.device) -> float:
    """Gigabytes of the models that lie on the device already."""
    found = ((net, next(net.parameters()).device.type) for net in networks(base, control))
    return sum(gigabytes(net) for net, lies in found if lies == device.type)


def networks(base: Base, control: Control | None) -> list[nn.Module]:
    """All networks that paint."""
    told = [control.net] if control else []
    return [part for part in (*base.parts.values(), *told) if isinstance(part, nn.Module)]


def working(base: Base, pixels: int) -> float:
    """Gigabytes that painting takes beside the weights."""
    vae = base.parts["vae"]
    itemsize = 4 if base.is_xl and vae.config.force_upcast else next(vae.parameters()).dtype.itemsize
    return always + pixels * channels * copies * itemsize / 1e9


def gigabytes(network: nn.Module) -> float:
    """What a network's numbers take."""
    tensors: Iterable[torch.Tensor] = (*network.parameters(), *network.buffers())
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors) / 1e9
