"""Reading a photo or drawing that somebody hands in: whatever they have, upright RGB, or a sentence why not."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageCms

most_pixels = 50_000_000
# Beyond this a JPEG alone can still be read small, for its decoder scales by itself; the rest would fill the memory.
most_decoded_pixels = 100_000_000
longest_side = 16384
accepted = "PNG, JPEG, WebP, GIF, BMP or TIFF"
_formats = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
# What Pillow lets through from a damaged file.
damage = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)
_turns = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_270,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_90,),
}


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture as the studio works on it: image (H, W, 3) uint8 RGB, upright, and what was changed on the way."""

    image: np.ndarray
    notes: tuple[str, ...] = ()


def read_photo(data: bytes, name: str = "") -> Photo:
    """The picture in a file's bytes; ValueError in an artist's words when there is none to be had."""
    called = f"“{name}”" if name else "this file"
    if not data:
        raise ValueError(f"expected a picture, got an empty file: {called} has 0 bytes; save it again and retry")
    other = _other_kind(data)
    if other:
        raise ValueError(f"expected a {accepted} picture, but {called} is {other}; export it as PNG or JPEG first")
    notes: list[str] = []
    try:
        with _opened(data, called) as image:
            was = image.size
            _decoded(image, called, notes)
            flat = _in_srgb(_flat(_upright(image, notes), called, notes), image.info.get("icc_profile"), notes)
            return Photo(np.array(_fitted(flat, was, notes)), tuple(notes))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(
            f"expected at most {most_decoded_pixels // 1_000_000} megapixels, but {called} unpacks to far more than "
            "its file size suggests; export it smaller"
        ) from None
    except MemoryError:
        raise ValueError(f"expected a picture that fits in memory, but {called} does not; export it smaller") from None


def _opened(data: bytes, called: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_formats)
    except damage:  # an unknown kind among them
        raise ValueError(
            f"expected a {accepted} picture, but {called} is none, or its beginning is damaged; open it in a paint "
            "program and export it as PNG"
        ) from None


def _other_kind(data: bytes) -> str:
    """What the file is, in words, when it is a known kind that is no accepted picture."""
    head = data[:512].lstrip()
    brand = data[8:12] if data[4:8] == b"ftyp" else b""
    if brand in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"):
        return "a HEIC photo"
    if brand in (b"avif", b"avis"):
        return "an AVIF picture"
    if brand or data[:4] == b"\x1aE\xdf\xa3" or (data[:4] == b"RIFF" and data[8:12] == b"AVI "):
        return "a video"
    if head[:5].lower() == b"<?xml" or head[:4].lower() == b"<svg":
        return "an SVG drawing"
    known = ((b"8BPS", "a Photoshop document"), (b"%PDF", "a PDF"), (b"PK\x03\x04", "a zip or a layered document"))
    return next((words for start, words in known if data.startswith(start)), "")


def _decoded(image: Image.Image, called: str, notes: list[str]) -> None:
    """Decodes the first frame in place, small at once where it is huge."""
    width, height = image.size
    if width * height > most_decoded_pixels and image.format in ("JPEG", "MPO"):
        image.draft("RGB", (width // 2, height // 2))
    elif width * height > most_decoded_pixels:
        raise ValueError(
            f"expected at most {most_decoded_pixels // 1_000_000} megapixels, but {called} has "
            f"{width * height / 1e6:.0f} ({width} × {height}); export it smaller"
        )
    frames = 1
    try:
        if image.format in ("GIF", "PNG", "WEBP", "TIFF"):
            frames = getattr(image, "n_frames", 1)
    except damage:  # a later frame is broken; the first may be whole
        frames = 2
    try:
        image.seek(0)
        image.load()
    except damage as error:
        raise ValueError(
            f"expected a whole picture, but {called} is damaged or cut off ({error}); copy or download it again"
        ) from None
    if frames > 1:
        notes.append(
            "Only the first page was taken." if image.format == "TIFF" else "Animated: the first frame was taken."
        )


def _upright(image: Image.Image, notes: list[str]) -> Image.Image:
    try:
        turns = _turns.get(int(image.getexif().get(0x0112) or 1), ())
    except damage:  # broken EXIF says nothing about the picture
        turns = ()
    for turn in turns:
        image = image.transpose(turn)
    if turns:
        notes.append("Turned upright, as the camera noted.")
    return image


def _flat(image: Image.Image, called: str, notes: list[str]) -> Image.Image:
    """The picture as L, RGB or CMYK of 8 bits, without transparency."""
    if image.mode.startswith(("I", "F")):
        notes.append("Brought from 16 or more bits to 8.")
        return Image.fromarray(_eight_bit(np.asarray(image)))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        full = image.convert("RGBA")
        if np.asarray(full.getchannel("A")).min() == 255:
            return full.convert("RGB")
        notes.append("Transparent parts were put on white.")
        white = Image.new("RGBA", full.size, "white")
        white.alpha_composite(full)
        return white.convert("RGB")
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    try:
        return image.convert("L" if image.mode == "1" else "RGB")
    except ValueError:
        raise ValueError(
            f"expected RGB, grey or CMYK colours, but {called} counts in {image.mode}; export it as RGB"
        ) from None


def _eight_bit(values: np.ndarray) -> np.ndarray:
    """Grey values (H, W) of any depth as uint8: floats to 1 and integers to 255 or 65535 taken as full scale."""
    fractions = values.dtype.kind == "f"
    values = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0))
    scale = 255.0 if fractions and top <= 1 else 1.0 if top <= 255 else 255 / max(65535.0, top)
    return (values * scale).clip(0, 255).round().astype(np.uint8)


def _in_srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """The picture in sRGB, by the profile it carries where that fits."""
    if not profile:
        if image.mode == "CMYK":
            notes.append("Print colours (CMYK) without a profile: colours are approximate.")
        return image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        facts: Any = source.profile
        space = facts.xcolor_space.strip()
        fits = space == {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}[image.mode]
        already = "srgb" in (facts.profile_description or "").lower()
        if fits and not already:
            turned = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if turned is not None:
                notes.append("Colours were brought to sRGB by the picture's own profile.")
                return turned
    except (ImageCms.PyCMSError, *damage):
        notes.append("The colour profile is damaged and was left aside.")
    return image.convert("RGB")


def _fitted(image: Image.Image, was: tuple[int, int], notes: list[str]) -> Image.Image:
    """The picture within the largest area and sides the studio works on; `was` is its size in the file."""
    width, height = image.size
    factor = min(1.0, (most_pixels / (width * height)) ** 0.5, longest_side / max(width, height))
    if factor < 1:
        # Down, so that the rounding cannot lift the area over the limit again.
        size = (max(1, int(width * factor)), max(1, int(height * factor)))
        image = image.resize(size, Image.Resampling.BOX if min(size) < 2 else Image.Resampling.LANCZOS)
    if sorted(image.size) != sorted(was) or factor < 1:
        notes.append(f"Very large: scaled down to {image.size[0]} × {image.size[1]} pixels.")
    if min(image.size) < 16:
        notes.append(f"Very small: {image.size[0]} × {image.size[1]} pixels leave little to see.")
    return image
