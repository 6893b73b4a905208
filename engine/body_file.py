"""A body's file in SMPL-X's own format, this project's or the user's: checked by its headers, read array by array.

Nothing in the file is ever run: arrays of Python objects, which SMPL-X files carry beside the numbers, are not touched.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from engine.rig import parents
from engine.skeleton import smplx55

least_vertices = 9930  # the highest keypoint vertex of SMPL-X is number 9929
most_vertices = 200_000  # more is no body, and would fill the memory
pose_features = 9 * (len(smplx55) - 1)
_block = 4 << 20  # bytes read at a time

# Sizes that must agree by letter; V vertices, F triangles, C shape columns, and the extras' own counts.
Size = int | str
needed: dict[str, tuple[Size, ...]] = {
    "v_template": ("V", 3), "f": ("F", 3), "shapedirs": ("V", 3, "C"), "posedirs": ("V", 3, pose_features),
    "J_regressor": (55, "V"), "weights": ("V", 55), "kintree_table": (2, 55),
    "lmk_faces_idx": (51,), "lmk_bary_coords": (51, 3),
    "dynamic_lmk_faces_idx": (79, 17), "dynamic_lmk_bary_coords": (79, 17, 3),
}  # fmt: skip
hands: dict[str, tuple[Size, ...]] = {
    **{f"hands_components{side}": (45, 45) for side in "lr"}, **{f"hands_mean{side}": (45,) for side in "lr"},
}  # fmt: skip
# What an open body carries besides; each group is there whole or not at all.
extras: tuple[dict[str, tuple[Size, ...]], ...] = (
    hands,
    {"vertex_colors": ("V", 3)},
    {"face_unit_names": ("K",), "face_units": ("K", "V", 3)},
    {"shape_slider_names": ("S",), "shape_sliders": ("S", "B")},
    {"layer_names": ("L",), "layer_offset": ("L", "V", 3), "layer_alpha": ("L", "V"), "layer_color": ("L", 3),
     "default_layers": ("D",)},
)  # fmt: skip


@dataclass(frozen=True)
class _Header:
    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool
    start: int


class BodyFile:
    """An SMPL-X .npz file, opened: which arrays it has and of what shape. ValueError says what is wrong with it.

    `path` as given; `vertices`, `betas` and `expressions` are its counts; v1.0 files have 10 + 10 columns, later
    ones 300 + 100. Arrays are read when they are asked for.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._headers = _headers(self.path)
        sizes: dict[str, int] = {}
        for name, shape in needed.items():
            self._check(name, shape, sizes)
        for group in extras:
            if any(name in self for name in group):
                for name, shape in group.items():
                    self._check(name, shape, sizes)
        self.vertices, self.betas, self.expressions = sizes["V"], *_columns(self.path.name, sizes["C"])
        if not least_vertices <= self.vertices <= most_vertices:
            raise ValueError(
                f"expected {least_vertices} … {most_vertices} vertices in {self.path.name}, got {self.vertices}"
            )

    def __contains__(self, name: object) -> bool:
        return name in self._headers and not self._headers[str(name)].dtype.hasobject

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array, from its header; ValueError names one that is not there."""
        return self._header(name).shape

    def array(self, name: str) -> np.ndarray:
        """One array, whole; ValueError when it is not there, cannot be read or holds NaN or infinity."""
        header = self._header(name)
        parts = list(self._parts(name, header)) or [np.zeros(0, header.dtype)]
        data = np.concatenate(parts) if len(parts) > 1 else parts[0]
        return self._sound(name, data.reshape(header.shape, order="F" if header.fortran else "C"))

    def strings(self, name: str) -> tuple[str, ...]:
        """A list of names."""
        found = self.array(name)
        if found.dtype.kind != "U":
            raise ValueError(f"expected words in the array {name} of {self.path.name}, got {found.dtype}")
        return tuple(str(word) for word in found)

    def indices(self, name: str, below: int) -> np.ndarray:
        """An array of numbers into something with so many members, int64; ValueError when one points outside."""
        found = self.array(name).astype(np.int64)
        if found.size and not (found.min() >= 0 and found.max() < below):
            raise ValueError(
                f"expected numbers 0 … {below - 1} in {name} of {self.path.name}, got {found.min()} … {found.max()}"
            )
        return found

    @property
    def parents(self) -> tuple[int, ...]:
        """The parent of each of smplx55's joints, -1 for the root; ValueError when the file's tree is another."""
        found = self.array("kintree_table")[0].astype(np.int64)
        if tuple(found[1:]) != parents[1:]:
            raise ValueError(f"expected SMPL-X's joints in kintree_table of {self.path.name}, got {found.tolist()}")
        return parents

    def blocks(self, name: str) -> Iterator[tuple[int, np.ndarray]]:
        """(first row, rows (n, c) float32) of a large array seen as (rows, last axis), in order, some MB at a time."""
        header = self._header(name)
        width = header.shape[-1]
        if header.fortran:  # its rows do not lie together
            yield 0, self.array(name).reshape(-1, width).astype(np.float32)
            return
        row, rest = 0, np.zeros(0, header.dtype)
        for part in self._parts(name, header):
            rest = np.concatenate([rest, part]) if len(rest) else part
            whole = len(rest) // width
            yield row, self._sound(name, rest[: whole * width].reshape(whole, width)).astype(np.float32, copy=False)
            row, rest = row + whole, rest[whole * width :]

    def _header(self, name: str) -> _Header:
        if name not in self._headers:
            raise ValueError(f"expected the array {name} in {self.path.name}, got none of that name")
        if self._headers[name].dtype.hasobject:
            raise ValueError(f"expected the array {name} in {self.path.name}, got Python objects, which are never read")
        return self._headers[name]

    def _parts(self, name: str, header: _Header) -> Iterator[np.ndarray]:
        """The numbers of an array as they lie in the file, piece by piece."""
        left = math.prod(header.shape)
        at_once = max(1, _block // max(1, header.dtype.itemsize))
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(f"{name}.npy") as file:
                file.read(header.start)
                while left:
                    count = min(left, at_once)
                    data = bytearray(file.read(count * header.dtype.itemsize))  # an array of one can be written to
                    yield np.frombuffer(data, header.dtype, count)
                    left -= count
        except (OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
            raise ValueError(f"expected a whole array {name} in {self.path.name}, got a damaged one") from error

    def _sound(self, name: str, data: np.ndarray) -> np.ndarray:
        # A sum is finite only if all are; it needs no array of truths beside the data.
        precision = np.float32 if data.dtype == np.float16 else None
        if data.dtype.kind == "f" and not np.isfinite(data.sum(dtype=precision)):
            raise ValueError(f"expected finite numbers in the array {name} of {self.path.name}, got NaN or infinity")
        return data

    def _check(self, name: str, expected: tuple[Size, ...], sizes: dict[str, int]) -> None:
        """Compares an array's header with the shape it must have; letters take the first size they meet."""
        header = self._header(name)
        kinds, what = ("U", "words") if name.endswith("names") or name == "default_layers" else ("fiu", "numbers")
        if header.dtype.kind not in kinds:
            raise ValueError(f"expected {what} in {name} of {self.path.name}, got {header.dtype}")
        known = {**dict(zip(expected, header.shape, strict=False)), **sizes}
        if header.shape != tuple(known.get(size) if isinstance(size, str) else size for size in expected):
            wanted = ", ".join(str(sizes.get(size, size) if isinstance(size, str) else size) for size in expected)
            raise ValueError(f"expected {name} of shape ({wanted}) in {self.path.name}, got {header.shape}")
        sizes.update((size, known[size]) for size in expected if isinstance(size, str))


