"""Many pictures and videos in the browser, with tiny networks: the contact sheet, its results, stopping and failing."""

from __future__ import annotations

import json
import shutil
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from model_desk import ModelDesk, sheet
from PIL import Image

from engine.files import read
from engine.sequence import read_sequence
from engine.video import Recorder

pytestmark = pytest.mark.browser
find = ".contact button:text-is('Find the poses')"


@pytest.fixture
def desk(models_desk: ModelDesk) -> ModelDesk:
    return models_desk


# ── many pictures ──


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, example: Path) -> list[Path]:
    """Three pictures, one of them none."""
    folder = tmp_path_factory.mktemp("pictures")
    shutil.copy(example, folder / f"page2{example.suffix}")
    with Image.open(example) as image:
        image.resize((300, 300)).save(folder / "page10.png")
    (folder / "letter.png").write_text("Dear artist")
    return sorted(folder.iterdir())


@pytest.mark.slow
def test_many_pictures_come_home_as_a_zip_and_open_in_the_editor(desk: ModelDesk, pictures, tmp_path):
    desk.take(pictures)
    assert desk.page.locator(".print strong").all_inner_texts() == [
        "letter.png",
        f"page2{pictures[2].suffix}",
        "page10.png",
    ]
    desk.page.click(find)
    desk.wait("studio.batch.result")
    assert "2 of 3" in desk.page.inner_text(".contact header")
    states = [print_.get_attribute("data-state") for print_ in desk.page.locator(".print").all()]
    assert states == ["failed", "done", "done"]
    assert "1 could not be read" in desk.line
    desk.page.locator(".print").first.click()
    assert "letter.png" in desk.toast()
    with zipfile.ZipFile(desk.downloaded("Download all", tmp_path)) as archive:
        assert sorted(archive.namelist()) == ["index.json", "page10.json", "page10.png", "page2.json", "page2.png"]
        document = json.loads(archive.read("page2.json"))
        again = read(archive.read("page2.png"))
        assert [one["picture"] for one in json.loads(archive.read("index.json"))["failures"]] == ["letter.png"]
    assert len(document["people"]) == len(again.pose.people) >= 1
    assert again.photo is not None
    steps = desk.steps
    desk.page.locator(".print").nth(1).click()
    desk.wait("studio.step === 'pose'")
    assert desk.people == document["people"]
    assert desk.doc["photo"]
    assert desk.steps == steps + 1
    desk.go_to("photo")
    desk.page.click(sheet)
    assert desk.page.locator(".print[data-state=done]").count() == 2, "the sheet is as it was left"


@pytest.mark.slow
def test_a_stopped_batch_keeps_what_is_done(desk: ModelDesk, example, tmp_path):
    copies = [shutil.copy(example, tmp_path / f"{i}{example.suffix}") for i in range(20)]
    desk.choose_model("my-body")
    desk.take([Path(copy) for copy in copies])
    desk.page.click(find)
    desk.wait("studio.batch.items[0].state === 'done'")
    desk.page.click(".contact button:text-is('Stop')")
    desk.wait("!studio.batch.job")
    done = desk.ask("studio.batch.result.done")
    assert 0 < done < 20
    with zipfile.ZipFile(desk.downloaded("Download what is done", tmp_path)) as archive:
        assert sum(name.endswith(".png") for name in archive.namelist()) == done


def test_several_pictures_dropped_at_once_make_a_contact_sheet(desk: ModelDesk, pictures):
    before = desk.doc
    desk.page.evaluate(
        """(data) => {
            const transfer = new DataTransfer();
            for (const name of ['a.png', 'b.png', 'notes.txt']) transfer.items.add(new File([data], name));
            const how = { dataTransfer: transfer, bubbles: true, cancelable: true, composed: true };
            const rail = document.querySelector('.contrapposto').shadowRoot.querySelector('.rail');
            for (const type of ['dragenter', 'dragover', 'drop']) rail.dispatchEvent(new DragEvent(type, how));
        }""",
        "no picture at all",
    )
    desk.wait("studio.contact.isOpen && studio.batch.count === 2")
    assert "Left out: 1" in desk.toast()
    assert desk.doc == before, "nothing is opened, nothing is sent"
    desk.press("Control+z")
    assert desk.doc == before, "what the sheet covers is out of reach"
    desk.press("Escape")
    assert not desk.ask("studio.contact.isOpen")
    assert desk.focused == "Back to the contact sheet"


