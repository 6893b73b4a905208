"""What paints: a diffusion model, a ControlNet that tells it the pose, and stock diffusers pipelines made of both.

Without a ControlNet a model paints from the words alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from engine.keypoint_words import PoseKind
from engine.keypoint_words_loading import with_learned_words
from engine.latent_preview import LatentPreview
from engine.networks.guided_control import guided
from engine.paint_map import drawn_map, placing
from engine.painter_pipelines import Way, pipeline_for
from engine.painter_sampler import sampler_of
from engine.pose import Pose2D
from engine.prompting import Heard, heard, negative_heard
from engine.scene import PaintRequest

if TYPE_CHECKING:
    from diffusers.models.controlnets.controlnet import ControlNetModel

    from engine.networks.spctrl import SpatialPose

Encoding = Literal["spctrl", "openpose", "openpose-thick"]
Memory = Literal["whole", "offload", "sequential"]
# Hears the step just made, of how many, and a small picture (h, w, 3) uint8 of each picture as it is by now.
Look = Callable[[int, int, list[np.ndarray]], None]
seam = 0.01  # of the longer side: how softly a painted region runs into the photo, within the mask


@dataclass(frozen=True, eq=False)
class Base:
    """A diffusion model of pictures by the names diffusers has for its parts.

    `parts`: vae, text_encoder, tokenizer, unet, scheduler; SDXL's also text_encoder_2 and tokenizer_2.
    """

    name: str
    parts: Mapping[str, Any]

    @property
    def is_xl(self) -> bool:
        return "text_encoder_2" in self.parts


@dataclass(frozen=True, eq=False)
class Control:
    """A ControlNet and what it reads: SP-Ctrl's index map through `spr`, or a drawing of OpenPose's.

    `kind` is whose joints it knows; `words` are the learned tokens of the joints' names, with their vectors. With
    `guided` a request's guidance strengthens the pose too, as a small network needs it (GuidedControlNet).
    """

    name: str
    encoding: Encoding
    kind: PoseKind
    net: ControlNetModel
    spr: SpatialPose | None = None
    words: Mapping[str, Tensor] = field(default_factory=dict)
    guided: bool = False


# Latents of so many channels the pipelines for masks know; of others a photo's part is kept here, step by step.
_masked_channels = 4


class Painter:
    """Paints requests with one base and one control, or from the words alone, `at_once` pictures in one pass.

    `memory` is what a small GPU needs: the whole model on `device`, or its parts brought there when they work
    (`offload`), or layer by layer (`sequential`). Threads may share it: they paint one after the other.
    """

    def __init__(
        self, base: Base, control: Control | None, device: str = "cpu", memory: Memory = "whole", at_once: int = 1
    ) -> None:
        self.base, self.control, self.device, self.memory, self.at_once = base, control, device, memory, at_once
        # On copies that know the joints' words: the base may serve another control too.
        self._words = {} if control is None else control.words
        # What a pipeline is given for the control.
        self.network = control and (guided(control.net) if control.guided else control.net)
        self._parts = base.parts if base.is_xl else with_learned_words(base.parts, self._words)
        self.preview = LatentPreview(base.parts["vae"])
        self._pipeline: tuple[Way, Any] | None = None
        self._turn = threading.Lock()

    @property
    def tokenizer(self) -> Any:
        """What makes tokens of prompts, the learned words among them."""
        return self._parts["tokenizer"]

    def heard(self, request: PaintRequest, pose: Pose2D) -> Heard:
        """The prompt as the model hears it."""
        kind = "human" if self.control is None else self.control.kind
        return heard(request, pose, kind, self.tokenizer, self._words)

    def condition(self, request: PaintRequest, pose: Pose2D) -> Tensor:
        """The pose as the ControlNet reads it: (1, C, H, W); ValueError where there is none."""
        control = self.control
        if control is None:
            raise ValueError(f"expected a ControlNet, got {self.base.name} alone")
        drawn = drawn_map(request, pose, control.encoding)
        weight = next(control.net.parameters())
        if control.spr is None:
            return torch.from_numpy(drawn).permute(2, 0, 1)[None].to(weight.dtype) / 255
        with torch.no_grad():
            ids = torch.from_numpy(drawn)[None].to(next(control.spr.parameters()).device)
            return control.spr(ids).to(weight.dtype)

    def painted(
        self, request: PaintRequest, pose: Pose2D, seeds: Sequence[int], look: Look | None = None
    ) -> list[np.ndarray]:
        """One picture (H, W, 3) uint8 for each seed, all in one pass; `look` may end it by raising, after any step."""
        with self._turn, torch.no_grad():
            pipeline = self._made(self._way(request))
            pipeline.scheduler = sampler_of(self.base.parts["scheduler"].config)
            asked = {
                **self._prompts(pipeline, request, pose, len(seeds)),
                **self._pictures(request, pose),
                "num_images_per_prompt": len(seeds),
                "generator": [torch.Generator("cpu").manual_seed(seed) for seed in seeds],
                "num_inference_steps": request.steps,
                "guidance_scale": request.guidance,
                "output_type": "np",
            }
            kept = self._kept_part(request, pose, seeds)
            asked["callback_on_step_end"] = self._at_step(request, look, asked.pop("later", None), kept)
            asked["callback_on_step_end_tensor_inputs"] = ["latents"] + ([] if self.base.is_xl else ["prompt_embeds"])
            try:
                images = pipeline(**asked).images
            finally:
                pipeline.maybe_free_model_hooks()
        if not np.isfinite(images).all():
            raise ValueError("expected a picture, got numbers beyond this precision: paint in full precision")
        pixels = [np.round(image * 255).astype(np.uint8) for image in images]
        return [self._kept_photo(image, request, pose) for image in pixels]

    # ── what a pipeline is asked ──

    def _prompts(self, pipeline: Any, request: PaintRequest, pose: Pose2D, count: int) -> dict[str, Any]:
        """The prompt's part of a call; `later`: embeddings to change to, with the share of the work from when on."""
        prompt, (negative, _) = self.heard(request, pose), negative_heard(request, self.tokenizer)
        if self.base.is_xl:
            return {"prompt": prompt.plain, "negative_prompt": negative}
        guided = request.guidance > 1

        def encoded(text: str) -> tuple[Tensor, Tensor | None]:
            return pipeline.encode_prompt(text, pipeline._execution_device, 1, guided, negative)

        said, unsaid = encoded(prompt.text)
        asked = {"prompt_embeds": said, "negative_prompt_embeds": unsaid}
        begin, end = request.words_window
        if not prompt.tokens or (begin, end) == (0.0, 1.0):
            return asked

        def for_steps(embeds: Tensor) -> Tensor:
            """As the pipeline's own loop has them: for every picture, without guidance before with it."""
            both = [embeds] if unsaid is None else [unsaid, embeds]
            return torch.cat([each.repeat(count, 1, 1) for each in both])

        plain, _ = encoded(prompt.plain)
        if begin > 0:
            asked["prompt_embeds"] = plain
        return {**asked, "later": {begin: for_steps(said), end: for_steps(plain)}}

    def _pictures(self, request: PaintRequest, pose: Pose2D) -> dict[str, Any]:
        """The pictures' part of a call: the pose, and what is painted over."""
        way, (width, height) = self._way(request), request.size
        asked: dict[str, Any] = {}
        if self.control is not None:
            asked = {
                ("image" if way == "new" else "control_image"): self.condition(request, pose),
                "guess_mode": self.control.guided,
                "controlnet_conditioning_scale": float(request.pose_strength),
                "control_guidance_start": request.pose_window[0],
                "control_guidance_end": request.pose_window[1],
            }
        if self.control is not None or way != "photo":  # which takes its size from the photo
            asked |= {"width": width, "height": height}
        if way == "new":
            return asked
        assert request.photo is not None
        photo = placing(request, pose.size).image(request.photo)
        asked |= {"image": Image.fromarray(photo), "strength": max(request.change, 1.01 / request.steps)}
        if way == "mask":
            asked["mask_image"] = Image.fromarray(_mask(request, pose))
        return asked

    def _at_step(
        self,
        request: PaintRequest,
        look: Look | None,
        later: Mapping[float, Tensor] | None,
        kept: Callable[[Any, int, Tensor], Tensor] | None,
    ) -> Callable[..., dict[str, Any]]:
        def at_step(pipeline: Any, step: int, _time: Any, now: dict[str, Any]) -> dict[str, Any]:
            steps = pipeline.num_timesteps
            if look is not None:
                clean = pipeline.scheduler.model_outputs[-1]  # the picture without noise, as it is foreseen by now
                look(step + 1, steps, [self.preview(one) for one in clean])
            changed = {} if kept is None else {"latents": kept(pipeline, step, now["latents"])}
            due = [embeds for share, embeds in (later or {}).items() if step < share * steps <= step + 1]
            return {**changed, "prompt_embeds": due[-1]} if due else changed

        return at_step

    def _kept_part(
        self, request: PaintRequest, pose: Pose2D, seeds: Sequence[int]
    ) -> Callable[[Any, int, Tensor], Tensor] | None:
        """What puts the photo back around the mask after each step, in as much noise as the step left.

        None where nothing is kept, or the pipeline does it.
        """
        if request.mask is None or request.photo is None or self._way(request) == "mask":
            return None
        vae, (width, height) = self.base.parts["vae"], request.size
        weight = next(vae.parameters())
        photo = torch.from_numpy(placing(request, pose.size).image(request.photo)).permute(2, 0, 1)[None]
        found = vae.encode(photo.to(weight) / 127.5 - 1)
        clean = found.latent_dist.mode() if hasattr(found, "latent_dist") else found.latents
        clean = clean * vae.config.scaling_factor
        noise = torch.stack([torch.randn(clean.shape[1:], generator=torch.Generator().manual_seed(s)) for s in seeds])
        mask = torch.from_numpy(_mask(request, pose)).float()[None, None] / 255
        share = F.max_pool2d(mask, (height // clean.shape[2], width // clean.shape[3]))

        def keep(pipeline: Any, step: int, latents: Tensor) -> Tensor:
            around = clean.to(latents).expand_as(latents)
            times = pipeline.scheduler.timesteps[-pipeline.num_timesteps :]
            if step + 1 < len(times):
                at = times[step + 1].repeat(len(latents))
                around = pipeline.scheduler.add_noise(around, noise.to(latents), at)
            return torch.lerp(around, latents, share.to(latents))

        return keep

    def _kept_photo(self, image: np.ndarray, request: PaintRequest, pose: Pose2D) -> np.ndarray:
        """The picture with the photo's own pixels wherever the mask leaves them."""
        if request.mask is None or request.photo is None:
            return image
        mask = _mask(request, pose)
        radius = max(1, round(seam * max(request.size)))
        soft = np.minimum(cv2.blur(mask, (2 * radius + 1, 2 * radius + 1)), mask).astype(np.float32)[..., None] / 255
        photo = placing(request, pose.size).image(request.photo)
        return np.round(photo + soft * (image.astype(np.float32) - photo)).astype(np.uint8)

    # ── pipelines ──

    def _way(self, request: PaintRequest) -> Way:
        """Whether a picture is painted anew, over a photo, or within a mask on it, as far as the pipelines know."""
        if request.photo is None:
            return "new"
        masks = self.base.parts["unet"].config.in_channels == _masked_channels
        return "mask" if request.mask is not None and masks else "photo"

    def _made(self, way: Way) -> Any:
        """The pipeline for a way of painting; of each painter one at a time, for its hooks move the parts about."""
        if self._pipeline is not None and self._pipeline[0] == way:
            return self._pipeline[1]
        checker = {} if self.base.is_xl else {"safety_checker": None, "feature_extractor": None}
        unchecked = {} if self.base.is_xl else {"requires_safety_checker": False}
        told = {} if self.network is None else {"controlnet": self.network}
        kind = pipeline_for(way, self.base.is_xl, self.control is not None)
        made = kind(**self._parts, **told, **checker, **unchecked)
        made.remove_all_hooks()  # of another way of painting, or another painter with the same base
        made.set_progress_bar_config(disable=True)
        if self.memory == "offload":
            made.enable_model_cpu_offload(device=self.device)
        elif self.memory == "sequential":
            made.enable_sequential_cpu_offload(device=self.device)
        else:
            made.to(self.device)
        if self.memory != "whole":
            made.vae.enable_slicing()
            made.vae.enable_tiling()
        self._pipeline = way, made
        return made


def _mask(request: PaintRequest, pose: Pose2D) -> np.ndarray:
    """The mask as it lies in the picture, (H, W) uint8 0 or 255; what is beyond the photo is painted."""
    assert request.mask is not None
    place = placing(request, pose.size)
    laid = np.where(place.image(request.mask) >= 128, 255, 0).astype(np.uint8)
    laid[~place.within(pose.size)] = 255
    return laid
