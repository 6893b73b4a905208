"""The app's page and its named endpoints, as scripts call them."""

from __future__ import annotations

import json
import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from desk import figures, standing
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app import create_app, launch_options, page
from app.jobs import Jobs
from app.models import Models
from engine import files
from engine.formats.document import from_document
from engine.studio import Studio


@pytest.fixture(scope="module")
def client(served, tmp_path_factory) -> Client:
    return Client(served, verbose=False, download_files=str(tmp_path_factory.mktemp("answers")))


@pytest.fixture(scope="module")
def described(client) -> dict[str, Any]:
    """What the app says of its named endpoints."""
    return client.view_api(return_format="dict")["named_endpoints"]


@pytest.fixture(scope="module")
def plain(served) -> Iterator[httpx.Client]:
    """The app without its own client."""
    with httpx.Client(base_url=served, timeout=30) as one:
        yield one


@pytest.fixture
def document(tmp_path) -> Path:
    path = tmp_path / "document.json"
    path.write_text(json.dumps(figures(standing)))
    return path


def refusal(call, *args, **kwargs) -> str:
    """The sentence with which the app says no."""
    with pytest.raises(AppError) as caught:
        call(*args, **kwargs)
    said = str(caught.value)
    assert said.endswith((".", "!", "?")), said
    assert "Traceback" not in said
    return said


# ── the page ──


def test_create_app_builds_without_loading_a_model():
    studio = Studio()
    demo = create_app(studio)
    assert isinstance(demo, gr.Blocks)
    assert not any(studio._loader.has(model.name) for model in studio.models())


def test_nothing_is_counted_or_kept_by_gradio():
    demo = create_app(Studio())
    assert demo.analytics_enabled is False
    assert launch_options()["run_history"] is False


def test_served_page_has_analytics_and_history_off(served):
    config = Client(served, verbose=False).config
    assert config["analytics_enabled"] is False
    assert config.get("run_history") in (False, None)


def test_menu_says_what_auto_takes_and_every_model_with_its_licence():
    menu = Models(Studio(), True).menu()
    assert menu["auto"] in {one["name"] for one in menu["models"] if one["present"]}
    for model in [*menu["models"], *menu["detectors"]]:
        assert all(model[key] for key in ("name", "does", "licence", "megabytes"))
        assert model["present"] or model["command"].endswith(model["name"])
    assert {one["kind"] for one in menu["models"]} == {"person", "animal"}


def test_nothing_is_downloaded_where_visitors_may_not():
    class Closed(Studio):
        def download(self, model, progress=None, cancelled=None):
            raise AssertionError("this must not be asked for")

    models = Models(Closed(), downloads=False)
    for name in ("sdpose-body", "rtdetr", "../x", None):
        assert all(one["download"] is None for one in models.download(name)["models"])
    for name in ("../x", "dposer-x", "spctrl-human", "quick"):
        assert Models(Closed(), downloads=True).download(name)["models"], "what no menu offers is not asked for"


def test_what_the_menus_offer_is_downloaded():
    asked: list[str] = []

    class Open(Studio):
        def download(self, model, progress=None, cancelled=None):
            asked.append(model)

    models = Models(Open(), downloads=True)
    for name in ("sdpose-body", "rtdetr", "sd15", "animal-openpose-sd15"):
        models.download(name)
        while models.state(name):
            time.sleep(0.01)
    assert asked == ["sdpose-body", "rtdetr", "sd15", "animal-openpose-sd15"]


@pytest.mark.parametrize(
    "told",
    [
        None,
        {},
        {"model": "quick"},
        {"model": "zeppelin", "options": None, "figures": 1},
        {"model": "quick", "options": {"speed": 9}, "figures": 1},
        {"model": "quick", "options": None, "figures": 0},
    ],
)
def test_a_forecast_that_cannot_be_made_is_refused(told):
    assert Models(Studio(), True).forecast(told)["refusal"].endswith(".")


def test_page_knows_every_format_it_can_write():
    offered = page.configuration(Models(Studio(), True).menu())["formats"]
    assert [one["name"] for one in offered] == [one.name for one in files.formats.values() if one.writes]
    assert len({one["suffix"] for one in offered}) == len(offered), "one export never overwrites another"


