"""A desktop window on the bodies in a file: `python app.py --viewer FILE`. No page, no server; VTK's own window.

Drag turns, the wheel zooms, Shift and drag moves; further keys stand in the window's corner.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine import body_files, files
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.light import lights
from engine.placing import framed
from engine.render_geometry import Topology
from engine.render_parts import Body
from engine.render_scene import Scene
from engine.shot import Look
from engine.skeleton import RGB
from engine.stage import Stage

accepted = "a Contrapposto document or project with bodies, an npz of SMPL-X or AMASS, or a BVH"
paper: RGB = (244, 238, 227)
night: RGB = (27, 25, 23)
_size = (960, 960)  # px
_tick = 30  # ms
_help = "L light   G ground   K bones   D dark   Space plays   Left, Right one frame   R whole figure   Q closes"


@dataclass(frozen=True, eq=False)
class Film:
    """What a file shows: in each frame its bodies; frames a second; a camera if the file has one."""

    frames: tuple[tuple[BodyPose, ...], ...]
    fps: float = 30.0
    camera: Camera | None = None
    name: str = ""


def film(stage: Stage, path: Path) -> Film:
    """The bodies in a file, told by its content; ValueError, in a sentence, where there are none."""
    if not path.is_file():
        raise ValueError(f"expected a file ({accepted}), got {path}, which is none")
    data = path.read_bytes()
    if _is_scene(data):
        scene = files.read(data, path.name)
        if not scene.bodies:
            raise ValueError(f"expected figures with bodies, but in “{path.name}” there are {len(scene.pose.people)} "
                             "figures without: give them a body in the step Body first")  # fmt: skip
        return Film((scene.bodies,), camera=scene.camera, name=path.name)
    motion = body_files.read(stage, data, path.name, most=2000)
    return Film(tuple((pose,) for pose in motion.poses), motion.fps, name=path.name)


def _is_scene(data: bytes) -> bool:
    """Whether bytes are a document or project rather than a motion, or nothing known."""
    if data.startswith((b"PK", b"\x89PNG")):
        return not body_files.is_motion(data)
    return data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


class Window:
    """The window on a film; `show` returns when it is closed."""

    def __init__(self, stage: Stage, shown: Film, off_screen: bool = False) -> None:
        self._stage = stage
        self._film = shown
        self._look = Look(background=paper)
        self._at = 0.0
        self._playing = len(shown.frames) > 1
        self._topology: Topology | None = None
        self.scene = Scene(off_screen, whole=True)
        self.plotter: Any = self.scene.plotter
        self.plotter.window_size = list(_size)
        self._put()
        self.scene.look_through(self._camera())
        self.plotter.renderer.camera_set = True
        self.plotter.add_text(_help, position="lower_left", font_size=8, color="#8a7d6e")

    @property
    def frame(self) -> int:
        """The number of the frame shown, from 0."""
        return int(self._at) % len(self._film.frames)

    def show(self) -> None:
        """Opens the window and lets the user look until it is closed."""
        for key, verb in self.verbs.items():
            self.plotter.add_key_event(key, verb)
        if len(self._film.frames) > 1:
            self.plotter.add_timer_event(max_steps=10**9, duration=_tick, callback=lambda _: self._play())
        self.plotter.show(title=f"{self._film.name} – Contrapposto")

    @property
    def verbs(self) -> dict[str, Callable[[], None]]:
        """What each key does."""
        return {
            "l": self._next_light,
            "g": lambda: self._change(ground=not self._look.ground),
            "k": lambda: self._change(skeleton=not self._look.skeleton),
            "d": lambda: self._change(background=night if self._look.background == paper else paper),
            "space": self._start_or_stop,
            "Right": lambda: self._step(1),
            "Left": lambda: self._step(-1),
        }

    def _camera(self) -> Camera:
        if self._film.camera is not None:
            return self._film.camera
        ahead = Camera.looking_at(np.zeros(3), np.array([1.2, 0.4, 4.0]), _size, 1.6 * max(_size))
        return framed(self._stage.body(), self._film.frames[0], ahead)

    def _put(self) -> None:
        """Puts the frame's bodies on the stage."""
        bodies = []
        for k, pose in enumerate(self._film.frames[self.frame]):
            mesh = self._stage.mesh(pose)
            if self._topology is None or self._topology.faces is not mesh.faces:
                self._topology = Topology(mesh.faces, len(mesh.vertices))
            bodies.append(Body(f"{self.frame}, {k}", mesh.vertices, self._topology, 0, mesh.colors, mesh.joints))
        self.scene.stand(bodies, self._look, fine=not self._playing)

    def _change(self, **changes: object) -> None:
        self._look = replace(self._look, **changes)  # type: ignore[arg-type]  # named after Look's fields
        self._put()
        self.plotter.render()

    def _next_light(self) -> None:
        names = list(lights)
        self._change(light=names[(names.index(self._look.light) + 1) % len(names)])

    def _start_or_stop(self) -> None:
        self._playing = not self._playing and len(self._film.frames) > 1
        self._change()

    def _step(self, by: int) -> None:
        self._playing = False
        self._at = float((self.frame + by) % len(self._film.frames))
        self._change()

    def _play(self) -> None:
        if self._playing:
            self._at = (self._at + self._film.fps * _tick / 1000) % len(self._film.frames)
            self._change()


def show(path: Path) -> None:
    """Opens a window on the file; ValueError, in a sentence, where there is nothing to show or no display."""
    shown = film(stage := Stage(), path)
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise ValueError("expected a display for a window, got none (DISPLAY is not set); open the file in the studio")
    window = Window(stage, shown)
    if "EGL" in window.scene.kind or "OSOpenGL" in window.scene.kind:
        raise ValueError("expected a display for a window, but it does not answer; look whether others open there")
    window.show()
