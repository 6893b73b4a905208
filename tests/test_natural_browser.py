"""The Body step's Natural section in the browser: the slider, choices in the tray, and limbs front or back."""

from __future__ import annotations

import math

import pytest
from body_desk import BodyDesk
from desk import Desk, figures, near, standing

pytestmark = pytest.mark.browser

laid = "studio.tray.isOpen && !studio.tray.told.busy && studio.tray.told.choices.length > 1"


@pytest.fixture
def body(desk: Desk) -> BodyDesk:
    """A standing figure of 17 points in the Body step, and no history."""
    made = BodyDesk(desk.page, desk.url)
    made.enter(standing)
    return made


def slider(body: BodyDesk):
    return body.page.get_by_label("More natural", exact=True)


@pytest.mark.slow
def test_the_slider_is_one_step_however_often_it_is_moved_and_holds_what_is_held(body: BodyDesk):
    body.pull("left_wrist", (60, -120))
    before, wrist = body.body, body.joint("left_wrist")
    body.ask("studio.body.editor.pin('left_wrist')")
    body.slide("More natural", 90)
    assert math.dist(body.joint("left_wrist"), wrist) < 0.001
    assert body.joint("left_shoulder") != before
    once = body.body
    slider(body).fill("40")
    body.wait("JSON.stringify(store.doc.people[0].body) !== x", body.ask("JSON.stringify(store.doc.people[0].body)"))
    body.quiet()
    assert (body.steps, body.ask("store.past.at(-1).label")) == (2, "More natural")
    assert body.body != once
    assert slider(body).input_value() == "40"
    body.press("Control+z")
    body.quiet()
    assert (body.body, slider(body).input_value()) == (before, "0")
    body.ask("studio.body.editor.unpin()")


def test_variations_are_tried_by_pointing_and_one_is_kept(body: BodyDesk):
    before, points = body.body, body.people[0]["points"]
    body.press("v")
    body.wait(laid)
    body.page.locator(".tray [data-choice]").nth(2).hover()
    body.wait("store.draft && store.shown.people[0].body !== store.doc.people[0].body")
    assert (body.body, body.steps) == (before, 0)
    body.page.keyboard.press("2")
    body.stepped(1)
    second = body.body
    assert second["body"] != before["body"]
    assert body.people[0]["points"] != points, "the drawing goes along"
    body.page.keyboard.press("1")
    body.quiet()
    assert body.steps == 1, "another choice in its place"
    assert body.body != second
    body.page.keyboard.press("Escape")
    assert not body.ask("studio.tray.isOpen")
    body.press("Control+z")
    assert (body.body, body.people[0]["points"]) == (before, points)


@pytest.mark.slow
def test_new_poses_are_thrown_again_and_given_up(body: BodyDesk):
    before = body.body
    body.press("n")
    body.wait(laid)
    first = body.ask("studio.tray.told.choices.map((one) => one.body.body)")
    body.page.click(".tray .dice")
    body.wait(f"{laid} && studio.tray.told.seed === 1")
    assert body.ask("studio.tray.told.choices.map((one) => one.body.body)") != first
    body.page.click(".tray .dice")
    body.wait("studio.tray.told.busy")
    body.page.click(".tray .stop")
    body.wait("!studio.tray.told.busy")
    body.page.keyboard.press("Escape")
    body.quiet()
    assert (body.body, body.steps) == (before, 0)


def test_a_forearm_comes_towards_the_viewer_and_the_drawing_stays(body: BodyDesk):
    body.put(figures(), step="body")
    body.ask("studio.body.add(studio.library.byId('running'))")
    body.stands()
    steps, points, wrist = body.steps, body.people[0]["points"], body.joint("left_wrist")
    body.ask("studio.body.editor.select('left_elbow')")
    other = body.page.locator(".flips .segment:not(.on):not([disabled])").first
    other.hover()
    body.wait("store.draft")
    assert body.steps == steps
    other.click()
    body.stepped(steps + 1)
    assert math.dist(body.joint("left_wrist"), wrist) > 0.05
    assert body.people[0]["points"] == points
    assert not body.look("work.waiting.length"), "it stands for its drawing still"
    seen = body.look("work.projected.get(work.bodyOf(0)) ?? null")
    assert seen is None or seen["points"][9] == near(points[9], 12)
    body.page.mouse.dblclick(*body.spot("left_elbow"))
    body.wait(laid)
    assert body.page.locator(".tray [data-choice]").count() > 1
    body.page.keyboard.press("Escape")
