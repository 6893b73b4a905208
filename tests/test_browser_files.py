"""Files and work in the browser: opening, importing, exporting, reloading, bad files, a lost server, two visitors."""

import json
from pathlib import Path

import numpy as np
import pytest
from desk import Desk, figures, standing, without_keys
from PIL import Image

from engine import files
from engine.formats.document import from_document
from engine.scene import Scene

pytestmark = pytest.mark.browser


def openpose(people=(standing,), size=(600, 800)) -> bytes:
    return files.write(from_document(figures(*people, size=size)), "openpose")


def pixels(desk: Desk, size) -> np.ndarray:
    return np.frombuffer(desk.photo_bytes(), np.uint8).reshape(size[1], size[0], 4)[..., :3]


# ── the work goes out, comes back, and survives ──


def test_the_work_survives_a_reload_and_travels_in_its_png(new_desk, example, tmp_path):
    desk = new_desk()
    desk.opened(example)
    desk.ask("studio.library.addDefault('whole')")
    desk.drag_joint("left_wrist", (-20, -40))
    desk.page.mouse.click(*desk.at("right_ankle"), button="right")
    before, drawing, steps = desk.doc, desk.photo_bytes(), desk.steps
    assert before["people"][0]["states"][desk.index("right_ankle")] == "hidden"

    png = desk.exported("png", tmp_path)
    assert png.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    scene = files.read(png.read_bytes(), png.name)
    assert len(scene.pose.people) == 1
    assert np.array_equal(scene.photo, pixels(desk, before["size"])), "the PNG holds the drawing, pixel for pixel"

    desk.saved()
    desk.open()
    assert desk.doc == before
    assert desk.photo_bytes() == drawing
    assert "open again" in desk.toast()
    desk.press("Control+z")
    assert desk.state("right_ankle") == "visible", "undo reaches over the reload"
    desk.press("Control+y")
    assert (desk.doc, desk.steps) == (before, steps)

    other = new_desk()
    assert other.people == [], "a fresh visitor starts with nothing"
    other.opened(png)
    assert without_keys(other.doc) == without_keys(before)
    assert other.photo_bytes() == drawing
    other.press("Control+z")
    assert other.people == [], "opening is one step of undo"


def test_start_fresh_can_be_undone(new_desk):
    desk = new_desk()
    desk.put(figures(standing))
    desk.saved()
    desk.open()
    desk.page.get_by_role("button", name="Start fresh").click()
    assert desk.people == []
    desk.press("Control+z")
    assert desk.people == [standing]


@pytest.mark.parametrize("format", ["project", "document", "openpose", "coco", "coco-wholebody", "controlnet", "svg"])
def test_every_kind_of_export_downloads_a_file_of_its_kind(desk: Desk, format, tmp_path):
    path = desk.exported(format, tmp_path)
    assert path.suffix == files.formats[format].extension
    if files.formats[format].reads:
        scene = files.read(path.read_bytes(), path.name)
        assert len(scene.pose.people) == 1
    else:
        assert b"<svg" in path.read_bytes()[:300]


def test_nothing_to_export_says_so(desk: Desk):
    desk.put(figures())
    desk.press("Control+s")
    desk.page.click("[data-format=png]")
    assert "nothing to export" in desk.toast()


def test_an_export_leaves_references_out(desk: Desk, example, tmp_path):
    desk.choose(example)  # a picture opened over a pose joins as a reference
    desk.wait("store.doc.references.length === 1")
    for name in ("controlnet", "png"):
        data = desk.exported(name, tmp_path).read_bytes()
        assert example.name.encode() not in data
        assert files.read(data).references == ()
    assert len(files.read(desk.exported("project", tmp_path).read_bytes()).references) == 1
    desk.press("Control+z")
    assert desk.doc["references"] == []


# ── import ──


def test_openpose_json_by_button_and_by_drop(desk: Desk, tmp_path):
    path = tmp_path / "pose.json"
    path.write_bytes(openpose())
    desk.opened(path)
    (one,) = desk.people
    assert one["skeleton"] == "openpose18"
    assert one["points"][:1] == standing["points"][:1]
    desk.press("Control+z")
    assert desk.people == [standing]
    for place in (".rail", ".inspector", ".surface", ".foot"):
        rev = desk.ask("store.rev")
        desk.drop("pose.json", openpose([standing, standing]), on=place)
        desk.wait("store.rev > x", rev)
        assert len(desk.people) == 2, f"dropped on {place}"
        desk.press("Control+z")


