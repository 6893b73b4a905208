"""Faces and their shapes as a prior learns them, drawn at random on this project's own body.

Nobody's face was recorded for this: a face here is a feeling, a sound being spoken, and what else moves along, in the
body's named units; left and right tied, most of them near rest. A mixture of units becomes the expression numbers whose
mesh is nearest to it; the jaw's units become turns of the jaw.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from engine.body import Body
from engine.formats import bvh
from engine.pose_sets import PoseSet
from engine.rig import axis_angles
from scripts.pose_sources.face_words import feelings, makehuman, speech
from scripts.pose_sources.held_out import held_out_names

counts = {"train": 40_000, "held_out": 4_000}
expressions, betas = 100, 100  # numbers of a face's expression and shape, of which this body uses the first few
# Turns of the jaw at a unit's full strength, rad: about x it opens, about y the chin goes to the person's left.
jaw_turns = {
    "jawOpen": np.radians([26.0, 0, 0]), "jawLeft": np.radians([0.5, 7.0, 1.5]),
    "jawRight": np.radians([0.5, -7.0, -1.5]), "jawForward": np.radians([-1.5, 0, 0]),
}  # fmt: skip
# What the jaw and tongue do, the expression does not show; a mouth closes only against an open jaw.
not_expressions = ("jawOpen", "jawLeft", "jawRight", "jawForward", "mouthClose", "tongueOut")
licence = "this project's own; which units move the same muscles after MakeHuman's face units, CC0 1.0"


def face_sets(body: Body, data: Path, seed: int) -> tuple[PoseSet, PoseSet]:
    """Faces to train on and held out, 40,000 and 4,000: the latter of pairs of feeling and sound that no other has."""
    pairs = [f"{feeling}+{sound}" for feeling in feelings for sound in speech]
    away = held_out_names(pairs, seed)
    moving = together(data / "makehuman_cc0", body.face_unit_names)
    columns = expression_columns(body)
    about: dict[str, Any] = {
        "sources": {"feelings and speech": {"licence": licence, "held_out": sorted(away)}}, "seed": seed,
        "rule": "feeling × Beta(1.2, 2.2), sound × Beta(1.5, 1.8), others, blinks; sides tied but for a tenth",
        "explained": round(explained(body), 4),
    }  # fmt: skip

    def one(split: str, chosen: list[str], n: int) -> PoseSet:
        random = np.random.default_rng([seed, n])
        clip, units = _faces(chosen, counts[split], body.face_unit_names, moving, random)
        poses = np.zeros((counts[split], 3 + expressions))
        poses[:, :3] = _jaws(units, body.face_unit_names, random)
        poses[:, 3 : 3 + columns.shape[1]] = units @ columns
        return _set("face", poses, clip, tuple(f"faces/{pair}" for pair in chosen), about)

    return one("train", [pair for pair in pairs if pair not in away], 0), one("held_out", sorted(away), 1)


def face_shape_sets(body: Body, seed: int) -> tuple[PoseSet, PoseSet]:
    """Shapes of bodies to train on and held out, 40,000 and 4,000, both of the same people-like mixture of sliders.

    The population is that of the body's own shapes (Beta(.6, .6) from woman to man, ages alike from 20 to 80, builds
    normal); what no slider says is a small independent normal part. Held out are other draws: there are no clips.
    """
    about = {
        "sources": {"the body's sliders": {"licence": "this project's own"}}, "seed": seed,
        "rule": "sliders of the macro population, and normals of a quarter on every beta", "clips": "other draws",
    }  # fmt: skip

    def one(split: str, n: int) -> PoseSet:
        poses = _shapes(body, counts[split], np.random.default_rng([seed, 2 + n]))
        return _set("face-shape", poses, np.zeros(len(poses), int), (f"sliders/{split}",), about)

    return one("train", 0), one("held_out", 1)


def _set(part: str, poses: np.ndarray, clip: np.ndarray, names: tuple[str, ...], about: dict[str, Any]) -> PoseSet:
    count = len(poses)
    return PoseSet(
        part=part, poses=poses.astype(np.float32), weight=np.ones(count, np.float32), clip=clip.astype(np.int32),
        clip_names=names, mirrored=np.zeros(count, bool), about=about,
    )  # fmt: skip


# ── units at work ──


def _faces(
    pairs: list[str], count: int, names: tuple[str, ...], moving: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Which pair (N,) each face is of, and its units (N, K), 0 … 1: feelings half of the time, sounds half."""
    words = [pair.split("+") for pair in pairs]
    # Of a still or a silent face there are as many as of all others together.
    rare = np.array([
        (0.25 if feeling == "neutral" else 0.75 / (len(feelings) - 1))
        * (0.5 if sound == "silent" else 0.5 / (len(speech) - 1))
        for feeling, sound in words
    ])  # fmt: skip
    pair = random.choice(len(pairs), count, p=rare / rare.sum())
    felt = np.stack([_units(feelings[feeling], names) for feeling, _ in words])[pair]
    said = np.stack([_units(speech[sound], names) for _, sound in words])[pair]
    turned = random.uniform(size=count) < 0.5  # a smirk to the other side
    felt[turned] = felt[turned][:, _other_side(names)]
    units = felt * random.beta(1.2, 2.2, (count, 1)) * 1.35 + said * random.beta(1.5, 1.8, (count, 1))
    units = units * np.exp(random.normal(0, 0.25, units.shape))
    units += _incidental(moving, count, random) * random.beta(1, 4, (count, 1))
    units[:, _of(names, "eyeBlink")] += ((random.uniform(size=count) < 0.08) * random.uniform(size=count))[:, None]
    return pair, np.clip(_tied(units, names, random), 0, 1)


