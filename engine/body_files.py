"""Every kind of file that bodies are written to or read from: one table, `write` and `read`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from torch import as_tensor, zeros_like

from engine import stills
from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.fit import camera_for
from engine.formats.bvh import from_bvh, to_bvh
from engine.formats.glb import Options, to_glb
from engine.formats.obj import to_obj
from engine.formats.smplx_npz import Reading, Up, from_smplx_npz, most_frames, to_smplx_npz
from engine.motion import Motion
from engine.placing import framed
from engine.progress import Progress
from engine.render import Look
from engine.stage import Dress, Stage, View, open_body


@dataclass(frozen=True)
class BodyFormat:
    """A kind of file: its name, a title an artist understands, and how it ends."""

    name: str
    title: str
    extension: str
    note: str


formats: dict[str, BodyFormat] = {
    f.name: f
    for f in (
        BodyFormat("glb", "GLB with bones", ".glb", "Rigged and skinned; opens in Blender, bones named as SMPL-X."),
        BodyFormat("obj", "OBJ mesh", ".obj", "The figure as it stands, in quads, without bones."),
        BodyFormat("npz", "SMPL-X pose", ".npz", "Pose, shape and place in SMPL-X's own words."),
        BodyFormat("bvh", "BVH motion", ".bvh", "Bones and turns for animation programs."),
        BodyFormat("still", "Picture", ".png", "The view as a picture, up to 4096 pixels."),
        BodyFormat("gif", "Turntable GIF", ".gif", "Once around the figure."),
        BodyFormat("mp4", "Turntable video", ".mp4", "Once around the figure."),
        BodyFormat("depth", "Depth map", ".png", "Near is light; for ControlNet."),
        BodyFormat("normal", "Normal map", ".png", "Which way the surface faces; for ControlNet."),
        BodyFormat("mask", "Mask", ".png", "White where the figures are."),
        BodyFormat("canny", "Outlines", ".png", "Edges; for ControlNet."),
        BodyFormat("maps", "All maps", ".zip", "Depth, normal, mask and outlines, and depth in metres."),
    )
}


@dataclass(frozen=True, eq=False)
class Wish:
    """How a file is to look: what sees the bodies (None: a camera that frames them), how many pixels wide, in what
    light and dress; a turntable's length in seconds and its frames; which body file they are of."""

    camera: Camera | None = None
    width: int | None = None
    look: Look = field(default_factory=Look)
    dress: Dress = field(default_factory=Dress)
    seconds: float = 4.0
    frames: int = 48
    file: str = open_body


def file_name(format_name: str) -> str:
    """What a file of that format is called."""
    return f"body{_known(format_name).extension}"


def _known(format_name: str) -> BodyFormat:
    if format_name not in formats:
        raise ValueError(f"expected one of the formats {', '.join(formats)}, got {format_name!r}")
    return formats[format_name]


# ── out ──


