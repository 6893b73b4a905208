"""A pose map read back: the joints that an OpenPose rendering or an SP-Ctrl index map shows, as a pose.

Both kinds paint each joint as a disc of a colour (or number) of its own, and each limb in another. The discs
are found first; the limbs then say which discs belong to one figure. Hands and faces are not read.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import cv2
import numpy as np

from engine.draw import first_limb, index_skeletons, limb_palette, palette
from engine.pose import Person, Pose2D, State
from engine.skeleton import Skeleton, ap10k17, coco17, openpose18

_blue = palette.index((0, 0, 255))  # the left knee, and every joint of a hand
most_discs = 60  # of one joint: no more figures are told apart
widest_disc = 64  # px; drawn 9 wide, so a map enlarged seven times still reads
_most_sought = 4_000_000  # px looked through for discs, and the picture's own number; sixty figures take 3 million
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
    codes = _openpose_codes(image)
    return codes is not None and len(_best_links(codes, _discs(codes), (openpose18, ap10k17))[0]) > 1


def read_pose_map(image: np.ndarray) -> Pose2D:
    """The pose in a map (H, W) or (H, W, 3) uint8 RGB: on COCO-17, OpenPose-18 or AP-10K.

    Colours and numbers mean other joints on people than on animals: the map is of the skeleton whose limbs run
    from disc to disc along its painted limbs (68 and 69 exist on COCO-17 only). ValueError for any other picture,
    and for one of more than 60 discs of a joint.
    """
    height, width = image.shape[:2]
    people = _index_people(image) if _is_index_map(image) else _openpose_people(image)
    if not people:
        raise ValueError(
            "expected an OpenPose picture on black or an SP-Ctrl index map, got one without their discs or with far "
            "too many"
        )
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
    red, green, blue = (image[..., i][drawn].astype(np.int32) >> 2 for i in range(3))
    coarse = red << 12 | green << 6 | blue  # a JPEG has thousands of near colours: look each up once
    keys = np.flatnonzero(np.bincount(coarse, minlength=1 << 18))
    if not len(keys):
        return None
    levels = np.abs(np.arange(64)[:, None, None] * 4 + 2 - np.array([*palette, *limb_palette[:17]])).astype(np.uint8)
    channels = (levels[part, :, i] for i, part in enumerate((keys >> 12, keys >> 6 & 63, keys & 63)))
    apart = functools.reduce(np.maximum, channels)  # (colours, 35)
    names = np.array([*range(1, 19), *range(first_limb, first_limb + 17)], np.uint8)
    code_of = np.zeros(1 << 18, np.uint8)
    code_of[keys] = np.where(apart.min(1) <= 44, names[apart.argmin(1)], _other)
    codes = np.zeros(drawn.shape, np.uint8)
    codes[drawn] = code_of[coarse]
    limbs = ((codes >= first_limb) & (codes != _other)).sum()
    # Lights at night have such colours here and there; in a map, little is drawn but limbs and discs.
    return codes if limbs > 0.15 * drawn.sum() else None


# ── codes to discs ─────────────────────────────────────────────────────────────────────────────────


def _discs(codes: np.ndarray) -> list[Disc]:
    """Every joint's disc in the map, whole or partly overpainted; none where there are too many to be a map's."""
    there = np.bincount(codes.reshape(-1), minlength=256)
    found_in = [
        _blobs(codes == joint + 1) if there[joint + 1] else np.zeros((0, 5), int) for joint in range(len(palette))
    ]
    boxes = np.concatenate(found_in)  # (x, y, width, height, area)
    joints = np.repeat(np.arange(len(palette)), [len(rows) for rows in found_in])
    if not 0 < len(boxes) < 1500:  # specks of a night sky, say: no crowd has so many joints
        return []
    disc = _disc(boxes)
    pieces = boxes[:, 4] / disc.sum()
    rounds = np.ceil(2 * pieces).astype(int) + 2
    sought = ((boxes[:, 2] + 2 * disc.shape[1]) * (boxes[:, 3] + 2 * disc.shape[0]) * rounds).sum()
    if max(disc.shape) > widest_disc or sought > _most_sought + codes.size:
        return []
    found = sorted(
        (
            match
            for joint, box, most in zip(joints.tolist(), boxes, rounds.tolist(), strict=True)
            for match in _centers(codes, joint, box, disc, most)
        ),
        reverse=True,
    )
    apart: list[list[Disc]] = [[] for _ in palette]
    for _, new in found:  # noise, or a limb across, may split a disc: its best piece stands for it
        rivals = apart[new.joint]
        if all(np.hypot(new.x - old.x, new.y - old.y) > max(disc.shape) / 2 for old in rivals):
            rivals.append(new)
            if len(rivals) > most_discs:
                return []
    return [one for discs in apart for one in discs]


def _blobs(mask: np.ndarray) -> np.ndarray:
    """x, y, width, height and area (N, 5) of the connected areas of a mask, specks left out."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return stats[1:][stats[1:, 4] >= 4]


