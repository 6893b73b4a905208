"""Clothes cut out of a body's own skin: which faces are of which cloth, how far each stands off, baked once per cut.

A body posed is then dressed by two sparse products: its vertices to the cloth's, and faces to normals.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.spatial import ConvexHull

from engine.body import Body
from scripts.world.layers import materials
from scripts.world.wear.cutting import Cloth, Matrix, cut, incidence, normals, smoothing
from scripts.world.wear.kinds import Piece, Style, pieces_of
from scripts.world.wear.seams import Zones, ankle, common, dotted, striped

_eye_back = 0.105  # metres to the front of the body at rest, where the back halves of the eyes end


@dataclass(frozen=True, eq=False)
class Worn:
    """A body's cloth posed: points and normals (N, 3) f32, faces (F, 3) i32, and faces' materials (F,)
    uint8."""

    points: np.ndarray
    normals: np.ndarray
    faces: np.ndarray
    material: np.ndarray


@dataclass(frozen=True, eq=False)
class Pattern:
    """A style cut for a body; what `worn` needs of it, at three levels.

    Skin (U): the cut mesh in one. Cloth (W): a vertex for each piece of cloth that meets there, off by `lift` metres,
    or on the `scalp` (W,) bool, where hair decides.
    Paint (N): a vertex for each colour, `paint` (N,) into `names`; `tinted` (T,) are those that keep the skin's own
    shades, `tint` (T, 3).
    """

    matrix: Matrix
    scalp: np.ndarray
    skin_faces: np.ndarray
    skin_sums: Matrix
    skin_of: np.ndarray
    lift: np.ndarray
    cloth_faces: np.ndarray
    cloth_sums: Matrix
    cloth_of: np.ndarray
    faces: np.ndarray
    material: np.ndarray
    paint: np.ndarray
    names: tuple[str, ...]
    tinted: np.ndarray
    tint: np.ndarray

    def worn(self, vertices: np.ndarray, hair: float) -> Worn:
        """The cloth on a posed body (V, 3), whose hair stands `hair` metres off the scalp."""
        skin = self.matrix @ vertices
        out = normals(skin, self.skin_faces, self.skin_sums)
        lift = np.where(self.scalp, np.float32(hair), self.lift)
        cloth = skin[self.skin_of] + lift[:, None] * out[self.skin_of]
        shade = normals(cloth, self.cloth_faces, self.cloth_sums)
        return Worn(cloth[self.cloth_of], shade[self.cloth_of], self.faces, self.material)

    def colors(self, dye: dict[str, tuple[int, int, int]]) -> np.ndarray:
        """Colours (N, 3) uint8 of pieces by name; what has no dye keeps the body's own."""
        table = np.array([dye.get(name, (255, 255, 255)) for name in self.names], np.uint8)
        colors = table[self.paint]
        own = colors[self.tinted] * self.tint
        colors[self.tinted] = np.minimum(own, 255)
        return colors


@dataclass(eq=False)
class Tailor:
    """Cuts patterns for one body, and keeps them."""

    body: Body
    _cut: dict[str, tuple[Cloth, np.ndarray]] = field(default_factory=dict)
    _patterns: dict[tuple[Style, str], Pattern] = field(default_factory=dict)

    @cached_property
    def rest(self) -> np.ndarray:
        """The file's own shape at rest (V, 3) f32."""
        return self.body.file.array("v_template").astype(np.float32)

    @cached_property
    def tint(self) -> np.ndarray:
        """Colours (V, 3) f32 as a share of plain skin's."""
        return self.body.outfit.skin.astype(np.float32) / np.array((226, 188, 160), np.float32)

    def pattern(self, style: Style, kind: str) -> Pattern:
        """The style, "plain", with "stripes" or "dots"."""
        key = style, kind
        if key not in self._patterns:
            self._patterns[key] = self._baked(style, kind)
        return self._patterns[key]

    def _cloth(self, kind: str) -> tuple[Cloth, np.ndarray]:
        """The cut mesh, and whether a face is of the pattern's second colour (F,) bool."""
        if kind not in self._cut:
            seams, inside = {"stripes": striped, "dots": dotted}.get(kind, lambda: ([], None))()
            part = self.body.file.array("face_part")
            front = self.rest[self.body.faces][..., 2].min(axis=1) > _eye_back
            seen = np.flatnonzero((part == 0) | (part > 2) | front)  # the back of an eye never is
            cloth = cut(self.rest, self.body.faces[seen], common() + seams)
            cloth = Cloth(cloth.matrix, cloth.faces, seen[cloth.source])
            middles = (cloth.matrix @ self.rest)[cloth.faces].mean(axis=1)
            second = inside(middles) < 0 if inside else np.zeros(len(cloth.faces), bool)
            self._cut[kind] = cloth, second
        return self._cut[kind]

    def _baked(self, style: Style, kind: str) -> Pattern:
        cloth, second = self._cloth(kind)
        rest = cloth.matrix @ self.rest
        part = self.body.file.array("face_part")[cloth.source]
        zones = Zones(rest[cloth.faces].mean(axis=1))
        pieces, label = pieces_of(style, zones, part)
        faces, dyed = cloth.faces, second & np.array([p.patterned for p in pieces])[label]
        shod = next((i for i, piece in enumerate(pieces) if piece.name == "shoes"), None)
        if shod is not None:
            faces, label, dyed = _shod(rest, faces, label, dyed, (part == 0) & (zones.y < ankle), shod)
        return _pattern(self, cloth.matrix, rest, faces, label, dyed, pieces)


