"""The model menu in the browser, with tiny networks: choosing, options, downloads, many pictures, a video."""

from __future__ import annotations

import json
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import watched_page
from desk import Desk
from PIL import Image
from test_download import Hub

from engine.files import read
from engine.networks.sdpose import build, sizes
from engine.sdpose import SDPosePipeline
from engine.sequence import read_sequence
from engine.skeleton import ap10k17, wholebody133
from engine.video import Recorder
from scripts.served import Served

pytestmark = pytest.mark.browser
patience = 60_000  # ms: networks are loaded on the way
skeleton_of = {"my-body": "coco17", "my-wholebody": "wholebody133", "my-fast": "coco17", "my-animals": "ap10k17"}
run = ".inspector button.primary:text-is('Find the pose')"
unet = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artist's own models: SDPose for body and whole body, ViTPose for people and animals, and half of one."""
    import torch
    from test_vitpose import folder_of, network

    folder = tmp_path_factory.mktemp("models")
    for name, points in (("my-body", 17), ("my-wholebody", 133)):
        torch.manual_seed(points)
        net = build("tiny", points)
        torch.nn.init.normal_(net.head.final_layer.weight, 0, 0.03)  # maps with peaks, some sure and some not
        SDPosePipeline(net, sizes["tiny"].input_size).save_pretrained(folder / name)
    folder_of(folder / "my-fast", network())
    folder_of(folder / "my-animals", network(ap10k17))
    shutil.copytree(folder / "my-body", folder / "half-copied")
    (folder / "half-copied" / "decoder" / "decoder.safetensors").unlink()
    return folder


