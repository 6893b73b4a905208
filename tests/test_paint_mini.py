"""Painting with a small model's own words, autoencoder and latents, told no pose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from huggingface_hub import constants
from tiny_painters import write_painters, write_small

from engine import weights
from engine.caption_tokens import strange
from engine.clip_words import tokenizer, tokenizer_at
from engine.paint import notes_of, paint
from engine.paint_loading import read_base
from engine.paint_models import as_learned, easiest, paint_models
from engine.painter import Painter
from engine.pose import Person, Pose2D
from engine.scene import PaintRequest
from engine.skeleton import coco17
from engine.studio import Studio

asked = PaintRequest(prompt="a red coat by the sea", size=(64, 64), steps=3, seed=4, guidance=3)
places = np.stack([np.linspace(8, 56, len(coco17)), np.linspace(56, 8, len(coco17))], 1).astype(np.float32)
pose = Pose2D((64, 64), (Person(coco17, places, np.ones(len(coco17), np.float32)),))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's folder with one small model."""
    return write_small(tmp_path_factory.mktemp("models") / "small-sd").parent


@pytest.fixture(scope="module")
def painter(models: Path) -> Painter:
    return Painter(read_base(models / "small-sd", "small-sd"), None)


@pytest.fixture(autouse=True)
def an_empty_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    """The hub's cache of whoever runs the tests is not looked into, nor what comes with the project."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(weights, "embedded_folder", tmp_path_factory.mktemp("embedded"))


def test_a_small_model_is_read_with_its_own_parts(painter: Painter):
    assert isinstance(painter.base.parts["vae"], AutoencoderTiny)
    assert painter.base.parts["unet"].config.in_channels == 16
    assert len(painter.tokenizer) < 700


def test_it_paints_from_words_alone_the_same_for_the_same_request(painter: Painter):
    notes: list[str] = []
    (one,) = paint(asked, pose, painter, note=notes.append)
    (again,) = paint(asked, pose, painter)
    assert np.array_equal(one.image, again.image)
    assert (one.model, one.control, one.image.shape) == ("small-sd", "", (64, 64, 3))
    assert notes == ["small-sd paints from the words alone: it is not told the pose."]
    for other in (replace(asked, seed=5), replace(asked, prompt="a pencil drawing of a man")):
        assert not np.array_equal(paint(other, pose, painter)[0].image, one.image)


def test_words_it_never_saw_are_named(painter: Painter):
    said = notes_of(replace(asked, prompt="A Zeppelin by the sea, zeppelin"), pose, painter)
    assert said[0] == "small-sd has never seen the words zeppelin."
    assert strange("a red coat", painter.tokenizer) == ()
    assert strange("a zeppelin", tokenizer()) == (), "CLIP's own words are too many to tell"


def test_what_lies_around_a_mask_is_kept(painter: Painter):
    photo = np.full((64, 64, 3), (200, 180, 160), np.uint8)
    mask = np.zeros((64, 64), np.uint8)
    mask[16:48, 16:48] = 255
    request = replace(asked, photo=photo, mask=mask, change=1.0, steps=4)
    (picture,) = paint(request, pose, painter)
    change = np.abs(picture.image.astype(int) - photo).max(2)
    assert change[mask == 0].max() == 0
    assert change[24:40, 24:40].min() > 0
    (over,) = paint(replace(request, mask=None), pose, painter)
    assert not np.array_equal(over.image[24:40, 24:40], picture.image[24:40, 24:40]), "its surroundings lead the work"


def test_the_studio_offers_and_takes_it(models: Path):
    studio = Studio(models, threads=1)
    first = studio.painters()[0]
    assert (first.name, first.words_alone, first.controls, first.side) == ("small-sd", True, (), 64)
    model, control = studio.planned(asked, pose)
    assert (model.name, control) == ("small-sd", None)
    assert len(studio.tokenizer(model)) < 700
    (picture,) = studio.paint(asked, pose)
    assert picture.model == "small-sd"
    with pytest.raises(ValueError, match="got no"):
        studio.planned(replace(asked, encoding="openpose"), pose)


def test_who_can_be_told_the_pose_comes_first(models: Path, tmp_path: Path):
    write_painters(tmp_path)
    write_small(tmp_path / "a-small-sd")
    found = paint_models(tmp_path)
    assert [model.name for model in found[:2]] == ["tiny-sd", "a-small-sd"]
    model, control = easiest(found, "auto", "auto", "human")
    assert (model.name, control and control.name) == ("tiny-sd", "tiny-spctrl-human")
    assert easiest(found, "a-small-sd", "auto", "human")[1] is None


def test_what_is_not_said_is_as_usual_with_the_model(models: Path):
    model = replace(paint_models(models)[0], side=128, guidance=3.0)
    request = as_learned(PaintRequest(), model, [])
    assert (request.size, request.guidance) == ((128, 128), 3.0)
    said = as_learned(PaintRequest(size=(64, 80), guidance=5.0), model, ["size", "guidance"])
    assert (said.size, said.guidance) == ((64, 80), 5.0)


def test_a_folder_without_words_has_stable_diffusions(tmp_path: Path, models: Path):
    assert len(tokenizer_at(tmp_path)) == len(tokenizer_at(None)) == 49408
    assert len(tokenizer_at(models / "small-sd")) < 700
