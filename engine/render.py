"""The renderer: the handle of the one process that draws bodies.

VTK owns a window, wants one thread, and takes its process along when a graphics library is missing. So a child process
draws (engine/render_process.py), started when the first picture is asked for, and this process talks to it over
pipes. Any thread may ask; one picture is drawn after the other.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine.light import lights
from engine.render_wire import Request, on_the_wire, receive, send
from engine.shot import Actor, Look, Maps, Mesh, Quality, Shot, around, largest_side

__all__ = [
    "Actor", "Encoding", "Look", "Maps", "Mesh", "Quality", "Renderer", "Shot", "Unavailable", "around", "largest_side",
    "lights", "windows",
]  # fmt: skip

log = logging.getLogger(__name__)

Encoding = Literal["jpg", "png", "webp"]
encodings: tuple[Encoding, ...] = ("jpg", "png", "webp")
packages = "libegl1 libgl1 libgl1-mesa-dri libx11-6"


class Unavailable(ValueError):
    """The 3D view cannot be had on this machine; the sentence says what would help."""


def windows(environment: Mapping[str, str], platform: str) -> tuple[str, ...]:
    """VTK's kinds of window worth a try, the likeliest first; "" is its own choice.

    Without a display VTK would knock at an X server first, and crash where even X's library is missing. EGL finds a
    graphics card, and Mesa's software where there is none; OSMesa is software alone.
    """
    if chosen := environment.get("VTK_DEFAULT_OPENGL_WINDOW"):
        return (chosen,)
    if not platform.startswith("linux"):
        return ("",)
    hidden = ("vtkEGLRenderWindow", "vtkOSOpenGLRenderWindow")
    return ("", *hidden) if environment.get("DISPLAY") else hidden


class Renderer:
    """Draws shots in a child process of its own.

    A picture may take `limit` seconds, and after `idle` seconds without any the child, which holds some 400 MB, is let
    go until the next. `command` starts another child than this project's, `kinds` are windows to try instead.
    """

    def __init__(
        self, limit: float = 120.0, idle: float = 600.0, command: Sequence[str] = (), kinds: Sequence[str] = ()
    ) -> None:
        self._limit = limit
        self._idle = idle
        self._command = tuple(command) or (sys.executable, "-m", "engine.render_process")
        self._kinds = tuple(kinds) or windows(os.environ, sys.platform)
        self._works = ""  # what the window that gave a picture is called
        self._problem = ""
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._sleep: threading.Timer | None = None
        self._used = 0.0

    def problem(self) -> str:
        """Why there are no pictures on this machine, in a sentence; empty when there are. Starts the child."""
        with self._lock:
            try:
                self._running()
            except Unavailable as error:
                return str(error)
            return ""

    @property
    def window(self) -> str:
        """VTK's kind of window that draws on this machine, "" for its own choice; Unavailable where none does."""
        with self._lock:
            self._running()
            return self._works

    def frame(self, shot: Shot) -> np.ndarray:
        """The picture (H, W, 4) uint8 RGB and alpha, the colours not multiplied by it."""
        return self._ask("frame", shot)

    def encoded(self, shot: Shot, kind: Encoding = "jpg") -> bytes:
        """The picture as the bytes of a file.

        A jpg is the quickest and has no transparency: where nothing is, it is white. With transparency a webp (without
        loss) is quicker and smaller than a png.
        """
        if kind not in encodings:
            raise ValueError(f"expected one of {', '.join(encodings)}, got {kind!r}")
        return self._ask("encoded", shot, kind)

    def maps(self, shot: Shot) -> Maps:
        """Depth, normals, mask and edges of the shot's solid figures."""
        return Maps(*self._ask("maps", shot))

    def turntable(self, shot: Shot, frames: int = 48, degrees: float = 360.0) -> Iterator[np.ndarray]:
        """The shot from all around, each (H, W, 4) uint8: the camera walks around the middle of the figures."""
        for camera in around(shot, frames, degrees):
            yield self.frame(replace(shot, camera=camera))

    def close(self) -> None:
        """Lets the child go; the next picture starts another."""
        with self._lock:
            self._end()

    # ── the child ──

    def _ask(self, verb: str, shot: Shot, kind: str = "") -> Any:
        drawings, arrays = on_the_wire(shot.actors)
        request = Request(verb, drawings, shot.camera, shot.look, shot.quality, kind, {})
        with self._lock:
            for _ in range(2):
                child = self._running()
                try:
                    answer, value = child.draw(request, arrays, self._limit)
                except (EOFError, OSError):
                    code = self._end()
                    if child.slow:
                        raise Unavailable(
                            f"expected a picture within {self._limit:g} seconds, but the 3D view was still drawing; "
                            "make the picture smaller"
                        ) from None
                    log.warning("the 3D view's process ended with %s while drawing", code)
                    continue
                self._used = time.monotonic()
                if answer == "refused":
                    raise ValueError(value)
                return value
        raise Unavailable(
            "expected a picture from the 3D view, but its process crashed twice on it; "
            "make the picture smaller, or restart the studio"
        )

    def _running(self) -> _Child:
        """The child, started if need be with the first kind of window that gives a picture."""
        if self._problem:
            raise Unavailable(self._problem)
        if self._child and self._child.alive:
            return self._child
        self._end()
        said = ""
        for kind in (self._works,) if self._works else self._kinds:
            try:
                child = _Child(self._command, kind)
            except OSError as error:  # no memory or no room for a process: that may pass
                raise Unavailable(
                    f"expected the 3D view to start, but its process did not ({error}); try again in a while"
                ) from error
            answer, value = child.probed(min(self._limit, 60.0))
            if answer == "done":
                log.info("3D view: drawing with %s", value)
                self._child, self._works = child, kind
                self._rest_later(self._idle)
                return child
            code, said = child.end(), child.last_words()
            log.info("3D view: no picture with %s: %s (%s) %s", kind or "VTK's own window", answer, value or code, said)
        if self._works:
            raise Unavailable("expected the 3D view to start again, but its process did not; try again in a while")
        self._problem = (
            f"expected PyVista for the 3D view, but it cannot be imported ({said}); install requirements.txt again"
            if "ImportError" in said or "ModuleNotFoundError" in said
            else "expected a graphics library for the 3D view, but none works here; install the packages "
            f"{packages} (on Debian or Ubuntu: apt install {packages}) and restart the studio"
        )
        raise Unavailable(self._problem)

    def _end(self) -> int | None:
        """Ends the child and waits for it; its exit code."""
        if self._sleep:
            self._sleep.cancel()
        child, self._child, self._sleep = self._child, None, None
        return child.end() if child else None

    def _rest_later(self, seconds: float) -> None:
        self._used = max(self._used, time.monotonic() + seconds - self._idle)
        self._sleep = threading.Timer(seconds, self._rest)
        self._sleep.daemon = True
        self._sleep.start()

    def _rest(self) -> None:
        """Lets the child go if nobody asked for a picture lately, or looks again later."""
        with self._lock:
            if self._child is None or threading.current_thread() is not self._sleep:
                return
            left = self._used + self._idle - time.monotonic()
            if left > 0:
                self._rest_later(left)
            else:
                self._end()


