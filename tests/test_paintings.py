"""The painting endpoint and what the page asks while a request is made up, on tiny models with random weights."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np
import pytest
from desk import figures, person, standing
from gradio import FileData
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder
from tiny_painters import write_painters

from app import paintings
from app.jobs import Jobs
from app.models import Models
from engine import project, weights
from engine.scene import Picture, Verdict
from engine.skeleton import ap10k17
from engine.studio import Studio

dog = person("ap10k17", [(60 + 20 * n, 200 + 12 * n) for n in range(len(ap10k17))])
hand = person("hand21", [(60 + 5 * n, 200 + 6 * n) for n in range(21)])
small = {"prompt": "a dancer in red", "size": [64, 64], "steps": 2, "seed": 7}


def asked(*people: dict[str, Any], **request: Any) -> dict[str, Any]:
    """A document with figures, one standing person by default, and what is asked for."""
    return figures(*(people or (standing,))) | {"request": small | request}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(write_painters(tmp_path_factory.mktemp("painters")))


@pytest.fixture
def bare(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """A studio on a computer without any painter, not even those that come with the project."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path_factory.mktemp("hub")))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path_factory.mktemp("hub")))
    monkeypatch.setattr(weights, "embedded_folder", tmp_path_factory.mktemp("embedded"))
    return Studio(tmp_path_factory.mktemp("nothing"))


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is painted and sent goes to a folder of the test."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))


def painted(studio: Studio, document: dict[str, Any], *args: Any, jobs: Jobs | None = None, **options: Any) -> Iterator:
    return paintings.painter(studio, jobs or Jobs())(document, *args, **{"check": False, **options})


def told(studio: Studio, document: dict[str, Any], *args: Any, **options: Any) -> list[dict[str, Any]]:
    return list(painted(studio, document, *args, **options))


def refusal(studio: Studio, document: dict[str, Any], *args: Any) -> str:
    """The sentence with which a request is refused."""
    with pytest.raises(gr.Error) as caught:
        told(studio, document, *args)
    said = caught.value.message
    assert said.endswith((".", "!", "?", "`.")), said
    return said


def sent(image: np.ndarray) -> FileData:
    """A picture as the page sends it."""
    data = cv2.imencode(".png", image)[1].tobytes()
    return FileData(path=save_bytes_to_cache(data, "sent.png", get_upload_folder()))


def pixels(picture: dict[str, Any]) -> np.ndarray:
    image = cv2.imread(picture["image"]["path"])
    assert image is not None
    return image


def seen(address: str) -> np.ndarray:
    """The image in a data address, RGB."""
    head, data = address.split(",")
    assert head == "data:image/webp;base64"
    image = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image[..., ::-1]


# ── painting ──


def test_progress_previews_and_each_picture_are_told_on_the_way(studio):
    values = told(studio, asked(count=2, steps=3))
    kinds = [next(iter(value)) for value in values]
    assert {"fraction", "preview", "picture"} <= set(kinds)
    assert kinds.index("preview") < kinds.index("picture")
    previews = [value["preview"] for value in values if "preview" in value]
    assert {one["n"] for one in previews} == {0, 1}
    assert all(seen(one["address"]).ndim == 3 for one in previews)
    last = values[-1]
    assert [value["picture"] for value in values if "picture" in value] == last["pictures"]
    assert [one["request"]["seed"] for one in last["pictures"]] == [7, 8]
    assert (last["model"], last["control"]) == ("tiny-sd", "tiny-spctrl-human")
    assert kinds.count("picture") == 2
    assert kinds.index("picture") < len(kinds) - 1 - kinds[::-1].index("preview"), "the first before the second is done"


