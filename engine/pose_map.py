"""A pose map read back: the joints that an OpenPose rendering or an SP-Ctrl index map shows, as a pose.

Both kinds paint each joint as a disc of a colour (or number) of its own, and each limb in another. The discs
are found first; the limbs then say which discs belong to one figure. Hands and faces are not read.
"""

from __future__ import annotations

from itertools import combinations, product
from typing import NamedTuple

import cv2
import numpy as np

from engine.draw import first_limb, index_skeletons, limb_palette, palette
from engine.pose import Person, Pose2D, State
from engine.skeleton import Skeleton, ap10k17, coco17, openpose18

_blue = palette.index((0, 0, 255))  # the left knee, and every joint of a hand
_other = 255  # a colour that is no joint's and no limb's: hands, faces, blurred rims
_index_codes = np.isin(np.arange(256), (0, *range(1, 18), *range(first_limb, first_limb + 19)))


class Disc(NamedTuple):
    """A joint found in a map: its place in the skeleton and its centre (x, y) px."""

    joint: int
    x: float
    y: float


def looks_like_pose_map(image: np.ndarray) -> bool:
    """Whether a picture (H, W) or (H, W, 3) uint8 RGB is a pose map rather than a photo or a drawing."""
    if _is_index_map(image):
        return True
    return any(person.present.sum() >= 3 for person in _openpose_people(image))


def read_pose_map(image: np.ndarray) -> Pose2D:
    """The pose in a map (H, W) or (H, W, 3) uint8 RGB: on COCO-17, OpenPose-18 or AP-10K.

    Colours and numbers mean other joints on people than on animals: the map is of the skeleton whose limbs run
    from disc to disc along its painted limbs (68 and 69 exist on COCO-17 only). ValueError for any other picture.
    """
    height, width = image.shape[:2]
    people = _index_people(image) if _is_index_map(image) else _openpose_people(image)
    if not people:
        raise ValueError("expected an OpenPose picture on black or an SP-Ctrl index map, got one without their discs")
    return Pose2D((width, height), people)


def _index_people(image: np.ndarray) -> tuple[Person, ...]:
    codes = image if image.ndim == 2 else np.ascontiguousarray(image[..., 0])
    human, animal = index_skeletons["human"], index_skeletons["animal"]
    people = _figures(codes, (human,) if (codes >= first_limb + len(animal.bones)).any() else (human, animal))
    # The joints are COCO's in COCO's order, whatever order Human-Art draws its limbs in.
    return tuple(person.to(coco17) if person.skeleton is human else person for person in people)


def _openpose_people(image: np.ndarray) -> tuple[Person, ...]:
    codes = _openpose_codes(image)
    return () if codes is None else _figures(codes, (openpose18, ap10k17))


# ── pixels to codes: joint j is j + 1, limb s is 51 + s, the ground 0 ──────────────────────────────


def _is_index_map(image: np.ndarray) -> bool:
    """Grey, nothing but codes, mostly ground, with limbs, and flat as only drawn areas are."""
    if image.ndim == 3 and not (np.ptp(image[::7, ::7], axis=2) == 0).all():
        return False
    codes = image if image.ndim == 2 else image[..., 0]
    if not _index_codes[codes].all() or (image.ndim == 3 and not (image == codes[..., None]).all()):
        return False
    drawn = codes > 0
    flat = (codes[:, 1:] == codes[:, :-1])[drawn[:, 1:]]
    return bool((codes >= first_limb).any() and drawn.mean() < 0.6 and flat.mean() > 0.7)


