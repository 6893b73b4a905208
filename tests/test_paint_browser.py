"""Pose to picture in the browser, on tiny painters: asked for, painted, judged, stopped, masked, opened again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import watched_page
from desk import Desk, figures, standing
from paint_desk import PaintDesk, fitted
from tiny_painters import write_painters, write_small

from scripts.served import Served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def painters_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with tiny painters of the artist's own, one of them told no pose."""
    folder = tmp_path_factory.mktemp("painters")
    app = Served(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTRAPPOSTO_MODELS", str(write_small(write_painters(folder / "models") / "words-only").parent))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("HF_HOME", str(folder / "hf"))
        app.start()
    yield app.url
    app.kill()
    assert "Traceback" not in app.log, app.log[-3000:]


@pytest.fixture(scope="module")
def _painting(chromium: Any, painters_url: str) -> Iterator[PaintDesk]:
    page = watched_page(chromium, painters_url)
    desk = PaintDesk(page, painters_url)
    desk.open()
    yield desk
    page.context.close()


@pytest.fixture
def paints(_painting: PaintDesk) -> Iterator[PaintDesk]:
    """The module's page in the Picture step with one standing figure."""
    _painting.enter()
    _painting.hush()
    yield _painting
    _painting.page.watch.judge()


def flat(width: int, height: int, color: tuple[int, int, int] = (200, 180, 160)) -> np.ndarray:
    return np.full((height, width, 3), color, np.uint8)


def test_a_mask_is_painted_undone_and_all_that_changes(paints: PaintDesk):
    paints.enter(photo=flat(128, 160), seed=3)
    paints.use("mask")
    paints.page.click(".paintrun")
    assert "Paint on the drawing" in paints.toast()
    paints.stroke((30, 40), (90, 40), size=20)
    assert paints.ask("store.past.map(({ label }) => label)") == ["Paint mask"]
    mask = paints.mask
    assert mask.shape == (160, 128)
    assert set(np.unique(mask)) == {0, 255}
    assert mask[40, 60] == mask[31, 60] == mask[40, 22] == 255
    assert mask[52, 60] == mask[40, 17] == mask[40, 105] == 0
    paints.stroke((60, 40), (60, 60), size=10, keys=("Alt",))
    assert paints.mask[40, 60] == 0
    paints.press("Control+z")
    assert np.array_equal(paints.mask, mask)
    paints.press("i")
    assert np.array_equal(paints.mask, 255 - mask)
    paints.press("Control+z", "Control+z")
    assert paints.ask("store.doc.mask") is None
    paints.press("Control+Shift+z")
    assert np.array_equal(paints.mask, mask)
    # The keyboard draws too.
    paints.press("e", "Enter", "e")
    assert paints.steps == 2
    paints.press("Control+z")
    paints.page.click("[data-around=left_hand]")
    x, y = paints.point("left_wrist")
    assert paints.mask[round(y), round(x)] == 255
    paints.press("Control+z")
    # What is laid open is painted anew, the rest of the photo stays.
    (picture,) = paints.paint()
    pixels = paints.pixels(picture).astype(int)
    assert pixels.shape == (80, 64, 3)
    change = np.abs(pixels - (200, 180, 160)).max(axis=2)
    assert change[17:23, 20:40].min() > 0
    assert change[17:23, 20:40].mean() > 30
    assert change[32:78, 4:60].max() <= 3
    assert paints.ask("studio.painting.photo.use") == "mask"


def test_a_photo_is_painted_over_as_far_as_it_may_change(paints: PaintDesk):
    paints.enter(photo=flat(128, 160), seed=3, steps=4)
    paints.use("over")
    made = {}
    for change in ("25", "100"):
        paints.ask("studio.painting.show('drawing')")
        paints.page.fill("input[name=change]", change)
        (picture,) = paints.paint()
        assert (picture["photo"], picture["mask"], picture["request"]["change"]) == (True, False, int(change) / 100)
        made[change] = paints.pixels(picture)
    paints.use("off")
    (picture,) = paints.paint()
    assert not picture["photo"]
    made["off"] = paints.pixels(picture)
    assert not np.array_equal(made["25"], made["100"])
    assert not np.array_equal(made["25"], made["off"])


def test_a_picture_is_judged_and_its_file_brings_everything_back(paints: PaintDesk, tmp_path: Path):
    page = paints.page
    page.fill("textarea[name=prompt]", "a dancer in a red coat")
    page.fill("textarea[name=negative]", "text")
    page.fill("input[name=seed]", "11")
    page.select_option("select[name=count]", "2")
    paints.ask("studio.painting.setChecks(true)")
    pictures = paints.paint()
    assert [one["request"]["seed"] for one in pictures] == [12, 11]
    assert all(0 <= one["verdict"]["oks"] <= 1 and one["verdict"]["found"] for one in pictures)
    assert page.locator(".strip [data-picture]").count() == 2
    assert "likeness" in page.inner_text(".verdict")
    first = pictures[1]
    page.click(f"[data-picture='{first['key']}']")
    with page.expect_download() as download:
        page.click("[data-act=download]")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)

    other = {**standing, "points": [[600 - x, y] for x, y in standing["points"]]}
    paints.enter(fitted(other, (256, 256)))
    assert paints.pictures == []
    paints.drop(file.name, file.read_bytes(), kind="image/png")
    paints.wait("store.doc.pictures.length")
    (back,) = paints.pictures
    assert np.array_equal(paints.pixels(back), paints.pixels(first))
    assert {key: back[key] for key in ("request", "pose", "model", "control", "verdict")} == {
        key: first[key] for key in ("request", "pose", "model", "control", "verdict")
    }
    assert paints.request == first["request"] | {"model": first["model"]}, "what `auto` took is named"
    assert np.allclose(paints.people[0]["points"], fitted(standing, (128, 160))["points"], atol=0.01)
    # And it can be painted again, pixel by pixel.
    paints.go_to("picture")
    paints.ask("studio.painting.settings.lock(true)")
    (again,) = paints.paint()
    assert np.array_equal(paints.pixels(again), paints.pixels(first))


