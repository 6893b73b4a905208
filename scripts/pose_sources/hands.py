"""Hands of the open sets, refitted on a body's own hand, as a prior learns them: 45 numbers of a right hand.

Named hands of two virtual-reality toolkits and of this project, a hand filmed for a minute, a signer's alphabet, the
fingers of animated clips, and mixtures of all these. Left hands are mirrored; a flat hand is zero.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.body import Body
from engine.hand_poses import hand_poses
from engine.hand_shape import finger_axes, mirror, order
from engine.limits import Limits
from engine.pose_sets import PoseSet
from engine.rig import matrices
from engine.skeleton import fingers, smplx55
from scripts.pose_sources.clips import Clip
from scripts.pose_sources.hand_fit import RightHand, misfit, numbers, refitted
from scripts.pose_sources.held_out import held_out_names

assets = Path(__file__).parent.parent.parent / "assets" / "body"
flip = np.array([-1.0, 1.0, 1.0])  # a left hand's points as a right hand's
mixtures = 12_000
# How much of what is drawn comes from each source. The named hands are few: each row alone would be learnt by heart, so
# most of what they say comes through the mixtures; the alphabet has most rows and most noise.
shares = {
    "handyjs": 0.06, "godot_xr": 0.05, "contrapposto": 0.04, "dexretargeting": 0.10, "asl_landmarks": 0.20,
    "mesh2motion_cc0": 0.15, "mixtures": 0.40,
}  # fmt: skip
licences = {
    "handyjs": "MIT, Copyright © 2020–2021 Stewart Smith, https://stewartsmith.io",
    "godot_xr": "hands CC0 1.0 by DigitalN8m4r3 (Miodrag Sejic); repository MIT, Copyright (c) 2018-2023 "
    "Bastiaan Olij and Contributors",
    "contrapposto": "this project's own",
    "dexretargeting": "MIT, Copyright (c) 2023 Yuzhe Qin",
    "asl_landmarks": "MIT, Copyright (c) 2024 Boris Graudt (dataset README: CC0)",
    "mesh2motion_cc0": "CC0 1.0, Mesh2Motion and Quaternius (Universal Animation Library)",
    "mixtures": "mixtures of the others",
}
_every = 3  # of the alphabet's rows, which stand some four hundred to a letter
_deep = 1.6  # times as deep as they say: the bones' lengths then change least as the hands turn
_block, _gap = 30, 6  # frames of the filmed hand that are kept or held out together, and left out in between
_misfit = np.radians(10)  # of a hand's bones on average
_stirred = np.radians(1.5)


@dataclass(frozen=True, eq=False)
class Measured:
    """Hands of one source: their clips' names (N,), and turns (N, 15, 3) rad of right hands; `notes` for the record."""

    source: str
    names: tuple[str, ...]
    turns: np.ndarray
    notes: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of_points(cls, source: str, names: Sequence[str], points: np.ndarray, hand: RightHand) -> Measured:
        """Hands of points (N, 21, 3), refitted; those that no hand within limits comes near were not seen rightly."""
        turns, beyond = hand.held(refitted(points, hand))
        away = misfit(points, turns, hand)
        good = away < _misfit
        notes = {
            "dropped": int((~good).sum()), "bones_off_degrees": round(float(np.degrees(away[good].mean())), 2),
            "clamped_over_1_degree": _share_beyond(beyond),
        }  # fmt: skip
        return cls(source, tuple(np.array(names)[good].tolist()), turns[good], notes)

    def chosen(self, rows: np.ndarray) -> Measured:
        """Some of the rows (N,) alone."""
        return replace(self, names=tuple(np.array(self.names, dtype=str)[rows].tolist()), turns=self.turns[rows])


def _share_beyond(beyond: np.ndarray) -> float:
    return round(float((beyond > np.radians(1)).mean()), 4)


def hand_sets(
    data: Path, body: Body, seed: int, train: Sequence[Clip], held_out: Sequence[Clip]
) -> tuple[PoseSet, PoseSet]:
    """The sets to train on and held out, of the folders in `data` and of the clips with fingers among those given.

    Held out are whole hands, letters, blocks of time and clips, never single rows; a name is held out of all sources
    together. Mixtures are of training hands alone.
    """
    hand = RightHand.of(body, Limits.load(assets / "limits.npz"))
    parted = [_parted(read(data, hand), seed) for read in readers]
    parted.append((clip_hands(train, hand), clip_hands(held_out, hand)))
    notes = {kept.source: _noted(kept, out) for kept, out in parted}
    kept = [kept for kept, _ in parted]
    kept.append(mixed(kept, hand, np.random.default_rng(seed)))
    notes["mixtures"] = _noted(kept[-1], kept[-1].chosen(np.zeros(0, int)))
    about = {
        "form": "right hands, absolute: a flat hand is zero; left hands mirrored", "seed": seed, "sources": notes,
        "shares": shares, "rule": "a source has its share of the draws, a clip in it the root of its length",
    }  # fmt: skip
    return _set(kept, about), _set([out for _, out in parted], about)


