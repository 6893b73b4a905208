"""SDPose against its fixtures: VAE, U-Net, head and flip test on tiny networks, then the instruments around them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from engine.heatmap import decode, merge_flip
from engine.networks.sdpose import HeatmapHead, SDPoseNet, Task
from engine.skeleton import coco17, wholebody133
from scripts.parity import Comparison, Fixtures, Metric, differing, in_95_percent, largest, relative
from scripts.parity.formula import WeightFormula, picture, prompt
from scripts.parity.sdpose_tools import Tools, tool_comparisons

size = (192, 256)  # width, height of the tiny networks' picture
latent_scale = 0.18215  # the README's: the code's own must not check itself
kinds = {"body": (coco17, 2), "wholebody": (wholebody133, 1)}  # skeleton, pictures in the batch

Make = Callable[[UNet2DConditionModel, AutoencoderKL, HeatmapHead, Tensor], SDPoseNet]


class Run:
    """One tiny network on its made-up pictures."""

    def __init__(
        self, fixtures: Fixtures, kind: str, make: Make, unet: UNet2DConditionModel, certain: bool = True
    ) -> None:
        self.fixtures, self.kind = fixtures, kind
        self.facts, self.stored = fixtures.facts["network"], fixtures.stored
        self.formula, self.constants = WeightFormula.of(fixtures.facts["formula"]), fixtures.facts["formula"]
        self.skeleton, batch = kinds[kind]
        self.pixels = picture(self.constants["image"], batch, size)
        self.net = self._built(make, unet, certain).eval().requires_grad_(False)

    def _built(self, make: Make, unet: UNet2DConditionModel, certain: bool) -> SDPoseNet:
        vae: Any = AutoencoderKL.from_config(self.fixtures.facts["vae_config"])
        keypoints, channels = self.facts[f"{self.kind}_state_shapes"]["final_layer.weight"][:2]
        head = HeatmapHead(channels, keypoints)
        self.formula.fill(vae)
        self.formula.fill(head)
        with torch.no_grad():
            vae.quant_conv.weight[:4] *= 4
            if certain:  # a posterior without spread: its samples are its mode
                vae.quant_conv.weight[4:] = 0
                vae.quant_conv.bias[4:] = -30
        return make(unet, vae, head, self.prompt)

    @property
    def prompt(self) -> Tensor:
        return prompt(self.constants["text"], self.fixtures.facts["unet_config"]["cross_attention_dim"])

    def generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(int(self.constants["noise_seed"]))

    @cached_property
    def posterior(self) -> Any:
        return self.net.vae.encode(self.pixels).latent_dist  # type: ignore[union-attr]

    @cached_property
    def latents(self) -> Tensor:
        return self.net.encode(self.pixels, self.generator())

    @cached_property
    def flipped_latents(self) -> Tensor:
        return self.net.encode(self.pixels.flip(-1), self.generator())

    @cached_property
    def passed(self) -> dict[str, Tensor]:
        """Every up-block's output, as `0` …, `head_input` and the heatmaps, of one pass."""
        seen: dict[str, Tensor] = {}

        def keep(_block: nn.Module, _inputs: object, output: Tensor, name: str) -> None:
            seen[name] = output

        def keep_input(_head: nn.Module, inputs: tuple[Tensor]) -> None:
            (seen["head_input"],) = inputs

        blocks = enumerate(self.net.unet.up_blocks)
        hooks = [block.register_forward_hook(partial(keep, name=str(i))) for i, block in blocks]
        hooks.append(self.net.head.register_forward_pre_hook(keep_input))
        seen["heatmaps"] = self.net.heatmaps(self.latents)
        for hook in hooks:
            hook.remove()
        return seen

    @cached_property
    def doubled(self) -> tuple[Tensor, Tensor]:
        return self.net.both(self.latents)

    @cached_property
    def flip_test(self) -> Tensor:
        mirrored = self.net.heatmaps(self.flipped_latents)
        return merge_flip(self.passed["heatmaps"], mirrored, self.skeleton.swap)

    @cached_property
    def trimmed_heatmaps(self) -> Tensor:
        shared = {id(weight): weight for weight in self.net.parameters()}
        return copy.deepcopy(self.net, shared).trimmed().heatmaps(self.latents)

    def decoded(self, flip: str) -> tuple[Tensor, Tensor]:
        """Points and scores of the stored heatmaps."""
        ending = "_flip" if flip else ""
        return decode(torch.from_numpy(self.stored[f"{self.kind}_heatmaps{ending}"]), size)

    def expected(self, block: str) -> dict[str, np.ndarray]:
        """The fixture's summary of an up-block's output, or of `head_input`."""
        facts = self.facts[f"{self.kind}_head_input"]
        if block != "head_input":
            facts = self.facts[f"{self.kind}_upblocks"][block]
        values = facts["shape"], facts["l2"], facts["first8"] + facts["last4"], facts["probe_dot"]
        return dict(zip(_summaries, map(np.array, values), strict=True))

    def named_shapes(self, part: str) -> set[str]:
        """`name [shape]` of the tensors of `unet`, `vae_encoder` or the head."""
        modules: dict[str, Any] = {"unet": self.net.unet, "vae_encoder": self.net.vae, self.kind: self.net.head}
        state = modules[part].state_dict()
        kept = ("encoder.", "quant_conv.") if part == "vae_encoder" else ("",)
        return {f"{name} {list(value.shape)}" for name, value in state.items() if name.startswith(kept)}


