"""The app's page and its named endpoints, as scripts call them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import gradio as gr
import httpx
import numpy as np
import pytest
from desk import figures, standing
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app import create_app, launch_options, page
from app.layout import model_menu
from app.verbs import Estimates
from engine import files
from engine.formats.document import from_document
from engine.studio import Studio


@pytest.fixture(scope="module")
def client(served, tmp_path_factory) -> Client:
    return Client(served, verbose=False, download_files=str(tmp_path_factory.mktemp("answers")))


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
    assert not studio._estimators
    assert studio._detector is None


def test_nothing_is_counted_or_kept_by_gradio():
    demo = create_app(Studio())
    assert demo.analytics_enabled is False
    assert launch_options()["run_history"] is False


def test_served_page_has_analytics_and_history_off(served):
    config = Client(served, verbose=False).config
    assert config["analytics_enabled"] is False
    assert config.get("run_history") in (False, None)


def test_menu_offers_auto_first_and_every_model_with_its_licence():
    menu = model_menu(Studio())
    assert menu[0]["name"] == "auto"
    assert len(menu) > 1
    for model in menu[1:]:
        assert all(model[key] for key in ("name", "does", "size", "licence", "speed"))


def test_page_knows_every_format_it_can_write():
    offered = page.configuration(model_menu(Studio()))["formats"]
    assert [one["name"] for one in offered] == [one.name for one in files.formats.values() if one.writes]
    assert len({one["suffix"] for one in offered}) == len(offered), "one export never overwrites another"


def test_named_endpoints_are_described(client):
    described = client.view_api(return_format="dict")["named_endpoints"]
    assert described.keys() == {"/open", "/estimate", "/convert"}
    names = {path: [p["parameter_name"] for p in one["parameters"]] for path, one in described.items()}
    assert names["/estimate"] == ["photo", "model", "boxes", "whole_image", "job"]
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
@pytest.mark.parametrize("name", ["open", "estimate", "convert"])
def test_only_uploaded_files_are_read(client, served, name, path):
    """Without the client, which would send the file: a path of the server's own disk is refused unread."""
    root = Path(__file__).parent.parent
    file = {"path": str(root / path) if path else "", "meta": {"_type": "gradio.FileData"}}
    others = client.view_api(return_format="dict")["named_endpoints"][f"/{name}"]["parameters"][1:]
    joined = httpx.post(f"{served}gradio_api/call/{name}", json={"data": [file, *[None] * len(others)]})
    answer = httpx.get(f"{served}gradio_api/call/{name}/{joined.json()['event_id']}", timeout=30).text
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
    ],
)
def test_estimate_refuses_what_it_cannot_do(client, example, options):
    assert "xpected" in refusal(client.predict, handle_file(example), **options, api_name="/estimate")


def test_a_job_cancelled_before_it_begins_never_begins():
    estimates = Estimates(Studio())
    image = np.zeros((32, 32, 3), np.uint8)
    assert estimates.cancel_job("queued") is False
    assert list(estimates._run(image, "auto", None, False, "queued")) == [{"cancelled": True}]
    assert "document" in list(estimates._run(image, "auto", None, True, "queued"))[-1], "a name can be used again"
    assert estimates.cancel_job(["not", "a", "name"]) is False


def test_a_cancelled_job_ends_and_leaves_the_endpoint_free(client, example):
    size = client.predict(handle_file(example), api_name="/open")["document"]["size"]
    job = client.submit(handle_file(example), boxes=[[0, 0, *size]] * 40, job="mine", api_name="/estimate")
    next(iter(job))  # it has begun
    job.cancel()
    assert "document" in client.predict(handle_file(example), api_name="/estimate")


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