@pytest.fixture(scope="module")
def hub(models: Path) -> Iterator[Hub]:
    """A hub that has the body model alone."""
    server = Hub()
    body = models / "my-body"
    server.files = {str(path.relative_to(body)): path.read_bytes() for path in body.rglob("*") if path.is_file()}
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.gate.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def url(models: Path, hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with that folder, to which that hub is the only one."""
    folder = tmp_path_factory.mktemp("served")
    app = Served(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "CONTRAPPOSTO_MODELS": str(models), "HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "hf"), "NO_PROXY": "*",
            "OMP_NUM_THREADS": "1",
        }.items():  # fmt: skip
            patch.setenv(name, value)
        patch.delenv("HF_HUB_OFFLINE", raising=False)
        app.start()
    yield app.url
    app.kill()
    assert "Traceback" not in app.log, app.log[-3000:]


def started(page: Any, url: str, drawing: Path) -> Desk:
    page.set_default_timeout(patience)
    desk = Desk(page, url).open()
    desk.opened(drawing)
    return desk


@pytest.fixture
def visitor(chromium: Any, url: str, example: Path) -> Iterator[Callable[..., Desk]]:
    """A visitor's page with a drawing open; another one at each call."""
    pages: list[Any] = []

    def make(**options: Any) -> Desk:
        pages.append(watched_page(chromium, url, **options))
        return started(pages[-1], url, example)

    yield make
    for page in pages:
        page.context.close()
    for page in pages:
        page.watch.judge()


@pytest.fixture(scope="module")
def one_page(chromium: Any, url: str, example: Path) -> Iterator[Desk]:
    page = watched_page(chromium, url)
    yield started(page, url, example)
    page.context.close()


@pytest.fixture
def desk(one_page: Desk) -> Iterator[Desk]:
    """A page with a drawing open and no figures, `auto` chosen."""
    for step in (
        "store.commit('', { ...store.doc, people: [] })",
        "studio.goTo('photo')",
        "studio.batch.clear()",
        "studio.contact.body.replaceChildren()",
        "studio.panels.photo.models.choose('auto')",
        "studio.panels.photo.look('everywhere')",
    ):
        one_page.ask(step)
    one_page.hush()
    yield one_page
    one_page.page.watch.judge()


def choose(desk: Desk, name: str) -> None:
    desk.page.click(".pick")
    desk.page.click(f"[data-model='{name}']")


def about(desk: Desk) -> str:
    return desk.page.inner_text(".about")


def found(desk: Desk) -> list[dict[str, Any]]:
    """The figures after looking at the whole picture."""
    desk.page.click("text=Whole picture, one figure")
    desk.page.click(run)
    desk.wait("!studio.files.job")
    return desk.people


# ── choosing ──


def test_the_menu_lists_what_is_here_what_is_the_artists_and_what_can_be_had(desk: Desk):
    desk.page.click(".pick")
    groups = desk.page.locator(".models [role=group]")
    assert groups.locator("h3").all_inner_texts() == ["On this computer", "Your own folders", "To download"]
    names = [[row.get_attribute("data-model") for row in groups.nth(i).locator(".model").all()] for i in range(3)]
    assert names[0] == ["auto", "quick"]
    assert sorted(names[1]) == sorted([*skeleton_of, "half-copied"])
    assert {"sdpose-body", "sdpose-wholebody", "vitpose-animals"} <= set(names[2])
    assert "takes Quick sketch" in desk.page.inner_text(".pick")
    assert "cannot be used" in desk.page.inner_text("[data-model=half-copied]")
    assert "133 points" in desk.page.inner_text("[data-model=my-wholebody]")
    assert "GB" in desk.page.inner_text("[data-model=sdpose-wholebody]")
    desk.page.wait_for_selector("[data-cost=my-body]")
    desk.press("Escape")
    desk.wait("!studio.panels.photo.models.list.matches(':popover-open')")


def test_the_menu_is_used_by_keys(desk: Desk):
    desk.page.focus(".pick")
    desk.press("Enter", "ArrowDown", "Enter")
    assert desk.ask("studio.panels.photo.models.name") == "quick"
    desk.wait("studio.element.getRootNode().activeElement.className === 'pick'")
    desk.press("Enter", "End", "Home", "Escape")
    desk.wait("studio.element.getRootNode().activeElement.className === 'pick'")
    assert desk.ask("studio.panels.photo.models.name") == "quick"
    assert desk.ask("studio.step") == "photo"


@pytest.mark.parametrize("name", skeleton_of)
def test_each_model_finds_figures_of_its_kind(desk: Desk, name):
    choose(desk, name)
    desk.page.wait_for_selector(".forecast:has-text('a figure here')")
    assert "(a guess)" in about(desk)
    people = found(desk)
    assert [one["skeleton"] for one in people] == [skeleton_of[name]]
    assert name in desk.page.inner_text(".foot")
    desk.page.wait_for_selector(".forecast:has-text('(as measured)')")
    scores = zip(people[0]["scores"], people[0]["states"], strict=True)
    if uncertain := sum(score < 0.4 and state != "missing" for score, state in scores):
        assert f"{uncertain} uncertain points" in desk.page.inner_text(".person")


def test_a_whole_body_comes_with_hands_and_face_as_groups(desk: Desk):
    choose(desk, "my-wholebody")
    person = found(desk)[0]
    assert len(person["points"]) == 133
    desk.page.click("text=Edit the pose")
    groups = desk.ask("Object.keys(store.skeletonOf(store.doc.people[0]).groupIndices)")
    assert {"left_hand", "right_hand", "face"} <= set(groups)
    places = desk.page.locator(".part").all_inner_texts()
    assert any("Face" in text for text in places)


def test_a_broken_folder_says_what_is_wrong_and_cannot_be_used(desk: Desk):
    choose(desk, "half-copied")
    assert "decoder/decoder.safetensors" in about(desk)
    assert desk.page.is_disabled(run)
    choose(desk, "auto")
    assert desk.page.is_enabled(run)


# ── options ──


def test_parts_left_out_are_missing_and_can_be_brought_back(desk: Desk):
    choose(desk, "my-wholebody")
    desk.page.click(".more summary")
    desk.page.uncheck(".more [name=feet]")
    person = found(desk)[0]
    feet = [i for i, joint in enumerate(wholebody133.joints) if joint.endswith(("toe", "heel"))]
    assert len(feet) == 6
    assert {person["states"][i] for i in feet} == {"missing"}
    assert {state for i, state in enumerate(person["states"]) if i not in feet} & {"visible", "hidden"}
    desk.page.check(".more [name=feet]")
    desk.page.click(".more summary")
    desk.page.click("text=Edit the pose")
    desk.page.click(".chip:has-text('left heel')")
    assert desk.state("left_heel") == "visible"


def test_options_change_the_forecast_and_are_remembered(visitor):
    desk = visitor()
    choose(desk, "sdpose-wholebody")
    once = "studio.panels.photo.models.foresee(1)"
    twice = desk.ask(f"(await {once}).seconds")
    desk.page.click(".more summary")
    desk.page.uncheck(".more [name=flip_test]")
    assert desk.ask(f"(await {once}).seconds") == pytest.approx(twice / 2)
    choose(desk, "my-body")
    desk.page.select_option(".more [name=precision]", "bf16")
    desk.page.select_option(".more [name=protocol]", "demo")
    desk.page.reload()
    desk.open()
    assert desk.ask("studio.panels.photo.models.name") == "my-body"
    told = desk.ask("studio.panels.photo.models.options.request")
    assert told == {
        "flip_test": False, "precision": "bf16", "protocol": "demo", "detector": "auto",
        "parts": ["body", "feet", "face", "hands"],
    }  # fmt: skip
    assert [one["skeleton"] for one in found(desk)] == ["coco17"]


# ── downloads ──


def test_a_download_is_followed_stopped_and_continued(visitor, hub: Hub, models: Path):
    first, second = visitor(), visitor()
    choose(first, "sdpose-body")
    first.page.click(".more summary")  # which must stay open meanwhile
    assert "huggingface.co/teemosliang/SDPose-Body" in about(first)
    assert "MIT" in about(first)
    assert first.page.is_disabled(run)
    hub.half = unet
    first.page.click("button:text('Download 3.8 GB')")
    half = "studio.panels.photo.models.model.download?.fraction > 0.2"
    first.wait(half)
    # The other visitor sees it under way, and needs not begin it again.
    choose(second, "sdpose-body")
    second.wait(half)
    assert second.page.locator(".about progress").count() == 1
    assert second.page.locator("button:text('Download 3.8 GB')").count() == 0
    first.page.click(".about button:text-is('Stop')")
    first.page.wait_for_selector("button:text('Continue the download')")
    assert "is kept" in about(first)
    asked = len(hub.gets(unet))
    hub.half = ""
    hub.gate.set()
    first.page.click("button:text('Continue the download')")
    first.wait("studio.panels.photo.models.ready")
    assert all(asked.startswith("bytes=") for asked in hub.gets(unet)[asked:])
    assert first.page.is_enabled(run)
    assert first.page.locator(".more[open]").count() == 1
    second.page.click(".pick")
    second.wait("studio.panels.photo.models.entry('sdpose-body').present")
    assert "sdpose-body" in str(list(models.iterdir()))


def test_a_download_that_fails_says_why_and_can_be_tried_again(desk: Desk):
    choose(desk, "vitpose-base")
    desk.page.click("button:text('Download 344 MB')")
    desk.page.wait_for_selector(".about .notice")
    assert "vitpose" in desk.page.inner_text(".about .notice")
    assert desk.page.locator(".about button:text-is('Try again')").count() == 1


def test_where_visitors_may_not_download_the_command_is_told(desk: Desk):
    desk.ask("studio.panels.photo.models.take({ ...studio.panels.photo.models.menu, downloads: false })")
    desk.ask("studio.panels.photo.models.choose('vitpose-animals')")
    assert "python scripts/download_weights.py vitpose-animals" in about(desk)
    assert desk.page.locator(".about button").count() == 0


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


def taken(desk: Desk, files: list[Path]) -> None:
    """Files chosen for the contact sheet."""
    desk.page.click("text=Many pictures or a video…")
    video = files[0].suffix == ".mp4"
    with desk.page.expect_file_chooser() as dialogue:
        desk.page.click(f".contact button[title='{'Choose a video' if video else 'Choose pictures'}']")
    dialogue.value.set_files(files)
    desk.wait("studio.contact.line.textContent.includes('About')")


def downloaded(desk: Desk, text: str, folder: Path) -> Path:
    with desk.page.expect_download() as download:
        desk.page.click(f"a.button:text-is('{text}')")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_many_pictures_come_home_as_a_zip_and_open_in_the_editor(desk: Desk, pictures, tmp_path):
    taken(desk, pictures)
    assert desk.page.locator(".print strong").all_inner_texts() == [
        "letter.png",
        f"page2{pictures[2].suffix}",
        "page10.png",
    ]
    desk.page.click("text=Find the poses")
    desk.wait("studio.batch.result")
    assert "2 of 3" in desk.page.inner_text(".contact header")
    states = [print_.get_attribute("data-state") for print_ in desk.page.locator(".print").all()]
    assert states == ["failed", "done", "done"]
    assert "letter.png" in desk.page.locator(".print small").first.inner_text()
    with zipfile.ZipFile(downloaded(desk, "Download all", tmp_path)) as archive:
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
    desk.page.click("text=Many pictures or a video…")
    assert desk.page.locator(".print[data-state=done]").count() == 2, "the sheet is as it was left"


def test_a_stopped_batch_keeps_what_is_done(desk: Desk, example, tmp_path):
    copies = [shutil.copy(example, tmp_path / f"{i}{example.suffix}") for i in range(20)]
    choose(desk, "my-body")
    taken(desk, [Path(copy) for copy in copies])
    desk.page.click("text=Find the poses")
    desk.wait("studio.batch.items[0].state === 'done'")
    desk.page.click(".contact button:text-is('Stop')")
    desk.wait("!studio.batch.job")
    done = desk.ask("studio.batch.result.done")
    assert 0 < done < 20
    with zipfile.ZipFile(downloaded(desk, "Download what is done", tmp_path)) as archive:
        assert sum(name.endswith(".png") for name in archive.namelist()) == done


def test_several_pictures_dropped_at_once_make_a_contact_sheet(desk: Desk, pictures):
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
    assert "1 files were left out" in desk.toast()
    assert desk.doc == before, "nothing is opened, nothing is sent"
    desk.press("Escape")
    assert not desk.ask("studio.contact.isOpen")


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


def test_a_video_comes_back_with_its_poses_over_it(desk: Desk, video, tmp_path):
    taken(desk, [video])
    desk.page.click("text=Find the poses")
    desk.wait("studio.batch.result")
    assert desk.page.locator(".frame").count() == 6
    desk.wait("studio.contact.video.readyState > 0 && studio.contact.video.src.includes('overlay')")
    assert desk.ask("studio.contact.video.duration") == pytest.approx(0.5, abs=0.05)
    assert desk.ask("studio.contact.video.videoWidth") == 160
    sequence = read_sequence(downloaded(desk, "Download all", tmp_path))
    assert [moment.number for moment in sequence.moments] == list(range(6))
    desk.page.locator(".frame").nth(4).click()
    desk.wait("studio.step === 'pose'")
    assert np.allclose(desk.people[0]["points"], sequence.moments[4].pose.people[0].points, atol=0.01)
    assert desk.doc["size"] == [160, 200]
    desk.go_to("photo")
    desk.page.click("text=Many pictures or a video…")
    desk.ask("studio.contact.video.currentTime = 0.2")
    desk.wait("!studio.contact.video.seeking")
    desk.page.click("text=Open this frame")
    desk.wait("studio.step === 'pose'")
    assert np.allclose(desk.people[0]["points"], sequence.moments[2].pose.people[0].points, atol=0.01)
