"""Editing in the browser: dragging, selecting, states, undo."""

import math
from itertools import pairwise

import pytest
from desk import Desk, figures, near, standing

pytestmark = pytest.mark.browser
arm = ("left_shoulder", "left_elbow", "left_wrist")


# ── dragging joints ──


def test_a_dragged_wrist_keeps_its_arm(desk: Desk):
    before, bones = desk.lengths(*arm), desk.bones()
    x, y = desk.point("left_wrist")
    scale = desk.ask("editor.view.scale")
    desk.drag_joint("left_wrist", (-30, -50))
    assert desk.lengths(*arm) == near(before)
    assert desk.bones() == near(bones), "no bone of the figure may change"
    assert desk.point("left_wrist") == near((x - 30 / scale, y - 50 / scale)), "the joint goes where the pointer went"
    assert desk.steps == 1
    assert desk.ask("store.doc.people[0].sources[store.skeletonOf(store.doc.people[0]).at.left_wrist]") == "artist"


@pytest.mark.parametrize("joint", ["nose", "left_elbow", "right_knee", "left_ankle", "right_shoulder", "left_hip"])
def test_every_kind_of_joint_keeps_its_limbs(desk: Desk, joint):
    limbs = [("left_shoulder", "left_elbow", "left_wrist"), ("right_hip", "right_knee", "right_ankle")]
    before = [desk.lengths(*limb) for limb in limbs]
    place = desk.point(joint)
    desk.drag_joint(joint, (24, -18))
    assert desk.point(joint) != place
    for limb, lengths in zip(limbs, before, strict=True):
        assert desk.lengths(*limb) == near(lengths)


def test_alt_lets_bones_stretch_and_holds_them_when_the_lock_is_off(desk: Desk):
    before = desk.lengths(*arm)
    desk.drag_joint("left_wrist", (60, 40), keys=["Alt"])
    assert desk.lengths(*arm)[0] == near(before[0])
    assert desk.lengths(*arm)[1] > before[1] + 20

    desk.put(figures(standing))
    desk.command("lock")
    desk.drag_joint("left_wrist", (60, 40))
    assert desk.lengths(*arm)[1] > before[1] + 20

    desk.put(figures(standing))
    desk.ask("editor.lock = false")
    desk.drag_joint("left_wrist", (20, -40), keys=["Alt"])
    assert desk.lengths(*arm) == near(before)


def test_out_of_reach_leaves_the_arm_straight(desk: Desk):
    before = desk.lengths(*arm)
    shoulder = desk.point("left_shoulder")
    desk.drag_joint("left_wrist", (180, -260))
    assert desk.lengths(*arm) == near(before)
    assert math.dist(shoulder, desk.point("left_wrist")) == near(sum(before))


def test_a_click_never_nudges(desk: Desk):
    x, y = desk.at("left_knee")
    desk.drag((x, y), (x + 2, y + 1))
    assert (desk.steps, desk.people[0]["points"]) == (0, standing["points"])
    assert desk.selected == [desk.index("left_knee")]


def test_escape_gives_the_drag_up(desk: Desk):
    x, y = desk.at("left_wrist")
    desk.page.mouse.move(x, y)
    desk.page.mouse.down()
    desk.page.mouse.move(x + 60, y - 60, steps=3)
    assert desk.ask("Boolean(store.draft)")
    desk.press("Escape")
    desk.page.mouse.up()
    assert (desk.steps, desk.people[0]["points"]) == (0, standing["points"])


@pytest.mark.parametrize(("key", "people"), [("Control+z", 1), ("Delete", 2), ("n", 3)])
def test_a_command_during_a_drag_ends_the_drag(desk: Desk, key, people):
    desk.ask("studio.library.addDefault('person')")
    desk.ask("store.activate(0)")
    x, y = desk.at("left_ankle")
    desk.page.mouse.move(x, y)
    desk.page.mouse.down()
    desk.page.mouse.move(x + 40, y, steps=3)
    desk.press(key)
    after = desk.doc
    assert len(after["people"]) == people
    desk.page.mouse.move(x + 60, y, steps=2)
    desk.page.mouse.up()
    assert desk.doc == after


def test_a_limb_turns_about_its_upper_joint(desk: Desk):
    bones = desk.bones()
    hip, knee = desk.point("left_hip"), desk.point("left_knee")
    (ax, ay), (bx, by) = desk.at("left_hip"), desk.at("left_knee")
    middle = ((ax + bx) / 2, (ay + by) / 2)
    desk.drag(middle, (middle[0] + 50, middle[1] - 10))
    assert desk.point("left_hip") == near(hip)
    assert desk.point("left_knee")[0] > knee[0] + 20
    assert desk.bones() == near(bones)


def test_the_tag_moves_the_whole_figure(desk: Desk):
    desk.wait("editor.tags[0] && !editor.frame")
    x, y, width, height = desk.ask("editor.tags[0]")
    left, top = desk.ask("(({ left, top }) => [left, top])(editor.front.getBoundingClientRect())")
    grip = (left + x + width / 2, top + y + height / 2)
    desk.drag(grip, (grip[0] + 40, grip[1] + 30))
    scale = desk.ask("editor.view.scale")
    moved = [[x + 40 / scale, y + 30 / scale] for x, y in standing["points"]]
    assert [c for p in desk.people[0]["points"] for c in p] == near([c for p in moved for c in p])


# ── selections ──


