"""The 3D view's stage: one PyVista window with figures, ground and light, seen by a camera of ours.

Everything happens in the thread that made it: a window used from another gives blank frames without an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pyvista
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkFloatArray, vtkUnsignedCharArray
from vtkmodules.vtkRenderingCore import vtkActor, vtkRenderer

from engine.camera import Camera
from engine.light import Light, light
from engine.render_ground import Ground
from engine.render_light import few_rays, key, many_rays, on_ground, on_surface
from engine.render_parts import Body, Counter, Figure, Floor, skeletons
from engine.shot import Look

largest_window = 2048  # px a side: larger pictures are drawn in tiles, which costs time but no memory
ground_cells = 192


class Scene:
    """The stage. `frame` and `depth_and_normals` draw what they are told. A `whole` one has its ground in the window,
    for whoever looks into that instead."""

    def __init__(self, off_screen: bool = True, whole: bool = False) -> None:
        self.plotter = pyvista.Plotter(off_screen=off_screen, window_size=[512, 512], lighting="none")
        self._window: Any = self.plotter.render_window
        self._window.SetMultiSamples(4 if whole else 0)
        self._window.AlphaBitPlanesOn()
        self._window.SetNumberOfLayers(2)
        self._renderer: Any = self.plotter.renderer
        self._renderer.SetBackground(0, 0, 0)
        self._renderer.SetBackgroundAlpha(0)
        self._above = vtkRenderer()  # bones, over everything
        self._above.SetLayer(1)
        self._above.SetActiveCamera(self._renderer.GetActiveCamera())
        self._above.SetDraw(False)
        self._window.AddRenderer(self._above)
        for renderer in (self._renderer, self._above):
            renderer.AddLight(pyvista.Light(light_type="headlight"))  # VTK leaves normals out where there is none
        self._renderer.AddObserver("StartEvent", lambda *_: self._aim_lamps())
        self._figures: list[Figure] = []
        self._ground = Ground()
        self._floor = Floor() if whole else None
        if self._floor:
            self._renderer.AddActor(self._floor.actor)
        self._counter: Counter | None = None
        self._counted: tuple = ()
        self._skeleton: vtkActor | None = None
        self._light: tuple[Light, float] = light("flat"), 0.0

    @property
    def kind(self) -> str:
        """VTK's name of the window that draws."""
        return self._window.GetClassName()

    # ── pictures ──

    def frame(self, bodies: Sequence[Body], camera: Camera, look: Look, fine: bool, finer: float) -> np.ndarray:
        """The picture (H, W, 4) uint8, straight alpha; `finer` pixels a side are averaged into each."""
        self.stand(bodies, look, fine)
        out = np.empty((camera.size[1], camera.size[0], 4), np.uint8)
        for place, tile in _tiles(camera, 2 * int(largest_window / finer / 2)):
            drawn = self._mixed(bodies, tile.scaled((round(tile.size[0] * finer), round(tile.size[1] * finer))))
            if finer != 1:
                drawn = cv2.resize(drawn, tile.size, interpolation=cv2.INTER_AREA)
            drawn = _over(drawn, self._surroundings(tile, look))
            out[place] = drawn[: place[0].stop - place[0].start, : place[1].stop - place[1].start]
        return out if look.background is not None else _straight(out)

    def _surroundings(self, camera: Camera, look: Look) -> np.ndarray:
        """What is behind the figures, (H, W, 4) uint8, colours times alpha."""
        if look.ground and self._figures:
            return self._ground.seen(camera, look.background)
        color = (0, 0, 0, 0) if look.background is None else (*look.background, 255)
        return np.full((camera.size[1], camera.size[0], 4), color, np.uint8)

    def _mixed(self, bodies: Sequence[Body], camera: Camera) -> np.ndarray:
        """One tile: first the solid figures, then all with each ghost solid too, mixed by how solid ghosts are.

        So a ghost's own far side never shines through it.
        """
        self.look_through(camera)
        picture: np.ndarray | None = None
        for opacity in [1.0, *sorted({body.opacity for body in bodies if body.opacity < 1}, reverse=True)]:
            for figure, body in zip(self._figures, bodies, strict=True):
                figure.actor.SetVisibility(body.opacity in (1.0, opacity))
            drawn = self._drawn(camera.size)
            picture = drawn if picture is None else cv2.addWeighted(drawn, opacity, picture, 1 - opacity, 0)
        assert picture is not None
        return picture

    def depth_and_normals(self, bodies: Sequence[Body], camera: Camera) -> tuple[np.ndarray, np.ndarray]:
        """Depth (H, W) float32 m along the camera's axis, inf for nothing, and normals (H, W, 3) uint8.

        Normals as ControlNet wants them: red to the right, green up, blue towards the viewer, and so is nothing.
        """
        self._enter([body for body in bodies if body.opacity == 1])
        self._bones([])
        width, height = camera.size
        depth, normals = np.full((height, width), np.inf, np.float32), np.zeros((height, width, 3), np.uint8)
        for figure in self._figures:
            figure.as_normals(True)
        for place, tile in _tiles(camera, largest_window):
            here = np.s_[: place[0].stop - place[0].start, : place[1].stop - place[1].start]
            near, far = self.look_through(tile)
            normals[place] = self._drawn(tile.size)[..., :3][here]
            depth[place] = self._depth(tile.size, near, far)[here]
        for figure in self._figures:
            figure.as_normals(False)
        normals[~np.isfinite(depth)] = (128, 128, 255)
        return depth, normals

    # ── what stands there ──

    def stand(self, bodies: Sequence[Body], look: Look, fine: bool) -> None:
        """Puts these bodies on the stage, and no others, in that look; `fine` takes time for soft shadows."""
        self._enter(bodies)
        self._light = light(look.light), look.turn
        self._count(bodies, look, fine)
        self._bones([body.joints for body in bodies if look.skeleton and body.opacity == 1])
        if self._floor:
            self._floor.show(self._ground)
            self._floor.actor.SetVisibility(look.ground and bool(bodies))
            self._renderer.SetBackground(*(c / 255 for c in look.background or (0, 0, 0)))

    def _enter(self, bodies: Sequence[Body]) -> None:
        for figure in self._figures[len(bodies) :]:
            self._renderer.RemoveActor(figure.actor)
        del self._figures[len(bodies) :]
        for k, body in enumerate(bodies):
            if k == len(self._figures):
                self._figures.append(self._entering(body))
            elif self._figures[k].topology is not body.topology:
                self._renderer.RemoveActor(self._figures[k].actor)
                self._figures[k] = self._entering(body)
            self._figures[k].show(body)
            self._figures[k].actor.SetVisibility(True)

    def _entering(self, body: Body) -> Figure:
        self._counted = ()
        figure = Figure(body.topology)
        figure.as_normals(False)
        self._renderer.AddActor(figure.actor)
        return figure

    def _count(self, bodies: Sequence[Body], look: Look, fine: bool) -> None:
        """Counts what light arrives where, unless nothing has changed since.

        Only solid figures cast shadows, or ghosts where they are alone. A fine count serves moving pictures too.
        """
        solid = [figure for figure, body in zip(self._figures, bodies, strict=True) if body.opacity == 1]
        casting = solid or self._figures
        asked = (
            tuple((b.key, b.opacity) for b in bodies),
            *(look.light, look.turn, look.shadows, look.ground, look.background),
        )
        if not casting or self._counted in ((asked, True), (asked, fine)):
            return
        self._counted = asked, fine
        points = np.vstack([figure.vertices for figure in casting])
        low, high = points.min(axis=0), points.max(axis=0)
        half = float(max(1.3, 1.1 * np.linalg.norm(high - low)))
        center = np.array([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2])
        one, turn = self._light
        on_floor = np.ones((2, ground_cells, ground_cells), np.float32)
        for figure in self._figures:
            if not look.shadows or figure not in solid:
                figure.arrives(None)
        if look.shadows:
            self._counter = self._counter or Counter()
            rays = many_rays(one, turn) if fine else few_rays(one, turn, look.ground)
            seen = self._counter.silhouettes(rays, [(figure.vertices, figure.topology) for figure in casting])
            for figure in solid:
                share = on_surface(seen, figure.vertices, figure.normals, figure.share)
                # Over steps between vertices; what few rays left as it was is smooth already.
                kinds = np.unique(rays.kinds) if fine else [key]
                share[:, kinds] = figure.topology.smooth(share[:, kinds])
                figure.arrives(share)
            if look.ground:
                on_floor = on_ground(seen, center, half, ground_cells, one.key.wide)
        self._ground.show(on_floor, center, half, one, look.background)

    def _bones(self, joints: Sequence[np.ndarray | None]) -> None:
        if self._skeleton is not None:
            self._above.RemoveActor(self._skeleton)
            self._skeleton = None
        shown = [one for one in joints if one is not None]
        self._above.SetDraw(bool(shown))  # a second layer wipes the depths
        if shown:
            self._skeleton = skeletons(shown)
            self._above.AddActor(self._skeleton)

    # ── light and camera ──

    def _aim_lamps(self) -> None:
        """Before each frame: the lamps as VTK's camera sees them."""
        matrix = self._renderer.GetActiveCamera().GetViewTransformMatrix()
        rotation = np.array([[matrix.GetElement(i, j) for j in range(3)] for i in range(3)])
        for figure in self._figures:
            figure.lit(*self._light, rotation)

    def look_through(self, camera: Camera) -> tuple[float, float]:
        """Puts VTK's camera where `camera` is, pixel for pixel; the nearest and farthest metres it draws."""
        R, t = camera.T_camera_world[:3, :3], camera.T_camera_world[:3, 3]
        seen = [figure.vertices @ R[2].astype(np.float32) + np.float32(t[2]) for figure in self._figures]
        near = min((float(depths.min()) for depths in seen), default=1.0) - 0.05
        far = max((float(depths.max()) for depths in seen), default=2.0) + 0.05
        near = max(near, 0.02)
        far = max(far, near + 0.1)
        eye = -R.T @ t
        vtk: Any = self._renderer.GetActiveCamera()
        vtk.SetPosition(*eye)
        vtk.SetFocalPoint(*(eye + R[2]))
        vtk.SetViewUp(*(-R[1]))
        width, height = camera.size
        vtk.SetViewAngle(float(np.degrees(2 * np.arctan(height / 2 / camera.focal))))
        # From the middle of the picture, in halves of it, y upwards.
        away_x, away_y = (c - (side - 1) / 2 for c, side in zip(camera.center, camera.size, strict=True))
        vtk.SetWindowCenter(-2 * away_x / width, 2 * away_y / height)
        vtk.SetClippingRange(near, far)
        return near, far

    # ── pixels ──

    def _drawn(self, size: tuple[int, int]) -> np.ndarray:
        """What the window shows, (H, W, 4) uint8, colours already times alpha."""
        if tuple(self._window.GetSize()) != tuple(size):
            self._window.SetSize(*size)
        self._window.Render()
        pixels = vtkUnsignedCharArray()
        self._window.GetRGBACharPixelData(0, 0, size[0] - 1, size[1] - 1, 0, pixels, 0)
        return cv2.flip(vtk_to_numpy(pixels).reshape(size[1], size[0], 4), 0)

    def _depth(self, size: tuple[int, int], near: float, far: float) -> np.ndarray:
        values = vtkFloatArray()
        self._window.GetZbufferData(0, 0, size[0] - 1, size[1] - 1, values)
        z = vtk_to_numpy(values).reshape(size[1], size[0])[::-1].astype(float)
        return np.where(z < 1, near * far / (far - z * (far - near)), np.inf).astype(np.float32)


