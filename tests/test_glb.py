"""GLB: sound by glTF's rules, read back by trimesh and by a skinner of its own, every figure where it stands."""

import io
import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh

from engine.body import Body
from engine.body_pose import BodyPose
from engine.formats.glb import Options, correctives, linear, quaternions, to_glb, to_plain_glb
from engine.motion import Motion
from engine.rig import matrices, parents
from engine.skeleton import smplx55

path = Path(__file__).parent.parent / "assets" / "body" / "contrapposto_neutral.npz"
components = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
widths = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@pytest.fixture(scope="module")
def body():
    return Body.load(path)


def some_pose(body, seed=0, turned=0.4):
    rng = np.random.default_rng(seed)
    units = np.round(rng.random(len(body.face_unit_names)) * (rng.random(len(body.face_unit_names)) < 0.2), 3)
    pose = BodyPose(betas=rng.normal(size=10), expression=rng.normal(size=10) * 0.5, face_units=units)
    return pose.with_axis_angles(rng.normal(size=(55, 3)) * turned).moved(rng.normal(size=3))


class File:
    """A GLB taken apart by nothing but its own rules."""

    def __init__(self, data):
        magic, version, total = struct.unpack_from("<4sII", data)
        assert (magic, version, total) == (b"glTF", 2, len(data))
        length, kind = struct.unpack_from("<I4s", data, 12)
        assert kind == b"JSON"
        assert length % 4 == 0
        self.json = json.loads(data[20 : 20 + length])
        size, kind = struct.unpack_from("<I4s", data, 20 + length)
        assert kind == b"BIN\0"
        assert size % 4 == 0
        self.buffer = data[28 + length :]
        assert len(self.buffer) == size == self.json["buffers"][0]["byteLength"]

    def _view(self, index, kind, count, width):
        view = self.json["bufferViews"][index]
        kind = np.dtype(components[kind])
        assert view["byteOffset"] % 4 == 0
        assert "byteStride" not in view
        assert view["byteLength"] == count * width * kind.itemsize
        assert view["byteOffset"] + view["byteLength"] <= len(self.buffer)
        values = np.frombuffer(self.buffer, kind, count * width, view["byteOffset"])
        return values.reshape(count, width)

    def array(self, index):
        one = self.json["accessors"][index]
        count, width = one["count"], widths[one["type"]]
        values = np.zeros((count, width), np.float32)
        if "bufferView" in one:
            values = self._view(one["bufferView"], one["componentType"], count, width)
        if "sparse" in one:
            sparse = one["sparse"]
            rows = self._view(sparse["indices"]["bufferView"], sparse["indices"]["componentType"], sparse["count"], 1)
            assert (np.diff(rows[:, 0].astype(int)) > 0).all()
            assert rows.max() < count
            values[rows[:, 0]] = self._view(sparse["values"]["bufferView"], 5126, sparse["count"], width)
        if "min" in one:
            assert values.min(0).tolist() == one["min"]
            assert values.max(0).tolist() == one["max"]
        assert np.isfinite(values).all()
        return values

    def places(self, nodes=None):
        """Each node's matrix in the world; a node is the child of one other or stands in the scene."""
        nodes = nodes or self.json["nodes"]
        world = [None] * len(nodes)

        def walk(index, above):
            assert world[index] is None, "a node with two parents"
            x, y, z, w = nodes[index].get("rotation", (0, 0, 0, 1))
            assert abs(x * x + y * y + z * z + w * w - 1) < 1e-6
            own = np.eye(4)
            own[:3, :3] = [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
            own[:3, 3] = nodes[index].get("translation", (0, 0, 0))
            world[index] = above @ own
            for child in nodes[index].get("children", ()):
                walk(child, world[index])

        for root in self.json["scenes"][0]["nodes"]:
            walk(root, np.eye(4))
        assert all(one is not None for one in world), "a node outside the scene"
        return world

    def skinned(self, mesh_node, nodes=None, **keys):
        """The vertices that a viewer would show of a mesh, its shape keys as they are set or as `keys` set them."""
        world = self.places(nodes)
        node = self.json["nodes"][mesh_node]
        mesh, skin = self.json["meshes"][node["mesh"]], self.json["skins"][node["skin"]]
        primitive = mesh["primitives"][0]
        points = self.array(primitive["attributes"]["POSITION"]).astype(float)
        names = mesh.get("extras", {}).get("targetNames", [])
        assert len(names) == len(primitive.get("targets", ())) == len(mesh.get("weights", ()))
        for name, target, weight in zip(names, primitive.get("targets", ()), mesh.get("weights", ()), strict=True):
            points += keys.get(name, weight) * self.array(target["POSITION"])
        inverse = self.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).swapaxes(1, 2)
        bones = np.stack([world[joint] @ back for joint, back in zip(skin["joints"], inverse, strict=True)])
        points = np.hstack([points, np.ones((len(points), 1))])
        found = np.zeros((len(points), 3))
        for n in range(2):
            if f"JOINTS_{n}" in primitive["attributes"]:
                joints, weights = (self.array(primitive["attributes"][f"{kind}_{n}"]) for kind in ("JOINTS", "WEIGHTS"))
                found += np.einsum("vk,vkij,vj->vi", weights, bones[joints][:, :, :3], points)
        return found

    def mesh_nodes(self):
        return [n for n, node in enumerate(self.json["nodes"]) if "mesh" in node]


