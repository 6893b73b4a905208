"""Random people, poses and scenes, for tests that state laws."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.pose import Person, Pose2D, sources, states
from engine.scene import PaintRequest, Picture, Reference, Scene, Verdict
from engine.skeleton import Skeleton, skeletons

humans = ("coco17", "openpose18", "openpose25", "wholebody133", "crowdpose14", "openpose130", "openpose137")
names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12)
seeds = st.integers(0, 2**32 - 1)


def _points(rng: np.random.Generator, n: int, size: tuple[int, int]) -> np.ndarray:
    """Places on and around the canvas, some whole, some at exactly zero, some negative."""
    points = rng.uniform(-0.5, 1.5, (n, 2)) * size
    whole = rng.random(n) < 0.3
    points[whole] = points[whole].round()
    points[rng.random(n) < 0.03] = 0
    return points


@st.composite
def bodies(draw) -> BodyPose:
    rng = np.random.default_rng(draw(seeds))
    return BodyPose(
        rng.normal(size=3), rng.normal(size=(21, 3)), rng.normal(size=(2, 15, 3)), rng.normal(size=3),
        rng.normal(size=(2, 3)), rng.normal(size=draw(st.integers(1, 16))), rng.normal(size=draw(st.integers(1, 16))),
        rng.normal(size=3) * 10, rng.random(draw(st.sampled_from((0, 44)))),
    )  # fmt: skip


@st.composite
def people(draw, skeleton: str | None = None, size: tuple[int, int] = (640, 480), calm: bool = False) -> Person:
    """A person; `calm` ones have only visible joints inside the canvas."""
    known: Skeleton = skeletons[skeleton or draw(st.sampled_from(sorted(skeletons)))]
    rng = np.random.default_rng(draw(seeds))
    n = len(known)
    if calm:
        return Person(known, rng.uniform(0, 1, (n, 2)) * size, rng.uniform(0.1, 1, n))
    bones = [bone for bone in known.bones if rng.random() < 0.1]
    front = [name for name, _ in known.groups if rng.random() < 0.2]
    scores = rng.choice([0.0, 1.0, 0.5], n) if draw(st.booleans()) else rng.random(n)
    return Person(
        known,
        _points(rng, n, size),
        scores,
        tuple(rng.choice(states, n).tolist()),
        tuple(rng.choice(sources, n).tolist()),
        draw(names),
        frozenset(bones),
        tuple(front),
        draw(st.none() | bodies()),
    )


sizes = st.tuples(st.integers(16, 2000), st.integers(16, 2000))


@st.composite
def poses(draw, skeletons: tuple[str, ...] | None = None, most: int = 3, size: tuple[int, int] | None = None) -> Pose2D:
    size = size or draw(sizes)
    one = st.one_of([people(name, size) for name in skeletons]) if skeletons else people(None, size)
    return Pose2D(size, tuple(draw(st.lists(one, max_size=most))))


@st.composite
def cameras(draw, size: tuple[int, int] = (640, 480)) -> Camera:
    rng = np.random.default_rng(draw(seeds))
    eye = rng.normal(size=3) + np.array([0, 0, 5])
    return Camera.looking_at(rng.normal(size=3) * 0.1, eye, size, float(rng.uniform(50, 3000)))


windows = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda ends: (min(ends), max(ends)))
requests = st.builds(
    PaintRequest,
    prompt=names, negative=names, size=sizes, seed=st.integers(0, 2**53), count=st.integers(1, 16),
    steps=st.integers(1, 100), guidance=st.floats(0, 30), pose_strength=st.floats(0, 2), pose_window=windows,
    encoding=st.sampled_from(("auto", "spctrl", "openpose")), model=names, fit=st.sampled_from(("whole", "squash")),
    words=st.booleans(), silent=st.lists(st.sampled_from(("nose", "left_eye")), unique=True).map(tuple),
    words_window=windows, change=st.floats(0, 1),
)  # fmt: skip


def pictures(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """A picture (H, W, 3) uint8 of noise."""
    return rng.integers(0, 256, (size[1], size[0], 3), np.uint8)


@st.composite
def painted(draw, photo: np.ndarray | None) -> Picture:
    """A small painted picture of noise, maybe over the drawing and within a mask, maybe judged."""
    rng = np.random.default_rng(draw(seeds))
    size = draw(st.tuples(st.integers(2, 9), st.integers(2, 9)))
    pose = draw(poses(most=2, size=size))
    mask = (rng.random((7, 5)) < 0.5).astype(np.uint8) * 255 if draw(st.booleans()) else None
    request = replace(draw(requests), count=1, photo=photo if draw(st.booleans()) else None, mask=mask)
    verdict = st.builds(
        Verdict, found=poses(most=2, size=size), oks=st.floats(0, 1), pck=st.floats(0, 1),
        drifted=st.just((("nose", "left_wrist"), ())), estimator=names,
    )  # fmt: skip
    return Picture(pictures(rng, size), request, pose, draw(names), draw(names), draw(st.none() | verdict))


@st.composite
def scenes(draw, with_pictures: bool = False, skeletons: tuple[str, ...] | None = None) -> Scene:
    """A scene; its pictures, when it has any, are small."""
    size = draw(st.tuples(st.integers(16, 48), st.integers(16, 48))) if with_pictures else draw(sizes)
    rng = np.random.default_rng(draw(seeds))
    photo = pictures(rng, size) if with_pictures and draw(st.booleans()) else None
    references = tuple(
        Reference(
            name, pictures(rng, (9, 7)), *rng.normal(size=2).tolist(), 0.25, float(rng.random()), draw(st.booleans())
        )
        for name in (draw(st.lists(names, max_size=2)) if with_pictures else ())
    )
    return Scene(
        pose=draw(poses(skeletons, size=size)),
        photo=photo,
        photo_opacity=1.0 if photo is None else draw(st.floats(0, 1)),
        references=references,
        camera=draw(st.none() | cameras(size)),
        request=draw(st.none() | requests),
        pictures=tuple(draw(st.lists(painted(photo), max_size=2)) if with_pictures else ()),
    )


json_keys = (
    "contrapposto", "size", "people", "animals", "annotations", "images", "categories", "keypoints", "image_id", "id",
    "pose_keypoints_2d", "skeleton", "points", "camera", "anns", "canvas_width", "canvas_height",
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(json_keys), inner),
    max_leaves=20,
)


@st.composite
def spoilt(draw, value: Any) -> Any:
    """A JSON value with one of the values inside replaced by another, of any kind."""
    value = spot = copy.deepcopy(value)
    while isinstance(spot, (dict, list)) and spot:
        key = draw(st.sampled_from(sorted(spot) if isinstance(spot, dict) else range(len(spot))))
        if not isinstance(spot[key], (dict, list)) or not spot[key] or draw(st.booleans()):
            spot[key] = draw(json_values)
            break
        spot = spot[key]
    return value


@contextmanager
def refused_if_anything() -> Iterator[None]:
    """Around the reading of a file that may be sound or not: it is read, or refused in a sentence."""
    try:
        yield
    except ValueError as refusal:
        if "expected" not in str(refusal):
            raise AssertionError(f"no sentence an artist could use: {refusal}") from refusal