def test_named_endpoints_are_described(described):
    assert described.keys() == {
        "/open", "/estimate", "/convert", "/estimate_many", "/estimate_video", "/open_frame",
        "/export_body", "/import_body", "/clean_motion", "/stand", "/lift", "/complete", "/vary", "/random_poses",
        "/paint", "/verify", "/write_picture",
    }  # fmt: skip
    names = {path: [p["parameter_name"] for p in one["parameters"]] for path, one in described.items()}
    assert names["/estimate"] == ["photo", "model", "boxes", "whole_image", "job", "options"]
    assert names["/estimate_many"] == ["pictures", "model", "options", "job"]
    assert names["/convert"][:2] == ["file", "format"]


# ── open ──


def test_open_tells_a_photo_from_a_pose(client, example, document):
    photo = client.predict(handle_file(example), api_name="/open")
    assert photo["kind"] == "photo"
    assert photo["document"]["people"] == []
    assert photo["photo"]
    pose = client.predict(handle_file(document), api_name="/open")
    assert pose["kind"] == "pose"
    assert pose["document"]["people"][0]["points"] == standing["points"]


def test_what_is_no_picture_is_refused_with_a_sentence(client, tmp_path):
    for name, content in (("letter.png", b"Dear artist"), ("empty.png", b""), ("cut.jpg", b"\xff\xd8\xff\xe0")):
        path = tmp_path / name
        path.write_bytes(content)
        for api_name in ("/open", "/estimate"):
            assert len(refusal(client.predict, handle_file(path), api_name=api_name)) > 20


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "app.py", "", "assets/studio/words.json", "assets/examples/../../app.py"]
)
@pytest.mark.parametrize(
    "name",
    [
        "open", "estimate", "convert", "estimate_many", "estimate_video", "open_frame", "import_body", "clean_motion",
        "verify", "write_picture",
    ],
)  # fmt: skip
def test_only_uploaded_files_are_read(described, plain, name, path):
    """Without the client, which would send the file: a path of the server's own disk is refused unread."""
    root = Path(__file__).parent.parent
    file = {"path": str(root / path) if path else "", "meta": {"_type": "gradio.FileData"}}
    others = described[f"/{name}"]["parameters"][1:]
    given = [file] if name == "estimate_many" else file
    joined = plain.post(f"gradio_api/call/{name}", json={"data": [given, *[None] * len(others)]})
    answer = plain.get(f"gradio_api/call/{name}/{joined.json()['event_id']}").text
    assert "event: error" in answer
    assert "uploaded" in answer
    assert "root:" not in answer


# ── estimate ──


def test_estimate_finds_the_figure_and_says_how(client, example):
    found = client.predict(handle_file(example), api_name="/estimate")
    scene = from_document(found["document"])
    assert len(scene.pose.people) >= 1
    assert found["model"] in {model.name for model in Studio().models()}
    assert found["seconds"] > 0


def test_estimate_tells_its_progress(client, example):
    job = client.submit(handle_file(example), api_name="/estimate")
    job.result()
    *told, last = job.outputs()
    assert told
    fractions = [one["fraction"] for one in told]
    assert fractions == sorted(fractions)
    assert all(one["text"] for one in told)
    assert "document" in last


def test_estimate_looks_where_it_is_told(client, example):
    whole = client.predict(handle_file(example), whole_image=True, api_name="/estimate")
    assert len(whole["document"]["people"]) == 1
    width, height = whole["document"]["size"]
    boxes = [[0, 0, width / 2, height], [width / 2, 0, width, height]]
    halves = client.predict(handle_file(example), boxes=boxes, api_name="/estimate")
    assert len(halves["document"]["people"]) == 2


@pytest.mark.parametrize(
    "options",
    [
        {"model": "nothing"},
        {"boxes": []},
        {"boxes": [[1, 2, 3]]},
        {"boxes": [[0, 0, "a", 9]]},
        {"boxes": [[0, 0, 9, 9]] * 51},
        {"boxes": [[-50, -50, -10, -10]]},
        {"boxes": "all"},
        {"options": {"zeal": 3}},
        {"options": {"flip_test": "yes"}},
        {"options": {"precision": "int3"}},
        {"options": {"parts": "hands"}},
        {"options": {"parts": ["tail"]}},
    ],
)
def test_estimate_refuses_what_it_cannot_do(client, example, options):
    assert "xpected" in refusal(client.predict, handle_file(example), **options, api_name="/estimate")