def split(file):
    """Which vertex of the body each of the file's is, by the faces."""
    primitive = file.json["meshes"][0]["primitives"][0]
    corners = file.array(primitive["indices"])[:, 0]
    found = np.full(len(file.array(primitive["attributes"]["POSITION"])), -1)
    return corners, found


def as_in_file(file, body, vertices):
    corners, of = split(file)
    of[corners] = body.faces.reshape(-1)
    assert (of >= 0).all()
    return vertices[of]


# ── what glTF asks for ──


def sound(file):
    """Everything in the file is used as glTF 2.0 allows."""
    for mesh in file.json["meshes"]:
        (primitive,) = mesh["primitives"]
        attributes = {name: file.array(index) for name, index in primitive["attributes"].items()}
        count = len(attributes["POSITION"])
        assert {len(values) for values in attributes.values()} == {count}
        assert "min" in file.json["accessors"][primitive["attributes"]["POSITION"]]
        indices = file.array(primitive["indices"])
        assert indices.max() == count - 1
        assert len(indices) % 3 == 0
        np.testing.assert_allclose(np.linalg.norm(attributes["NORMAL"], axis=1), 1, atol=1e-5)
        assert attributes["COLOR_0"].dtype == np.uint16
        assert (attributes["COLOR_0"][:, 3] == 65535).all()
        assert file.json["accessors"][primitive["attributes"]["COLOR_0"]]["normalized"] is True
        for target in primitive.get("targets", ()):
            assert len(file.array(target["POSITION"])) == count
            assert "min" in file.json["accessors"][target["POSITION"]]
        sets = [name for name in attributes if name.startswith("WEIGHTS")]
        if sets:
            weights = np.hstack([attributes[name] for name in sets]).astype(float)
            joints = np.hstack([attributes[name.replace("WEIGHTS", "JOINTS")] for name in sets])
            assert np.abs(weights.sum(1) - 1).max() < 2e-7
            assert weights.min() >= 0
            assert joints.max() < 55
            assert (joints[weights == 0] == 0).all()
    for index, view in enumerate(file.json["bufferViews"]):
        used = [one for one in file.json["accessors"] if one.get("bufferView") == index]
        if view.get("target") == 34963:
            assert all(one["type"] == "SCALAR" for one in used)
    for accessor in range(len(file.json["accessors"])):
        file.array(accessor)
    file.places()


def test_a_figure_is_sound_by_gltfs_rules(body):
    for figures, options in (
        ([some_pose(body)], None),
        ([some_pose(body, 1), some_pose(body, 2)], Options(shape_keys=False)),
        ([Motion((some_pose(body, 3), some_pose(body, 4)), 25, "walk")], None),
    ):
        sound(File(to_glb(body, figures, options)))
    sound(File(to_plain_glb([body.mesh(some_pose(body))])))


