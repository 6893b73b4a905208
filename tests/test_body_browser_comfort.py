"""What makes the Body step pleasant: nothing is hidden while one waits, nothing new is out of sight."""

from __future__ import annotations

from pathlib import Path

import pytest
from body_desk import BodyDesk
from desk import Desk, figures, standing

pytestmark = pytest.mark.browser


@pytest.fixture
def body(desk: Desk) -> BodyDesk:
    """A standing figure of 17 points in the Body step, and no history."""
    made = BodyDesk(desk.page, desk.url)
    made.enter(standing)
    return made


# ── coming ──

sheet = "getComputedStyle(body.element).getPropertyValue('--sheet').trim()"
corner = """(() => {
    const [x, y] = view.sheet(store.doc.size).map((c) => (c + 4) * body.ratio);
    const pixel = [...body.back.getContext('2d').getImageData(x, y, 1, 1).data].slice(0, 3);
    return '#' + pixel.map((c) => c.toString(16).padStart(2, '0')).join('');
})()"""


@pytest.mark.slow
def test_the_drawing_stays_in_sight_until_its_figure_stands(desk: Desk):
    body = BodyDesk(desk.page, desk.url)
    body.put(figures(standing))
    body.ask("(studio.server.call = () => new Promise((answer) => (studio.body.answer = answer)), 0)")
    try:
        body.go_to("body")
        body.until("studio.body.answer && body.painted > 0")
        assert "Standing the figure up" in body.page.inner_text(".said")
        assert body.look("body.floor") != body.look(sheet)
        body.until(f"({corner}) === {sheet}")
    finally:
        body.ask("(delete studio.server.call, studio.body.answer?.({ cancelled: true }), 0)")
    body.go_to("pose")


@pytest.mark.slow
def test_bodies_are_made_ready_while_one_looks_at_a_figure(new_desk):
    desk = new_desk()
    body = BodyDesk(desk.page, desk.url)
    body.put(figures(standing))
    body.until("work.info")
    assert (body.ask("studio.step"), body.steps) == ("pose", 0)


@pytest.mark.slow
def test_who_comes_back_by_redo_is_seen_as_drawn(desk: Desk):
    body = BodyDesk(desk.page, desk.url)
    body.put(figures(), step="body")
    body.page.click("[data-stand=running]")
    body.stands()
    assert body.look("Boolean(view.drawn)")
    body.press("Control+z")
    body.wait("store.doc.people.length === 0")
    body.press("Control+Shift+z")
    body.stands()
    assert body.look("Boolean(view.drawn)")


# ── going on ──


@pytest.mark.slow
def test_a_note_that_offers_to_undo_goes_with_what_it_was_about(body: BodyDesk):
    body.press("6")
    body.quiet()
    body.press("d")
    body.page.wait_for_selector(".toast:has-text('from here') button:has-text('Undo')")
    body.press("Control+z")
    body.page.wait_for_selector(".toast:has-text('from here')", state="detached")


def test_a_copy_beside_is_brought_into_a_free_view(body: BodyDesk):
    body.press("1")
    body.quiet()
    body.press("Control+d")
    body.stands(2)
    inside = "work.jointsOf(1).every((p) => (([x, y]) => x > 0 && x < view.width && y > 0)(view.project(p)))"
    body.until(inside)
    assert not body.look("Boolean(view.drawn)")


def test_a_wrist_is_gone_to_for_its_hand(body: BodyDesk):
    body.page.mouse.dblclick(*body.spot("left_wrist"))
    assert body.look("view.pivot") == pytest.approx(body.joint("left_hand_middle_1"), abs=1e-6)


def test_motion_that_is_dropped_on_the_page_shows_its_frames(body: BodyDesk, tmp_path: Path):
    one = body.taken("bvh", tmp_path).read_text("utf-8")
    head, frame = one.split("Frames: 1")[0], one.rstrip().splitlines()[-1]
    told = f"{head}Frames: 2\nFrame Time: 0.033333\n{frame}\n{frame}\n"
    body.ask("studio.body.bring(new File([x], 'walk.bvh'))", told)
    assert body.page.get_by_label("Frame", exact=True).is_visible()
    body.page.click("text=Put away")
    assert body.steps == 0


# ── as large as there is time for ──

paced = """(() => {
    const pace = new body.pace.constructor();
    return x.map(([ms, count]) => {
        for (let i = 0; i < count; i++) pace.note(ms, pace.moving);
        return pace.moving;
    });
})()"""


@pytest.mark.parametrize(
    ("took", "sides"),
    [
        ([[90, 20]], [512]),
        ([[30, 6], [30, 6]], [640, 768]),
        ([[45, 6], [55, 50]], [640, 640]),
        ([[30, 6], [100, 6], [30, 20]], [640, 512, 512]),
        ([[30, 6], [100, 6], [30, 152]], [640, 512, 640]),
    ],
    ids=["slow", "quick", "neither", "too large", "later again"],
)
def test_moving_pictures_are_as_large_as_there_is_time_for(desk: Desk, took: list, sides: list):
    body = BodyDesk(desk.page, desk.url)
    assert body.look(paced, took) == sides
