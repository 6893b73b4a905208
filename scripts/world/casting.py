"""Who is in a picture: words drawn by chance, and the body poses that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from engine.body import Body
from engine.body_pose import BodyPose
from engine.pose_sets import PoseSet, parted, slices
from scripts.world import words
from scripts.world.places import choose
from scripts.world.words import Dress, Figure, Recipe

Random = np.random.Generator
every_reserved = 20


@dataclass(frozen=True)
class Chances:
    """What may be drawn for a set of pictures: its styles and places, each as likely as the others.

    `photo` is the share of pictures that stand before a real picture instead. `calm`: one whole figure a picture,
    seen as a portrait painter would.
    """

    styles: tuple[str, ...]
    places: tuple[str, ...]
    photo: float = 0.0
    calm: bool = False


class Poses:
    """Open poses of whole bodies to draw from, each row as often as its weight says.

    Every so many-th row is kept for tests: `reserved` True draws from these alone, False from the others, None from
    all. Hands and faces come from the same moment or from another one, always where the recording has none.
    """

    def __init__(self, path: Path, reserved: bool | None = None) -> None:
        found = PoseSet.load(path)
        kept = np.arange(len(found)) % every_reserved == 0
        chosen = np.ones(len(found), bool) if reserved is None else kept == reserved
        self._set = found
        assert found.available is not None
        self._chances = {
            part: np.cumsum(found.chances * (found.available[:, k] & chosen)) for k, part in enumerate(parted)
        }
        if lacking := [part for part, sums in self._chances.items() if not sums[-1]]:
            raise ValueError(f"{path.name}: expected poses of every part to draw from, got no {lacking[0]}")

    def drawn(self, rng: Random) -> tuple[BodyPose, str]:
        """A body pose, as its recording turned it, and the clip it is from."""
        assert self._set.available is not None
        assert self._set.root is not None
        row = self._row("body", rng)
        vector = self._set.poses[row].astype(float)
        for k, part in enumerate(parted[1:], 1):
            if not self._set.available[row, k] or rng.random() < 0.5:
                vector[slices[part]] = self._set.poses[self._row(part, rng)][slices[part]]
        hands = np.stack([vector[slices[side]].reshape(15, 3) for side in ("left_hand", "right_hand")])
        face = vector[slices["face"]]
        pose = BodyPose(
            root=self._set.root[row], body=vector[slices["body"]].reshape(21, 3), hands=hands, jaw=face[:3],
            expression=face[3:],
        )  # fmt: skip
        return pose, self._set.clip_names[self._set.clip[row]]

    def _row(self, part: str, rng: Random) -> int:
        sums = self._chances[part]
        return int(np.searchsorted(sums, rng.random() * sums[-1], side="right"))


class Casting:
    """Draws recipes and the poses for them; deterministic by the generator handed in."""

    def __init__(self, body: Body, poses: Poses, chances: Chances) -> None:
        self.body, self.poses, self.chances = body, poses, chances

    def drawn(self, seed: int, rng: Random) -> tuple[Recipe, list[BodyPose]]:
        """A recipe and the pose of each of its figures, not yet turned or placed."""
        if self.chances.calm:
            return self._calm(seed, rng)
        count = int(rng.choice([1, 2, 3], p=[0.62, 0.28, 0.10]))
        cast = [self._one(rng) for _ in range(count)]
        recipe = Recipe(
            seed=seed,
            figures=tuple(figure for figure, _, _ in cast),
            place="photo" if rng.random() < self.chances.photo else choose(rng, self.chances.places),
            light=_one_of(words.light_names, rng),
            style=_one_of(self.chances.styles, rng),
            angle=_weighted({"eye level": 0.6, "low angle": 0.17, "high angle": 0.23}, rng),  # type: ignore[arg-type]
            framing=_weighted({"full": 0.68, "half": 0.22, "close": 0.10}, rng),  # type: ignore[arg-type]
            scenery=_one_of(words.sceneries[1:], rng) if rng.random() < 0.2 else "",
            clips=tuple(clip for _, _, clip in cast),
        )
        return recipe, [pose for _, pose, _ in cast]

    def _calm(self, seed: int, rng: Random) -> tuple[Recipe, list[BodyPose]]:
        figure, pose, clip = self._one(rng)
        recipe = Recipe(
            seed, (figure,), choose(rng, self.chances.places), _one_of(words.light_names, rng),
            _one_of(self.chances.styles, rng), clips=(clip,), calm=True,
        )  # fmt: skip
        return recipe, [pose]

    def _one(self, rng: Random) -> tuple[Figure, BodyPose, str]:
        pose, clip = self.poses.drawn(rng)
        figure = drawn_figure(rng)
        pose = replace(pose, betas=self._betas(figure, rng))
        # A hop where nothing else lifts them: half of those that are upright with bent legs look right in the air.
        stance = stance_of(self._joints(pose), rng.random() < 0.06)
        return replace(figure, stance=stance), pose, clip

    def _joints(self, pose: BodyPose) -> dict[str, np.ndarray]:
        joints = self.body.joints(self.body.poses(pose))[0].double().numpy()
        return dict(zip(self.body.joint_names, joints, strict=True))

    @cached_property
    def _sliders(self) -> dict[str, np.ndarray]:
        return self.body.sliders

    def _betas(self, figure: Figure, rng: Random) -> np.ndarray:
        """Betas of a figure's words, shaken."""
        about: dict[str, float] = {name: rng.normal(0, 0.35) for name in self._sliders}
        for name, value in (*_ages[figure.age].items(), *_builds[figure.build].items(), *_sexes[figure.sex].items()):
            about[name] += value
        return sum((np.clip(value, -2, 2) * self._sliders[name] for name, value in about.items()), np.zeros(16))


