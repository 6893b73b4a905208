"""SDPose's network: VAE encoder → one pass of a Stable Diffusion 2 U-Net → one up-block's features → heatmaps.

One step at t = 999 without noise, an empty prompt of two tokens, and a task label that asks for the pose or for the
picture itself (arXiv 2509.24980; the recipe of Lotus). Every part is stock diffusers but for the head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from engine.networks.lean import moments, one_convolution, steady
from engine.networks.unet_parts import after, end_at, ending_at, output_of

timestep = 999
latent_scale = 0.18215  # the published code's own constant, whatever a Stable Diffusion VAE's config says
stride = 64  # px: the input's sides are multiples of it: the VAE halves thrice, the U-Net thrice
together = 4  # pictures that a GPU encodes at once

Task = Literal["pose", "picture"]
Size = Literal["official", "mini", "tiny"]
Vae = AutoencoderKL | AutoencoderTiny
# Bits of the task, (1, 0) for the pose and (0, 1) for the picture, as sines then cosines.
_bits = {"pose": (1.0, 0.0), "picture": (0.0, 1.0)}
# Which up-block's output the head reads: 17 points from the last, 133 from the one before (paper, table of features).
tap_of = {17: 3, 133: 2}


def task_label(task: Task) -> Tensor:
    """(4,) what the U-Net's class embedding takes for a task: [sin b0, sin b1, cos b0, cos b1]."""
    bits = torch.tensor(_bits[task])
    return torch.cat([bits.sin(), bits.cos()])


class HeatmapHead(nn.Module):
    """Features (B, C, h, w) → heatmaps (B, K, 2h, 2w), unbounded; five tensors, the norms have none."""

    def __init__(self, channels: int, keypoints: int) -> None:
        super().__init__()
        self.deconv_layers = nn.Sequential(
            nn.ConvTranspose2d(channels, channels, 4, stride=2, padding=1, bias=False),
            nn.InstanceNorm2d(channels),
            nn.SiLU(),
        )
        self.conv_layers = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.InstanceNorm2d(channels), nn.SiLU())
        self.final_layer = nn.Conv2d(channels, keypoints, 1)
        for name, weight in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(weight)
            else:
                nn.init.normal_(weight, std=0.001)

    @property
    def keypoints(self) -> int:
        return self.final_layer.out_channels

    @property
    def channels(self) -> int:
        return self.final_layer.in_channels

    def forward(self, features: Tensor) -> Tensor:
        return self.final_layer(self.conv_layers(self.deconv_layers(features)))


