"""Finding poses in the browser: the estimate, boxes, cancelling; the library."""

import cmath

import pytest
from desk import Desk, standing

pytestmark = pytest.mark.browser
finished = "!studio.files.job && (store.doc.people.length || studio.panels.photo.nobody)"
run = ".inspector button.primary:text-is('Find the pose')"


def found(desk: Desk) -> int:
    desk.page.click(run)
    desk.wait(finished)
    return len(desk.people)


# ── the estimate ──


def test_an_example_is_estimated_and_undone(empty_desk, example):
    desk = empty_desk
    desk.opened(example)
    count = found(desk)
    assert count >= 1
    assert desk.page.locator(".person").count() == count
    assert {"model"} == {source for one in desk.people for source in one["sources"]}
    width, height = desk.doc["size"]
    for one in desk.people:
        assert all(
            0 <= x <= width and 0 <= y <= height
            for (x, y), state in zip(one["points"], one["states"], strict=True)
            if state == "visible"
        )
    after = desk.doc
    desk.press("Control+z")
    assert desk.people == []
    desk.press("Control+y")
    assert desk.doc == after
    desk.page.click("text=Edit the pose")
    desk.wait("studio.step === 'pose' && editor.tool === 'pose'")


def test_a_childs_drawing_gets_a_pose_or_the_next_steps(empty_desk, shared):
    desk = empty_desk
    desk.opened(shared / "animated_drawings" / "char1" / "texture.png")
    if not found(desk):
        assert desk.page.locator(".notice button").count() == 3


def blank(desk: Desk, tmp_path):
    from PIL import Image

    path = tmp_path / "blank.png"
    Image.new("RGB", (320, 400), (250, 246, 238)).save(path)
    desk.opened(path)


def test_nobody_found_offers_three_next_steps(empty_desk, tmp_path):
    desk = empty_desk
    blank(desk, tmp_path)
    assert found(desk) == 0
    notice = desk.page.locator(".notice")
    assert "Nobody was found" in notice.inner_text()
    steps = notice.get_by_role("button").all_inner_texts()
    assert steps == ["Draw a box", "Take the whole picture", "Start from a pose"]
    notice.get_by_role("button", name="Draw a box").click()
    assert desk.ask("editor.tool") == "box"
    desk.page.get_by_role("button", name="Start from a pose").click()
    desk.wait("studio.step === 'pose' && studio.tab === 'library'")


def test_boxes_say_where_to_look(empty_desk, example):
    desk = empty_desk
    desk.opened(example)
    desk.page.click("text=In boxes I draw")
    assert desk.page.is_disabled(run)
    w, h = desk.doc["size"]
    for left, right in ((0.02, 0.48), (0.52, 0.98)):
        desk.drag(desk.on_screen((w * left, h * 0.05)), desk.on_screen((w * right, h * 0.95)))
    desk.wait("editor.boxes.length === 2")
    assert [round(v / s, 2) for v, s in zip(desk.ask("editor.boxes[0]"), (w, h, w, h), strict=True)] == pytest.approx(
        [0.02, 0.05, 0.48, 0.95], abs=0.02
    )
    assert found(desk) == 2
    assert desk.ask("editor.boxes") == []
    for one, (left, right) in zip(desk.people, ((0, 0.5), (0.5, 1)), strict=True):
        middle = sum(x for x, _ in one["points"]) / len(one["points"]) / w
        assert left - 0.1 < middle < right + 0.1


def test_the_whole_picture_is_one_figure(empty_desk, example):
    desk = empty_desk
    desk.opened(example)
    desk.page.click("text=Whole picture, one figure")
    assert found(desk) == 1


def test_cancel_leaves_the_work_as_it_was(empty_desk, example):
    desk = empty_desk
    desk.opened(example)
    # Twenty boxes take long enough to be stopped between two of them.
    w, h = desk.doc["size"]
    desk.page.click("text=In boxes I draw")
    desk.ask("x.forEach((b) => editor.addBox(b))", [[i, i, w - 40 + i, h - 40 + i] for i in range(20)])
    before = desk.doc
    desk.page.click(run)
    desk.page.click(".job button:text-is('Cancel')")
    desk.wait("!studio.files.job")
    assert "Stopped" in desk.toast()
    assert desk.doc == before
    assert desk.steps == 1


# ── the library ──


@pytest.fixture
def shelf(desk: Desk) -> Desk:
    desk.page.click("[data-tab=library]")
    yield desk
    desk.ask(
        "void Object.assign(studio.panels.library, { query: '', kind: null, flip: false, blend: 1, chosen: null })"
    )