def test_the_sheet_is_used_by_keys(desk: ModelDesk, pictures):
    desk.page.focus(sheet)
    desk.press("Enter")
    assert desk.focused == "Choose pictures"
    desk.ask("studio.batch.take(x.map((name) => new File(['no picture'], name)))", ["a.png", "b.png"])
    assert desk.focused == "Find the poses"
    desk.press("Enter")
    assert desk.focused == "Stop"
    desk.wait("studio.batch.failure")
    assert desk.focused == "Find the poses"
    assert "a.png" in desk.line, "the reason stays"


def test_results_that_were_not_taken_home_can_be_brought_back(desk: ModelDesk, pictures):
    desk.take(pictures[1:])
    desk.page.click(find)
    desk.wait("studio.batch.result")
    desk.drop("other.png", b"none", kind="image/png")
    desk.wait("studio.batch.count === 1")
    desk.page.click(".toast button:text-is('Bring them back')")
    desk.wait("studio.batch.result")
    assert desk.page.locator(".print[data-state=done]").count() == 2
    assert desk.page.locator("a.button:text-is('Download all')").count() == 1


@pytest.mark.slow
def test_work_that_waits_its_turn_stops_at_once(visitor, example, tmp_path):
    first, second = visitor(), visitor()
    copies = [Path(shutil.copy(example, tmp_path / f"{i}{example.suffix}")) for i in range(25)]
    first.choose_model("my-body")
    for desk, pictures in ((first, copies), (second, copies[:2])):
        desk.take(pictures)
        desk.page.click(find)
        desk.wait("studio.batch.began")
    first.wait("studio.batch.items[0].state === 'done'")
    assert second.line == "Waiting for the model…"
    second.page.click(".contact button:text-is('Stop')")
    second.wait("!studio.batch.job")
    assert first.ask("studio.batch.job"), "the other's work goes on"
    first.page.reload()  # nobody waits for it any more: the next one need not either
    second.page.click(find)
    second.wait("studio.batch.result")
    assert second.ask("studio.batch.result.done") == 2


# ── a video ──


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory, example: Path) -> Path:
    """Half a second of a figure that slides."""
    path = tmp_path_factory.mktemp("video") / "slide.mp4"
    with Image.open(example) as image:
        still = np.array(image.convert("RGB").resize((160, 200)))
    with Recorder(path, (160, 200), Fraction(12)) as recorder:
        for i in range(6):
            recorder.add(np.roll(still, 2 * i, axis=1), Fraction(i, 12), Fraction(1, 12))
    return path


@pytest.mark.slow
def test_a_video_comes_back_with_its_poses_over_it(desk: ModelDesk, video, tmp_path):
    desk.take([video])
    desk.page.click(find)
    desk.wait("studio.batch.result")
    assert desk.page.locator(".frame").count() == 6
    desk.wait("studio.contact.video.readyState > 0 && studio.contact.video.src.includes('overlay')")
    assert desk.ask("studio.contact.video.duration") == pytest.approx(0.5, abs=0.05)
    assert desk.ask("studio.contact.video.videoWidth") == 160
    sequence = read_sequence(desk.downloaded("Download all", tmp_path))
    assert [moment.number for moment in sequence.moments] == list(range(6))
    desk.page.locator(".frame").nth(4).click()
    desk.wait("studio.step === 'pose'")
    assert np.allclose(desk.people[0]["points"], sequence.moments[4].pose.people[0].points, atol=0.01)
    assert desk.doc["size"] == [160, 200]
    desk.go_to("photo")
    desk.page.click(sheet)
    desk.ask("studio.contact.video.currentTime = 0.2")
    desk.wait("!studio.contact.video.seeking")
    desk.page.click("text=Open this frame")
    desk.wait("studio.step === 'pose'")
    assert np.allclose(desk.people[0]["points"], sequence.moments[2].pose.people[0].points, atol=0.01)


@pytest.mark.slow
def test_another_video_is_another_video(desk: ModelDesk, video, tmp_path):
    still = np.zeros((64, 64, 3), np.uint8)
    with Recorder(tmp_path / "dark.mp4", (64, 64), Fraction(12)) as recorder:
        for i in range(3):
            recorder.add(still, Fraction(i, 12), Fraction(1, 12))
    for path, frames in ((video, 6), (tmp_path / "dark.mp4", 3)):
        desk.ask("studio.contact.hide(), studio.batch.clear(), studio.contact.body.replaceChildren(), null")
        desk.take([path])
        desk.page.click(find)
        desk.wait("studio.batch.result")
        assert desk.ask("studio.batch.result.done") == frames


def test_a_video_that_cannot_be_read_says_why(desk: ModelDesk, tmp_path):
    desk.drop("broken.mp4", b"no video at all", kind="video/mp4")
    desk.wait("studio.contact.isOpen")
    desk.page.click(find)
    desk.wait("studio.batch.failure")
    assert "broken.mp4" in desk.line
    assert desk.page.is_enabled(find)
