"""GLB: bodies as glTF 2.0, with bones named as SMPL-X names them and skin weights, or as plain posed meshes.

The skin is bound in the T-pose with the figure's own shape, and its nodes hold the pose: it opens posed, and its rest
position is the T-pose. Metres, y up, facing +z.

Skinning in such files is linear: the body's corrective shapes, which fill out bent joints, cannot follow the bones.
Those of the pose as it is written are a shape key, `pose_correctives`, so that it opens exactly as it was seen; at 0 it
is what the bones alone do, which suits other poses better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.body import Body, Mesh
from engine.body_pose import BodyPose
from engine.formats.gltf import Gltf
from engine.formats.rigs import published
from engine.formats.surface import Texture, influences, normals
from engine.motion import Motion
from engine.rig import joints, matrices, parents
from engine.skeleton import RGB

correctives = "pose_correctives"
_smallest = 1e-6  # metres; below, a shape key's move is left out


@dataclass(frozen=True)
class Options:
    """What goes into a rigged GLB: clothes as `Body.mesh` takes them, and whether shape keys for the face and for the
    pose's correctives come along."""

    layers: tuple[str, ...] | None = None
    colors: tuple[tuple[str, RGB], ...] = ()
    shape_keys: bool = True


def to_glb(body: Body, figures: Sequence[BodyPose | Motion], options: Options | None = None) -> bytes:
    """Figures with bones and skin; a motion becomes an animation, and its first pose the one it opens in.

    A motion keeps its first pose's shape and expression; its face units move, its corrective shapes do not.
    """
    if not figures:
        raise ValueError("expected at least one body, got none")
    options = options or Options()
    gltf = Gltf()
    surface = _Surface(body, gltf)
    for n, figure in enumerate(figures, 1):
        motion = figure if isinstance(figure, Motion) else Motion((figure,))
        _figure(gltf, surface, f"figure_{n}", motion, options)
    return gltf.to_bytes()


def to_plain_glb(meshes: Sequence[Mesh]) -> bytes:
    """Posed meshes as they are, with colours and without bones."""
    if not meshes:
        raise ValueError("expected at least one mesh, got none")
    gltf = Gltf()
    for n, mesh in enumerate(meshes, 1):
        attributes = {
            "POSITION": gltf.bounded(mesh.vertices.astype(np.float32)),
            "NORMAL": gltf.vertices(normals(mesh.vertices, mesh.faces)),
            "COLOR_0": gltf.vertices(linear(mesh.colors), normalized=True),
        }
        primitive = {"attributes": attributes, "indices": gltf.faces(mesh.faces), "material": gltf.material()}
        index = gltf.add("meshes", {"name": f"figure_{n}", "primitives": [primitive]})
        gltf.add("nodes", {"name": f"figure_{n}", "mesh": index}, in_scene=True)
    return gltf.to_bytes()


def linear(colors: np.ndarray) -> np.ndarray:
    """sRGB colours (V, 3) uint8 as glTF counts them: linear light and opacity, (V, 4) uint16."""
    c = colors / 255
    light = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return np.round(np.hstack([light, np.ones((len(c), 1))]) * 65535).astype(np.uint16)


# ── one figure ──


