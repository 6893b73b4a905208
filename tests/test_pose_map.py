"""Pose maps recognised and read back."""

import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from test_draw import ap10k_222, ap10k_1996, cartoon, dance, garage, person

from engine import pose_map
from engine.draw import index_map, limb_palette, openpose_map, overlay, palette
from engine.pose import Person, Pose2D
from engine.pose_map import looks_like_pose_map, read_pose_map
from engine.skeleton import Skeleton, ap10k17, coco17, openpose18

pictures = Path(__file__).parents[2] / "shared" / "eval"
# A walker that fills a unit square, in COCO's order.
walker = np.array([
    (.50, .08), (.53, .06), (.47, .06), (.57, .08), (.43, .08), (.62, .22), (.38, .22), (.70, .36), (.28, .34),
    (.80, .48), (.20, .46), (.57, .50), (.43, .50), (.64, .72), (.36, .70), (.60, .95), (.28, .93),
])  # fmt: skip


def walking(scale: float = 400, at: tuple[float, float] = (20, 20)) -> Person:
    return Person(coco17, np.round(walker * scale + at), np.ones(17))


def crowd() -> Pose2D:
    return Pose2D((900, 520), (walking(), walking(380, (300, 60)).mirrored(900), walking(300, (560, 150))))


def assert_same(read: Pose2D, asked: Pose2D, skeleton: Skeleton, within: float = 1.001) -> None:
    """The same figures, in any order, joint by joint."""
    assert len(read.people) == len(asked.people)
    for figure in asked.to(skeleton).people:
        distances = [math.inf if found.skeleton != skeleton else apart(figure, found) for found in read.people]
        assert min(distances) <= within


def apart(a: Person, b: Person) -> float:
    """Largest distance px between two figures' joints, infinite where they show different ones."""
    if (a.present != b.present).any():
        return math.inf
    return float(np.linalg.norm(a.points - b.points, axis=1)[a.present].max())


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=quality)
    return np.array(Image.open(stream).convert("RGB"))


@pytest.mark.parametrize(
    ("skeleton", "texts", "size"),
    [
        (ap10k17, [ap10k_222], (500, 433)),
        (ap10k17, [ap10k_1996], (500, 476)),
        (coco17, [cartoon], (295, 429)),
        (coco17, [garage], (572, 700)),
        (coco17, dance, (1000, 729)),
    ],
)
def test_published_index_maps_read_exactly(skeleton, texts, size):
    pose = Pose2D(size, tuple(person(skeleton, text) for text in texts))
    drawn = index_map(pose)
    for image in (drawn, np.repeat(drawn[..., None], 3, axis=2)):
        assert looks_like_pose_map(image)
        assert_same(read_pose_map(image), pose, skeleton)


@pytest.mark.parametrize("thick", [False, True])
def test_a_crowd_reads_apart(thick):
    assert_same(read_pose_map(openpose_map(crowd(), thick)), crowd(), openpose18)
    assert_same(read_pose_map(index_map(crowd())), crowd(), coco17)


def test_animal_colours_read_as_an_animal():
    pose = Pose2D((500, 476), (person(ap10k17, ap10k_1996),))
    assert_same(read_pose_map(openpose_map(pose)), pose, ap10k17)


@pytest.mark.parametrize("quality", [95, 75])
def test_jpeg_noise_is_tolerated(quality):
    assert_same(read_pose_map(jpeg(openpose_map(crowd()), quality)), crowd(), openpose18, within=2.0)


@pytest.mark.parametrize(("size", "filter"), [((1350, 780), 3), ((630, 364), 1), ((1800, 1040), 0)])
def test_resized_maps_read(size, filter):
    image = np.array(Image.fromarray(openpose_map(crowd())).resize(size, Image.Resampling(filter)))
    assert looks_like_pose_map(image)
    assert_same(read_pose_map(image), crowd().scaled(size), openpose18, within=2.0)


def test_an_index_map_squeezed_to_a_square_reads():
    image = np.array(Image.fromarray(index_map(crowd())).resize((512, 512), Image.Resampling.NEAREST))
    assert_same(read_pose_map(image), crowd().scaled((512, 512)), coco17, within=1.5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([coco17, ap10k17]), st.booleans())
