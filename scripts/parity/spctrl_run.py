"""What SP-Ctrl's fixtures are made of, by their formulas, and what this project makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from diffusers.models.controlnets.controlnet import ControlNetModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.controlnet.pipeline_controlnet import StableDiffusionControlNetPipeline
from torch import Tensor, nn

from engine.clip_words import tokenizer
from engine.draw import index_map
from engine.keypoint_words import ap10k, humanart
from engine.networks.keypoint_concepts import Concepts, LossKind, concept_loss, concept_maps, side, target_of, window
from engine.networks.spctrl import SpatialPose, first_limb, joints, limbs
from engine.paint_map import nearest
from engine.painter_sampler import sampler_of
from engine.pose import Person, Pose2D, State
from engine.skeleton import ap10k17, coco17
from engine.spctrl_layout import prefix, spatial_pose
from scripts.parity import Fixtures
from scripts.parity.formula import WeightFormula

said = np.r_[1 : joints + 1, first_limb : first_limb + limbs]  # numbers of a map that say something
words = {"ap10k": ap10k, "humanart": humanart}
demo_size = 256  # px: what the tiny ControlNet reads


@dataclass(frozen=True)
class Wave:
    """Numbers by formula: amplitude sin(step (i + 1) + phase + turn s), at the s-th call."""

    amplitude: float
    step: float
    phase: float
    turn: float
    shape: tuple[int, ...]

    @classmethod
    def of(cls, text: str, shape: Iterable[int] = ()) -> Wave:
        """The wave that a fixture states in words, of `shape` where it states none; ValueError where it is none."""
        number = r"(\d+(?:\.\d+)?)"
        found = re.match(rf"(?:{number}\*)?sin\({number}\*\(i\+1\)(?:\+{number}\*step|\+{number})?\)", text)
        if found is None:
            raise ValueError(f"expected a formula a*sin(b*(i+1)+c) for an input, got {text!r}")
        amplitude, step, turn, phase = (float(part) if part else None for part in found.groups())
        stated = re.search(r"\[([\d, ]+)\]", text)
        sides = map(int, stated[1].split(",")) if stated else shape
        return cls(1.0 if amplitude is None else amplitude, step or 0.0, phase or 0.0, turn or 0.0, tuple(sides))

    def __call__(self, call: int = 0) -> Tensor:
        place = np.arange(1, int(np.prod(self.shape)) + 1)
        values = self.amplitude * np.sin(self.step * place + self.phase + self.turn * call)
        return torch.from_numpy(values.reshape(self.shape).astype(np.float32))


class Run:
    """What the fixtures' formulas give, computed once."""

    def __init__(self, fixtures: Fixtures) -> None:
        self.fixtures, self.facts = fixtures, fixtures.facts
        self.stored = fixtures.stored
        self.constants: dict[str, Any] = fixtures.facts["formula"]
        self.formula = WeightFormula.of(self.constants)

    # ── the spatial pose alone ──

    @torch.no_grad()
    def table(self, variant: str) -> np.ndarray:
        """(256, C) what numbers say, of a network filled by a seeded chance."""
        channels = len(self.facts["SPR_G"]["rows"][variant]["limb_rows"][0])
        net = SpatialPose(
            channels, "interp_kpt" if variant == "interp_kpt" else "one",
            "sigmoid_version" if variant == "sigmoid_version" else None,
        )  # fmt: skip
        state = net.state_dict()
        for j, key in enumerate(sorted(state)):
            drawn = np.random.RandomState(int(self.constants["spr_seed"]) + j).randn(*state[key].shape)
            state[key] = torch.from_numpy(_spr_weight(key, drawn).astype(np.float32))
        net.load_state_dict(state)
        return net.eval().table().numpy()

    # ── words ──

    def ids(self, table: str, *prompts: str) -> list[int]:
        """The tokens of prompts, each with start and end, where the table's words are known."""
        return [token for prompt in prompts for token in self.tokenizers[table](prompt).input_ids]

    @cached_property
    def tokenizers(self) -> dict[str, Any]:
        """A tokenizer for each table, that knows its words."""
        known = {table: tokenizer() for table in words}
        for table, one in known.items():
            one.add_tokens([word.token for word in words[table]])
        return known

    # ── concepts, of made-up attention ──

    @cached_property
    def attention(self) -> list[Tensor]:
        """Two layers of attention (B, tokens, heads, 4, 4)."""
        c = self.constants["kcl"]["logits"]
        b, t, h, y, x = np.ogrid[:2, :77, :2, :4, :4]
        waves = c["t"] * t + c["y"] * y + c["x"] * x + c["b"] * b + c["h"] * h
        logits = [(2 * np.sin(waves + c["l"] * layer)).astype(np.float32) for layer in range(2)]
        return [torch.from_numpy(layer).softmax(1) for layer in logits]

    def heatmaps(self, visible: list[list[int]]) -> list[Tensor]:
        """A Gaussian (64, 64) for each visible joint of both samples."""
        c = self.constants["kcl"]["target"]
        b, k, y, x = np.ogrid[:2, :joints, :side, :side]
        away = (x - (c["x0"] + c["xk"] * k + c["xb"] * b)) ** 2 + (y - (c["y0"] + c["yk"] * k)) ** 2
        hills = torch.from_numpy(np.exp(-away / 8).astype(np.float32))
        return [hills[sample, places] for sample, places in enumerate(visible)]

    def made_up_losses(self, kind: LossKind) -> list[float]:
        """The losses of the fixture's rows."""
        facts, maps = self.facts["KCL_G"], concept_maps([layer.mean(2) for layer in self.attention])

        def loss(row: dict[str, Any]) -> float:
            shape = "gaussian" if row["target"] == "G" else "disc"
            targets = [target_of(hills, shape) for hills in self.heatmaps(facts["visible"])]
            found = concept_loss(maps, facts["token_positions"], targets, torch.tensor(row["t"]), window, kind)
            return np.nan if found is None else float(found)

        return [loss(row) for row in facts["rows"]]

    # ── the sampler ──

    def sampler(self, steps: int) -> Any:
        made = sampler_of(self.facts["UniPC_G"]["config"])
        made.set_timesteps(steps)
        return made

    def walk(self, steps: int) -> Tensor:
        """Where the sampler arrives from the fixture's start, told the fixture's noise."""
        facts, sampler = self.facts["UniPC_G"], self.sampler(steps)
        noise = Wave.of(facts["eps"])
        sample = Wave.of(facts["start"], noise.shape)()
        for step, t in enumerate(sampler.timesteps):
            sample = sampler.step(noise(step), t, sample).prev_sample
        return sample.flatten()

    # ── maps ──

    def map(self, name: str, size: int | None = None) -> np.ndarray:
        """The index map (H, W) of a set of figures, as drawn or `size` pixels square."""
        facts = self.facts["maps"][name]
        pose = Pose2D((facts["width"], facts["height"]), tuple(_person(points, ap10k17) for points in facts["people"]))
        drawn = index_map(pose)
        return drawn if size is None else nearest(drawn, (size, size))

    def whole_number_map(self, name: str) -> np.ndarray:
        """The index map of a published human drawing, from its keypoints rounded to pixels."""
        (facts,) = (facts for full, facts in self.facts["maps"].items() if full.startswith(name))
        points = self.facts["humanart_demo_keypoints_int"][name]
        return index_map(Pose2D((facts["width"], facts["height"]), (_person(points, coco17),)))

    # ── the tiny networks ──

    @cached_property
    def spr(self) -> SpatialPose:
        net = spatial_pose(self.facts["controlnet_config"], self.fixtures.name)
        state = {key: self.formula.tensor(prefix + key, tuple(value.shape)) for key, value in net.state_dict().items()}
        state["keypoint_emb"] *= np.sqrt(state["keypoint_emb"].shape[1])
        state["skeleton_emb"] = torch.ones_like(state["skeleton_emb"])
        net.load_state_dict(state, assign=True)
        return net.eval().requires_grad_(False)

    @cached_property
    def net(self) -> ControlNetModel:
        config = {
            key: value for key, value in self.facts["controlnet_config"].items() if not key.startswith("spatext_")
        }
        return self._filled(ControlNetModel.from_config(config))

    @cached_property
    def unet(self) -> UNet2DConditionModel:
        return self._filled(UNet2DConditionModel.from_config(self.facts["unet_config"]))

    def _filled(self, net: Any) -> Any:
        self.formula.fill(net)
        return net.eval()

    def named_shapes(self, *nets: tuple[str, nn.Module]) -> set[str]:
        """`name [shape]` of all the tensors, each network's names with what is put before them."""
        pairs = [(before + name, value) for before, net in nets for name, value in net.state_dict().items()]
        return {f"{name} {list(value.shape)}" for name, value in pairs}

    @cached_property
    def condition(self) -> Tensor:
        """What the ControlNet reads: the fixture's own map as a picture (1, C, H, W)."""
        return self.spr(torch.from_numpy(self.stored["index_map_256"])[None])

    @cached_property
    def residuals(self) -> list[Tensor]:
        """What the ControlNet adds: down 0 … 11, then the middle."""
        inputs = self.facts["inputs"]
        down, mid = self.control(Wave.of(inputs["latent"])(), inputs["t"], Wave.of(inputs["encoder_hidden_states"])())
        return [value[0] for value in (*down, mid)]

    def control(self, latents: Tensor, t: Any, text: Tensor, learns: bool = False) -> tuple[list[Tensor], Tensor]:
        condition = self.condition.expand(len(latents), -1, -1, -1)
        with nullcontext() if learns else torch.no_grad():
            return self.net(latents, t, text, controlnet_cond=condition, return_dict=False)  # type: ignore[return-value]

    @cached_property
    def sampled(self) -> Tensor:
        """Latents after the fixture's few steps, by the stock pipeline."""
        facts = self.facts["pipeline"]
        text = Wave.of(facts["prompt_embeds"])
        found = re.search(r"phase ([\d.]+)", facts["negative"])
        if found is None:
            raise ValueError(f"expected a phase for the negative prompt, got {facts['negative']!r}")
        unsaid = Wave(text.amplitude, text.step, float(found[1]), 0.0, text.shape)
        absent = ("vae", "text_encoder", "tokenizer", "safety_checker", "feature_extractor")
        parts: dict[str, Any] = {
            **dict.fromkeys(absent), "unet": self.unet, "controlnet": self.net,
            "scheduler": sampler_of(self.facts["UniPC_G"]["config"]),
        }  # fmt: skip
        pipeline = StableDiffusionControlNetPipeline(**parts, requires_safety_checker=False)
        pipeline.set_progress_bar_config(disable=True)
        made: Any = pipeline(
            image=self.condition, prompt_embeds=text(), negative_prompt_embeds=unsaid(),
            latents=Wave.of(facts["latents"])(), num_inference_steps=facts["steps"], guidance_scale=facts["guidance"],
            output_type="latent",
        )  # fmt: skip
        return made.images

    # ── concepts, of the tiny ControlNet ──

    def looked(self, selector: str, text: Tensor) -> list[Tensor]:
        """Where the ControlNet looks for the words, of the blocks whose names hold `selector`."""
        facts = self.facts["KCL_net"]
        latents = Wave.of(facts["latent"])()
        seen = Concepts(self.net, selector)
        try:
            self.control(latents, torch.tensor(facts["t"]), text, learns=True)
            return seen.taken((latents.shape[2], latents.shape[3]))
        finally:
            seen.removed()

    @property
    def text(self) -> Tensor:
        return Wave.of(self.facts["KCL_net"]["encoder_hidden_states"])()

    def loss(self, which: str, text: Tensor | None = None) -> Tensor | None:
        """The loss that a name as `down_blocks.2|mse` or `down_blocks.2|mse|no window` asks for."""
        selector, kind, *more = which.split("|")
        facts = self.facts["KCL_net"]
        maps = concept_maps(self.looked(selector, self.text if text is None else text))
        targets = [target_of(hill) for hill in self.heatmaps(self.facts["KCL_G"]["visible"])]
        bounds = (-1.0, np.inf) if more else window
        kinds: dict[str, LossKind] = {"mse": "mse", "bce": "bce"}
        return concept_loss(maps, facts["token_positions"], targets, torch.tensor(facts["t"]), bounds, kinds[kind])

    def loss_without_words(self) -> Tensor | None:
        """The loss where no sample says a joint."""
        none = [torch.zeros(0, side, side)] * 2
        return concept_loss(concept_maps([layer.mean(2) for layer in self.attention]), [[], []], none, torch.ones(2))

    @cached_property
    def gradients(self) -> tuple[Tensor, dict[str, float]]:
        """The published loss's gradient to the text, and the norms of those to the weights that get one."""
        text = self.text.requires_grad_(True)
        weights = dict(self.net.named_parameters())
        loss = self.loss("down_blocks.2|mse", text)
        assert loss is not None
        to_text, *to_weights = torch.autograd.grad(loss, [text, *weights.values()], allow_unused=True)
        norms = {name: float(g.norm()) for name, g in zip(weights, to_weights, strict=True) if g is not None}
        return to_text, norms


def _spr_weight(key: str, drawn: np.ndarray) -> np.ndarray:
    """A weight of the spatial pose from standard normal numbers, by the fixtures' rule."""
    if key == "skeleton_emb":
        return np.ones_like(drawn)
    if drawn.ndim > 1:
        return drawn if key == "keypoint_emb" else drawn / np.sqrt(drawn.shape[1])
    return 1 + 0.1 * drawn if re.fullmatch(r"mlps\.[135]\.weight", key) else 0.1 * drawn


def _person(points: list[list[float] | None], skeleton: Any) -> Person:
    """A figure whose joints are all there but for those without a place."""
    there: list[State] = ["missing" if point is None else "visible" for point in points]
    places = np.array([point or (0.0, 0.0) for point in points], float)
    return Person(skeleton, places, np.ones(len(places)), tuple(there))
