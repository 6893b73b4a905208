"""OBJ: the body's quads, texture places and parts, where it stands; several figures one after the other."""

import io
from pathlib import Path

import numpy as np
import pytest
import trimesh

from engine.body import Body
from engine.body_pose import BodyPose
from engine.formats.obj import to_obj
from engine.formats.surface import influences, normals, polygons

path = Path(__file__).parent.parent / "assets" / "body" / "contrapposto_neutral.npz"


@pytest.fixture(scope="module")
def body():
    return Body.load(path)


@pytest.fixture(scope="module")
def pose():
    turns = np.random.default_rng(0).normal(size=(55, 3)) * 0.3
    return BodyPose().with_axis_angles(turns).moved((1, 2, 3))


@pytest.fixture(scope="module")
def lines(body, pose):
    return [line.split() for line in to_obj(body, [pose, BodyPose()]).decode().splitlines()]


def rows(lines, key):
    return [line[1:] for line in lines if line[0] == key]


def test_vertices_and_colours_are_the_meshs(body, pose, lines):
    found = np.array(rows(lines, "v"), dtype=float)
    meshes = [body.mesh(pose), body.mesh(BodyPose())]
    np.testing.assert_allclose(found[:, :3], np.concatenate([m.vertices for m in meshes]), atol=1e-6)
    np.testing.assert_allclose(found[:, 3:] * 255, np.concatenate([m.colors for m in meshes]), atol=0.05)


def test_quads_cover_the_triangles_with_their_texture_places(body, lines):
    faces = [[tuple(int(n) for n in corner.split("/")) for corner in row] for row in rows(lines, "f")]
    places = rows(lines, "vt")
    count = body.file.vertices
    assert {len(face) for face in faces} == ({4} if "quads" in body.file else {3})
    own = faces[: len(faces) // 2]
    vt, ft = body.file.array("vt"), body.file.array("ft").astype(int)
    # Each corner of a triangle must be found with its own texture place in the polygon that covers it.
    found = {(v - 1, *places[t - 1]) for face in own for v, t in face}
    told = [[f"{n:.6f}" for n in row] for row in vt.astype(float).round(6)]
    assert found == {(v, *told[t]) for v, t in zip(body.faces.reshape(-1).tolist(), ft.reshape(-1), strict=True)}
    corners = {frozenset(v - 1 for v, _ in face) for face in own}
    triangles = [frozenset(face) for face in body.faces.tolist()]
    assert sum(len(face) - 2 for face in own) == len(triangles)
    by_vertex = {}
    for face in corners:
        for vertex in face:
            by_vertex.setdefault(vertex, []).append(face)
    assert all(any(triangle <= face for face in by_vertex[min(triangle)]) for triangle in triangles)
    assert [[(v - count, t) for v, t in face] for face in faces[len(own) :]] == own, "the second figure alike"


def test_polygons_face_outwards_as_the_triangles_do(body):
    surface = polygons(body.file, body.faces)
    rest = body.mesh(BodyPose()).vertices.astype(float)
    around = normals(rest, body.faces)
    a, b, c = (rest[surface.vertices[:, n]] for n in range(3))
    across = np.cross(b - a, c - a)
    big = np.linalg.norm(across, axis=1) > 1e-7
    agree = (across * around[surface.vertices[:, 0]]).sum(1)[big] > 0
    assert agree.mean() > 0.99


def test_groups_are_the_parts_of_the_face(body, lines):
    names = [row[0] for row in rows(lines, "g")]
    if "part_names" in body.file:
        assert names[: len(names) // 2] == [f"figure_1_{name}" for name in body.file.strings("part_names")]
    assert [row[0] for row in rows(lines, "o")] == ["figure_1", "figure_2"]
    surface = polygons(body.file, body.faces)
    assert sum(len(part) for _, part in surface.parts) == len(surface.vertices)


def test_trimesh_reads_it(body, pose):
    mesh = trimesh.load(io.BytesIO(to_obj(body, [pose])), file_type="obj", force="mesh", process=False)
    vertices = body.mesh(pose).vertices
    np.testing.assert_allclose(mesh.bounds, [vertices.min(0), vertices.max(0)], atol=1e-5)
    assert len(mesh.faces) == len(body.faces)


def test_nobody_is_refused(body):
    with pytest.raises(ValueError, match="expected at least one body"):
        to_obj(body, [])


def test_influences_are_the_strongest_and_add_up_to_one():
    weights = np.zeros((3, 55))
    weights[0, 7] = 1
    weights[1, [3, 9]] = [0.25, 0.75]
    weights[2, :10] = np.arange(1, 11) / 55
    joints, kept = influences(weights)
    assert joints.shape == kept.shape == (3, 8)
    assert joints[1, :2].tolist() == [9, 3]
    assert kept[1].tolist() == [0.75, 0.25, 0, 0, 0, 0, 0, 0]
    assert joints[2].tolist() == [9, 8, 7, 6, 5, 4, 3, 2]
    np.testing.assert_allclose(kept.astype(float).sum(1), 1, atol=1e-7)
    assert influences(weights[:2])[0].shape == (2, 4)
