"""A whole piece of work in one file: a project zip, or a PNG that carries its work inside.

The zip holds document.json, photo.png, references/NN.png, what was painted as pictures/NN.png (and NN-mask.png where
it was painted within a mask) and, for other programs, bodies/NN.npz in SMPL-X's words.
The PNG holds the document as text in an iTXt chunk, and the zip in a private chunk that image editors drop;
references travel in neither. A painted picture is its own: its PNG holds what was asked for, and no other picture.
"""

from __future__ import annotations

import io
import lzma
import math
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from PIL import Image, PngImagePlugin

from engine.formats.checks import keyed, largest_json, listed, parsed, written
from engine.formats.document import from_document, most_pictures, to_document
from engine.formats.painting import fitting, to_picture
from engine.formats.smplx_npz import to_smplx_npz
from engine.photo import damage, most_pixels, read_photo
from engine.scene import Scene

most_entries = 500
largest_unpacked = 1024 * 1024 * 1024
largest_document = 2 * largest_json  # a hundred pictures of three people with hands and faces take 6 MB
# All images of a project together: a flat one packs to nothing, and takes 3 bytes a pixel unpacked.
most_pixels_together = 2 * most_pixels
png_signature = b"\x89PNG\r\n\x1a\n"
keyword = "contrapposto"
# Ancillary, private, safe to copy: a viewer ignores it, an editor may keep it.
project_chunk = b"cpPr"
_zip_damage = (*damage, zipfile.BadZipFile, NotImplementedError, RuntimeError, lzma.LZMAError)


# ── the zip ──


def to_zip(scene: Scene) -> bytes:
    """The scene with its images, pixel for pixel, as a project file; ValueError for more than may be opened again.

    A picture that was painted over a drawing keeps that it was; the drawing is the project's own.
    """
    images = {} if scene.photo is None else {"photo.png": scene.photo}
    images |= {_reference_name(n): reference.image for n, reference in enumerate(scene.references)}
    images |= {_picture_name(n): picture.image for n, picture in enumerate(scene.pictures)}
    return _packed(scene, images)


def _packed(scene: Scene, images: dict[str, np.ndarray]) -> bytes:
    """The scene's document with these images beside it, and the masks of its pictures."""
    masks = ((_mask_name(n), picture.request.mask) for n, picture in enumerate(scene.pictures))
    images = images | {name: mask for name, mask in masks if mask is not None}
    _check_together(image.shape[0] * image.shape[1] for image in images.values())
    document = written(to_document(scene))
    if len(document) > largest_document:
        raise ValueError(f"expected a document of at most {largest_document >> 20} MB; take some pictures out first")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "document.json", document)
        for name, image in images.items():
            _put(archive, name, _png(image), packed=False)
        for n, body in enumerate(scene.bodies):
            _put(archive, f"bodies/{n:02}.npz", to_smplx_npz(body), packed=False)
    return buffer.getvalue()