def _parted(source: Measured, seed: int) -> tuple[Measured, Measured]:
    away = np.isin(np.array(source.names), list(held_out_names(source.names, seed)))
    return source.chosen(~away), source.chosen(away)


def _noted(kept: Measured, out: Measured) -> dict[str, Any]:
    return {
        "rows": [len(kept.names), len(out.names)], "held_out": sorted(set(out.names)), **kept.notes,
        "licence": licences[kept.source],
    }  # fmt: skip


def _set(sources: Sequence[Measured], about: dict[str, Any]) -> PoseSet:
    names = [f"{source.source}/{name}" for source in sources for name in source.names]
    clips, clip = np.unique(names, return_inverse=True)
    weight = np.concatenate([_weights(source) for source in sources if source.names])
    poses = np.concatenate([source.turns for source in sources]).reshape(-1, 45)
    return PoseSet(
        part="hand", poses=poses.astype(np.float32), weight=(weight / weight.mean()).astype(np.float32),
        clip=clip.astype(np.int32), clip_names=tuple(clips.tolist()), mirrored=np.zeros(len(poses), bool), about=about,
    )  # fmt: skip


def _weights(source: Measured) -> np.ndarray:
    """Each row's part (N,) of the draws: the source's share, by the root of a clip's length, then evenly."""
    _, clip, counts = np.unique(source.names, return_inverse=True, return_counts=True)
    weight = 1 / np.sqrt(counts[clip])
    return shares[source.source] * weight / weight.sum()


# ── named hands ──


def handyjs(data: Path, hand: RightHand) -> Measured:
    """Hands of a headset's own tracking: 25 joints in WebXR's order, mm, both sides of each name."""
    listed = json.loads((data / "hand_poses_handyjs" / "poses_mm.json").read_text(encoding="utf-8"))
    points = np.array([one["jointPositions"] for one in listed], dtype=float)
    left = np.array([one["handedness"] == "left" for one in listed])
    # WebXR has the palms' bones of four fingers besides, each the first of its five.
    ours = [n for n in range(points.shape[1]) if n < 5 or (n - 5) % 5]
    points = np.where(left[:, None, None], points * flip, points)[:, ours]
    return Measured.of_points("handyjs", [one["names"][0] for one in listed], points, hand)


def godot_xr(data: Path, hand: RightHand) -> Measured:
    """Hands of a games toolkit: each bone's own rotation on the toolkit's rig, both sides of each name."""
    folder = data / "hand_poses_godot_xr"
    posed = json.loads((folder / "poses_quat_xyzw.json").read_text(encoding="utf-8"))
    names: list[str] = []
    points: list[np.ndarray] = []
    for side, letter in (("left", "L"), ("right", "R")):
        nodes = json.loads((folder / f"hand_{letter.lower()}.gltf").read_text(encoding="utf-8"))["nodes"]
        for name, turns in posed[side].items():
            at = _places(nodes, turns)
            found = np.stack([at[f"Wrist_{letter}"], *(at[f"{bone}_{letter}"] for bone in _godot_bones())])
            names.append(name)
            points.append(found * flip if side == "left" else found)
    return Measured.of_points("godot_xr", names, np.stack(points), hand)


def _godot_bones() -> list[str]:
    words = {"pinky": "Little"}
    ends = ("Proximal", "Intermediate", "Distal", "Tip")
    return [
        f"{words.get(finger, finger.title())}_{end}"
        for finger in fingers
        for end in (("Metacarpal", "Proximal", "Distal", "Tip") if finger == "thumb" else ends)
    ]


def _places(nodes: Sequence[dict[str, Any]], turns: dict[str, Sequence[float]]) -> dict[str, np.ndarray]:
    """Where a rig's nodes are (3,), by name, with some of them turned by quaternions xyzw in place of their own."""
    at: dict[str, np.ndarray] = {}

    def visit(n: int, turned: np.ndarray, place: np.ndarray) -> None:
        node = nodes[n]
        place = place + turned @ np.array(node.get("translation", (0.0, 0.0, 0.0)))
        x, y, z, w = turns[node["name"]] if node["name"] in turns else node.get("rotation", (0.0, 0.0, 0.0, 1.0))
        sine = np.linalg.norm([x, y, z])
        turn = 2 * np.arctan2(sine, w) * np.array([x, y, z]) / max(sine, 1e-12)
        at[node["name"]] = place
        for child in node.get("children", ()):
            visit(child, turned @ matrices(turn), place)

    below = {child for node in nodes for child in node.get("children", ())}
    for n in set(range(len(nodes))) - below:
        visit(n, np.eye(3), np.zeros(3))
    return at


