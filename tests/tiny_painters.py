"""A folder of painting models in the published layouts, with tiny random weights: quick, and without a meaning."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from torch import nn

from engine import autoencoder_training, caption_tokens, clip_words, sd_builder, spctrl_layout
from engine.paint_builder import build_base, build_control
from engine.painter import Base

model_index = {
    "_class_name": "StableDiffusionPipeline",
    "vae": ["diffusers", "AutoencoderKL"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "safety_checker": [None, None],
    "feature_extractor": [None, None],
}


def write_painters(folder: Path) -> Path:
    """Writes a base, SP-Ctrl for people and for animals, and a ControlNet that reads OpenPose; returns the folder."""
    base = build_base("tiny", seed=0)
    for kind in ("human", "animal"):
        made = build_control(base, "spctrl", kind, seed=1)
        assert made.spr is not None
        spctrl_layout.write(folder / f"tiny-spctrl-{kind}", made.net.half(), made.spr.half(), made.words, kind)
    build_control(base, "openpose", seed=2).net.half().save_pretrained(folder / "tiny-openpose")
    write_base(folder / "tiny-sd", base)
    return folder


def write_base(folder: Path, base: Base) -> None:
    """Writes a base as diffusers' pipelines lie on disk, in half precision."""
    for name, part in base.parts.items():
        if isinstance(part, nn.Module):
            part.half()
        if name != "tokenizer":
            base.parts[name].save_pretrained(folder / name)
    shutil.copytree(clip_words.folder, folder / "tokenizer")  # as it is published; the library would write another form
    (folder / "model_index.json").write_text(json.dumps(model_index, indent=2), "utf-8")


captions = ("a woman in a red coat by the sea", "a pencil drawing of a man")


def write_small(folder: Path) -> Path:
    """Writes a base of this project's own kind, with the words of two captions and random weights; returns it."""
    pictures = np.random.default_rng(0).integers(256, size=(8, 64, 64, 3), dtype=np.uint8)
    vae = autoencoder_training.begin(autoencoder_training.Recipe(width=8, blocks=(1, 0, 0, 0)), pictures)
    words = folder.with_name("words")
    count = caption_tokens.write(caption_tokens.learned_merges(captions, 700), words)
    sd_builder.write(sd_builder.build("tiny", count, seed=3), vae, words, folder, half=True)
    shutil.rmtree(words)
    return folder