def test_the_work_is_stopped_within_a_step_and_goes_on(paints: PaintDesk):
    paints.set(steps=150, count=8, size=[256, 256])
    paints.page.click(".paintrun")
    paints.page.wait_for_selector(".painting img[src^='data:']", timeout=120_000)
    paints.stop()
    assert "topped" in paints.toast()
    # All of it would take minutes: that a picture comes now shows that the server has stopped, not the page alone.
    paints.set(steps=1, count=1, size=[64, 80])
    assert len(paints.paint()) == 1
    assert len(paints.pictures) == 1
    paints.go_to("pose")
    paints.drag_joint("left_wrist", (10, 10))
    assert paints.steps == 1


def test_what_the_painter_hears_is_up_to_the_artist(paints: PaintDesk):
    page = paints.page
    page.fill("textarea[name=prompt]", "word " * 500)
    page.wait_for_selector(".hears.cut")
    page.fill("textarea[name=prompt]", "a dancer in a red coat")
    page.wait_for_selector(".hears:not(.cut)")
    page.click("summary:has-text('Words for the joints')")
    page.click("[data-token='<nose>']")
    paints.wait("studio.painting.request.silent.includes('nose')")
    page.wait_for_selector("[data-token='<nose>'][aria-pressed=false]")
    paints.go_to("pose")
    paints.drag_joint("left_wrist", (10, 10))
    paints.press("Control+z")
    assert (paints.request["prompt"], paints.request["silent"]) == ("a dancer in a red coat", ["nose"])


def test_a_painter_that_is_not_here_says_what_it_needs(new_desk):
    desk: Desk = new_desk()
    desk.put(figures(standing), step="picture")
    desk.wait("studio.painting.painters.known")
    desk.ask("studio.painting.set({ model: 'sd15' })")
    desk.page.wait_for_selector(".needs")
    desk.page.click(".needs summary >> nth=0")
    assert "python scripts/download_weights.py" in desk.page.inner_text(".needs code >> nth=0")
    assert desk.page.is_disabled(".paintrun")
    # All the rest is there already.
    desk.page.fill("textarea[name=prompt]", "a dancer")
    assert desk.ask("studio.painting.request.prompt") == "a dancer"
    desk.page.click("[data-view=reads]")
    desk.page.wait_for_selector(".reading img[src^='data:']")


def test_a_painter_that_is_told_no_pose_says_so(paints: PaintDesk):
    page = paints.page
    paints.ask("studio.painting.setChecks(true)")
    paints.set(model="words-only", size=[64, 64], steps=2, prompt="a zeppelin")
    page.wait_for_selector(".painters .notice:has-text('words alone')")
    page.wait_for_selector(".hears:has-text('never seen the words zeppelin')", state="attached")
    page.click(".folded summary")
    assert page.is_visible("input[name=guidance]")
    assert not page.is_visible("input[name=pose_strength]")
    assert not page.locator("[data-view=reads]").count()
    (picture,) = paints.paint()
    assert (picture["model"], picture["control"], picture["verdict"]) == ("words-only", "", None)
    assert "told no pose" in page.get_attribute(".strip [data-picture]", "aria-label")
    page.click(".folded summary")


def test_what_comes_along_paints_in_the_pose(new_desk):
    desk: Desk = new_desk()
    desk.put(figures(standing), step="picture")
    desk.wait("studio.painting.painters.ready")
    page = desk.page
    request = desk.ask("studio.painting.request")
    assert (request["guidance"], request["model"]) == (3, "auto")
    assert min(request["size"]) == 128
    page.click(".folded summary")
    assert page.is_visible("input[name=pose_strength]")
    # What it never saw is told while one writes.
    page.fill("textarea[name=prompt]", "a zeppelin")
    page.wait_for_selector(".hears:has-text('never seen the words zeppelin')", state="attached")
    page.click("[data-style=stainedGlass]")
    assert desk.ask("studio.painting.request.prompt") == "a zeppelin, made of stained glass"
    # A painter with other habits brings them along, and so does this one again.
    desk.ask("studio.painting.set({ model: 'sdxl' })")
    page.wait_for_selector("[data-style=anime]")
    desk.wait("studio.painting.request.guidance === 7.5 && Math.min(...studio.painting.request.size) > 512")
    desk.ask("studio.painting.set({ model: 'auto', guidance: 4 })")
    desk.wait("studio.painting.request.guidance === 4 && Math.min(...studio.painting.request.size) === 128")

    page.fill("textarea[name=prompt]", "a woman in a red dress")
    page.fill("input[name=steps]", "2")
    page.click(".paintrun")
    page.wait_for_selector(".strip [data-picture]", timeout=120_000)  # the first picture loads torch
    desk.wait("store.doc.pictures[0].verdict")
    (picture,) = desk.ask("store.doc.pictures")
    assert (picture["model"], picture["control"]) == ("sd-mini", "spctrl-mini")
    assert picture["verdict"]["estimator"] == "quick"