class _Surface:
    """What all figures of a body share: faces with doubled seams, texture places, weights; written once."""

    def __init__(self, body: Body, gltf: Gltf) -> None:
        self.body = body
        texture = Texture.of(body.file, body.faces)
        self.of = np.arange(body.file.vertices)
        faces, uv = body.faces, None
        if texture is not None:
            self.of, uv, faces = texture.split(body.faces)
        self.indices = gltf.faces(faces)
        joint, weight = influences(body.weights.cpu().numpy()[self.of])
        self.attributes: dict[str, int] = {}
        if uv is not None:
            # glTF's texture begins at the upper left.
            self.attributes["TEXCOORD_0"] = gltf.vertices(np.stack([uv[:, 0], 1 - uv[:, 1]], 1).astype(np.float32))
        for n in range(joint.shape[1] // 4):
            self.attributes[f"JOINTS_{n}"] = gltf.vertices(joint[:, 4 * n : 4 * n + 4])
            self.attributes[f"WEIGHTS_{n}"] = gltf.vertices(weight[:, 4 * n : 4 * n + 4])
        self.face_units = (
            body.file.array("face_units").astype(np.float32) if body.face_unit_names else np.zeros((0, 0, 3))
        )
        self._targets: list[dict[str, int]] | None = None

    def face_targets(self, gltf: Gltf) -> list[dict[str, int]]:
        """The face's shape keys, the same ones for every figure."""
        if self._targets is None:
            self._targets = [_target(gltf, moves[self.of]) for moves in self.face_units]
        return self._targets


def _figure(gltf: Gltf, surface: _Surface, name: str, motion: Motion, options: Options) -> None:
    body, pose = surface.body, motion.poses[0]
    bound = replace(pose.with_axis_angles(np.zeros((len(joints), 3))), translation=np.zeros(3))
    keyed = options.shape_keys
    mesh = body.mesh(replace(bound, face_units=np.zeros(0)) if keyed else bound, options.layers, dict(options.colors))
    primitive: dict[str, Any] = {
        "attributes": {
            "POSITION": gltf.bounded(mesh.vertices[surface.of].astype(np.float32)),
            "NORMAL": gltf.vertices(normals(mesh.vertices, body.faces)[surface.of]),
            "COLOR_0": gltf.vertices(linear(mesh.colors)[surface.of], normalized=True),
            **surface.attributes,
        },
        "indices": surface.indices,
        "material": gltf.material(),
    }
    made: dict[str, Any] = {"name": f"{name}_body", "primitives": [primitive]}
    units = _units(body, motion)
    if keyed and (targets := list(surface.face_targets(gltf))):
        made |= {"weights": units[0].tolist(), "extras": {"targetNames": list(body.face_unit_names)}}
        primitive["targets"] = targets
    if keyed and len(motion) == 1 and body.pose_shapes is not None:
        # The last one, so that the face's stand in the same places whatever a file holds.
        primitive.setdefault("targets", []).append(_target(gltf, _correctives(body, pose)[surface.of]))
        made["weights"] = [*made.get("weights", []), 1.0]
        made.setdefault("extras", {"targetNames": []})["targetNames"].append(correctives)
    bones, skin = _skin(gltf, name, mesh.joints.astype(float), pose)
    node = gltf.add("nodes", {"name": f"{name}_body", "mesh": gltf.add("meshes", made), "skin": skin}, in_scene=True)
    if len(motion) > 1:
        _animation(gltf, bones, node, motion, units if keyed and len(surface.face_units) else None)


def _units(body: Body, motion: Motion) -> np.ndarray:
    """The face units (T, K) of a motion, zeros for a pose that has none; ValueError for those of another body."""
    rows = np.zeros((len(motion), len(body.face_unit_names)))
    for row, pose in zip(rows, motion.poses, strict=True):
        if len(pose.face_units) not in (0, len(row)):
            raise ValueError(f"expected none or {len(row)} face units, got {len(pose.face_units)}")
        row[: len(pose.face_units)] = pose.face_units
    return rows


def _correctives(body: Body, pose: BodyPose) -> np.ndarray:
    """How the body's corrective shapes move the rest mesh (V, 3) in a pose, metres."""
    import torch

    from engine.skinning import pose_features

    assert body.pose_shapes is not None
    with torch.no_grad():
        turns = torch.from_numpy(matrices(pose.axis_angles)[None]).to(body.weights)
        return body.pose_shapes(pose_features(turns))[0].cpu().numpy()


def _target(gltf: Gltf, moves: np.ndarray) -> dict[str, int]:
    return {"POSITION": gltf.sparse(np.where(np.abs(moves).max(1, keepdims=True) > _smallest, moves, 0))}


@dataclass(frozen=True)
class _Bones:
    """The nodes of a figure: the one that carries it all, and its 55 joints."""

    figure: int
    joints: tuple[int, ...]


def _skin(gltf: Gltf, name: str, rest: np.ndarray, pose: BodyPose) -> tuple[_Bones, int]:
    """The bones, posed, and the skin that binds to them where they rest (55, 3)."""
    figure = gltf.add("nodes", {"name": name, "translation": pose.translation.tolist()}, in_scene=True)
    turns = quaternions(pose.axis_angles)
    bones: list[int] = []
    for n, joint in enumerate(joints):
        offset = rest[n] - rest[parents[n]] if n else rest[n]
        node = {"name": published[joint], "translation": offset.tolist(), "rotation": turns[n].tolist()}
        bones.append(gltf.add("nodes", node))
        gltf.json["nodes"][bones[parents[n]] if n else figure].setdefault("children", []).append(bones[n])
    # Joints rest with the world's axes: the way back is the place alone; matrices are written column by column.
    inverse = np.tile(np.eye(4, dtype=np.float32), (len(joints), 1, 1))
    inverse[:, 3, :3] = -rest
    skin = gltf.add("skins", {
        "name": name, "joints": bones, "skeleton": bones[0],
        "inverseBindMatrices": gltf.accessor(inverse.reshape(-1, 16), "MAT4"),
    })  # fmt: skip
    return _Bones(figure, tuple(bones)), skin


def quaternions(turns: np.ndarray) -> np.ndarray:
    """Unit quaternions (..., 4), x, y, z, w as glTF has them, of axis-angles (..., 3)."""
    angle = np.linalg.norm(turns, axis=-1, keepdims=True)
    factor = np.where(angle > 1e-9, np.sin(angle / 2) / np.where(angle > 1e-9, angle, 1), 0.5)
    found = np.concatenate([turns * factor, np.cos(angle / 2)], axis=-1)
    return found / np.linalg.norm(found, axis=-1, keepdims=True)


def _animation(gltf: Gltf, bones: _Bones, mesh_node: int, motion: Motion, units: np.ndarray | None) -> None:
    times = gltf.bounded((np.arange(len(motion)) / motion.fps).astype(np.float32)[:, None], target=False)
    turns = quaternions(np.stack([pose.axis_angles for pose in motion.poses]))
    # A quaternion and its opposite are one turn: each stays on the side of the one before.
    same = np.where((turns[1:] * turns[:-1]).sum(-1, keepdims=True) < 0, -1.0, 1.0)
    turns[1:] *= np.cumprod(same, axis=0)
    places = np.stack([pose.translation for pose in motion.poses])
    tracks = [(bones.figure, "translation", places, "VEC3")]
    tracks += [(bone, "rotation", turns[:, n], "VEC4") for n, bone in enumerate(bones.joints)]
    if units is not None and (units != units[0]).any():
        tracks.append((mesh_node, "weights", units.reshape(-1, 1), "SCALAR"))
    samplers = [
        {"input": times, "output": gltf.accessor(values.astype(np.float32), kind)} for _, _, values, kind in tracks
    ]
    channels = [{"sampler": n, "target": {"node": node, "path": way}} for n, (node, way, _, _) in enumerate(tracks)]
    gltf.add("animations", {"name": motion.name or "motion", "samplers": samplers, "channels": channels})
