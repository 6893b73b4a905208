"""A mannequin's pose on the open body: the recipes of the library in space, by least squares over bones and axes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from engine.fit_steps import Misfit, Near, Situation, Stance, Within, refined
from engine.limits import Limits
from engine.mannequin import Figure, Posed, posed
from engine.point_rig import PointRig, below
from engine.rig import axis_angles, matrices
from engine.skeleton import fingers, smplx55

sides = (("left", 1.0), ("right", -1.0))
jaw_open = 0.3  # rad, of a mannequin's mouth opened wide


@dataclass(frozen=True, eq=False)
class Pointing:
    """Bones from points `starts` to `ends` point in the directions (N, 3); one `give` rad off costs 1, (N,)."""

    starts: tuple[str, ...]
    ends: tuple[str, ...]
    directions: np.ndarray
    give: np.ndarray

    def misfit(self, now: Situation) -> Misfit:
        """Unit bone less direction."""
        a, b = ([now.rig.names.index(name) for name in names] for names in (self.starts, self.ends))
        bones = now.placed.points[:, b] - now.placed.points[:, a]
        length = np.linalg.norm(bones, axis=-1, keepdims=True)
        along = bones / length
        count, n = bones.shape[:2]
        turns = now.moves.turns[:, b] - now.moves.turns[:, a]
        shapes = now.moves.shapes[:, b] - now.moves.shapes[:, a]
        moves = [turns.transpose(0, 1, 3, 2, 4).reshape(count, n, 3, -1), shapes, np.zeros((count, n, 3, 3))]
        across = (np.eye(3) - along[..., None] * along[..., None, :]) / (length * self.give[:, None])[..., None]
        slopes = across @ np.concatenate(moves, axis=-1)
        off = ((along - self.directions) / self.give[:, None]).reshape(count, -1)
        return Misfit((off**2).sum(-1), off, slopes.reshape(count, 3 * n, -1))


@dataclass(frozen=True, eq=False)
class Facing:
    """Joints of smplx55 have the axes (N, 3, 3) in the world; one `give` rad off costs 1, (N,)."""

    joints: tuple[str, ...]
    axes: np.ndarray
    give: np.ndarray

    def misfit(self, now: Situation) -> Misfit:
        """The turn from those axes to the joints' own."""
        rows, active = smplx55.indices(self.joints), list(now.active)
        world = now.placed.world[:, rows]
        off = axis_angles(np.swapaxes(self.axes, -1, -2) @ world) / self.give[:, None]
        turns = np.swapaxes(world, -1, -2)[:, :, None] @ now.placed.world[:, None, active]
        turns = turns * below[rows][:, active][..., None, None] / self.give[:, None, None, None]
        count, n = off.shape[:2]
        slopes = np.zeros((count, 3 * n, 3 * len(active) + now.stance.betas.shape[1] + 3))
        slopes[:, :, : 3 * len(active)] = turns.transpose(0, 1, 3, 2, 4).reshape(count, 3 * n, -1)
        return Misfit((off**2).sum((-1, -2)), off.reshape(count, -1), slopes)


def refitted(rig: PointRig, limits: Limits, figure: Figure) -> np.ndarray:
    """The mannequin's pose as the body takes it: axis-angles (55, 3), by least squares over bones and axes."""
    mannequin = posed(figure)
    start = _first(rig, mannequin, figure)
    still = {"jaw", "left_eye", "right_eye", "left_foot", "right_foot", "spine1", "spine2", "neck"}
    active = [i for i, name in enumerate(smplx55.joints) if name not in still]
    easy = start.copy()
    easy[[i for i in active if "collar" not in smplx55.joints[i]]] = np.eye(3)
    easy[smplx55.indices(trunk)] = start[smplx55.indices(trunk)]
    terms = (_bones(rig, mannequin), _axes(mannequin), Near(easy[None], _give()), Within(_but_fingers(limits), 0.08))
    starts = _rolled(start)
    stances = Stance(starts, np.zeros((len(starts), rig.betas)), np.zeros((len(starts), 3)))
    found, cost = refined(rig, stances, active, terms, 40)
    return axis_angles(found.turns[int(np.argmin(cost))])


def _but_fingers(limits: Limits) -> Limits:
    """The limits of all but fingers: the mannequin's bend further than most people's, so that fists stay fists."""
    return replace(limits, free=limits.free | np.array(["_hand_" in name for name in smplx55.joints]))


