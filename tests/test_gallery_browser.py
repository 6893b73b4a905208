"""Finished pictures in the browser: kept, looked at, judged, compared, asked for again, taken out and opened again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from desk import Desk, figures, standing

from engine import files

pytestmark = pytest.mark.browser

# A picture as the server would tell of it, flat and of 64 × 96 pixels, from a canvas of 600 × 800.
paint = """
(async () => {
  const canvas = new OffscreenCanvas(64, 96);
  const ctx = canvas.getContext("2d");
  ctx.fillStyle = `hsl(${60 * x.seed} 60% 60%)`;
  ctx.fillRect(0, 0, 64, 96);
  const image = await studio.server.upload(await canvas.convertToBlob({ type: "image/png" }), "picture.png");
  const k = 64 / 600;
  const people = store.doc.people.map((person) => ({ ...person,
    points: person.points.map(([a, b]) => [(a + 0.5) * k - 0.5, (b + 0.5) * k + (96 - 800 * k) / 2 - 0.5]) }));
  const { oks, ...told } = x;
  const verdict = oks === undefined ? null : { oks, pck: oks, estimator: "quick", found: people, drifted: [[]] };
  const request = { ...studio.painting.request, prompt: "a dancer", size: [64, 96], ...told.request, seed: x.seed };
  await studio.painting.gallery.add({ image, request, verdict, pose: { size: [64, 96], people }, model: "sd15",
    control: "openpose-sd15", photo: false, mask: false, run: "one", from: store.doc, ...told });
})()
"""


class Wall(Desk):
    """The Picture step's gallery."""

    def paint(self, seed: int, **told: Any) -> None:
        self.ask(paint, {"seed": seed, **told})

    @property
    def seeds(self) -> list[int]:
        """The pictures by the number of their throw, as they stand in the strip."""
        return self.ask("studio.painting.gallery.list.map((one) => one.request.seed)")

    @property
    def chosen(self) -> int:
        return self.ask("studio.painting.gallery.chosen.request.seed")

    def act(self, name: str) -> None:
        self.page.click(f"[data-act={name}]")

    def downloaded(self, folder: Path) -> Path:
        with self.page.expect_download() as download:
            self.act("download")
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path


@pytest.fixture
def wall(open_page: Callable[..., Any], served: str) -> Wall:
    desk = Wall(open_page(served), served).open()
    desk.put(figures(standing), step="picture")
    for seed, oks in ((1, 0.4), (2, 0.9), (3, None)):
        desk.paint(seed, **({} if oks is None else {"oks": oks}))
    desk.ask("studio.painting.gallery.finished({})")
    return desk


def test_the_best_of_a_run_comes_forward_and_pictures_sort_by_it(wall: Wall):
    assert (wall.ask("studio.painting.view"), wall.chosen) == ("picture", 2)
    assert wall.seeds == [3, 2, 1], "newest first"
    wall.page.select_option(".order select", "best")
    assert wall.seeds == [2, 1, 3], "those nobody has looked at last"
    wall.page.focus(".card.on")
    wall.press("ArrowRight")
    assert wall.chosen == 1
    wall.press("Home")
    assert wall.chosen == 2
    wall.press("End", "ArrowRight")
    assert wall.chosen == 3


def test_no_step_of_undo_takes_a_painted_picture_away(wall: Wall):
    wall.ask("store.editPerson('Nudge', 0, (person) => ({ ...person, name: 'moved' }))")
    wall.paint(4)
    wall.press("Control+z")
    assert wall.people[0]["name"] == ""
    assert wall.seeds == [4, 3, 2, 1]
    wall.press("Control+Shift+z")
    assert (wall.people[0]["name"], wall.seeds) == ("moved", [4, 3, 2, 1])
    # A deleted one comes back, even with others painted since.
    wall.page.focus(".card.on")
    wall.page.click(f".card >> nth={wall.seeds.index(2)}")
    wall.press("Delete")
    assert wall.seeds == [4, 3, 1]
    wall.paint(5)
    wall.press("Control+z")
    assert wall.seeds == [5, 4, 3, 2, 1]


@pytest.mark.slow
def test_a_drag_under_way_and_a_picture_that_comes_do_not_harm_each_other(wall: Wall):
    wall.ask("store.preview(store.withPerson(0, { ...store.doc.people[0], name: 'dragged' }))")
    wall.paint(4)
    wall.ask("store.settle('Move figure')")
    assert (wall.people[0]["name"], wall.seeds) == ("dragged", [4, 3, 2, 1])


def test_pictures_outlive_a_reload(wall: Wall):
    wall.saved()
    wall.page.reload()
    wall.page.wait_for_function("document.querySelector('.contrapposto')?.dataset.ready === 'true'")
    assert (wall.ask("studio.step"), wall.seeds) == ("picture", [3, 2, 1])
    wall.page.click("[data-view=picture]")
    wall.wait("studio.painting.gallery.image.naturalWidth === 64")


