"""The neutral body at work: its mesh, rings and skin weights, and any other macro shape posed the same way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scripts.bodywork.eyes import iris_slide, line_of_sight
from scripts.bodywork.joints import Rings, cube_joints, names, rings
from scripts.bodywork.macro import Macro, Sculptor, neutral
from scripts.bodywork.mesh import BodyMesh, body_mesh, selection
from scripts.bodywork.skinweights import skin_weights
from scripts.bodywork.sources import Array, BaseMesh, Wheel
from scripts.bodywork.surface import Surface
from scripts.bodywork.tpose import direction_turns, t_posed


@dataclass(frozen=True)
class Workpiece:
    """What all later steps read: `template` (V, 3) and `joints` (55, 3) of the neutral body in the T-pose, metres.

    `slide` (V, 3) is what makes the irises round; every T-posed shape has it.
    """

    wheel: Wheel
    base: BaseMesh
    sculptor: Sculptor
    mesh: BodyMesh
    rings: Rings
    weights: Array
    a_pose: Array
    template: Array
    joints: Array
    slide: Array

    def shaped(self, macro: Macro) -> tuple[Array, Array]:
        """Vertices and joints of another body in the T-pose, its pelvis where the neutral's is."""
        vertices = self.mesh.matrix @ self.sculptor.vertices(macro)
        posed, joints = t_posed(vertices, self.rings.joints(vertices), self.weights)
        return posed + self.slide, joints

    def turned(self, displacements: Array) -> Array:
        """Small displacements (19158, 3) of the neutral base mesh as the T-posed body shows them (V, 3)."""
        moved = self.mesh.matrix @ displacements
        turns = direction_turns(self.weights, self.rings.joints(self.a_pose))
        return (turns @ moved[:, :, None])[:, :, 0]

    def cage(self, group: str) -> Surface:
        """A helper mesh of MakeHuman's around the neutral body, in the T-pose: `helper-tights` is a suit with feet."""
        members = self.base.members(group)
        quads = np.searchsorted(members, self.base.groups[group])
        vertices = self.sculptor.vertices(neutral)[members]
        joints = self.rings.joints(self.a_pose)
        weights = skin_weights(self.wheel, self.base, selection(members, len(self.base.vertices)), vertices, joints)
        faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
        return Surface.of(t_posed(vertices, joints, weights)[0], faces)

    def both_sides(self, field: Array) -> Array:
        """A vertex field (V, 3) made exactly symmetrical."""
        return (field + field[self.mesh.mirror] * [-1, 1, 1]) / 2


def workpiece(wheel: Wheel) -> Workpiece:
    """The neutral body."""
    base = wheel.base_mesh()
    sculptor = Sculptor(wheel, base.vertices)
    shape = sculptor.vertices(neutral)
    mesh = body_mesh(base, shape)
    vertices = mesh.matrix @ shape
    cubes = cube_joints(base, shape)
    around = rings(mesh, vertices, cubes)
    weights = skin_weights(wheel, base, mesh.matrix, vertices, cubes)
    template, joints = t_posed(vertices, around.joints(vertices), weights)
    assert len(joints) == len(names)
    slide = iris_slide(mesh, template, joints, line_of_sight(around.joints(vertices)))
    return Workpiece(wheel, base, sculptor, mesh, around, weights, vertices, template + slide, joints, slide)
