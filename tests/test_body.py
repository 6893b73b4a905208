"""The body: to the letter SMPL-X's reference, whatever part is asked for, with slopes; points where their names say."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.body import Body, Poses
from engine.body_pose import BodyPose
from engine.outfit import plain_skin
from engine.skeleton import openpose18, smplx55, wholebody133


@pytest.fixture(scope="session")
def files(body_path, tmp_path_factory):
    """The body as the two versions of a user's SMPL-X files have it: (v1.1 as it is, v1.0 with 20 columns alone)."""
    folder = tmp_path_factory.mktemp("bodies")
    shutil.copy(body_path, folder / "smplx_v11.npz")
    with np.load(body_path, allow_pickle=False) as source:
        keys = (
            "v_template f posedirs J_regressor weights kintree_table lmk_faces_idx lmk_bary_coords "
            "dynamic_lmk_faces_idx dynamic_lmk_bary_coords hands_componentsl hands_componentsr hands_meanl hands_meanr"
        )
        kept = {name: source[name] for name in keys.split()}
        kept["shapedirs"] = np.ascontiguousarray(source["shapedirs"][..., [*range(10), *range(300, 310)]])
    np.savez(folder / "smplx_v10.npz", **kept)
    return {"v1.1": folder / "smplx_v11.npz", "v1.0": folder / "smplx_v10.npz"}


@pytest.fixture(scope="module")
def bodies(files):
    """Those files read, by version; nothing may change them."""
    return {version: Body.load(path) for version, path in files.items()}


def some_poses(body, count, seed=0, expressions=10):
    """Bodies turned, shaped and placed at random; the face's units too where the file has them."""
    rng = np.random.default_rng(seed)
    values = (
        rng.normal(size=(count, 55, 3)) * 0.4,
        rng.normal(size=(count, 10)),
        rng.normal(size=(count, expressions)),
        rng.uniform(0, 1, (count, len(body.face_unit_names))),
        rng.normal(size=(count, 3)),
    )
    return Poses(*(torch.tensor(value, dtype=body.dtype) for value in values))


def close(a, b, within=1e-5):
    torch.testing.assert_close(a, b, rtol=0, atol=within)


# ── against the reference implementation ──

variants = {
    "as it comes: six components around the relaxed hand": {},
    "twelve components around the flat hand": {"num_pca_comps": 12, "flat_hand_mean": True},
    "whole hands around the relaxed hand": {"use_pca": False},
    "whole flat hands and the face's contour": {"use_pca": False, "flat_hand_mean": True, "use_face_contour": True},
}


@pytest.mark.parametrize("version", ["v1.1", "v1.0"])
@pytest.mark.parametrize("variant", variants)
def test_mesh_and_joints_are_those_of_the_reference(files, bodies, version, variant, capsys):
    smplx = pytest.importorskip("smplx", reason="the reference implementation is not installed")
    options, count = variants[variant], 3
    expressions = 100 if version == "v1.1" else 10
    reference = smplx.create(
        str(files[version]), "smplx", batch_size=count, num_expression_coeffs=expressions, **options
    )
    body = bodies[version]
    given = some_poses(body, count, 5, expressions)
    components = {True: options.get("num_pca_comps", 6), False: 45}[options.get("use_pca", True)]
    left, right = torch.randn(2, count, components, generator=torch.Generator().manual_seed(1)) * 0.4
    turns = given.axis_angles
    expected = reference(
        global_orient=turns[:, 0], body_pose=turns[:, 1:22].flatten(1), jaw_pose=turns[:, 22], leye_pose=turns[:, 23],
        reye_pose=turns[:, 24], left_hand_pose=left, right_hand_pose=right, betas=given.betas,
        expression=given.expression, transl=given.translation,
    )  # fmt: skip
    flat = options.get("flat_hand_mean", False)
    if options.get("use_pca", True):
        hands = body.hand_pca(left, right, flat)
    else:
        hands = torch.stack([left, right], dim=1).unflatten(-1, (15, 3))
        hands = hands if flat else hands + torch.from_numpy(body.hand_mean).float()
    poses = given._replace(
        axis_angles=torch.cat([turns[:, :25], hands.flatten(1, 2)], dim=1), face_units=torch.zeros(count, 0)
    )
    close(body.vertices(poses), expected.vertices.detach())
    close(body.joints(poses), expected.joints[:, :55].detach())
    ours = body.points(poses, body.smplx144())
    assert expected.joints.shape[1] == (144 if options.get("use_face_contour") else 127)
    close(ours[:, : expected.joints.shape[1]], expected.joints.detach())