def _disc(boxes: np.ndarray) -> np.ndarray:
    """The shape (h, w) of a disc, 0 and 1, as large as most of the blobs (N, 5) that are round."""
    fill = boxes[:, 4] / (boxes[:, 2] * boxes[:, 3])
    whole = boxes[(fill > 0.5) & (fill < 0.95) & (boxes[:, 2:4].max(1) < 2.2 * boxes[:, 2:4].min(1))]
    width, height = np.median(whole[:, 2:4] if len(whole) else boxes[:, 2:4], axis=0).astype(int)
    # Ellipses, for a map resized to another shape; as cv2 draws circles, the radius counts from pixel to pixel.
    across, down = (np.linspace(-1, 1, max(int(n), 3)) for n in (width, height))
    return (across**2 + down[:, None] ** 2 <= 1 + 0.5 / min(width, height)).astype(np.uint8)


def _centers(codes: np.ndarray, joint: int, blob: np.ndarray, disc: np.ndarray, most: int) -> list[tuple[float, Disc]]:
    """Where discs must lie to cover a blob of one joint's code and none of the ground, and how much of each shows.

    `most` is how many are looked for.
    """
    h, w = disc.shape
    x0, y0, x1, y1 = blob[0] - w, blob[1] - h, blob[0] + blob[2] + w, blob[1] + blob[3] + h
    left, top = max(x0, 0), max(y0, 0)
    view = codes[top : max(y1, 0), left : max(x1, 0)]
    # Beyond the edge of the picture anything may be: it speaks neither for a place nor against it.
    pad = (top - y0, y1 - top - view.shape[0]), (left - x0, x1 - left - view.shape[1])
    view = np.pad(view, pad, constant_values=_other)
    mine, ground = (view == joint + 1).astype(np.float32), (view == 0).astype(np.float32)
    kernel, area = disc.astype(np.float32), disc.sum()
    found = []
    for _ in range(most):
        score = np.round(cv2.filter2D(mine - ground, -1, kernel, borderType=cv2.BORDER_CONSTANT), 2)
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


def _best_links(
    codes: np.ndarray, discs: list[Disc], skeletons: tuple[Skeleton, ...]
) -> tuple[list[tuple[float, Disc, Disc]], Skeleton]:
    """The links between the discs on the skeleton that fits best, and that skeleton."""
    tried = [(_links(codes, skeleton, discs), skeleton) for skeleton in skeletons]
    return max(tried, key=lambda fit: sum(score for score, *_ in fit[0]))


def _links(codes: np.ndarray, skeleton: Skeleton, discs: list[Disc]) -> list[tuple[float, Disc, Disc]]:
    """Pairs of discs with a painted limb from one to the other, and how surely, best first."""
    height, width = codes.shape
    t = np.linspace(0.1, 0.9, 24)
    links = []
    for place, (a, b) in enumerate(skeleton.bones):
        starts, ends = ([disc for disc in discs if disc.joint == skeleton.index(joint)] for joint in (a, b))
        if not (starts and ends):
            continue
        p, q = np.array(starts)[:, None, 1:], np.array(ends)[None, :, 1:]
        way = p[:, :, None] + t[:, None] * (q - p)[:, :, None]  # (starts, ends, 24, 2)
        x, y = (np.clip(np.round(way[..., i]), 0, side - 1).astype(int) for i, side in enumerate((width, height)))
        along = codes[y, x]
        painted, ground = (along == first_limb + place).mean(2), (along == 0).mean(2)
        # Between near ones the discs themselves cover the limb.
        painted += np.where(np.hypot(*np.moveaxis(q - p, 2, 0)) < 14, 0.05, 0.0)
        sure = np.where((ground < 0.2) & (painted > 0), painted - ground, 0.0)
        links += [(float(sure[i, j]), starts[i], ends[j]) for i, j in np.argwhere(sure > 0)]
    return sorted(links, reverse=True)


