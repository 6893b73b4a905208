"""Landmarks of the face and SMPL-X's 21 keypoint vertices, from the vertices that MakeHuman's Rigify rig names."""

from __future__ import annotations

from typing import Any

import numpy as np

from scripts.bodywork.body import Workpiece
from scripts.bodywork.joints import index
from scripts.bodywork.macro import neutral
from scripts.bodywork.sources import Array, Indices
from scripts.bodywork.surface import OnFaces, Surface

# SMPL-X's indices, which smplx and all that read its files have built in.
keypoint_indices = {
    "nose": 9120, "right_eye": 9929, "left_eye": 9448, "right_ear": 616, "left_ear": 6,
    "right_thumb": 8079, "right_index": 7669, "right_middle": 7794, "right_ring": 7905, "right_pinky": 8022,
    "left_thumb": 5361, "left_index": 4933, "left_middle": 5058, "left_ring": 5169, "left_pinky": 5286,
    "left_big_toe": 5770, "left_small_toe": 5780, "left_heel": 8846,
    "right_big_toe": 8463, "right_small_toe": 8474, "right_heel": 8635,
}  # fmt: skip

yaws = 79
"""Rows of the dynamic contour: yaw −k° for k = 0…39, then 1°…39°."""
_heel_height = 0.035
_contour_band = 0.004


def keypoints(work: Workpiece) -> dict[str, int]:
    """The vertex of each keypoint."""
    skin = work.mesh.part("skin")
    bones = work.wheel.json("rigs/rigify/rig.human.json")["bones"]
    ear = (_named(work, bones, "ear.L", "head") + _named(work, bones, "ear.L", "tail")) / 2
    eye = work.mesh.part("left_eye")
    found = {
        "nose": int(bones["nose.001"]["tail"]["vertex_index"]),
        "left_eye": int(eye[work.template[eye, 2].argmax()]),
        "left_ear": _nearest(work.template, skin, ear),
    }
    for finger in ("thumb", "index", "middle", "ring", "pinky"):
        last, before = (index[f"left_hand_{finger}_{k}"] for k in (3, 2))
        members = np.flatnonzero(work.weights[:, last] > 0.5)
        found[f"left_{finger}"] = int(
            members[(work.template[members] @ (work.joints[last] - work.joints[before])).argmax()]
        )
    cubes = work.sculptor.vertices(neutral)
    for toe, cube in (("big", "toe-1-3"), ("small", "toe-5-4")):
        found[f"left_{toe}_toe"] = _nearest(work.a_pose, skin, cubes[work.base.members(f"joint-l-{cube}")].mean(axis=0))
    left = skin[(work.template[skin, 0] > 0)]
    low = left[work.template[left, 1] < work.template[left, 1].min() + _heel_height]
    found["left_heel"] = int(low[work.template[low, 2].argmin()])
    mirrored = {f"right{name[4:]}": int(work.mesh.mirror[k]) for name, k in found.items() if name.startswith("left")}
    return found | mirrored


def _nearest(vertices: Array, members: Indices, point: Array) -> int:
    return int(members[np.linalg.norm(vertices[members] - point, axis=1).argmin()])


def _named(work: Workpiece, bones: Any, bone: str, end: str, member: int | None = None) -> Array:
    """Where a bone's end lies on the T-posed body; of an end between two vertices (outer, inner) one can be asked."""
    place = bones[bone][end]
    # The skin is the base mesh's first 13 380 vertices, in the same order.
    if place["strategy"] == "VERTEX":
        return work.template[place["vertex_index"]]
    pair = work.template[place["vertex_indices"]]
    return pair.mean(axis=0) if member is None else pair[member]


def _along(polyline: Array, count: int) -> Array:
    """Points at equal steps along a polyline, its ends included."""
    steps = np.linalg.norm(np.diff(polyline, axis=0), axis=1)
    at = np.concatenate([[0], np.cumsum(steps)])
    wanted = np.linspace(0, at[-1], count)
    return np.stack([np.interp(wanted, at, polyline[:, k]) for k in range(3)], axis=1)


def _on_skin(work: Workpiece, points: Array) -> OnFaces:
    """The skin's faces come first in the mesh, so that their numbers are the mesh's own."""
    return Surface.of(work.template, work.mesh.skin_faces).closest(points)


def brow_line(work: Workpiece, side: str) -> list[Array]:
    """Five points along the middle of a brow, L or R, from its outer end to its inner one."""
    bones = work.wheel.json("rigs/rigify/rig.human.json")["bones"]
    low = [_named(work, bones, f"brow.B.{side}", "head")]
    low += [_named(work, bones, f"brow.B.{side}{part}", "tail") for part in ("", ".001", ".002", ".003")]
    outer, middle, inner = (_named(work, bones, f"brow.T.{side}{part}", "tail") for part in ("", ".001", ".002"))
    high = [outer, (outer + middle) / 2, middle, inner, inner]
    return [(a + b) / 2 for a, b in zip(low, high, strict=True)]


