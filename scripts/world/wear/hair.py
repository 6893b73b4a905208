"""Hair and hats. Each is built around the head at rest, metres of the body file, and carried to the posed head by the
affine map that its skull went through; what is long falls from there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from scripts.world.layers import Solid
from scripts.world.wear.draping import down, joint, solid
from scripts.world.wear.shapes import Part, Thing, ellipsoid, grid_faces, lathe, tube
from scripts.world.words import Color

crown = np.array((0.0, 0.290, 0.022), np.float32)  # the middle of the skull at rest
_radii = np.array((0.077, 0.083, 0.090), np.float32)  # of the skull with the least of hair on it
_strands = 26


@dataclass(frozen=True, eq=False)
class Skull:
    """The skull of a body by its shape at rest (V, 3): what carries things built around it to a posed head."""

    rest: np.ndarray

    @cached_property
    def _chosen(self) -> np.ndarray:
        on = (self.rest[:, 1] > 0.25) & (np.abs(self.rest[:, 0]) < 0.071)
        on &= self.rest[:, 1] - self.rest[:, 2] > 0.21
        found = np.flatnonzero(on)
        return found[:: max(1, len(found) // 80)]

    @cached_property
    def _solver(self) -> np.ndarray:
        known = self.rest[self._chosen] - crown
        return np.linalg.pinv(np.concatenate([known, np.ones((len(known), 1))], axis=1))

    def posed(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Axes as columns (3, 3), scale and all, and the place (3,) of `crown` on a posed body (V, 3)."""
        found = self._solver @ vertices[self._chosen]
        return found[:3].T.astype(np.float32), found[3].astype(np.float32)


def hair(
    shape: str, hat: str, color: Color, skull: Skull, vertices: np.ndarray, joints: np.ndarray, rng: np.random.Generator
) -> list[Solid]:
    """What stands off the head of one of `words.hair_shapes`, short hair being part of the body's own mesh."""
    axes, place = skull.posed(vertices)
    dye = {"hair": color}
    if hat and shape in ("spiky", "afro"):
        return []
    if shape in ("bun", "spiky", "afro"):
        if shape == "bun" and hat in ("helmet", "hood"):
            return []
        return [_built(shape, int(rng.integers(3))).solid(axes, place, dye)]
    if hat == "hood" or shape not in ("bob", "long", "ponytail", "plait"):
        return []
    if shape == "bob":
        return [_curtain(axes, place, joints, color, (0, int(rng.integers(0, 2))), rng)]
    if shape == "long":
        return [_curtain(axes, place, joints, color, (1, int(rng.integers(3, 8))), rng)]
    tail = _tail(shape, axes, place, joints, rng)
    return [Thing.of([tail]).solid(np.eye(3), np.zeros(3), dye)]


def _curtain(
    axes: np.ndarray, place: np.ndarray, joints: np.ndarray, color: Color, drop: tuple[int, int],
    rng: np.random.Generator,
) -> Solid:  # fmt: skip
    """Hair that falls around sides and back, and below the chin so many rows of 5 cm by its own weight."""
    half = np.radians(rng.uniform(112, 128))
    turn = np.linspace(-half, half, _strands)
    across, back = np.sin(turn), -np.cos(turn)
    rows = []
    edge = 1 - np.abs(turn / half) ** 4  # at the temples it lies close
    puff = 1.06 + rng.uniform(0.03, 0.16) * edge[:, None]
    for angle in np.radians((4, 30, 52, 74, 90)):
        wide, high = np.sin(angle), np.cos(angle)
        ring = np.stack([across * wide, np.full(_strands, high), back * wide], axis=1) * _radii
        rows.append(ring * (puff if angle > 0.2 else 1.12))
    for n in range(1, 3 + drop[0]):
        ring = rows[4] * (1.0, 1.0, 1.0) + (0, -0.045 * n, 0)
        ring[:, 0] *= 1 + 0.02 * n
        ring[:, 2] *= 1 - 0.05 * n * (ring[:, 2] < 0)
        rows.append(ring)
    points = [row @ axes.T + place for row in np.asarray(rows, np.float32)]
    wave = 1 + 0.03 * np.sin(turn * 9 + rng.uniform(0, 6))
    head_down = -axes[:, 1] / np.linalg.norm(axes[:, 1])
    outward = points[4] - place
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    for n in range(drop[1]):
        step = down + head_down * max(0.0, 0.5 - 0.2 * n)
        step = step / (np.linalg.norm(step) + 1e-6) * 0.052
        points.append(_off_trunk(points[-1] + step * wave[:, None] + outward * 0.002, joints))
    return solid(np.stack(points)[:, ::-1].astype(np.float32), color, "hair", closed=False)


