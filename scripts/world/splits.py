"""The sets of pictures that a world is made of: what each may show, and what is held out of training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.body import Body
from scripts.world import places
from scripts.world.casting import Casting, Chances, Poses
from scripts.world.picture import Artist, Picture
from scripts.world.words import styles

held_out_styles = ("watercolour", "engraving", "stained glass")
held_out_places = ("temple", "desert", "harbour")
known_styles = tuple(name for name in styles if name not in held_out_styles)
known_places = tuple(name for name in places.names if name not in held_out_places)
photo_share = 0.15  # of the known places, where real pictures are given
train_file, unseen_file = "wholebody_train.npz", "wholebody_held_out.npz"


@dataclass(frozen=True)
class Split:
    """A set of pictures: which poses, styles and places it draws from, and what it is for.

    `reserved` as `Poses` has it; `each_style` draws every figure in all styles, one after the other; `calm` as
    `Chances`.
    """

    about: str
    poses: str = train_file
    reserved: bool | None = True
    styles: tuple[str, ...] = known_styles
    places: tuple[str, ...] = known_places
    each_style: bool = False
    calm: bool = False


splits: dict[str, Split] = {
    "train": Split("to learn poses and pictures from", reserved=False),
    "more_styles": Split("the held-out styles, to learn pictures from, never poses", reserved=False,
                         styles=held_out_styles),
    "more_places": Split("the held-out places, to learn pictures from, never poses", reserved=False,
                         places=held_out_places),
    "test": Split("as in training, other figures"),
    "styles": Split("styles that no pose was learnt from", styles=held_out_styles),
    "places": Split("places that no pose was learnt from", places=held_out_places),
    "clips": Split("dances and sports of which no frame was learnt from", unseen_file, None),
    "matrix": Split("every figure in every style", styles=styles, each_style=True),
    "portraits": Split("one whole figure each, to learn painting from: all styles, all places", reserved=False,
                       styles=styles, places=places.names, calm=True),
    "sitters": Split("as portraits, other figures", styles=styles, places=places.names, calm=True),
    "dancers": Split("as portraits, of dances and sports of which no frame was learnt from", unseen_file, None, styles,
                     places.names, calm=True),
}  # fmt: skip
numbers = {name: number for number, name in enumerate(splits)}


class Gallery:
    """Any picture of any split by its number: what is needed for them is loaded once."""

    def __init__(self, body: Body, poses: Path, seed: int, photos: Path | None = None) -> None:
        self._body, self._folder, self._seed = body, poses, seed
        self._real = None if photos is None else places.Photos(photos)
        self._poses: dict[tuple[str, bool | None], Poses] = {}
        self._artist: Artist | None = None

    def picture(self, name: str, index: int) -> Picture:
        """Picture number `index` of a split, the same whoever asks and when."""
        split = splits[name]
        scene, style = divmod(index, len(split.styles)) if split.each_style else (index, None)
        rng = np.random.default_rng((self._seed, numbers[name], scene))
        artist = self._of(split)
        recipe, poses = artist.casting.drawn(index, rng)
        if style is not None:
            recipe = replace(recipe, style=split.styles[style])
        return artist.drawn(recipe, poses, rng)

    def _of(self, split: Split) -> Artist:
        key = split.poses, split.reserved
        if key not in self._poses:
            self._poses[key] = Poses(self._folder / split.poses, split.reserved)
        real = split.places is known_places and self._real is not None
        chances = Chances(split.styles, split.places, photo_share if real else 0.0, split.calm)
        casting = Casting(self._body, self._poses[key], chances)
        if self._artist is None:
            self._artist = Artist(self._body, casting, self._real)
        self._artist.casting = casting
        return self._artist