trunk = ("pelvis", "spine3", "head")


def _rolled(start: np.ndarray) -> np.ndarray:
    """The start (55, 3, 3) with either forearm as it is or rolled a third of a turn: all pairs (9, 55, 3, 3)."""
    starts = []
    for rolls in product((0, -2, 2), repeat=2):
        turns = start.copy()
        for (side, _), roll in zip(sides, rolls, strict=True):
            elbow, wrist = smplx55.indices((f"{side}_elbow", f"{side}_wrist"))
            turn = matrices(np.array((float(roll), 0.0, 0.0)))
            turns[elbow], turns[wrist] = turns[elbow] @ turn, turn.T @ turns[wrist]
        starts.append(turns)
    return np.array(starts)


def _bones(rig: PointRig, mannequin: Posed) -> Pointing:
    """The bones that point as the mannequin's do."""
    bones = [
        (f"{side}_{a}", f"{side}_{b}", 0.03)
        for side, _ in sides
        for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
    ]
    for side, _ in sides:
        bones += [
            (f"{side}_hand_{finger}_{i}", f"{side}_hand_{finger}_{i + 1}", 0.1) for finger in fingers for i in (1, 2, 3)
        ]
    directions = [mannequin[b] - mannequin[a] for a, b, _ in bones]
    for side, s in sides:
        bones.append((f"{side}_collar", f"{side}_shoulder", 0.06))
        directions.append(_collar(rig, mannequin, side, s))
    along = np.array(directions)
    starts, ends, give = zip(*bones, strict=True)
    return Pointing(starts, ends, along / np.linalg.norm(along, axis=1, keepdims=True), np.array(give))


def _collar(rig: PointRig, mannequin: Posed, side: str, s: float) -> np.ndarray:
    """Direction (3,) of the body's collar bone, lifted from its rest as the mannequin's is from its own."""
    chest, build = mannequin.frames["chest"], mannequin.build
    sternum = mannequin["neck"] + chest @ np.array((s * 0.025, -0.045 * build.torso, 0.0))
    found = chest.T @ (mannequin[f"{side}_shoulder"] - sternum)
    rest = rig.at_rest(f"{side}_shoulder") - rig.at_rest(f"{side}_collar")
    level = np.array((s * 0.15, -0.012, 0.0))
    return chest @ _between(level, found) @ rest


def _axes(mannequin: Posed) -> Facing:
    """The joints whose axes the mannequin knows."""
    names: list[str] = ["pelvis", "spine3", "head"]
    axes = [mannequin.frames[name] for name in ("hips", "chest", "head")]
    for side, s in sides:
        # The body rests with its fingers to the sides, palms down and thumbs in front.
        rest = np.stack([(0.0, 0.0, 1.0), (s, 0.0, 0.0), (0.0, -1.0, 0.0)], axis=1)
        names += [f"{side}_wrist", f"{side}_ankle"]
        axes += [mannequin.frames[f"{side}_hand"] @ rest.T, _foot(mannequin, side) @ _yaw(s * toe_out).T]
    return Facing(tuple(names), np.array(axes), np.array([0.03, 0.03, 0.03, *[0.12] * 4]))


toe_out = np.radians(8)  # the body's feet at rest


def _foot(mannequin: Posed, side: str) -> np.ndarray:
    """Axes (3, 3) of the foot in columns: x to the person's left, y up from the sole, z to the toes."""
    forward = _unit(mannequin[f"{side}_ball"] - mannequin[f"{side}_heel"])
    up = mannequin[f"{side}_ankle"] - mannequin[f"{side}_heel"]
    up = _unit(up - forward * (up @ forward))
    return np.stack([np.cross(up, forward), up, forward], axis=1)


