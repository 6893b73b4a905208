"""OBJ: posed bodies as plain meshes, in quads and with texture places where the body's file has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from engine.body import Body
from engine.body_pose import BodyPose
from engine.formats.surface import Texture, polygons
from engine.skeleton import RGB


def to_obj(
    body: Body,
    poses: Sequence[BodyPose],
    layers: Iterable[str] | None = None,
    colors: Mapping[str, RGB] | None = None,
) -> bytes:
    """The figures in metres, y up, one object each, grouped by part; colours stand behind each vertex, 0 to 1.

    `layers` and `colors` as `Body.mesh` takes them.
    """
    if not poses:
        raise ValueError("expected at least one body, got none")
    layers = None if layers is None else tuple(layers)
    texture = Texture.of(body.file, body.faces)
    surface = polygons(body.file, body.faces)
    lines = ["# Contrapposto: metres, y up"]
    if texture is not None:
        lines += [f"vt {u:.6f} {v:.6f}" for u, v in texture.uv.tolist()]
    for n, pose in enumerate(poses):
        mesh = body.mesh(pose, layers, colors)
        lines.append(f"o figure_{n + 1}")
        lines += [
            f"v {x:.6f} {y:.6f} {z:.6f} {r:.4f} {g:.4f} {b:.4f}"
            for (x, y, z), (r, g, b) in zip(mesh.vertices.tolist(), (mesh.colors / 255).tolist(), strict=True)
        ]
        lines.append("s 1")
        corners = _corners(surface.vertices + 1 + n * len(mesh.vertices), surface.places)
        for name, rows in surface.parts:
            lines.append(f"g figure_{n + 1}_{name}")
            lines += [corners[row] for row in rows.tolist()]
    return "\n".join([*lines, ""]).encode()


def _corners(vertices: np.ndarray, places: np.ndarray | None) -> list[str]:
    """The line of each polygon: vertices, and texture places where there are any, counted from 1."""
    if places is None:
        return ["f " + " ".join(map(str, row)) for row in vertices.tolist()]
    return [
        "f " + " ".join(f"{v}/{t}" for v, t in zip(*rows, strict=True))
        for rows in zip(vertices.tolist(), (places + 1).tolist(), strict=True)
    ]
