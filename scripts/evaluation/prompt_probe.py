"""Asks whether painted pictures show what their prompts say: the style, and the colour of the dress, by their pixels.

    python scripts/evaluation/prompt_probe.py --model sd-mini --world world --out probe

Two small networks learn style and colour words from pictures of the rendered world (scripts/evaluation/
prompt_judges.py). What they say of rendered pictures that they never saw is the most that painted ones can reach; what
they say when prompts are dealt out to other pictures is chance. Writes OUT/probe.json and OUT/probe.png, the first
pictures over their prompts; OUT/latents keeps the world's latents for another time.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from engine.sd_builder import pipeline_at
from engine.sd_latents import latents_of
from engine.training import seeded
from scripts.evaluation.prompt_judges import Judges, Known, colors, known, one_color_kinds
from scripts.world import captions
from scripts.world.places import choose
from scripts.world.styles import colored
from scripts.world.words import Dress, Figure, Recipe, dress_regions, palette, styles

places = ("mountains", "forest", "meadow", "snow", "sea", "city", "room", "stage", "studio", "plain paper", "clouds")
lights = ("studio", "soft", "flat")
at_once = 16
every_kept = 8  # of the rendered pictures, one that the judges do not learn from
tile, text_height, across = 128, 44, 10  # px of the sheet, pictures in a row


def asked(count: int, seed: int) -> list[tuple[str, Recipe]]:
    """Prompts and what they ask for: one standing figure in a dress of one colour, each style in turn."""
    found = []
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        kind = one_color_kinds[rng.integers(len(one_color_kinds))]
        words = rng.permutation(list(palette))[: len(dress_regions[kind])].tolist()
        sex = "woman" if kind == "dress" else ("man", "woman")[int(rng.integers(2))]
        dress = Dress(kind, tuple(zip(dress_regions[kind], words, strict=True)))
        figure = Figure("adult", sex, "average", "fair", "short", "brown", dress, stance="standing")
        place, light = choose(rng, places), lights[int(rng.integers(len(lights)))]
        recipe = Recipe(number, (figure,), place, light, styles[number % len(styles)])
        found.append((captions.caption(recipe, rng), recipe))
    return found


def seen_of(vae: Any, pictures: Sequence[np.ndarray], recipes: Sequence[Recipe]) -> Known:
    """Painted pictures (S, S, 3) uint8 as the judges see them, with what was asked of them."""
    parts = [latents_of(vae, pictures[first : first + at_once]) for first in range(0, len(pictures), at_once)]
    latents = torch.from_numpy(np.concatenate(parts)).float()
    style = torch.tensor([styles.index(one.style) for one in recipes])
    words = [one.figures[0].dress.colors[0][1] if colored(one.style) else "" for one in recipes]
    main = torch.tensor([colors.index(word) if word else -1 for word in words])
    return Known(latents, style, torch.zeros(len(recipes), len(colors)), main)


def painted(pipeline: Any, prompts: Sequence[str], steps: int, guidance: float, seed: int) -> list[np.ndarray]:
    """A picture (S, S, 3) uint8 of each prompt, as anybody's diffusers paints it."""
    found: list[np.ndarray] = []
    for first in range(0, len(prompts), at_once):
        some = list(prompts[first : first + at_once])
        noise = [seeded(seed, first + n) for n in range(len(some))]
        images = pipeline(
            some, num_inference_steps=steps, guidance_scale=guidance, generator=noise, output_type="np"
        ).images
        found += list((images * 255).round().astype(np.uint8))
    return found


def dealt(pictures: Known, seed: int) -> Known:
    """The same pictures with each other's words."""
    order = torch.randperm(len(pictures), generator=seeded(seed))
    return Known(pictures.latents, pictures.style[order], pictures.shares, pictures.main[order])


def by_style(judges: Judges, pictures: Known) -> dict[str, dict[str, float]]:
    """The figures of each style's pictures; a style without colours has none of these."""
    found = {}
    for number, name in enumerate(styles):
        if (here := pictures.style == number).any():
            told = judges.figures(pictures[here])
            found[name] = {key: told[key] for key in ("style", "color") if key in told}
    return found


def sheet(pictures: Sequence[np.ndarray], prompts: Sequence[str], marks: Sequence[str]) -> Image.Image:
    """Pictures in rows, each over what the judges said and its prompt."""
    rows = -(-len(pictures) // across)
    image = Image.new("RGB", (across * tile, rows * (tile + text_height)), "white")
    pen = ImageDraw.Draw(image)
    for number, (picture, prompt, mark) in enumerate(zip(pictures, prompts, marks, strict=True)):
        x, y = number % across * tile, number // across * (tile + text_height)
        image.paste(Image.fromarray(picture).resize((tile, tile)), (x, y))
        lines = [mark, *textwrap.wrap(prompt, 26)[:3]]
        pen.multiline_text((x + 2, y + tile), "\n".join(lines), fill="black", spacing=0, font_size=9)
    return image


def main() -> None:
    args = arguments()
    pipeline: Any = pipeline_at(args.model)
    side = pipeline.unet.config.sample_size * pipeline.vae_scale_factor
    world = known(args.world, args.splits, pipeline.vae, side, args.out / "latents")
    kept = torch.arange(len(world)) % every_kept == every_kept - 1
    judges = Judges(world[~kept])
    asks = asked(args.count, args.seed)
    prompts, recipes = [prompt for prompt, _ in asks], [recipe for _, recipe in asks]
    pictures = painted(pipeline, prompts, args.steps, args.guidance, args.seed)
    made, whole = seen_of(pipeline.vae, pictures, recipes), world[kept]
    report = {
        "painted": judges.figures(made), "rendered": judges.figures(whole),
        "rendered_alone": judges.figures(whole[whole.main >= 0]), "chance": judges.figures(dealt(made, args.seed)),
        "styles": by_style(judges, made), "rendered_styles": by_style(judges, whole), "prompts": args.count,
        "steps": args.steps, "guidance": args.guidance, "learned_from": int((~kept).sum()),
    }  # fmt: skip
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "probe.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    ranks = zip(*judges.ranks(made.latents, made.style, made.main), strict=True)
    marks = [f"style {_mark(style)}  colour {_mark(color)}" for style, color in ranks]
    first = slice(0, 8 * across)
    sheet(pictures[first], prompts[first], marks[first]).save(args.out / "probe.png")
    print(json.dumps(report, indent=2))


def _mark(rank: float) -> str:
    return "-" if np.isnan(rank) else "ok" if rank < 1 else "no"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model", type=Path, required=True, metavar="DIR", help="a StableDiffusionPipeline's folder")
    add("--world", type=Path, required=True, metavar="DIR", help="what render_world.py wrote")
    add("--out", type=Path, required=True, metavar="DIR")
    add("--count", type=int, default=260, help="prompts")
    add("--splits", nargs="+", default=["train", "more_styles"], help="that the judges learn from")
    add("--steps", type=int, default=25)
    add("--guidance", type=float, default=4.0)
    add("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
