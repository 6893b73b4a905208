"""How editing feels the second time: drags after drags, parts that stay on their figure, keys that know their step."""

from __future__ import annotations

import math

import pytest
from desk import Desk, figures, near, standing

pytestmark = pytest.mark.browser

arm = ("left_shoulder", "left_elbow", "left_wrist")


def middle(desk: Desk, a: str, b: str) -> tuple[float, float]:
    (x0, y0), (x1, y1) = desk.at(a), desk.at(b)
    return (x0 + x1) / 2, (y0 + y1) / 2


def whole(desk: Desk) -> None:
    """A figure with hands, the left one opened in the closer look by a double click."""
    desk.put(figures())
    desk.ask("studio.library.addDefault('whole')")
    desk.page.mouse.dblclick(*desk.at("left_hand_middle_2"))
    desk.wait("closer.part === 'left_hand' && closer.editor.painted")


def test_a_limb_dragged_twice_keeps_its_length(desk: Desk):
    before = desk.lengths(*arm)
    for by in ((30, -25), (25, -30), (-40, 10)):
        x, y = middle(desk, "left_elbow", "left_wrist")
        desk.drag((x, y), (x + by[0], y + by[1]))
    assert desk.lengths(*arm) == near(before)


def test_after_a_click_on_a_bone_its_joints_still_bend_the_limb(desk: Desk):
    before = desk.lengths(*arm)
    desk.page.mouse.click(*middle(desk, "left_elbow", "left_wrist"))
    start = desk.point("left_shoulder")
    desk.drag_joint("left_wrist", (-30, -60))
    assert desk.lengths(*arm) == near(before)
    assert desk.point("left_shoulder") == start


def test_a_finger_bends_in_the_closer_look_that_a_double_click_opened(desk: Desk):
    whole(desk)
    joints = [f"left_hand_index_{i}" for i in range(1, 5)]
    before, root = desk.lengths(*joints), desk.point("left_hand_root")
    desk.drag_joint(joints[-1], (-30, 25), pane="closer.editor")
    assert desk.point("left_hand_root") == root
    assert desk.lengths(*joints) == near(before)


def test_a_turned_hand_stays_on_its_wrist(desk: Desk):
    whole(desk)
    desk.ask("closer.hide()")
    gap = math.dist(desk.point("left_wrist"), desk.point("left_hand_root"))
    x, y = desk.handle("rotate")
    desk.drag((x, y), (x + 60, y - 30))
    assert math.dist(desk.point("left_wrist"), desk.point("left_hand_root")) == near(gap)


def test_symmetric_editing_keeps_unequal_arms_their_lengths(desk: Desk):
    desk.put(figures({**standing, "points": [[x * (1.1 if x < 300 else 1), y] for x, y in standing["points"]]}))
    other = ("right_shoulder", "right_elbow", "right_wrist")
    before = desk.lengths(*arm), desk.lengths(*other)
    desk.ask("(editor.symmetric = true)")
    desk.drag_joint("left_wrist", (30, -80))
    assert (desk.lengths(*arm), desk.lengths(*other)) == (near(before[0]), near(before[1]))


def test_editing_keys_rest_where_the_pose_is_not_edited(desk: Desk):
    desk.press("Control+a")
    for step in ("photo", "picture"):
        desk.go_to(step)
        desk.press("3", "Control+d", "Delete", "ArrowRight", "m")
    assert desk.people == [standing]
    assert desk.steps == 0


def test_a_press_right_after_a_step_lands_where_the_canvas_is_now(desk: Desk):
    """Coming from a step with a strip of pictures, the canvas is taller at once, not a frame later."""
    strip = "studio.painting.gallery.element"
    low = desk.ask(f"(studio.goTo('picture'), {strip}.hidden = false, studio.painting.fit(), editor.view.height)")
    tall, shown = desk.ask("(studio.goTo('pose'), [editor.view.height, editor.element.clientHeight])")
    assert tall == shown > low


def test_a_library_pose_after_a_drag_means_the_whole_figure(desk: Desk):
    desk.drag_joint("left_wrist", (10, -10))
    desk.page.click("[data-tab=library]")
    desk.page.click("[data-pose=waving]")
    desk.page.click("text=Apply to figure")
    desk.wait("store.past.length === 2")


def test_a_hand_pose_gives_a_figure_its_hand(desk: Desk):
    desk.page.click("[data-tab=library]")
    desk.page.click("[data-pose=default-palm]")
    desk.page.click("text=Apply to figure")
    desk.wait("store.doc.people[0].skeleton === 'wholebody133'")
    assert desk.state("right_hand_middle_4") == "visible"
    assert desk.state("left_hand_middle_4") == "missing"


def test_a_profile_gets_a_face_of_its_size(desk: Desk):
    profile = [list(p) for p in standing["points"]]
    # Nose, eyes and ears of a head seen from its left: the eyes nearly coincide.
    profile[:5] = [[352, 160], [340, 145], [343, 146], [300, 150], [308, 152]]
    desk.put(figures({**standing, "points": profile}))
    desk.page.click("text=Place")
    desk.wait("store.doc.people[0].skeleton === 'wholebody133'")
    places = [desk.point(f"face_jaw_{i}") for i in range(1, 18)]
    height = max(y for _, y in places) - min(y for _, y in places)
    assert 40 < height < 160, "a face as large as its head, not as the gap between its eyes"


def test_a_lost_wrist_comes_back_at_the_end_of_its_arm(desk: Desk):
    lost = {**standing, "states": list(standing["states"])}
    for i in (9, 10):  # both wrists: no twin to go by
        lost["states"][i] = "missing"
    lost["points"] = [[0, 0] if i in (9, 10) else p for i, p in enumerate(standing["points"])]
    desk.put(figures(lost))
    desk.page.click("text=left wrist")
    upper, lower = desk.lengths(*arm)
    assert lower == near(upper, 1)


@pytest.mark.slow
def test_a_save_that_fails_is_made_good_by_the_next(new_desk, example):
    desk = new_desk()
    desk.ask("(window.database = studio.vault.db, window.plainly = database.transaction.bind(database))")
    failing = "(...how) => { const one = plainly(...how); setTimeout(() => one.abort()); return one; }"
    desk.ask(f"(database.transaction = {failing}, null)")
    desk.page.watch.excused += ("AbortError", "null")  # the page says in its console why it could not save
    desk.opened(example)
    desk.wait("studio.savedMark.classList.contains('bad')")
    desk.ask("(database.transaction = plainly, null)")
    desk.ask("studio.library.addDefault('person')")
    desk.saved()
    drawing = desk.photo_bytes()
    desk.open()
    assert desk.photo_bytes() == drawing


def test_boxes_go_by_the_edges_of_pixels(empty_desk, example):
    desk = empty_desk
    desk.opened(example)
    desk.page.click("text=In boxes I draw")
    desk.drag(desk.on_screen((99.5, 99.5)), desk.on_screen((199.5, 299.5)))
    (box,) = desk.ask("editor.boxes")
    assert box == near([100, 100, 200, 300], 0.6)
    desk.press("Delete")
    assert desk.ask("editor.boxes") == []
