"""Restyles the pictures of a COCO folder, annotations kept: evaluation beyond photos, as COCO-OOD is.

Writes OUT/STYLE/ with every picture under its own name, and OUT/annotations.json, for
`scripts/evaluate_sdpose.py --ood OUT --annotations OUT/annotations.json`. Styles are the embedded ones, a CycleGAN's
(--cyclegan FILE; monet2photo's generator gives the published oil set) or a diffusion model's (--diffusers FOLDER
--prompt WORDS). The same --seed gives the same pictures; what is there already is kept, so a stopped run goes on.
Pictures keep their photographers' licences: COCO's are Flickr's, and not all may be changed and passed on.
"""

import argparse
import json
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.photo import read_photo
from engine.stylize import CycleGan, Img2Img, Painted, Stylizer, embedded

jpeg_quality = 95


@dataclass(frozen=True)
class Job:
    """A picture to be restyled: where it is, where it goes, and the seed of its chances."""

    source: Path
    out: Path
    seed: int


def jobs(file: dict, images: Path, out: Path, style: str, seed: int, limit: int | None = None) -> list[Job]:
    """The pictures of an annotation file that are not yet in that style; ValueError for one that is nowhere."""
    found = []
    for image in file["images"][:limit]:
        source, target = images / image["file_name"], out / style / image["file_name"]
        if not target.resolve().is_relative_to((out / style).resolve()):
            raise ValueError(f"expected file names within the folder, got {image['file_name']!r:.80}")
        if not source.is_file():
            raise ValueError(f"expected the annotated picture {image['file_name']} in “{images}”, got none")
        if not target.is_file():
            # Of its own name and style, so that neither the order nor the other pictures matter.
            found.append(Job(source, target, zlib.crc32(f"{seed} {style} {image['file_name']}".encode())))
    return found


def restyle(stylizer: Stylizer, job: Job) -> None:
    """One picture, whole or not at all."""
    image = read_photo(job.source.read_bytes(), job.source.name).image
    painted = stylizer(image, job.seed)
    if painted.shape != image.shape or painted.dtype != np.uint8:
        raise ValueError(f"expected a picture {image.shape} uint8 of {stylizer.name}, got {painted.shape}")
    job.out.parent.mkdir(parents=True, exist_ok=True)
    half_done = job.out.with_name(f".{os.getpid()}-{job.out.name}")
    Image.fromarray(painted).save(half_done, quality=jpeg_quality)
    half_done.replace(job.out)


def restyle_all(stylizer: Stylizer, todo: list[Job], processes: int) -> Iterator[int]:
    """Restyles the pictures, yielding how many are done; in several processes where the stylizer is light."""
    if processes < 2 or stylizer.heavy or len(todo) < 2:
        for done, job in enumerate(todo, 1):
            restyle(stylizer, job)
            yield done
        return
    # Fresh processes: threads that OpenCV started do not survive a fork.
    with ProcessPoolExecutor(processes, get_context("spawn"), _single_thread) as pool:
        running = [pool.submit(restyle, stylizer, job) for job in todo]
        for done, finished in enumerate(as_completed(running), 1):
            finished.result()
            yield done


def _single_thread() -> None:
    cv2.setNumThreads(1)


def stylizers(args: argparse.Namespace) -> Iterator[Stylizer]:
    """The styles asked for, one after the other, so that one network at a time is in memory."""
    for name in dict.fromkeys(args.style or ()):
        yield Painted(name)
    for path in args.cyclegan or ():
        yield CycleGan(path, device=args.device)
    if args.diffusers:
        name = args.name or args.diffusers.name
        yield Img2Img(args.diffusers, args.prompt, args.strength, name=name, device=args.device)


def make(file: dict, args: argparse.Namespace, styles: Iterable[Stylizer]) -> None:
    """All pictures in all styles, with the annotations beside them."""
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "annotations.json").write_bytes(args.annotations.read_bytes())
    for stylizer in styles:
        todo = jobs(file, args.images, args.out, stylizer.name, args.seed, args.limit)
        for done in restyle_all(stylizer, todo, args.jobs):
            print(f"\r{stylizer.name}: {done} of {len(todo)}", end="", file=sys.stderr, flush=True)
        print(f"\r{stylizer.name}: {len(todo)} made in {args.out / stylizer.name}")


def main() -> None:
    parser = _parser()
    args = parser.parse_args()
    if not (args.style or args.cyclegan or args.diffusers):
        args.style = [name for name in embedded if name not in ("noise", "blur", "jpeg")]  # `corrupted` has all three
    if args.diffusers and not args.prompt:
        parser.error("argument --diffusers: expected --prompt with it, the style in words")
    try:
        file = json.loads(args.annotations.read_text("utf-8"))
        if not isinstance(file, dict) or not all("file_name" in image for image in file.get("images") or ({},)):
            raise ValueError(f"expected a COCO file with images, got “{args.annotations.name}”")
        make(file, args, stylizers(args))
    except (ValueError, OSError) as error:
        sys.exit(f"make_coco_ood: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, metavar="DIR")
    parser.add_argument("--annotations", type=Path, required=True, metavar="FILE.json")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--style", nargs="+", choices=[*embedded], help="default without a network: all of them")
    parser.add_argument("--cyclegan", type=Path, nargs="+", metavar="FILE", help="generators, each a style of its name")
    parser.add_argument("--diffusers", type=Path, metavar="FOLDER", help="a model in diffusers' layout")
    parser.add_argument("--prompt", default="", help="the style in words, for --diffusers")
    parser.add_argument("--strength", type=float, default=0.45, help="what it may change, 0 … 1 (default 0.45)")
    parser.add_argument("--name", default="", help="of the diffusion model's style; default: its folder's")
    parser.add_argument("--device", default="cpu", help="of networks: cpu or cuda")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes at once")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N pictures")
    return parser


if __name__ == "__main__":
    main()