def test_the_settings_of_a_picture_come_back_as_one_step(wall: Wall):
    wall.ask("studio.painting.set({ prompt: 'a lion', steps: 50, seed: 99 })")
    wall.ask("store.commit('Delete', { ...store.doc, people: [] })")
    steps = wall.steps
    wall.act("reuse")
    wall.wait("store.past.length === x", steps + 1)
    request = wall.doc["request"]
    assert (request["prompt"], request["seed"], request["model"]) == ("a dancer", 2, "sd15")
    assert wall.ask("studio.painting.settings.locked")
    points = [xy for point in wall.people[0]["points"] for xy in point]
    assert points == pytest.approx([xy for point in standing["points"] for xy in point], abs=1e-6)
    wall.press("Control+z")
    assert (wall.doc["request"]["prompt"], wall.people) == ("a lion", [])


def test_a_picture_is_compared_with_what_it_was_painted_from_by_pointer_and_keys(wall: Wall):
    wall.page.click("[data-look=compare]")
    at = "studio.painting.gallery.compare.at"
    box = wall.page.locator(".compare").bounding_box()
    y = box["y"] + box["height"] / 2
    wall.drag((box["x"] + 0.8 * box["width"], y), (box["x"] + 0.25 * box["width"], y))
    assert wall.ask(at) == pytest.approx(25, abs=1)
    chosen = wall.chosen
    wall.press("Home", "ArrowRight")
    assert (wall.ask(at), wall.chosen) == (2, chosen), "the edge moves, not the choice of picture"


def test_a_picture_is_looked_at_again(wall: Wall):
    wall.page.click(f".card >> nth={wall.seeds.index(3)}")
    wall.page.click("[data-look=check]")
    wall.page.click(".lookagain")
    wall.wait("studio.painting.gallery.chosen.verdict")
    verdict = wall.ask("studio.painting.gallery.chosen.verdict")
    assert verdict["estimator"] == "quick"
    assert verdict["drifted"][0], "nobody stands in a flat picture"
    wall.page.wait_for_selector(".chip.drifted")
    assert wall.page.locator(".card >> nth=0 >> .score").count() == 1


def test_a_picture_becomes_the_drawing(wall: Wall):
    wall.act("toPhoto")
    wall.wait("studio.step === 'photo'")
    assert (wall.doc["size"], wall.people, len(wall.doc["pictures"])) == ([64, 96], [], 3)
    wall.page.click(f"text={wall.ask('studio.words.gallery.keepPose')}")
    assert len(wall.people) == 1
    wall.press("Control+z", "Control+z")
    assert (wall.doc["size"], wall.doc["photo"]) == ([600, 800], None)


@pytest.mark.slow
def test_the_downloaded_png_reopens_everything(wall: Wall, new_desk, tmp_path):
    path = wall.downloaded(tmp_path)
    scene = files.read(path.read_bytes())
    assert (scene.request.prompt, scene.request.seed, scene.request.model) == ("a dancer", 2, "sd15")
    other = new_desk()
    other.opened(path)
    other.wait("studio.step === 'picture' && studio.painting.view === 'picture'")
    assert other.doc["request"]["prompt"] == "a dancer"
    assert other.doc["pictures"][0]["verdict"]["oks"] == 0.9
    assert other.people[0]["points"][0] == pytest.approx(standing["points"][0], abs=1e-6)
    other.opened(path)
    assert len(other.doc["pictures"]) == 1, "it is among them already"
    wall.opened(path)
    assert sorted(wall.seeds) == [1, 2, 3], "and joins those that are there"


def test_a_project_keeps_pictures_and_the_masks_they_were_painted_within(wall: Wall, new_desk, tmp_path, example):
    wall.opened(example)
    assert wall.seeds == [3, 2, 1], "another drawing, the same history"
    wall.ask(
        "store.commit('Paint mask', { ...store.doc, mask: [{ kind: 'stroke', size: 20, points: [[40, 40, 1]] }] })"
    )
    wall.ask("studio.goTo('picture')")
    wall.paint(4, photo=True, mask=True)
    path = wall.exported("project", tmp_path)
    scene = files.read(path.read_bytes())
    assert [picture.request.seed for picture in scene.pictures] == [4, 3, 2, 1]
    mask = scene.pictures[0].request.mask
    assert (mask[40, 40], mask[40, 49], mask[40, 52]) == (255, 255, 0)
    assert scene.pictures[1].request.mask is None

    other = new_desk()
    other.opened(path)
    other.ask("(studio.goTo('picture'), studio.painting.gallery.pick(store.doc.pictures[0].key))")
    other.page.click("[data-act=reuse]")
    other.wait("store.doc.request?.seed === 4")
    assert other.doc["use"] == "mask"
    again = other.exported("project", tmp_path / "again")
    assert (files.read(again.read_bytes()).pictures[0].request.mask == mask).all()
    other.press("Control+z", "Control+z")
    assert other.doc["pictures"] == []
