"""Lift and live body in the browser: readings are picked and undone, a body follows the joint that is dragged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from body_desk import BodyDesk
from desk import Desk, standing

pytestmark = pytest.mark.browser


class LiveDesk(BodyDesk):
    """The Pose step with the live body at its side."""

    def open_live(self) -> None:
        self.command("liveBody")
        self.followed()

    def followed(self) -> None:
        """Until the live body stands for what is drawn."""
        self.wait("studio.live.held && !studio.live.running && !studio.live.timer")

    @property
    def wrist(self) -> list[float]:
        """Where the live body's left wrist is, metres."""
        return self.look("work.joints.get(studio.live.held.body)[work.info.at.left_wrist]")


@pytest.fixture
def live(desk: Desk) -> Iterator[LiveDesk]:
    """A standing figure in the Pose step; the live body is closed afterwards."""
    made = LiveDesk(desk.page, desk.url)
    yield made
    made.ask("(studio.tray.close(), studio.live.toggle(false))")
    made.go_to("pose")


def test_the_body_follows_a_dragged_wrist_into_the_same_step(live: LiveDesk):
    live.open_live()
    assert (live.steps, live.people) == (0, [standing]), "looking changes nothing"
    before = live.wrist
    x, y = live.at("left_wrist")
    mouse = live.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 40, y - 120, steps=4)
    shown = live.ask("studio.live.shown")
    live.wait("studio.live.shown > x", shown)
    live.wait("!studio.live.running || studio.live.shown > x", shown + 1)
    assert live.wrist[1] > before[1] + 0.1, "it follows while the pointer is down"
    assert live.people == [standing]
    mouse.up()
    live.wait("store.doc.people[0].body && store.doc.people[0].body === studio.live.held.body")
    assert live.ask("store.past.map(({ label }) => label)") == ["Move joint"]
    seen = live.look("(view.follow(work.cameraOf()), view.drawn)")
    assert seen["size"] == [600, 800]
    after = live.wrist
    live.press("Control+z")
    live.followed()
    assert live.people == [standing]
    live.press("Control+Shift+z")
    live.followed()
    assert live.wrist == after
    live.go_to("body")
    live.stands()
    assert live.steps == 1, "drawing and body agree: nothing is stood up anew"


def test_the_window_is_turned_carried_and_kept_out_of_the_way(live: LiveDesk):
    live.open_live()
    first = live.page.get_attribute(".live img", "src")
    live.page.click("[data-aim=side]")
    live.page.wait_for_function(
        "(was) => document.querySelector('.contrapposto').shadowRoot.querySelector('.live img').src !== was", arg=first
    )
    live.page.focus(".live .window")
    yaw = live.ask("studio.live.inset.view.yaw")
    live.press("ArrowRight")
    assert live.ask("studio.live.inset.view.yaw") != yaw
    assert live.people == [standing], "keys in the window turn it and nudge nothing"
    grip = live.page.locator(".live header button").first
    box = grip.bounding_box()
    left, bottom = live.ask("(({ left, bottom }) => [left, bottom])(studio.stage.getBoundingClientRect())")
    live.drag((box["x"] + 9, box["y"] + 9), (left + 60, bottom - 60))
    assert live.ask("studio.live.inset.corner") == "sw"
    grip.focus()
    live.press("ArrowUp", "ArrowRight")
    assert live.ask("studio.live.inset.corner") == "ne"
    live.page.click(".live button[aria-label='Body over the drawing']")
    live.page.wait_for_selector(".overbody:visible")
    live.page.click(".live button[aria-label='Body over the drawing']")
    assert not live.page.is_visible(".overbody")


def test_a_drawing_with_too_few_joints_keeps_the_last_body(live: LiveDesk):
    live.open_live()
    body = live.ask("studio.live.held.body.translation")
    live.ask("store.select(0, [...Array(15).keys()])")
    live.press("3")
    live.page.wait_for_selector(".live .line:visible")
    live.wait("!studio.live.running")
    assert "xpected" in live.page.inner_text(".live .line")
    assert live.ask("studio.live.held.body.translation") == body
    live.press("Control+z")
    live.followed()


def test_readings_are_pointed_at_picked_and_undone(live: LiveDesk):
    live.enter(standing, anew=True)  # the readings among which it was chosen are at hand
    stood = live.body
    live.page.click("[data-readings='0']")
    live.page.wait_for_selector("[data-choice='1']")
    live.page.hover("[data-choice='1']")
    live.until("work.bodyOf(0) !== store.doc.people[0].body")
    assert (live.steps, live.body) == (0, stood), "pointing changes nothing"
    live.page.click("[data-choice='1']")
    live.page.click("[data-choice='2']")
    assert live.steps == 1, "another pick takes the place of the first"
    assert live.people[0]["points"] == standing["points"], "the drawing is the artist's"
    assert live.body != stood
    live.press("Escape")
    assert not live.ask("studio.tray.isOpen")
    assert live.page.is_visible("[data-readings='0']"), "the others stay at hand"
    live.press("Control+z")
    assert live.body == stood


@pytest.mark.slow
def test_a_lift_of_the_scene_is_one_step_and_can_be_given_up(live: LiveDesk):
    beside = {**standing, "points": [[x + 150, y] for x, y in standing["points"]]}
    live.enter(standing, beside)
    bodies = [person["body"] for person in live.people]
    live.press("l")
    live.wait("studio.tray.told.busy")
    live.press("Escape")
    live.wait("!studio.body.lift.job")
    assert ([person["body"] for person in live.people], live.steps) == (bodies, 0)
    live.page.click(".bodypanel [data-command=lift]")
    live.wait("studio.tray.isOpen && !studio.tray.told.busy && studio.tray.told.choices.length > 1")
    assert live.ask("store.past.map(({ label }) => label)") == ["Lift from the drawing"]
    assert "Figure 1" in live.page.inner_text(".tray h2") or "FIGURE 1" in live.page.inner_text(".tray h2")
    live.ask("store.activate(1)")
    assert live.ask("studio.body.lift.index") == 1, "the tray is for the figure that is active"
    live.press("Control+z")
    assert not live.ask("studio.tray.isOpen")
    assert [person["body"] for person in live.people] == bodies