def from_zip(data: bytes, shown: Sequence[np.ndarray] | None = None) -> Scene:
    """The scene of a project file; ValueError names what is missing, damaged or too large in it.

    `shown` are the images (H, W, 3) uint8 of what was painted where the zip does not hold them.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _zip_damage as error:
        raise ValueError(f"expected a whole project file, got a damaged or cut off zip ({error})") from None
    with archive:
        # Cut short, the end of an npz inside passes for the end of the project, with its entries far from the start.
        if min((entry.header_offset for entry in archive.infolist()), default=0):
            raise ValueError("expected a whole project file, got a damaged or cut off zip (its end is missing)")
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        if len(archive.infolist()) > most_entries:
            raise ValueError(f"expected a project of at most {most_entries} entries, got {len(archive.infolist())}")
        if sum(sizes.values()) > largest_unpacked:
            raise ValueError(f"expected a project that unpacks to at most {largest_unpacked >> 20} MB, got more")
        told = parsed(_taken(archive, "document.json", largest_document), largest_document)
        document = keyed(told, "document.json", keyword)
        names = _Names.of(document, shown is None)
        _check_together(math.prod(_png_size(archive, name)) for name in names.all)
        photo = _picture(archive, "photo.png") if names.photo else None
        references = [_picture(archive, name) for name in names.references]
        pictures = [_picture(archive, name) for name in names.pictures] if shown is None else shown
        masks = [_picture(archive, name, "L") if name else None for name in names.masks]
    return from_document(document, photo, references, pictures, masks)


@dataclass(frozen=True)
class _Names:
    """The entries that hold a document's images; a picture painted within no mask has an empty name for it."""

    photo: tuple[str, ...]
    references: tuple[str, ...]
    pictures: tuple[str, ...]
    masks: tuple[str, ...]

    @classmethod
    def of(cls, document: dict, with_pictures: bool) -> _Names:
        count = len(listed(document.get("references", []), "references", at_most=100))
        painted = listed(document.get("pictures", []), "pictures", at_most=most_pictures)
        return cls(
            ("photo.png",) if document.get("photo") is not None else (),
            tuple(_reference_name(n) for n in range(count)),
            tuple(_picture_name(n) for n in range(len(painted))) if with_pictures else (),
            tuple(
                _mask_name(n) if keyed(one, f"picture {n + 1}").get("mask") is True else ""
                for n, one in enumerate(painted)
            ),
        )

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(name for name in (*self.photo, *self.references, *self.pictures, *self.masks) if name)


def _picture_name(n: int) -> str:
    return f"pictures/{n:02}.png"


def _mask_name(n: int) -> str:
    return f"pictures/{n:02}-mask.png"


def _reference_name(n: int) -> str:
    return f"references/{n:02}.png"


def _put(archive: zipfile.ZipFile, name: str, data: bytes, packed: bool = True) -> None:
    # One date for all, so that the same work gives the same file.
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    archive.writestr(entry, data, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)


def _check_together(pixels: Iterable[int]) -> None:
    found = sum(pixels)
    if found > most_pixels_together:
        raise ValueError(
            f"expected a drawing, references and pictures of at most {most_pixels_together // 1_000_000} megapixels "
            f"together, got {found / 1e6:.0f}; make some references smaller, or take some pictures out"
        )


def _png_size(archive: zipfile.ZipFile, name: str) -> tuple[int, int]:
    """(width, height) of a PNG entry by its header alone, before anything is unpacked."""
    head = _taken(archive, name, largest_unpacked, first=24)
    if len(head) < 24 or not head.startswith(png_signature) or head[12:16] != b"IHDR":
        raise ValueError(f"expected {name} to be a whole PNG, got something else")
    width, height = struct.unpack_from(">II", head, 16)
    return width, height


def _taken(archive: zipfile.ZipFile, name: str, most: int, first: int = -1) -> bytes:
    """The bytes of one entry, never more than it declares, or only the `first` of them."""
    if name not in archive.namelist():
        found = ", ".join(archive.namelist()[:10]) or "an empty zip"
        raise ValueError(f"expected {name} in the project, got {found}")
    entry = archive.getinfo(name)
    if entry.file_size > most:
        raise ValueError(f"expected {name} of at most {most >> 20} MB, got {entry.file_size >> 20} MB")
    if entry.flag_bits & 1:
        raise ValueError(f"expected {name} unlocked, got an entry with a password")
    try:
        with archive.open(entry) as stream:
            return stream.read(first)
    except _zip_damage as error:
        raise ValueError(f"expected {name} whole, got a damaged entry ({error})") from None


def _picture(archive: zipfile.ZipFile, name: str, mode: Literal["RGB", "L"] = "RGB") -> np.ndarray:
    """One PNG entry as (H, W, 3), or (H, W) in mode L, uint8, of the size its header tells."""
    data = _taken(archive, name, largest_unpacked)
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.size != _png_size(archive, name):  # a second header: what was counted is not what comes
                raise ValueError("it tells two sizes")
            return np.array(image.convert(mode))
    except (Image.DecompressionBombError, *damage) as error:
        raise ValueError(f"expected {name} to be a whole PNG, got a damaged or too large one ({error})") from None