def test_separated_joints_come_back(seed, skeleton, colours):
    rng = np.random.default_rng(seed)
    points = rng.integers(10, 490, (17, 2)).astype(float)
    gaps = np.linalg.norm(points[:, None] - points, axis=2) + 100 * np.eye(17)
    assume(gaps.min() > 12)
    pose = Pose2D((500, 500), (Person(skeleton, points, np.ones(17)),))
    target = skeleton if skeleton is ap10k17 or not colours else openpose18
    figure = pose.people[0].to(target)
    if target is openpose18:  # the neck falls where it falls
        assume((np.linalg.norm(figure.points - figure["neck"], axis=1) > 12).sum() == 17)
    read = read_pose_map(openpose_map(pose) if colours else index_map(pose))
    assert_same(read, pose, target)


# ── what is no pose map ──


def line_art() -> np.ndarray:
    image = Image.new("RGB", (400, 400))
    pen = ImageDraw.Draw(image)
    pen.ellipse((150, 40, 250, 140), outline="white", width=5)
    pen.line((200, 140, 200, 280, 130, 380), fill="white", width=5)
    return np.array(image)


def night_lights() -> np.ndarray:
    rng = np.random.default_rng(3)
    image = Image.new("RGB", (400, 400))
    pen = ImageDraw.Draw(image)
    for x, y in rng.integers(0, 400, (120, 2)).tolist():
        pen.ellipse((x, y, x + 9, y + 9), fill=tuple(rng.choice([0, 85, 153, 170, 255], 3).tolist()))
    return np.array(image)


def gradient(top: int) -> np.ndarray:
    return np.repeat(np.linspace(0, top, 400).astype(np.uint8)[None, :, None], 300, axis=0).repeat(3, axis=2)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((300, 300, 3), np.uint8),
        np.zeros((300, 300), np.uint8),
        np.full((300, 300), 60, np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        line_art(),
        night_lights(),
        gradient(255),
        gradient(17),
        gradient(70),
        np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8),
        np.random.default_rng(0).integers(0, 18, (300, 300), np.uint8),
        overlay(crowd()),
        overlay(crowd(), np.zeros((520, 900, 3), np.uint8)),
    ],
)
def test_other_pictures_are_left_alone(image):
    assert not looks_like_pose_map(image)
    with pytest.raises(ValueError, match="expected an OpenPose picture"):
        read_pose_map(image)


def discs_over(limb: int, joints: tuple[int, ...], apart: int, size: int = 1000) -> np.ndarray:
    """A limb's colour over half a picture, and as many discs of some joints as fit there."""
    image = Image.new("RGB", (size, size))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, size, size // 2 - 10), fill=limb_palette[limb])
    places = [(x, y) for y in range(8, size // 2 - 18, apart) for x in range(8, size - 8, apart)]
    for n, (x, y) in enumerate(places):
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=palette[joints[n % len(joints)]])
    return np.array(image)


@pytest.mark.parametrize(("joints", "apart"), [((1, 2), 30), ((1, 2), 60), (tuple(range(18)), 16), ((1,), 9)])
def test_far_too_many_discs_are_refused_before_figures_are_sought(joints, apart, monkeypatch):
    monkeypatch.setattr(pose_map, "Groups", None)
    image = discs_over(0, joints, apart)
    assert not looks_like_pose_map(image)
    with pytest.raises(ValueError, match="far too many"):
        read_pose_map(image)


def test_a_picture_is_told_from_a_map_without_building_figures(monkeypatch):
    monkeypatch.setattr(pose_map, "Groups", None)
    assert looks_like_pose_map(openpose_map(crowd()))


@pytest.mark.shared
def test_photos_and_drawings_are_left_alone():
    files = [f for f in sorted(pictures.rglob("*.*")) if f.suffix in (".jpg", ".png") and f.name not in maps]
    if not files:
        pytest.skip("needs the evaluation pictures beside the project")
    for file in files:
        image = np.array(Image.open(file).convert("RGB"))
        for shade in (image, image // 6, image // 20, 255 - image, image.mean(2).astype(np.uint8)):
            assert not looks_like_pose_map(shade), file.name


maps = ("pose_kptindex.png", "openpose.png")


@pytest.mark.shared
def test_demo_maps_are_recognised():
    files = [file for name in maps for file in sorted(pictures.rglob(name))]
    if not files:
        pytest.skip("needs the AP-10K demo beside the project")
    for file in files:
        assert read_pose_map(np.array(Image.open(file).convert("RGB"))).people[0].skeleton == ap10k17
