"""The Body step's inspector in the browser: sliders, hands, lens, dress, drawing from a view, files out and in."""

from __future__ import annotations

import json
import zipfile

import cv2
import numpy as np
import pytest
from body_desk import BodyDesk
from desk import Desk, figures, near, standing

pytestmark = pytest.mark.browser


@pytest.fixture
def body(desk: Desk) -> BodyDesk:
    """A standing figure of 17 points in the Body step, and no history."""
    made = BodyDesk(desk.page, desk.url)
    made.enter(standing)
    return made


# ── sliders ──


def test_the_hand_slider_bends_the_fingers(body: BodyDesk):
    body.section("hand")
    body.page.click("[data-side=left]")
    before = body.body["hands"]
    body.slide("Curl, all fingers", 0.9)
    assert body.ask("store.past[0].label") == "Shape hand"
    assert body.body["hands"][0] != before[0]
    assert body.body["hands"][1] == before[1], "the other hand is left alone"
    assert body.people[0]["points"] == standing["points"], "a drawing of 17 points has no fingers"
    body.page.click("[data-side=right]")
    body.slide("Curl, all fingers", 0.5)
    assert body.body["hands"][1] != before[1]


def test_a_hand_pose_is_tried_by_pointing_and_taken_by_a_click(body: BodyDesk):
    body.section("hand")
    body.page.click("[data-side=left]")
    before = body.body
    chip = body.page.locator("[data-hand]").nth(3)
    chip.hover()
    body.until("work.edit && work.edit.body")
    body.page.mouse.move(*body.middle())
    body.quiet()
    assert (body.body, body.steps) == (before, 0)
    chip.click()
    body.stepped(1)
    assert body.body["hands"][0] != before["hands"][0]
    body.page.get_by_label("Search hands").fill("fist")
    assert 0 < body.page.locator("[data-hand]").count() < 12


def test_shape_and_face_sliders(body: BodyDesk):
    body.section("shape")
    tall = "((all) => Math.max(...all) - Math.min(...all))(work.jointsOf(0).map((p) => p[1]))"
    before = body.look(tall)
    body.slide("Height", 0.8)
    assert body.look(tall) > before + 0.02
    body.section("face")
    body.slide("Smile", 0.7)
    units = dict(zip(body.look("work.info.face"), body.body["face_units"], strict=True))
    assert units["mouthSmileLeft"] == units["mouthSmileRight"] == near(0.7)
    body.page.click("text=Still face")
    body.stepped(3)
    assert not any(body.body["face_units"])


def test_the_lens_keeps_the_figure_its_size(body: BodyDesk):
    body.press("1")
    body.quiet()
    tall = body.spot("left_ankle")[1] - body.spot("head")[1]
    body.page.click(".bodypanel [data-part=view] .chip:text-is('85')")
    assert body.ask("studio.zoomMark.textContent") == "85 mm"
    assert body.spot("left_ankle")[1] - body.spot("head")[1] == near(tall, 0.06 * tall)
    assert body.steps == 0


def test_another_lens_of_the_drawing_stands_its_figures_up_anew(body: BodyDesk):
    before = body.doc["camera"]
    body.page.click(".bodypanel [data-part=view] .chip:text-is('85')")
    body.stepped(1)
    after = body.doc["camera"]
    assert body.ask("store.past[0].label") == "Change lens"
    assert after["focal"] / before["focal"] == near(85 / 36 / 1.2, 0.01)
    assert body.people[0]["points"] == standing["points"]
    wrist = body.look("view.project(work.jointsOf(0)[work.info.at.left_wrist])")[:2]
    assert body.look("view.paper.toScreen(x)", list(body.point("left_wrist"))) == near(wrist, 30)


def test_what_was_only_pointed_at_is_not_kept(body: BodyDesk):
    body.section("hand")
    body.page.get_by_label("Search hands").fill("")
    body.page.locator("[data-hand]").nth(6).hover()
    body.until("work.edit && work.edit.body")
    body.ask("void studio.commands.run('mirror')")
    body.stepped(1)
    assert body.ask("store.past[0].label") == "Mirror figure"


def test_light_and_dress_change_the_picture(body: BodyDesk):
    first = body.picture
    body.section("light")
    body.page.locator("[data-light]").nth(1).click()
    body.until("body.frame.image.src !== x", first)
    body.quiet()
    second = body.picture
    body.section("dress")
    body.page.locator("[data-part=dress] input[type=checkbox]").first.click()
    body.until("body.frame.image.src !== x", second)
    assert body.steps == 0, "how it is lit and dressed is no part of the pose"


# ── from another side ──


def test_a_library_pose_is_turned_around(desk: Desk):
    body = BodyDesk(desk.page, desk.url)
    body.put(figures())
    body.ask("(studio.library.add(studio.library.placed(studio.library.byId('at-ease'))), studio.goTo('body'))")
    body.stands()
    left, right = body.point("left_shoulder"), body.point("right_shoulder")
    assert left[0] > right[0], "it faces us"
    body.press("2")
    body.page.click(".views [data-command=drawFrom]")
    body.wait("store.past.at(-1).label === 'Draw from this view'")
    body.quiet()
    left, right = body.point("left_shoulder"), body.point("right_shoulder")
    assert left[0] < right[0], "now its back is to us"
    width, height = body.doc["size"]
    assert all(0 <= x < width and 0 <= y < height for x, y in map(body.point, ("nose", "left_ankle", "right_wrist")))
    assert body.look("Boolean(view.drawn)")
    wrist = body.look("view.project(work.jointsOf(0)[work.info.at.left_wrist])")[:2]
    assert body.look("view.paper.toScreen(x)", list(body.point("left_wrist"))) == near(wrist, 4)
    body.go_to("pose")
    body.go_to("body")
    body.stands()
    assert body.ask("store.past.at(-1).label") == "Draw from this view", "body and drawing are in step"


