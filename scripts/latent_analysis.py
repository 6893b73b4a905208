"""What a diffusion model's features hold: t-SNE of poses drawn in every style, and silhouette scores by both.

    python scripts/latent_analysis.py --data world/matrix.json --images world --init sd-mini \\
        --out docs/sdpose-latents.webp --json latents.json

The pictures are render_world.py's “matrix”: every figure in every style. Compared are the U-Net of --init, the same
network begun at random, networks fine-tuned to poses (--also NAME DIR) and the pictures' own pixels. A network's
features are what an up-block gives at t = 999 from the clean latents, as means on a grid of 6 × 8 over the crop.
"""

import argparse
import colorsys
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.box import Box
from engine.data import read_annotations
from engine.heatmap import crop_of, cut
from engine.networks.sdpose import SDPoseNet
from engine.photo import read_photo
from engine.sdpose import SDPosePipeline
from engine.sdpose_training import begin, recipes

panel, title = 420, 26  # px
perplexity = 20
at_once = 16


@dataclass(frozen=True)
class Matrix:
    """Crops (N, H, W, 3) uint8 of a figure, the numbers (N,) of its pose and of its style, and the styles' names."""

    crops: np.ndarray
    poses: np.ndarray
    styles: np.ndarray
    names: tuple[str, ...]


def read_matrix(data: Path, images: Path, size: tuple[int, int], limit: int | None) -> Matrix:
    """The pictures of a file in which each figure comes in every style, those of one figure one after the other.

    A figure is where all styles show one person; ValueError when there are fewer than two such.
    """
    file = read_annotations(data)
    names = tuple(dict.fromkeys(image["style"] for image in file["images"]))
    boxes: dict[int, list[list[float]]] = {}
    for one in file["annotations"]:
        boxes.setdefault(one["image_id"], []).append(one["bbox"])
    crops, poses, styles = [], [], []
    for first in range(0, len(file["images"]) - len(names) + 1, len(names)):
        group = file["images"][first : first + len(names)]
        if any(len(boxes.get(image["id"], ())) != 1 for image in group) or len(set(poses)) == limit:
            continue
        x, y, w, h = boxes[group[0]["id"]][0]  # the same in all: a style changes no outline
        crop = crop_of(Box(x, y, x + w, y + h), "evaluation", size)
        for image in group:
            path = images / image["file_name"]
            crops.append(cut(read_photo(path.read_bytes(), path.name).image, crop))
            poses.append(first)
            styles.append(names.index(image["style"]))
    if len(set(poses)) < 2:
        raise ValueError(f"expected two or more figures in every style in {data.name}, got {len(set(poses))}")
    return Matrix(np.stack(crops), np.array(poses), np.array(styles), names)


def pixels_of(matrix: Matrix) -> np.ndarray:
    """The pictures themselves (N, 3072) at 32 × 32."""
    small = [cv2.resize(crop, (32, 32), interpolation=cv2.INTER_AREA) for crop in matrix.crops]
    return np.stack(small).reshape(len(small), -1).astype(np.float32)


@torch.inference_mode()
def features_of(net: SDPoseNet, matrix: Matrix, pooled: bool) -> np.ndarray:
    """What the tapped up-block gives: (N, C) its mean, or (N, 48 C) on a grid of 6 × 8, where a pose has its place."""
    found = []
    for start in range(0, len(matrix.crops), at_once):
        pixels = torch.from_numpy(matrix.crops[start : start + at_once]).permute(0, 3, 1, 2).float() / 127.5 - 1
        maps = net.features(net.encode(pixels))
        grid = torch.nn.functional.adaptive_avg_pool2d(maps, 1 if pooled else (8, 6))
        found.append(grid.flatten(1).numpy())
    return np.concatenate(found)


def judged(features: np.ndarray, matrix: Matrix, seed: int) -> tuple[dict[str, dict[str, float]], np.ndarray]:
    """Silhouette scores by pose and style, in the space and on the map of t-SNE, and the map (N, 2)."""
    spread = features.std(0)
    features = (features - features.mean(0)) / np.where(spread > 0, spread, 1)
    few = min(perplexity, (len(features) - 1) / 3)
    where = TSNE(2, perplexity=few, init="pca", random_state=seed).fit_transform(features)
    labels = {"pose": matrix.poses, "style": matrix.styles}
    return {
        key: {by: float(silhouette_score(space, groups)) for by, groups in labels.items()}
        for key, space in (("space", features), ("map", where))
    }, where


