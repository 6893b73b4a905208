"""Where a ControlNet looks for each joint's word, and how far that is from where the joint is.

SP-Ctrl's keypoint concept learning (arXiv 2506.20983): the ControlNet's own attention to the text, of one block, is
made into a map for each token and held against a disc around the joint. Queries are detached, so that only the words
and the keys learn from it. The attention's own output stays the stock processor's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isqrt
from typing import Any, Literal

import torch
from diffusers.models.controlnets.controlnet import ControlNetModel
from torch import Tensor
from torch.nn.functional import binary_cross_entropy, interpolate, mse_loss

published_block = "down_blocks.2"  # the third; 16 × 16 at 512 px
side = 64  # of the maps that are compared
sigma, reach = 2.0, 6  # cells of the map: a joint's heatmap, and where it is cut off
window = (250.0, 500.0)  # timesteps in which words are learned, without the bounds

Target = Literal["disc", "gaussian"]
LossKind = Literal["mse", "bce"]


class ConceptProcessor:
    """An attention's processor that hands over where it looks, (B, h·w, tokens), mean over its heads.

    What the attention gives on is untouched: `stock` computes it.
    """

    def __init__(self, stock: Any, keep: Callable[[Tensor], None], detach_query: bool = True) -> None:
        self.stock, self.keep, self.detach_query = stock, keep, detach_query

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None, *args: Any, **more: Any
    ) -> Tensor:
        if encoder_hidden_states is not None:
            self.keep(self._seen(attn, hidden_states, encoder_hidden_states))
        return self.stock(attn, hidden_states, encoder_hidden_states, *args, **more)

    def _seen(self, attn: Any, pixels: Tensor, text: Tensor) -> Tensor:
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.detach_query):
            query = _by_heads(attn.to_q(pixels), attn.heads)
        key = _by_heads(attn.to_k(text), attn.heads)
        return (query @ key.transpose(-1, -2) * attn.scale).float().softmax(-1).mean(1)


class Concepts:
    """Records where a ControlNet's attention to the text looks, in the blocks whose names hold `selector`.

    From then on each pass is recorded; `taken` hands it over, `removed` brings the stock processors back.
    ValueError when no attention to the text has such a name.
    """

    def __init__(self, net: ControlNetModel, selector: str = published_block, detach_query: bool = True) -> None:
        self.net = net
        self.stock: dict[str, Any] = dict(net.attn_processors)
        self.names = [name for name in self.stock if selector in name and name.endswith(".attn2.processor")]
        if not self.names:
            raise ValueError(f"expected a block with attention to the text, got {selector!r}: the ControlNet has none")
        self._seen: dict[str, Tensor] = {}
        processors = dict(self.stock)
        for name in self.names:
            processors[name] = ConceptProcessor(self.stock[name], self._kept(name), detach_query)
        net.set_attn_processor(processors)

    def taken(self, latent_size: tuple[int, int] | None = None) -> list[Tensor]:
        """The last pass's maps (B, tokens, h, w), one for each attention, in the order of the blocks.

        `latent_size` is the (height, width) of the latents that went through; without it they are square.
        """
        seen, self._seen = self._seen, {}
        return [_as_map(seen[name], latent_size) for name in self.names if name in seen]

    def _kept(self, name: str) -> Callable[[Tensor], None]:
        return lambda seen: self._seen.update({name: seen})

    def removed(self) -> None:
        """Gives the ControlNet its stock processors back."""
        self.net.set_attn_processor(dict(self.stock))


def concept_maps(recorded: Sequence[Tensor]) -> Tensor:
    """One map for each token (B, tokens, 64, 64) in 0 … 1 from recorded ones (B, tokens, h, w): their mean, enlarged.

    The least and the largest value of a sample are those over all of its tokens together.
    """
    enlarged = [interpolate(seen, (side, side), mode="bilinear", align_corners=True) for seen in recorded]
    mean = torch.stack(enlarged).mean(0)
    least, most = mean.amin((1, 2, 3), keepdim=True), mean.amax((1, 2, 3), keepdim=True)
    return (mean - least) / (most - least).clamp(min=1e-6)


def concept_loss(
    maps: Tensor,
    positions: Sequence[Sequence[int]],
    targets: Sequence[Tensor],
    timesteps: Tensor,
    window: tuple[float, float] = window,
    kind: LossKind = "mse",
) -> Tensor | None:
    """How far the words' maps are from their targets; none where no sample says a joint.

    `maps` (B, tokens, h, w) as `concept_maps` makes them; for each sample the `positions` of its words in the prompt
    and as many `targets` (n, h, w). Samples whose timestep lies outside the window count as zero, and in the mean.
    """
    sizes = [(len(places), len(target)) for places, target in zip(positions, targets, strict=True)]
    if any(said != wanted for said, wanted in sizes):
        raise ValueError(f"expected a target for each word of a sample, got {sizes} words and targets")
    if not any(said for said, _ in sizes):
        return None
    found = torch.cat([maps[b, list(places)] for b, places in enumerate(positions)]).float().clamp(0, 1)
    wanted = torch.cat([target.to(found) for target in targets])
    inside = ((timesteps > window[0]) & (timesteps < window[1])).to(found)
    share = inside.repeat_interleave(torch.tensor([said for said, _ in sizes], device=inside.device))
    with torch.autocast(found.device.type, enabled=False):  # torch refuses cross-entropy in half precision
        each = {"mse": mse_loss, "bce": binary_cross_entropy}[kind](found, wanted, reduction="none")
    return (each * share[:, None, None]).mean()


def target_of(heatmaps: Tensor, kind: Target = "disc") -> Tensor:
    """What a joint's map should be, of its heatmap (…, h, w) with peaks of 1.

    `disc` is what the published code does: it counts the heatmap in 255ths and cuts that off at 1. `gaussian` is what
    the paper says.
    """
    return (heatmaps * (255 if kind == "disc" else 1)).clamp(0, 1)


def joint_heatmaps(points: Tensor, present: Tensor) -> Tensor:
    """Heatmaps (K, 64, 64) of joints: points (N, K, 2) x, y in cells of the map, `present` (N, K); figures added up.

    A joint's peak is the cell it lies in; the published tool cuts its heatmap off in a square around that.
    """
    cells = torch.arange(side, device=points.device)
    centers = torch.floor(points + 0.5)[..., None]  # (N, K, 2, 1)
    away = cells - centers  # (N, K, 2, 64)
    falloff = torch.exp(-(away**2) / (2 * sigma**2)) * (away.abs() <= reach)
    return torch.einsum("nkx,nky,nk->kyx", falloff[:, :, 0], falloff[:, :, 1], present.to(falloff))


def _by_heads(values: Tensor, heads: int) -> Tensor:
    batch, count, width = values.shape
    return values.view(batch, count, heads, width // heads).transpose(1, 2)


def _as_map(seen: Tensor, latent_size: tuple[int, int] | None) -> Tensor:
    """(B, h·w, tokens) as (B, tokens, h, w): the latents' size, halved and rounded up until it has as many cells."""
    count = seen.shape[1]
    height, width = latent_size or (isqrt(count), isqrt(count))
    while height * width > count:
        height, width = (height + 1) // 2, (width + 1) // 2
    if height * width != count:
        whose = f"of latents {latent_size}" if latent_size else "with as many rows as columns"
        raise ValueError(f"expected a map {whose}, got one of {count} cells")
    return seen.transpose(1, 2).unflatten(2, (height, width))
