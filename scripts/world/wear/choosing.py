"""What words leave open about a dress, chosen at random: the cut, the shoes, and the colours of small parts."""

from __future__ import annotations

import numpy as np

from scripts.world.wear.kinds import Style
from scripts.world.words import Color, Figure, hairs, palette, skins

scalp = {
    "bald": 0.0, "short": 0.010, "bob": 0.012, "long": 0.012, "bun": 0.008, "ponytail": 0.008, "spiky": 0.010,
    "afro": 0.012, "plait": 0.008,
}  # fmt: skip
"""How far hair stands off the scalp by its shape, metres."""

# A cut is baked when it is first worn, so there are only some of each kind.
_cuts: dict[str, tuple[Style, ...]] = {
    "suit": (Style("suit"),),
    "shirt and trousers": (
        Style("shirt and trousers", 3, "collar", belt=True), Style("shirt and trousers", 3, "crew"),
        Style("shirt and trousers", 2, "collar", boots=7, belt=True), Style("shirt and trousers", 1, "crew", boots=8),
        Style("shirt and trousers", 3, "collar"),
    ),
    "t-shirt and shorts": (
        Style("t-shirt and shorts", 0, leg=5), Style("t-shirt and shorts", 1, leg=6),
        Style("t-shirt and shorts", 0, leg=6, belt=True),
    ),
    "top and skirt": (
        Style("top and skirt", -1), Style("top and skirt", 3), Style("top and skirt", 0, "v"),
        Style("top and skirt", 1, belt=True, boots=7),
    ),
    "dress": (Style("dress", -1), Style("dress", 0, "v"), Style("dress", 1, belt=True), Style("dress", 3, "v")),
    "robe": (Style("robe", 3, "v", belt=True), Style("robe", 3, "crew", belt=True)),
    "cloak": (Style("cloak", 3, belt=True), Style("cloak", 3, boots=7, belt=True)),
    "armour": (Style("armour", belt=True, gloves=True),),
    "leotard": (Style("leotard", -1), Style("leotard", 3), Style("leotard", 0, "v")),
    "bodysuit": (Style("bodysuit"), Style("bodysuit", boots=7, gloves=True), Style("bodysuit", belt=True)),
    "swimsuit": (Style("swimsuit", -1, leg=4), Style("swimsuit", -1, leg=5), Style("swimsuit", -1, covered=True)),
}  # fmt: skip
_plain = ("armour", "robe")  # whatever the words say: plates have no print, and a robe shows its folds


def style_of(figure: Figure, rng: np.random.Generator) -> Style:
    """How the figure wears its dress."""
    cuts = _cuts[figure.dress.kind]
    if figure.dress.kind == "swimsuit":
        cuts = cuts[:2] if figure.sex == "man" else cuts[2:]
    return cuts[int(rng.integers(len(cuts)))]


def pattern_of(figure: Figure) -> str:
    """Which pattern its cloth is printed with."""
    return "plain" if figure.dress.kind in _plain else figure.dress.pattern


def dyes(figure: Figure, rng: np.random.Generator) -> dict[str, Color]:
    """The colour of every piece by its name."""
    dress = figure.dress
    named = {region: palette[word] for region, word in dress.colors}
    skin, hair = skins[figure.skin], hairs[figure.hair_color]
    main = next(iter(named.values()))
    bearded = figure.sex == "man" and figure.age in ("adult", "old") and rng.random() < 0.35
    dark = rng.random() < 0.6
    leather = ((58, 42, 34), (40, 38, 42), (96, 66, 42))[int(rng.integers(3))]
    shoes = named.get("shoes", leather)
    dye = {
        "skin": skin, "eye": (226, 188, 160), "mouth": (226, 188, 160), 
        "hair": skin if figure.hair_shape == "bald" else hair,
        "beard": hair if bearded else skin,
        "shoes": shoes, "sole": shaded(shoes, 0.55), "belt": leather, "gloves": leather,
        "mail": (104, 106, 112), "tie": palette[str(rng.choice(("red", "blue", "black", "purple", "green")))],
        "lapel": shaded(main, 0.78), "collar": shaded(named.get("shirt", main), 0.9),
    }  # fmt: skip
    dye |= named
    second = (244, 242, 238) if sum(main) < 480 or (not dark and sum(main) < 600) else shaded(main, 0.45)
    return dye | {name + " 2": second for name in dye}


def shaded(color: Color, share: float) -> Color:
    """The colour darkened to a share of itself, or lightened beyond one."""
    red, green, blue = (int(min(255, c * share)) for c in color)
    return red, green, blue
