"""A hidden hand, arm or joint completed on the page: choices in the tray, one kept, in the drawing and in space."""

from __future__ import annotations

import pytest
from body_desk import BodyDesk
from desk import Desk, figures, near, standing

pytestmark = pytest.mark.browser

hand = "store.skeletons.wholebody133.groupIndices.left_hand"


def chosen(desk: Desk) -> None:
    """Until there are choices, with their pictures in space where something can draw here."""
    desk.page.wait_for_function(
        "(() => { const { studio } = document.querySelector('.contrapposto');"
        " return studio.tray.isOpen && studio.tray.told.choices.length && !studio.complete.work.job; })()",
        timeout=120_000,
    )


def test_a_hidden_hand_is_completed_picked_and_undone(desk: Desk):
    desk.go_to("pose")
    before = desk.people[0]
    desk.page.click("[data-complete=left_hand]")
    desk.page.wait_for_selector(".tray progress:not([hidden])")
    chosen(desk)
    cards = desk.page.locator(".choosing")
    assert cards.count() == 5
    assert desk.steps == 0
    # The first has the keyboard, and is tried on the drawing.
    desk.wait("store.shown !== store.doc && store.shown.people[0].skeleton === 'wholebody133'")
    cards.nth(2).hover()
    desk.wait("studio.tray.pointed === studio.tray.told.choices[2]")
    tried = desk.ask("store.shown.people[0].points")
    desk.press("2")
    assert desk.steps == 1
    after = desk.people[0]
    points = desk.ask(f"{hand}.map((i) => store.doc.people[0].points[i])")
    assert points != [tried[i] for i in desk.ask(hand)]
    assert after["points"][:17] == before["points"]
    assert {after["sources"][i] for i in desk.ask(hand)} == {"prior"}
    assert points[0] == near(after["points"][9], 3)
    assert after["body"] is not None
    assert "on" in cards.nth(1).get_attribute("class").split()
    # Another choice takes the place of the first: still one step.
    desk.press("4")
    assert desk.steps == 1
    desk.press("Enter")
    desk.wait("!studio.tray.isOpen")
    assert desk.people[0]["points"] != after["points"]
    # In space it is the same figure: nothing waits to stand up.
    desk.go_to("body")
    desk.wait("studio.body.work.standing.length === 1 && !studio.body.work.rising && !studio.body.work.waiting.length")
    assert desk.steps == 1
    desk.go_to("pose")
    desk.press("Control+z")
    assert desk.people[0] == before


def test_a_blend_is_part_of_the_same_step(desk: Desk):
    desk.go_to("pose")
    desk.ask("store.select(0, [7, 9])")
    desk.ask("editor.front.focus()")
    desk.press("c")
    chosen(desk)
    assert "Left arm" in desk.page.inner_text(".tray h2").capitalize()
    before, shoulder = desk.point("left_wrist"), desk.point("left_shoulder")
    desk.press("1")
    picked = desk.point("left_wrist")
    desk.page.get_by_label("Blend", exact=True).fill("30")
    desk.wait("x[0] !== store.doc.people[0].points[9][0]", list(picked))
    blended = desk.point("left_wrist")
    assert desk.steps == 1
    away = [sum((a - b) ** 2 for a, b in zip(place, before, strict=True)) ** 0.5 for place in (blended, picked)]
    assert away[0] < away[1]
    assert desk.point("left_shoulder") == shoulder
    desk.press("Control+z")
    assert desk.steps == 0
    desk.wait("!studio.tray.isOpen")  # its choices were of what is no more


def test_escape_leaves_everything_as_it_was(desk: Desk):
    desk.go_to("pose")
    before = desk.doc
    desk.page.click("[data-complete=right_hand]")
    chosen(desk)
    desk.press("Escape")
    desk.wait("!studio.tray.isOpen && store.shown === store.doc")
    assert (desk.doc, desk.steps) == (before, 0)


def test_joints_are_selected_by_drawing_around_them(desk: Desk):
    desk.go_to("pose")
    desk.ask("(editor.view.fit([0, 0, 600, 800]), editor.paintAll())")
    desk.command("lasso")
    x, y = desk.at("left_elbow")
    v, w = desk.at("left_wrist")
    desk.drag((x - 25, y - 20), (x + 25, y - 20), (v + 25, w + 20), (v - 25, w + 20))
    assert desk.selected == [7, 9]
    desk.command("lasso")


def test_a_hand_of_a_body_is_completed_in_space(desk: Desk):
    body = BodyDesk(desk.page, desk.url)
    body.enter(standing)
    body.ask("studio.body.editor.select('left_wrist')")
    body.page.click(".bodypanel [data-command=complete]")
    chosen(body)
    body.press("2")
    assert body.steps == 1
    body.press("Enter")
    body.quiet()
    assert body.people[0]["body"]["hands"][0] != body.ask("store.past[0].doc.people[0].body.hands[0]")
    body.put(figures(standing))
