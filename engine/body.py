"""A body in SMPL-X's format posed in space: only what is asked for is computed, in batches, and differentiably.

photo → Pose2D → BodyPose → picture: this is the step from a BodyPose to joints, points and a mesh. Metres, radians;
world y up, the body faces +z, its left is +x. Shapes begin with the batch B.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from engine import rotation
from engine.body_file import BodyFile
from engine.body_points import Point, points_of, smplx144
from engine.body_pose import BodyPose
from engine.body_selection import Contour, Landmarks, Selection, yaw_of, yaw_towards
from engine.body_shapes import PoseShapes, regressed, shapes_of
from engine.camera import Camera
from engine.outfit import Outfit
from engine.skeleton import RGB, Skeleton, smplx55
from engine.skinning import Tree, carried, from_rest, pose_features


class Poses(NamedTuple):
    """Bodies to compute together: turns (B, 55, 3) rad in smplx55's order with flat hands zero, betas (B, n),
    expression (B, m), the file's face units (B, K) or (B, 0), translation (B, 3) metres."""

    axis_angles: Tensor
    betas: Tensor
    expression: Tensor
    face_units: Tensor
    translation: Tensor

    @classmethod
    def of(
        cls, poses: Sequence[BodyPose], dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
    ) -> Poses:
        """Body poses as one batch; shorter betas, expressions and face units are filled up with zeros."""
        if not poses:
            raise ValueError("expected at least one body pose, got none")

        def stacked(arrays: list[np.ndarray]) -> Tensor:
            longest = max(array.shape[0] for array in arrays)
            filled = [np.pad(a, [(0, longest - a.shape[0]), *[(0, 0)] * (a.ndim - 1)]) for a in arrays]
            return torch.as_tensor(np.stack(filled), dtype=dtype, device=device)

        fields = ("axis_angles", "betas", "expression", "face_units", "translation")
        return cls(*(stacked([getattr(pose, name) for pose in poses]) for name in fields))


class _Placed(NamedTuple):
    """Turns (B, 55, 3, 3) in the parents' frames; transforms and carriers (B, 55, 3, 4), before translation."""

    rotations: Tensor
    transforms: Tensor
    carriers: Tensor


class World(NamedTuple):
    """Where a body's joints are: turns (B, 55, 3, 3) in the world, and places (B, 55, 3) in metres."""

    rotations: Tensor
    joints: Tensor


@dataclass(frozen=True, eq=False)
class Mesh:
    """One body to look at: vertices (V, 3), joints (55, 3) float32 metres, faces (F, 3) int32, colors (V, 3) uint8."""

    vertices: np.ndarray
    faces: np.ndarray
    joints: np.ndarray
    colors: np.ndarray


