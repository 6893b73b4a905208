"""Writes a folder of small pictures, which the autoencoder learns from besides renders, from what packages hold.

    npm pack @pmndrs/assets && tar xzf pmndrs-assets-*.tgz
    apt-get download plasma-workspace-wallpapers && dpkg-deb -x plasma-workspace-wallpapers_*.deb plasma
    pip download --no-deps scikit-image && unzip -q scikit_image-*.whl 'skimage/data/*'
    python scripts/prepare_photos.py --out photos \\
        --source pmndrs package/hdri CC0-1.0 --source plasma plasma GPL-2.0-or-later \\
        --source scikit-image skimage/data "public domain or CC0-1.0"

Each --source is a name, a folder or file, and the licence its pictures came under. Read are .jpg, .png and .webp, and
JavaScript modules that hold a picture as base64, HDRIs among them (these need `pip install OpenEXR`). Of a wallpaper in
several sizes the largest is taken. OUT has each picture whole and crops of it at several scales, as JPEGs of at most
512 px in OUT/train and, every tenth motif, in OUT/test; OUT/SOURCES.json names source, licence and file of each.
"""

import argparse
import base64
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

longest = 512  # px of what is written
smallest = 200  # px of the shorter side from which a file is taken for a picture, not an icon
held_out = 10  # every so many motifs one is kept for testing
crops = 8  # of a large picture, at most
quality = 92
alike = 4.0  # mean difference of two thumbnails, of 255, under which they show the same
plain = 8.0  # deviation of colours, of 255, under which a crop shows nothing
size_name = re.compile(r"\d{3,5}x\d{3,5}")
module = re.compile(rb"data:(?:image|application)/(\w+);base64,([A-Za-z0-9+/=]+)")
left_out = re.compile(r"logo|icon|preview|normal|phantom|text|page|chess|pmndrs\.|react\.|three\.", re.I)


@dataclass(frozen=True)
class Source:
    """Where pictures came from: a name, the folder or file they lie in, and their licence in words."""

    name: str
    path: Path
    licence: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--source", nargs=3, action="append", required=True, metavar=("NAME", "PATH", "LICENCE"))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    try:
        written = prepare([Source(n, Path(p), words) for n, p, words in args.source], args.out, args.seed)
    except (ValueError, OSError) as error:
        sys.exit(f"prepare_photos: {error}")
    for split, number in written.items():
        print(f"{number} pictures in {args.out / split}")


def prepare(sources: list[Source], out: Path, seed: int = 0) -> dict[str, int]:
    """Writes OUT/train, OUT/test and OUT/SOURCES.json, and says how many pictures each split has.

    ValueError for a source without pictures.
    """
    rng = np.random.default_rng(seed)
    rows: list[dict[str, str]] = []
    motifs = 0
    for source in sources:
        before, seen = motifs, []
        for name, views in pictures(source.path):
            small = thumbnail(views[0])
            if any(np.abs(small - other).mean() < alike for other in seen):
                continue
            seen.append(small)
            motifs += 1
            split = "test" if motifs % held_out == 0 else "train"
            for part in (part for view in views for part in parts(view, rng)):
                file = f"{split}/{source.name}_{motifs:04d}_{len(rows):05d}.jpg"
                write(out / file, part)
                rows.append({"file": file, "source": source.name, "licence": source.licence, "from": name})
        if motifs == before:
            raise ValueError(f"expected pictures of {source.name} in {source.path}, got none")
    (out / "SOURCES.json").write_text(json.dumps(rows, indent=1), "utf-8")
    return {split: sum(row["file"].startswith(split) for row in rows) for split in ("train", "test")}


# ── reading ──


def pictures(path: Path) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Each picture's name and what it shows (H, W, 3) uint8: itself, or of an HDRI several views."""
    files = sorted([path] if path.is_file() else (one for one in path.rglob("*") if one.is_file()))
    for file in largest(files):
        name = file.relative_to(path.parent).as_posix()
        if left_out.search(name):
            continue
        if file.suffix == ".js":
            found = module.search(file.read_bytes())
            if found is None or found[1] not in {b"exr", b"webp", b"jpeg", b"png"}:
                continue
            data = base64.b64decode(found[2])
            views = hdri_views(read_exr(data)) if found[1] == b"exr" else [read_picture(data)]
        elif file.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"}:
            views = [read_picture(file.read_bytes())]
        else:
            continue
        if min(views[0].shape[:2]) >= smallest or len(views) > 1:
            yield name, views


