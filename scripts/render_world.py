"""Draws the rendered world: the open body in open poses, dressed, placed, lit and drawn in thirteen styles, labelled.

    python scripts/prepare_poses.py --data ../shared/data --out poses
    python scripts/render_world.py --poses poses --out world
    python scripts/render_world.py --poses poses --sheet docs/world.png

For each split a folder of pictures (256 × 256 jpg; depth as png in mm, 0 for nothing; whose each pixel is as png), of
files with SMPL-X parameters and cameras, and WORLD/<split>.json in COCO-WholeBody's form, with captions, style, place,
light: what train_sdpose.py, train_sd.py and train_spctrl.py read. The same seed gives the same pictures, however many
processes draw them; what is there is not drawn again, and Ctrl-C ends after the pictures in work.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import multiprocessing
import os
import shutil
import signal
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.render import Renderer, Unavailable
from engine.skeleton import coco17
from scripts.ending import on_interrupt

if TYPE_CHECKING:
    from scripts.world.picture import Picture
    from scripts.world.splits import Gallery

body_file = Path(__file__).parent.parent / "assets" / "body" / "contrapposto_neutral.npz"
a_shard = 64  # pictures that are written together
counts = {
    "train": 16000, "more_styles": 3000, "more_places": 1000, "test": 400, "styles": 300, "places": 200, "clips": 300,
    "matrix": 260, "portraits": 12800, "sitters": 400, "dancers": 300,
}  # fmt: skip
quality = 92  # of the jpgs
farthest = 65.0  # metres that a depth of 16 bits in mm can tell


@dataclass(frozen=True)
class Order:
    """One shard to draw: pictures `first` … `last` - 1 of a split, into its folder number `number` below `out`."""

    out: Path
    split: str
    number: int
    first: int
    last: int

    @property
    def name(self) -> str:
        return f"{self.number:05d}"

    @property
    def told(self) -> Path:
        """The file that is there once the shard is whole."""
        return self.out / self.split / f"{self.name}.json"


# ── in a process of its own ──


@dataclass(frozen=True)
class Desk:
    """What a process needs to draw: folders and the seed."""

    poses: Path
    photos: Path | None
    seed: int


_desk: list[Desk] = []


def begin(desk: Desk, window: str) -> None:
    """What each process begins with: one thread, a window that draws, Ctrl-C left to the main process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["LP_NUM_THREADS"] = "1"  # of the software that draws where there is no graphics card
    if window:
        os.environ["VTK_DEFAULT_OPENGL_WINDOW"] = window
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    keep_freed_memory()
    _desk[:] = [desk]


def keep_freed_memory() -> None:
    """Lets glibc keep what arrays give back: fetched anew from the kernel at each operation, a quarter of the time."""
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for setting, value in ((-1, 10**9), (-3, 10**9), (-2, 2 * 10**8)):  # M_TRIM_THRESHOLD, M_MMAP_…, M_TOP_PAD
            mallopt(setting, value)


@cache
def gallery() -> Gallery:
    """This process's gallery, made when first asked for."""
    from engine.body import Body
    from scripts.world.splits import Gallery

    (desk,) = _desk
    return Gallery(Body.load(body_file), desk.poses, desk.seed, desk.photos)


def draw(order: Order) -> int:
    """Draws a shard and writes it; how many pictures it has."""
    folder = order.told.with_suffix("")
    making = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    images, annotations, bodies = [], [], []
    for index in range(order.first, order.last):
        picture = gallery().picture(order.split, index)
        name = f"{index:06d}"
        Image.fromarray(picture.image).save(making / f"{name}.jpg", quality=quality)
        _write(making / f"{name}_depth.png", _millimetres(picture.depth))
        _write(making / f"{name}_figures.png", picture.figure)
        images.append(_told(picture, index, f"{order.split}/{order.name}/{name}"))
        annotations += [{"id": index * 10 + one["figure"], "image_id": index} | one for one in picture.annotations]
        bodies += [_parameters(picture, index, number) for number in range(len(picture.poses))]
    arrays = {key: np.stack([one[key] for one in bodies]) for key in bodies[0]}
    np.savez_compressed(making / "bodies.npz", **arrays)  # pyright: ignore[reportArgumentType]
    shutil.rmtree(folder, ignore_errors=True)
    making.rename(folder)
    order.told.write_text(json.dumps({"images": images, "annotations": annotations}), encoding="utf-8")
    return order.last - order.first


def _write(path: Path, picture: np.ndarray) -> None:
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])


def _millimetres(depth: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(depth), np.minimum(depth, farthest) * 1000, 0).astype(np.uint16)


def _told(picture: Picture, index: int, name: str) -> dict[str, Any]:
    """A picture as the file of its split lists it."""
    recipe = picture.recipe
    return {
        "id": index, "file_name": f"{name}.jpg", "width": picture.image.shape[1], "height": picture.image.shape[0],
        "depth_file": f"{name}_depth.png", "figures_file": f"{name}_figures.png",
        "caption": picture.captions[0], "captions": list(picture.captions),
        "style": recipe.style, "place": recipe.place, "light": recipe.light, "angle": recipe.angle,
        "framing": recipe.framing, "clips": list(recipe.clips),
        "figures": [
            {
                "age": one.age, "sex": one.sex, "build": one.build, "skin": one.skin, "hair": one.hair_shape,
                "hair_color": one.hair_color, "dress": one.dress.kind, "colors": dict(one.dress.colors),
                "pattern": one.dress.pattern, "hat": one.dress.hat, "prop": one.prop, "stance": one.stance,
            }
            for one in recipe.figures
        ],
    }  # fmt: skip