class Subject:
    """What is checked: the networks that `make` puts together from formula-filled parts, and the instruments."""

    def __init__(self, folder: Path, make: Make = SDPoseNet) -> None:
        self.fixtures = Fixtures(folder, "sdpose")
        self.make = make

    @cached_property
    def unet(self) -> UNet2DConditionModel:
        """The one U-Net of all runs, filled by the formula."""
        unet: Any = UNet2DConditionModel.from_config(self.fixtures.facts["unet_config"])
        WeightFormula.of(self.fixtures.facts["formula"]).fill(unet)
        return unet

    @cached_property
    def body(self) -> Run:
        return Run(self.fixtures, "body", self.make, self.unet)

    @cached_property
    def wholebody(self) -> Run:
        return Run(self.fixtures, "wholebody", self.make, self.unet)

    @cached_property
    def plain(self) -> Run:
        """A network whose VAE is unsure, on one picture."""
        run = Run(self.fixtures, "body", self.make, self.unet, certain=False)
        run.pixels = run.pixels[:1]
        return run

    @cached_property
    def tools(self) -> Tools:
        return Tools(self.fixtures)

    def run(self, kind: str) -> Run:
        return self.body if kind == "body" else self.wholebody


_summaries: dict[str, tuple[float, Metric]] = {
    "shape": (0, differing), "l2": (1e-5, relative), "ends": (1e-4, largest), "probe": (5e-2, largest)
}  # fmt: skip


def summary(features: Tensor) -> dict[str, np.ndarray]:
    """What the fixtures keep of large features (B, C, H, W)."""
    flat = features.double().flatten().numpy()
    probe = float(flat @ np.sin(0.37 * np.arange(1, len(flat) + 1)))
    ends = np.concatenate([flat[:8], flat[-4:]])
    values = features.shape, np.linalg.norm(flat), ends, probe
    return dict(zip(_summaries, map(np.array, values), strict=True))


def _plain() -> Iterator[Comparison[Subject]]:
    yield Comparison("text context", 1e-6, lambda s: s.plain.prompt, lambda s: s.plain.stored["text_embed"])
    yield Comparison(
        "VAE: mode, unscaled", 1e-5, lambda s: s.plain.net.encode(s.plain.pixels) / latent_scale,
        lambda s: s.plain.stored["vae_plain_mode_unscaled"],
    )  # fmt: skip
    yield Comparison(
        "VAE: log variance", 1e-5, lambda s: s.plain.posterior.logvar, lambda s: s.plain.stored["vae_plain_logvar"]
    )
    yield Comparison(
        "VAE: seeded sample", 1e-5, lambda s: s.plain.latents, lambda s: s.plain.stored["vae_plain_sample_scaled"]
    )


