"""A painted picture's PNG: it reopens the work, carries nothing that is not its own, and other programs can read it."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine import files, project
from engine.paint_map import placing
from engine.picture_file import laid_back, parameters, picture_png
from engine.pose import Person, Pose2D
from engine.scene import PaintRequest, Picture, Reference, Scene, Verdict
from engine.skeleton import coco17
from tests.strategies import poses

rng = np.random.default_rng(0)
canvas = (120, 80)
asked = PaintRequest(
    "a dancer, evening light", "blurry", (64, 96), seed=7, steps=12, guidance=6.5, pose_strength=0.8,
    pose_window=(0.1, 0.9), encoding="openpose", fit="whole", words=False, silent=("nose",), change=0.6,
)  # fmt: skip


def a_scene() -> Scene:
    """A drawing with a figure, a reference and another picture painted before."""
    photo = rng.integers(0, 256, (80, 120, 3), np.uint8)
    person = Person(coco17, rng.uniform(0, 80, (17, 2)), rng.random(17), name="Élise")
    other = Picture(np.zeros((8, 8, 3), np.uint8), PaintRequest("somebody else"), Pose2D((8, 8)))
    return Scene(
        Pose2D(canvas, (person,)), photo, 0.5, (Reference("borrowed", photo),), request=PaintRequest("a later wish"),
        pictures=(other,),
    )  # fmt: skip


def painted(scene: Scene, request: PaintRequest = asked) -> Picture:
    pose = placing(request, scene.pose.size).pose(scene.pose)
    verdict = Verdict(pose, 0.75, 0.5, (("left_wrist",),), "quick")
    image = rng.integers(0, 256, (request.size[1], request.size[0], 3), np.uint8)
    return Picture(image, request, pose, "sd15", "openpose-sd15", verdict)


def test_the_picture_reopens_its_whole_work():
    scene = a_scene()
    picture = painted(scene)
    back = files.read(picture_png(picture, scene))
    assert back.pictures == (picture,), "itself with its verdict, and no other"
    assert back.request == replace(asked, model="sd15"), "its own settings, and what painted it"
    assert back.pose == scene.pose
    np.testing.assert_array_equal(back.photo, scene.photo)
    assert back.references == ()


def test_without_the_drawing_everything_else_is_there():
    scene = a_scene()
    data = picture_png(painted(scene), scene, include_photo=False)
    back = files.read(data)
    assert (back.photo, back.pose, len(back.pictures)) == (None, scene.pose, 1)
    assert b"cpPr" not in data
    assert b"borrowed" not in data
    assert b"somebody else" not in data


def test_a_mask_comes_along_with_or_without_the_drawing():
    scene = a_scene()
    mask = np.where(rng.random((80, 120)) < 0.5, 255, 0).astype(np.uint8)
    picture = painted(scene, replace(asked, photo=scene.photo, mask=mask))
    whole = files.read(picture_png(picture, scene)).pictures[0]
    assert whole == picture
    lone = files.read(picture_png(picture, scene, include_photo=False)).pictures[0]
    np.testing.assert_array_equal(lone.request.mask, mask)
    assert lone.request.photo is None


def test_a_picture_of_an_earlier_pose_reopens_with_that_pose():
    scene = a_scene()
    picture = painted(scene)
    later = replace(scene, pose=Pose2D(canvas, (scene.pose.people[0].shifted((9, 3)),)))
    back = files.read(picture_png(picture, later))
    np.testing.assert_allclose(back.pose.people[0].points, scene.pose.people[0].points, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(poses(), st.sampled_from(("whole", "squash")), st.sampled_from(((512, 512), (640, 384), (64, 2048))))
def test_laid_back_undoes_how_a_pose_was_laid_into_the_picture(pose, fit, size):
    request = PaintRequest(size=size, fit=fit)
    laid = placing(request, pose.size).pose(pose)
    picture = Picture(np.zeros((size[1], size[0], 3), np.uint8), request, laid)
    back = laid_back(picture, pose.size)
    assert back.size == pose.size
    for one, other in zip(back.people, pose.people, strict=True):
        np.testing.assert_allclose(one.points, other.points, atol=1e-6)
        assert replace(one, points=other.points) == other


def test_a_picture_that_was_cut_reopens_the_work_without_itself():
    scene = a_scene()
    image = Image.open(io.BytesIO(picture_png(painted(scene), scene)))
    info, buffer = PngInfo(), io.BytesIO()
    info.add_itxt("contrapposto", image.text["contrapposto"])
    image.crop((0, 0, 40, 40)).save(buffer, "PNG", pnginfo=info)
    back = project.work_in_png(buffer.getvalue())
    assert back is not None
    assert (back.pictures, back.pose) == ((), scene.pose)
    assert back.request == replace(asked, model="sd15")


@pytest.mark.parametrize("name", ["png", "controlnet", "svg"])
def test_no_other_export_carries_what_was_painted(name):
    scene = a_scene()
    assert files.write(scene, name) == files.write(replace(scene, pictures=()), name)


def test_other_programs_read_the_request_in_one_line():
    scene = a_scene()
    image = Image.open(io.BytesIO(picture_png(painted(scene), scene)))
    assert image.text["parameters"] == (
        "a dancer, evening light\n"
        "Negative prompt: blurry\n"
        "Steps: 12, Sampler: UniPC, CFG scale: 6.5, Seed: 7, Size: 64x96, Model: sd15, "
        'ControlNet 0: "Module: none, Model: openpose-sd15, Weight: 0.8, Guidance Start: 0.1, Guidance End: 0.9", '
        "Version: Contrapposto"
    )


def test_parameters_say_how_much_of_the_drawing_was_changed_and_quote_what_would_be_read_as_more():
    scene = a_scene()
    over = painted(scene, replace(asked, negative="", photo=scene.photo))
    assert "Denoising strength: 0.6" in parameters(over)
    assert "Negative prompt" not in parameters(over)
    assert 'Model: "a, b: c"' in parameters(replace(over, model="a, b: c"))


def test_words_of_any_script_survive():
    scene = a_scene()
    request = replace(asked, prompt="танцовщица 🩰 “red”\nsecond line")
    data = picture_png(painted(scene, request), scene)
    assert files.read(data).request.prompt == request.prompt
    assert Image.open(io.BytesIO(data)).text["parameters"].startswith(request.prompt)


def test_a_damaged_picture_is_refused():
    data = bytearray(picture_png(painted(a_scene()), a_scene()))
    data[data.index(b"iTXtcontrapposto") + 60] ^= 1
    with pytest.raises(ValueError, match="damaged iTXt chunk"):
        files.read(bytes(data))