def test_the_bones_are_smplxs_by_name_and_tree(body):
    file = File(to_glb(body, [some_pose(body)]))
    nodes, joints = file.json["nodes"], file.json["skins"][0]["joints"]
    names = [nodes[joint]["name"] for joint in joints]
    assert len(names) == 55
    assert names[:3] == ["pelvis", "left_hip", "right_hip"]
    assert names[22:26] == ["jaw", "left_eye_smplhf", "right_eye_smplhf", "left_index1"]
    assert names[-1] == "right_thumb3"
    above = {child: n for n, node in enumerate(nodes) for child in node.get("children", ())}
    assert [joints.index(above[j]) if above[j] in joints else -1 for j in joints] == list(parents)


def test_trimesh_reads_it_with_the_right_bounds_and_bones(body):
    pose = some_pose(body)
    scene = trimesh.load(io.BytesIO(to_glb(body, [pose])), file_type="glb")
    still = replace(pose.with_axis_angles(np.zeros((55, 3))), translation=np.zeros(3), face_units=np.zeros(0))
    vertices = body.mesh(still).vertices
    np.testing.assert_allclose(scene.bounds, [vertices.min(0), vertices.max(0)], atol=1e-5)
    assert len(set(scene.graph.nodes) & {*smplx55.joints[:23], "left_index1", "right_thumb3"}) == 25
    plain = trimesh.load(io.BytesIO(to_plain_glb([body.mesh(pose)])), file_type="glb")
    vertices = body.mesh(pose).vertices
    np.testing.assert_allclose(plain.bounds, [vertices.min(0), vertices.max(0)], atol=1e-5)


# ── where it stands ──


def test_it_opens_exactly_as_the_body_stands(body):
    pose = some_pose(body)
    file = File(to_glb(body, [pose]))
    expected = as_in_file(file, body, body.mesh(pose).vertices)
    assert np.abs(file.skinned(*file.mesh_nodes()) - expected).max() < 1e-4


def test_the_bones_alone_are_linear_skinning(body):
    pose = some_pose(body)
    plain = Body.load(path, pose_blend=False).mesh(pose).vertices
    for options, keys in ((None, {correctives: 0}), (Options(shape_keys=False), {})):
        file = File(to_glb(body, [pose], options))
        assert np.abs(file.skinned(*file.mesh_nodes(), **keys) - as_in_file(file, body, plain)).max() < 1e-4
    assert np.abs(plain - body.mesh(pose).vertices).max() > 1e-3, "or this would say nothing"


def test_face_keys_move_what_the_units_move(body):
    if not body.face_unit_names:
        pytest.skip("the body file names no face units")
    pose = replace(some_pose(body), face_units=np.zeros(len(body.face_unit_names)))
    file = File(to_glb(body, [pose]))
    for name in ("jawOpen", "mouthSmileLeft", "browInnerUp", body.face_unit_names[0]):
        if name in body.face_unit_names:
            units = np.eye(len(body.face_unit_names))[body.face_unit_names.index(name)]
            expected = as_in_file(file, body, body.mesh(replace(pose, face_units=units)).vertices)
            found = file.skinned(*file.mesh_nodes(), **{name: 1})
            assert np.abs(found - expected).max() < 1e-4
            assert np.abs(found - file.skinned(*file.mesh_nodes())).max() > 1e-3


def test_several_figures_have_skins_of_their_own(body):
    poses = [some_pose(body, 5), some_pose(body, 6)]
    file = File(to_glb(body, poses))
    assert len(file.json["skins"]) == 2
    assert not set(file.json["skins"][0]["joints"]) & set(file.json["skins"][1]["joints"])
    for node, pose in zip(file.mesh_nodes(), poses, strict=True):
        assert np.abs(file.skinned(node) - as_in_file(file, body, body.mesh(pose).vertices)).max() < 1e-4