_trunk = (("neck", "head", 0.058), ("spine2", "neck", 0.118), ("left_collar", "left_shoulder", 0.085),
    ("right_collar", "right_shoulder", 0.085))  # fmt: skip


def _off_trunk(points: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Points (N, 3) pushed out of neck, trunk and shoulders."""
    for a, b, radius in _trunk:
        start, end = joints[joint(a)], joints[joint(b)]
        bone = end - start
        t = np.clip((points - start) @ bone / (bone @ bone + 1e-9), 0, 1)
        off = points - (start + t[:, None] * bone)
        far = np.linalg.norm(off, axis=1, keepdims=True) + 1e-6
        points = points + off / far * np.clip(radius - far, 0, None)
    return points


def _tail(shape: str, axes: np.ndarray, place: np.ndarray, joints: np.ndarray, rng: np.random.Generator) -> Part:
    """A ponytail or a plait: from the back of the head out, then down along the back."""
    high = rng.uniform(-0.02, 0.055) if shape == "ponytail" else -0.035
    length, steps = (int(rng.integers(6, 11)), 0.042) if shape == "ponytail" else (int(rng.integers(9, 14)), 0.036)
    path = [axes @ np.array((0, high, -0.082), np.float32) + place]
    path.append(axes @ np.array((0, high + 0.012, -0.120), np.float32) + place)
    heading = path[1] - path[0]
    for _ in range(length):
        heading = heading / (np.linalg.norm(heading) + 1e-6) * 0.75 + down * 0.55
        path.append(_off_trunk((path[-1] + heading / np.linalg.norm(heading) * steps)[None], joints)[0])
    path = np.stack(path).reshape(-1, 3)
    t = np.linspace(0, 1, len(path))
    if shape == "ponytail":
        radii = 0.020 + 0.026 * np.sin(np.pi * t**0.6) * (1 - 0.5 * t)
        radii[-1] = 0.006
        return tube(path, radii, "hair", "hair", 9)
    fine = np.linspace(0, len(path) - 1, 3 * len(path))
    smooth = np.stack([np.interp(fine, np.arange(len(path)), path[:, c]) for c in range(3)], axis=1)
    bulge = 0.017 + 0.011 * np.abs(np.sin(fine * np.pi * 0.85))
    return tube(smooth, bulge * (1 - 0.35 * fine / fine[-1]), "hair", "hair", 8)


@lru_cache(maxsize=16)
def _built(shape: str, variant: int) -> Thing:
    rng = np.random.default_rng(variant)
    if shape == "bun":
        places = ((0, 0.075, -0.07), (0, 0.105, -0.02), (0, -0.02, -0.105))
        ball = ellipsoid(places[variant], (0.046, 0.040, 0.044), "hair", "hair", 12)
        return Thing.of([ball])
    if shape == "afro":
        size = (1.0, 1.15, 1.3)[variant]
        ball = ellipsoid((0, 0.028, -0.024), (0.118 * size, 0.108 * size, 0.104 * size), "hair", "hair", 22)
        rough = ball.vertices * (1 + rng.normal(0, 0.018, (len(ball.vertices), 1)))
        low_front = (rough[:, 2] > 0.03) & (rough[:, 1] < 0.035)
        rough[low_front, 2] *= 0.25
        return Thing.of([Part(rough.astype(np.float32), ball.faces, "hair", "hair")])
    return Thing.of(_spikes(rng))


def _spikes(rng: np.random.Generator) -> list[Part]:
    parts = []
    for _ in range(170):
        if len(parts) == 26:
            break
        out = rng.normal(size=3)
        out /= np.linalg.norm(out)
        if out[1] < 0.05 or out[2] > 0.55 * out[1] + 0.25:
            continue
        start = out * _radii * 0.86
        lean = out + np.array((0, 0.35, -0.25)) + rng.normal(0, 0.12, 3)
        end = start + lean / np.linalg.norm(lean) * rng.uniform(0.06, 0.105)
        parts.append(tube(np.stack([start, (start + end) / 2, end]), (0.030, 0.020, 0.002), "hair", "hair", 6))
    return parts


# ── hats ──


def hat(kind: str, color: Color, skull: Skull, vertices: np.ndarray, joints: np.ndarray) -> Solid:
    """One of `words.hats` on a posed head; ValueError for another."""
    axes, place = skull.posed(vertices)
    dark: Color = (int(color[0] * 0.6), int(color[1] * 0.6), int(color[2] * 0.6))
    if kind == "hood":
        return _hood(axes, place, joints, color)
    if kind not in _hats:
        raise ValueError(f"expected a hat among {', '.join([*_hats, 'hood'])}, got {kind!r}")
    return _hat(kind).solid(axes, place, {"main": color, "band": dark, "gem": (200, 40, 60)})


@lru_cache(maxsize=8)
def _hat(kind: str) -> Thing:
    return Thing.of(_hats[kind]())


def _tilted(parts: list[Part], degrees: float, lift: float) -> list[Part]:
    """A hat that sits further down at the back."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return [part.at(np.array(((1, 0, 0), (0, c, s), (0, -s, c))), np.array((0, lift, 0.004))) for part in parts]


def _cone_hat() -> list[Part]:
    cone = lathe([(0.0, 0.32), (0.034, 0.23), (0.072, 0.11), (0.110, 0.0)], "main", "top", 16)
    band = lathe([(0.103, 0.03), (0.112, 0.028), (0.116, 0.0)], "band", "trim", 16)
    brim = lathe([(0.098, 0.006), (0.14, 0.0), (0.19, -0.008), (0.14, -0.004), (0.098, 0.0)], "main", "top", 20)
    return _tilted([cone, band, brim], -10, 0.042)


def _brimmed_hat() -> list[Part]:
    top = lathe([(0.0, 0.100), (0.07, 0.105), (0.094, 0.09), (0.110, 0.0)], "main", "top", 18)
    band = lathe([(0.104, 0.034), (0.111, 0.032), (0.115, 0.002)], "band", "trim", 18)
    brim = lathe([(0.10, 0.005), (0.15, 0.0), (0.205, 0.008), (0.15, -0.006), (0.10, 0.0)], "main", "top", 22)
    return _tilted([top, band, brim], -9, 0.038)


def _crown() -> list[Part]:
    sides = 20
    ring = lathe([(0.108, 0.07), (0.097, 0.0), (0.093, 0.0), (0.102, 0.065)], "main", "plate", sides)
    points = ring.vertices.reshape(4, sides, 3).copy()
    points[0, 1::2, 1] -= 0.04
    points[3, 1::2, 1] -= 0.04
    gem = ellipsoid((0, 0.024, 0.100), (0.012, 0.014, 0.008), "gem", "plate", 8)
    return _tilted([Part(points.reshape(-1, 3), ring.faces, "main", "plate"), gem], -10, 0.040)


def _helmet() -> list[Part]:
    sides, rows = 24, 9
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)  # from the front
    reach = 1.62 - 0.42 * np.cos(turn)  # how far down the shell goes: to the brows, and to the nape
    angle = reach[None] * np.linspace(0, 1, rows)[:, None]
    shell = np.stack([np.sin(angle) * np.sin(turn), np.cos(angle), np.sin(angle) * np.cos(turn)], axis=-1)
    points = shell * (_radii * 1.24) + np.array((0, 0.002, 0.0))
    band = tube(np.concatenate([points[-1], points[-1, :1]]), np.full(sides + 1, 0.008), "band", "plate", 6)
    guard = Part(np.array(((-0.009, 0.05, 0.112), (0.009, 0.05, 0.112), (0.009, -0.03, 0.136), (-0.009, -0.03, 0.136)),
        np.float32), np.array(((0, 2, 1), (0, 3, 2)), np.int32), "band", "plate")  # fmt: skip
    arc = np.linspace(-0.9, 1.9, 12)
    ridge = np.stack([np.zeros(12), 0.104 * np.cos(arc), -0.112 * np.sin(arc)], axis=1)
    crest = tube(ridge, np.full(12, 0.011), "band", "plate", 6)
    dome = Part(points.reshape(-1, 3).astype(np.float32), grid_faces(rows, sides), "main", "plate")
    return [dome, band, guard, crest]