def _openpose_codes(image: np.ndarray) -> np.ndarray | None:
    """Codes (H, W) of an OpenPose picture; None where the ground is not black or the colours are not the palette's."""
    if image.ndim != 3 or (image[::5, ::5].max(2) < 40).mean() < 0.5:
        return None
    drawn = image.max(2) > 60
    coarse = image[drawn].astype(np.int32) >> 2  # a JPEG has thousands of near colours: look each up once
    keys, places = np.unique(coarse @ (1 << 12, 1 << 6, 1), return_inverse=True)
    if not len(keys):
        return None
    colors = np.stack([keys >> 12, keys >> 6 & 63, keys & 63], axis=1) * 4 + 2
    apart = np.abs(colors[:, None] - np.array([*palette, *limb_palette[:17]])).max(2)  # (colours, 35)
    names = np.array([*range(1, 19), *range(first_limb, first_limb + 17)], np.uint8)
    codes = np.zeros(drawn.shape, np.uint8)
    codes[drawn] = np.where(apart.min(1) <= 44, names[apart.argmin(1)], _other)[places.reshape(-1)]
    limbs = ((codes >= first_limb) & (codes != _other)).sum()
    # Lights at night have such colours here and there; in a map, little is drawn but limbs and discs.
    return codes if limbs > 0.15 * drawn.sum() else None


# ── codes to discs ─────────────────────────────────────────────────────────────────────────────────


def _discs(codes: np.ndarray) -> list[Disc]:
    """Every joint's disc in the map, whole or partly overpainted."""
    blobs: list[tuple[int, np.ndarray]] = []  # joint, (x, y, width, height, area)
    for joint in range(len(palette)):
        mask = (codes == joint + 1).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        blobs += [(joint, blob) for blob in stats[1:] if blob[4] >= 4]
    if not 0 < len(blobs) < 1500:  # specks of a night sky, say: no crowd has so many joints
        return []
    boxes = np.array([blob for _, blob in blobs])
    fill = boxes[:, 4] / (boxes[:, 2] * boxes[:, 3])
    whole = boxes[(fill > 0.5) & (fill < 0.95) & (boxes[:, 2:4].max(1) < 2.2 * boxes[:, 2:4].min(1))]
    width, height = np.median(whole[:, 2:4] if len(whole) else boxes[:, 2:4], axis=0).astype(int)
    # Ellipses, for a map resized to another shape; as cv2 draws circles, the radius counts from pixel to pixel.
    across, down = (np.linspace(-1, 1, max(int(n), 3)) for n in (width, height))
    disc = (across**2 + down[:, None] ** 2 <= 1 + 0.5 / min(width, height)).astype(np.uint8)
    found = sorted((match for joint, blob in blobs for match in _centers(codes, joint, blob, disc)), reverse=True)
    apart: list[Disc] = []
    for _, new in found:  # noise, or a limb across, may split a disc: its best piece stands for it
        rivals = (old for old in apart if old.joint == new.joint)
        if all(np.hypot(new.x - old.x, new.y - old.y) > max(width, height) / 2 for old in rivals):
            apart.append(new)
    return apart


def _centers(codes: np.ndarray, joint: int, blob: np.ndarray, disc: np.ndarray) -> list[tuple[float, Disc]]:
    """Where discs must lie to cover a blob of one joint's code and none of the ground, and how much of each shows."""
    h, w = disc.shape
    x0, y0, x1, y1 = blob[0] - w, blob[1] - h, blob[0] + blob[2] + w, blob[1] + blob[3] + h
    left, top = max(x0, 0), max(y0, 0)
    view = codes[top : max(y1, 0), left : max(x1, 0)]
    # Beyond the edge of the picture anything may be: it speaks neither for a place nor against it.
    pad = (top - y0, y1 - top - view.shape[0]), (left - x0, x1 - left - view.shape[1])
    view = np.pad(view, pad, constant_values=_other)
    mine, ground = (view == joint + 1).astype(np.float32), (view == 0).astype(np.float32)
    kernel, area = disc.astype(np.float32), disc.sum()
    miss = cv2.filter2D(ground, -1, kernel, borderType=cv2.BORDER_CONSTANT)
    found = []
    for _ in range(64):
        hit = cv2.filter2D(mine, -1, kernel, borderType=cv2.BORDER_CONSTANT)
        score = np.round(hit - miss, 2)
        best = score.max()
        if best < 0.25 * area:
            break
        y, x = np.argwhere(score == best).mean(0)
        center = Disc(joint, float(x0 + x - (1 - w % 2) / 2), float(y0 + y - (1 - h % 2) / 2))
        found.append((float(best / area), center))
        cy, cx = round(y) - h // 2, round(x) - w // 2
        mine[max(cy, 0) : cy + h, max(cx, 0) : cx + w] = 0
    return found


