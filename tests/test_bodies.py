"""What the page asks about bodies: looks, edits, figures stood up, files; and what it hears when it asks wrongly."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from app.bodies import server_functions
from app.body_edits import edits
from app.body_files import stander
from engine import body_files
from engine.body_files import Wish
from engine.body_pose import BodyPose
from engine.fit import camera_for
from engine.formats.document import to_document
from engine.formats.people import from_body, from_camera, to_body
from engine.library import read_library
from engine.placing import placed
from engine.pose import Pose2D
from engine.posing import hand_shape_of, standing
from engine.render import Unavailable
from engine.scene import Scene
from engine.skeleton import smplx55, wholebody133
from engine.studio import Studio

root = Path(__file__).parent.parent
size = (300, 400)


@pytest.fixture(scope="module")
def studio():
    one = Studio()
    yield one
    one.stage.close()


@pytest.fixture(scope="module")
def ask(studio):
    functions = {function.__name__: function for function in server_functions(studio)}
    return lambda name, told=None: functions[name](told)


@pytest.fixture(scope="module")
def figure(ask):
    """A figure at ease before the drawing's camera, as the page gets it."""
    return ask("body_new", {"size": list(size)})


def view(figure, **look):
    return {"bodies": [figure["body"]], "camera": figure["camera"], "look": look, "moving": True}


def request(figure, edit, **more):
    drawing = {"camera": figure["camera"], "skeleton": "wholebody133"}
    return {"bodies": [figure["body"]], "index": 0, "edit": edit, "drawing": drawing, **more}


def joint(studio, body: dict, name: str) -> np.ndarray:
    return studio.stage.joints(to_body(body))[smplx55.index(name)]


def seen_at(figure, points: list, name: str) -> np.ndarray:
    return np.array(points[wholebody133.index(name)])


# ── what there is, and how it looks ──


def test_the_page_learns_what_it_can_offer(ask):
    told = ask("body_info")
    assert told["joints"] == list(smplx55.joints)
    assert [told["joints"][p] if p >= 0 else None for p in told["parents"][:4]] == [None, "pelvis", "pelvis", "pelvis"]
    assert len(told["hands"]) >= 24
    assert len(told["face"]) == 44
    assert {one["name"] for one in told["shape"]} >= {"height", "weight", "muscle"}
    assert any(layer["on"] for layer in told["layers"])


def test_a_new_figure_stands_whole_in_the_picture(figure):
    points = np.array(figure["points"])
    assert (points > 0).all()
    assert (points < size).all()
    assert np.ptp(points[:, 1]) > 0.6 * size[1]
    assert seen_at(figure, figure["points"], "left_ankle")[0] > seen_at(figure, figure["points"], "right_ankle")[0]


def test_a_second_figure_stands_beside_the_first(ask, figure, studio):
    told = {"size": list(size), "camera": figure["camera"], "bodies": [figure["body"]]}
    second = ask("body_new", told)
    apart = joint(studio, second["body"], "pelvis") - joint(studio, figure["body"], "pelvis")
    assert apart[0] > 0.5
    assert abs(apart[2]) < 0.1
    behind = from_body(to_body(figure["body"]).moved((0, 0, 50)))
    assert ask("body_new", told | {"bodies": [behind]})["body"] == figure["body"], "who is not seen is not beside"


def test_a_view_is_a_picture_with_the_joints(ask, figure, studio):
    told = ask("body_view", view(figure))
    if told["image"] is None:
        pytest.skip(told["note"])
    kind, data = told["image"].split(";base64,")
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    assert kind == "data:image/jpeg"
    assert picture.size == size
    assert np.asarray(picture).std() > 10
    assert np.allclose(told["joints"][0], studio.stage.joints(to_body(figure["body"])), atol=1e-4)


def test_over_the_drawing_the_picture_is_clear_beside_the_figure(ask, figure):
    told = ask("body_view", view(figure, transparent=True, ground=False, shadows=False))
    if told["image"] is None:
        pytest.skip(told["note"])
    alpha = np.asarray(Image.open(io.BytesIO(base64.b64decode(told["image"].split(",")[1]))))[..., 3]
    x, y = np.round(np.mean([seen_at(figure, figure["points"], f"{s}_hip") for s in ("left", "right")], 0)).astype(int)
    assert alpha[y, x] == 255
    assert alpha[5, 5] == 0