def _first(rig: PointRig, mannequin: Posed, figure: Figure) -> np.ndarray:
    """Turns (55, 3, 3) to start from: trunk, toes and jaw as they stay, limbs by their bones and hinges."""
    frames = mannequin.frames
    third = axis_angles(frames["hips"].T @ frames["chest"]) / 3
    nod = axis_angles(frames["chest"].T @ frames["head"]) / 2
    turns = {"spine1": third, "spine2": third, "spine3": third, "neck": nod, "head": nod}
    turns["jaw"] = np.array((figure.face.open * jaw_open, 0, 0))
    local = {name: matrices(turn) for name, turn in turns.items()} | {"pelvis": frames["hips"]}
    for side, s in sides:
        hand, foot = frames[f"{side}_hand"], _foot(mannequin, side)
        rest = rig.at_rest(f"{side}_shoulder") - rig.at_rest(f"{side}_collar")
        collar = frames["chest"] @ _between(rest, frames["chest"].T @ _collar(rig, mannequin, side, s))
        straight = np.cross(mannequin[f"{side}_wrist"] - mannequin[f"{side}_elbow"], hand[:, 0])
        arm = _limb(rig, mannequin, [f"{side}_{j}" for j in ("shoulder", "elbow", "wrist")], (0, -s, 0), straight)
        leg = _limb(rig, mannequin, [f"{side}_{j}" for j in ("hip", "knee", "ankle")], (1, 0, 0), foot[:, 0])
        local[f"{side}_collar"] = frames["chest"].T @ collar
        local[f"{side}_shoulder"], local[f"{side}_elbow"] = collar.T @ arm[0], arm[0].T @ arm[1]
        local[f"{side}_hip"], local[f"{side}_knee"] = frames["hips"].T @ leg[0], leg[0].T @ leg[1]
        rest = np.stack([(0.0, 0.0, 1.0), (s, 0.0, 0.0), (0.0, -1.0, 0.0)], axis=1)
        local[f"{side}_wrist"] = arm[1].T @ hand @ rest.T
        local[f"{side}_ankle"] = leg[1].T @ foot @ _yaw(s * toe_out).T
        toes = (mannequin[f"{side}_big_toe"] + mannequin[f"{side}_small_toe"]) / 2 - mannequin[f"{side}_ball"]
        local[f"{side}_foot"] = matrices(np.array((-np.arctan2(toes @ foot[:, 1], toes @ foot[:, 2]), 0, 0)))
    return np.array([local.get(name, np.eye(3)) for name in smplx55.joints])


def _limb(
    rig: PointRig, mannequin: Posed, names: list[str], hinge: tuple[float, ...], straight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """World turns (3, 3) of a limb's two joints, by its bones and the hinge between; `straight` where unbent."""
    rest = [rig.at_rest(name) for name in names]
    found = [mannequin[name] for name in names]
    upper, lower = _unit(found[1] - found[0]), _unit(found[2] - found[1])
    bend = np.cross(upper, lower) + 0.1 * _unit(straight)
    return tuple(
        _frame(found[i + 1] - found[i], bend) @ _frame(rest[i + 1] - rest[i], np.array(hinge)).T for i in (0, 1)
    )  # type: ignore[return-value]


def _frame(along: np.ndarray, hinge: np.ndarray) -> np.ndarray:
    along = _unit(along)
    hinge = _unit(hinge - along * (along @ hinge))
    return np.stack([along, hinge, np.cross(along, hinge)], axis=1)


def _give() -> np.ndarray:
    """How far (55, 3) rad each joint gives from where it starts, about its own axes: hinges freely, the rest little."""
    give = np.full((len(smplx55), 3), 0.3)

    def put(name: str, x: float, y: float, z: float) -> None:
        for joint in (name, f"left_{name}", f"right_{name}"):
            if joint in smplx55:
                give[smplx55.index(joint)] = x, y, z

    for name, axes in (
        ("pelvis", (1, 1, 1)), ("hip", (1, 0.5, 1)), ("knee", (2, 0.15, 0.1)), ("ankle", (0.6, 0.4, 0.4)),
        ("shoulder", (0.6, 1, 1)), ("elbow", (0.5, 2, 0.15)), ("wrist", (0.25, 0.5, 0.8)),
    ):  # fmt: skip
        put(name, *axes)
    put("collar", 0.5, 0.5, 0.5)
    for finger in fingers:
        for i in (1, 2, 3):
            # The knuckle fans about y; all fingers bend about z, and about x they do not twist.
            x, y = (0.3, 0.5) if finger == "thumb" else (0.08, 0.25 if i == 1 else 0.08)
            put(f"hand_{finger}_{i}", x, y, 1.5)
    return give


def _between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    axis = np.cross(_unit(a), _unit(b))
    sine = np.linalg.norm(axis)
    return np.eye(3) if sine < 1e-9 else matrices(axis / sine * np.arctan2(sine, _unit(a) @ _unit(b)))


def _yaw(angle: float) -> np.ndarray:
    return matrices(np.array((0.0, angle, 0.0)))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)
