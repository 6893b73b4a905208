"""What the body wears: layers painted and puffed on its own skin, so that clothes follow every pose and shape.

A layer displaces the T-posed skin and paints it. Layers are laid over one another in the file's order, displacements as
paint is: what a layer covers takes the layer's displacement and colour instead of those of the layers below it, and
where it covers nothing its displacement (the row of vertices pulled under its hem) is added.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scripts.bodywork.body import Workpiece
from scripts.bodywork.hair import hair_inside, hair_thickness
from scripts.bodywork.hems import Border, slid
from scripts.bodywork.joints import index
from scripts.bodywork.sources import Array, Mask
from scripts.bodywork.sparse import Sparse
from scripts.bodywork.surface import Surface, neighbours, vertex_normals

default_layers = ("bodysuit", "hair_cap")
_tighter, _thinnest = 0.002, 0.002
"""MakeHuman's tights are a loose fit of 5 mm; the bodysuit lies closer by the first, never nearer than the second."""
_deepest = 0.03
"""How far cloth may stand off the skin where it spans a fold, metres."""


@dataclass(frozen=True)
class Layer:
    """One garment: displacement (V, 3) m of the T-posed skin, how much it covers (V,) 0..1, colour (3,) 0..255."""

    name: str
    offset: Array
    cover: Array
    color: tuple[int, int, int]


@dataclass(frozen=True)
class Cut:
    """A garment's pattern: where it is, how thick (metres, or a function of points), how tightly it spans folds."""

    name: str
    border: Border
    thickness: float | Callable[[Array], Array]
    tension: int
    color: tuple[int, int, int]


def layers(work: Workpiece) -> list[Layer]:
    """All garments, from the skin outwards."""
    surface = Surface.of(work.template, work.mesh.skin_faces)
    joined = neighbours(work.mesh.quads, len(work.template))
    return [_sewn(work, surface, joined, cut) for cut in _cuts(work)]


def _sewn(work: Workpiece, surface: Surface, joined: Sparse, cut: Cut) -> Layer:
    skin = work.mesh.vertex_part == 0
    slide, inside = slid(surface, neighbours(work.mesh.faces, len(work.template)), cut.border, skin)
    at = work.template + slide
    thickness = cut.thickness(at) if callable(cut.thickness) else np.full(len(at), cut.thickness)
    outward = _outward(work, joined)
    lift = _draped(at, outward, joined, thickness, inside, cut.tension)
    offset = work.both_sides(slide + lift[:, None] * outward)
    return Layer(cut.name, offset, inside.astype(np.float64), cut.color)


def _outward(work: Workpiece, joined: Sparse) -> Array:
    """Normals of the body with its folds smoothed away: cloth lifts off along them."""
    smooth = work.template.copy()
    for _ in range(40):
        smooth = 0.5 * smooth + 0.5 * (joined @ smooth)
    return work.both_sides(vertex_normals(smooth, work.mesh.faces))


def _draped(at: Array, outward: Array, joined: Sparse, thickness: Array, inside: Mask, tension: int) -> Array:
    """How far each vertex is lifted (V,): at least the cloth's thickness, more where tension pulls it out of a fold."""
    least = np.where(inside, thickness, 0)
    lift = least.copy()
    # Along the hem the cloth lies on the skin.
    free = inside & (joined @ inside.astype(np.float64) > 1 - 1e-9)
    for _ in range(tension):
        points = at + lift[:, None] * outward
        pull = ((joined @ points - points) * outward).sum(axis=1)
        lift = np.where(free, np.clip(lift + 0.5 * pull, least, least + _deepest), least)
    return lift


def _cuts(work: Workpiece) -> list[Cut]:
    at = {name: work.joints[index[name]] for name in ("left_wrist", "left_elbow", "left_ankle", "left_knee", "left_hip",
                                                      "left_shoulder", "neck", "spine1", "pelvis")}  # fmt: skip

    def below_collar(points: Array) -> Array:
        # A round neckline: a plane that falls from the nape to the pit of the throat, just above the shoulders' slope.
        fall = 0.28 * (points[:, 2] - at["neck"][2])
        return (at["neck"][1] + 0.003 - points[:, 1] - fall) / np.hypot(1, 0.28)

    def short_of(x: float) -> Border:
        return lambda points: x - np.abs(points[:, 0])

    def above(y: float) -> Border:
        return lambda points: points[:, 1] - y

    def all_of(*borders: Border) -> Border:
        return lambda points: np.min([border(points) for border in borders], axis=0)

    def but(border: Border) -> Border:
        return lambda points: -border(points)

    sleeve = at["left_wrist"][0] - 0.012
    ankle = at["left_ankle"][1] + 0.035
    waist = at["spine1"][1] - 0.025
    half_thigh = at["left_hip"][1] + 0.45 * (at["left_knee"][1] - at["left_hip"][1])
    half_arm = at["left_shoulder"][0] + 0.5 * (at["left_elbow"][0] - at["left_shoulder"][0])
    half_shin = at["left_knee"][1] + 0.62 * (at["left_ankle"][1] - at["left_knee"][1])
    arm_only = short_of(at["left_wrist"][0] - 0.055)
    tights = work.cage("helper-tights")

    def close_fit(points: Array) -> Array:
        away = np.linalg.norm(tights.closest(points).points(tights.vertices, tights.faces) - points, axis=1)
        return np.clip(away - _tighter, _thinnest, 2 * _thinnest)

    return [
        Cut("bodysuit", all_of(below_collar, short_of(sleeve), above(ankle)), close_fit, 200, (92, 106, 124)),
        Cut("socks", but(above(half_shin)), 0.004, 500, (226, 226, 222)),
        Cut("gloves", but(arm_only), 0.002, 0, (70, 74, 82)),
        Cut("shorts", all_of(but(above(waist)), above(half_thigh), short_of(0.4)), 0.006, 140, (58, 70, 92)),
        Cut("top", all_of(below_collar, above(waist - 0.03), short_of(half_arm)), 0.007, 120, (196, 92, 72)),
        Cut("hair_cap", hair_inside(work), hair_thickness(work), 0, (66, 52, 44)),
    ]