def test_without_gl_the_joints_still_come(ask, figure, studio, monkeypatch):
    def nothing(*_: object) -> bytes:
        raise Unavailable("expected OpenGL, got none")

    monkeypatch.setattr(studio.stage.renderer, "encoded", nothing)
    told = ask("body_view", view(figure))
    assert told["image"] is None
    assert told["note"] == "Expected OpenGL, got none."
    assert len(told["joints"][0]) == 55


# ── edits ──


def test_a_dragged_wrist_goes_where_the_pointer_is_and_the_drawing_follows(ask, figure):
    at = seen_at(figure, figure["points"], "left_wrist")
    to = at + np.array((12, -60))
    told = ask(
        "body_edit", request(figure, {"kind": "drag", "joint": "left_wrist", "to": to.tolist()}, view=view(figure))
    )
    assert np.linalg.norm(seen_at(figure, told["points"], "left_wrist") - to) < 3
    other = seen_at(figure, told["points"], "right_wrist") - seen_at(figure, figure["points"], "right_wrist")
    assert np.linalg.norm(other) < 1, "the other arm stays"


def test_turning_the_pelvis_turns_everything(ask, figure, studio):
    edit = {"kind": "turn", "joint": "pelvis", "axis": [0, 1, 0], "angle": np.pi}
    body = ask("body_edit", request(figure, edit))["body"]
    before, after = (
        joint(studio, one, "left_shoulder") - joint(studio, one, "pelvis") for one in (figure["body"], body)
    )
    assert np.allclose(after * (-1, 1, -1), before, atol=1e-6)


def test_moving_the_mirror_and_the_other_side(ask, figure, studio):
    moved = ask("body_edit", request(figure, {"kind": "move", "by": [0.5, 0, 0]}))["body"]
    assert np.allclose(joint(studio, moved, "head") - joint(studio, figure["body"], "head"), (0.5, 0, 0))
    edit = {"kind": "turn", "joint": "left_elbow", "axis": [0, 0, 1], "angle": 1.0}
    bent = {**figure, "body": ask("body_edit", request(figure, edit))["body"]}
    mirrored = to_body(ask("body_edit", request(bent, {"kind": "mirror"}))["body"])
    assert np.allclose(mirrored.joint("right_elbow"), to_body(bent["body"]).joint("left_elbow") * (1, -1, -1))
    both = to_body(ask("body_edit", request(bent, {"kind": "copy", "part": "left_arm"}))["body"])
    assert np.allclose(both.joint("right_elbow"), mirrored.joint("right_elbow"))
    assert np.allclose(both.joint("left_elbow"), to_body(bent["body"]).joint("left_elbow"))
    reset = to_body(ask("body_edit", request(bent, {"kind": "reset", "part": "left_arm"}))["body"])
    assert np.linalg.norm(reset.joint("left_elbow")) < np.linalg.norm(both.joint("left_elbow"))


def test_hands_by_slider_and_from_the_library(ask, figure):
    edit = {"kind": "hand", "side": "right", "shape": {"curl": {"index": 0.9}, "spread": 0.4}}
    body = to_body(ask("body_edit", request(figure, edit))["body"])
    shape, was = hand_shape_of(body, "right"), hand_shape_of(to_body(figure["body"]), "right")
    assert shape.curl[1] == pytest.approx(0.9, abs=0.01)
    assert shape.spread == pytest.approx(0.4, abs=0.01)
    assert shape.curl[0] == pytest.approx(was.curl[0], abs=0.01)
    assert (body.hands[0] == to_body(figure["body"]).hands[0]).all()
    edit = {"kind": "hand", "side": "right", "shape": {"opposition": 0.8, "thumb": 0.5}}
    shape = hand_shape_of(to_body(ask("body_edit", request(figure, edit))["body"]), "right")
    assert (shape.opposition, shape.thumb) == pytest.approx((0.8, 0.5), abs=0.01)
    told = ask("body_shape_of", {"body": from_body(body)})["hands"]["right"]
    assert told["curl"]["index"] == pytest.approx(0.9, abs=0.01)
    ready = ask("body_info")["hands"]
    fists = [
        ask("body_edit", request(figure, {"kind": "handPose", "side": "left", "id": hand["id"]})) for hand in ready
    ]
    assert len({np.round(to_body(one["body"]).hands[0], 4).tobytes() for one in fists}) == len(ready)


