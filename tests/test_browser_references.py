"""References under the pose, the strength of the drawing, and pictures by paste."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from desk import Desk

pytestmark = pytest.mark.browser

paste = """
([name, data, type]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type }));
  window.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
}
"""


def pasted(desk: Desk, picture: Path) -> None:
    rev = desk.ask("store.rev")
    data = base64.b64encode(picture.read_bytes()).decode()
    desk.page.evaluate(paste, [picture.name, data, "image/jpeg"])
    desk.wait("store.rev > x", rev)


def slide(desk: Desk, label: str, key: str) -> None:
    """Move a slider by a key, as the keyboard does."""
    desk.page.locator(f"input[type=range][aria-label='{label}']").first.press(key)


def test_a_pasted_picture_is_the_drawing_and_its_strength_is_one_step(empty_desk, example):
    desk = empty_desk
    pasted(desk, example)
    assert desk.ask("studio.step") == "photo"
    assert desk.doc["photo"]["opacity"] == 1
    steps = desk.steps
    slide(desk, desk.ask("studio.words.photo.opacity"), "ArrowLeft")
    assert desk.doc["photo"]["opacity"] == pytest.approx(0.99)
    assert desk.steps == steps + 1
    desk.press("Control+z")
    assert desk.doc["photo"]["opacity"] == 1


def test_references_join_move_fade_hide_and_go(desk: Desk, example):
    pasted(desk, example)  # over a pose: something to look at, not a new drawing
    desk.page.click("[data-tab=references]")
    (one,) = desk.doc["references"]
    assert (one["visible"], one["opacity"], one["x"]) == (True, 0.5, 0)
    assert len(desk.people) == 1

    words = desk.ask("studio.words.references")
    slide(desk, words["opacity"], "ArrowRight")
    assert desk.doc["references"][0]["opacity"] == pytest.approx(0.51)

    desk.page.click(f".reference button[aria-label='{words['move']}']")
    x, y = desk.on_screen((60, 700))
    desk.drag((x, y), (x + 40, y - 30))
    scale = desk.ask("editor.view.scale")
    moved = desk.doc["references"][0]
    assert (moved["x"], moved["y"]) == pytest.approx((40 / scale, -30 / scale), abs=0.1)
    desk.page.click(f".reference button[aria-label='{words['move']}']")

    desk.page.click(f".reference button[aria-label='{words['show']}']")
    assert desk.doc["references"][0]["visible"] is False
    desk.page.click(f".reference button[aria-label='{words['remove']}']")
    assert desk.doc["references"] == []
    desk.press("Control+z", "Control+z", "Control+z", "Control+z", "Control+z")
    assert desk.doc["references"] == []
    desk.press("Control+y")
    assert desk.doc["references"][0]["opacity"] == 0.5


def test_a_reference_can_become_the_drawing(desk: Desk, example):
    pasted(desk, example)
    rev = desk.ask("store.rev")
    desk.page.get_by_role("button", name=desk.ask("studio.words.references.instead")).click()
    desk.wait("store.doc.photo && store.rev > x", rev)
    assert desk.doc["references"] == []
    assert desk.ask("studio.step") == "photo"