class SDPoseNet(nn.Module):
    """Pictures (B, 3, H, W) in -1 … 1 → heatmaps (B, K, H/4, W/4); sides are multiples of 64.

    `tap` is the index of the up-block that the head reads, `empty_prompt` (1, 2, D) what the text encoder says to
    nothing. A small VAE without a posterior serves as well: its latents are then what it encodes, by its own scale.
    Constructors of diffusers make the parts; `build` knows their sizes. ValueError when they do not fit.
    """

    empty_prompt: Tensor

    def __init__(
        self,
        unet: UNet2DConditionModel,
        vae: Vae,
        head: HeatmapHead,
        empty_prompt: Tensor,
        tap: int | None = None,
    ) -> None:
        super().__init__()
        self.unet, self.vae, self.head = unet, vae, head
        self.small = isinstance(vae, AutoencoderTiny)
        self.scale = float(vae.config.scaling_factor) if self.small else latent_scale  # type: ignore[attr-defined]
        self.tap = tap_of.get(head.keypoints, len(unet.up_blocks) - 1) if tap is None else tap
        self.whole = True  # until trimmed
        self.register_buffer("empty_prompt", empty_prompt, persistent=False)
        for task in _bits:
            self.register_buffer(f"label_{task}", task_label(task)[None], persistent=False)  # type: ignore[arg-type]
        _check_fit(self)

    # ── inference ──

    def encode(self, pixels: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Latents (B, C, H/8, W/8) of pictures, scaled: the posterior's mode, or with a generator its sample.

        The published code samples; the mode makes the same picture give the same pose. A small VAE has no posterior.
        """
        if pixels.shape[-2] % stride or pixels.shape[-1] % stride:
            raise ValueError(f"expected sides in multiples of {stride}, got {tuple(pixels.shape[-2:])}")
        if self.small:
            return self.vae.encoder(pixels) * self.scale
        if self.whole:
            posterior: Any = self.vae.encode(pixels).latent_dist  # type: ignore[union-attr]
        else:
            # A batch is no faster on a processor, and each picture takes gigabytes in the first layers.
            at_once = together if pixels.is_cuda else 1
            found = torch.cat([moments(self.vae, part) for part in pixels.split(at_once)])
            posterior = DiagonalGaussianDistribution(found)
        return (posterior.mode() if generator is None else posterior.sample(generator)) * self.scale

    def features(self, latents: Tensor) -> Tensor:
        """What the head reads: the tapped up-block's output for the pose task."""
        if not self.whole:  # the U-Net ends there
            return self._unet(latents, "pose")
        if self.training:
            with ending_at(self.unet, self.tap):
                return self._unet(latents, "pose")
        with output_of(self.unet.up_blocks[self.tap]) as seen:
            self._unet(latents, "pose")
        return seen[0]

    def heatmaps(self, latents: Tensor) -> Tensor:
        """Heatmaps (B, K, 2h, 2w) of latents (B, C, h, w)."""
        return self.head(self.features(latents))

    def forward(self, pixels: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return self.heatmaps(self.encode(pixels, generator))

    def trimmed(self) -> SDPoseNet:
        """This network without what the pose never reads: the VAE's decoder, and the U-Net after the tap."""
        self.vae.decoder = None  # type: ignore[assignment]
        if self.small:
            self.vae.encoder = one_convolution(self.vae.encoder)  # type: ignore[assignment]
        else:
            self.vae.post_quant_conv = None  # type: ignore[assignment]
        end_at(self.unet, self.tap)
        self.whole = False
        return self

    def channels_last(self) -> SDPoseNet:
        """This network laid out for speed, colours innermost, with norms that stay exact in that layout."""
        steady(self)
        return self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    # ── training ──

    def both(self, latents: Tensor, picture_latents: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Heatmaps, and the picture's latents (B, C, h, w), in one pass over a doubled batch (pose half, picture half).

        `picture_latents` are what the picture half starts from, the same as the pose half without them; they may be
        of fewer or more pictures.
        """
        self._expect_whole()
        others = latents if picture_latents is None else picture_latents
        doubled, count = torch.cat([latents, others]), len(latents)
        labels = torch.cat([self._label("pose", count), self._label("picture", len(others))])
        blocks = self.unet.up_blocks
        with output_of(blocks[self.tap]) as seen, after(blocks[self.tap + 1 :], count, len(doubled)):
            picture = self._pass(doubled, labels)[-len(others) :]
        return self.head(seen[0][:count]), picture

    def picture(self, latents: Tensor, task: Task = "picture") -> Tensor:
        """The U-Net's own output (B, C, h, w): for the picture task the latents it reconstructs."""
        self._expect_whole()
        return self._unet(latents, task)

    # ── the one pass ──

    def _unet(self, latents: Tensor, task: Task) -> Tensor:
        return self._pass(latents, self._label(task, len(latents)))

    def _pass(self, latents: Tensor, labels: Tensor) -> Tensor:
        prompt = self.empty_prompt.to(latents.dtype).expand(len(latents), -1, -1)
        return self.unet(
            latents, timestep, prompt, class_labels=labels.to(latents.dtype), return_dict=False
        )[0]  # fmt: skip

    def _label(self, task: Task, count: int) -> Tensor:
        return getattr(self, f"label_{task}").expand(count, -1)

    def _expect_whole(self) -> None:
        if not self.whole:
            raise ValueError("expected the whole network, got one trimmed for the pose alone")


def _check_fit(net: SDPoseNet) -> None:
    widths = list(reversed(net.unet.config.block_out_channels))  # type: ignore[attr-defined]
    if not 0 <= net.tap < len(widths):
        raise ValueError(f"expected one of {len(widths)} up-blocks to read, got number {net.tap}")
    if widths[net.tap] != net.head.channels:
        raise ValueError(
            f"expected a head for {widths[net.tap]} channels of up-block {net.tap}, got {net.head.channels}"
        )
    deep, got = net.unet.config.in_channels, net.vae.config.latent_channels  # type: ignore[attr-defined]
    if deep != got:
        raise ValueError(f"expected a VAE of {deep} latent channels, got one of {got}")
    wanted = net.unet.config.cross_attention_dim  # type: ignore[attr-defined]
    if net.empty_prompt.shape[0] != 1 or net.empty_prompt.shape[-1] != wanted:
        raise ValueError(f"expected an empty prompt (1, 2, {wanted}), got {tuple(net.empty_prompt.shape)}")


# ── sizes ──


@dataclass(frozen=True)
class Sizes:
    """What makes one size of network: the configurations diffusers takes, and the input (width, height) it is for."""

    unet: dict[str, Any]
    vae: dict[str, Any]
    input_size: tuple[int, int]


_sd2_unet = {
    "sample_size": 96,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": (320, 640, 1280, 1280),
    "layers_per_block": 2,
    "cross_attention_dim": 1024,
    "attention_head_dim": (5, 10, 20, 20),  # diffusers' name for the number of heads: 64 channels each
    "use_linear_projection": True,
    "class_embed_type": "projection",
    "projection_class_embeddings_input_dim": 4,
}
_sd_vae = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "latent_channels": 4,
    "norm_num_groups": 32,
    "sample_size": 768,
    "scaling_factor": latent_scale,
}
sizes: dict[Size, Sizes] = {
    "official": Sizes(_sd2_unet, _sd_vae, (768, 1024)),
    "mini": Sizes(
        _sd2_unet
        | {"sample_size": 16, "block_out_channels": (48, 80, 112, 112), "layers_per_block": 1, "norm_num_groups": 16}
        | {"cross_attention_dim": 128, "attention_head_dim": (1, 2, 2, 2), "in_channels": 16, "out_channels": 16},
        {"latent_channels": 16, "num_encoder_blocks": (0, 1, 2, 2), "num_decoder_blocks": (2, 2, 1, 0)}
        | {f"{part}_block_out_channels": (32,) * 4 for part in ("encoder", "decoder")},
        (192, 256),
    ),
    "tiny": Sizes(
        _sd2_unet
        | {"sample_size": 16, "block_out_channels": (32, 64, 64, 64), "layers_per_block": 1}
        | {"cross_attention_dim": 32, "attention_head_dim": (1, 2, 2, 2)},
        _sd_vae
        | {"block_out_channels": (8, 16, 32, 32), "layers_per_block": 1, "norm_num_groups": 8, "sample_size": 128},
        (128, 192),
    ),
}


def build(size: Size, keypoints: int, tap: int | None = None) -> SDPoseNet:
    """A network of a named size for 17 or 133 keypoints, with random weights; on torch's default device."""
    if keypoints not in tap_of:
        raise ValueError(f"expected {' or '.join(map(str, tap_of))} keypoints, got {keypoints}")
    made = sizes[size]
    tap = tap_of[keypoints] if tap is None else tap
    channels = made.unet["block_out_channels"][::-1][tap]
    prompt = torch.zeros(1, 2, made.unet["cross_attention_dim"])
    small = "encoder_block_out_channels" in made.vae
    unet, vae = UNet2DConditionModel(**made.unet), (AutoencoderTiny if small else AutoencoderKL)(**made.vae)
    return SDPoseNet(unet, vae, HeatmapHead(channels, keypoints), prompt, tap)