def tile(desk: Desk, pose: str):
    return desk.page.locator(f"[data-pose='{pose}']")


def points(desk: Desk) -> list:
    return desk.people[0]["points"]


def test_search_and_kinds_narrow_the_shelf(shelf: Desk):
    everything = shelf.page.locator(".pose").count()
    shelf.page.fill(".search", "run")
    few = shelf.page.locator(".pose").count()
    assert 0 < few < everything
    assert tile(shelf, "running").count() == 1
    shelf.page.fill(".search", "zeppelin")
    assert "No pose" in shelf.page.inner_text(".poses")
    shelf.page.fill(".search", "")
    shelf.page.click(".panel .segment:text-is('Animals')")
    assert 0 < shelf.page.locator(".pose").count() < everything
    kinds = shelf.ask("[...new Set(studio.library.search('', 'animal').map((p) => p.kind))]")
    assert kinds == ["animal"]


def test_hover_tries_a_pose_on_the_canvas_and_changes_nothing(shelf: Desk):
    before = shelf.doc
    tile(shelf, "running").hover()
    shelf.wait("editor.ghost")
    shelf.page.mouse.move(500, 400)
    shelf.wait("!editor.ghost")
    assert shelf.doc == before


def test_a_pose_is_applied_to_the_figure_in_its_place_and_size(shelf: Desk):
    before = shelf.bones()
    tile(shelf, "running").click()
    shelf.page.click("text=Apply to figure")
    assert shelf.steps == 1
    assert points(shelf) != standing["points"]
    assert shelf.people[0]["skeleton"] == "coco17"
    assert 0.5 < sum(shelf.bones()) / sum(before) < 1.5
    shelf.press("Control+z")
    assert points(shelf) == standing["points"]


def test_a_pose_on_the_selection_changes_only_the_selection(shelf: Desk):
    arm = [shelf.index(j) for j in ("left_shoulder", "left_elbow", "left_wrist")]
    shelf.ask("store.select(0, x)", arm)
    tile(shelf, "waving").click()
    shelf.page.click("text=Apply to selection")
    after = points(shelf)
    assert [after[i] for i in range(17) if i not in arm] == [standing["points"][i] for i in range(17) if i not in arm]
    assert any(after[i] != standing["points"][i] for i in arm)


def test_blend_goes_part_of_the_way(shelf: Desk):
    tile(shelf, "running").click()
    shelf.page.click("text=Apply to figure")
    whole = points(shelf)
    shelf.press("Control+z")
    slider = shelf.page.get_by_label("Blend")
    slider.fill("0.5")
    shelf.page.click("text=Apply to figure")
    half = points(shelf)
    at = shelf.ask("store.skeletons.coco17.at")
    # What hangs on nothing goes half the way; a limb swings by half its turn, at a length between the two.
    for joint in ("left_shoulder", "right_hip"):
        i = at[joint]
        middle = [(a + b) / 2 for a, b in zip(standing["points"][i], whole[i], strict=True)]
        assert half[i] == pytest.approx(middle, abs=1e-6)
    for upper, lower in (("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"), ("right_hip", "right_knee")):
        bones = [complex(*p[at[lower]]) - complex(*p[at[upper]]) for p in (standing["points"], half, whole)]
        assert abs(bones[1]) == pytest.approx((abs(bones[0]) + abs(bones[2])) / 2, abs=1e-6)
        first, second = cmath.phase(bones[1] / bones[0]), cmath.phase(bones[2] / bones[1])
        assert first == pytest.approx(second, abs=1e-6)


def test_a_pose_is_added_as_a_new_figure_and_flipped(shelf: Desk):
    tile(shelf, "running").click()
    shelf.page.click("text=Add as new figure")
    assert len(shelf.people) == 2
    assert points(shelf) == standing["points"]
    shelf.page.get_by_label("Flip", exact=True).check()
    shelf.page.click("text=Add as new figure")
    assert len(shelf.people) == 3
    left, right = (shelf.ask(f"store.skeletons.wholebody133.at['{s}_wrist']") for s in ("left", "right"))
    w = shelf.doc["size"][0] - 1
    assert shelf.people[2]["points"][left][0] == pytest.approx(w - shelf.people[1]["points"][right][0], abs=1)


def test_an_animal_pose_on_a_person_is_explained(shelf: Desk):
    shelf.page.click(".panel .segment:text-is('Animals')")
    shelf.page.locator(".pose").first.click()
    shelf.page.click("text=Apply to figure")
    assert "another kind of figure" in shelf.toast()
    assert points(shelf) == standing["points"]
