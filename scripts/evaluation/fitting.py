"""Table T2, with projected poses: bodies recovered from 2D keypoints, from scratch and from a body that is off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch

from engine.body import Body, Poses
from engine.body_pose import BodyPose
from engine.pose_metrics import aligned, point_error
from engine.schedules import ScheduleKind
from engine.skeleton import openpose25
from engine.tasks.recovery import published, recovered
from engine.tasks.recovery_terms import Keypoints, camera_of, in_world
from scripts.evaluation import paper
from scripts.evaluation.asked import Asked, Report
from scripts.evaluation.contestants import Contestants, none, ours, stronger
from scripts.evaluation.observed import Observed
from scripts.evaluation.tables import Column, Row, Table, below

size = (1200, 1600)  # px; figures are some 1,000 px tall, as in EHF: the published weights are made for that
away = 3.2
pixel_noise = 6.0  # px: a good detector's on a figure of that size
start_noise = 0.25  # rad of each joint, of the body to start from
most = 24  # pictures of a set
columns = (
    Column("from scratch: PA-MPJPE"), Column("MPJPE"),
    Column("from a body 14° off: PA-MPJPE"), Column("MPJPE "),
)  # fmt: skip
before = "before fitting"
_about = (
    f"Bodies in their rest shape, turned up to 60° from the camera, {away} m away in a picture of {size[0]} ×"
    f" {size[1]} px; OpenPose's 25 points with Gaussian noise of {pixel_noise:g} px. Published stages (100 + 5 × 100"
    " steps). PA-MPJPE, and MPJPE with the pelvis in place, of the 22 joints in mm. The paper's rows are of"
    " photographs (EHF), and its second column starts from a network's body."
)


@dataclass(frozen=True, eq=False)
class Pictures:
    """Keypoints of bodies, the bodies, their joints (B, 22, 3) mm, and bodies to start from."""

    keypoints: Keypoints
    bodies: tuple[BodyPose, ...]
    joints: np.ndarray
    start: tuple[BodyPose, ...]


def report(asked: Asked) -> Report:
    """Both starts on each set, and the claim against no prior."""
    tables, claims = [], []
    for one in asked.of("body"):
        found = {start: errors(asked, one, asked.contestants, start) for start in (False, True)}
        rows = tuple(Row(name, tuple(_cells(found[False].get(name), found[True][name]))) for name in found[True])
        table = Table(f"{one.name} ({min(most, len(one.poses))} pictures)", columns, rows, paper=paper_rows())
        tables.append(table)
        for column in columns[::2]:
            what = f"2D fitting {column.title.partition(':')[0]}, {one.name}: PA-MPJPE against no prior"
            other = table.cell(none, column.title)
            who = [name for name in (ours, stronger) if name in found[True]]
            claims += [below(f"{what}, {name}", table.cell(name, column.title), other, 20) for name in who]
    return Report("2D fitting (table T2)", _about, tuple(tables), tuple(claims))


def _cells(*pairs: tuple[float, float] | None) -> Iterator[tuple[float] | None]:
    """Pairs of figures as cells of their own."""
    for pair in pairs:
        yield from (None, None) if pair is None else ((pair[0],), (pair[1],))


def paper_rows() -> tuple[Row, ...]:
    return tuple(Row(row.name, (row.cells[0], None, row.cells[1], None)) for row in paper.fitting)


def errors(asked: Asked, one: Observed, contestants: Contestants, started: bool) -> dict[str, tuple[float, float]]:
    """PA-MPJPE and MPJPE (mm) of every contestant."""
    pictures = pictured(asked.body, one, asked.seed)
    found = {before: _errors(asked.body, pictures.start, pictures)} if started else {}
    for name, guide in contestants.guides("fitting", "body", published.weighting, published.reduction).items():
        asked.say(f"fitting, {one.name}, {'from a start' if started else 'from scratch'}: {name}")
        start = pictures.start if started else None
        poses = recovered(asked.body, pictures.keypoints, guide, published, start, asked.seed).poses
        found[name] = _errors(asked.body, poses, pictures)
    return found


def scheduled(asked: Asked, one: Observed, kind: ScheduleKind) -> float:
    """PA-MPJPE (mm) from scratch with the open prior on another schedule."""
    pictures = pictured(asked.body, one, asked.seed)
    how = replace(published, schedule=replace(published.schedule, kind=kind, fixed=0.1))
    guide = how.guide(asked.contestants.prior("body"))
    found = recovered(asked.body, pictures.keypoints, guide, how, seed=asked.seed)
    return _errors(asked.body, found.poses, pictures)[0]


@cache
def pictured(body: Body, one: Observed, seed: int) -> Pictures:
    """The set's first bodies before a camera."""
    poses = one.poses[:most]
    rng = np.random.default_rng(seed)
    camera = camera_of(size)
    bodies, starts = [], []
    for pose in poses:
        turned = BodyPose(root=np.array((0.0, rng.uniform(-1, 1) * np.pi / 3, 0.0)), body=pose.reshape(21, 3))
        middle = _joints(body, [turned])[0].mean(0) / 1000
        turned = turned.moved(np.array((0.0, 0.0, -away)) - middle)
        off = BodyPose(
            root=turned.root + rng.normal(0, start_noise, 3),
            body=turned.body + rng.normal(0, start_noise, (21, 3)),
            translation=turned.translation + rng.normal(0, 0.1, 3),
        )
        bodies.append(in_world(body, turned, camera))
        starts.append(in_world(body, off, camera))
    seen = np.stack([body.seen(one, camera, openpose25) for one in bodies]) + rng.normal(
        0, pixel_noise, (len(bodies), len(openpose25), 2)
    )
    trust = torch.ones(len(bodies), len(openpose25))
    keypoints = Keypoints(openpose25.joints, torch.from_numpy(seen).float(), trust, (camera,) * len(bodies))
    return Pictures(keypoints, tuple(bodies), _joints(body, bodies), tuple(starts))


def _errors(body: Body, poses: tuple[BodyPose, ...], pictures: Pictures) -> tuple[float, float]:
    found, true = _joints(body, poses), pictures.joints
    centred = found - found[:, :1] + true[:, :1]
    return float(point_error(aligned(found, true), true).mean()), float(point_error(centred, true).mean())


@torch.no_grad()
def _joints(body: Body, poses: list[BodyPose] | tuple[BodyPose, ...]) -> np.ndarray:
    """The 22 joints (B, 22, 3), mm."""
    return 1000 * body.joints(Poses.of(poses))[:, :22].double().numpy()
