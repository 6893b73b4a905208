"""The door for npz files: arrays, each checked before any of it is made; nothing in the file is ever run."""

from __future__ import annotations

import io
import lzma
import math
import struct
import tokenize
import zipfile
import zlib

import numpy as np

from engine.formats.checks import refuse

largest_file = 256 * 1024 * 1024
most_numbers = 50_000_000  # in all arrays that are read of one file: half an hour of AMASS, 400 MB
# What zipfile and numpy raise at bytes that are none of theirs.
_damage = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError, RuntimeError, KeyError,
    ValueError, TypeError, OverflowError, SyntaxError, tokenize.TokenError, struct.error,
)  # fmt: skip


class Arrays:
    """The arrays in an npz, each read only when asked for and checked before any of it is made."""

    def __init__(self, data: bytes) -> None:
        if len(data) > largest_file:
            refuse("the npz", f"at most {largest_file >> 20} MB", f"{len(data) >> 20} MB")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except _damage as error:
            refuse("the npz", "a whole npz file", f"something else or a damaged one ({error})")
        self._read = 0
        self.names = [name.removesuffix(".npy") for name in self._archive.namelist() if name.endswith(".npy")]

    def array(self, name: str) -> np.ndarray:
        """The array of that name, numbers or text."""
        entry = self._archive.getinfo(f"{name}.npy")
        try:
            with self._archive.open(entry) as stream:
                version = np.lib.format.read_magic(stream)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _, dtype = read(stream)
                found = entry.file_size - stream.tell()
        except _damage as error:
            refuse(name, "a whole array", f"a damaged one ({error})")
        if dtype.hasobject:
            refuse(name, "numbers", "a pickle, which is not opened")
        if math.prod(shape) * dtype.itemsize != found:
            refuse(name, "a whole array", f"{found} bytes for shape {shape}")
        # Numbers become float64, a word's letters take four bytes each.
        self._read += max(math.prod(shape), found // 8)
        if self._read > most_numbers:
            refuse(name, f"at most {most_numbers} numbers in the file", str(self._read))
        try:
            with self._archive.open(entry) as stream:
                return np.lib.format.read_array(stream, allow_pickle=False)
        except _damage as error:
            refuse(name, "a whole array", f"a damaged one ({error})")

    def numbers(self, name: str, farthest: float) -> np.ndarray:
        """The array of that name as finite float64, none beyond ±`farthest`."""
        array = self.array(name)
        if array.dtype.kind not in "fiu" or array.ndim not in (1, 2, 3) or not array.size:
            refuse(name, "an array of numbers", f"{array.dtype} of shape {array.shape}")
        array = array.astype(float)
        if not np.isfinite(array).all():
            refuse(name, "finite numbers", "NaN or infinity")
        if (most := np.abs(array).max()) > farthest:
            refuse(name, f"numbers within ±{farthest:g}", f"{most:g}")
        return array

    def number(self, names: tuple[str, ...], default: float, highest: float) -> float:
        """The one number above 0 under the first of the names that is there."""
        name = next((one for one in names if one in self.names), None)
        if name is None:
            return default
        array = self.array(name)
        if array.size != 1 or array.dtype.kind not in "fiu":
            refuse(name, "one number", f"{array.dtype} of shape {array.shape}")
        if not 0 < (value := float(array.reshape(-1)[0])) <= highest:
            refuse(name, f"a number above 0, at most {highest:g}", f"{value:g}")
        return value

    def word(self, name: str) -> str:
        """The text under that name, empty where there is none."""
        if name not in self.names:
            return ""
        array = self.array(name)
        return str(array.reshape(-1)[0]) if array.size == 1 and array.dtype.kind == "U" else ""
