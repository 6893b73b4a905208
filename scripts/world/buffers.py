"""Which triangle each pixel shows, drawn by PyVista, and the layers of pixels that follow from it.

The window draws every triangle in a colour that is its number; all else (depth, normals, colours, shadows) is worked
out here for the pixels that show something. So nothing depends on what a graphics driver blends or smooths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pyvista
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints, vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from engine.camera import Camera
from engine.render_geometry import Topology
from scripts.world.layers import Layers, Solid


@dataclass(frozen=True, eq=False)
class Scene:
    """All solids as one mesh: vertices, normals and colors (V, 3), faces (F, 3), material and figure (F,)."""

    vertices: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    faces: np.ndarray
    material: np.ndarray
    figure: np.ndarray

    @classmethod
    def of(cls, solids: Sequence[Solid]) -> Scene:
        """The solids joined; ValueError for none."""
        if not solids:
            raise ValueError("expected at least one solid, got none")
        starts = np.cumsum([0, *(len(one.vertices) for one in solids)])
        return cls(
            np.concatenate([one.vertices for one in solids]).astype(np.float32),
            np.concatenate([normals_of(one) for one in solids]),
            np.concatenate([one.colors for one in solids]).astype(np.float32),
            np.concatenate([one.faces + start for one, start in zip(solids, starts, strict=False)]).astype(np.int32),
            np.concatenate([one.material for one in solids]).astype(np.uint8),
            np.repeat([one.figure for one in solids], [len(one.faces) for one in solids]).astype(np.uint8),
        )


def normals_of(solid: Solid) -> np.ndarray:
    """Unit normals (V, 3) f32 of a solid: its own, or means of the faces around each vertex."""
    if solid.normals is not None:
        return solid.normals
    return Topology(solid.faces, len(solid.vertices)).normals(solid.vertices)


class Window:
    """A hidden PyVista window that tells which triangle is first; used by the thread that made it alone."""

    def __init__(self) -> None:
        self._plotter = pyvista.Plotter(off_screen=True, window_size=[64, 64], lighting="none")
        self._window: Any = self._plotter.render_window
        self._window.SetMultiSamples(0)
        self._renderer: Any = self._plotter.renderer
        self._renderer.SetBackground(0, 0, 0)
        self._data = vtkPolyData()
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self._data)
        mapper.SetScalarModeToUseCellData()
        mapper.SetColorModeToDirectScalars()
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.GetProperty().LightingOff()
        self._renderer.AddActor(actor)

    def hold(self, scene: Scene) -> None:
        """Takes the scene in, for the views that follow."""
        points = vtkPoints()
        points.SetData(numpy_to_vtk(scene.vertices, deep=True))
        self._data.SetPoints(points)
        cells, count = vtkCellArray(), len(scene.faces)
        cells.SetData(
            numpy_to_vtkIdTypeArray(np.arange(0, 3 * count + 1, 3, dtype=np.int64), deep=True),
            numpy_to_vtkIdTypeArray(scene.faces.astype(np.int64).ravel(), deep=True),
        )
        self._data.SetPolys(cells)
        numbers = np.arange(1, count + 1, dtype="<u4")[:, None].view(np.uint8).reshape(-1, 4)[:, :3]
        self._data.GetCellData().SetScalars(numpy_to_vtk(np.ascontiguousarray(numbers), deep=True))
        self._data.Modified()

    def triangles(self, camera: Camera) -> np.ndarray:
        """Which triangle is first in each pixel, (H, W) int32; -1 for none."""
        R, t = camera.T_camera_world[:3, :3], camera.T_camera_world[:3, 3]
        vtk: Any = self._renderer.GetActiveCamera()
        vtk.ParallelProjectionOff()
        self._aim(vtk, R, -R.T @ t)
        width, height = camera.size
        vtk.SetViewAngle(float(np.degrees(2 * np.arctan(height / 2 / camera.focal))))
        away_x, away_y = (c - (side - 1) / 2 for c, side in zip(camera.center, camera.size, strict=True))
        vtk.SetWindowCenter(-2 * away_x / width, 2 * away_y / height)
        vtk.SetClippingRange(0.05, 60.0)
        return self._numbers(camera.size)

    def along(self, R: np.ndarray, center: np.ndarray, radius: float, side: int) -> np.ndarray:
        """The same for light along the third row of R (3, 3): `side` px show 2 × `radius` m around `center`."""
        vtk: Any = self._renderer.GetActiveCamera()
        vtk.ParallelProjectionOn()
        self._aim(vtk, R, center - 3 * radius * R[2])
        vtk.SetParallelScale(radius)
        vtk.SetWindowCenter(0, 0)
        vtk.SetClippingRange(0.01, 6 * radius)
        return self._numbers((side, side))

    def _aim(self, vtk: Any, R: np.ndarray, eye: np.ndarray) -> None:
        vtk.SetPosition(*eye)
        vtk.SetFocalPoint(*(eye + R[2]))
        vtk.SetViewUp(*(-R[1]))

    def _numbers(self, size: tuple[int, int]) -> np.ndarray:
        if tuple(self._window.GetSize()) != tuple(size):
            self._window.SetSize(*size)
        self._window.Render()
        pixels = vtkUnsignedCharArray()
        self._window.GetPixelData(0, 0, size[0] - 1, size[1] - 1, 0, pixels, 0)
        rows = vtk_to_numpy(pixels).reshape(size[1], size[0], 3)[::-1].astype(np.int32)
        return rows[..., 0] + (rows[..., 1] << 8) + (rows[..., 2] << 16) - 1


# ── what follows from the triangles ──


@dataclass(frozen=True, eq=False)
class Hits:
    """The pixels that show something: rows, columns (N,), triangle (N,), share of each corner (N, 3), place (N, 3) m.

    `place` is in camera axes.
    """

    rows: np.ndarray
    columns: np.ndarray
    triangle: np.ndarray
    share: np.ndarray
    place: np.ndarray


def hits(scene: Scene, triangles: np.ndarray, camera: Camera) -> Hits:
    """Where the sight of each pixel meets its triangle."""
    rows, columns = np.nonzero(triangles >= 0)
    number = triangles[rows, columns]
    local = camera.in_camera(scene.vertices).astype(np.float32)
    a, b, c = (local[scene.faces[number, k]] for k in range(3))
    sight = np.stack(
        [(columns - camera.center[0]) / camera.focal, (rows - camera.center[1]) / camera.focal, np.ones(len(rows))],
        axis=1,
    ).astype(np.float32)
    # Volumes of the tetrahedra between eye, sight and edges: what the corners share of the point seen.
    share = np.stack([_triple(sight, b, c), _triple(sight, c, a), _triple(sight, a, b)], axis=1)
    share /= _nonzero(share.sum(axis=1, keepdims=True))
    share = np.clip(share, 0, 1)  # a pixel's middle may lie a hair outside
    share /= share.sum(axis=1, keepdims=True)
    place = share[:, :1] * a + share[:, 1:2] * b + share[:, 2:] * c
    return Hits(rows, columns, number, share, place)


def _triple(u: np.ndarray, v: np.ndarray, w: np.ndarray) -> np.ndarray:
    return (
        u[:, 0] * (v[:, 1] * w[:, 2] - v[:, 2] * w[:, 1])
        + u[:, 1] * (v[:, 2] * w[:, 0] - v[:, 0] * w[:, 2])
        + u[:, 2] * (v[:, 0] * w[:, 1] - v[:, 1] * w[:, 0])
    )


def _nonzero(values: np.ndarray) -> np.ndarray:
    return np.where(np.abs(values) < 1e-20, 1e-20, values)


def mixed(values: np.ndarray, scene: Scene, seen: Hits) -> np.ndarray:
    """Values (V, k) of the vertices at the pixels that show something (N, k)."""
    corners = scene.faces[seen.triangle]
    out = seen.share[:, :1] * values[corners[:, 0]]
    out += seen.share[:, 1:2] * values[corners[:, 1]]
    out += seen.share[:, 2:] * values[corners[:, 2]]
    return out


def layers(scene: Scene, seen: Hits, normal: np.ndarray, camera: Camera, lit: np.ndarray) -> Layers:
    """The layers of a view; `normal` and `lit` (N, 3) are those of each pixel of `seen`."""
    albedo = mixed(scene.colors, scene, seen)
    # Light is counted in linear colours; a power of 2 stands for the display's 2.2.
    color = np.minimum(np.sqrt(np.square(albedo) * lit), 255)
    return Layers(
        _spread(albedo, seen, camera, np.uint8), _spread(normal, seen, camera),
        _spread(seen.place[:, 2], seen, camera, empty=np.inf), _spread(scene.material[seen.triangle], seen, camera),
        _spread(scene.figure[seen.triangle], seen, camera), _spread(seen.triangle, seen, camera, np.int32, -1),
        _spread(lit, seen, camera), _spread(color, seen, camera, np.uint8),
    )  # fmt: skip


def facing(scene: Scene, seen: Hits, camera: Camera) -> np.ndarray:
    """Normals (N, 3) f32 at the pixels that show something: x right, y up, z to the viewer, turned to face it."""
    R = camera.T_camera_world[:3, :3].astype(np.float32) * np.array([[1], [-1], [-1]], np.float32)
    normal = mixed(scene.normals, scene, seen) @ R.T
    sight = seen.place * np.array((-1, 1, 1), np.float32)  # towards the eye, in the normals' axes
    normal[np.einsum("ij,ij->i", normal, sight) < 0] *= -1
    return normal / np.maximum(np.sqrt(np.einsum("ij,ij->i", normal, normal)), 1e-6)[:, None]


def _spread(values: np.ndarray, seen: Hits, camera: Camera, kind: Any = None, empty: float = 0) -> np.ndarray:
    """Values (N, …) on the whole picture."""
    width, height = camera.size
    out = np.full((height, width, *values.shape[1:]), empty, kind or values.dtype)
    out[seen.rows, seen.columns] = values
    return out


def reduced(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture made smaller by averaging."""
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
