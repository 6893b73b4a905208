"""The first guess of a body for a drawn figure: learnt, and there in milliseconds.

Points in a picture, with the camera that sees them → the lifting networks of `engine.networks.lift`, one for bodies and
one for hands → several stances, the likeliest first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from engine import rotation
from engine.camera import Camera
from engine.lift_input import Seen, mirrored, of_body, of_hand
from engine.networks.lift import LiftNet, LiftSize
from engine.skeleton import smplx55
from engine.tensor_shapes import WrongWeights
from engine.tensors import load_strictly, read_tensors

_joints = smplx55.joints
_body = slice(0, 22)
_mirror = np.diag((-1.0, 1.0, 1.0))
_shake = 0.02  # of a figure's size: how far points are moved to hear other guesses
_each = 4  # guesses that points shaken anew are asked for


@dataclass(frozen=True, eq=False)
class Guess:
    """What a drawn figure's body may be, K times, the likeliest first: `turns` (K, 55, 3, 3), the root's in the world,
    fingers straight; `shape` (K, S) betas and stretches; `up` (3,), the world's up in the camera's axes."""

    turns: np.ndarray
    shape: np.ndarray
    up: np.ndarray


@dataclass(frozen=True, eq=False)
class HandGuess:
    """What a drawn hand may be, K times: `wrist` (K, 3, 3), its axes in the world; `fingers` (K, 15, 3, 3)."""

    wrist: np.ndarray
    fingers: np.ndarray


class Initialiser:
    """The two networks, asked about drawn figures; `places` are pixels of the camera's picture."""

    def __init__(self, body: LiftNet, hand: LiftNet) -> None:
        self.body, self.hand = body, hand

    @classmethod
    def load(cls, folder: Path) -> Initialiser:
        """The networks of a folder: body.safetensors and hand.safetensors; WrongWeights says what is wrong."""
        return cls(*(load_net(folder / f"{part}.safetensors", part) for part in ("body", "hand")))

    @torch.no_grad()
    def bodies(self, places: np.ndarray, known: np.ndarray, camera: Camera, count: int, seed: int = 0) -> Guess:
        """`count` guesses for points (134, 2) of `lift_input.body_points`, of which `known` (134,) bool are there.

        Beyond those that the network has by itself, others are heard of points shaken by `seed`.
        """
        seen = _seen(places, known, camera)
        rays, there = seen
        if count > (heads := self.body.size.guesses):
            more = -(-(count - heads) // _each)
            random = torch.Generator().manual_seed(seed)
            spread = rays[0, there[0]].std(0).amax() * 4
            noise = _shake * spread * torch.randn(more, *rays.shape[1:], generator=random)
            rays, there = torch.cat([rays, rays + noise]), there.expand(1 + more, -1)
        found = self.body(of_body(Seen(rays, there)))
        order = found.scores.log_softmax(1)
        order[1:] -= 100  # what is seen as it is comes first
        best = order.flatten().argsort(descending=True)[:count]
        shape = found.shape.repeat_interleave(self.body.size.guesses, 0)[best]
        turned = rotation.from_six(found.six.flatten(0, 1)[best]).double().numpy()
        turns = np.tile(np.eye(3), (len(turned), len(_joints), 1, 1))
        turns[:, _body] = turned
        turns[:, 0] = camera.T_camera_world[:3, :3].T @ turned[:, 0]
        return Guess(turns, shape.double().numpy(), found.up[0].double().numpy())

    @torch.no_grad()
    def hands(
        self, side: str, places: np.ndarray, known: np.ndarray, arm: np.ndarray, arm_known: np.ndarray, camera: Camera
    ) -> HandGuess:
        """Guesses for a hand's points (21, 2), of which `known` (21,) are there, and its elbow and wrist (2, 2)."""
        seen, forearm = _seen(places, known, camera), _seen(arm, arm_known, camera)
        if side == "left":
            seen, forearm = mirrored(seen), mirrored(forearm)
        found = self.hand(of_hand(seen, forearm))
        best = found.scores[0].argsort(descending=True)
        turned = rotation.from_six(found.six[0, best]).double().numpy()
        if side == "left":  # a mirror's turns: reflected on both sides
            turned = _mirror @ turned @ _mirror
        return HandGuess(camera.T_camera_world[:3, :3].T @ turned[:, 0], turned[:, 1:])


def _seen(places: np.ndarray, known: np.ndarray, camera: Camera) -> Seen:
    rays = (places - np.array(camera.center)) / camera.focal
    return Seen(torch.from_numpy(rays)[None].float(), torch.from_numpy(np.asarray(known, dtype=bool))[None])


# ── files ──


def save_net(net: LiftNet, path: Path, part: str, notes: Mapping[str, str], dtype: torch.dtype = torch.float16) -> None:
    """Writes a network in one .safetensors file, with its part and sizes; the former file stays until this is whole."""
    tensors = {name: value.detach().to(dtype).contiguous() for name, value in net.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    about = {"part": part, "size": asdict(net.size), "notes": dict(notes)}
    save_file(tensors, fresh, {"lift": json.dumps(about)})
    fresh.replace(path)


def load_net(path: Path, part: str) -> LiftNet:
    """The network of a part in a file, single precision, nothing to learn; WrongWeights says what was expected."""
    if not path.is_file():
        raise WrongWeights(f"expected the file {path}, got none")
    try:
        with safe_open(path, "pt") as file:
            about = json.loads((file.metadata() or {})["lift"])
        size = LiftSize(**{f.name: int(about["size"][f.name]) for f in fields(LiftSize)})
        found = str(about["part"])
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise WrongWeights(f"expected a lifting network's file, with its sizes in the header, got {path}") from error
    if found != part:
        raise WrongWeights(f"expected a lifting network of a {part}, got one of a {found} in {path}")
    net = LiftNet(size)
    load_strictly(net, {name: value.float() for name, value in read_tensors(path).items()}, str(path))
    return net.eval().requires_grad_(False)
