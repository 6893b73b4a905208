"""Mesh2Motion's and Quaternius's animations (CC0 1.0): glTF files, whole bodies with fingers, keyed by hand."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from engine.formats.retarget import Skeleton
from engine.rig import axis_angles, matrices
from scripts.pose_sources.clips import Clip, carried, standing

fps = 24.0  # what they are keyed at
files = ("human-base_84752f6.glb", "human-addon_9f6b66c.glb", "human-base_5222701.glb")  # the first has a name's clip
_still = ("tpose", "atpose", "restpose")
_floats, _widths = 5126, {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


def read_mesh2motion(folder: Path, rest: np.ndarray) -> Iterator[Clip]:
    """Every animation once, without the figure at rest."""
    seen: set[str] = set()
    for name in files:
        file = Glb((folder / name).read_bytes(), name)
        for title in file.animations:
            plain = title.lower().replace("_", "").replace("-", "").replace(" ", "")
            if plain in seen or plain in _still:
                continue
            seen.add(plain)
            skeleton = file.moving(title, fps)
            yield carried(folder.name, title, skeleton, rest, fps, _motion(title), fingers=True)


def _motion(title: str) -> str:
    """Animations of one kind are like one performance: Sitting_Enter and Sitting_Exit, Roll and Roll_RM."""
    return "mesh2motion/" + title.replace("_", " ").split()[0].lower()


@dataclass(frozen=True)
class _Track:
    """A joint's keys: times (K,) s, values (K, n), and whether each holds until the next."""

    times: np.ndarray
    values: np.ndarray
    held: bool


