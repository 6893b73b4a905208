"""Painting many poses in one pass, each with its own prompt: what the studio paints one after the other, sooner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from engine.keypoint_words_loading import with_learned_words
from engine.painter import Painter
from engine.painter_pipelines import pipeline_for
from engine.painter_sampler import sampler_of
from engine.pose import Pose2D
from engine.scene import PaintRequest
from scripts.evaluation.painting_run import PaintMany


def many_with(painter: Painter) -> PaintMany:
    """What paints requests for new pictures that differ in prompt and seed alone, with a painter's base and control.

    Pictures are the painter's own but for what rounding leaves.
    """
    control, base = painter.control, painter.base
    if control is None or base.is_xl:
        raise ValueError(f"expected a base of Stable Diffusion 1's kind with a control, got {base.name}")
    parts = with_learned_words(base.parts, control.words)
    unchecked: dict[str, Any] = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    pipeline: Any = pipeline_for("new", False, True)(**parts, **unchecked, controlnet=painter.network)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.to(painter.device)

    def paint(requests: Sequence[PaintRequest], poses: Sequence[Pose2D]) -> list[np.ndarray]:
        first, texts = requests[0], [painter.heard(*one).text for one in zip(requests, poses, strict=True)]
        pipeline.scheduler = sampler_of(base.parts["scheduler"].config)
        images = pipeline(
            prompt=texts, negative_prompt=[first.negative] * len(texts),
            image=torch.cat([painter.condition(*one) for one in zip(requests, poses, strict=True)]),
            width=first.size[0], height=first.size[1], num_inference_steps=first.steps,
            guidance_scale=first.guidance, controlnet_conditioning_scale=float(first.pose_strength),
            guess_mode=control.guided, output_type="np",
            generator=[torch.Generator("cpu").manual_seed(one.seed) for one in requests],
        ).images  # fmt: skip
        return [np.round(image * 255).astype(np.uint8) for image in images]

    return paint