_ages = {
    "child": {"height": -1.5, "age": -1.6, "bust": -0.6}, "young": {"age": -0.5}, "adult": {}, "old": {"age": 1.5},
}  # fmt: skip
_builds = {
    "slim": {"weight": -1.0, "muscle": -0.3}, "average": {}, "heavy": {"weight": 1.4},
    "muscular": {"muscle": 1.5, "weight": 0.4},
}  # fmt: skip
_sexes = {"man": {"masculine": 0.9}, "woman": {"masculine": -1.1, "bust": 0.5}, "person": {}}


def drawn_figure(rng: Random) -> Figure:
    """A figure by chance; its stance is left open."""
    age = _weighted({"child": 0.14, "young": 0.26, "adult": 0.44, "old": 0.16}, rng)
    odd = rng.random() < 0.14  # from a tale
    prop = _one_of(words.held[1:], rng) if rng.random() < 0.35 else ""
    return Figure(
        age=age,  # type: ignore[arg-type]
        sex=_weighted({"man": 0.42, "woman": 0.46, "person": 0.12}, rng),  # type: ignore[arg-type]
        build=_weighted({"slim": 0.26, "average": 0.4, "heavy": 0.18, "muscular": 0.16}, rng),  # type: ignore[arg-type]
        skin=_one_of(tuple(words.skins) if odd else words.natural_skins, rng),
        hair_shape=_one_of(words.hair_shapes, rng),
        hair_color=_one_of(tuple(words.hairs) if odd or rng.random() < 0.1 else words.natural_hairs, rng),
        dress=drawn_dress(rng),
        prop=prop,
        prop_hand="left" if rng.random() < 0.3 else "right",
        prop_color=_one_of(tuple(words.palette), rng),
    )


def drawn_dress(rng: Random) -> Dress:
    """A dress by chance, its regions in colours that differ from their neighbours'."""
    kind = _one_of(tuple(words.dress_regions), rng)
    colors: list[tuple[str, str]] = []
    for region in words.dress_regions[kind]:
        free = [name for name in words.palette if name not in dict(colors).values()]
        colors.append((region, _one_of(free, rng)))
    return Dress(
        kind, tuple(colors), _weighted({"plain": 0.74, "stripes": 0.15, "dots": 0.11}, rng),
        _one_of(words.hats[1:], rng) if rng.random() < 0.16 else "", _one_of(tuple(words.palette), rng),
    )  # fmt: skip


def stance_of(joints: dict[str, np.ndarray], lifted: bool) -> words.Stance:
    """What a body does, by where its joints (3,) are; "" for what has no simple name."""
    low = min(joints[f"{side}_{part}"][1] for side in ("left", "right") for part in ("ankle", "foot", "knee"))
    leg = sum(
        float(np.linalg.norm(joints[a] - joints[b]))
        for a, b in (("left_hip", "left_knee"), ("left_knee", "left_ankle"))
    )
    spine = joints["neck"] - joints["pelvis"]
    upright = spine[1] / np.linalg.norm(spine)
    height = (joints["pelvis"][1] - low) / leg
    knees = max(joints["left_knee"][1], joints["right_knee"][1])
    if abs(upright) < 0.45 and height < 0.6:
        return "lying"
    if upright < 0.6:
        return "bending" if height > 0.6 else ""
    if height > 0.82:
        feet = joints["left_ankle"] - joints["right_ankle"]
        wide = float(np.hypot(feet[0], feet[2])) / leg
        return "jumping" if lifted else "walking" if wide > 0.5 else "standing"
    if height < 0.62:
        on_knees = min(joints["left_knee"][1], joints["right_knee"][1]) - low < 0.12 * leg
        return "kneeling" if on_knees else "sitting" if knees > joints["pelvis"][1] - 0.35 * leg else ""
    return "jumping" if lifted else ""


def _one_of(names: Sequence[str], rng: Random) -> str:
    return names[int(rng.integers(len(names)))]


def _weighted(names: dict[str, float], rng: Random) -> str:
    return str(rng.choice(list(names), p=list(names.values())))
