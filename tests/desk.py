"""The studio in one browser page, used as an artist would: by pointer, keys, files and the names on its buttons."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from scripts.served import ask, page_ready, wait

Place = tuple[float, float]


class Desk:
    """One page of the studio. Places are viewport pixels; joints go by person and name."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.url = url

    def open(self) -> Desk:
        """Go to the page, until it is ready to work with."""
        self.page.goto(self.url)
        self.page.wait_for_function(page_ready)
        return self

    # ── looking ──

    def ask(self, expression: str, argument: Any = None) -> Any:
        """The value of a JavaScript expression over studio, store, editor and closer; `x` is the argument."""
        return ask(self.page, expression, argument)

    def wait(self, expression: str, argument: Any = None) -> None:
        """Until the expression is true."""
        wait(self.page, expression, argument)

    @property
    def doc(self) -> dict[str, Any]:
        return self.ask("store.doc")

    @property
    def people(self) -> list[dict[str, Any]]:
        return self.ask("store.doc.people")

    @property
    def steps(self) -> int:
        """How many steps there are to undo."""
        return self.ask("store.past.length")

    def index(self, joint: str, person: int = 0) -> int:
        return self.ask("store.skeletonOf(store.doc.people[x[0]]).at[x[1]]", [person, joint])

    def point(self, joint: str, person: int = 0) -> Place:
        """Where a joint is in the drawing."""
        return tuple(self.ask("store.doc.people[x[0]].points[x[1]]", [person, self.index(joint, person)]))

    def state(self, joint: str, person: int = 0) -> str:
        return self.ask("store.doc.people[x[0]].states[x[1]]", [person, self.index(joint, person)])

    @property
    def selected(self) -> list[int]:
        """Selected joints of the active figure."""
        return sorted(self.ask("store.jointsOf(store.active)"))

    def lengths(self, *joints: str, person: int = 0) -> list[float]:
        """Lengths of the bones along a chain of joints, px of the drawing."""
        places = [self.point(joint, person) for joint in joints]
        return [math.dist(a, b) for a, b in pairwise(places)]

    def bones(self, person: int = 0) -> list[float]:
        """Lengths of all bones of a figure."""
        return self.ask(
            """(() => { const p = store.doc.people[x]; return store.skeletonOf(p).boneIndices.map(([a, b]) =>
            Math.hypot(p.points[a][0] - p.points[b][0], p.points[a][1] - p.points[b][1])); })()""",
            person,
        )

    def on_screen(self, place: Iterable[float], pane: str = "editor") -> Place:
        """The viewport's place of a place in the drawing."""
        return tuple(
            self.ask(
                f"(() => {{ const r = {pane}.front.getBoundingClientRect(); const [a, b] = {pane}.view.toScreen(x);"
                "return [a + r.left, b + r.top]; })()",
                list(place),
            )
        )

    def at(self, joint: str, person: int = 0, pane: str = "editor") -> Place:
        """The viewport's place of a joint."""
        return self.on_screen(self.point(joint, person), pane)

    def handle(self, name: str) -> Place:
        """The viewport's place of a handle of the selection's frame, once it is painted."""
        self.wait("editor.selectionFrame")
        self.wait("!editor.frame")
        return tuple(
            self.ask(
                "(() => { const r = editor.front.getBoundingClientRect(); const [a, b] ="
                " editor.selectionFrame.handles[x]; return [a + r.left, b + r.top]; })()",
                name,
            )
        )

    # ── doing ──

    def put(self, document: dict[str, Any], step: str = "pose") -> None:
        """Start over with this document, without a step of undo."""
        self.ask("(store.selected.clear(), store.active = 0, editor.cancelGesture(), editor.clearBoxes())")
        self.ask("(editor.lock = true, editor.symmetric = false, closer.hide(), studio.tab = 'figures')")
        self.ask("(store.restore(x[0]), studio.goTo(x[1]), editor.fit())", [document, step])

    def drag(self, start: Place, *places: Place, keys: Iterable[str] = (), steps: int = 4) -> None:
        """Press, move through places, let go; `keys` are held from the press on."""
        mouse, keyboard = self.page.mouse, self.page.keyboard
        mouse.move(*start)
        for key in keys:
            keyboard.down(key)
        mouse.down()
        for place in places:
            mouse.move(*place, steps=steps)
        mouse.up()
        for key in keys:
            keyboard.up(key)

    def drag_joint(
        self, joint: str, by: Place, person: int = 0, keys: Iterable[str] = (), pane: str = "editor"
    ) -> None:
        """Drag a joint by screen pixels."""
        x, y = self.at(joint, person, pane)
        self.drag((x, y), (x + by[0], y + by[1]), keys=keys)

    def marquee(self, *joints: str, keys: Iterable[str] = ()) -> None:
        """Drag a frame around joints."""
        xs, ys = zip(*map(self.at, joints), strict=True)
        self.drag((min(xs) - 20, min(ys) - 22), (max(xs) + 20, max(ys) + 18), keys=keys)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def command(self, name: str) -> None:
        """Click a tool."""
        self.page.click(f"[data-command={name}]")

    def go_to(self, step: str) -> None:
        self.page.click(f".step[data-step={step}]")

    def choose(self, path: Path) -> None:
        """Open a file with the page's own button and its file dialogue."""
        with self.page.expect_file_chooser() as dialogue:
            self.page.click(".bar button[aria-label^='Open']")
        dialogue.value.set_files(path)

    def drop(self, name: str, data: bytes, on: str = ".rail", kind: str = "") -> None:
        """Drop a file on any part of the page."""
        self.page.evaluate(
            """([name, data, selector, type]) => {
                const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
                const transfer = new DataTransfer();
                transfer.items.add(new File([bytes], name, { type }));
                const target = document.querySelector('.contrapposto').shadowRoot.querySelector(selector);
                const how = { dataTransfer: transfer, bubbles: true, cancelable: true, composed: true };
                for (const type of ['dragenter', 'dragover', 'drop']) target.dispatchEvent(new DragEvent(type, how));
            }""",
            [name, base64.b64encode(data).decode(), on, kind],
        )

    def opened(self, path: Path) -> None:
        """Open a file, until it is there."""
        rev = self.ask("store.rev")
        self.choose(path)
        self.wait("store.rev > x", rev)

    def toast(self) -> str:
        """The latest toast's words, once there is one."""
        self.page.wait_for_selector(".toast")
        return self.page.locator(".toast span").last.inner_text()

    def hush(self) -> None:
        """Take all toasts away."""
        self.ask("studio.toasts.element.replaceChildren()")

    def exported(self, format: str, folder: Path) -> Path:
        """Export through the sheet; the file that the browser downloaded."""
        if not self.ask("studio.exportMenu.isOpen"):
            self.press("Control+s")
        with self.page.expect_download() as download:
            self.page.click(f"[data-format={format}]")
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        self.wait("!studio.exportMenu.isOpen")
        return path

    def saved(self) -> None:
        """Until the browser has kept the work."""
        self.wait("studio.savedMark.textContent === studio.words.saved")

    def photo_bytes(self) -> bytes:
        """The drawing's pixels as the browser decodes them, RGBA."""
        data = self.ask(
            """(() => { const { bitmap } = studio.vault.picture(store.doc.photo.key);
            const c = new OffscreenCanvas(bitmap.width, bitmap.height); const ctx = c.getContext('2d');
            ctx.drawImage(bitmap, 0, 0); const { data } = ctx.getImageData(0, 0, c.width, c.height);
            let s = '';
            for (let i = 0; i < data.length; i += 32768) s += String.fromCharCode(...data.subarray(i, i + 32768));
            return btoa(s); })()"""
        )
        return base64.b64decode(data)