def _units(words: dict[str, float], names: tuple[str, ...]) -> np.ndarray:
    """A word's units as numbers (K,)."""
    found = np.zeros(len(names))
    for word, strength in words.items():
        places = _of(names, word)
        if not places:
            raise ValueError(f"expected a unit of the face, one of {', '.join(names)}, got {word!r}")
        found[places] = strength
    return found


def _of(names: tuple[str, ...], word: str) -> list[int]:
    """The places of a unit, or of the two that a word without a side names."""
    if word in names:
        return [names.index(word)]
    return [names.index(f"{word}{side}") for side in ("Left", "Right") if f"{word}{side}" in names]


def _other_side(names: tuple[str, ...]) -> list[int]:
    """Where each unit's fellow on the other side is; its own place for one without sides."""
    swapped = {"Left": "Right", "Right": "Left"}
    found = []
    for name in names:
        side = next((side for side in swapped if name.endswith(side)), "")
        found.append(names.index(name.removesuffix(side) + swapped[side]) if side else names.index(name))
    return found


def _tied(units: np.ndarray, names: tuple[str, ...], random: np.random.Generator) -> np.ndarray:
    """Units with what chance does to one side done to both, but for a tenth, and for one face in six that is lopsided.

    A side that a word names alone keeps its difference.
    """
    other = _other_side(names)
    mean = (units + units[:, other]) / 2
    lopsided = np.where(random.uniform(size=(len(units), 1)) < 1 / 6, 0.35, 0.1)
    skew = random.normal(0, 1, (len(units), 1)) + 0.5 * random.normal(0, 1, units.shape)
    sides = np.array([1.0 if name.endswith("Left") else -1.0 if name.endswith("Right") else 0.0 for name in names])
    own = np.abs(units - units[:, other]) > 0.6 * mean  # one-sided by its word, not by chance
    return np.where(own, units, mean) * (1 + np.clip(lopsided * skew, -0.9, 0.9) * sides)


def _jaws(units: np.ndarray, names: tuple[str, ...], random: np.random.Generator) -> np.ndarray:
    """Turns (N, 3) of the jaw, rad: its units', and a small restlessness."""
    turns = np.stack([jaw_turns.get(name, np.zeros(3)) for name in names])
    return units @ turns + random.normal(0, np.radians([0.6, 0.4, 0.2]), (len(units), 3))


# ── what moves along ──


def together(folder: Path, names: tuple[str, ...]) -> np.ndarray:
    """Covariance (K, K) of the units: how far each two turn the same bones of MakeHuman's face rig the same way.

    Of each two, the cosine of the angle between what they do to all bones, as one vector of turns; a unit that the rig
    does not know stands alone.
    """
    titles, turns = _bone_turns(folder)
    mirrored = {"Left": "Right", "Right": "Left"}
    rows = np.zeros((len(names), turns.shape[1]))
    for n, name in enumerate(names):
        word = name.removesuffix("Left").removesuffix("Right") if name not in makehuman else name
        for title in makehuman.get(word, ()):
            if name.endswith("Right") and word != name:
                title = title.replace("Left", mirrored["Left"])
            rows[n] += turns[titles.index(title)]
    lengths = np.linalg.norm(rows, axis=1)
    alike = (rows @ rows.T) / np.maximum(np.outer(lengths, lengths), 1e-12)
    return alike + np.diag(np.where(lengths > 0, 0.0, 1.0))


