"""Mannequins with flesh, hair and clothes on: the lumps that a sculpture is made of."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from engine.mannequin import Beast, Posed, Seen
from engine.skeleton import fingers
from scripts.sculpture import Lump


@dataclass(frozen=True)
class Dress:
    """What covers each part: a material by name.

    `shorts` go over the rest, `skirt` is its length in thighs, `hair` one of bun, short, long.
    """

    torso: str = "top"
    upper_arms: str = "skin"
    forearms: str = "skin"
    thighs: str = "trousers"
    shins: str = "trousers"
    feet: str = "shoes"
    loose: float = 0.006
    shorts: str = ""
    skirt: float = 0.0
    hair: str = "short"


def dressed(body: Posed, seen: Seen, dress: Dress) -> list[Lump]:
    """The lumps of a person, in the camera's axes."""
    lumps = [*_torso(body, dress), *_head(body, dress)]
    for side, s in (("left", 1.0), ("right", -1.0)):
        lumps += [*_arm(body, side, dress), *_leg(body, side, s, dress), *_hand(body, side)]
    if dress.skirt:
        lumps += _skirt(body, dress)
    return [_in_camera(lump, seen) for lump in lumps]


def _in_camera(lump: Lump, seen: Seen) -> Lump:
    start, end = (seen.camera.in_camera(np.asarray(place, dtype=float)) for place in (lump.start, lump.end))
    return lump._replace(start=start, end=end)


def _torso(body: Posed, dress: Dress) -> list[Lump]:
    chest, hips, girth = body.frames["chest"], body.frames["hips"], body.build.girth
    wide, broad = body.build.shoulders, body.build.hips
    middle = (chest[:, 0] + hips[:, 0]) / 2
    puff = dress.loose if dress.torso != "skin" else 0.0
    upper = (body["chest"] + body["neck"] * 2) / 3 + chest @ (0, -0.01, 0)
    rows = (
        (upper, chest[:, 0], 0.085 * wide, 0.068),
        (body["chest"] + chest @ (0, 0.09 * body.build.torso, 0.004), chest[:, 0], 0.068 * wide, 0.092),
        (body["chest"], middle, 0.054 * wide, 0.084),
        (body["waist"], middle, 0.054 * broad, 0.079),
        (body["hips"] + hips @ (0, 0.02, 0), hips[:, 0], 0.074 * broad, 0.088),
    )
    lumps = []
    for (p, x, half, r), (q, y, other, t) in pairwise(rows):
        for s in (1, -1):
            ends = p + x * half * s, q + y * other * s
            lumps.append(Lump(*ends, r * girth + puff, t * girth + puff, dress.torso, 0.03))
    bottom = dress.shorts or (dress.torso if dress.thighs == "skin" else dress.thighs)
    for s in (1, -1):
        seat = body["hips"] + hips @ np.array((s * 0.066 * broad, -0.04, -0.034))
        lumps.append(Lump(seat, seat, 0.074 * girth + puff, 0.074 * girth + puff, bottom, 0.05))
        side = "left" if s > 0 else "right"
        # Trapezius: from the neck down to the shoulder.
        slope = (body[f"{side}_shoulder"] + body["neck"]) / 2
        cloth = dress.torso
        lumps.append(Lump(body["neck"] + chest @ (0, 0.02, -0.01), slope, 0.048 * girth, 0.05 * girth, cloth, 0.05))
        lumps.append(Lump(slope, body[f"{side}_shoulder"], 0.05 * girth, 0.05 * girth + puff, cloth, 0.04))
    return lumps


def _head(body: Posed, dress: Dress) -> list[Lump]:
    axes, origin, k = body.frames["head"], body["head"], body.build.head

    def at(x: float, y: float, z: float) -> np.ndarray:
        return origin + axes @ np.array((x, y, z)) * k

    skull = (
        (at(0, 0.032, -0.012), at(0, 0.030, 0.018), 0.074, 0.072, "skin", 0.02),
        (at(0, 0.0, 0.030), at(0, -0.084, 0.062), 0.064, 0.026, "skin", 0.03),
        (at(0.034, -0.02, 0.02), at(0.014, -0.088, 0.052), 0.036, 0.024, "skin", 0.03),
        (at(-0.034, -0.02, 0.02), at(-0.014, -0.088, 0.052), 0.036, 0.024, "skin", 0.03),
        (at(0, 0.012, 0.090), at(0, -0.027, 0.108), 0.007, 0.012, "skin", 0.014),
        (at(0.073, 0.008, -0.004), at(0.070, -0.022, 0.0), 0.013, 0.009, "skin", 0.008),
        (at(-0.073, 0.008, -0.004), at(-0.070, -0.022, 0.0), 0.013, 0.009, "skin", 0.008),
        (body["neck"] + (origin - body["neck"]) * 0.12, at(0, -0.02, -0.006), 0.05, 0.048, "skin", 0.03),
    )
    hair = [
        (at(0, 0.050, -0.020), at(0, 0.062, 0.010), 0.080, 0.068, "hair", 0.012),
        (at(0.03, 0.02, -0.030), at(-0.03, 0.02, -0.030), 0.072, 0.072, "hair", 0.012),
        (at(0.045, 0.062, 0.035), at(0.066, 0.018, 0.006), 0.036, 0.020, "hair", 0.012),
        (at(-0.045, 0.062, 0.035), at(-0.066, 0.018, 0.006), 0.036, 0.020, "hair", 0.012),
        (at(-0.034, 0.086, 0.044), at(0.03, 0.088, 0.05), 0.034, 0.030, "hair", 0.012),
    ]
    if dress.hair == "bun":
        hair.append((at(0, 0.085, -0.092), at(0, 0.095, -0.100), 0.042, 0.040, "hair", 0.01))
    if dress.hair == "long":
        down = np.array((0, -1.0, 0)) * 0.5 - axes[:, 1] * 0.5
        for x in (-0.055, 0.0, 0.055):
            top = at(x, 0.03, -0.055)
            hair.append((top, top + (down * 0.22 - axes[:, 2] * 0.02) * k, 0.058, 0.034, "hair", 0.03))
    return [Lump(a, b, r * k, q * k, material, soft) for a, b, r, q, material, soft in (*skull, *hair)]