def near(expected: Any, within: float = 0.05) -> Any:
    """Equal within twentieths of a pixel: what a drag may lose by rounding."""
    return pytest.approx(expected, abs=within)


def figures(*people: dict[str, Any], size: tuple[int, int] = (600, 800)) -> dict[str, Any]:
    """An open work without a drawing."""
    return {
        "contrapposto": 1, "size": list(size), "people": list(people), "photo": None, "references": [],
        "camera": None, "request": None,
    }  # fmt: skip


def person(skeleton: str, points: Iterable[Iterable[float]]) -> dict[str, Any]:
    """A figure whose joints are all visible and the model's."""
    places = [list(map(float, p)) for p in points]
    return {
        "skeleton": skeleton, "name": "", "points": places, "scores": [0.9] * len(places),
        "states": ["visible"] * len(places), "sources": ["model"] * len(places), "hidden_bones": [], "front": [],
    }  # fmt: skip


# A figure of 17 points facing us: the right is its own right, on the left of the sheet.
standing = person(
    "coco17",
    [
        (300, 150), (315, 137), (285, 137), (335, 145), (265, 145), (365, 240), (235, 240), (400, 350), (200, 350),
        (395, 460), (205, 460), (340, 470), (260, 470), (350, 610), (250, 610), (345, 740), (255, 740),
    ],
)  # fmt: skip


def without_keys(document: dict[str, Any]) -> dict[str, Any]:
    """The document as a file holds it: the browser's keys of pictures left out."""
    copy = json.loads(json.dumps(document))
    for picture in [copy["photo"] or {}, *copy["references"]]:
        picture.pop("key", None)
    return copy
