"""Small pictures of bodies for a tray of choices: whole figures, or one part near."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.posing import parts
from engine.render import Actor, Look, Mesh, Shot, Unavailable
from engine.rig import joint_number, joints
from engine.stage import Stage

size = (160, 200)  # px, width and height
_lens = 2.4  # focal length by the picture's height: little perspective, as in a portrait
_nearest = 0.1  # metres, half the height of the smallest frame: a hand
# What lies about the joints of a part: metres added on every side.
_crown = 0.03  # metres
_skin = {"hand": 0.03, "face": 0.12, "head": 0.12, "arm": 0.06, "leg": 0.08}
_look = Look(ground=False, shadows=False)
# A part that the figure may hide is shown by itself, with what it hangs on.
_alone = {"hand": ("wrist", "hand_"), "face": ("head", "jaw", "eye", "neck"), "head": ("head", "jaw", "eye", "neck")}
_owners: WeakKeyDictionary[Stage, dict[str, np.ndarray]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class _Cut:
    """A mesh with some of its faces."""

    vertices: np.ndarray
    faces: np.ndarray
    joints: np.ndarray
    colors: np.ndarray


def pictured(
    stage: Stage, file: str, poses: Sequence[BodyPose], part: str | None = None, camera: Camera | None = None,
    turn: float = 0.0, background: tuple[int, int, int] | None = None,
) -> list[str]:  # fmt: skip
    """The bodies, or one part of each (of `engine.posing.parts`), as data addresses of pictures 160 × 200.

    Seen from where `camera` looks (from the figure's front without one), walked around the figure by `turn` rad; all
    framed alike, on their middle; a hand or face by itself. Empty where nothing can draw here. ValueError for an
    unknown part.
    """
    meshes = [_shown(stage, file, pose, part) for pose in poses]
    framed = [_chosen(mesh.joints, part) for mesh in meshes]
    look = _look if background is None else Look(ground=False, shadows=False, background=background)
    half = max((_half(one, part) for one in framed), default=1.0)
    addresses = []
    for mesh, near in zip(meshes, framed, strict=True):
        seen = _camera(_middle(near, part), half, _direction(mesh.joints, camera, turn))
        try:
            picture = stage.renderer.encoded(Shot((Actor(mesh),), seen, look, "moving"), "webp")
        except Unavailable:
            return []
        addresses.append(f"data:image/webp;base64,{base64.b64encode(picture).decode()}")
    return addresses


def _shown(stage: Stage, file: str, pose: BodyPose, part: str | None) -> Mesh:
    """The mesh of a body, or of the part alone where the rest would hide it."""
    mesh = stage.mesh(pose, file=file)
    kept = _alone.get((part or "").split("_")[-1])
    if kept is None:
        return mesh
    side = part.split("_")[0] if part and part.endswith("_hand") else ""
    own = [name.startswith(side) and any(one in name for one in kept) for name in joints]
    corners = np.array(own)[_nearest_joint(stage, file)][mesh.faces]
    return _Cut(mesh.vertices, mesh.faces[corners.all(1)], mesh.joints, mesh.colors)


def _nearest_joint(stage: Stage, file: str) -> np.ndarray:
    """For each vertex (V,) the joint next to it where the figure stands with arms and fingers spread."""
    known = _owners.setdefault(stage, {})
    if file not in known:
        mesh = stage.mesh(BodyPose(), file=file)
        away = np.stack([np.linalg.norm(mesh.vertices - place, axis=1) for place in mesh.joints], 1)
        known[file] = away.argmin(1)
    return known[file]


def _chosen(places: np.ndarray, part: str | None) -> np.ndarray:
    """The joints (K, 3) that a picture is framed on."""
    if part is None:
        return places
    if part not in parts:
        raise ValueError(f"expected one of the parts {', '.join(parts)}, got {part!r}")
    names = {*parts[part]}
    if part.endswith(("_hand", "_arm")):
        names |= {
            name for name in joints if name.startswith(part.split("_")[0]) and ("wrist" in name or "hand" in name)
        }
    if part in ("face", "head"):
        names |= {"head", "jaw", "left_eye", "right_eye"}
    return places[[n for n, name in enumerate(joints) if name in names]]


def _half(places: np.ndarray, part: str | None) -> float:
    """Half the height that a frame about these joints takes, metres."""
    kind = (part or "").split("_")[-1]
    reach = np.linalg.norm(places - _middle(places), axis=1).max()
    return max(float(reach) + _skin.get(kind, 0.12), _nearest)


def _middle(places: np.ndarray, part: str | None = None) -> np.ndarray:
    """The middle of the joints; of a head, which is mostly above its joints, a little higher."""
    middle = (places.min(0) + places.max(0)) / 2
    return middle + np.array((0.0, _crown, 0.0)) if part in ("face", "head") else middle


def _direction(places: np.ndarray, camera: Camera | None, turn: float) -> np.ndarray:
    """The way (3,) to look, level enough to have an up."""
    if camera is not None:
        forward = camera.T_camera_world[2, :3].copy()
    else:
        left, right = (places[joint_number(f"{side}_shoulder")] for side in ("left", "right"))
        forward = np.cross(right - left, (0.0, 1.0, 0.0))
        forward[1] = 0.0
    if np.linalg.norm(forward) < 1e-6:
        forward = np.array((0.0, 0.0, -1.0))
    c, s = np.cos(turn), np.sin(turn)
    forward = np.array(((c, 0, s), (0, 1, 0), (-s, 0, c))) @ (forward / np.linalg.norm(forward))
    if abs(forward[1]) > 0.95:
        forward += np.array((0.0, 0.0, -0.35))
    return forward / np.linalg.norm(forward)


def _camera(middle: np.ndarray, half: float, forward: np.ndarray) -> Camera:
    return Camera.looking_at(middle, middle - forward * half * 2 * _lens, size, _lens * size[1])