def largest(files: list[Path]) -> list[Path]:
    """The files, but of those named by their sizes, 1920x1080.jpg, only the heaviest of each folder."""
    sized = [file for file in files if size_name.search(file.stem)]
    kept: dict[tuple[Path, str], Path] = {}
    for file in sorted(sized, key=lambda file: file.stat().st_size):
        kept[file.parent, size_name.sub("", file.stem)] = file
    return sorted({*files} - {*sized} | {*kept.values()})


def read_picture(data: bytes) -> np.ndarray:
    """A file's picture, (H, W, 3) uint8 RGB; what is transparent becomes white."""
    with Image.open(io.BytesIO(data)) as file:
        file.draft("RGB", (4 * longest, 4 * longest))
        picture = file.convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    return np.array(Image.alpha_composite(paper, picture).convert("RGB"))


def read_exr(data: bytes) -> np.ndarray:
    """An OpenEXR file's light, (H, W, 3) float32, linear."""
    try:
        import OpenEXR  # type: ignore[import-not-found]
    except ImportError as error:
        raise ValueError("expected OpenEXR for HDRIs (pip install OpenEXR), got none") from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "light.exr"
        path.write_bytes(data)
        channels = OpenEXR.File(str(path)).channels()
    if "RGB" in channels:
        return channels["RGB"].pixels.astype(np.float32)
    return np.stack([channels[name].pixels for name in "RGB"], -1).astype(np.float32)


def hdri_views(light: np.ndarray) -> list[np.ndarray]:
    """What a camera sees that turns around in a panorama (H, 2 H, 3): eight pictures level, four up or down."""
    turns = [(yaw, 0.0) for yaw in np.arange(8) * np.pi / 4]
    turns += [(yaw, tilt) for yaw in (0.4, 3.5) for tilt in (-0.6, 0.6)]
    exposed = developed(light)
    return [view(exposed, yaw, tilt) for yaw, tilt in turns]


def developed(light: np.ndarray) -> np.ndarray:
    """Light as a camera would print it: the middle exposed to mid-grey, highlights rolled off; (H, W, 3) uint8."""
    grey = light @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    # Half floats hold suns as infinity.
    exposed = light.clip(0, 6e4) * (0.25 / max(float(np.median(grey)), 1e-4))
    rolled = exposed * (1 + exposed / 9) / (1 + exposed)
    return (255 * np.clip(rolled, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def view(panorama: np.ndarray, yaw: float, tilt: float, size: int = 160, field: float = 1.6) -> np.ndarray:
    """A perspective picture (size, size, 3) of a panorama (H, W, 3); angles in radians, `field` the view's width."""
    height, width = panorama.shape[:2]
    across = np.tan(field / 2) * np.linspace(-1, 1, size, dtype=np.float32)
    x, y = np.meshgrid(across, across)
    y, z = y * np.cos(tilt) - np.sin(tilt), y * np.sin(tilt) + np.cos(tilt)
    longitude = np.arctan2(x, z) + yaw
    latitude = np.arctan2(y, np.hypot(x, z))
    columns = ((longitude / (2 * np.pi) % 1) * width).astype(np.float32)
    rows = ((latitude / np.pi + 0.5) * height).astype(np.float32)
    return cv2.remap(panorama, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)


# ── writing ──


def thumbnail(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32)


def parts(picture: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The whole picture and, of one larger than that, squares of it between all its height and 400 px of it."""
    height, width = picture.shape[:2]
    yield scaled(picture)
    side = min(height, width)
    for _ in range(min(crops, (height * width) // 512**2)):
        edge = int(np.exp(rng.uniform(np.log(min(400, side)), np.log(side))))
        top, left = int(rng.integers(height - edge + 1)), int(rng.integers(width - edge + 1))
        part = picture[top : top + edge, left : left + edge]
        if part.std((0, 1)).max() > plain:
            yield scaled(part)


def scaled(picture: np.ndarray) -> np.ndarray:
    """The picture with its longer side at most 512 px."""
    height, width = picture.shape[:2]
    share = longest / max(height, width)
    if share >= 1:
        return picture
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, quality=quality)


if __name__ == "__main__":
    main()
