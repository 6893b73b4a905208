"""Kinds of dress as pieces of cloth: which part of the body each covers, how far it stands off and how loose it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from scripts.world.wear import seams
from scripts.world.wear.seams import Zones

Neck = Literal["crew", "collar", "v", "deep v"]


@dataclass(frozen=True)
class Style:
    """One way to wear a kind of `words.dress_regions`: what its cut leaves open. Ends of sleeves and legs are numbers
    of `seams.sleeve_ends` and `seams.heights`."""

    kind: str
    sleeve: int = 3
    neck: Neck = "crew"
    leg: int = 9
    boots: int = 9
    belt: bool = False
    gloves: bool = False
    covered: bool = False


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of cloth, or of the body: faces of one `shell` hold together, others are a step apart."""

    name: str
    material: str
    shell: int
    lift: Callable[[np.ndarray], np.ndarray]
    loose: int = 0
    patterned: bool = False
    tinted: bool = False


Cover = tuple[Piece, np.ndarray]
"""A piece, and the faces (F,) bool it covers, over all that came before."""


def _even(metres: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda p: np.full(len(p), metres, np.float32)


def _flared(metres: float, hem: float, top: float, bottom: float) -> Callable[[np.ndarray], np.ndarray]:
    """So many metres above `top`, `hem` at `bottom`, heights on the body at rest."""
    return lambda p: metres + (hem - metres) * np.clip((top - p[:, 1]) / (top - bottom), 0, 1) ** 1.5


def _sleeve(metres: float, hem: float, end: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda p: metres + (hem - metres) * np.clip((np.abs(p[:, 0]) - 0.2) / (end - 0.2), 0, 1) ** 1.5


def pieces_of(style: Style, zones: Zones, part: np.ndarray) -> tuple[list[Piece], np.ndarray]:
    """All pieces of a dressed body, and the number of the piece (F,) that each face is of."""
    covers = [*_body(zones, part), *_kinds[style.kind](style, zones)]
    flesh = part == 0
    label = np.zeros(len(part), np.int64)
    for number, (_, where) in enumerate(covers):
        label[where & flesh] = number
    for number, (piece, where) in enumerate(covers):
        if piece.name in ("eye", "mouth"):
            label[where] = number
    return [piece for piece, _ in covers], label


def _body(zones: Zones, part: np.ndarray) -> list[Cover]:
    skin = Piece("skin", "skin", 0, _even(0), tinted=True)
    covers = [
        (skin, part == 0),
        (Piece("eye", "eye", 1, _even(0), tinted=True), (part == 1) | (part == 2)),
        (Piece("mouth", "mouth", 2, _even(0), tinted=True), part > 2),
    ]
    scalp = (zones.y > 0.19) & (seams.hairline(zones.middles) > 0)
    scalp &= ~((zones.x > 0.05) & (seams.ear(zones.middles) < 0))
    chin = (seams.beard(zones.middles) > 0) & (zones.y > 0.155) & (zones.y < 0.25) & (zones.z > 0.03)
    lips = (zones.x < 0.024) & (zones.y > 0.203) & (zones.y < 0.219)
    covers.append((Piece("beard", "skin", 0, _even(0), tinted=True), chin & ~lips))
    covers.append((Piece("hair", "hair", 3, _even(1.0), loose=2), scalp))
    return covers


def _top(style: Style, zones: Zones, name: str, metres: float, shell: int = 10, loose: int = 4) -> list[Cover]:
    """A shirt with the sleeves and neck of the style, down over the hips."""
    end = seams.sleeve_ends[style.sleeve] if style.sleeve >= 0 else 0.175
    neck = {"crew": seams.crew, "collar": seams.collar, "v": seams.crew, "deep v": seams.crew}[style.neck]
    bare = neck(zones.middles) < 0 if style.neck != "collar" else neck(zones.middles) > 0
    bare |= (zones.y > 0.19) | ((seams.crew(zones.middles) < 0) & (style.neck != "collar"))
    if style.neck in ("v", "deep v"):
        bare |= zones.front & (seams.opening(seams.v_tips[style.neck == "v"])(zones.middles) < 0)
    where = (zones.trunk & (zones.y > seams.heights[3]) | zones.arm & (zones.x < end)) & ~bare
    lift = _sleeve(metres, metres + (0.012 if style.sleeve < 2 else 0.006), end)
    covers = [(Piece(name, "top", shell, lift, loose, patterned=True), where)]
    if style.neck == "collar":
        band = where & (seams.crew(zones.middles) < 0)
        covers.append((Piece("collar", "top", shell + 1, _even(metres + 0.006)), band))
    return covers


def _legs(style: Style, zones: Zones, name: str, metres: float = 0.009, top: int = 1) -> list[Cover]:
    """Trousers or shorts down to the style's height."""
    hem = seams.heights[style.leg]
    where = zones.trunk & (zones.y < seams.heights[top]) & (zones.y > hem)
    wide = 0.020 if style.leg < 7 else 0.016
    return [(Piece(name, "bottom", 20, _flared(metres, metres + wide, -0.55, hem), 4), where)]


def _shoes(style: Style, zones: Zones) -> list[Cover]:
    """Shoes, or boots up to the style's height; the piece after them is their sole."""
    top = seams.heights[style.boots]
    shaft = zones.trunk & (zones.y < top) & (zones.y > seams.ankle - 0.01)
    nowhere = np.zeros(len(zones.y), bool)
    return [
        (Piece("shoes", "shoes", 30, _even(0.009), 2), shaft if style.boots < 9 else nowhere),
        (Piece("sole", "shoes", 31, _even(0.014)), nowhere),
    ]


def _belt(style: Style, zones: Zones) -> list[Cover]:
    low, high = seams.heights[2], seams.heights[1]
    where = zones.trunk & (zones.y > low) & (zones.y < high)
    return [(Piece("belt", "trim", 40, _even(0.019)), where)] if style.belt else []


def _gloves(style: Style, zones: Zones) -> list[Cover]:
    hand = zones.arm & (zones.x > seams.sleeve_ends[2])
    return [(Piece("gloves", "trim", 41, _even(0.006), 1), hand)] if style.gloves else []


def _shirt_and_legs(style: Style, zones: Zones) -> list[Cover]:
    tucked = style.belt
    legs = "shorts" if style.kind == "t-shirt and shorts" else "trousers"
    shirt, lower = _top(style, zones, "shirt", 0.008 if tucked else 0.014), _legs(style, zones, legs)
    covers = [*shirt, *lower] if tucked else [*lower, *shirt]
    return [*_shoes(style, zones), *covers, *_belt(style, zones)]


def _suit(style: Style, zones: Zones) -> list[Cover]:
    legs = _legs(style, zones, "suit")[0]
    shirt = _top(Style("suit", neck="collar"), zones, "shirt", 0.008)
    trunk = zones.trunk & (seams.crew(zones.middles) > 0) & (zones.y > seams.heights[3])
    open_front = zones.front & (seams.opening(seams.v_tips[0])(zones.middles) < 0)
    jacket = (trunk & ~open_front) | zones.arm & (zones.x < seams.sleeve_ends[3])
    tie = zones.front & (zones.x < 0.021) & open_front & (zones.y < 0.13) & (zones.y > -0.13)
    lapels = jacket & zones.front & (seams.opening(seams.v_tips[1] - 0.30)(zones.middles) < 0) & (zones.y > -0.14)
    return [
        *_shoes(style, zones), legs, *shirt, (Piece("tie", "trim", 14, _even(0.014)), tie),
        (Piece("suit", "top", 15, _flared(0.018, 0.030, -0.2, -0.46), 4, patterned=True), jacket),
        (Piece("lapel", "top", 15, _even(0.022)), lapels),
    ]  # fmt: skip


def _skirted(style: Style, zones: Zones) -> list[Cover]:
    """The upper half of what hangs below (`draping`): blouse, dress or robe."""
    name = {"top and skirt": "top"}.get(style.kind, style.kind)
    upper = _top(style, zones, name, 0.008)
    hips = (Piece("skirt" if style.kind == "top and skirt" else name, "bottom", 20, _even(0.009), 4),
        zones.trunk & (zones.y < seams.heights[1]) & (zones.y > seams.heights[4]))  # fmt: skip
    return [*_shoes(style, zones), *upper, hips, *_belt(style, zones)]


def _armour(style: Style, zones: Zones) -> list[Cover]:
    lower = _legs(style, zones, "trousers")
    trunk = zones.trunk & (seams.crew(zones.middles) > 0)
    arm, x, y, h = zones.arm, zones.x, zones.y, seams.heights
    mail = (trunk & (y > h[4])) | (arm & (x < seams.sleeve_ends[3]))

    def plate(metres: float, shell: int, where: np.ndarray) -> Cover:
        return Piece("armour", "plate", shell, _even(metres), 2), where

    return [
        *_shoes(style, zones), *lower, (Piece("mail", "plate", 10, _even(0.009), 3), mail),
        plate(0.028, 11, trunk & (y > h[1])),
        plate(0.034, 12, trunk & (y < h[2]) & (y > h[3])),
        plate(0.020, 13, arm & (x > seams.sleeve_ends[1]) & (x < seams.sleeve_ends[3])),
        plate(0.022, 14, zones.trunk & (y < h[4]) & (y > h[5])),
        plate(0.026, 15, zones.trunk & (y < h[6]) & (y > h[9])),
        (Piece("belt", "trim", 40, _even(0.030)), trunk & (y > h[2]) & (y < h[1])), *_gloves(style, zones),
    ]  # fmt: skip


def _leotard(style: Style, zones: Zones) -> list[Cover]:
    end = seams.sleeve_ends[style.sleeve] if style.sleeve >= 0 else 0.175
    trunk = zones.trunk & (seams.crew(zones.middles) > 0) & (seams.leg_line(zones.middles) > 0)
    trunk &= ~(zones.front & (seams.opening(seams.v_tips[1])(zones.middles) < 0) & (style.neck == "v"))
    where = trunk | zones.arm & (zones.x < end)
    return [(Piece(style.kind if style.kind != "swimsuit" else "shorts", "top", 10, _even(0.004), 2, True), where)]


def _bodysuit(style: Style, zones: Zones) -> list[Cover]:
    where = zones.trunk & (zones.y > seams.ankle) & (seams.collar(zones.middles) < 0)
    where |= zones.arm & (zones.x < seams.wrist)
    covers = [(Piece("bodysuit", "top", 10, _even(0.003), 1, patterned=True), where)]
    return [*_shoes(style, zones), *covers, *_belt(style, zones), *_gloves(style, zones)]


def _swimsuit(style: Style, zones: Zones) -> list[Cover]:
    if style.covered:
        return _leotard(style, zones)
    where = zones.trunk & (zones.y < seams.heights[2]) & (zones.y > seams.heights[style.leg])
    return [(Piece("shorts", "bottom", 20, _flared(0.006, 0.018, -0.5, -0.7), 3, patterned=True), where)]


_kinds: dict[str, Callable[[Style, Zones], list[Cover]]] = {
    "suit": _suit, "shirt and trousers": _shirt_and_legs, "t-shirt and shorts": _shirt_and_legs,
    "top and skirt": _skirted, "dress": _skirted, "robe": _skirted, "cloak": _shirt_and_legs, "armour": _armour,
    "leotard": _leotard, "bodysuit": _bodysuit, "swimsuit": _swimsuit,
}  # fmt: skip