def test_shape_and_face(ask, figure, studio):
    taller = ask("body_edit", request(figure, {"kind": "shape", "name": "height", "value": 0.8}))["body"]
    assert ask("body_shape_of", {"body": taller})["shape"]["height"] == pytest.approx(0.8, abs=1e-3)
    tops = [joint(studio, one, "head") - joint(studio, one, "left_ankle") for one in (figure["body"], taller)]
    assert tops[1][1] > tops[0][1] + 0.05
    name = ask("body_info")["face"][0]
    face = to_body(ask("body_edit", request(figure, {"kind": "face", "name": name, "value": 0.7}))["body"])
    assert face.face_units.tolist() == [0.7] + [0.0] * 43
    open_mouth = to_body(ask("body_edit", request(figure, {"kind": "jaw", "value": 1}))["body"])
    assert open_mouth.jaw[0] > 0.3


def test_relaxing_and_going_part_of_the_way(ask, figure):
    body = to_body(figure["body"])
    edit = {"kind": "relax", "amount": 0.7, "pins": ["left_wrist"], "camera": figure["camera"]}
    eased = ask("body_edit", request(figure, edit))
    again = ask("body_edit", request({**figure, "body": eased["body"]}, {**edit, "body": figure["body"]}))
    assert eased["body"] != figure["body"]
    assert again["body"] == eased["body"], "it goes on from the body that it is told of"
    assert np.abs(np.array(eased["points"]) - figure["points"]).max() < 0.02 * size[1], "kept as it is drawn"
    half = to_body(ask("body_edit", request(figure, {"kind": "blend", "body": eased["body"], "weight": 0.5}))["body"])
    far = [np.abs(one.axis_angles - body.axis_angles).max() for one in (half, to_body(eased["body"]))]
    assert far[0] == pytest.approx(far[1] / 2, rel=0.05)


def test_a_limb_front_or_back(ask, figure):
    told = ask("body_flips", {"body": figure["body"], "camera": figure["camera"], "limb": "left_arm"})["readings"]
    assert told[0]["now"]
    assert told[0]["body"] == figure["body"]
    assert sum(one["likeliest"] for one in told) == 1
    wrong = ask("body_flips", {"body": figure["body"], "camera": figure["camera"], "limb": "head"})
    assert "expected one of left_arm" in wrong["error"]


@pytest.mark.parametrize(
    ("edit", "wrong"),
    [
        ({"kind": "explode"}, "edit, kind: expected one of"),
        ({"kind": "drag", "joint": "tail", "to": [1, 2]}, "edit, joint: expected one of"),
        ({"kind": "drag", "joint": "left_wrist", "to": [float("nan"), 2]}, "a number"),
        ({"kind": "drag", "joint": "left_wrist", "to": [1, 2]}, "expected a view to drag in"),
        ({"kind": "turn", "joint": "head", "axis": [0, 0, 0], "angle": 1}, "expected an axis"),
        ({"kind": "move", "by": [1e6, 0, 0]}, "at most 100 m"),
        ({"kind": "reset", "part": "tail"}, "edit, part: expected one of"),
        ({"kind": "relax", "amount": 7}, "edit, amount"),
        ({"kind": "blend", "body": {}, "weight": 1}, "edit, body: expected"),
        ({"kind": "handPose", "side": "middle", "id": "fist"}, "expected one of"),
        ({"kind": "shape", "name": "wings", "value": 1}, "expected one of the sliders"),
        ({"kind": "face", "name": "nose", "value": 2}, "expected one of"),
        ({"kind": "set", "body": {"root": [0, 0, 0]}}, "expected 'body'"),
    ],
)
def test_wrong_edits_are_answered_in_a_sentence(ask, figure, edit, wrong):
    seen = None if "view" in wrong else view(figure)
    told = ask("body_edit", request(figure, edit, view=seen))
    assert wrong.lower() in told["error"].lower()
    assert told["error"][0].isupper()
    assert told["error"].endswith((".", "!"))