def _arm(body: Posed, side: str, dress: Dress) -> list[Lump]:
    g, girth = dress.loose, body.build.girth
    shoulder, elbow, wrist = (body[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
    upper, fore = (g if dress.upper_arms != "skin" else 0), (g if dress.forearms != "skin" else 0)
    bulge = elbow + (wrist - elbow) * 0.26
    short = shoulder + (elbow - shoulder) * 0.42
    sleeve = dress.torso if dress.upper_arms == "skin" and dress.torso != "leotard" else dress.upper_arms
    return [
        Lump(shoulder, elbow, 0.050 * girth + upper, 0.037 * girth + upper, dress.upper_arms, 0.03),
        Lump(shoulder, short, 0.054 * girth + upper, 0.050 * girth + g * (sleeve != "skin"), sleeve, 0.02),
        Lump(elbow, bulge, 0.037 * girth + fore, 0.040 * girth + fore, dress.forearms, 0.006),
        Lump(bulge, wrist, 0.040 * girth + fore, 0.025 * girth + fore, dress.forearms, 0.008),
    ]


def _leg(body: Posed, side: str, s: float, dress: Dress) -> list[Lump]:
    girth, k, hips = body.build.girth, body.build.legs, body.frames["hips"]
    hip, knee, ankle, ball, heel, toe, little = (
        body[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle", "ball", "heel", "big_toe", "small_toe")
    )
    upper, lower = (dress.loose if part != "skin" else 0 for part in (dress.thighs, dress.shins))
    back = ankle - knee
    back = np.cross(back, np.cross(back, ball - heel))
    calf = knee + (ankle - knee) * 0.28 + back / np.linalg.norm(back) * 0.014
    flare = 0.010 if dress.shins == "trousers" else 0.0
    top = hip + hips @ np.array((s * -0.004, 0.0, 0.004))
    lumps = [
        Lump(top, knee, 0.086 * girth + upper, 0.050 * girth + upper, dress.thighs, 0.04),
        Lump(knee, calf, 0.050 * girth + lower, 0.052 * girth + lower, dress.shins, 0.008),
        Lump(calf, ankle, 0.052 * girth + lower, 0.031 * girth + lower + flare, dress.shins, 0.01),
    ]
    if dress.shorts:
        half = top + (knee - top) * 0.24
        lumps.append(Lump(top, half, 0.090 * girth + 0.004, 0.083 * girth + 0.006, dress.shorts, 0.02))
    sole = 0.005 if dress.feet == "shoes" else 0.0
    inner, outer = ball + (toe - ball) * 0.55, ball + (little - ball) * 0.6
    foot = ((ankle + (ball - ankle) * 0.3, ball, 0.029, 0.023),
        (heel + (ankle - heel) * 0.2, heel + (ankle - heel) * 0.6, 0.028, 0.026), (heel, ball, 0.024, 0.022),
            (ball, inner, 0.026, 0.019), (ball, outer, 0.026, 0.018))  # fmt: skip
    return lumps + [Lump(a, b, r * k + sole, q * k + sole, dress.feet, 0.02) for a, b, r, q in foot]


def _hand(body: Posed, side: str) -> list[Lump]:
    k, root = body.build.hands, body[f"{side}_hand_root"]
    lumps = []
    for finger in fingers:
        places = [body[f"{side}_hand_{finger}_{i}"] for i in range(1, 5)]
        lumps.append(Lump(root, places[0], 0.017 * k, 0.013 * k, "skin", 0.012))
        widths = (0.0115, 0.0098, 0.0088, 0.0072) if finger != "thumb" else (0.014, 0.0115, 0.0105, 0.008)
        lumps += [
            Lump(a, b, p * k, q * k, "skin", 0.005)
            for a, b, p, q in zip(places[:-1], places[1:], widths[:-1], widths[1:], strict=True)
        ]
    return lumps


def _skirt(body: Posed, dress: Dress) -> list[Lump]:
    """Cloth that hangs from the waist around both knees, in folds."""
    hips, lumps = body.frames["hips"], []
    knees = [body[f"{side}_knee"] - body["hips"] for side in ("left", "right")]
    fall = (sum(knees) / 2 + (0, -0.4, 0)) / 2 * dress.skirt  # type: ignore[operator]
    stride = abs((knees[0] - knees[1]) @ hips[:, 2]) * 0.5 * dress.skirt
    for angle in np.arange(0, 360, 15):
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        top = body["waist"] + hips @ np.array((c * 0.09, -0.05, s * 0.06))
        fold = 1 + 0.16 * np.sin(np.radians(angle * 6))
        out = np.array((c * (0.155 + 0.045 * dress.skirt), 0, s * (0.125 + stride + 0.03 * dress.skirt))) * fold
        lumps.append(Lump(top, body["hips"] + hips @ (out * 0.8) + fall * 0.25, 0.055, 0.056, "skirt", 0.03))
        lumps.append(
            Lump(
                body["hips"] + hips @ (out * 0.8) + fall * 0.25,
                body["hips"] + fall + hips @ (out * 1.15),
                0.052,
                0.030,
                "skirt",
                0.022,
            )
        )
    return lumps


def coated(beast: Beast, seen: Seen) -> list[Lump]:
    """The lumps of an animal, in the camera's axes."""
    big = float(np.linalg.norm(beast["chest"] - beast["croup"])) > 1
    k, fine = (2.7, 0.74) if big else (1.0, 1.0)  # a horse's head and neck are slim for its barrel
    body = [
        ("croup", "belly", 0.100, 0.104, 0.08), ("belly", "chest", 0.106, 0.094, 0.06), ("croup",
        "loin", 0.10, 0.075, 0.08),
        ("loin", "withers", 0.075, 0.055, 0.08), ("withers", "chest", 0.058, 0.090, 0.06),
        ("chest", "poll", 0.092 * fine, 0.044 * fine, 0.05), ("withers", "poll", 0.056 * fine, 0.044 * fine, 0.05),
        ("poll", "brow", 0.044 * fine, 0.046 * fine, 0.02), ("brow", "nose", 0.042 * fine, 0.027 * fine, 0.02),
        ("jaw", "nose", 0.052 * fine, 0.026 * fine, 0.06), ("poll", "jaw", 0.044 * fine, 0.048 * fine, 0.03),
        ("brow", "jaw", 0.046 * fine, 0.050 * fine, 0.03),
        ("poll", "left_ear", 0.020 * fine, 0.005, 0.006), ("poll", "right_ear", 0.020 * fine, 0.005, 0.006),
    ]  # fmt: skip
    for side in ("left", "right"):
        body += [
            ("chest", f"{side}_shoulder", 0.075, 0.062, 0.05), (f"{side}_shoulder",
            f"{side}_elbow", 0.062, 0.040, 0.04),
            (f"{side}_elbow", f"{side}_carpus", 0.040 * fine, 0.024 * fine, 0.012), (f"{side}_carpus",
            f"{side}_front_paw", 0.021 * fine, 0.016 * fine, 0.008),
            ("croup", f"{side}_hip", 0.09, 0.082, 0.06), (f"{side}_hip", f"{side}_knee", 0.084, 0.048, 0.05),
            (f"{side}_knee", f"{side}_hock", 0.044, 0.024 * fine, 0.02), (f"{side}_hock",
            f"{side}_back_paw", 0.022 * fine, 0.017 * fine, 0.008),
        ]  # fmt: skip
    lumps = [Lump(beast[a], beast[b], r * k, q * k, "coat", soft * k) for a, b, r, q, soft in body]
    for side in ("left", "right"):
        for paw in ("front_paw", "back_paw"):
            place = beast[f"{side}_{paw}"]
            lumps.append(
                Lump(
                    place + np.array((0, 0.02 * k, 0)),
                    place + np.array((0, 0.012, 0.012 * k)),
                    0.018 * k * fine,
                    0.021 * k * fine,
                    "hoof",
                    0.01 * k,
                )
            )
    lumps.append(Lump(beast["root_of_tail"], beast["tail_middle"], 0.020 * k, 0.034 * k, "mane", 0.03 * k))
    lumps.append(Lump(beast["tail_middle"], beast["tail_tip"], 0.034 * k, 0.010 * k, "mane", 0.03 * k))
    for side, s in (("left", 1), ("right", -1)):
        eye = (beast[f"{side}_eye"] * 2 + beast["brow"] + beast["jaw"] * 0.3) / 3.3 + np.array(
            (s * 0.012 * k * fine, 0, 0)
        )
        lumps.append(Lump(eye, eye, 0.013 * k * fine, 0.013 * k * fine, "mane", 0.002))
    if big:
        crest = beast["poll"] - beast["withers"]
        over = np.array((0.0, 0.035, -0.035)) * k
        for share in np.linspace(0.12, 1.0, 9):
            root = beast["withers"] + crest * share + over * 0.62
            lumps.append(Lump(root, root + np.array((0.17, -0.17, -0.05)), 0.055, 0.02, "mane", 0.02))
    return [_in_camera(lump, seen) for lump in lumps]
