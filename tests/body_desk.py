"""The studio's page in its Body step: figures in space, taken hold of by their handles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from desk import Desk, Place, figures


class BodyDesk(Desk):
    """One page of the studio, looked at from the Body step."""

    stood: ClassVar[dict[str, dict[str, Any]]] = {}  # by the drawing, in JSON: the work in which its figures stand

    def look(self, expression: str, argument: Any = None) -> Any:
        """The value of a JavaScript expression over studio, store, `work`, the step's editor `body` and its view."""
        return self.ask(
            f"(({{ work, editor: body }}) => {{ const view = body.view; return ({expression}); }})(studio.body)",
            argument,
        )

    def until(self, expression: str, argument: Any = None) -> None:
        """Until such an expression is true."""
        self.wait(
            f"(({{ work, editor: body }}) => {{ const view = body.view; return ({expression}); }})(studio.body)",
            argument,
        )

    # ── coming and going ──

    def enter(self, *people: dict[str, Any], anew: bool = False) -> None:
        """The Body step with these figures, once they stand and are to be seen; without history.

        Figures that stood up before are opened with the bodies they got then; with `anew` they stand up again.
        """
        drawing = figures(*people)
        key = json.dumps(drawing)
        self.ask("void studio.goTo('pose')")  # before the bodies come: a view of them on its way would turn the step's
        self.ask("(studio.body.editor.selected = null, studio.body.editor.view.aimed = false)")
        self.ask("(studio.body.editor.view.drawn = null)")
        self.put(drawing if anew else self.stood.get(key, drawing), step="pose")
        self.go_to("body")
        self.stands(len(people))
        self.until("view.drawn")
        self.ask("(store.past.length = 0, studio.refresh())")
        self.stood[key] = self.doc

    def stands(self, count: int = 1) -> None:
        """Until so many figures stand, and their joints are known."""
        self.until("work.standing.length === x && !work.rising && work.standing.every((i) => work.jointsOf(i))", count)
        self.quiet()

    def quiet(self) -> None:
        """Until nothing is asked of the server."""
        self.until("!body.asking && !body.wanted && !work.edit && !work.settling && !work.rising")

    def stepped(self, count: int) -> None:
        """Until there are so many steps to undo, and what they made is on the canvas."""
        self.wait("store.past.length === x", count)
        self.quiet()

    # ── looking ──

    def joint(self, name: str, person: int = 0) -> list[float]:
        """Where a joint is in space, metres."""
        return self.look("work.jointsOf(x[0])[work.info.at[x[1]]]", [person, name])

    def spot(self, name: str, person: int = 0) -> Place:
        """The viewport's place of a joint's handle."""
        return tuple(
            self.look(
                "(() => { const r = body.front.getBoundingClientRect(); const [a, b] ="
                " view.project(work.jointsOf(x[0])[work.info.at[x[1]]]); return [a + r.left, b + r.top]; })()",
                [person, name],
            )
        )

    def middle(self) -> Place:
        """An empty place of the canvas, beside the figure."""
        x, y, w, h = self.look(
            "(({ left, top, width, height }) => [left, top, width, height])(body.front.getBoundingClientRect())"
        )
        return x + 0.06 * w, y + 0.8 * h

    @property
    def picture(self) -> str:
        """The picture that the server sent last; skips where nothing can draw."""
        if problem := self.look("work.info.problem || body.note"):
            pytest.skip(f"no pictures of bodies here: {problem}")
        return self.look("body.frame.image.src")

    @property
    def body(self) -> dict[str, Any]:
        """The first figure's body."""
        return self.people[0]["body"]

    # ── doing ──

    def pull(self, joint: str, by: Place, keys: tuple[str, ...] = ()) -> None:
        """Drag a joint by screen pixels, until the step is made."""
        steps = self.steps
        x, y = self.spot(joint)
        self.drag((x, y), (x + by[0], y + by[1]), keys=keys)
        self.stepped(steps + 1)

    def section(self, name: str) -> None:
        """Open a section of the inspector."""
        if not self.look(f"studio.body.panel.parts.{name}.element.open"):
            self.page.click(f"[data-part={name}] > summary")

    def slide(self, label: str, value: float) -> None:
        """Set a slider of the inspector, until the step is made."""
        steps = self.steps
        self.page.get_by_label(label, exact=True).fill(str(value))
        self.stepped(steps + 1)

    def taken(self, format: str, folder: Path) -> Path:
        """Take one format home; the file that the browser downloaded."""
        self.section("download")
        with self.page.expect_download() as download:
            self.page.click(f"[data-body={format}]")
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        self.until("!studio.body.exports.busy")
        return path