class Body(nn.Module):
    """The body of a file: `joint_names` and `parents` (-1 for the root) as smplx55 has them, `faces` (F, 3).

    `file` has the rest of the arrays; `betas` and `expressions` say how many numbers it takes at most; `pose_blend`
    False leaves the corrective shapes of bent joints unread.
    """

    weights: Tensor

    def __init__(self, file: BodyFile, pose_blend: bool = True) -> None:
        super().__init__()
        self.file = file
        self.betas, self.expressions = file.betas, file.expressions
        self.joint_names = smplx55.joints
        self.parents = file.parents
        self.faces = file.indices("f", file.vertices).astype(np.int32)
        self.face_unit_names = file.strings("face_unit_names") if "face_units" in file else ()
        self.outfit = Outfit.of(file)
        with ThreadPoolExecutor(1) as beside:  # unpacking needs no Python: two cores read the two large arrays at once
            corrections = beside.submit(_corrections, file) if pose_blend else None
            self.shapes = shapes_of(file)
        self.pose_shapes = corrections.result() if corrections else None
        regressor = torch.from_numpy(file.array("J_regressor").astype(np.float32)).to_sparse()
        # Joints are linear in the shape: regressed once, in double precision, instead of from every mesh.
        self.joint_shapes = self.shapes.changed(lambda points: regressed(regressor, points))
        self.tree = Tree(self.parents)
        weights = torch.from_numpy(file.array("weights").astype(np.float32))
        self.register_buffer("weights", weights, persistent=False)
        self._landmarks = Landmarks(
            self.faces,
            (file.indices("lmk_faces_idx", len(self.faces)), file.array("lmk_bary_coords")),
            (file.indices("dynamic_lmk_faces_idx", len(self.faces)), file.array("dynamic_lmk_bary_coords")),
            int(self.shapes.base[:, 1].argmax()),
        )
        self._selections: dict[tuple[str, str, str], Selection] = {}

    @classmethod
    def load(cls, path: Path | str, pose_blend: bool = True) -> Body:
        """The body of a file, ours or a user's SMPL-X .npz (v1.0 or v1.1); ValueError says what the file lacks."""
        return cls(BodyFile(path), pose_blend)

    # ── what it is made of ──

    @property
    def dtype(self) -> torch.dtype:
        return self.weights.dtype

    @property
    def device(self) -> torch.device:
        return self.weights.device

    @property
    def layers(self) -> dict[str, RGB]:
        """The clothes of the file, by name, with their colours."""
        return dict(zip(self.outfit.names, self.outfit.colors, strict=True))

    @property
    def default_layers(self) -> tuple[str, ...]:
        """What is worn unless something else is asked for."""
        return self.outfit.default

    @cached_property
    def sliders(self) -> dict[str, np.ndarray]:
        """The betas (n,) that one unit of each named slider adds; empty for a file without names."""
        if "shape_slider_names" not in self.file:
            return {}
        return dict(zip(self.file.strings("shape_slider_names"), self.file.array("shape_sliders"), strict=True))

    def poses(self, *poses: BodyPose) -> Poses:
        """Body poses as one batch in this body's precision and place."""
        return Poses.of(poses, self.dtype, self.device)

    # ── joints, points, mesh ──

    def world(self, poses: Poses) -> World:
        """Forward kinematics alone: every joint's turn and place in the world."""
        _, transforms, _ = self._placed(poses)
        return World(transforms[..., :3], transforms[..., 3] + poses.translation[:, None])

    def joints(self, poses: Poses) -> Tensor:
        """The 55 joints (B, 55, 3), metres."""
        return self.world(poses).joints

    def points(self, poses: Poses, selection: Selection, eye: Tensor | None = None) -> Tensor:
        """The chosen points (B, P, 3), metres; nothing else is skinned.

        A selection whose contour turns follows the head's yaw towards `eye` (3,) or (B, 3), the camera's place in the
        world; without one, the neck's yaw in the world, as SMPL-X's reference counts it.
        """
        rotations, transforms, carriers = self._placed(poses)
        rest = selection.shapes(poses.betas, poses.expression, poses.face_units)
        yaw = None
        if selection.contour == "turning":
            yaw = yaw_of(transforms) if eye is None else yaw_towards(transforms, eye - poses.translation)
        found = selection(rest, rotations, transforms[..., 3], carriers, yaw)
        return found + poses.translation[:, None]

    def vertices(self, poses: Poses, offset: Tensor | None = None) -> Tensor:
        """The whole mesh (B, V, 3), metres; `offset` (V, 3) is added to the rest shape, as clothes do."""
        return self._skinned(poses, self._placed(poses), offset)

    def _skinned(self, poses: Poses, placed: _Placed, offset: Tensor | None) -> Tensor:
        rest = self.shapes(poses.betas, poses.expression, poses.face_units)
        if self.pose_shapes is not None:
            rest = rest + self.pose_shapes(pose_features(placed.rotations))
        if offset is not None:
            rest = rest + offset
        return carried(rest, self.weights, placed.carriers) + poses.translation[:, None]

    def _placed(self, poses: Poses) -> _Placed:
        self._check(poses)
        rest = self.joint_shapes(poses.betas, poses.expression, poses.face_units)
        rotations = rotation.matrix(poses.axis_angles)
        transforms = self.tree(rotations, rest)
        return _Placed(rotations, transforms, from_rest(transforms, rest))

    def _check(self, poses: Poses) -> None:
        batch, units = len(poses.axis_angles), len(self.face_unit_names)
        if poses.axis_angles.shape[1:] != (len(smplx55), 3):
            raise ValueError(f"expected turns of shape (B, 55, 3), got {tuple(poses.axis_angles.shape)}")
        for name, most in (("betas", self.betas), ("expression", self.expressions)):
            if (got := getattr(poses, name).shape[1]) > most:
                raise ValueError(f"expected at most {most} {name} for {self.file.path.name}, got {got}")
        if (got := poses.face_units.shape[1]) not in (0, units):
            wanted = f"none or {units}" if units else "no"
            raise ValueError(f"expected {wanted} face units for {self.file.path.name}, got {got}")
        if any(len(values) != batch for values in poses):
            raise ValueError(f"expected {batch} of everything, got {[len(values) for values in poses]}")

    # ── points by name ──

    def selection(
        self, skeleton: Skeleton, contour: Contour = "front", side: Literal["left", "right"] = "right"
    ) -> Selection:
        """The joints of a human skeleton as points of this body; `side` is for a lone hand. Kept for the next time."""
        key = skeleton.name, contour, side
        if key not in self._selections:
            self._selections[key] = self.chosen(points_of(skeleton, side), contour)
        return self._selections[key]

    def smplx144(self) -> Selection:
        """The 144 points that SMPL-X's reference returns as joints, in its order, the contour turning with the neck."""
        key = "smplx144", "turning", ""
        if key not in self._selections:
            self._selections[key] = self.chosen(smplx144(), "turning")
        return self._selections[key]

    def chosen(self, points: Sequence[Point], contour: Contour = "front") -> Selection:
        """Any points of the body, cut out of it."""
        return Selection(points, self._landmarks, contour, self.shapes, self.pose_shapes, self.weights)

    def _apply(self, fn: Any, recurse: bool = True) -> Body:
        self._selections.clear()  # they are of the precision and on the device that the body leaves
        return super()._apply(fn, recurse)

    # ── one figure, in numpy ──

    @torch.no_grad()
    def mesh(
        self, pose: BodyPose, layers: Iterable[str] | None = None, colors: Mapping[str, RGB] | None = None
    ) -> Mesh:
        """The figure to look at, dressed in the named layers, by default the file's own choice; `colors` dye them."""
        layers = None if layers is None else tuple(layers)
        batch = self.poses(pose)
        offset = self.outfit.offset(layers)
        placed = self._placed(batch)
        vertices = self._skinned(batch, placed, None if offset is None else torch.from_numpy(offset).to(self.weights))
        joints = placed.transforms[..., 3] + batch.translation[:, None]
        return Mesh(_numpy(vertices[0]), self.faces, _numpy(joints[0]), self.outfit.painted(layers, colors))

    @torch.no_grad()
    def seen(self, pose: BodyPose, camera: Camera, skeleton: Skeleton) -> np.ndarray:
        """Pixels (J, 2) where a camera sees a skeleton's joints on the figure, the face's contour as it sees it."""
        return camera.project(self.faced(pose, camera, skeleton))

    def faced(self, pose: BodyPose, camera: Camera, skeleton: Skeleton) -> np.ndarray:
        """A skeleton's joints (J, 3) on the figure, world metres, the face's contour as a camera sees it."""
        R, t = camera.T_camera_world[:3, :3], camera.T_camera_world[:3, 3]
        eye = torch.as_tensor(-R.T @ t).to(self.weights)
        found = self.points(self.poses(pose), self.selection(skeleton, "turning"), eye)
        return found[0].double().cpu().numpy()

    # ── hands as SMPL-X counts them ──

    @cached_property
    def hand_mean(self) -> np.ndarray:
        """The relaxed hands (2, 15, 3) of the file, axis-angle rad, left before right."""
        return np.stack([self.file.array(f"hands_mean{side}").reshape(15, 3) for side in "lr"]).astype(float)

    @cached_property
    def _hand_components(self) -> list[np.ndarray]:
        return [self.file.array(f"hands_components{side}") for side in "lr"]

    def hand_pca(self, left: Tensor, right: Tensor, flat: bool = False) -> Tensor:
        """Hands (B, 2, 15, 3), axis-angle rad, of components (B, n) each, added to the relaxed hand or a flat one."""
        turns = []
        for components, values in zip(self._hand_components, (left, right), strict=True):
            if not 0 < (n := values.shape[1]) <= 45:
                raise ValueError(f"expected 1 … 45 components of a hand, got {n}")
            turns.append(values @ torch.from_numpy(components[:n]).to(values))
        found = torch.stack(turns, dim=1).unflatten(-1, (15, 3))
        return found if flat else found + torch.from_numpy(self.hand_mean).to(found)


def _corrections(file: BodyFile) -> PoseShapes:
    return PoseShapes(file.blocks("posedirs"), file.vertices, len(smplx55) - 1)


def _numpy(values: Tensor) -> np.ndarray:
    return values.float().cpu().numpy()