@pytest.mark.parametrize(
    "told", [None, 3, {}, {"bodies": 1, "camera": {}}, {"bodies": [], "camera": {"size": [9999, 1]}}]
)
def test_wrong_requests_are_answered_in_a_sentence(ask, told):
    for name in ("body_view", "body_edit", "body_fit", "body_new", "body_shape_of"):
        assert "expected" in ask(name, told)["error"].lower()


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"view": [1]}, "view: expected an object"),
        ({"view": {"bodies": []}}, "expected 'camera'"),
        ({"drawing": 5}, "drawing: expected an object"),
        ({"index": 1}, "index: expected"),
        ({"file": "../other"}, "expected one of the bodies"),
    ],
)
def test_what_stands_around_an_edit_is_looked_at_too(ask, figure, more, wrong):
    told = ask("body_edit", request(figure, {"kind": "move", "by": [0, 0, 0]}, **more))
    assert wrong.lower() in told["error"].lower()


@pytest.mark.parametrize("side", [[0, 0], [-5, 5], [1e9, 5], [1.5, 5]])
def test_a_new_figure_needs_a_picture_that_can_be(ask, side):
    assert ask("body_new", {"size": side})["error"].startswith("Size, ")


@pytest.mark.parametrize(("by", "wrong"), [([0, 0, 90], "in front of the drawing"), ([90, 0, 0], "pictures of the")])
def test_what_the_drawing_cannot_show_is_refused(ask, figure, by, wrong):
    """Its points would be mirrored, or so far away that no document holds them."""
    assert wrong in ask("body_edit", request(figure, {"kind": "move", "by": by}))["error"]


def test_a_body_of_another_file_says_so(ask, figure):
    odd = {**figure, "body": {**figure["body"], "face_units": [0.5, 0.5, 0.5]}}
    for told in (
        ask("body_view", view(odd)),
        ask("body_edit", request(odd, {"kind": "mirror"})),
        ask("body_edit", request(odd, {"kind": "face", "name": ask("body_info")["face"][0], "value": 1})),
    ):
        assert "3" in told["error"]
        assert "face units" in told["error"]
    vast = {**figure, "body": {**figure["body"], "betas": [1.0] * 1000}}
    assert "at most 300 betas" in ask("body_view", view(vast))["error"]


def test_every_edit_of_the_page_is_tried_here():
    source = Path(__file__).read_text("utf-8")
    assert [kind for kind in edits if f'"kind": "{kind}"' not in source] == []


# ── from the drawing and back ──


def test_a_library_pose_stands_up_and_is_seen_as_it_was_drawn(ask, studio):
    pose = next(one for one in read_library(root / "assets" / "library" / "poses.json") if one.kind == "person")
    document = to_document(Scene(Pose2D(pose.size, (pose.person,))))
    told = ask("body_fit", {"document": document, "indices": [0]})
    [fit] = told["fits"]
    assert fit["error"] < 0.03 * pose.size[1]
    edit = {"kind": "set", "body": fit["body"]}
    drawing = {"camera": told["camera"], "skeleton": "wholebody133"}
    back = ask("body_edit", {"bodies": [fit["body"]], "index": 0, "edit": edit, "drawing": drawing})["points"]
    body = [wholebody133.index(name) for name in wholebody133.joints[5:17]]
    assert np.linalg.norm(np.array(back)[body] - pose.person.points[body], axis=1).mean() < 0.03 * pose.size[1]