class Glb:
    """A binary glTF with one skin, and its animations."""

    def __init__(self, data: bytes, name: str) -> None:
        if data[:4] != b"glTF" or len(data) < 20:
            raise ValueError(f"{name}: expected a binary glTF, got something else")
        length = struct.unpack("<I", data[12:16])[0]
        self._json: dict[str, Any] = json.loads(data[20 : 20 + length])
        self._bytes = data[28 + length :]
        self._name = name
        self._nodes: list[dict[str, Any]] = self._json["nodes"]
        self.animations = {one["name"]: one for one in self._json["animations"]}

    def moving(self, title: str, fps: float) -> Skeleton:
        """The skeleton in an animation, `fps` frames a second, as if it rested as its skin is bound."""
        tracks = self._tracks(self.animations[title])
        last = max(float(track.times[-1]) for track in tracks.values())
        times = np.arange(round(last * fps) + 1) / fps
        world: dict[int, tuple[np.ndarray, np.ndarray]] = {-1: (np.eye(3)[None], np.zeros((1, 3)))}
        for node in self._order:
            turn, place = self._local(node, tracks, times)
            above, at = world[self._parents[node]]
            world[node] = (above @ turn, at + (above @ place[..., None])[..., 0])
        joints: list[int] = [node for node in self._order if node in set(self._json["skins"][0]["joints"])]
        parents = tuple(joints.index(up) if (up := self._parents[node]) in joints else -1 for node in joints)
        bound = [self._bound[node] for node in joints]
        skeleton = Skeleton(
            tuple(self._nodes[node]["name"] for node in joints), parents,
            tuple("leaf" in self._nodes[node]["name"] for node in joints), np.zeros((len(joints), 3)),
            tuple(world[node][0] for node in joints), tuple(world[node][1] for node in joints),
        )  # fmt: skip
        return standing(skeleton, [turn for turn, _ in bound], np.stack([place for _, place in bound]))

    # ── nodes ──

    @cached_property
    def _parents(self) -> list[int]:
        parents = [-1] * len(self._nodes)
        for n, node in enumerate(self._nodes):
            for child in node.get("children", []):
                parents[child] = n
        return parents

    @cached_property
    def _order(self) -> list[int]:
        """All nodes, parents first."""
        depth: dict[int, int] = {-1: 0}

        def of(node: int) -> int:
            if node not in depth:
                depth[node] = of(self._parents[node]) + 1
            return depth[node]

        return sorted(range(len(self._nodes)), key=of)

    @cached_property
    def _bound(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """Each joint's rotation (3, 3) and place (3,) as the skin is bound: the inverse of its inverse."""
        skin = self._json["skins"][0]
        inverse = self._numbers(skin["inverseBindMatrices"]).reshape(-1, 4, 4).swapaxes(1, 2)
        found = {}
        for node, matrix in zip(skin["joints"], np.linalg.inv(inverse), strict=True):
            left, _, right = np.linalg.svd(matrix[:3, :3])
            found[node] = (left @ right, matrix[:3, 3])
        return found

    def _local(
        self, node: int, tracks: dict[tuple[int, str], _Track], times: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """A node's rotations (T, 3, 3) and places (T, 3) in its parent, keyed or as it is."""
        still = self._nodes[node]
        if "matrix" in still:
            raise ValueError(f"{self._name}: expected nodes with rotation and translation, got a matrix")
        turn = np.broadcast_to(_turned(np.array([still.get("rotation", (0, 0, 0, 1))], float)), (len(times), 3, 3))
        place = np.broadcast_to(np.array(still.get("translation", (0, 0, 0)), float), (len(times), 3))
        if track := tracks.get((node, "rotation")):
            turn = _between_keys(track, times)
        if track := tracks.get((node, "translation")):
            before, after, part = _keys(track, times)
            place = track.values[before] * (1 - part[:, None]) + track.values[after] * part[:, None]
        return turn, place

    # ── numbers ──

    def _tracks(self, animation: dict[str, Any]) -> dict[tuple[int, str], _Track]:
        found: dict[tuple[int, str], _Track] = {}
        for channel in animation["channels"]:
            sampler = animation["samplers"][channel["sampler"]]
            kind = sampler.get("interpolation", "LINEAR")
            if kind not in ("LINEAR", "STEP"):
                raise ValueError(f"{self._name}: expected keys joined by LINEAR or STEP, got {kind}")
            times, values = self._numbers(sampler["input"])[:, 0], self._numbers(sampler["output"])
            found[channel["target"]["node"], channel["target"]["path"]] = _Track(times, values, kind == "STEP")
        return found

    def _numbers(self, accessor: int) -> np.ndarray:
        """The float numbers (N, n) of an accessor."""
        found = self._json["accessors"][accessor]
        view = self._json["bufferViews"][found["bufferView"]]
        width = _widths[found["type"]]
        if found["componentType"] != _floats or "sparse" in found or view.get("byteStride", 4 * width) != 4 * width:
            raise ValueError(f"{self._name}: expected plain float numbers, got another layout")
        start = view.get("byteOffset", 0) + found.get("byteOffset", 0)
        flat = np.frombuffer(self._bytes, "<f4", found["count"] * width, start)
        return flat.reshape(-1, width).astype(float)


def _turned(quaternions: np.ndarray) -> np.ndarray:
    """Rotations (K, 3, 3) of quaternions (K, 4), w last."""
    q = quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)
    q = np.where(q[:, 3:] < 0, -q, q)
    sine = np.linalg.norm(q[:, :3], axis=1, keepdims=True)
    return matrices(q[:, :3] / np.maximum(sine, 1e-12) * 2 * np.arctan2(sine, q[:, 3:]))


def _keys(track: _Track, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each time the key before it, the one after, and how far it is between them, 0 to 1."""
    before = np.clip(np.searchsorted(track.times, times + 1e-6, side="right") - 1, 0, len(track.times) - 1)
    after = np.minimum(before + 1, len(track.times) - 1)
    span = track.times[after] - track.times[before]
    part = np.clip((times - track.times[before]) / np.where(span > 0, span, 1), 0, 1) * (span > 0)
    return before, after, part * (not track.held)


def _between_keys(track: _Track, times: np.ndarray) -> np.ndarray:
    """Rotations (T, 3, 3), on the shortest way from key to key."""
    before, after, part = _keys(track, times)
    keys = _turned(track.values)
    way = axis_angles(np.swapaxes(keys[before], 1, 2) @ keys[after])
    return keys[before] @ matrices(way * part[:, None])
