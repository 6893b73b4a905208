"""Running parts of a stock U-Net: what a block in its midst gives, an early end, half a batch from a block on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn


@contextmanager
def output_of(block: nn.Module) -> Iterator[list[Tensor]]:
    """The outputs of a block while it runs inside a library's forward."""
    seen: list[Tensor] = []

    def keep(_block: nn.Module, _inputs: Any, output: Any) -> None:
        seen.append(output)

    hook = block.register_forward_hook(keep)
    try:
        yield seen
    finally:
        hook.remove()


@contextmanager
def after(blocks: Iterable[nn.Module], count: int, total: int) -> Iterator[None]:
    """While inside, these blocks of a U-Net go on without the first `count` of a batch of `total` pictures."""

    def rest(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(rest(each) for each in value)
        return value[count:] if isinstance(value, Tensor) and len(value) == total else value

    def cut(_block: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return rest(arguments), {name: rest(value) for name, value in named.items()}

    hooks = [block.register_forward_pre_hook(cut, with_kwargs=True) for block in blocks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def end_at(unet: UNet2DConditionModel, tap: int) -> None:
    """Lets a U-Net end with that up-block's output."""
    unet.up_blocks = unet.up_blocks[: tap + 1]
    unet.conv_norm_out = None  # the stock forward skips norm and activation then
    unet.conv_out = nn.Identity()  # type: ignore[assignment]


@contextmanager
def ending_at(unet: UNet2DConditionModel, tap: int) -> Iterator[None]:
    """While inside, the U-Net ends with that up-block's output: nothing is reckoned that nobody reads."""
    parts = unet.up_blocks, unet.conv_norm_out, unet.conv_out
    end_at(unet, tap)
    try:
        yield
    finally:
        unet.up_blocks, unet.conv_norm_out, unet.conv_out = parts
