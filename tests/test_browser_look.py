"""The page under fingers, in every size, in light and dark."""

import re
from collections.abc import Iterator

import pytest
from conftest import watched_page
from desk import Desk, figures, standing

pytestmark = pytest.mark.browser


# ── fingers and sizes ──


class Fingers:
    """Touches through Chromium's own input, as a screen sends them."""

    def __init__(self, desk: Desk) -> None:
        self.session = desk.page.context.new_cdp_session(desk.page)

    def send(self, kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def drag(self, start, end, steps: int = 5) -> None:
        self.send("touchStart", start)
        for k in range(1, steps + 1):
            self.send("touchMove", tuple(a + (b - a) * k / steps for a, b in zip(start, end, strict=True)))
        self.send("touchEnd")


@pytest.fixture(scope="module")
def touched(chromium, served) -> Iterator[Desk]:
    page = watched_page(chromium, served, viewport={"width": 1024, "height": 768}, has_touch=True)
    yield Desk(page, served).open()
    page.context.close()


@pytest.fixture
def tablet(touched: Desk) -> Iterator[tuple[Desk, Fingers]]:
    """A page under fingers with one standing figure and no history."""
    touched.put(figures(standing))
    touched.hush()
    touched.wait("!editor.frame")
    yield touched, Fingers(touched)
    touched.page.watch.judge()


@pytest.mark.slow
def test_one_finger_selects_drags_pans_and_holds(tablet):
    desk, fingers = tablet
    joint = desk.at("left_wrist")
    fingers.send("touchStart", joint)
    fingers.send("touchEnd")
    assert desk.selected == [desk.index("left_wrist")]
    x, y = desk.at("left_knee")
    before = desk.lengths("left_hip", "left_knee")
    fingers.drag((x + 8, y + 8), (x + 48, y - 20))  # a fingertip is not precise
    assert desk.lengths("left_hip", "left_knee") == pytest.approx(before, abs=0.05)
    assert desk.steps == 1
    pan = desk.ask("[editor.view.x, editor.view.y]")
    empty = desk.on_screen((60, 700))
    fingers.drag(empty, (empty[0] + 50, empty[1] - 40))
    assert desk.ask("[editor.view.x, editor.view.y]") == pytest.approx([pan[0] + 50, pan[1] - 40], abs=1)
    fingers.send("touchStart", desk.at("right_wrist"))
    desk.wait("store.doc.people[0].states[x] === 'hidden'", desk.index("right_wrist"))
    fingers.send("touchEnd")
    assert desk.state("right_wrist") == "hidden"
    assert desk.steps == 2


def test_a_right_click_after_a_long_press_counts(tablet):
    desk, fingers = tablet
    fingers.send("touchStart", desk.at("right_wrist"))
    desk.wait("store.doc.people[0].states[x] === 'hidden'", desk.index("right_wrist"))
    fingers.send("touchEnd")
    desk.page.mouse.click(*desk.at("left_wrist"), button="right")
    assert desk.state("left_wrist") == "hidden"


def test_two_fingers_zoom_where_they_are(tablet):
    desk, fingers = tablet
    scale = desk.ask("editor.view.scale")
    x, y = desk.on_screen((300, 300))
    fingers.send("touchStart", (x - 50, y), (x + 50, y))
    for spread in (60, 80, 100):
        fingers.send("touchMove", (x - spread, y), (x + spread, y))
    fingers.send("touchEnd")
    assert desk.ask("editor.view.scale") == pytest.approx(2 * scale, rel=0.02)
    assert desk.on_screen((300, 300)) == pytest.approx((x, y), abs=3)
    assert desk.steps == 0


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1024, 768), (820, 1180), (390, 844)])
def test_every_size_shows_canvas_steps_and_export(desk: Desk, width, height):
    desk.page.set_viewport_size({"width": width, "height": height})
    try:
        desk.wait("Math.abs(editor.view.width - editor.element.clientWidth) < 1")
        boxes = [
            desk.page.locator(s).first.bounding_box()
            for s in (".stage > .surface canvas", ".step[data-step=pose]", "button[aria-label=Export]")
        ]
        for box in boxes:
            assert box["width"] > 20
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width + 0.5
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= height + 0.5
        assert boxes[0]["width"] >= 300
        assert not desk.ask("document.documentElement.scrollWidth > innerWidth")
    finally:
        desk.page.set_viewport_size({"width": 1280, "height": 800})
        desk.wait("Math.abs(editor.view.width - editor.element.clientWidth) < 1")


def test_the_wheel_zooms_at_the_pointer(desk: Desk):
    x, y = desk.at("left_wrist")
    desk.page.mouse.move(x, y)
    scale = desk.ask("editor.view.scale")
    desk.page.mouse.wheel(0, -300)
    desk.wait("editor.view.scale > x * 1.2", scale)
    assert desk.at("left_wrist") == pytest.approx((x, y), abs=1), "the browser tells whole pixels"


# ── light and dark ──


def luminance(color: str) -> float:
    numbers = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in numbers]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_both_themes_are_readable_and_differ(desk: Desk):
    pictures = {}
    text_on = [(t, g) for t in ("--ink", "--soft", "--accent") for g in ("--paper", "--panel", "--sheet")]
    for _ in range(2):
        theme = desk.ask("studio.theme")
        pictures[theme] = desk.page.screenshot()
        value = lambda name: desk.ask("getComputedStyle(studio.element).getPropertyValue(x).trim()", name)  # noqa: E731
        for text, ground in [*text_on, ("--ink", "--wash"), ("--accent", "--wash"), ("--on-accent", "--accent")]:
            assert re.fullmatch("#[0-9a-f]{6}", value(text)), text
            assert contrast(value(text), value(ground)) >= 4.5, (
                f"{text} on {ground}, {theme}: {contrast(value(text), value(ground)):.2f}"
            )
        desk.page.click("button[aria-label='Light or dark']")
    assert pictures.keys() == {"light", "dark"}
    assert pictures["light"] != pictures["dark"]


@pytest.mark.slow
def test_a_dark_system_starts_dark(new_desk):
    assert new_desk(color_scheme="dark").ask("studio.theme") == "dark"
    assert new_desk(color_scheme="light").ask("studio.theme") == "light"