def test_a_job_cancelled_before_it_begins_never_begins():
    jobs = Jobs()
    assert jobs.cancel("queued") is False
    assert list(jobs.run("queued", lambda tell, stopped: {"done": True})) == [{"cancelled": True}]
    assert list(jobs.run("queued", lambda tell, stopped: {"done": True})) == [{"done": True}], "a name is used again"
    assert jobs.cancel(["not", "a", "name"]) is False


def test_a_job_tells_its_progress_and_stops_when_it_is_asked_to():
    jobs = Jobs()

    def work(tell, stopped):
        tell({"fraction": 0.5})
        while not stopped():
            pass
        return {"kept": True}

    told = jobs.run("mine", work)
    assert next(told) == {"fraction": 0.5}
    assert jobs.cancel("mine") is True
    assert list(told) == [{"kept": True}]
    assert jobs.cancel("mine") is False, "it is over"


def test_a_cancelled_job_ends_and_leaves_the_endpoint_free(client, example):
    size = client.predict(handle_file(example), api_name="/open")["document"]["size"]
    job = client.submit(handle_file(example), boxes=[[0, 0, *size]] * 40, job="mine", api_name="/estimate")
    next(iter(job))  # it has begun
    job.cancel()
    assert "document" in client.predict(handle_file(example), api_name="/estimate")


# ── many pictures ──


def test_many_pictures_are_worked_on_in_a_row(client, example, tmp_path):
    letter = tmp_path / "letter.png"
    letter.write_text("Dear artist")
    job = client.submit([handle_file(example), handle_file(letter)], api_name="/estimate_many")
    last = job.result()
    pictures = {one["number"]: one for one in job.outputs() if "number" in one}
    assert from_document(pictures[0]["document"]).pose.people
    assert "letter.png" in pictures[1]["why"]
    assert last["done"] == 1
    assert last["cancelled"] is False
    with zipfile.ZipFile(last["results"]) as archive:
        assert sorted(archive.namelist()) == sorted([f"{example.stem}.json", f"{example.stem}.png", "index.json"])


def test_no_pictures_and_no_video_are_refused(client, document):
    assert "xpected 1 to" in refusal(client.predict, [], api_name="/estimate_many")
    assert "xpected" in refusal(client.predict, [handle_file(document)], api_name="/estimate_many")
    assert "xpected a video" in refusal(client.predict, handle_file(document), api_name="/estimate_video")


# ── convert ──


@pytest.mark.parametrize("name", [one.name for one in files.formats.values() if one.writes])
def test_convert_writes_every_format(client, document, tmp_path, name):
    if name == "ap10k":  # a person cannot be an animal
        assert "animal" in refusal(client.predict, handle_file(document), name, api_name="/convert")
        return
    path = Path(client.predict(handle_file(document), name, api_name="/convert"))
    assert path.suffix == files.formats[name].extension
    data = path.read_bytes()
    if files.formats[name].reads:
        scene = files.read(data, path.name)
        assert len(scene.pose.people) == 1
        assert scene.pose.people[0].points[0].tolist() == pytest.approx(standing["points"][0], abs=0.01)
    else:
        assert data.lstrip().startswith((b"<?xml", b"<svg"))


def test_convert_keeps_or_leaves_out_the_drawing(client, example, tmp_path):
    found = client.predict(handle_file(example), api_name="/estimate")
    path = tmp_path / "found.json"
    path.write_text(json.dumps(found["document"]))
    sizes = []
    for include in (True, False):
        written = client.predict(handle_file(path), "png", handle_file(example), None, include, api_name="/convert")
        scene = files.read(Path(written).read_bytes())
        assert (scene.photo is not None) == include
        sizes.append(os.path.getsize(written))
    assert sizes[0] > sizes[1]


def test_convert_refuses_what_it_does_not_know(client, document):
    assert "xpected one of" in refusal(client.predict, handle_file(document), "bvh", api_name="/convert")