def test_the_contour_turns_as_the_reference_turns_it(files, bodies, capsys):
    smplx = pytest.importorskip("smplx", reason="the reference implementation is not installed")
    yaws = np.radians([-60, -39.4, -20.4, -0.6, 0, 0.6, 20.4, 39.4, 60, 170])
    poses = [
        BodyPose(root=np.array([0, yaw / 2, 0])).with_joint("neck", (0, yaw / 2, 0)).with_joint("head", (0, 0.3, 0))
        for yaw in yaws
    ]
    options = {"use_face_contour": True, "flat_hand_mean": True, "batch_size": len(poses)}
    reference = smplx.create(str(files["v1.1"]), "smplx", **options)
    body = bodies["v1.1"]
    batch = body.poses(*poses)
    expected = reference(global_orient=batch.axis_angles[:, 0], body_pose=batch.axis_angles[:, 1:22].flatten(1))
    close(body.points(batch, body.smplx144()), expected.joints.detach())


# ── every way to ask gives the same ──


def test_chosen_points_are_those_of_the_whole_mesh(body):
    poses = some_poses(body, 3)
    vertices, joints = body.vertices(poses), body.joints(poses)
    chosen = body.selection(wholebody133)
    assert len(chosen.vertices) < 300
    found = body.points(poses, chosen)
    close(found, chosen.joint_mix @ joints + chosen.vertex_mix @ vertices[:, chosen.vertices])
    for name, joint in {"left_hip": "left_hip", "right_hand_root": "right_wrist"}.items():
        close(found[:, chosen.index(name)], joints[:, smplx55.index(joint)])
    close(found[:, chosen.index("nose")], vertices[:, 9120])
    close(found[:, chosen.index("left_eye")], vertices[:, 9448])
    with pytest.raises(ValueError, match="expected one of the 133 chosen points, got 'tail'"):
        chosen.index("tail")


def test_the_joints_are_those_a_rest_mesh_has(body):
    """Regressed once for all shapes, they are what the file's regressor finds on each mesh."""
    poses = some_poses(body, 2)
    still = poses._replace(axis_angles=torch.zeros(2, 55, 3), translation=torch.zeros(2, 3))
    regressor = torch.from_numpy(body.file.array("J_regressor").astype(np.float32))
    close(body.joints(still), regressor @ body.vertices(still))


def test_a_batch_is_its_members(body):
    poses = some_poses(body, 4)
    together = body.points(poses, body.selection(wholebody133, "turning"))
    for i in range(4):
        alone = Poses(*(values[i : i + 1] for values in poses))
        close(body.points(alone, body.selection(wholebody133, "turning"))[0], together[i], 1e-6)
        close(body.vertices(alone)[0], body.vertices(poses)[i], 1e-6)


def test_kinematics_carry_a_frame(body):
    """The world's turns and places are those that the mesh shows: a wrist turned moves the hand's joints about it."""
    pose = BodyPose(root=np.array([0, 0.5, 0.2])).with_joint("left_elbow", (0, -1.0, 0))
    turned = pose.with_joint("left_wrist", (0, 0, 0.7))
    before, after = body.world(body.poses(pose)), body.world(body.poses(turned))
    wrist, tip = smplx55.index("left_wrist"), smplx55.index("left_hand_index_3")
    arm = before.joints[0, tip] - before.joints[0, wrist]
    change = after.rotations[0, wrist] @ before.rotations[0, wrist].T
    close(after.joints[0, tip] - after.joints[0, wrist], change @ arm, 1e-6)
    close(after.rotations[0, tip], after.rotations[0, wrist], 1e-6)
    assert body.parents[tip] == smplx55.index("left_hand_index_2")


def test_translation_and_shape_lengths(body):
    pose = BodyPose(betas=np.array([1.5]), expression=np.zeros(0), translation=np.array([1.0, 2, 3]))
    still = replace(pose, translation=np.zeros(3))
    moved, stayed = body.mesh(pose), body.mesh(still)
    np.testing.assert_allclose(
        moved.vertices - stayed.vertices, np.broadcast_to([1, 2, 3], moved.vertices.shape), atol=1e-5
    )
    np.testing.assert_allclose(moved.joints - stayed.joints, np.broadcast_to([1, 2, 3], moved.joints.shape), atol=1e-5)
    longer = body.mesh(replace(still, betas=np.array([1.5, 0, 0]), expression=np.zeros(40)))
    assert (longer.vertices == stayed.vertices).all()
    batch = Poses.of([pose, BodyPose(face_units=np.ones(4))])
    assert batch.betas.shape == (2, 10)
    assert batch.face_units.tolist() == [[0] * 4, [1] * 4]
    assert batch.expression.shape == (2, 10)