# ── files ──


def test_models_are_taken_home(body: BodyDesk, tmp_path):
    trimesh = pytest.importorskip("trimesh")
    scene = trimesh.load(body.taken("glb", tmp_path))
    low, high = scene.bounds
    assert 1.2 < max(high - low) < 2.3, "a person's size, in metres"
    data = (tmp_path / "contrapposto.glb").read_bytes()
    header = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    names = {node.get("name") for node in header["nodes"]}
    assert {"pelvis", "left_wrist", "right_thumb3"} <= names
    obj = trimesh.load(body.taken("obj", tmp_path), process=False)
    assert len(obj.vertices) > 5000
    with np.load(body.taken("npz", tmp_path), allow_pickle=False) as arrays:
        assert {"poses", "betas", "trans"} <= set(arrays.files)
    assert body.taken("bvh", tmp_path).read_text("utf-8").startswith("HIERARCHY")


def test_pictures_and_maps_are_taken_home(body: BodyDesk, tmp_path):
    body.picture  # noqa: B018  # skips where nothing can draw
    body.section("download")
    body.page.locator("[data-part=download] select").select_option("512")
    picture = cv2.imread(str(body.taken("still", tmp_path)), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape == (512, 384, 4)
    assert 0.02 < (picture[..., 3] > 128).mean() < 0.6, "the figure alone, without a background"
    with zipfile.ZipFile(body.taken("maps", tmp_path)) as maps:
        assert len(maps.namelist()) >= 4


@pytest.mark.slow
def test_motion_is_brought_in(body: BodyDesk, tmp_path):
    path = body.taken("bvh", tmp_path)
    before = body.body
    body.pull("left_wrist", (30, -120))
    raised = body.joint("left_wrist")
    body.section("import")
    with body.page.expect_file_chooser() as dialogue:
        body.page.click("text=Open npz or bvh…")
    dialogue.value.set_files(path)
    body.stepped(2)
    assert body.joint("left_wrist")[1] < raised[1] - 0.05
    assert body.body["betas"] == before["betas"]


def test_motion_of_several_frames_is_looked_through(body: BodyDesk, tmp_path):
    path = body.taken("bvh", tmp_path)
    head, motion = path.read_text("utf-8").split("Frames:")
    frame = motion.strip().splitlines()[-1]
    lifted = [str(float(value) + (30 if i == 1 else 0)) for i, value in enumerate(frame.split())]
    several = tmp_path / "several.bvh"
    several.write_text(f"{head}Frames: 3\nFrame Time: 0.033333\n{frame}\n{frame}\n{' '.join(lifted)}\n", "utf-8")
    before = body.joint("pelvis")
    body.section("import")
    with body.page.expect_file_chooser() as dialogue:
        body.page.click("text=Open npz or bvh…")
    dialogue.value.set_files(several)
    body.until("work.edit && work.edit.body && !work.edit.running")
    body.page.get_by_label("Frame", exact=True).fill("2")
    body.until("work.jointsOf(0) && work.jointsOf(0)[0][1] > x + 0.1", before[1])
    assert body.steps == 0, "looking through the frames is no step"
    body.page.click("text=Keep this frame")
    body.stepped(1)
    assert body.joint("pelvis")[1] > before[1] + 0.1
    body.page.click("text=Put away")


# ── without a picture ──


@pytest.mark.slow
def test_without_pictures_the_handles_still_work(body: BodyDesk):
    blind = """(() => {
        const asked = studio.server.functions;
        const said = { image: null, note: 'Nothing can draw here.' };
        const without = (answer) => (answer.image ? { ...answer, ...said } : answer);
        const blinded = (from, name) => async (told) => without(await from[name](told));
        studio.server.functions = new Proxy(asked, { get: blinded });
    })()"""
    body.ask(blind)
    try:
        body.press("1")
        body.until("!body.frame")
        assert "Nothing can draw here" in body.page.inner_text(".said")
        body.pull("left_wrist", (20, -60))
        assert body.steps == 1
    finally:
        body.page.reload()
        body.page.wait_for_function("document.querySelector('.contrapposto')?.dataset.ready === 'true'")


@pytest.mark.slow
def test_a_server_that_is_away_costs_nothing(restartable, new_desk):
    page = new_desk(url=restartable.url).page
    page.watch.excused += ("Failed to fetch", "Failed to load resource", "ERR_", "Could not", "connection")
    body = BodyDesk(page, restartable.url)
    body.enter(standing)
    before, (x, y) = body.doc, body.spot("left_wrist")
    restartable.kill()
    body.drag((x, y), (x - 40, y - 60), steps=8)
    assert "does not answer" in body.toast()
    assert page.locator(".toast").count() == 1, "said once, however long the drag"
    assert (body.doc, body.steps) == (before, 0)
    restartable.start()
    body.pull("left_wrist", (-40, -60))
    assert body.steps == 1
