"""The process that draws: `python -m engine.render_process`, started and asked by engine.render.Renderer.

It reads requests from its input and answers on its output, one after the other, until the input ends, as it does
when the studio goes, however it goes.
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import IO, Any

import cv2
import numpy as np
from PIL import Image

from engine.camera import Camera
from engine.render_geometry import Topology
from engine.render_parts import Body
from engine.render_scene import Scene
from engine.render_wire import Drawing, Request, receive, send
from engine.shot import Look

kept_arrays = 48  # vertices, faces and colours of sixteen meshes
kept_topologies = 8
_moving_seconds = 0.07  # that drawing may take while something moves, before its edges are left rougher


class Desk:
    """Answers requests: keeps the arrays that they name, and the scene."""

    def __init__(self) -> None:
        self._scene = Scene()
        self._arrays: OrderedDict[str, np.ndarray] = OrderedDict()
        self._topologies: OrderedDict[tuple[str, int], Topology] = OrderedDict()
        self._pace = 3e-8  # seconds a pixel, of late

    def answer(self, message: Any) -> tuple[str, Any]:
        """`done` or `refused` with the names of the arrays now kept and a value, or `missing` with names."""
        if message == "probe":
            return self._probe()
        assert isinstance(message, Request)
        self._arrays.update(message.arrays)
        wanted = [name for one in message.drawings for name in (one.vertices, one.faces, one.colors)]
        names = [name for name in wanted if isinstance(name, str)]
        if missing := [name for name in names if name not in self._arrays]:
            return "missing", missing
        for name in names:
            self._arrays.move_to_end(name)
        while len(self._arrays) > max(kept_arrays, len(set(names))):
            self._arrays.popitem(last=False)
        try:
            verdict, value = "done", self._value(message)
        except ValueError as error:
            verdict, value = "refused", str(error)
        return verdict, (list(self._arrays), value)

    def _value(self, request: Request) -> Any:
        bodies = [self._body(one) for one in request.drawings]
        if request.verb == "maps":
            depth, normal = self._scene.depth_and_normals(bodies, request.camera)
            return depth, normal, np.where(np.isfinite(depth), 255, 0).astype(np.uint8), _edges(depth, normal)
        picture = self._picture(bodies, request)
        return picture if request.verb == "frame" else _encoders[request.kind](picture)

    def _body(self, one: Drawing) -> Body:
        vertices = self._arrays[one.vertices]
        name = one.faces, len(vertices)
        if name not in self._topologies:
            self._topologies[name] = Topology(self._arrays[one.faces], len(vertices))
        self._topologies.move_to_end(name)
        while len(self._topologies) > kept_topologies:
            self._topologies.popitem(last=False)
        colors = self._arrays[one.colors] if isinstance(one.colors, str) else one.colors
        return Body(one.vertices, vertices, self._topologies[name], one.colors, colors, one.joints, one.opacity)

    def _picture(self, bodies: list[Body], request: Request) -> np.ndarray:
        fine = request.quality == "rest"
        pixels = request.camera.size[0] * request.camera.size[1]
        finer = 2.0 if fine else 1.5
        if not fine and pixels * finer**2 * self._pace > _moving_seconds:
            finer = 1.0
        began = time.perf_counter()
        picture = self._scene.frame(bodies, request.camera, request.look, fine, finer)
        if not fine:
            self._pace += 0.3 * ((time.perf_counter() - began) / (pixels * finer**2) - self._pace)
        return picture

    def _probe(self) -> tuple[str, Any]:
        """One small picture of a triangle: `done` with the window's kind when it shows, else `blank`."""
        vertices = np.array([[-1, -1, 0], [1, -1, 0], [0, 1, 0]], np.float32)
        body = Body("probe", vertices, Topology(np.array([[0, 1, 2]]), 3), None, (255, 255, 255), None)
        camera = Camera.looking_at(np.zeros(3), np.array([0.0, 0.0, 4.0]), (64, 64), 64.0)
        picture = self._scene.frame([body], camera, Look("flat", ground=False, shadows=False), False, 1)
        shown = picture[34, 32, 3] == 255 and picture[34, 32, 0] > 60 and picture[2, 2, 3] == 0
        return ("done" if shown else "blank"), self._scene.kind


# ── files: quick to write, as a picture is waited for; a loss that is not seen ──


def _jpg(picture: np.ndarray) -> bytes:
    """On white where the picture is transparent, for a jpg has no alpha."""
    colors = picture[..., 2::-1]
    if not (picture[..., 3] == 255).all():
        alpha = picture[..., 3:].astype(np.float32) / 255
        colors = np.rint(colors * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return _written(".jpg", np.ascontiguousarray(colors), [cv2.IMWRITE_JPEG_QUALITY, 90])


def _png(picture: np.ndarray) -> bytes:
    return _written(".png", cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA), [cv2.IMWRITE_PNG_COMPRESSION, 1])


def _webp(picture: np.ndarray) -> bytes:
    """Without loss: with alpha that is three times as fast as with, and faster than a png."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "webp", lossless=True, method=0, quality=0)
    return file.getvalue()


def _written(ending: str, picture: np.ndarray, settings: list[int]) -> bytes:
    done, data = cv2.imencode(ending, picture, settings)
    if not done:
        raise ValueError(f"expected a picture that can be written as {ending}, got {picture.shape}")
    return data.tobytes()


_encoders: dict[str, Callable[[np.ndarray], bytes]] = {"jpg": _jpg, "png": _png, "webp": _webp}


def _edges(depth: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Outlines and folds (H, W) uint8, 0 or 255: Canny's along the steepest of surface and depth."""
    seen = np.isfinite(depth)
    if not seen.any():
        return np.zeros(depth.shape, np.uint8)
    # Nothing lies a little behind the farthest.
    millimetres = np.where(seen, depth, float(depth[seen].max()) + 0.3) * 1000
    slopes = np.where(seen[..., None], normal, 0).astype(np.float32)
    channels = cv2.GaussianBlur(np.dstack([slopes, 2 * millimetres.astype(np.float32)]), (0, 0), 0.9)
    across, down = (cv2.Sobel(channels, cv2.CV_32F, *axis) for axis in ((1, 0), (0, 1)))
    steepest = (np.abs(across) + np.abs(down)).argmax(axis=-1)[..., None]
    chosen = (np.take_along_axis(one, steepest, axis=-1)[..., 0] for one in (across, down))
    dx, dy = (np.clip(one, -8000, 8000).astype(np.int16) for one in chosen)
    return cv2.Canny(dx, dy, 110, 260)


def main(source: IO[bytes], answers: IO[bytes]) -> None:
    """Answers until the source ends."""
    desk = Desk()
    while True:
        try:
            message = receive(source)
        except EOFError:
            return
        try:
            send(answers, desk.answer(message))
        except BrokenPipeError:
            return


if __name__ == "__main__":
    # Whatever a library says on the output must not come between the answers.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    main(sys.stdin.buffer, output)