def _parameters(picture: Picture, index: int, number: int) -> dict[str, np.ndarray]:
    """One body of a picture and the camera that sees it, in SMPL-X's numbers."""
    pose, camera = picture.poses[number], picture.camera
    return {
        "image_id": np.array(index), "figure": np.array(number + 1),
        "axis_angles": pose.axis_angles.astype(np.float32), "betas": pose.betas.astype(np.float32),
        "expression": pose.expression.astype(np.float32), "translation": pose.translation.astype(np.float32),
        "T_camera_world": camera.T_camera_world, "focal": np.array(camera.focal),
        "center": np.array(camera.center),
    }  # fmt: skip


# ── the run ──


def orders(out: Path, wanted: dict[str, int]) -> Iterator[Order]:
    """The shards of all splits asked for, in order."""
    for split, count in wanted.items():
        for number, first in enumerate(range(0, count, a_shard)):
            yield Order(out, split, number, first, min(first + a_shard, count))


def render(desk: Desk, out: Path, wanted: dict[str, int], processes: int, window: str) -> bool:
    """Draws what is not there yet, and joins each split's labels; False when it was ended early."""
    left = [order for order in orders(out, wanted) if not order.told.is_file()]
    total, done, began, ended = sum(one.last - one.first for one in left), 0, time.monotonic(), []
    on_interrupt(lambda: ended.append(True))
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), begin, (desk, window)) as pool:
        waiting, working = list(left), set()
        while (waiting and not ended) or working:
            while waiting and not ended and len(working) < 2 * processes:
                working.add(pool.submit(draw, waiting.pop(0)))
            finished, working = wait(working, return_when=FIRST_COMPLETED)
            done += sum(one.result() for one in finished)
            pace = done / (time.monotonic() - began)
            print(f"{done} of {total} pictures, {pace:.1f} a second, {(total - done) / pace / 60:.0f} min left")
    for split, count in wanted.items():
        join(out, split, count)
    return not ended


def join(out: Path, split: str, count: int) -> None:
    """Writes OUT/<split>.json of the shards that are whole."""
    whole = [order for order in orders(out, {split: count}) if order.told.is_file()]
    told = [json.loads(order.told.read_text(encoding="utf-8")) for order in whole]
    file = {
        "categories": [{"id": 1, "name": "person", "keypoints": list(coco17.joints)}],
        "images": [one for each in told for one in each["images"]],
        "annotations": [one for each in told for one in each["annotations"]],
    }
    (out / f"{split}.json").write_text(json.dumps(file), encoding="utf-8")
    print(f"{out / split}.json: {len(file['images'])} pictures, {len(file['annotations'])} figures")


def sheet(desk: Desk, window: str, path: Path, columns: int = 7, rows: int = 6) -> None:
    """A contact sheet of the first pictures, each style and then each place in turn, with captions."""
    begin(desk, window)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    tile, words = 256, 46
    font = ImageFont.load_default(13)
    page = Image.new("RGB", (columns * (tile + 8) + 8, rows * (tile + words + 8) + 8), "white")
    pen = ImageDraw.Draw(page)
    names = ("matrix", "train", "train", "styles", "places", "train")
    for place in range(columns * rows):
        row, column = divmod(place, columns)
        # The matrix's figures change with every style.
        index = column * 27 + 13 if names[row] == "matrix" else place
        picture = gallery().picture(names[row], index)
        x, y = 8 + column * (tile + 8), 8 + row * (tile + words + 8)
        page.paste(Image.fromarray(picture.image), (x, y))
        lines = textwrap.wrap(picture.captions[0], 40)[:3]
        pen.multiline_text((x, y + tile + 2), "\n".join(lines), "black", font, spacing=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path)
    print(f"{path}: {columns * rows} pictures")


def main() -> None:
    args = arguments()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # lines appear in a log as they come
    try:
        renderer = Renderer()
        window = renderer.window
        renderer.close()
        desk = Desk(args.poses, args.photos, args.seed)
        if args.sheet:
            sheet(desk, window, args.sheet)
        if args.out:
            wanted = {name: args.count if args.count is not None else counts[name] for name in args.splits}
            whole = render(desk, args.out, wanted, args.processes, window)
            print("all is drawn" if whole else "ended; the same command goes on from here")
    except (ValueError, OSError, Unavailable) as error:
        sys.exit(f"render_world: {error}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--poses", type=Path, required=True, metavar="DIR", help="what prepare_poses.py wrote")
    add("--out", type=Path, metavar="WORLD")
    add("--photos", type=Path, metavar="DIR", help="real pictures to stand before (prepare_photos.py)")
    add("--splits", nargs="+", choices=counts, default=list(counts))
    add("--count", type=int, help="pictures of each split asked for (default: " + _list_of(counts) + ")")
    add("--processes", type=int, default=max(1, os.cpu_count() or 1))
    add("--seed", type=int, default=0)
    add("--sheet", type=Path, metavar="FILE.png", help="a contact sheet instead, or too")
    args = parser.parse_args()
    if not args.out and not args.sheet:
        parser.error("expected --out or --sheet, got neither")
    return args


def _list_of(numbers: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in numbers.items())


if __name__ == "__main__":
    main()