def test_marquee_selects_and_shift_adds(desk: Desk):
    desk.marquee("left_knee", "left_ankle")
    assert desk.selected == sorted(desk.index(j) for j in ("left_knee", "left_ankle"))
    desk.marquee("right_knee", "right_ankle", keys=["Shift"])
    assert desk.selected == sorted(desk.index(f"{s}_{j}") for s in ("left", "right") for j in ("knee", "ankle"))
    desk.press("Control+a")
    assert len(desk.selected) == 17
    desk.press("Escape")
    assert desk.selected == []


def test_the_round_handle_turns_the_selection_rigidly(desk: Desk):
    desk.marquee(*arm)
    chosen = desk.selected
    assert chosen == sorted(desk.index(j) for j in arm)
    before = desk.people[0]["points"]
    x, y = desk.handle("rotate")
    desk.drag((x, y), (x + 70, y - 40), (x + 110, y - 120))
    after = desk.people[0]["points"]
    for a, b in pairwise(chosen):
        assert math.dist(after[a], after[b]) == near(math.dist(before[a], before[b]), 1e-6)
    assert math.dist(before[chosen[-1]], after[chosen[-1]]) > 20
    assert all(after[i] == before[i] for i in range(17) if i not in chosen)
    assert desk.steps == 1


def test_corner_and_side_handles_scale(desk: Desk):
    desk.press("Control+a")
    box = desk.ask("editor.selectionFrame?.box") or (desk.handle("se") and desk.ask("editor.selectionFrame.box"))
    x, y = desk.handle("se")
    width, height = box[2] - box[0], box[3] - box[1]
    desk.drag((x, y), (x - width * 0.3, y - height * 0.3))
    ratio = desk.bones()[0] / math.dist(
        *[standing["points"][i] for i in desk.ask("store.skeletonOf(store.doc.people[0]).boneIndices[0]")]
    )
    assert 0.6 < ratio < 0.8
    after = desk.people[0]["points"]
    spread = [max(p[axis] for p in after) - min(p[axis] for p in after) for axis in (0, 1)]
    whole = [max(p[axis] for p in standing["points"]) - min(p[axis] for p in standing["points"]) for axis in (0, 1)]
    assert spread[0] / whole[0] == near(spread[1] / whole[1], 1e-6), "a corner keeps the proportions"
    x, y = desk.handle("e")
    desk.drag((x, y), (x + 40, y))
    assert [p[1] for p in desk.people[0]["points"]] == near([p[1] for p in after], 1e-6), "a side only stretches"


def test_double_click_takes_the_whole_limb(desk: Desk):
    desk.page.mouse.dblclick(*desk.at("left_elbow"))
    assert desk.selected == sorted(desk.index(j) for j in arm)


# ── states ──


def test_right_click_cycles_and_a_missing_joint_is_dragged_back(desk: Desk):
    seen = []
    for _ in range(3):
        desk.page.mouse.click(*desk.at("left_wrist"), button="right")
        seen.append(desk.state("left_wrist"))
    assert seen == ["hidden", "missing", "visible"]
    desk.page.mouse.click(*desk.at("left_wrist"))
    desk.press("3")
    assert desk.state("left_wrist") == "missing"
    desk.press("Escape")
    desk.drag_joint("left_wrist", (30, 20))
    assert desk.state("left_wrist") == "visible"
    assert desk.point("left_wrist") != tuple(standing["points"][desk.index("left_wrist")])


def test_a_missing_joint_comes_back_by_its_chip(desk: Desk):
    desk.page.mouse.click(*desk.at("right_ankle"))
    desk.press("Delete")
    assert desk.state("right_ankle") == "missing"
    desk.page.click(".chip")
    assert desk.state("right_ankle") == "visible"


# ── undo ──


def test_undo_and_redo_over_every_kind_of_step(desk: Desk):
    documents = [desk.doc]

    def did():
        documents.append(desk.doc)
        assert desk.steps == len(documents) - 1

    desk.drag_joint("left_wrist", (-20, -30))
    did()
    desk.page.mouse.click(*desk.at("right_wrist"), button="right")
    did()
    desk.press("n")
    did()
    desk.press("Control+d")
    did()
    desk.press("Delete")
    did()
    desk.press("m")
    did()
    desk.command("swap")
    did()
    desk.press("ArrowUp")
    did()
    for document in reversed(documents[:-1]):
        desk.press("Control+z")
        assert desk.doc == document
    assert desk.steps == 0
    for i, document in enumerate(documents[1:]):
        desk.press("Control+Shift+z" if i % 2 else "Control+y")
        assert desk.doc == document


@pytest.mark.slow
def test_undo_reaches_back_200_steps(desk: Desk):
    start = desk.doc
    typed(desk, *["ArrowRight", "m"] * 100)  # a mirror between: nudges in a row are one step
    assert desk.steps == 200
    end = desk.doc
    assert end != start
    typed(desk, *["Control+z"] * 200)
    assert desk.doc == start
    typed(desk, *["Control+y"] * 200)
    assert desk.doc == end


def typed(desk: Desk, *keys: str):
    """Key presses, many at once: made in the page, without the way there and back for each."""
    press = (
        "dispatchEvent(new KeyboardEvent('keydown', { key: k.split('+').pop(), ctrlKey: k.startsWith('Control+') }))"
    )
    desk.ask(f"x.forEach((k) => {press})", keys)