def contrapposto(data: Path, hand: RightHand) -> Measured:
    """The hands of this project's own library."""
    listed = hand_poses(assets / "hands.json")
    return Measured("contrapposto", tuple(one.id for one in listed), np.stack([one.turns * mirror for one in listed]))


# ── filmed hands ──


def dexretargeting(data: Path, hand: RightHand) -> Measured:
    """A right hand moving for 621 frames, detected in a video: 21 points, metres; named by blocks of frames."""
    with np.load(data / "hand_seq_dexretargeting" / "human_joint_right.npz", allow_pickle=False) as file:
        points = file["joints_m"].astype(float)
    frames = np.flatnonzero(np.arange(len(points)) % _block < _block - _gap)
    return Measured.of_points("dexretargeting", [f"block {n // _block:02}" for n in frames], points[frames], hand)


def asl_landmarks(data: Path, hand: RightHand) -> Measured:
    """A signer's alphabet, detected in pictures of 16 : 9 whose unit is the width for x and depth, the height for y."""
    with np.load(data / "hand_asl_landmarks" / "landmarks.npz", allow_pickle=False) as file:
        points, labels = file["xyz"][::_every].astype(float), file["label"][::_every]
    # As stored a left hand: x turned round makes it a right one.
    return Measured.of_points("asl_landmarks", labels.tolist(), points * [-16 / 9, 1, 16 / 9 * _deep], hand)


# ── fingers of clips, and mixtures ──


def clip_hands(clips: Sequence[Clip], hand: RightHand) -> Measured:
    """Both hands of the clips that have fingers, as right hands, without frames in which they hardly move."""
    names: list[str] = []
    turns: list[np.ndarray] = []
    for clip in clips:
        if clip.fingers:
            both = clip.turns[:, numbers], clip.turns[:, smplx55.swap[numbers]] * mirror
            for side in both:
                turns.append(side[stirring(side)])
                names += [clip.name] * len(turns[-1])
    if not names:
        raise ValueError(f"expected a clip with fingers among {len(clips)}, got none")
    held, beyond = hand.held(np.concatenate(turns))
    return Measured("mesh2motion_cc0", tuple(names), held, {"clamped_over_1_degree": _share_beyond(beyond)})


def stirring(turns: np.ndarray) -> np.ndarray:
    """Numbers (n,) of the frames of turns (T, J, 3) in which a joint turned a little since the last such frame."""
    kept = [0]
    for n in range(1, len(turns)):
        if np.linalg.norm(turns[n] - turns[kept[-1]], axis=1).max() > _stirred:
            kept.append(n)
    return np.array(kept)


def mixed(sources: Sequence[Measured], hand: RightHand, random: np.random.Generator) -> Measured:
    """Hands between two others, each finger a little otherwise than the next and in one of four the thumb of a third.

    Between two hands a hand can make lie hands it can make; a source counts by the number of its names.
    """
    anchors, chances = [], []
    for source in sources:
        _, clip, counts = np.unique(source.names, return_inverse=True, return_counts=True)
        anchors.append(source.turns)
        chances.append(np.minimum(len(counts), 60) / len(counts) / counts[clip])
    turns, chance = np.concatenate(anchors), np.concatenate(chances)
    a, b, c = turns[random.choice(len(turns), (3, mixtures), p=chance / chance.sum())]
    way = random.uniform(size=(mixtures, 1)) + random.normal(0, 0.15, (mixtures, len(order)))
    way = np.repeat(np.clip(way, 0, 1), 3, axis=1)[..., None]
    found = a + way * (b - a)
    other = random.uniform(size=mixtures) < 0.25
    thumb = slice(3 * order.index("thumb"), 3 * order.index("thumb") + 3)
    found[other, thumb] = c[other, thumb]
    flexing = np.repeat([finger_axes()[finger].flex * mirror for finger in order], 3, axis=0)
    found = found + random.normal(0, np.radians(2), (mixtures, 15, 1)) * flexing
    return Measured("mixtures", ("all",) * mixtures, hand.held(found)[0])


readers: tuple[Callable[[Path, RightHand], Measured], ...] = (
    handyjs, godot_xr, contrapposto, dexretargeting, asl_landmarks,
)  # fmt: skip
