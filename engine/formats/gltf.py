"""glTF 2.0's container: JSON that points into one buffer of numbers, and both together as a binary file."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

_component = {"f4": 5126, "u1": 5121, "u2": 5123, "u4": 5125}
_kinds = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_for_vertices, _for_indices = 34962, 34963


class Gltf:
    """A glTF file being put together: `json` as it will be written, and the numbers that it points to."""

    def __init__(self) -> None:
        self.json: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": "Contrapposto"}, "scene": 0, "scenes": [{"nodes": []}],
        }  # fmt: skip
        self._parts: list[bytes] = []
        self._length = 0

    def add(self, kind: str, value: dict[str, Any], in_scene: bool = False) -> int:
        """The index of a node, mesh, skin … after adding it; `in_scene` for a node without a parent."""
        values = self.json.setdefault(kind, [])
        values.append(value)
        if in_scene:
            self.json["scenes"][0]["nodes"].append(len(values) - 1)
        return len(values) - 1

    def material(self) -> int:
        """The one material: neither metal nor mirror; colours are the vertices'."""
        if "materials" not in self.json:
            surface = {"metallicFactor": 0.0, "roughnessFactor": 0.7}
            self.add("materials", {"name": "body", "pbrMetallicRoughness": surface, "doubleSided": True})
        return 0

    # ── numbers ──

    def vertices(self, values: np.ndarray, normalized: bool = False) -> int:
        """The accessor of a value (V, n) for each vertex; `normalized` whole numbers stand for 0 … 1."""
        more = {"normalized": True} if normalized else {}
        return self.accessor(values, _kinds[values.shape[1]], _for_vertices, more)

    def bounded(self, values: np.ndarray, target: bool = True) -> int:
        """The accessor of float32 (N, n) with its smallest and largest values, as places and times must have them."""
        bounds = {"min": values.min(0).tolist(), "max": values.max(0).tolist()}
        return self.accessor(values, _kinds[values.shape[1]], _for_vertices if target else None, bounds)

    def faces(self, faces: np.ndarray) -> int:
        """The accessor of triangles (F, 3)."""
        flat = faces.reshape(-1, 1)
        return self.accessor(flat.astype(index_type(int(flat.max()))), "SCALAR", _for_indices)

    def sparse(self, moves: np.ndarray) -> int:
        """The accessor of float32 (V, 3), mostly zeros: only rows with anything in them are written."""
        rows = np.flatnonzero(moves.any(axis=1))
        found: dict[str, Any] = {"componentType": _component["f4"], "count": len(moves), "type": "VEC3"}
        found |= {"min": moves.min(0).tolist(), "max": moves.max(0).tolist()}
        if len(rows):
            kind = index_type(int(rows.max()))
            found["sparse"] = {
                "count": len(rows),
                "indices": {"bufferView": self._view(rows.astype(kind)), "componentType": _component[kind]},
                "values": {"bufferView": self._view(moves[rows].astype(np.float32))},
            }
        return self.add("accessors", found)

    def accessor(self, values: np.ndarray, kind: str, target: int | None = None, more: dict | None = None) -> int:
        """The accessor of values (N, n); `target` says what a graphics card uses them for."""
        component = _component[values.dtype.str[1:]]
        view = self._view(values, target)
        return self.add(
            "accessors",
            {"bufferView": view, "componentType": component, "count": len(values), "type": kind, **(more or {})},
        )

    def _view(self, values: np.ndarray, target: int | None = None) -> int:
        data = np.ascontiguousarray(values).tobytes()
        view: dict[str, Any] = {"buffer": 0, "byteOffset": self._length, "byteLength": len(data)}
        if target:
            view["target"] = target
        data += b"\0" * (-len(data) % 4)  # each begins at a multiple of four
        self._parts.append(data)
        self._length += len(data)
        return self.add("bufferViews", view)

    def to_bytes(self) -> bytes:
        """The whole as GLB: a header, the JSON, the numbers."""
        self.json["buffers"] = [{"byteLength": self._length}]
        text = json.dumps(self.json, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        total = 12 + 8 + len(text) + 8 + self._length
        return b"".join(
            [struct.pack("<4sII", b"glTF", 2, total), struct.pack("<I4s", len(text), b"JSON"), text,
             struct.pack("<I4s", self._length, b"BIN\0"), *self._parts]
        )  # fmt: skip


def index_type(largest: int) -> str:
    """The smallest type that counts so far; its very last number is reserved."""
    return "u2" if largest < 65535 else "u4"