def _figures(codes: np.ndarray, skeletons: tuple[Skeleton, ...]) -> tuple[Person, ...]:
    """The discs put together to figures of the skeleton that fits best, by limbs first, then by nearness."""
    discs = _discs(codes)
    links, skeleton = _best_links(codes, discs, skeletons)
    if not links:
        return ()
    discs = [disc for disc in discs if disc.joint < len(skeleton)]
    linked = {disc for _, *pair in links for disc in pair}
    loose_knees = sum(disc.joint == _blue and disc not in linked for disc in discs)
    if skeleton is openpose18 and loose_knees > 2:
        discs = [disc for disc in discs if disc in linked]  # hands: blue discs and lines of every hue
    groups = Groups(discs)
    for _, p, q in links:
        groups.join(groups.of[p], groups.of[q])
    ordered = sorted(set(groups.of.values()), key=lambda group: (-len(groups.discs[group]), group))
    figures = [group for group in ordered if len(groups.discs[group]) > 2] or ordered[:1]
    people = np.bincount([disc.joint for group in figures for disc in groups.discs[group]]).max()
    while len(figures) > people:  # parts of one figure, where a joint between them is missing
        gaps = groups.gaps(figures, figures)
        gaps[np.tril_indices(len(figures))] = np.inf
        a, b = np.unravel_index(gaps.argmin(), gaps.shape)
        if not groups.join(figures[a], figures[b]):
            break
        del figures[b]
    for part in ordered:
        if part not in figures and len(groups.discs[part]) in (1, 2):
            groups.join(figures[groups.gaps(figures, [part]).argmin()], part)
    return tuple(_person(groups.discs[figure], skeleton) for figure in figures)


class Groups:
    """Discs in groups that grow to figures: `discs` by group, `of` the group by disc. No group has a joint twice."""

    def __init__(self, discs: list[Disc]) -> None:
        self.discs = [[disc] for disc in discs]
        self.of = {disc: group for group, disc in enumerate(discs)}
        x, y, joint = (np.array([getattr(disc, what) for disc in discs]) for what in ("x", "y", "joint"))
        self._gaps = np.hypot(x[:, None] - x, y[:, None] - y)
        self._gaps[joint[:, None] == joint] = np.inf

    def gaps(self, some: list[int], others: list[int]) -> np.ndarray:
        """Pixels (some, others) between the nearest discs of groups, infinite where they share a joint."""
        return self._gaps[np.ix_(some, others)]

    def join(self, a: int, b: int) -> bool:
        """Adds group `b` to `a`, unless they share a joint; whether they are one now."""
        if a == b or self._gaps[a, b] == np.inf:
            return a == b
        self.discs[a] += self.discs[b]
        self.of |= dict.fromkeys(self.discs[b], a)
        self.discs[b] = []
        shared = (self._gaps[a] == np.inf) | (self._gaps[b] == np.inf)
        self._gaps[a] = np.where(shared, np.inf, np.minimum(self._gaps[a], self._gaps[b]))
        self._gaps[:, a] = self._gaps[a]
        return True


def _person(discs: list[Disc], skeleton: Skeleton) -> Person:
    points = np.zeros((len(skeleton), 2))
    states: list[State] = ["missing"] * len(skeleton)
    for disc in discs:
        points[disc.joint] = disc.x, disc.y
        states[disc.joint] = "visible"
    return Person(skeleton, points, np.array([state == "visible" for state in states], float), tuple(states))
