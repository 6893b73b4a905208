"""Figures in the browser: copies and order, sides, keys, hands, animals."""

import math

import pytest
from desk import Desk, figures, near, person, standing

pytestmark = pytest.mark.browser
arm = ("left_shoulder", "left_elbow", "left_wrist")
sides = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")


# ── figures ──


def shifted(one, dx, **changes):
    return {**one, "points": [[x + dx, y] for x, y in one["points"]], **changes}


def test_copy_and_paste_by_keys(desk: Desk, served):
    desk.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=served.rstrip("/"))
    desk.page.mouse.click(*desk.at("nose"))
    desk.press("Control+c", "Control+v")
    desk.wait("store.doc.people.length === 2")
    copy = desk.people[1]
    assert copy["points"] == [[x + 16, y + 16] for x, y in standing["points"]]
    assert desk.ask("store.active") == 1
    desk.press("Control+x")
    desk.wait("store.doc.people.length === 1")


def test_duplicate_reorder_and_delete(desk: Desk):
    desk.put(figures(shifted(standing, -80, name="A"), shifted(standing, 80, name="B")))
    names = lambda: [one["name"] for one in desk.people]  # noqa: E731
    desk.ask("store.activate(0)")
    desk.press("]")
    assert names() == ["B", "A"]
    desk.press("[")
    assert names() == ["A", "B"]
    desk.press("Control+d")
    assert names() == ["A", "B", "A"]
    desk.press("Delete")
    assert names() == ["A", "B"]
    row = desk.page.locator(".figure", has=desk.page.locator("input.name")).first  # the front figure is listed first
    row.get_by_role("button", name="Delete selection or figure").click()
    assert names() == ["A"]


def test_deleting_some_joints_makes_them_missing(desk: Desk):
    desk.marquee(*arm)
    desk.press("Delete")
    assert [desk.state(joint) for joint in arm] == ["missing"] * 3
    assert len(desk.people) == 1


# ── sides ──


def test_mirror_swap_and_copy_to_the_other_side(desk: Desk):
    desk.drag_joint("left_wrist", (-10, -60))
    before = desk.people[0]["points"]
    pairs = [(desk.index(f"left_{s}"), desk.index(f"right_{s}")) for s in sides]
    desk.press("s")
    assert all(desk.people[0]["points"][a] == before[b] for a, b in pairs)
    desk.press("s")
    assert desk.people[0]["points"] == before
    desk.press("m")
    low, high = min(x for x, _ in before), max(x for x, _ in before)
    for a, b in pairs:
        assert desk.people[0]["points"][a] == near([low + high - before[b][0], before[b][1]], 1e-6)
    desk.press("m")
    assert [c for p in desk.people[0]["points"] for c in p] == near([c for p in before for c in p], 1e-6)

    desk.page.mouse.click(*desk.at("left_wrist"))
    desk.press("o")
    axis = 300  # the figure stands upright in the middle of the sheet
    for joint in arm:
        x, y = desk.point(joint)
        assert desk.point(joint.replace("left", "right")) == near((2 * axis - x, y), 1e-6)
    assert desk.ask("store.doc.people[0].sources[x]", desk.index("right_wrist")) == "mirror"


def test_symmetric_editing_does_to_one_side_what_the_other_did(desk: Desk):
    desk.command("symmetric")
    desk.drag_joint("left_wrist", (20, -70))
    x, y = desk.point("left_wrist")
    assert desk.point("right_wrist") == near((600 - x, y))
    assert desk.lengths(*arm) == near(desk.lengths(*(joint.replace("left", "right") for joint in arm)))


def test_flip_turns_only_the_selection(desk: Desk):
    desk.marquee("left_knee", "left_ankle")
    chosen = desk.selected
    desk.command("flipX")
    after = desk.people[0]["points"]
    assert [after[i][0] for i in chosen] == near([standing["points"][i][0] for i in reversed(chosen)], 1e-6)
    assert all(after[i] == standing["points"][i] for i in range(17) if i not in chosen)


# ── keys ──


@pytest.mark.parametrize(("key", "by"), [("ArrowRight", 1), ("Shift+ArrowRight", 10), ("Alt+ArrowRight", 0.1)])
def test_arrows_nudge(desk: Desk, key, by):
    desk.page.mouse.click(*desk.at("left_wrist"))
    x, y = desk.point("left_wrist")
    desk.press(key)
    assert desk.point("left_wrist") == near((x + by, y), 1e-9)
    assert desk.point("left_elbow") == tuple(standing["points"][desk.index("left_elbow")])