def test_wrong_shapes_are_refused(body, files):
    with pytest.raises(ValueError, match="expected at least one body pose"):
        Poses.of([])
    old = Body.load(files["v1.0"])
    with pytest.raises(ValueError, match=r"expected at most 10 betas for smplx_v10.npz, got 11"):
        old.mesh(BodyPose(betas=np.zeros(11)))
    with pytest.raises(ValueError, match=r"expected at most 10 expression .*, got 50"):
        old.mesh(BodyPose(expression=np.zeros(50)))
    with pytest.raises(ValueError, match=r"expected at most 300 betas .*, got 301"):
        body.mesh(BodyPose(betas=np.zeros(301)))
    with pytest.raises(ValueError, match=r"expected no face units for smplx_v10.npz, got 3"):
        old.mesh(BodyPose(face_units=np.zeros(3)))
    with pytest.raises(ValueError, match=r"expected none or 44 face units .*, got 3"):
        body.mesh(BodyPose(face_units=np.zeros(3)))
    poses = some_poses(body, 2)
    with pytest.raises(ValueError, match="expected turns of shape"):
        body.joints(poses._replace(axis_angles=torch.zeros(2, 54, 3)))
    with pytest.raises(ValueError, match="expected 2 of everything"):
        body.joints(poses._replace(betas=torch.zeros(1, 10)))
    with pytest.raises(ValueError, match="expected 1 … 45 components of a hand, got 46"):
        body.hand_pca(torch.zeros(1, 46), torch.zeros(1, 46))


def test_slopes_are_those_of_finite_differences(body_path):
    body = Body.load(body_path).double()
    chosen = body.selection(openpose18)
    assert chosen.weights.dtype == torch.float64
    poses = some_poses(body, 1)
    poses = Poses(poses.axis_angles * (torch.arange(55) % 3 > 0)[:, None], *poses[1:])  # some joints not turned at all
    inputs = tuple(values.clone().requires_grad_() for values in poses)
    assert torch.autograd.gradcheck(lambda *p: body.points(Poses(*p), chosen), inputs, fast_mode=True)
    some = torch.tensor([10, 5000, 9120, 9900])
    assert torch.autograd.gradcheck(lambda *p: body.vertices(Poses(*p))[:, some], inputs, fast_mode=True)
    assert torch.autograd.gradcheck(lambda *p: body.world(Poses(*p)).rotations, inputs[:1] + poses[1:], fast_mode=True)


def test_moving_a_body_to_another_precision_leaves_its_old_points_behind(body_path):
    body = Body.load(body_path)
    single = body.points(body.poses(BodyPose()), body.selection(openpose18))
    body.double()
    double = body.points(body.poses(BodyPose()), body.selection(openpose18))
    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)
    close(single.double(), double, 1e-6)


def test_without_corrective_shapes_only_bent_joints_differ(body, body_path):
    plain = Body.load(body_path, pose_blend=False)
    bent = BodyPose().with_joint("left_elbow", (0, -1.5, 0))
    assert np.abs(plain.mesh(BodyPose()).vertices - body.mesh(BodyPose()).vertices).max() < 1e-6
    apart = np.abs(plain.mesh(bent).vertices - body.mesh(bent).vertices).max()
    assert 1e-3 < apart < 0.1
    batch = body.poses(bent)
    close(plain.points(batch, plain.selection(openpose18)), body.points(batch, body.selection(openpose18)), 0.03)


# ── the mesh to look at ──


def test_the_mesh_is_ready_to_draw(body):
    mesh = body.mesh(BodyPose(), layers=())
    v = body.file.vertices
    assert (mesh.vertices.shape, mesh.vertices.dtype) == ((v, 3), np.float32)
    assert (mesh.colors.shape, mesh.colors.dtype) == ((v, 3), np.uint8)
    assert mesh.joints.shape == (55, 3)
    assert mesh.faces.max() < v
    height = np.ptp(mesh.vertices[:, 1])
    assert 1.4 < height < 2.1
    # Counter-clockwise triangles enclose a volume: a body weighs about as much as its water.
    a, b, c = (mesh.vertices[mesh.faces[:, i]].astype(float) for i in range(3))
    assert 0.04 < (np.cross(a, b) * c).sum() / 6 < 0.12


def test_named_face_units_move_the_face_alone(body):
    if not body.face_unit_names:
        pytest.skip("the body file names no face units")
    units = np.zeros(len(body.face_unit_names))
    units[body.face_unit_names.index("mouthSmileLeft")] = 1
    moved = body.mesh(BodyPose(face_units=units)).vertices - body.mesh(BodyPose()).vertices
    head = body.mesh(BodyPose()).joints[smplx55.index("neck"), 1]
    assert np.abs(moved).max() > 0.003
    assert np.abs(moved[body.mesh(BodyPose()).vertices[:, 1] < head]).max() < 1e-4


def test_a_users_file_has_plain_skin_and_nothing_to_wear(files):
    old = Body.load(files["v1.0"])
    assert (old.layers, old.default_layers, old.sliders, old.face_unit_names) == ({}, (), {}, ())
    assert (old.mesh(BodyPose()).colors == plain_skin).all()
    with pytest.raises(ValueError, match="expected layers among none, got hat"):
        old.mesh(BodyPose(), layers=["hat"])