def _tiles(camera: Camera, side: int) -> Iterator[tuple[tuple[slice, slice], Camera]]:
    """Rows and columns of the picture's parts of at most `side` pixels, and a camera for each.

    A part's camera sees an even number of pixels each way, one more where it must, so that half as many again is
    a whole number.
    """
    width, height = camera.size
    for top in range(0, height, side):
        for left in range(0, width, side):
            w, h = min(side, width - left), min(side, height - top)
            center = camera.center[0] - left, camera.center[1] - top
            yield np.s_[top : top + h, left : left + w], replace(camera, size=(w + w % 2, h + h % 2), center=center)


def _over(picture: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """A picture laid over another, both (H, W, 4) uint8, colours times alpha; changes `behind`."""
    alpha = picture[..., 3]
    cv2.copyTo(picture, cv2.inRange(alpha, 255, 255), behind)
    partly = np.nonzero((alpha > 0) & (alpha < 255))
    through = (255 - alpha[partly]).astype(np.float32)[:, None] / 255
    behind[partly] = np.minimum(np.rint(picture[partly] + behind[partly] * through), 255)
    return behind


def _straight(picture: np.ndarray) -> np.ndarray:
    """Colours divided by alpha again, (H, W, 4) uint8."""
    alpha = picture[..., 3]
    partly = (alpha > 0) & (alpha < 255)
    out = picture.copy()
    out[partly, :3] = np.minimum(np.rint(picture[partly, :3] * (255 / alpha[partly, None].astype(np.float32))), 255)
    return out