_hats = {"cone hat": _cone_hat, "brimmed hat": _brimmed_hat, "crown": _crown, "helmet": _helmet}


def _hood(axes: np.ndarray, place: np.ndarray, joints: np.ndarray, color: Color) -> Solid:
    """A hood that is open at the face and lies on the shoulders."""
    turn = np.radians(np.linspace(-142, 142, 30))
    across, back = np.sin(turn), -np.cos(turn)
    rows = []
    for angle in np.radians((5, 30, 55, 78, 100)):
        wide, high = np.sin(angle), np.cos(angle)
        ring = np.stack([across * wide, np.full(30, high), back * wide], axis=1) * _radii * (1.26, 1.24, 1.32)
        ring[:, 1] += 0.012 * np.clip(back, 0, 1)
        rows.append(ring)
    for n in (1, 2, 3):
        rows.append(rows[4] * (1 - 0.03 * n, 1, 1 - 0.03 * n) + (0, -0.035 * n, 0))
    points = [row @ axes.T + place for row in np.asarray(rows, np.float32)]
    neck = joints[joint("neck")]
    low = points[-1] - neck
    for n in (1, 2):
        flat = low * (1, 0, 1)
        out = flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6)
        points.append(_off_trunk(points[-1] + out * 0.03 + down * 0.022 * n, joints))
    return solid(np.stack(points)[:, ::-1].astype(np.float32), color, "top", closed=False)