def _network(kind: str) -> Iterator[Comparison[Subject]]:
    def stored(name: str) -> Callable[[Subject], np.ndarray]:
        return lambda s: s.run(kind).stored[f"{kind}_{name}"]

    def compare(
        what: str, tolerance: float, ours: Callable[[Run], Any], theirs: Callable[[Subject], Any],
        metric: Metric = largest,
    ) -> Comparison[Subject]:  # fmt: skip
        return Comparison(f"{kind}: {what}", tolerance, lambda s: ours(s.run(kind)), theirs, metric)

    for part in ("unet", "vae_encoder", kind):
        yield Comparison(
            f"{kind}: tensors that differ, {'head' if part == kind else part}", 0,
            lambda s, part=part: len(s.run(kind).named_shapes(part) ^ _listed(s.run(kind), part)), lambda s: 0,
        )  # fmt: skip
    yield compare("latents", 5e-6, lambda r: r.latents, stored("latent"))
    yield compare("latents, mode", 5e-6, lambda r: r.net.encode(r.pixels), stored("latent_mode"))
    yield compare("latents, flipped", 5e-6, lambda r: r.flipped_latents, stored("latent_flipped"))
    yield compare("heatmaps", 5e-5, lambda r: r.passed["heatmaps"], stored("heatmaps"))
    yield compare("heatmaps, trimmed network", 5e-5, lambda r: r.trimmed_heatmaps, stored("heatmaps"))
    yield compare("heatmaps, flip test", 5e-5, lambda r: r.flip_test, stored("heatmaps_flip"))
    for block in ("0", "1", "2", "3", "head_input"):
        what = "what the head reads" if block == "head_input" else f"up-block {block}"
        for key, (tolerance, metric) in _summaries.items():
            yield compare(
                f"{what}, {key}", tolerance, lambda r, b=block, k=key: summary(r.passed[b])[k],
                lambda s, b=block, k=key: s.run(kind).expected(b)[k], metric,
            )  # fmt: skip
    for flip, what in (("", "decoded heatmaps"), ("flip_", "decoded flip test")):
        yield compare(
            f"{what}, 95 % of points",
            2e-3,
            lambda r, f=flip: r.decoded(f)[0],
            stored(f"{flip}keypoints"),
            in_95_percent,
        )
        yield compare(f"{what}, scores", 1e-6, lambda r, f=flip: r.decoded(f)[1], stored(f"{flip}scores"))
    count = len(kinds[kind][0])
    yield compare(
        "mirror pairs", 0, lambda r: r.skeleton.swap, lambda s: s.run(kind).facts[f"flip_indices_{count}"], differing
    )


def _listed(run: Run, part: str) -> set[str]:
    return {f"{name} {shape}" for name, shape in run.facts[f"{part}_state_shapes"].items()}


def _labels() -> Iterator[Comparison[Subject]]:
    labels: tuple[tuple[Task, str], ...] = (("pose", "pose"), ("picture", "rgb"))
    for task, label in labels:
        yield Comparison(
            f"body: U-Net's own output, {label} label", 5e-5,
            lambda s, t=task: s.body.net.picture(s.body.latents, t),
            lambda s, n=label: s.body.stored[f"unet_out_{n}_label"],
        )  # fmt: skip
    yield Comparison(
        "body: doubled batch, heatmaps", 5e-5, lambda s: s.body.doubled[0],
        lambda s: s.body.stored["body_heatmaps"],
    )  # fmt: skip
    yield Comparison(
        "body: doubled batch, picture", 5e-5, lambda s: s.body.doubled[1],
        lambda s: s.body.stored["unet_out_rgb_label"],
    )  # fmt: skip


comparisons: tuple[Comparison[Subject], ...] = (
    *_plain(), *_network("body"), *_labels(), *_network("wholebody"), *tool_comparisons(lambda s: s.tools),
)  # fmt: skip
