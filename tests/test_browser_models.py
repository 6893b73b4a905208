"""The model menu in the browser, with tiny networks: choosing, options, downloads."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_desk import ModelDesk, run
from test_download import Hub, unet

from engine.skeleton import wholebody133

pytestmark = pytest.mark.browser
skeleton_of = {"my-body": "coco17", "my-wholebody": "wholebody133", "my-fast": "coco17", "my-animals": "ap10k17"}


@pytest.fixture
def desk(models_desk: ModelDesk) -> ModelDesk:
    return models_desk


# ── choosing ──


@pytest.mark.slow
def test_the_menu_lists_what_is_here_what_is_the_artists_and_what_can_be_had(desk: ModelDesk):
    desk.page.click(".pick")
    groups = desk.page.locator(".models [role=group]")
    assert groups.locator("h3").all_inner_texts() == ["Ready to use", "Your own folders", "To download"]
    names = [[row.get_attribute("data-model") for row in groups.nth(i).locator(".model").all()] for i in range(3)]
    assert names[0] == ["auto", "quick + sdpose-mini", "quick", "sdpose-mini"]
    assert sorted(names[1]) == sorted([*skeleton_of, "half-copied"])
    assert {"sdpose-body", "sdpose-wholebody", "vitpose-animals"} <= set(names[2])
    assert "takes Quick sketch" in desk.page.inner_text(".pick")
    assert "cannot be used" in desk.page.inner_text("[data-model=half-copied]")
    assert "133 points" in desk.page.inner_text("[data-model=my-wholebody]")
    assert "GB" in desk.page.inner_text("[data-model=sdpose-wholebody]")
    desk.page.wait_for_selector("[data-cost=my-body]")
    desk.press("Escape")
    desk.wait("!studio.panels.photo.models.choices.isOpen")


def test_the_menu_is_used_by_keys(desk: ModelDesk):
    desk.page.focus(".pick")
    desk.press("Enter", "ArrowDown", "Enter")
    assert desk.ask("studio.panels.photo.models.name") == "quick + sdpose-mini"
    desk.wait("studio.element.getRootNode().activeElement.className === 'pick'")
    desk.press("Enter", "End", "Home", "Escape")
    desk.wait("studio.element.getRootNode().activeElement.className === 'pick'")
    assert desk.ask("studio.panels.photo.models.name") == "quick + sdpose-mini"
    assert desk.ask("studio.step") == "photo"


@pytest.mark.slow
@pytest.mark.parametrize("name", skeleton_of)
def test_each_model_finds_figures_of_its_kind(desk: ModelDesk, name):
    desk.choose_model(name)
    desk.page.wait_for_selector(".forecast:has-text('a figure here')")
    people = desk.find()
    assert [one["skeleton"] for one in people] == [skeleton_of[name]]
    assert name in desk.page.inner_text(".foot")
    desk.page.wait_for_selector(".forecast:has-text('(as measured)')")
    scores = zip(people[0]["scores"], people[0]["states"], strict=True)
    if uncertain := sum(score < 0.4 and state != "missing" for score, state in scores):
        assert f"{uncertain} uncertain points" in desk.page.inner_text(".person")


def test_a_model_that_never_ran_here_is_forecast_as_a_guess(desk: ModelDesk):
    desk.choose_model("sdpose-wholebody")
    desk.page.wait_for_selector(".forecast:has-text('(a guess)')")


def test_a_whole_body_comes_with_hands_and_face_as_groups(desk: ModelDesk):
    desk.choose_model("my-wholebody")
    person = desk.find()[0]
    assert len(person["points"]) == 133
    desk.page.click("text=Edit the pose")
    groups = desk.ask("Object.keys(store.skeletonOf(store.doc.people[0]).groupIndices)")
    assert {"left_hand", "right_hand", "face"} <= set(groups)
    places = desk.page.locator(".part").all_inner_texts()
    assert any("Face" in text for text in places)


def test_a_broken_folder_says_what_is_wrong_and_cannot_be_used(desk: ModelDesk):
    desk.choose_model("half-copied")
    assert "decoder/decoder.safetensors" in desk.about
    assert desk.page.is_disabled(run)
    desk.choose_model("auto")
    assert desk.page.is_enabled(run)


# ── options ──


def test_parts_left_out_are_missing_and_can_be_brought_back(desk: ModelDesk):
    desk.choose_model("my-wholebody")
    desk.page.click(".more summary")
    desk.page.uncheck(".more [name=feet]")
    person = desk.find()[0]
    feet = [i for i, joint in enumerate(wholebody133.joints) if joint.endswith(("toe", "heel"))]
    assert len(feet) == 6
    assert {person["states"][i] for i in feet} == {"missing"}
    assert {state for i, state in enumerate(person["states"]) if i not in feet} & {"visible", "hidden"}
    desk.page.check(".more [name=feet]")
    desk.page.click(".more summary")
    desk.page.click("text=Edit the pose")
    desk.page.click(".chip:has-text('left heel')")
    assert desk.state("left_heel") == "visible"


@pytest.mark.slow
def test_options_change_the_forecast_and_are_remembered(visitor):
    desk = visitor()
    desk.choose_model("sdpose-wholebody")
    once = "studio.panels.photo.models.foresee(1)"
    twice = desk.ask(f"(await {once}).seconds")
    desk.page.click(".more summary")
    desk.page.uncheck(".more [name=flip_test]")
    assert desk.ask(f"(await {once}).seconds") == pytest.approx(twice / 2)
    desk.choose_model("my-body")
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
    assert [one["skeleton"] for one in desk.find()] == ["coco17"]


# ── downloads ──


@pytest.mark.slow
def test_a_download_is_followed_stopped_and_continued(visitor, hub: Hub, own_models: Path):
    first, second = visitor(), visitor()
    first.choose_model("sdpose-body")
    assert "huggingface.co/teemosliang/SDPose-Body" in first.about
    assert "MIT" in first.about
    assert first.page.is_disabled(run)
    hub.half = unet
    first.page.click("button:text('Download 3.8 GB')")
    half = "studio.panels.photo.models.model.download?.fraction > 0.2"
    first.wait(half)
    first.page.reload()
    first.open()
    assert first.page.locator(".about progress").count() == 1, "a page that comes anew sees it at once"
    # The other visitor sees it under way, and needs not begin it again.
    second.choose_model("sdpose-body")
    second.wait(half)
    assert second.page.locator(".about progress").count() == 1
    assert second.page.locator("button:text('Download 3.8 GB')").count() == 0
    first.page.click(".about button:text-is('Stop')")
    first.page.wait_for_selector(".about :text-is('Stopping…')")
    hub.half = ""
    hub.gate.set()  # the next piece comes, and the wish to stop is heard
    first.page.wait_for_selector("button:text('Continue the download')")
    assert "is kept" in first.about
    asked = len(hub.gets(unet))
    first.page.click(".more summary")  # which must stay open meanwhile
    first.page.click("button:text('Continue the download')")
    first.wait("studio.panels.photo.models.ready")
    assert all(asked.startswith("bytes=") for asked in hub.gets(unet)[asked:])
    assert first.page.is_enabled(run)
    assert first.page.locator(".more[open]").count() == 1
    assert first.focused.startswith("For art"), "the keyboard goes on from the model that has arrived"
    second.page.click(".pick")
    second.wait("studio.panels.photo.models.entry('sdpose-body').present")
    assert "sdpose-body" in str(list(own_models.iterdir()))


def test_a_download_that_fails_says_why_and_can_be_tried_again(desk: ModelDesk):
    desk.choose_model("vitpose-base")
    desk.page.click("button:text('Download 344 MB')")
    desk.page.wait_for_selector(".about .notice")
    assert "vitpose" in desk.page.inner_text(".about .notice")
    assert desk.page.locator(".about button:text-is('Try again')").count() == 1


def test_where_visitors_may_not_download_the_command_is_told(desk: ModelDesk):
    desk.ask("studio.panels.photo.models.take({ ...studio.panels.photo.models.menu, downloads: false })")
    desk.ask("studio.panels.photo.models.choose('vitpose-animals')")
    assert "python scripts/download_weights.py vitpose-animals" in desk.about
    assert desk.page.locator(".about button").count() == 0


# ── what is pressed stays where it is ──


def test_rows_and_buttons_stay_while_news_arrive(desk: ModelDesk):
    desk.choose_model("vitpose-plus-base")
    desk.page.click(".pick")
    desk.ask("(window.held = [...studio.element.querySelectorAll('.model, .fetch button')], null)")
    desk.ask("studio.panels.photo.models.measured()")
    desk.ask("studio.panels.photo.models.refresh()")
    assert desk.ask("held.length > 9 && held.every((one) => one.isConnected)")
    desk.press("Escape")


def test_the_photo_step_is_used_by_keys(desk: ModelDesk):
    desk.page.focus(".inspector input[name=where]:checked")
    desk.press("ArrowDown", "ArrowDown")
    assert desk.ask("studio.panels.photo.where") == "whole"
    desk.page.focus(run)
    desk.press("Enter")
    desk.wait("!studio.files.job && store.doc.people.length")
    assert desk.focused == "Find the pose"


def test_a_model_taken_off_the_disk_goes_from_the_menu(desk: ModelDesk, own_models: Path, tmp_path: Path):
    desk.choose_model("my-fast")
    (own_models / "my-fast").rename(tmp_path / "my-fast")
    try:
        desk.page.click("text=Whole picture, one figure")
        desk.page.click(run)
        desk.wait("studio.panels.photo.models.name === 'auto' && !studio.files.job")
        assert "my-fast" in desk.toast()
        assert desk.people == []
        assert desk.page.is_enabled(run)
    finally:
        (tmp_path / "my-fast").rename(own_models / "my-fast")


def test_animals_are_not_looked_for_everywhere_without_their_finder(desk: ModelDesk):
    desk.choose_model("my-animals")
    assert desk.page.is_disabled("label:has-text('Everywhere') input")
    assert desk.page.is_checked("label:has-text('Whole picture, one figure') input")
    desk.choose_model("auto")
    assert desk.page.is_enabled("label:has-text('Everywhere') input")
