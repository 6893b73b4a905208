"""The studio's page in its Picture step: what is asked for, the mask on the drawing, and what is painted."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from desk import Desk, figures, standing
from PIL import Image

decoded = """
const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
const ctx = canvas.getContext('2d');
ctx.drawImage(bitmap, 0, 0);
const file = await canvas.convertToBlob({ type: 'image/png' });
const bytes = new Uint8Array(await file.arrayBuffer());
return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
"""


class PaintDesk(Desk):
    """One page of the studio, looked at from the Picture step; pictures have the smallest size there is."""

    def enter(self, *people: dict[str, Any], photo: np.ndarray | None = None, **asked: Any) -> None:
        """The Picture step with these figures over a photo (H, W, 3) uint8, nothing painted nor checked, no history."""
        if self.ask("studio.painting.busy"):
            self.stop()
        size = (128, 160) if photo is None else photo.shape[1::-1]
        doc = figures(*(people or (fitted(standing, size),)), size=size)
        if photo is not None:
            file = io.BytesIO()
            Image.fromarray(photo).save(file, "png")
            key = self.ask(
                "studio.vault.keep(await (await fetch(x)).blob())",
                "data:image/png;base64," + base64.b64encode(file.getvalue()).decode(),
            )
            doc["photo"] = {"key": key, "opacity": 1}
        self.put(doc, step="picture")
        self.ask("(studio.painting.show('drawing'), studio.painting.settings.lock(true))")
        self.ask("studio.painting.setChecks(false)")
        self.wait("studio.painting.painters.known")
        self.set(**{"prompt": "a figure", "steps": 1, "size": [64, 80], **asked})

    def set(self, **asked: Any) -> None:
        """Ask for something without looking for its place on the page."""
        self.ask("studio.painting.set(x)", asked)

    @property
    def request(self) -> dict[str, Any]:
        """What is asked for."""
        return self.ask("studio.painting.request")

    @property
    def pictures(self) -> list[dict[str, Any]]:
        """The pictures painted so far, newest first."""
        return self.ask("store.doc.pictures")

    def paint(self) -> list[dict[str, Any]]:
        """Paint, until all is painted; the pictures that came of it."""
        before = {one["key"] for one in self.pictures}
        self.page.click(".paintrun")
        self.rests()
        return [one for one in self.pictures if one["key"] not in before]

    def rests(self) -> None:
        """Until nothing is painted any more, and what was painted hangs in the gallery."""
        self.page.wait_for_function(
            "(({ busy, view }) => !busy && view !== 'work')(document.querySelector('.contrapposto').studio.painting)",
            timeout=120_000,
        )  # the first picture loads torch

    def stop(self) -> None:
        self.page.click(".runbar .stop")
        self.rests()

    def pixels(self, picture: dict[str, Any]) -> np.ndarray:
        """The pixels (H, W, 3) of a picture, as the browser decodes them."""
        return self._pixels(f"await createImageBitmap(studio.vault.picture('{picture['key']}').blob)")

    # ── the mask ──

    def use(self, how: str) -> None:
        """Choose what of the photo is used: off, over, mask."""
        if not self.ask("studio.painting.photo.element.open"):
            self.page.click(".usephoto summary")
        self.page.click(f"[data-use={how}]")

    @property
    def mask(self) -> np.ndarray:
        """The mask (H, W) as it is sent to be painted: its pixels are 0 or 255."""
        name = "studio.painting.photo.sent().then(({ mask }) => studio.server.fetchFile(mask))"
        return self._pixels(f"await createImageBitmap(await {name})")[..., 0]

    def stroke(self, *places: tuple[float, float], size: float | None = None, keys: tuple[str, ...] = ()) -> None:
        """Draw with the brush through places of the drawing."""
        if size:
            self.ask("studio.painting.photo.mask.resize(x)", size)
        self.drag(*map(self.on_screen, places), keys=keys)

    def _pixels(self, bitmap: str) -> np.ndarray:
        data = self.ask(f"(async () => {{ const bitmap = {bitmap}; {decoded} }})()")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def fitted(person: dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    """A figure of a sheet of 600 × 800 on another."""
    return {**person, "points": [[x * size[0] / 600, y * size[1] / 800] for x, y in person["points"]]}