def test_a_pose_map_offers_to_be_read(empty_desk, tmp_path):
    # Saved anew, so that the work inside is gone.
    path = tmp_path / "map.png"
    formats_png = files.write(from_document(figures(standing, size=(512, 768))), "controlnet", include_photo=False)
    path.write_bytes(formats_png)
    with Image.open(path) as image:
        image.convert("RGB").save(path)
    desk = empty_desk
    desk.opened(path)
    assert "pose map" in desk.toast()
    desk.page.get_by_role("button", name="Read it as a pose").click()
    desk.wait("store.doc.people.length === 1")


bad_files = {
    "text.json": b"not a pose at all",
    "nan.json": openpose().replace(b"300", b"NaN", 1),
    "count.json": b'{"people": [{"pose_keypoints_2d": [1, 2, 1, 3, 4, 1]}], "canvas_width": 9, "canvas_height": 9}',
    "other.json": b'{"frames": [1, 2, 3]}',
    "version.json": json.dumps(figures(standing) | {"contrapposto": 99}).encode(),
    "empty.json": b"",
    "empty.png": b"",
    "text.png": b"this is no picture",
    "cut.zip": b"PK\x03\x04 and no more",
}  # fmt: skip


def refused(desk: Desk, name: str, data: bytes) -> str:
    before = desk.doc, desk.steps
    desk.hush()
    desk.drop(name, data)
    said = desk.toast()
    assert (desk.doc, desk.steps) == before, "the open work is untouched"
    assert said[0].isupper() or said[0] in "“(", said
    assert said.endswith((".", "!", "?")), said
    assert len(said) > 20, said
    assert not any(part in said for part in ("Traceback", "Error:", "{", "undefined", "null")), said
    return said


@pytest.mark.parametrize("name", bad_files)
def test_a_bad_file_is_refused_with_a_sentence(desk: Desk, name):
    refused(desk, name, bad_files[name])


def test_a_cut_off_picture_is_refused_with_a_sentence(desk: Desk):
    scene = Scene(from_document(figures(standing)).pose, np.full((800, 600, 3), 90, np.uint8))
    whole = files.write(scene, "png")
    refused(desk, "cut.png", whole[: len(whole) // 2])
    refused(desk, "cut.png", whole[:100])


# ── the server goes, and comes back ──


@pytest.mark.slow
def test_the_work_goes_on_without_a_server(new_desk, restartable, tmp_path):
    desk = new_desk(restartable.url)
    desk.page.watch.excused += ("ERR_CONNECTION", "Failed to load resource", "Connection", "fetch", "network")
    desk.put(figures(standing))
    restartable.kill()
    desk.drag_joint("left_wrist", (-20, -40))
    desk.press("Control+d")
    assert desk.steps == 2
    desk.saved()
    desk.hush()
    desk.press("Control+s")
    desk.page.click("[data-format=openpose]")
    assert "server does not answer" in desk.toast()
    desk.wait("!studio.exportMenu.isOpen")
    before = desk.doc
    restartable.start()
    desk.open()  # Gradio's page also does so by itself, when its server is another one
    assert desk.doc == before, "the browser had kept all of it"
    path = desk.exported("openpose", tmp_path)
    assert len(files.read(path.read_bytes(), path.name).pose.people) == 2


# ── two visitors ──


@pytest.mark.slow
def test_two_visitors_do_not_see_each_others_work(new_desk, example):
    one, two = new_desk(), new_desk()
    one.opened(example)
    one.ask("studio.library.addDefault('person')")
    two.ask("studio.library.addDefault('animal')")
    one.saved()
    two.saved()
    assert (one.people[0]["skeleton"], two.people[0]["skeleton"]) == ("coco17", "ap10k17")
    assert two.doc["photo"] is None
    for desk, skeleton in ((one, "coco17"), (two, "ap10k17")):
        desk.open()
        assert [person["skeleton"] for person in desk.people] == [skeleton]


@pytest.mark.slow
def test_two_tabs_of_one_visitor_keep_their_own_work(new_desk):
    one = new_desk()
    one.put(figures(standing))
    one.saved()
    two = Desk(one.page.context.new_page(), one.url).open()
    assert two.people == [standing], "a new tab goes on from the latest work"
    two.ask("studio.library.addDefault('animal')")
    two.saved()
    one.open()
    assert one.people == [standing], "and writes its own"


def test_the_session_ends_with_the_last_of_many_quick_changes(desk: Desk):
    for _ in range(15):  # several are made while an earlier one is on its way
        desk.press("ArrowUp")
    desk.wait("studio.api.props.value.heard === store.rev")
    assert desk.ask("studio.api.props.value.refusal") == ""
    assert desk.ask("studio.commitTime") > 0


def test_example_of_the_welcome_opens(empty_desk, example):
    desk = empty_desk
    desk.page.locator(".example").first.click()
    desk.wait("store.doc.photo")
    assert tuple(desk.doc["size"]) == Image.open(example).size
    assert not Path(desk.ask("studio.workName")).suffix
