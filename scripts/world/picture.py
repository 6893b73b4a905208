"""One picture of the rendered world from its seed to pixels and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.body import Body
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.light import light
from engine.skeleton import smplx55
from scripts.world import buffers, labels, places, shading, staging, styles
from scripts.world.buffers import Scene, Window
from scripts.world.captions import caption
from scripts.world.casting import Casting
from scripts.world.layers import Layers, Solid
from scripts.world.shading import ShadowMap
from scripts.world.staging import Standing
from scripts.world.wear import Posed, dressed, scenery
from scripts.world.words import Recipe

side = 256  # px of a picture
drawing_side = 384  # px it is drawn at, before it is averaged down
captions_each = 4
photo = "photo"  # the place that is a real picture
most_scenery = 0.35  # of the picture that a thing beside the figures may cover


@dataclass(frozen=True, eq=False)
class Picture:
    """A finished picture: image (S, S, 3) uint8, what it shows, and its labels.

    `figure` (S, S) uint8 says whose each pixel is, `depth` (S, S) f32 m; `annotations` are COCO-WholeBody's, with the
    number of the figure each is of; `camera` is that of the small picture.
    """

    image: np.ndarray
    recipe: Recipe
    captions: tuple[str, ...]
    annotations: tuple[dict[str, Any], ...]
    poses: tuple[BodyPose, ...]
    camera: Camera
    figure: np.ndarray
    depth: np.ndarray


class Artist:
    """Draws pictures of one world in one process: the body, the poses to draw from, a window."""

    def __init__(self, body: Body, casting: Casting, real: places.Photos | None = None) -> None:
        self.body, self.casting, self.real = body, casting, real
        self._window = Window()

    def drawn(self, recipe: Recipe, poses: Sequence[BodyPose], rng: np.random.Generator) -> Picture:
        """A recipe's picture, its figures in these poses; without its scenery where that would hide too much."""
        standing = staging.stand(self.body, recipe, poses, rng)
        camera, roll = staging.framed(recipe, standing, (drawing_side, drawing_side), rng)
        people, thing = self._people(recipe, standing, rng), self._thing(recipe, standing, camera, rng)
        scene = Scene.of(people + thing)
        self._window.hold(scene)
        triangles = self._window.triangles(camera)
        if thing and _hidden(scene, triangles):
            recipe, scene = replace(recipe, scenery=""), Scene.of(people)
            self._window.hold(scene)
            triangles = self._window.triangles(camera)
        layers, shadows = self._lit(recipe, scene, triangles, camera, rng)
        image = styles.style(recipe.style, layers, self._backdrop(recipe, camera, roll, shadows, rng), rng)
        return self._labelled(recipe, standing, camera, layers, buffers.reduced(image, (side, side)), rng)

    # ── what stands there ──

    def _people(self, recipe: Recipe, standing: Sequence[Standing], rng: np.random.Generator) -> list[Solid]:
        solids = []
        for number, (figure, one) in enumerate(zip(recipe.figures, standing, strict=True), 1):
            posed = Posed(one.vertices, one.joints)
            solids += [replace(each, figure=number) for each in dressed(self.body, figure, posed, rng)]
        return solids

    def _thing(
        self, recipe: Recipe, standing: Sequence[Standing], camera: Camera, rng: np.random.Generator
    ) -> list[Solid]:
        return [scenery(recipe.scenery, _beside(standing, camera, rng), rng)] if recipe.scenery else []

    # ── what is seen ──

    def _lit(
        self, recipe: Recipe, scene: Scene, triangles: np.ndarray, camera: Camera, rng: np.random.Generator
    ) -> tuple[Layers, ShadowMap]:
        seen = buffers.hits(scene, triangles, camera)
        lamps, turn = light(recipe.light), _turn(camera, rng)
        shadows = ShadowMap.of(scene, self._window, lamps.key.direction(turn))
        normal = buffers.facing(scene, seen, camera)
        lit = shading.light_on(scene, seen, normal, camera, lamps, turn, shadows)
        return buffers.layers(scene, seen, normal, camera, lit), shadows

    def _backdrop(
        self, recipe: Recipe, camera: Camera, roll: float, shadows: ShadowMap, rng: np.random.Generator
    ) -> np.ndarray:
        """What is behind the figures (H, W, 3) uint8, their shadow on it where it has a ground."""
        if recipe.place == photo:
            if self.real is None:
                raise ValueError("expected a folder of real pictures to stand before, got none")
            return self.real.drawn(camera.size, rng)
        backdrop = places.place(recipe.place, camera.size, staging.horizon(camera), recipe.light, rng, roll)
        if recipe.place in places.flat:
            return backdrop
        kept = shading.ground_shadow(camera, shadows, light(recipe.light).shade)
        return np.asarray(backdrop * kept[..., None], np.uint8)

    # ── what is told of it ──

    def _labelled(
        self, recipe: Recipe, standing: Sequence[Standing], camera: Camera, layers: Layers, image: np.ndarray,
        rng: np.random.Generator,
    ) -> Picture:  # fmt: skip
        scale = side / drawing_side
        annotations = []
        for number, one in enumerate(standing, 1):
            if box := labels.box_of(layers, number):
                points, flags = labels.seen_points(self.body, one, number, camera, layers)
                annotations.append({"figure": number} | labels.annotation(points, flags, *box, scale))
        # Nobody is spoken of who is not in the picture.
        seen = tuple(recipe.figures[told["figure"] - 1] for told in annotations) or recipe.figures
        said = replace(recipe, figures=seen)
        middle = np.rint((np.arange(side) + 0.5) / scale - 0.5).astype(int)
        return Picture(
            image, recipe, tuple(dict.fromkeys(caption(said, rng) for _ in range(captions_each))), tuple(annotations),
            tuple(one.pose for one in standing), camera.scaled((side, side)), layers.figure[np.ix_(middle, middle)],
            layers.depth[np.ix_(middle, middle)],
        )  # fmt: skip


def _hidden(scene: Scene, triangles: np.ndarray) -> bool:
    """Whether scenery fills too much of the picture, or hides all figures."""
    figure = scene.figure[triangles[triangles >= 0]]
    return bool((figure == 0).sum() > most_scenery * triangles.size or not figure.any())


def _turn(camera: Camera, rng: np.random.Generator) -> float:
    """Degrees to turn a light by, so that its key stands on the viewer's side more often than not."""
    forward = camera.T_camera_world[2, :3]
    viewer = np.degrees(np.arctan2(-forward[0], -forward[2]))
    return float(viewer + (rng.normal(0, 45) if rng.random() < 0.8 else rng.uniform(-180, 180)))


def _beside(standing: Sequence[Standing], camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """A place (3,) on the ground for a thing that may hide people: before a figure, beside it or behind."""
    one = standing[int(rng.integers(len(standing)))]
    R, t = camera.T_camera_world[:3, :3], camera.T_camera_world[:3, 3]
    eye = -R.T @ t
    foot = one.joints[smplx55.index("pelvis")] * (1, 0, 1)
    towards = eye * (1, 0, 1) - foot
    towards /= max(float(np.linalg.norm(towards)), 1e-6)
    across = np.array([towards[2], 0, -towards[0]])
    return foot + towards * rng.uniform(-0.7, 0.8) + across * rng.normal(0, 0.45)
