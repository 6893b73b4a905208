"""The stage owns what bodies need: body files, renderer, joint limits, ready poses; each is loaded on first use."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from engine import weights
from engine.anatomy import RGB
from engine.body import Body, Mesh
from engine.body_pose import BodyPose
from engine.camera import Camera
from engine.complete import Completer
from engine.examples import Examples
from engine.fit import Fitter
from engine.hand_poses import HandPose, hand_poses
from engine.initialiser import Initialiser
from engine.library import read_library
from engine.lift import Lifter, Reading
from engine.limits import Limits
from engine.lint import Linter
from engine.natural import Natural
from engine.point_rig import PointRig
from engine.pose import Person
from engine.pose_search import Entry, Shelf, hand_side, rig_names
from engine.prior_file import PriorFolder
from engine.priors import open_priors
from engine.proportions import Proportions
from engine.relaxing import Relaxer
from engine.render import Actor, Encoding, Look, Renderer, Shot
from engine.variations import Varier

T = TypeVar("T")
folder = Path(__file__).parent.parent / "assets" / "body"
library = folder.parent / "library" / "poses.json"
open_body = "body-open"
meshes_kept = 16  # of the last ones: orbiting shows the same figures again and again
ghost_color: RGB = (150, 160, 175)
ghost_opacity = 0.35


@dataclass(frozen=True)
class Choice:
    """A body that can be put on the stage: its name, what to call it, its licence and where it is."""

    name: str
    title: str
    licence: str
    path: Path


@dataclass(frozen=True)
class Dress:
    """What a body wears: names of the file's layers from the skin outwards (None: the file's default), and colours."""

    layers: tuple[str, ...] | None = None
    colors: tuple[tuple[str, RGB], ...] = ()


@dataclass(frozen=True, eq=False)
class View:
    """One look at the stage: the bodies, and ghosts of others, that a camera sees in a light; `file` is their body."""

    bodies: tuple[BodyPose, ...]
    camera: Camera
    look: Look = field(default_factory=Look)
    dress: Dress = field(default_factory=Dress)
    ghosts: tuple[BodyPose, ...] = ()
    moving: bool = False
    file: str = open_body


class Stage:
    """Everything bodies need behind one door, safe to use from several threads.

    `models` is the user's own folder of models; SMPLX_NEUTRAL.npz, SMPLX_MALE.npz and SMPLX_FEMALE.npz in it, or in
    `smplx` within it, can stand in for the open body.
    """

    def __init__(self, models: Path | None = None) -> None:
        self._models = models
        self._bodies: dict[str, Body] = {}
        self._fitters: dict[str, Fitter] = {}
        self._lifters: dict[str, Lifter] = {}
        self._linters: dict[str, Linter] = {}
        self._proportions: dict[str, Proportions] = {}
        self._relaxers: dict[str, Relaxer] = {}
        self._variers: dict[str, Varier] = {}
        self._completers: dict[str, Completer] = {}
        self._meshes: OrderedDict[tuple, Mesh] = OrderedDict()
        self._lock = threading.RLock()
        self.renderer = Renderer()

    def _once(self, kept: dict[str, T], name: str, make: Callable[[], T]) -> T:
        """What a body file gives, made when it is first asked for and then kept."""
        with self._lock:
            if name not in kept:
                kept[name] = make()
            return kept[name]

    # ── bodies ──

    def files(self) -> tuple[Choice, ...]:
        """The open body, then the user's own SMPL-X files."""
        own = []
        for place in (self._models, self._models / "smplx") if self._models else ():
            for kind in ("neutral", "male", "female"):
                path = place / f"SMPLX_{kind.upper()}.npz"
                if path.is_file() and f"smplx-{kind}" not in [one.name for one in own]:
                    own.append(Choice(f"smplx-{kind}", f"SMPL-X, {kind}", "SMPL-X's own, non-commercial", path))
        return (Choice(open_body, "Open body", "CC0", folder / "contrapposto_neutral.npz"), *own)

    def body(self, name: str = open_body) -> Body:
        """The body of that name, loaded; ValueError lists those there are, or says what is wrong with its file."""
        with self._lock:
            if name not in self._bodies:
                known = {one.name: one.path for one in self.files()}
                if name not in known:
                    raise ValueError(f"expected one of the bodies {', '.join(known)}, got {name!r}")
                self._bodies[name] = Body.load(known[name])
            return self._bodies[name]

    def fitter(self, name: str = open_body) -> Fitter:
        """What lays that body on drawn figures."""
        return self._once(self._fitters, name, lambda: Fitter(self.body(name), self.examples, self.limits))

    def completer(self, name: str = open_body) -> Completer:
        """What fills in hidden parts of drawn figures with that body."""
        return self._once(
            self._completers,
            name,
            lambda: Completer(
                self.body(name),
                self.priors,
                self.natural,
                lambda person, camera: self.stood(person, camera, name).pose,
                self.limits,
            ),
        )

    def relaxer(self, name: str = open_body) -> Relaxer:
        """What makes poses of that body more natural."""
        return self._once(self._relaxers, name, lambda: Relaxer(self.body(name), self.natural, self.limits))

    def varier(self, name: str = open_body) -> Varier:
        """What makes choices of natural poses for that body."""
        return self._once(
            self._variers, name, lambda: Varier(self.body(name), self.natural, self.limits, self.examples)
        )

    def linter(self, name: str = open_body) -> Linter:
        """What judges figures for that body."""
        return self._once(self._linters, name, lambda: Linter(self.fitter(name)))

    def proportions(self, name: str = open_body) -> Proportions:
        """What reads and gives proportions of that body."""
        return self._once(self._proportions, name, lambda: Proportions(self.fitter(name)))

    def lifter(self, name: str = open_body) -> Lifter:
        """What lifts drawn figures into that body."""
        return self._once(
            self._lifters, name, lambda: Lifter(self.body(name), self.fitter(name), self.initialiser, self.natural)
        )

    def stood(self, person: Person, camera: Camera, file: str = open_body) -> Reading:
        """One body for a drawn figure, at once: the one it has, gone along with the drawing, or a new one."""
        lifter = self.lifter(file)
        return lifter.stood(person, camera) if person.body is None else lifter.followed(person, camera, person.body)

    @cached_property
    def initialiser(self) -> Initialiser:
        """The learnt first guess of a body for a drawing."""
        return Initialiser.load(weights.require("lift-open", self._models))

    @cached_property
    def limits(self) -> Limits:
        """How far each joint turns."""
        return Limits.load(folder / "limits.npz")

    @cached_property
    def examples(self) -> Examples:
        """Ready poses in space."""
        return Examples.load(folder / "poses.npz")

    @cached_property
    def priors(self) -> PriorFolder:
        """What poses are likely: the priors that come with the project, each read when it is first asked for."""
        return open_priors()

    @cached_property
    def natural(self) -> Natural:
        """How natural bodies are, and what more natural ones would be."""
        return Natural(self.priors)

    @cached_property
    def hands(self) -> dict[str, HandPose]:
        """Ready hands by id."""
        return {hand.id: hand for hand in hand_poses(folder / "hands.json")}

    @cached_property
    def shelf(self) -> Shelf:
        """The pose library, ready to be looked through for poses like another."""
        known = set(self.examples.names)
        return Shelf(
            PointRig.of(self.body(), rig_names),
            [
                Entry(one.id, one.person, self.examples.pose(one.id) if one.id in known else None, hand_side(one.tags))
                for one in read_library(library)
            ],
        )

    def mesh(self, pose: BodyPose, dress: Dress | None = None, file: str = open_body) -> Mesh:
        """The body's surface in a pose; the last ones are kept."""
        dress = dress or Dress()
        key = (file, dress, *(getattr(pose, name).tobytes() for name in pose.__dataclass_fields__))
        with self._lock:
            if key in self._meshes:
                self._meshes.move_to_end(key)
                return self._meshes[key]
        made = self.body(file).mesh(pose, dress.layers, dict(dress.colors))
        with self._lock:
            self._meshes[key] = made
            while len(self._meshes) > meshes_kept:
                self._meshes.popitem(last=False)
        return made

    # ── looking ──

    def shot(self, view: View) -> Shot:
        """What the renderer is asked for a view."""
        real = [Actor(self.mesh(pose, view.dress, view.file)) for pose in view.bodies]
        ghosts = [
            Actor(self.mesh(pose, view.dress, view.file), opacity=ghost_opacity, color=ghost_color)
            for pose in view.ghosts
        ]
        return Shot((*real, *ghosts), view.camera, view.look, "moving" if view.moving else "rest")

    def picture(self, view: View, encoding: Encoding) -> bytes:
        """The view as the bytes of a picture, "jpg", "webp" or "png"; `render.Unavailable` where nothing can draw."""
        return self.renderer.encoded(self.shot(view), encoding)

    def joints(self, pose: BodyPose, file: str = open_body) -> np.ndarray:
        """Places (55, 3) of the joints, metres."""
        body = self.body(file)
        return body.joints(body.poses(pose))[0].numpy()

    def close(self) -> None:
        """End the renderer's process."""
        self.renderer.close()
