"""What a picture of the rendered world shows, in words: figures and their dress, place, light, style, view."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engine.light import lights

Color = tuple[int, int, int]
"""Red, green and blue, 0 … 255."""

Age = Literal["child", "young", "adult", "old"]
Sex = Literal["man", "woman", "person"]
Build = Literal["slim", "average", "heavy", "muscular"]
Angle = Literal["low angle", "eye level", "high angle"]
Framing = Literal["full", "half", "close"]
Stance = Literal["standing", "sitting", "kneeling", "lying", "jumping", "walking", "bending", ""]

# Colours that a caption names, far enough apart to be told from each other on a small picture.
palette: dict[str, Color] = {
    "red": (196, 36, 40), "orange": (235, 128, 32), "yellow": (240, 208, 48), "green": (58, 142, 62),
    "teal": (34, 144, 148), "blue": (44, 84, 190), "purple": (124, 58, 160), "pink": (236, 138, 176),
    "brown": (118, 76, 44), "black": (36, 36, 42), "white": (238, 236, 230), "grey": (136, 138, 142),
    "gold": (204, 160, 60),
}  # fmt: skip
skins: dict[str, Color] = {
    "pale": (240, 208, 190), "fair": (228, 184, 156), "tan": (200, 150, 112), "olive": (186, 146, 104),
    "brown": (150, 100, 70), "dark": (98, 64, 46),
    "green": (122, 170, 96), "blue": (112, 150, 206), "violet": (160, 124, 196), "red": (200, 84, 70),
}  # fmt: skip
natural_skins = ("pale", "fair", "tan", "olive", "brown", "dark")
hairs: dict[str, Color] = {
    "black": (34, 28, 30), "brown": (88, 56, 36), "red": (168, 74, 36), "blond": (218, 180, 104),
    "grey": (168, 168, 172), "white": (236, 234, 230),
    "blue": (60, 100, 200), "green": (70, 150, 90), "pink": (236, 130, 180), "purple": (120, 70, 170),
}  # fmt: skip
natural_hairs = ("black", "brown", "red", "blond", "grey", "white")

hair_shapes = ("bald", "short", "bob", "long", "bun", "ponytail", "spiky", "afro", "plait")
hats = ("", "cone hat", "brimmed hat", "crown", "helmet", "hood")
patterns = ("plain", "stripes", "dots")
held = ("", "sword", "staff", "shield", "ball", "flower", "lantern", "book", "umbrella", "spear")
sceneries = ("", "box", "bench", "pillar", "bush", "table")

# What each kind of dress is made of, each a region with a colour of its own.
dress_regions: dict[str, tuple[str, ...]] = {
    "suit": ("suit", "shirt", "shoes"),
    "shirt and trousers": ("shirt", "trousers", "shoes"),
    "t-shirt and shorts": ("shirt", "shorts", "shoes"),
    "top and skirt": ("top", "skirt", "shoes"),
    "dress": ("dress", "shoes"),
    "robe": ("robe", "shoes"),
    "cloak": ("cloak", "shirt", "trousers", "shoes"),
    "armour": ("armour", "trousers", "shoes"),
    "leotard": ("leotard",),
    "bodysuit": ("bodysuit",),
    "swimsuit": ("shorts",),
}

styles = (
    "render", "clay", "cel", "pencil", "ink wash", "watercolour", "oil", "poster", "pixel", "engraving", "blueprint",
    "stained glass", "low poly",
)  # fmt: skip
light_names = tuple(lights)


@dataclass(frozen=True)
class Dress:
    """What a figure wears: a kind of `dress_regions`, the colour word of each of its regions, pattern and hat."""

    kind: str
    colors: tuple[tuple[str, str], ...]
    pattern: str = "plain"
    hat: str = ""
    hat_color: str = "brown"

    def __post_init__(self) -> None:
        if self.kind not in dress_regions:
            raise ValueError(f"expected a dress among {', '.join(dress_regions)}, got {self.kind!r}")
        if tuple(region for region, _ in self.colors) != dress_regions[self.kind]:
            raise ValueError(f"expected colours of {', '.join(dress_regions[self.kind])}, got {self.colors}")

    def color(self, region: str) -> Color:
        """The colour of a region, by its word."""
        return palette[dict(self.colors)[region]]


@dataclass(frozen=True)
class Figure:
    """One person: age, sex, build, skin and hair by their words, dress, what is held and in which hand."""

    age: Age
    sex: Sex
    build: Build
    skin: str
    hair_shape: str
    hair_color: str
    dress: Dress
    prop: str = ""
    prop_hand: Literal["left", "right"] = "right"
    prop_color: str = "brown"
    stance: Stance = ""


@dataclass(frozen=True)
class Recipe:
    """A whole picture before it is drawn; `seed` decides what words leave open, `clips` is where the poses are from.

    `calm` is a view as a portrait painter takes it: level, from before, the figure in the middle.
    """

    seed: int
    figures: tuple[Figure, ...]
    place: str
    light: str
    style: str
    angle: Angle = "eye level"
    framing: Framing = "full"
    scenery: str = ""
    clips: tuple[str, ...] = field(default=())
    calm: bool = False
