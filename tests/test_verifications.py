"""The verify and write_picture endpoints: what they are told, what they answer, what they refuse."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio.utils import get_upload_folder
from PIL import Image

from app.picture_files import write_picture
from app.verifications import verifier
from engine import files
from engine.formats.document import to_document
from engine.pose import Person, Pose2D
from engine.scene import PaintRequest, Picture, Scene, Verdict
from engine.skeleton import coco17

rng = np.random.default_rng(1)
image = rng.integers(0, 256, (48, 64, 3), np.uint8)
pose = Pose2D((64, 48), (Person(coco17, rng.uniform(0, 48, (17, 2)), np.ones(17)),))


class Judge:
    """A studio that only verifies: it remembers what it was shown, and finds the figure where it was asked for."""

    def __init__(self) -> None:
        self.seen: list[tuple[Picture, str]] = []

    def verified(self, picture: Picture, estimator: str = "auto") -> Picture:
        self.seen.append((picture, estimator))
        if estimator == "nobody":
            raise ValueError("expected an estimator, got 'nobody'")
        return replace(picture, verdict=Verdict(picture.pose, 0.9, 0.75, (("nose",),), "quick"))


@pytest.fixture
def sent(tmp_path: Path) -> Any:
    """Makes an image a file that was uploaded."""
    folder = Path(get_upload_folder()) / tmp_path.name
    folder.mkdir(parents=True)

    def send(array: np.ndarray, name: str = "picture.png") -> dict[str, str]:
        path = folder / name
        Image.fromarray(array).save(path)
        return {"path": str(path)}

    yield send
    shutil.rmtree(folder)


def test_a_picture_is_judged_by_who_was_asked(sent):
    judge = Judge()
    told = verifier(judge)(sent(image), to_document(Scene(pose)), "quick")
    assert set(told) == {"oks", "pck", "estimator", "found", "drifted"}
    assert (told["oks"], told["pck"], told["drifted"], told["estimator"]) == (0.9, 0.75, [["nose"]], "quick")
    assert told["found"] == to_document(Scene(pose))["people"]
    ((picture, estimator),) = judge.seen
    assert (picture.pose, estimator) == (pose, "quick")
    np.testing.assert_array_equal(picture.image, image)


def test_a_picture_of_another_size_than_the_document_is_refused_before_anybody_looks(sent):
    judge = Judge()
    with pytest.raises(gr.Error, match=r"Expected a picture of \(64, 48\) pixels like the document, got \(48, 48\)"):
        verifier(judge)(sent(image[:, :48]), to_document(Scene(pose)))
    assert judge.seen == []


def test_a_refusal_is_a_sentence(sent):
    with pytest.raises(gr.Error, match="Expected an estimator, got 'nobody'\\."):
        verifier(Judge())(sent(image), to_document(Scene(pose)), "nobody")
    with pytest.raises(gr.Error, match="expected 'size'"):
        verifier(Judge())(sent(image), {"contrapposto": 1})
    with pytest.raises(gr.Error):
        verifier(Judge())({"path": "/etc/hostname"}, to_document(Scene(pose)))


def test_a_picture_is_written_with_its_work_inside(sent):
    photo, mask = rng.integers(0, 256, (48, 64, 3), np.uint8), np.zeros((48, 64), np.uint8)
    mask[10:20] = 255
    request = PaintRequest("a dancer", size=(64, 48), seed=3, photo=photo, mask=mask)
    picture = Picture(image, request, pose, "sd15", "openpose-sd15", Verdict(pose, 0.9, 0.75, ((),), "quick"))
    document = to_document(Scene(pose, photo, pictures=(picture,)))
    written = write_picture(sent(image), document, sent(photo, "photo.png"), sent(mask, "mask.png"))
    back = files.read(Path(written.path).read_bytes())
    assert back.pictures == (picture,)
    assert (back.pose, back.request) == (pose, replace(request, model="sd15", photo=None, mask=None))
    np.testing.assert_array_equal(back.photo, photo)
    lone = write_picture(sent(image), document, sent(photo, "photo.png"), None, include_photo=False)
    assert files.read(Path(lone.path).read_bytes()).photo is None


def test_one_picture_is_written_at_a_time(sent):
    with pytest.raises(gr.Error, match="expected 0 images, got 1"):
        write_picture(sent(image), to_document(Scene(pose)))