def test_nudges_in_a_row_are_one_step(desk: Desk):
    desk.page.mouse.click(*desk.at("left_wrist"))
    before = desk.people
    desk.ask("store.commit('other', { ...store.doc })")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        desk.ask("dispatchEvent(new KeyboardEvent('keydown', { key: x }))", key)
    assert desk.steps == 2
    desk.press("Control+z")
    assert (desk.steps, desk.people) == (1, before)


def test_keyboard_alone_reaches_and_moves_a_joint(desk: Desk):
    desk.ask("studio.element.querySelector('.step').focus()")
    for _ in range(60):
        desk.press("Tab")
        if desk.ask("editor.front.getRootNode().activeElement === editor.front"):
            break
    else:
        pytest.fail("Tab never reached the canvas")
    desk.press("Tab")
    first = desk.selected
    desk.press("Tab")
    second = desk.selected
    assert len(first) == len(second) == 1
    assert first != second
    desk.press("Shift+Tab")
    assert desk.selected == first
    desk.press("Shift+ArrowDown")
    x, y = standing["points"][first[0]]
    assert desk.people[0]["points"][first[0]] == near([x, y + 10], 1e-9)


def test_every_key_of_the_sheet_is_shown(desk: Desk):
    desk.press("?")
    shown = set(desk.page.locator(".help kbd").all_inner_texts())
    assert {"Ctrl+Z", "Ctrl+D", "M", "S", "O", "Delete", "Arrows", "Ctrl+S"} <= shown
    desk.press("Escape")
    assert not desk.ask("studio.help.isOpen")


def test_typing_a_name_runs_no_command(desk: Desk):
    desk.page.fill("input.name", "")
    desk.page.click("input.name")
    desk.page.keyboard.type("Mosn")
    desk.press("Enter")
    desk.wait("store.doc.people[0].name === 'Mosn'")
    assert len(desk.people) == 1
    assert desk.people[0]["points"] == standing["points"]


# ── hands ──


def test_a_hand_makes_a_figure_whole_and_the_closer_look_bends_a_finger(desk: Desk):
    body = desk.people[0]["points"]
    row = desk.page.locator(".part", has_text="Left hand")
    row.get_by_role("button", name="Palm").click()
    (whole,) = desk.people
    assert (whole["skeleton"], len(whole["points"])) == ("wholebody133", 133)
    assert whole["points"][:17] == body
    row.get_by_role("button", name="Closer look").click()
    desk.wait("!closer.element.hidden && closer.editor.view.scale > editor.view.scale && !closer.editor.frame")
    finger = [f"left_hand_index_{n}" for n in (1, 2, 3, 4)]
    before = desk.lengths(*finger)
    tip = desk.point(finger[-1])
    desk.drag_joint(finger[-1], (-25, 25), pane="closer.editor")
    assert math.dist(desk.point(finger[-1]), tip) > 1
    assert desk.lengths(*finger) == near(before)
    assert desk.people[0]["points"][:17] == body, "the body stays"


def test_three_whole_figures_stay_apart(desk: Desk):
    desk.put(figures())
    for _ in range(3):
        desk.ask("studio.library.addDefault('whole')")
    assert [len(one["points"]) for one in desk.people] == [133] * 3
    desk.ask("editor.view.zoom(3, [400, 300]), editor.paintAll()")
    desk.press("Control+a")
    assert desk.ask("store.selected.size") > 3 * 100


def test_an_animal_edits_alike(desk: Desk):
    desk.put(figures())
    desk.ask("studio.library.addDefault('animal')")
    (animal,) = desk.people
    assert animal["skeleton"] == "ap10k17"
    leg = desk.ask("store.skeletonOf(store.doc.people[0]).chains[0]")
    before = desk.lengths(*leg)
    desk.drag_joint(leg[-1], (15, -25))
    assert desk.lengths(*leg) == near(before)
    assert desk.steps == 2


def test_a_single_hand_edits_point_by_point(desk: Desk):
    hand = person("hand21", [(300, 500)] + [(200 + 50 * f, 420 - 60 * n) for f in range(5) for n in range(4)])
    desk.put(figures(hand))
    finger = [f"middle_{n}" for n in (1, 2, 3, 4)]
    before = desk.lengths(*finger)
    desk.drag_joint("middle_4", (40, 60))
    assert desk.lengths(*finger) == near(before)