def _png(image: np.ndarray, info: PngImagePlugin.PngInfo | None = None) -> bytes:
    buffer = io.BytesIO()
    # Level 3 packs drawings nearly as tightly as 6 in half the time.
    Image.fromarray(image).save(buffer, "PNG", pnginfo=info, compress_level=3)
    return buffer.getvalue()


# ── the PNG with the work inside ──


def png_with_work(
    image: np.ndarray, scene: Scene, include_photo: bool = True, texts: Mapping[str, str] | None = None
) -> bytes:
    """The image, (H, W, 3) or (H, W) uint8, as PNG that reopens the scene.

    With `include_photo` its drawing too; without, the document alone travels. References never do, nor do painted
    pictures but the image itself, where it is one. `texts` are written beside, for other programs.
    """
    painted = tuple(picture for picture in scene.pictures if picture.image is image)
    scene = replace(scene, references=(), pictures=painted, photo=scene.photo if include_photo else None)
    info = PngImagePlugin.PngInfo()
    info.add_itxt(keyword, written(to_document(scene)).decode())
    for name, text in (texts or {}).items():
        info.add_text(name, text)
    if scene.photo is not None or any(picture.request.mask is not None for picture in painted):
        info.add(project_chunk, _packed(scene, {} if scene.photo is None else {"photo.png": scene.photo}))
    return _png(image, info)


def work_in_png(data: bytes) -> Scene | None:
    """The scene a PNG carries, None when it is only a picture; ValueError when the work inside is damaged."""
    found: dict[str, Any] = {}
    for kind, body in _chunks(data):
        if kind == project_chunk:
            found["project"] = body
        elif kind == b"iTXt" and body.startswith(keyword.encode() + b"\0"):
            found["document"] = parsed(_itxt(body))
    shown = _shown(data, found.get("document"))
    if "project" in found:
        return from_zip(found["project"], shown)
    return from_document(found["document"], pictures=shown) if "document" in found else None


def _shown(data: bytes, document: Any) -> list[np.ndarray]:
    """The PNG's own image where the document inside tells of it as painted; none when it was cut or resized since."""
    painted = document.get("pictures") if isinstance(document, dict) else None
    if not isinstance(painted, list) or len(painted) != 1:
        return []
    image = read_photo(data).image
    return [image] if fitting(image, to_picture(painted[0])) else []


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and body of each ancillary chunk that may be ours, lengths and checksums verified."""
    if not data.startswith(png_signature):
        raise ValueError("expected a PNG file, got something else")
    at = len(png_signature)
    while at < len(data):
        if at + 12 > len(data):
            raise ValueError(f"expected a whole PNG file, got one cut off after {len(data)} bytes; copy it again")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise ValueError(f"expected a whole PNG file, got one cut off after {len(data)} bytes; copy it again")
        if kind in (project_chunk, b"iTXt"):
            body = data[at + 8 : end - 4]
            (expected,) = struct.unpack_from(">I", data, end - 4)
            if zlib.crc32(kind + body) != expected:
                raise ValueError(f"expected the work inside the PNG whole, got a damaged {kind.decode()} chunk")
            yield kind, body
        if kind == b"IEND":
            return
        at = end


def _itxt(body: bytes) -> bytes:
    """The text of an iTXt chunk, unpacked where it is packed."""
    _, _, rest = body.partition(b"\0")
    packed, rest = rest[:1] == b"\1", rest[2:]
    text = rest.split(b"\0", 2)[-1]  # after the language and the translated keyword
    if not packed:
        return text
    unpacker = zlib.decompressobj()
    try:
        return unpacker.decompress(text, largest_json + 1)
    except zlib.error:
        raise ValueError("expected the document inside the PNG whole, got a damaged text") from None