def _columns(name: str, columns: int) -> tuple[int, int]:
    """How many betas and expressions so many shape columns are."""
    if columns == 20:
        return 10, 10
    if columns >= 400:
        return 300, 100
    raise ValueError(f"expected shapedirs of 20 or at least 400 columns in {name}, got {columns}")


def _headers(path: Path) -> dict[str, _Header]:
    """Every array's header by name; ValueError for what is no .npz file."""
    if not path.is_file():
        raise ValueError(f"expected a body file at {path}, got none")
    with path.open("rb") as file:
        start = file.read(2)
    if start[:1] == b"\x80" or path.suffix == ".pkl":
        raise ValueError(
            f"expected an SMPL-X .npz file, got {path.name}, a pickle: opening one can run programs, so take the .npz "
            "file that the model's site offers beside it"
        )
    headers = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.filename.endswith(".npy"):
                    with archive.open(entry) as file:
                        header = _header(file, entry.file_size)
                    headers[entry.filename.removesuffix(".npy")] = header
    except (OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(f"expected an SMPL-X .npz file, got {path.name}, which cannot be read as one") from error
    if not headers:
        raise ValueError(f"expected an SMPL-X .npz file, got {path.name}, which holds no arrays")
    return headers


def _header(file: IO[bytes], size: int) -> _Header:
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in read:
        raise ValueError(f"expected an array of format 1.0 or 2.0, got {version}")
    shape, fortran, dtype = read[version](file)
    # A size that is not the header's would make room for numbers that are not there.
    if not dtype.hasobject and file.tell() + math.prod(shape) * dtype.itemsize != size:
        raise ValueError("expected as many bytes as the shape says")
    return _Header(shape, dtype, fortran, file.tell())
