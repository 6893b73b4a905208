"""Networks that make features of pictures: CLIP and Inception where their weights are, the painter's own VAE always.

Looked for in the user's folder of models and in the hub's cache; nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engine.clip_words import tokenizer
from engine.picture_scores import TextFeatures
from engine.tensors import read_tensors
from scripts.evaluation.inception import Inception, enlarged

clip_names = ("clip-vit-large-patch14", "clip-vit-base-patch16", "clip-vit-base-patch32")
# Of CLIP's training pictures; the mean and deviation of each colour.
clip_mean, clip_deviation = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
inception_files = ("pt_inception-2015-12-05-6726825d.pth", "weights-inception-2015-12-05-6726825d.pth")
at_once = 16
vae_side, vae_cells = 256, 4  # px that pictures are brought to, and a side of the grid their latents are averaged in


# ── CLIP ──


class Clip:
    """CLIP's features of pictures and texts. `model` is transformers' CLIPModel."""

    def __init__(self, model: Any, name: str, words: Any = None) -> None:
        self._model, self.name = model.eval(), name
        self._words = words or tokenizer()
        self._side = model.config.vision_config.image_size

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Features (N, D) of pictures, each squared as CLIP's own preparation does."""

        def features(some: Tensor) -> Tensor:
            return self._model.get_image_features(pixel_values=some).pooler_output

        return _in_groups([self._prepared(picture) for picture in pictures], features, _of(self._model))

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Features (N, D) of texts; what is beyond the 77 numbers that CLIP reads is not heard."""
        room = self._model.config.text_config.max_position_embeddings
        device = _of(self._model).device
        found = []
        with torch.inference_mode():
            for text in texts:
                told = self._words(text, max_length=room, truncation=True, return_tensors="pt").to(device)
                found.append(self._model.get_text_features(**told).pooler_output.float().cpu().numpy())
        return np.concatenate(found)

    def _prepared(self, picture: np.ndarray) -> Tensor:
        height, width = picture.shape[:2]
        scale = self._side / min(height, width)
        size = max(self._side, int(width * scale)), max(self._side, int(height * scale))
        x, y = (size[0] - self._side) // 2, (size[1] - self._side) // 2
        seen = Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC)
        square = np.asarray(seen.crop((x, y, x + self._side, y + self._side)), np.float32) / 255
        return torch.from_numpy(((square - clip_mean) / clip_deviation).astype(np.float32)).permute(2, 0, 1)


def find_clip(models: Path | None) -> TextFeatures | None:
    """CLIP, from a folder of its published name in `models` or from the hub's cache; the largest one that is whole."""
    for name in clip_names:
        if (folder := _clip_folder(name, models)) is not None:
            from transformers import CLIPModel

            return Clip(_placed(CLIPModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)), name)
    return None


def _clip_folder(name: str, models: Path | None) -> Path | None:
    needed = ("config.json", "model.safetensors")
    if models is not None and all((models / name / file).is_file() for file in needed):
        return models / name
    from huggingface_hub import try_to_load_from_cache

    found = [try_to_load_from_cache(f"openai/{name}", file) for file in needed]
    return Path(str(found[0])).parent if all(isinstance(path, str) for path in found) else None


# ── Inception ──


class InceptionFeatures:
    """The 2048 numbers that the FID is made of."""

    name = "Inception"

    def __init__(self, network: Inception) -> None:
        self._network = network.eval()

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        def features(some: Tensor) -> Tensor:
            return self._network(some)

        return _in_groups([_scaled(picture) for picture in pictures], features, _of(self._network))


def find_inception(models: Path | None) -> InceptionFeatures | None:
    """The FID's own network, from its published file in `models`, every tensor of it accounted for."""
    for name in inception_files:
        if models is not None and (models / name).is_file():
            network = Inception()
            network.take(read_tensors(models / name))
            return InceptionFeatures(_placed(network))
    return None


def _scaled(picture: np.ndarray) -> Tensor:
    """(3, 299, 299) −1 … 1, enlarged as the network's first program did."""
    return (enlarged(torch.from_numpy(picture).permute(2, 0, 1).float()) - 128) / 128


# ── the painter's own ──


class VaeFeatures:
    """Latents of a painter's VAE, averaged in a grid: they tell colours and composition, hardly what is shown."""

    def __init__(self, vae: Any, name: str) -> None:
        self._vae, self.name = vae.eval(), f"VAE of {name}"

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        def features(some: Tensor) -> Tensor:
            found = self._vae.encode(some)
            latents = found.latent_dist.mode() if hasattr(found, "latent_dist") else found.latents
            return torch.nn.functional.adaptive_avg_pool2d(latents, vae_cells).flatten(1)

        return _in_groups([self._prepared(picture) for picture in pictures], features, _of(self._vae))

    def _prepared(self, picture: np.ndarray) -> Tensor:
        seen = Image.fromarray(picture).resize((vae_side, vae_side), Image.Resampling.BICUBIC)
        return torch.from_numpy(np.asarray(seen, np.float32) / 127.5 - 1).permute(2, 0, 1)


# ── ──


def _in_groups(prepared: Iterable[Tensor], features: Callable[[Tensor], Tensor], like: Tensor) -> np.ndarray:
    """Features (N, D) float64 of tensors of one shape, some at once."""
    rows, found = list(prepared), []
    with torch.inference_mode():
        for start in range(0, len(rows), at_once):
            some = torch.stack(rows[start : start + at_once]).to(like.device, like.dtype)
            found.append(features(some).double().cpu().numpy())
    return np.concatenate(found)


def _of(module: torch.nn.Module) -> Tensor:
    """A weight of the network, whose device and precision pictures take."""
    return next(module.parameters())


def _placed(module: Any) -> Any:
    return module.to("cuda" if torch.cuda.is_available() else "cpu").requires_grad_(False)