def _shod(
    rest: np.ndarray, faces: np.ndarray, label: np.ndarray, dyed: np.ndarray, foot: np.ndarray, shoes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Faces with the hull of each foot for a shoe in place of toes; the piece after `shoes` is its sole."""
    new, kinds = [faces[~foot]], [label[~foot]]
    for side in (1, -1):
        own = np.unique(faces[foot])
        own = own[rest[own, 0] * side > 0]
        hull = ConvexHull(rest[own])
        shell = own[hull.simplices]
        a, b, c = (rest[shell[:, i]] for i in range(3))
        across = np.cross(b - a, c - a)
        inward = (across * hull.equations[:, :3]).sum(axis=1) < 0
        shell[inward] = shell[inward][:, ::-1]
        top = hull.equations[:, 1] > 0.95  # open for the leg
        top &= rest[shell][:, :, 1].min(axis=1) > ankle - 0.02
        low = rest[shell][:, :, 1].max(axis=1) < -1.272
        new.append(shell[~top])
        kinds.append(np.where(low, shoes + 1, shoes)[~top])
    count = sum(map(len, new)) - len(new[0])
    return np.concatenate(new), np.concatenate(kinds), np.concatenate([dyed[~foot], np.zeros(count, bool)])


def _pattern(
    tailor: Tailor, matrix: Matrix, rest: np.ndarray, faces: np.ndarray, label: np.ndarray,
    dyed: np.ndarray, pieces: list[Piece],
) -> Pattern:  # fmt: skip
    used, faces = np.unique(faces, return_inverse=True)
    faces = faces.reshape(-1, 3)
    matrix, rest = matrix[used], rest[used]
    shell = np.array([piece.shell for piece in pieces])[label]
    cloth_of, cloth_faces = _split(faces, shell)  # (W, 2) of skin vertex and shell
    skin_of = cloth_of[:, 0]
    loose = np.zeros(len(rest), np.int64)
    lift = np.zeros(len(cloth_of), np.float32)
    scalp = np.zeros(len(cloth_of), bool)
    for number, piece in enumerate(pieces):
        of_piece = np.unique(cloth_faces[label == number])
        lift[of_piece] = piece.lift(rest[skin_of[of_piece]])
        loose[skin_of[of_piece]] = piece.loose
        scalp[of_piece] = piece.name == "hair"
    border = np.bincount(skin_of, minlength=len(rest)) > 1
    for times in sorted(set(loose.tolist()) - {0}):
        matrix = smoothing(faces, len(rest), (loose == times) & ~border, times) @ matrix
    names = [piece.name for piece in pieces] + [piece.name + " 2" for piece in pieces]
    paint = label + dyed * len(pieces)
    paint_of, paint_faces = _split(cloth_faces, paint)
    rims, rim_points, rim_label = _rims(faces, cloth_faces, label, lift, paint)
    count = len(paint_of)
    paint_of = np.concatenate([paint_of, rim_points])
    material = np.array([materials[piece.material] for piece in pieces] * 2, np.uint8)
    tints = (matrix @ tailor.tint)[skin_of[paint_of[:, 0]]]
    tinted = np.flatnonzero(np.array([piece.tinted for piece in pieces] * 2)[paint_of[:, 1]])
    return Pattern(
        matrix.tocsr().astype(np.float32), scalp, faces.astype(np.int32), incidence(faces, len(rest)),
        skin_of, lift, cloth_faces.astype(np.int32), incidence(cloth_faces, len(cloth_of)), paint_of[:, 0],
        np.concatenate([paint_faces, rims + count]).astype(np.int32),
        np.concatenate([material[paint], material[rim_label]]),
        paint_of[:, 1].astype(np.uint8), tuple(names), tinted, tints[tinted].astype(np.float32),
    )  # fmt: skip


def _split(faces: np.ndarray, kind: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A vertex for each (vertex, kind of face) there is: the pairs (M, 2), and faces into them."""
    most = int(kind.max()) + 1
    keys, found = np.unique(faces * most + kind[:, None], return_inverse=True)
    return np.stack([keys // most, keys % most], axis=1), found.reshape(-1, 3)


def _rims(
    skin: np.ndarray, cloth: np.ndarray, label: np.ndarray, lift: np.ndarray, paint: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Strips that close the step between two pieces: faces (R, 3) into points (P, 2) of cloth vertex and paint, and
    the paint (R,), that of the piece that stands off more."""
    a = np.stack([skin, np.roll(skin, -1, axis=1)], axis=-1).reshape(-1, 2)
    ends = np.stack([cloth, np.roll(cloth, -1, axis=1)], axis=-1).reshape(-1, 2)
    flipped = a[:, 0] > a[:, 1]
    a, ends = np.sort(a, axis=1), np.where(flipped[:, None], ends[:, ::-1], ends)
    own = np.repeat(paint, 3)
    order = np.lexsort((a[:, 1], a[:, 0]))
    same = (a[order[1:]] == a[order[:-1]]).all(axis=1)
    one, other = order[:-1][same], order[1:][same]
    step = (ends[one] != ends[other]).any(axis=1)
    one, other = one[step], other[step]
    higher = lift[ends[one]].sum(axis=1) >= lift[ends[other]].sum(axis=1)
    high, low = np.where(higher, one, other), np.where(higher, other, one)
    corners = np.stack([ends[low, 0], ends[low, 1], ends[high, 1], ends[high, 0]], axis=1)
    corners[flipped[high]] = corners[flipped[high]][:, ::-1]
    points = np.stack([corners.ravel(), np.repeat(own[high], 4)], axis=1)
    first = np.arange(len(high))[:, None] * 4
    faces = np.concatenate([first + np.array(half) for half in ((0, 1, 2), (0, 2, 3))])
    return faces, points, np.tile(own[high], 2)
