"""The body's file: arrays under SMPL-X's names, keypoint vertices at SMPL-X's indices, the same bytes every time."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from engine.rig import parents
from scripts.bodywork.body import Workpiece
from scripts.bodywork.clothes import Layer, default_layers
from scripts.bodywork.hands import components, hand_mean, mirrored_rows
from scripts.bodywork.joints import names
from scripts.bodywork.landmarks import keypoint_indices
from scripts.bodywork.mesh import part_names
from scripts.bodywork.shapes import Shapes, sliders
from scripts.bodywork.sources import Array, Indices
from scripts.bodywork.surface import OnFaces

shape_columns, expression_columns = 300, 100
# Millionths of a metre: nothing is seen of them, and zeros at the end of each number pack well.
_place_bits, _direction_bits, _weight_bits = 24, 20, 16
_timestamp = (1980, 1, 1, 0, 0, 0)

source = (
    "Contrapposto's own SMPL-X-format body: MakeHuman/MPFB2 base mesh hm08, weights, rig and targets, Face Units 01, "
    "all CC0; made by scripts/build_body.py. Not SMPL-X data: shape and expression numbers mean other things here."
)


def grained(values: Array, bits: int) -> np.ndarray:
    """Values rounded to a grid of 2^-bits, as float32."""
    scale = float(2**bits)
    return (np.round(values * scale) / scale).astype(np.float32)


def grained_weights(weights: Array) -> np.ndarray:
    """Weights on their grid, each row summing to exactly 1: the greatest takes what rounding left over."""
    rounded = grained(weights, _weight_bits)
    greatest = rounded.argmax(axis=1)
    rounded[np.arange(len(rounded)), greatest] += 1 - rounded.sum(axis=1)
    return rounded


def keypoint_order(found: dict[str, int], count: int) -> Indices:
    """The order (V,): new vertex k is the old vertex order[k]; swaps alone, so that everything else stays."""
    order = np.arange(count)
    place = np.arange(count)
    for name, new in keypoint_indices.items():
        old = place[found[name]]
        order[[new, old]] = order[[old, new]]
        place[order[new]], place[order[old]] = new, old
    return order


def arrays(
    work: Workpiece,
    shapes: Shapes,
    expressions: Array,
    units: Array,
    unit_names: tuple[str, ...],
    regressor: Array,
    posedirs: Array,
    face: OnFaces,
    contour: OnFaces,
    colors: np.ndarray,
    worn: list[Layer],
    found: dict[str, int],
) -> dict[str, Any]:
    """The file's arrays in its order."""
    mesh = work.mesh
    count = len(work.template)
    order = keypoint_order(found, count)
    place = np.empty(count, dtype=np.int64)
    place[order] = np.arange(count)
    directions = np.zeros((count, 3, shape_columns + expression_columns), dtype=np.float32)
    directions[:, :, : shapes.directions.shape[2]] = grained(shapes.directions, _direction_bits)
    directions[:, :, shape_columns : shape_columns + expressions.shape[2]] = grained(expressions, _direction_bits)
    mean, rows = hand_mean(work.joints), components(work.joints)
    tree = np.array([parents, range(len(names))])
    tree[0, 0] = 2**32 - 1
    return {
        "v_template": grained(work.both_sides(work.template), _place_bits)[order],
        "f": place[mesh.faces].astype(np.uint32),
        "shapedirs": directions[order],
        "posedirs": grained(posedirs, _direction_bits)[order],
        "J_regressor": regressor[:, order].astype(np.float32),
        "weights": grained_weights(work.weights)[order],
        "kintree_table": tree.astype(np.uint32),
        "hands_meanl": mean,
        "hands_meanr": mirrored_rows(mean),
        "hands_componentsl": rows,
        "hands_componentsr": mirrored_rows(rows),
        "hands_coeffsl": np.zeros((1, 45)),
        "hands_coeffsr": np.zeros((1, 45)),
        "lmk_faces_idx": face.faces.astype(np.int64),
        "lmk_bary_coords": face.weights.astype(np.float32),
        "dynamic_lmk_faces_idx": contour.faces.astype(np.int64),
        "dynamic_lmk_bary_coords": contour.weights.astype(np.float32),
        "vt": mesh.texture.astype(np.float32),
        "ft": mesh.texture_faces.astype(np.uint32),
        "quads": place[mesh.quads].astype(np.uint32),
        "joint_names": np.array(names),
        "face_part": mesh.face_part.astype(np.uint8),
        "part_names": np.array(part_names),
        "vertex_colors": colors[order],
        "shape_slider_names": np.array(tuple(sliders)),
        "shape_sliders": shapes.sliders.astype(np.float32),
        "face_unit_names": np.array(unit_names),
        "face_units": units.astype(np.float16)[:, order],
        "layer_names": np.array([layer.name for layer in worn]),
        "layer_offset": np.array([layer.offset for layer in worn]).astype(np.float16)[:, order],
        "layer_alpha": np.round(255 * np.array([layer.cover for layer in worn])).astype(np.uint8)[:, order],
        "layer_color": np.array([layer.color for layer in worn], dtype=np.uint8),
        "default_layers": np.array(default_layers),
        "source": np.array(source),
    }


def write(path: Path, contents: dict[str, Any]) -> None:
    """Write the file as numpy reads it, but with a fixed time in the archive; it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    with zipfile.ZipFile(unfinished, "w") as archive:
        for name, values in contents.items():
            data = io.BytesIO()
            # Some machines round to −0 where others round to 0.
            values = values + values.dtype.type(0) if np.issubdtype(values.dtype, np.floating) else values
            np.lib.format.write_array(data, np.asarray(values, order="C"), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", _timestamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data.getvalue(), compresslevel=9)
    unfinished.replace(path)