class _Child:
    """One process that draws, and what it is known to keep."""

    def __init__(self, command: Sequence[str], kind: str) -> None:
        environment = dict(os.environ)
        if kind:
            environment["VTK_DEFAULT_OPENGL_WINDOW"] = kind
        root = str(Path(__file__).parent.parent)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH")]))
        self._keeps: set[str] = set()
        self.slow = False
        # Ctrl-C is for the studio: the child ends when its input does.
        apart: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the child
        self._process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, env=environment, **apart
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def probed(self, limit: float) -> tuple[str, Any]:
        """What the child says of a first small picture: `done` and its kind of window, or what went wrong."""
        try:
            return self._talk("probe", limit)
        except (EOFError, OSError):
            return ("too slow" if self.slow else "crashed"), None

    def draw(self, request: Request, arrays: Mapping[str, np.ndarray], limit: float) -> tuple[str, Any]:
        """`done` and what was asked for, or `refused` and a sentence; EOFError or OSError from a child that is gone."""
        for _ in range(2):
            new = {name: array for name, array in arrays.items() if name not in self._keeps}
            answer, value = self._talk(replace(request, arrays=new), limit)
            if answer != "missing":
                self._keeps = set(value[0])
                return answer, value[1]
            self._keeps = set()
        raise EOFError  # it forgets what it was just told

    def _talk(self, message: Any, limit: float) -> tuple[str, Any]:
        """One question and its answer; a child that takes too long is ended, which ends the answer."""
        into, out = self._process.stdin, self._process.stdout
        assert into is not None
        assert out is not None
        watch = threading.Timer(limit, self._too_slow)
        watch.daemon = True
        watch.start()
        try:
            send(into, message)
            return receive(out)
        finally:
            watch.cancel()

    def _too_slow(self) -> None:
        self.slow = True
        self._process.kill()

    def last_words(self) -> str:
        """The last line that an ended child wrote on its standard error."""
        self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - 4000))
        lines = self._said.read().decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def end(self) -> int:
        """Closes the pipes, upon which the child ends by itself, or is made to; its exit code."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            return self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