def test_a_motion_is_an_animation_of_the_bones(body):
    poses = tuple(replace(some_pose(body, n), betas=np.zeros(10), expression=np.zeros(10)) for n in (7, 8, 9))
    file = File(to_glb(body, [Motion(poses, 25, "walk")]))
    (animation,) = file.json["animations"]
    assert animation["name"] == "walk"
    nodes = json.loads(json.dumps(file.json["nodes"]))
    units = None
    for channel in animation["channels"]:
        sampler = animation["samplers"][channel["sampler"]]
        np.testing.assert_allclose(file.array(sampler["input"])[:, 0], [0, 0.04, 0.08], atol=1e-7)
        values = file.array(sampler["output"])
        if channel["target"]["path"] == "weights":
            units = values.reshape(3, -1)[2]
        else:
            nodes[channel["target"]["node"]][channel["target"]["path"]] = values[2].tolist()
    keys = dict(zip(body.face_unit_names, units if units is not None else (), strict=False))
    found = file.skinned(*file.mesh_nodes(), nodes=nodes, **keys)
    expected = Body.load(path, pose_blend=False).mesh(poses[2]).vertices
    assert np.abs(found - as_in_file(file, body, expected)).max() < 1e-4
    turned = [a for a in animation["channels"] if a["target"]["path"] == "rotation"]
    values = np.stack([file.array(animation["samplers"][a["sampler"]]["output"]) for a in turned], 1)
    assert ((values[1:] * values[:-1]).sum(-1) >= 0).all(), "each turn takes the short way"


# ── how it looks ──


def test_texture_places_are_the_files_own_upside_down(body):
    file = File(to_glb(body, [BodyPose()]))
    primitive = file.json["meshes"][0]["primitives"][0]
    corners, _ = split(file)
    found = file.array(primitive["attributes"]["TEXCOORD_0"])[corners]
    expected = body.file.array("vt")[body.file.array("ft").reshape(-1).astype(int)]
    np.testing.assert_allclose(found, np.stack([expected[:, 0], 1 - expected[:, 1]], 1), atol=1e-5)


def test_colours_are_linear_light(body):
    assert linear(np.array([[0, 128, 255]], np.uint8)).tolist() == [[0, 14146, 65535, 65535]]
    mesh = body.mesh(BodyPose(), layers=())
    file = File(to_glb(body, [BodyPose()], Options(layers=())))
    found = file.array(file.json["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"])
    assert (found == as_in_file(file, body, linear(mesh.colors))).all()


def test_clothes_are_worn_and_dyed(body):
    if not body.layers:
        pytest.skip("the body file has no clothes")
    name = body.default_layers[0]
    bare, dressed, dyed = (
        File(to_glb(body, [BodyPose()], options))
        for options in (
            Options(layers=()),
            Options(layers=(name,)),
            Options(layers=(name,), colors=((name, (9, 8, 7)),)),
        )
    )

    def colors(file):
        return file.array(file.json["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"])

    assert (colors(bare) != colors(dressed)).any()
    assert (colors(dressed) != colors(dyed)).any()
    assert (bare.skinned(*bare.mesh_nodes()) != dressed.skinned(*dressed.mesh_nodes())).any()


def test_quaternions_are_the_turns():
    turns = np.random.default_rng(0).normal(size=(50, 3)) * 2
    turns[:2] = [[0, 0, 0], [1e-12, 0, 0]]
    x, y, z, w = quaternions(turns).T
    found = np.stack([2 * (x * y + z * w), 2 * (x * z - y * w), 1 - 2 * (y * y + z * z)], 1)
    np.testing.assert_allclose(found, matrices(turns)[:, [1, 2, 0], 0], atol=1e-12)


def test_face_units_of_another_body_are_refused(body):
    wrong = replace(some_pose(body), face_units=np.zeros(len(body.face_unit_names) + 3))
    with pytest.raises(ValueError, match="face units, got"):
        to_glb(body, [wrong])


def test_nobody_is_refused(body):
    for writer in (lambda: to_glb(body, []), lambda: to_plain_glb([])):
        with pytest.raises(ValueError, match="expected at least one"):
            writer()