def _bone_turns(folder: Path) -> tuple[list[str], np.ndarray]:
    """MakeHuman's face units by name, and what each does (U, 3 B) to the rig's bones, rad, off the rest frame."""
    titles = json.loads((folder / "face-poseunits.json").read_text(encoding="utf-8"))["framemapping"]
    head, _, tail = (folder / "face-poseunits.bvh").read_text(encoding="utf-8").partition("MOTION")
    rows = np.array([line.split() for line in tail.strip().splitlines()[2:]], dtype=float)
    if len(rows) != len(titles):
        raise ValueError(f"face-poseunits: expected a frame for each of {len(titles)} units, got {len(rows)}")
    rig = bvh.skeleton(head, rows)
    turns = []
    for world, parent in zip(rig.world, rig.parents, strict=True):
        local = np.swapaxes(rig.world[parent], 1, 2) @ world if parent >= 0 else world
        turns.append(axis_angles(local[0].T @ local))
    return titles, np.concatenate(turns, axis=1)


def _incidental(moving: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Units (N, K), 0 … 1, of which about one in seven is at work, those with common muscles rather together."""
    noise = random.multivariate_normal(np.zeros(len(moving)), moving, count, method="eigh")
    return np.clip(noise - 1.05, 0, None) / 1.5


# ── numbers of this body ──


def expression_columns(body: Body) -> np.ndarray:
    """Expression numbers (K, n) that one of each unit is worth: least squares over the mesh."""
    units, shown = _meshes(body)
    columns = np.linalg.solve(shown @ shown.T, shown @ units.T).T
    columns[[name in not_expressions for name in body.face_unit_names]] = 0
    return columns


def explained(body: Body) -> float:
    """Which part of the units' squared movement of the mesh the expression numbers hold, of those they show at all."""
    units, shown = _meshes(body)
    here = np.array([name not in not_expressions for name in body.face_unit_names])
    missed = units - expression_columns(body) @ shown
    return float(1 - (missed[here] ** 2).sum() / (units[here] ** 2).sum())


def _meshes(body: Body) -> tuple[np.ndarray, np.ndarray]:
    """What units (K, 3 V) and the first expression numbers (n, 3 V) do to the mesh, metres."""
    if not body.face_unit_names:
        raise ValueError(f"expected a body with named units of the face, got {body.file.path.name} without")
    kept = body.shapes.expression_columns.tolist()
    if kept != list(range(len(kept))):
        raise ValueError(f"expected the first expression numbers to move the face, got {kept}")
    return body.shapes.units.double().numpy(), body.shapes.expression.double().numpy()


def _shapes(body: Body, count: int, random: np.random.Generator) -> np.ndarray:
    """Betas (N, 100) of a population: MakeHuman's macros as scripts/bodywork/shapes.py draws them, as sliders."""
    drawn = {
        "height": np.clip(random.normal(0, 0.3, count), -1, 1),
        "weight": np.clip(random.normal(0, 0.56, count), -1, 1),
        "muscle": np.clip(random.normal(0, 0.56, count), -1, 1),
        "masculine": 2 * random.beta(0.6, 0.6, count) - 1,
        "age": random.uniform(-0.85, 1, count),
        "proportions": random.uniform(-1, 1, count),
        "bust": random.uniform(-1, 1, count),
    }
    drawn["bust"] *= (1 - drawn["masculine"]) / 2  # seen on a woman's chest alone
    if set(body.sliders) != set(drawn):
        raise ValueError(
            f"expected a body with the sliders {', '.join(drawn)}, got {', '.join(body.sliders) or 'none'}"
        )
    kept = len(body.shapes.beta_columns)
    poses = np.zeros((count, betas))
    for name, values in drawn.items():
        poses[:, :kept] += values[:, None] * body.sliders[name][:kept]
    poses[:, :kept] += random.normal(0, 0.25, (count, kept))
    return poses