def test_a_figure_that_cannot_stand_says_why_and_the_others_do(ask, figure):
    scene = Pose2D(size, ())
    person = {
        "skeleton": "wholebody133", "points": figure["points"], "scores": [1.0] * 133, "states": ["visible"] * 133,
    }  # fmt: skip
    nobody = person | {"states": ["missing"] * 133}
    document = to_document(Scene(scene)) | {"people": [nobody, person]}
    told = ask("body_fit", {"document": document, "indices": [0, 1]})
    assert told["fits"][0]["body"] is None
    assert told["fits"][0]["note"]
    assert told["fits"][1]["body"] is not None


def test_any_number_of_figures_is_stood_up(studio, figure):
    nobody = {
        "skeleton": "wholebody133", "points": figure["points"], "scores": [1.0] * 133, "states": ["missing"] * 133,
    }  # fmt: skip
    document = to_document(Scene(Pose2D(size, ()))) | {"people": [nobody] * 10}
    told = stander(studio)(document)
    assert [fit["index"] for fit in told["fits"]] == list(range(10))
    assert stander(studio)(document, [])["fits"] == []


# ── files ──


@pytest.fixture(scope="module")
def pose(studio) -> BodyPose:
    return placed(studio.stage.body(), standing(), camera_for(size))


def test_every_file_of_bodies_is_written_and_opens(studio, pose):
    wish = Wish(camera_for(size), frames=4, seconds=1)
    try:
        written = {name: body_files.write(studio.stage, [pose], name, wish) for name in body_files.formats}
    except Unavailable as error:
        pytest.skip(str(error))
    scene = trimesh.load(io.BytesIO(written["glb"]), file_type="glb")
    width, height, _ = np.ptp(scene.bounds, axis=0)  # bound in the T-pose, which is what trimesh reads
    assert height == pytest.approx(np.ptp(studio.stage.mesh(pose).vertices[:, 1]), abs=0.02)
    assert width > 0.9 * height
    assert b"left_index1" in written["glb"]
    assert trimesh.load(io.BytesIO(written["obj"]), file_type="obj").bounds.shape == (2, 3)
    for name in ("npz", "bvh"):
        again = body_files.read(studio.stage, written[name], name).poses[0]
        assert np.allclose(studio.stage.joints(again), studio.stage.joints(pose), atol=1e-3)
    for name in ("still", "depth", "normal", "mask", "canny"):
        assert Image.open(io.BytesIO(written[name])).size == size
    with Image.open(io.BytesIO(written["gif"])) as gif:
        assert getattr(gif, "n_frames", 1) == 4
    assert written["mp4"][4:8] == b"ftyp"
    assert "depth.npy" in zipfile.ZipFile(io.BytesIO(written["maps"])).namelist()


def test_files_refuse_what_they_cannot_hold(studio, pose):
    with pytest.raises(ValueError, match="stand a figure up"):
        body_files.write(studio.stage, [], "glb")
    with pytest.raises(ValueError, match="one figure"):
        body_files.write(studio.stage, [pose, pose], "bvh")
    with pytest.raises(ValueError, match="expected one of the formats"):
        body_files.write(studio.stage, [pose], "fbx")
    with pytest.raises(ValueError, match="neither"):
        body_files.read(studio.stage, b"hello", "a.txt")


def test_a_body_that_is_not_there_is_named(ask, figure):
    assert (
        "expected one of the bodies body-open"
        in ask("body_view", view(figure) | {"file": "smplx-male"})["error"].lower()
    )


def test_a_users_own_body_file_is_offered(tmp_path):
    (tmp_path / "smplx").mkdir()
    (tmp_path / "smplx" / "SMPLX_FEMALE.npz").write_bytes(b"none")
    stage = Studio(tmp_path).stage
    assert [one.name for one in stage.files()] == ["body-open", "smplx-female"]
    with pytest.raises(ValueError, match="SMPLX_FEMALE"):
        stage.body("smplx-female")


def test_the_page_comes_without_torch():
    """Bodies come with torch, which takes seconds: they are fetched when the first figure stands up."""
    code = "import sys, app; assert 'torch' not in sys.modules and 'vtk' not in sys.modules, 'too early'"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


def test_bodies_and_cameras_are_json(figure):
    assert from_camera(camera_for(size))["size"] == list(size)
    assert to_body(figure["body"]) == to_body(from_body(to_body(figure["body"])))
