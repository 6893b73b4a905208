"""A whole piece of work in one file: a project zip, or a PNG that carries its work inside.

The zip holds document.json, photo.png, references/NN.png and, for other programs, bodies/NN.npz in SMPL-X's words.
The PNG holds the document as text in an iTXt chunk, and the zip in a private chunk that image editors drop;
references travel in neither.
"""

from __future__ import annotations

import io
import lzma
import math
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from engine.formats.checks import keyed, largest_json, listed, parsed, written
from engine.formats.document import from_document, to_document
from engine.formats.smplx_npz import to_smplx_npz
from engine.photo import damage, most_pixels
from engine.scene import Scene

most_entries = 300
largest_unpacked = 1024 * 1024 * 1024
# The drawing and all references together: a flat one packs to nothing, and takes 3 bytes a pixel unpacked.
most_pixels_together = 2 * most_pixels
png_signature = b"\x89PNG\r\n\x1a\n"
keyword = "contrapposto"
# Ancillary, private, safe to copy: a viewer ignores it, an editor may keep it.
project_chunk = b"cpPr"
_zip_damage = (*damage, zipfile.BadZipFile, NotImplementedError, RuntimeError, lzma.LZMAError)


# ── the zip ──


def to_zip(scene: Scene) -> bytes:
    """The scene with its pictures, pixel for pixel, as a project file; ValueError for more than may be opened again."""
    pictures = ([] if scene.photo is None else [scene.photo]) + [reference.image for reference in scene.references]
    _check_together(image.shape[0] * image.shape[1] for image in pictures)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "document.json", written(to_document(scene)))
        if scene.photo is not None:
            _put(archive, "photo.png", _png(scene.photo), packed=False)
        for n, reference in enumerate(scene.references):
            _put(archive, _reference_name(n), _png(reference.image), packed=False)
        for n, body in enumerate(scene.bodies):
            _put(archive, f"bodies/{n:02}.npz", to_smplx_npz(body), packed=False)
    return buffer.getvalue()


def from_zip(data: bytes) -> Scene:
    """The scene of a project file; ValueError names what is missing, damaged or too large in it."""
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
        document = keyed(parsed(_taken(archive, "document.json", largest_json)), "document.json", keyword)
        count = len(listed(document.get("references", []), "references", at_most=100))
        names = [_reference_name(n) for n in range(count)]
        has_photo = document.get("photo") is not None
        _check_together(math.prod(_png_size(archive, name)) for name in (*(["photo.png"] if has_photo else []), *names))
        photo = _picture(archive, "photo.png") if has_photo else None
        references = [_picture(archive, name) for name in names]
    return from_document(document, photo, references)


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
            f"expected a drawing and references of at most {most_pixels_together // 1_000_000} megapixels together, "
            f"got {found / 1e6:.0f}; make some references smaller or take them out"
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


def _picture(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """One PNG entry as (H, W, 3) uint8, of the size its header tells."""
    data = _taken(archive, name, largest_unpacked)
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.size != _png_size(archive, name):  # a second header: what was counted is not what comes
                raise ValueError("it tells two sizes")
            return np.array(image.convert("RGB"))
    except (Image.DecompressionBombError, *damage) as error:
        raise ValueError(f"expected {name} to be a whole PNG, got a damaged or too large one ({error})") from None


def _png(image: np.ndarray, info: PngImagePlugin.PngInfo | None = None) -> bytes:
    buffer = io.BytesIO()
    # Level 3 packs drawings nearly as tightly as 6 in half the time.
    Image.fromarray(image).save(buffer, "PNG", pnginfo=info, compress_level=3)
    return buffer.getvalue()


# ── the PNG with the work inside ──


def png_with_work(image: np.ndarray, scene: Scene, include_photo: bool = True) -> bytes:
    """The image, (H, W, 3) or (H, W) uint8, as PNG that reopens the scene.

    With `include_photo` its drawing too; without, the document alone travels. References never do.
    """
    scene = replace(scene, references=())
    info = PngImagePlugin.PngInfo()
    info.add_itxt(keyword, written(to_document(scene)).decode())
    if include_photo and scene.photo is not None:
        info.add(project_chunk, to_zip(scene))
    return _png(image, info)


def work_in_png(data: bytes) -> Scene | None:
    """The scene a PNG carries, None when it is only a picture; ValueError when the work inside is damaged."""
    found: dict[str, Any] = {}
    for kind, body in _chunks(data):
        if kind == project_chunk:
            found["project"] = body
        elif kind == b"iTXt" and body.startswith(keyword.encode() + b"\0"):
            found["document"] = _itxt(body)
    if "project" in found:
        return from_zip(found["project"])
    return from_document(parsed(found["document"])) if "document" in found else None


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