def test_the_same_request_paints_the_same_picture_and_another_seed_another(studio):
    first, again, other = (pixels(told(studio, asked(seed=seed))[-1]["pictures"][0]) for seed in (7, 7, 8))
    assert first.shape == (64, 64, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_picture_reopens_with_its_request_and_its_pose(studio):
    document = asked(prompt="a dancer", count=2, negative="fog")
    picture = told(studio, document)[-1]["pictures"][1]
    work = project.work_in_png(Path(picture["image"]["path"]).read_bytes())
    assert work is not None
    assert work.request is not None
    assert (work.request.prompt, work.request.negative) == ("a dancer", "fog")
    assert (work.request.seed, work.request.count) == (8, 1)
    assert np.allclose(work.pose.people[0].points, standing["points"])


def test_without_a_request_it_is_painted_as_usual(studio, monkeypatch):
    asked_for = []

    def paint(request, pose, progress, watch, done, note):
        asked_for.append(request)
        done(Picture(np.zeros((512, 512, 3), np.uint8), request, pose))

    monkeypatch.setattr(studio, "paint", paint)
    told(studio, figures(standing))
    (request,) = asked_for
    assert (request.prompt, request.count, request.steps) == ("", 1, 20)


def test_a_photo_is_painted_over_and_a_mask_keeps_the_rest_of_it(studio):
    photo = np.full((800, 600, 3), 200, np.uint8)
    mask = np.zeros((800, 600), np.uint8)
    mask[:400] = 255
    document = asked(size=[48 * 2, 64 * 2], change=0.9)
    whole = pixels(told(studio, document, sent(photo))[-1]["pictures"][0])
    upper = pixels(told(studio, document, sent(photo), sent(mask))[-1]["pictures"][0])
    assert np.abs(whole[-20:].astype(int) - 200).mean() > 5, "all of it is painted over"
    assert np.abs(upper[-20:].astype(int) - 200).max() <= 2, "below the mask is the photo"
    assert np.abs(upper[:20].astype(int) - 200).mean() > 5


def test_each_picture_is_judged_and_the_best_come_first(studio, monkeypatch):
    scores = {7: 0.2, 8: 0.9, 9: 0.5}

    def verified(picture):
        return replace(picture, verdict=Verdict(picture.pose, scores[picture.request.seed], 0.5, ((),), "me"))

    monkeypatch.setattr(studio, "verified", verified)
    values = told(studio, asked(count=3), check=True, best=True)
    finished = [value["picture"]["request"]["seed"] for value in values if "picture" in value]
    assert finished == [7, 8, 9], "each as soon as it is there"
    best = values[-1]["pictures"]
    assert [one["request"]["seed"] for one in best] == [8, 9, 7]
    assert best[0]["verdict"]["oks"] == 0.9


def test_the_studio_itself_judges_a_picture(studio):
    picture = told(studio, asked(size=[192, 256]), check=True)[-1]["pictures"][0]
    assert 0 <= picture["verdict"]["oks"] <= 1
    assert len(picture["verdict"]["drifted"]) == 1


def test_a_picture_that_nobody_can_judge_is_given_with_a_note(studio, monkeypatch):
    def verified(picture):
        raise ValueError("expected somebody who knows animals, got nobody")

    monkeypatch.setattr(studio, "verified", verified)
    last = told(studio, asked(count=2), check=True)[-1]
    assert [one["verdict"] for one in last["pictures"]] == [None, None]
    assert last["notes"] == ["Expected somebody who knows animals, got nobody."], "said once"


def test_an_animal_is_painted_by_what_knows_animals(studio):
    assert told(studio, asked(dog))[-1]["control"] == "tiny-spctrl-animal"


def test_a_cancel_ends_within_a_step_and_finished_pictures_stay(studio, monkeypatch):
    jobs, looks, values = Jobs(), [], []
    watch = paintings._Run.watch
    monkeypatch.setattr(paintings._Run, "watch", lambda run, *told: (looks.append(run.stopped()), watch(run, *told)))
    for value in painted(studio, asked(count=3, steps=20), jobs=jobs, job="mine"):
        values.append(value)
        if "preview" in value and value["preview"]["n"] == 1:
            jobs.cancel("mine")
    assert values[-1] == {"cancelled": True}
    assert sum("picture" in value for value in values) == 1
    assert 20 < len(looks) < 40, "in the middle of the second"
    assert sum(looks) <= 1, "steps after the wish to stop"
    assert not jobs.running


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (asked(size=[65, 64]), "64 × 64 is nearest"),
        (asked(size=[64, 8]), "64 × 64 is nearest"),
        (asked(count=99), "99"),
        (asked(steps=0), "steps"),
        (asked(guidance=-1), "guidance"),
        (asked(pose_window=[0.8, 0.2]), "0.8"),
        (asked(encoding="telepathy"), "telepathy"),
        (asked(model="zeppelin"), "zeppelin"),
        (asked(dog, encoding="openpose"), "animal"),
        (asked(standing, dog), "both"),
        (asked(hand), "hand"),
        (figures() | {"request": small}, "figure"),
        ({"contrapposto": 1}, "size"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_painted_is_refused_with_a_sentence(studio, document, words):
    assert words in refusal(studio, document)


def test_photos_and_masks_that_do_not_fit_are_refused(studio):
    right, other = np.zeros((800, 600, 3), np.uint8), np.zeros((80, 60, 3), np.uint8)
    assert "photo" in refusal(studio, asked(), sent(other))
    assert "mask" in refusal(studio, asked(), None, sent(right))
    assert "mask" in refusal(studio, asked(), sent(right), sent(other))
    assert "empty" in refusal(studio, asked(), sent(right), sent(right))


def test_without_models_it_says_what_is_needed_and_the_command(bare):
    said = refusal(bare, asked())
    assert "scripts/download_weights.py" in said
    assert "sd15" in said


# ── before ──


def painters(studio: Studio, downloads: bool = True) -> paintings.Painters:
    return paintings.Painters(studio, Models(studio, downloads))


def test_the_menu_tells_what_is_here_and_how_the_rest_is_got(studio):
    menu = painters(studio).menu()
    own, *others = menu["models"]
    assert menu["auto"] == own["name"] == "tiny-sd"
    assert own["present"]
    assert own["own"]
    assert {(one["encoding"], one["kind"]) for one in own["controls"] if one["present"]} == {
        ("spctrl", "human"), ("spctrl", "animal"), ("openpose", "human"),
    }  # fmt: skip
    for one in [*others, *(control for model in others for control in model["controls"])]:
        assert all(one[key] for key in ("name", "does", "licence", "megabytes"))
        assert one["where"] or one["name"] in ("sd-mini", "spctrl-mini", "openpose-mini")
        assert one["own"] is False
        assert one["download"] is None
        assert bool(one["command"]) == one["downloadable"] or one["present"]


def test_without_models_the_menu_has_no_painter_but_ways_to_get_one(bare):
    menu = painters(bare, downloads=False).menu()
    assert menu["auto"] == ""
    assert menu["downloads"] is False
    assert any(model["command"] and any(one["command"] for one in model["controls"]) for model in menu["models"])


def test_the_prompt_names_the_drawn_joints_but_for_the_silent_ones(studio):
    told = painters(studio).prompt({"document": asked(silent=["nose", "left_eye"])})
    joints = {one["joint"]: one["said"] for one in told["tokens"]}
    assert len(joints) == 17
    assert [joint for joint, said in joints.items() if not said] == ["nose", "left_eye"]
    assert "<right-eye>" in told["kept"]
    assert "<nose>" not in told["kept"]
    silent = painters(studio).prompt({"document": asked(words=False)})
    assert silent["kept"] == small["prompt"]
    assert not any(one["said"] for one in silent["tokens"])


def test_joints_that_are_not_drawn_have_no_words(studio):
    states = ["missing" if n < 5 else "visible" for n in range(17)]
    told = painters(studio).prompt({"document": asked(standing | {"states": states})})
    assert told["tokens"][0]["joint"] == "left_shoulder"
    assert len(told["tokens"]) == 12


def test_a_prompt_of_500_words_is_cut_where_the_model_stops_hearing(studio):
    prompt = " ".join(f"word{n}" for n in range(500))
    told = painters(studio).prompt({"document": asked(prompt=prompt, words=False)})
    assert told["dropped"]
    assert f"{told['kept']} {told['dropped']}" == prompt
    with_joints = painters(studio).prompt({"document": asked(prompt=prompt)})
    assert len(with_joints["dropped"]) > len(told["dropped"]), "the joints' words take their place"
    assert all(one["token"] in with_joints["kept"] for one in with_joints["tokens"])


def test_an_empty_prompt_is_no_error(studio):
    told = painters(studio).prompt({"document": asked(prompt="", words=False)})
    assert (told["kept"], told["dropped"], told["unknown"]) == ("", "", [])


def test_words_that_look_like_a_joints_and_are_none_are_told(studio):
    told = painters(studio).prompt({"document": asked(prompt="a dancer with a <left-fin>")})
    assert told["unknown"] == ["<left-fin>"]


def test_a_long_list_of_what_to_leave_out_is_told_to_be_cut(studio):
    (note,) = painters(studio).prompt({"document": asked(negative="fog, " * 300)})["notes"]
    assert "fog" in note


def test_drawn_sticks_need_no_words(studio):
    told = painters(studio).prompt({"document": asked(encoding="openpose")})
    assert told["tokens"] == []
    assert told["kept"] == small["prompt"]


def test_animals_have_words_of_their_own(studio):
    tokens = painters(studio).prompt({"document": asked(dog)})["tokens"]
    assert {one["joint"] for one in tokens} == set(ap10k17.joints)


def test_the_map_is_shown_large_and_bright_enough_to_be_seen(studio):
    for encoding in ("spctrl", "openpose"):
        told = painters(studio).encoding({"document": asked(encoding=encoding, size=[120, 160])})
        image = seen(told["address"])
        assert told["encoding"] == encoding
        assert image.shape == (6 * 160, 6 * 120, 3), "each of its pixels is seen"
        assert image.max() > 100
        assert (image.max(2) < 20).mean() > 0.5, "the ground is dark"


def test_a_map_of_a_size_that_cannot_be_painted_is_refused(studio):
    with pytest.raises(ValueError, match="120 × 160 is nearest"):
        painters(studio).encoding({"document": asked(size=[121, 160])})


def test_before_any_model_is_here_the_words_and_the_map_are_told_already(bare):
    assert painters(bare).prompt({"document": asked()})["kept"].startswith(small["prompt"])
    assert seen(painters(bare).encoding({"document": asked()})["address"]).any()


@pytest.mark.parametrize("name", ["prompt", "encoding"])
@pytest.mark.parametrize("told", [None, {}, {"document": 3}, {"document": asked(standing, dog)}])
def test_quick_answers_refuse_with_a_sentence(studio, name, told):
    functions = {one.__name__: one for one in paintings.server_functions(studio, Models(studio, True))}
    assert functions[name](told)["error"].endswith((".", "!", "?"))