def mouth_corners(work: Workpiece) -> list[Array]:
    """The outer corners of the mouth, right and left."""
    bones = work.wheel.json("rigs/rigify/rig.human.json")["bones"]
    return [_named(work, bones, f"lip.T.{side}.001", "tail", 0) for side in ("R", "L")]


def face_landmarks(work: Workpiece) -> OnFaces:
    """iBUG's points 17…67, in order: brows, nose, eyes, mouth."""
    bones = work.wheel.json("rigs/rigify/rig.human.json")["bones"]

    def at(bone: str, end: str, member: int | None = None) -> Array:
        return _named(work, bones, bone, end, member)

    nose = _along(np.array([at("nose", "head"), at("nose", "tail"), at("nose.001", "tail")]), 4)
    under = [at("nose.R", "tail"), at("nose.003", "tail"), at("nose.L", "tail")]
    nostrils = [under[0], (under[0] + under[1]) / 2, under[1], (under[1] + under[2]) / 2, under[2]]
    right_eye = [at("lid.B.R", "head"), at("lid.T.R.002", "tail"), at("lid.T.R", "tail"),
                 at("lid.T.R", "head"), at("lid.B.R.002", "tail"), at("lid.B.R", "tail")]  # fmt: skip
    left_eye = [at("lid.T.L", "head"), at("lid.T.L", "tail"), at("lid.T.L.002", "tail"),
                at("lid.B.L", "head"), at("lid.B.L", "tail"), at("lid.B.L.002", "tail")]  # fmt: skip
    mouth = _lips(at, 0) + _lips(at, 1)
    return _on_skin(
        work,
        np.array([*brow_line(work, "R"), *brow_line(work, "L")[::-1], *nose, *nostrils, *right_eye, *left_eye, *mouth]),
    )


def _lips(at: Any, edge: int) -> list[Array]:
    """The outer edge (0), twelve points, or the inner one (1), eight; clockwise as seen, from the right corner.

    The rig names three points on each quarter of an edge; the two that iBUG has besides lie between them, evenly.
    """
    right, left = at("lip.T.R.001", "tail", edge), at("lip.T.L.001", "tail", edge)
    rows = []
    for lip in ("T", "B"):
        half = [(at(f"lip.{lip}.{s}", "tail", edge), corner) for s, corner in (("R", right), ("L", left))]
        middle = at(f"lip.{lip}.R", "head", edge)
        if edge:
            rows.append([half[0][0], middle, half[1][0]])
        else:
            out = [inner + 0.35 * (corner - inner) for inner, corner in half]
            near = [middle + 0.55 * (inner - middle) for inner, _ in half]
            rows.append([out[0], near[0], middle, near[1], out[1]])
    return [right, *rows[0], left, *rows[1][::-1]]


def contour(work: Workpiece) -> OnFaces:
    """The 17 points of the jaw line at each yaw (79, 17): those that turn away slip onto the cheek's outline."""
    bones = work.wheel.json("rigs/rigify/rig.human.json")["bones"]
    line = [_named(work, bones, "jaw.R", "head"), _named(work, bones, "jaw.R", "tail"),
            _named(work, bones, "jaw.R.001", "tail"), _named(work, bones, "jaw", "tail")]  # fmt: skip
    right = _along(np.array(line), 9)
    still = _on_skin(work, np.concatenate([right, (right * [-1, 1, 1])[7::-1]]))
    faces, weights = np.tile(still.faces, (yaws, 1)), np.tile(still.weights, (yaws, 1, 1))
    first_face = _a_face_of(work)
    for row in range(1, yaws):
        yaw = np.radians(-row if row <= 39 else row - 39)
        away = range(8) if yaw < 0 else range(9, 17)
        for k in away:
            start = (work.template[work.mesh.faces[still.faces[k]]] * still.weights[k][:, None]).sum(axis=0)
            vertex = _outline(work, start, float(yaw))
            if vertex is not None:
                faces[row, k] = first_face[vertex]
                weights[row, k] = work.mesh.faces[first_face[vertex]] == vertex
    return OnFaces(faces, weights)


def _a_face_of(work: Workpiece) -> Indices:
    """Some triangle of each skin vertex."""
    found = np.zeros(len(work.template), dtype=np.int64)
    faces = np.flatnonzero(work.mesh.face_part == 0)[::-1]
    found[work.mesh.faces[faces].ravel()] = faces.repeat(3)
    return found


def _outline(work: Workpiece, start: Array, yaw: float) -> int | None:
    """The skin vertex at that height farthest aside once the head has turned; None where the jaw line itself is."""
    skin = work.mesh.part("skin")
    points = work.template[skin]
    side = np.sign(start[0])
    near = (np.abs(points[:, 1] - start[1]) < _contour_band) & (points[:, 0] * side > 0.02) & (points[:, 2] > start[2])
    if not near.any():
        return None
    aside = side * (points[:, 0] * np.cos(yaw) + points[:, 2] * np.sin(yaw))
    own = side * (start[0] * np.cos(yaw) + start[2] * np.sin(yaw))
    best = np.flatnonzero(near)[aside[near].argmax()]
    return int(skin[best]) if aside[best] > own else None