# ── the picture ──


def figure(maps: dict[str, np.ndarray], matrix: Matrix) -> Image.Image:
    """A column for each kind of features: its map with colours by pose above, by style below, and the styles' names."""
    height = 2 * (panel + title)
    page = Image.new("RGB", (len(maps) * panel + 130, height), "white")
    pen = ImageDraw.Draw(page)
    for row, (by, groups) in enumerate((("pose", matrix.poses), ("style", matrix.styles))):
        colors = {group: _color(n, len(set(groups))) for n, group in enumerate(sorted(set(groups)))}
        for column, (name, where) in enumerate(maps.items()):
            left, top = column * panel, row * (panel + title)
            pen.text((left + 10, top + 6), f"{name}, by {by}", "black")
            low, high = where.min(0), where.max(0)
            places = (where - low) / np.maximum(high - low, 1e-9) * (panel - 30) + (left + 15, top + title + 8)
            for (x, y), group in zip(places, groups, strict=True):
                pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colors[group])
    for n, name in enumerate(matrix.names):
        y = panel + 2 * title + 20 * n
        pen.ellipse((len(maps) * panel, y, len(maps) * panel + 10, y + 10), fill=_color(n, len(matrix.names)))
        pen.text((len(maps) * panel + 16, y - 1), name, "black")
    return page


def _color(n: int, of: int) -> tuple[int, int, int]:
    r, g, b = colorsys.hsv_to_rgb(n / of, 0.55 + 0.45 * (n % 2), 0.65 + 0.3 * (n % 3) / 2)
    return round(255 * r), round(255 * g), round(255 * b)


# ── the command ──


def without_task(net: SDPoseNet) -> SDPoseNet:
    """The network deaf to the task it is asked for: a layer that only training for poses gives a meaning."""
    for value in net.unet.class_embedding.linear_2.parameters():  # type: ignore[union-attr]
        torch.nn.init.zeros_(value)
    return net.eval()


def kinds_of(args: argparse.Namespace) -> dict[str, Callable[[Matrix], np.ndarray]]:
    """How the features of each kind are found, by its name."""
    recipe = recipes["mini"]
    nets = {
        args.name: without_task(begin(recipe, args.init)),
        "scratch": without_task(begin(replace(recipe, scratch=True, seed=args.seed), args.init)),
        **{name: SDPosePipeline.from_pretrained(folder).net for name, folder in args.also},
    }
    kinds: dict[str, Callable[[Matrix], np.ndarray]] = {}
    for name, net in nets.items():
        kinds[name] = lambda matrix, net=net: features_of(net, matrix, args.pooled)
    return {**kinds, "pixels": pixels_of}


def main() -> None:
    args = arguments()
    try:
        matrix = read_matrix(args.data, args.images, recipes["mini"].input_size, args.poses)
        found = {name: judged(kind(matrix), matrix, args.seed) for name, kind in kinds_of(args).items()}
    except (ValueError, OSError) as error:
        sys.exit(f"latent_analysis: {error}")
    for name, (scores, _) in found.items():
        told = {key: {by: round(value, 3) for by, value in each.items()} for key, each in scores.items()}
        print(f"{name}: {told}")
    figure({name: where for name, (_, where) in found.items()}, matrix).save(args.out)
    if args.json:
        told = {
            "poses": len(set(matrix.poses)), "styles": len(matrix.names), "picture": args.out.name,
            "features": {name: scores for name, (scores, _) in found.items()},
        }  # fmt: skip
        args.json.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="FILE.json", help="render_world.py's matrix")
    add("--images", type=Path, required=True, metavar="DIR")
    add("--init", type=Path, required=True, metavar="DIR", help="a diffusers folder: sd-mini")
    add("--name", default="sd-mini", help="what to call it")
    add("--also", nargs=2, action="append", default=[], metavar=("NAME", "DIR"), help="a model of train_sdpose.py")
    add("--out", type=Path, required=True, metavar="FILE.webp")
    add("--json", type=Path, metavar="FILE.json")
    add("--poses", type=int, metavar="N", help="only so many figures")
    add("--pooled", action="store_true", help="features' mean over the whole crop instead of a grid of 6 × 8")
    add("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