# ── discs to figures ───────────────────────────────────────────────────────────────────────────────


def _links(codes: np.ndarray, skeleton: Skeleton, discs: list[Disc]) -> list[tuple[float, Disc, Disc]]:
    """Pairs of discs with a painted limb from one to the other, and how surely, best first."""
    height, width = codes.shape
    links = []
    for place, (a, b) in enumerate(skeleton.bones):
        i, j = skeleton.index(a), skeleton.index(b)
        ends = product((d for d in discs if d.joint == i), [d for d in discs if d.joint == j])
        for p, q in ends:
            t = np.linspace(0.1, 0.9, 24)
            x = np.clip(np.round(p.x + t * (q.x - p.x)), 0, width - 1).astype(int)
            y = np.clip(np.round(p.y + t * (q.y - p.y)), 0, height - 1).astype(int)
            along = codes[y, x]
            painted, ground = (along == first_limb + place).mean(), (along == 0).mean()
            short = 0.05 if np.hypot(p.x - q.x, p.y - q.y) < 14 else 0.0  # its own discs cover it
            if ground < 0.2 and painted + short > 0:
                links.append((float(painted + short - ground), p, q))
    return sorted((link for link in links if link[0] > 0), reverse=True)


def _figures(codes: np.ndarray, skeletons: tuple[Skeleton, ...]) -> tuple[Person, ...]:
    """The discs put together to figures of the skeleton that fits best, by limbs first, then by nearness."""
    discs = _discs(codes)
    tried = [(_links(codes, skeleton, discs), skeleton) for skeleton in skeletons]
    links, skeleton = max(tried, key=lambda fit: sum(score for score, *_ in fit[0]))
    if not links:
        return ()
    discs = [disc for disc in discs if disc.joint < len(skeleton)]
    linked = {disc for _, *pair in links for disc in pair}
    loose_knees = sum(disc.joint == _blue and disc not in linked for disc in discs)
    if skeleton is openpose18 and loose_knees > 2:
        discs = [disc for disc in discs if disc in linked]  # hands: blue discs and lines of every hue
    groups = [{disc} for disc in discs]
    for _, p, q in links:
        a, b = (next(group for group in groups if disc in group) for disc in (p, q))
        if a is not b and _fit(a, b):
            a |= b
            groups = [group for group in groups if group is not b]
    groups.sort(key=len, reverse=True)
    figures = [group for group in groups if len(group) > 2] or groups[:1]
    people = np.bincount([disc.joint for group in figures for disc in group]).max()
    while len(figures) > people:  # parts of one figure, where a joint between them is missing
        pairs = [(a, b) for a, b in combinations(figures, 2) if _fit(a, b)]
        if not pairs:
            break
        a, b = min(pairs, key=lambda pair: _gap(*pair))
        a |= b
        figures = [figure for figure in figures if figure is not b]
    for part in (group for group in groups if len(group) <= 2 and group is not groups[0]):
        if fitting := [figure for figure in figures if _fit(figure, part)]:
            min(fitting, key=lambda figure: _gap(figure, part)).update(part)
    return tuple(_person(figure, skeleton) for figure in figures)


def _fit(a: set[Disc], b: set[Disc]) -> bool:
    return {disc.joint for disc in a}.isdisjoint(disc.joint for disc in b)


def _gap(a: set[Disc], b: set[Disc]) -> float:
    """Pixels between the nearest discs of two groups."""
    return min(float(np.hypot(p.x - q.x, p.y - q.y)) for p, q in product(a, b))


def _person(discs: set[Disc], skeleton: Skeleton) -> Person:
    points = np.zeros((len(skeleton), 2))
    states: list[State] = ["missing"] * len(skeleton)
    for disc in discs:
        points[disc.joint] = disc.x, disc.y
        states[disc.joint] = "visible"
    return Person(skeleton, points, np.array([state == "visible" for state in states], float), tuple(states))