def write(
    stage: Stage,
    bodies: Sequence[BodyPose],
    format_name: str,
    wish: Wish | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> bytes:
    """The bodies as the bytes of a file; ValueError for none, `render.Unavailable` for a picture that cannot be had."""
    _known(format_name)
    wish = wish or Wish()
    if not bodies:
        raise ValueError("expected at least one figure with a body, got none: stand a figure up in the step Body first")
    body = stage.body(wish.file)
    if format_name == "glb":
        return to_glb(body, bodies, Options(wish.dress.layers, wish.dress.colors))
    if format_name == "obj":
        return to_obj(body, bodies, wish.dress.layers, dict(wish.dress.colors))
    if format_name in ("npz", "bvh") and len(bodies) > 1:
        raise ValueError(f"expected one figure for a file that holds a single body, got {len(bodies)}: choose one")
    if format_name == "npz":
        return to_smplx_npz(bodies[0], rest_pelvis=resting(body)[0])
    if format_name == "bvh":
        return to_bvh(bodies[0], resting(body, bodies[0]))
    return _picture(stage, bodies, format_name, wish, progress, cancelled)


motion_formats = ("npz", "bvh", "glb")  # that hold a body's motion


def write_motion(stage: Stage, motion: Motion, format_name: str, wish: Wish | None = None) -> bytes:
    """A motion as the bytes of one of the `motion_formats`; ValueError for another one."""
    if format_name not in motion_formats:
        raise ValueError(f"expected one of the formats {', '.join(motion_formats)}, got {format_name!r}")
    wish = wish or Wish()
    body = stage.body(wish.file)
    if format_name == "npz":
        return to_smplx_npz(motion, rest_pelvis=resting(body)[0])
    if format_name == "bvh":
        return to_bvh(motion, resting(body, motion.poses[0]))
    return to_glb(body, [motion], Options(wish.dress.layers, wish.dress.colors))


def _picture(
    stage: Stage,
    bodies: Sequence[BodyPose],
    format_name: str,
    wish: Wish,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> bytes:
    shot = stage.shot(View(tuple(bodies), _camera(stage, bodies, wish), wish.look, wish.dress, file=wish.file))
    if format_name == "still":
        return stage.renderer.encoded(shot, "png")
    if format_name in ("gif", "mp4"):
        return stills.turntable(stage.renderer, shot, format_name, wish.frames, wish.seconds, progress, cancelled)
    return stills.maps_file(stage.renderer.maps(shot), format_name)


def _camera(stage: Stage, bodies: Sequence[BodyPose], wish: Wish) -> Camera:
    camera = wish.camera or framed(stage.body(wish.file), bodies, camera_for((1024, 1024)))
    if wish.width is None:
        return camera
    return camera.scaled((wish.width, max(1, round(camera.size[1] * wish.width / camera.size[0]))))


def resting(body: Body, pose: BodyPose | None = None) -> np.ndarray:
    """Where joints (55, 3) rest, metres, in the shape of a pose, or in the plain one."""
    poses = body.poses(pose or BodyPose())
    still = poses._replace(axis_angles=zeros_like(poses.axis_angles), translation=zeros_like(poses.translation))
    return body.joints(still)[0].double().numpy()


# ── in ──


def read(stage: Stage, data: bytes, name: str = "", most: int = 240, file: str = open_body) -> Motion:
    """The motion in an npz (SMPL-X, AMASS, this program's) or BVH file, thinned to `most` frames.

    ValueError, in a sentence, for anything that is none.
    """
    own = None if file == open_body else True  # betas mean what they say on a body of SMPL-X alone
    return motion_in(stage.body(file), data, name, most, shaped=own)


def motion_in(
    body: Body, data: bytes, name: str = "", most: int = most_frames, up: Up = "auto", shaped: bool | None = None
) -> Motion:
    """As `read`, for a body; `up` and `shaped` as `smplx_npz.Reading` has them."""
    rest = resting(body)
    if data.startswith(b"PK"):
        x, y, z = rest[0].tolist()
        return from_smplx_npz(data, Reading(up, shaped, _hands(body), most, (x, y, z)), name)
    if _is_bvh(data):
        return from_bvh(data, rest, name, at_most=most)
    raise ValueError(f"expected an npz of SMPL-X or AMASS, or a BVH, but {name or 'this file'} is neither")


def is_motion(data: bytes) -> bool:
    """Whether bytes are an npz or BVH rather than a document: an npz is a zip as a project is, but of arrays."""
    return (data.startswith(b"PK") and b".npy" in data[:200]) or _is_bvh(data)


def _is_bvh(data: bytes) -> bool:
    return data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")[:9].upper() == b"HIERARCHY"


def _hands(body: Body) -> Callable[[str, np.ndarray], np.ndarray]:
    """Axis-angles (N, 45) of one hand's principal components (N, k)."""

    def expanded(side: str, components: np.ndarray) -> np.ndarray:
        values = as_tensor(components, dtype=body.dtype)
        both = body.hand_pca(values, values)
        return both[:, ("left", "right").index(side)].reshape(len(values), 45).double().numpy()

    return expanded
