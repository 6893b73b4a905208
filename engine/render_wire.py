"""What goes between the renderer's handle and its process: a length, then a pickle.

Only ever between this program and its own child; never read from a file or another host.
"""

from __future__ import annotations

import hashlib
import pickle
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from engine.camera import Camera
from engine.shot import Actor, Look, Quality
from engine.skeleton import RGB


def send(stream: IO[bytes], message: Any) -> None:
    data = pickle.dumps(message, protocol=5)
    stream.write(struct.pack("<Q", len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """The next message; EOFError when the other side has gone."""
    header = stream.read(8)
    if len(header) < 8:
        raise EOFError
    (length,) = struct.unpack("<Q", header)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)


@dataclass(frozen=True, eq=False)
class Drawing:
    """An actor on the wire: keys of the arrays that the child keeps, and what is small."""

    vertices: str
    faces: str
    colors: str | RGB
    joints: np.ndarray
    opacity: float


@dataclass(frozen=True, eq=False)
class Request:
    """A shot on the wire: what is wanted (`frame`, `encoded`, `maps`) of which drawings; arrays new to the child."""

    verb: str
    drawings: tuple[Drawing, ...]
    camera: Camera
    look: Look
    quality: Quality
    kind: str
    arrays: Mapping[str, np.ndarray]


def on_the_wire(actors: Iterable[Actor]) -> tuple[tuple[Drawing, ...], dict[str, np.ndarray]]:
    """The actors as drawings, and the arrays they name by content."""
    arrays: dict[str, np.ndarray] = {}

    def kept(array: Any, dtype: type) -> str:
        array = np.ascontiguousarray(array, dtype)
        name = f"{array.dtype.char}{array.shape[0]}-{hashlib.blake2b(array, digest_size=12).hexdigest()}"
        arrays[name] = array
        return name

    drawings = tuple(
        Drawing(
            kept(actor.mesh.vertices, np.float32),
            kept(actor.mesh.faces, np.int32),
            kept(actor.mesh.colors, np.uint8) if actor.color is None else actor.color,
            np.asarray(actor.mesh.joints, np.float32),
            float(actor.opacity),
        )
        for actor in actors
    )
    return drawings, arrays
