"""The whole journey on what comes along: a drawing, its pose, a hand completed, the body, pictures, and back again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from body_desk import BodyDesk
from model_desk import ModelDesk, run
from paint_desk import PaintDesk

pytestmark = pytest.mark.browser


class Journey(BodyDesk, ModelDesk, PaintDesk):
    """One page of the studio, in all four steps."""

    def completes(self, part: str) -> None:
        """Complete a part of the figure with the first choice."""
        self.page.click(f"[data-complete={part}]")
        self.page.wait_for_function(
            "(({ tray, complete }) => tray.isOpen && tray.told.choices.length && !complete.work.job)"
            "(document.querySelector('.contrapposto').studio)",
            timeout=120_000,
        )
        self.press("1", "Enter")
        self.wait("!studio.tray.isOpen")


def test_from_a_drawing_to_pictures_and_back(open_page: Callable[..., Any], served: str, example: Path, tmp_path: Path):
    desk = Journey(open_page(served), served)
    desk.open()
    desk.opened(example)
    desk.page.click(run)
    desk.page.wait_for_function(
        "!document.querySelector('.contrapposto').studio.files.job", timeout=120_000
    )  # the first look loads torch
    (found,) = desk.people
    assert found["skeleton"] == "wholebody133"
    assert {"left_hip", "nose"} <= {name for name in ("left_hip", "nose") if desk.state(name) == "visible"}

    desk.go_to("pose")
    x, y = desk.point("left_elbow")
    desk.drag_joint("left_elbow", (18, -12))
    assert desk.point("left_elbow") != (x, y)
    steps = desk.steps
    desk.completes("left_hand")
    assert desk.steps == steps + 1
    hand = desk.ask("store.skeletonOf(store.doc.people[0]).groupIndices.left_hand")
    assert {desk.people[0]["sources"][i] for i in hand} == {"prior"}

    desk.go_to("body")
    desk.stands()
    desk.command("lift")
    desk.wait("studio.tray.isOpen && studio.tray.told.choices.length && !studio.tray.told.busy")
    desk.page.click("[data-choice='1']")
    desk.press("Escape")
    desk.wait("!studio.tray.isOpen")
    desk.quiet()
    yaw = desk.look("view.yaw")
    left, top = desk.middle()
    desk.drag((left, top), (left + 120, top - 10))
    desk.quiet()
    assert desk.look("view.yaw") != yaw
    assert desk.people[0]["body"] is not None

    desk.go_to("picture")
    desk.wait("studio.painting.painters.ready")
    desk.set(count=2, steps=4, seed=7)
    desk.page.fill("textarea[name=prompt]", "a clay figure of a woman in a studio")
    pictures = desk.paint()
    assert [(one["model"], one["control"]) for one in pictures] == [("sd-mini", "spctrl-mini")] * 2
    desk.wait("store.doc.pictures.every((one) => one.verdict)")
    assert {one["verdict"]["estimator"] for one in desk.pictures} == {"quick"}

    file = desk.exported("project", tmp_path)
    work, pixels = desk.doc, [desk.pixels(one) for one in desk.pictures]
    desk.saved()
    desk.page.reload()
    desk.open()
    desk.wait("store.doc.pictures.length === 2")
    assert desk.doc == work

    other = Journey(open_page(served), served)
    other.open()
    other.opened(file)
    other.wait("store.doc.pictures.length === 2")
    assert other.people == work["people"]
    assert all(np.array_equal(one, other.pixels(two)) for one, two in zip(pixels, other.pictures, strict=True))
    assert [one["verdict"] for one in other.pictures] == [one["verdict"] for one in work["pictures"]]
