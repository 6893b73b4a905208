"""What a picture of the rendered world shows, said in a sentence: varied in grammar, small in vocabulary, true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scripts.world.phrases import (
    angle_words,
    dress_words,
    framing_words,
    hair_words,
    light_after,
    light_noun,
    patterned,
    place_noun,
    places_where,
    stance_words,
    style_in,
    style_noun,
    who_words,
)  # fmt: skip
from scripts.world.styles import colored
from scripts.world.words import Figure, Recipe, natural_skins, palette

most_words = 60
_greys = ("black", "white", "grey")  # what a style without colours still tells apart
_lower = ("trousers", "shorts", "skirt", "shoes")


@dataclass(frozen=True)
class Slots:
    """The parts of a sentence: style as noun and as manner, people, place, light, view; view may be empty."""

    style: str
    manner: str
    who: str
    doing: str
    where: str
    scene: str
    light: str
    lit: str
    view: str


# Each frame is a sentence; {doing} is what all people do ("standing"), {view} the camera, either may be empty.
frames: tuple[str, ...] = (
    "{style} of {who} {doing} {where} {light}, {view}",
    "{style} of {who} {doing} {where}, {lit}, {view}",
    "{who} {doing} {where} {light}, {manner}, {view}",
    "{who} {doing} {where}, {style}, {lit}, {view}",
    "{style}, {who} {doing}, {where}, {lit}, {view}",
    "{where} {light}, {who} {doing}, {manner}, {view}",
    "{style} of {scene} with {who} {doing}, {lit}, {view}",
    "{manner}: {who} {doing} {where} {light}, {view}",
    "{view}, {style} of {who} {doing} {where} {light}",
    "{scene}, {lit}, {who} {doing}, {style}, {view}",
    "{view}, {who} {doing} {where}, {lit}, {manner}",
    "a picture of {who} {doing} {where} {light}, {manner}, {view}",
    "{style} with {lit}: {who} {doing} {where}, {view}",
    "{who} {doing}, {scene} behind, {lit}, {manner}, {view}",
    "{style} showing {who} {doing} {where} {light}, {view}",
    "{lit}, {where}, {who} {doing}, {style}, {view}",
)


def caption(recipe: Recipe, rng: np.random.Generator) -> str:
    """A sentence of at most 60 words: figures, dress and colours, place, light, style, often the view."""
    frame = frames[int(rng.integers(len(frames)))]
    for detail in (1.0, 0.4, 0.0):
        text = _tidy(frame.format(**vars(_slots(recipe, detail, rng))))
        if len(text.split()) <= most_words:
            break
    return text


def words_of(recipe: Recipe) -> dict[str, Any]:
    """What a probe can check: style, place, light, angle, framing, scenery, and of each figure its dress and colours.

    `colors` of a figure are the words a caption may name, by region; `colored` is false where a style has none.
    """
    people = [
        {
            "who": _noun(figure), "dress": figure.dress.kind, "stance": figure.stance, "prop": figure.prop,
            "colors": {region: word for region, word in _named(figure, recipe) if word},
        }
        for figure in recipe.figures
    ]  # fmt: skip
    return {
        "style": recipe.style, "colored": colored(recipe.style), "place": recipe.place, "light": recipe.light,
        "angle": recipe.angle, "framing": recipe.framing, "scenery": recipe.scenery, "figures": people,
    }  # fmt: skip


def _slots(recipe: Recipe, detail: float, rng: np.random.Generator) -> Slots:
    """The parts, the optional ones with a chance of `detail` times their usual one."""
    stances = {figure.stance for figure in recipe.figures}
    shared = len(stances) == 1
    doing = _pick(stance_words[recipe.figures[0].stance], rng) if shared and rng.random() < 0.8 else ""
    people = [_person(figure, recipe, detail, not doing, rng) for figure in recipe.figures]
    if len(people) > 1 and rng.random() < 0.4 * detail:
        count = _pick({2: ("two people", "two figures"), 3: ("three people", "three figures")}[len(people)], rng)
        who = f"{count}, {_listed(people)},"
    else:
        who = _listed(people)
    if recipe.scenery and rng.random() < 0.7 * max(detail, 0.3):
        doing = f"{doing} {_pick(('by', 'near', 'beside'), rng)} a {recipe.scenery}"
    where, scene = _place(recipe, rng)
    return Slots(
        _pick(style_noun[recipe.style], rng), _pick(style_in[recipe.style], rng), who, doing, where, scene,
        _pick(light_after[recipe.light], rng), _pick(light_noun[recipe.light], rng), _view(recipe, detail, rng),
    )  # fmt: skip


def _place(recipe: Recipe, rng: np.random.Generator) -> tuple[str, str]:
    """Where people are ("in a forest") and the place itself ("a forest")."""
    word = recipe.place.split()[0]
    if recipe.place.endswith(" paper") and word in palette:
        if not colored(recipe.style) and word not in _greys:
            return "on paper", "paper"
        return _pick(
            (f"on {word} paper", f"on {_with_article(word)} ground", f"before {_with_article(word)} background"), rng
        ), f"{word} paper"
    if recipe.place not in places_where:
        raise ValueError(f"expected one of the places {', '.join(places_where)}, got {recipe.place!r}")
    ways = places_where[recipe.place]
    # From above little but the ground is seen: what stands behind is left unsaid.
    where = ways[0] if recipe.angle == "high angle" else _pick(ways, rng)
    return where, place_noun[recipe.place]


def _view(recipe: Recipe, detail: float, rng: np.random.Generator) -> str:
    """Framing and camera, either of which may go unsaid; what is usual goes unsaid more often."""
    parts = []
    if rng.random() < (0.85 if recipe.framing != "full" else 0.25 * detail):
        parts.append(_pick(framing_words[recipe.framing], rng))
    if rng.random() < (0.85 if recipe.angle != "eye level" else 0.2 * detail):
        parts.append(_pick(angle_words[recipe.angle], rng))
    if rng.random() < 0.3:
        parts.reverse()
    return ", ".join(parts)


def _person(figure: Figure, recipe: Recipe, detail: float, says_stance: bool, rng: np.random.Generator) -> str:
    """One person with dress and colours; hair, skin, build, what is held by chance, less so in company."""
    detail = detail / len(recipe.figures)
    noun = _noun(figure)
    if figure.build != "average" and rng.random() < 0.4 * detail:
        noun = f"{figure.build} {noun}"
    stance = _pick(stance_words[figure.stance], rng) if says_stance and figure.stance else ""
    first = bool(stance) and " " not in stance and rng.random() < 0.4
    head = _with_article(f"{stance} {noun}" if first else noun)
    traits = _traits(figure, recipe, detail, rng)
    dress = _dress(figure, recipe, detail, rng)
    prop = f"holding {_prop(figure, recipe, rng)}" if figure.prop and rng.random() < max(0.75 * detail, 0.25) else ""
    middle = [f"with {_listed(traits)}"] if traits else []
    worn = f"{_pick(('in', 'in', 'wearing', 'dressed in'), rng)} {dress}"
    # After several pieces, "with red skin" would be said of the last.
    last = rng.random() < 0.5 and not any(word in dress for word in (" and ", " with "))
    middle = [worn, *middle] if last else [*middle, worn]
    parts = [head, *middle, "" if first else stance, prop]
    return " ".join(part for part in parts if part)


def _noun(figure: Figure) -> str:
    return who_words[figure.age, figure.sex]


def _traits(figure: Figure, recipe: Recipe, detail: float, rng: np.random.Generator) -> list[str]:
    """Skin and hair worth a word: strange skins more often than usual ones, hair that no hat hides."""
    shown = colored(recipe.style)
    traits = []
    strange = figure.skin not in natural_skins
    if shown and rng.random() < (0.85 if strange else 0.12 * detail):
        traits.append(f"{figure.skin} skin")
    if figure.dress.hat in ("helmet", "hood", "cone hat"):
        return traits
    if rng.random() < 0.5 * detail:
        color = figure.hair_color if shown or figure.hair_color in _greys else ""
        text = hair_words[figure.hair_shape].format(color=color).replace("  ", " ").strip()
        traits.append(
            _with_article(text) if figure.hair_shape in ("bob", "ponytail", "afro", "plait", "bald") else text
        )
    return traits


def _named(figure: Figure, recipe: Recipe) -> list[tuple[str, str]]:
    """The regions of the dress that are in the picture and their colour words, "" where the style hides the colour."""
    seen = []
    for number, (region, word) in enumerate(figure.dress.colors):
        if number and recipe.framing != "full" and region in _lower:
            continue
        seen.append((region, word if colored(recipe.style) or word in _greys else ""))
    return seen


def _dress(figure: Figure, recipe: Recipe, detail: float, rng: np.random.Generator) -> str:
    """The dress: its main part always, other parts by chance, with their colours; the hat."""
    kind, pattern = figure.dress.kind, figure.dress.pattern
    parts = []
    for number, (region, color) in enumerate(_named(figure, recipe)):
        if number and rng.random() > (0.35 + 0.5 * detail if region != "shoes" else 0.6 * detail):
            continue
        noun = dress_words.get((kind, region), region)
        plural = (noun.endswith("s") and noun != "dress") or noun == "armour"
        text = f"{color} {noun}".strip()
        if region == patterned.get(kind) and pattern != "plain" and rng.random() < 0.8:
            adjective = {"stripes": "striped", "dots": "dotted"}[pattern]
            text = f"{adjective} {text}" if rng.random() < 0.6 else f"{text} with {pattern}"
        parts.append(text if plural else _with_article(text))
    if figure.dress.hat and rng.random() < max(0.8 * detail, 0.2):
        color = figure.dress.hat_color
        named = color if colored(recipe.style) or color in _greys else ""
        parts.append(_with_article(f"{named} {figure.dress.hat}".strip()))
    return _listed(parts)


def _prop(figure: Figure, recipe: Recipe, rng: np.random.Generator) -> str:
    """What is held; its colour where the whole thing has it."""
    shown = colored(recipe.style) and figure.prop in ("ball", "flower", "book", "umbrella", "shield")
    return _with_article(f"{figure.prop_color} {figure.prop}" if shown and rng.random() < 0.7 else figure.prop)


def _with_article(text: str) -> str:
    return f"{'an' if text[0] in 'aeiou' else 'a'} {text}"


def _listed(parts: list[str]) -> str:
    """a; a and b; a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _pick(words: tuple[str, ...], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]


def _tidy(text: str) -> str:
    """Without the gaps that empty parts leave."""
    text = " ".join(text.split()).replace(" ,", ",")
    while ",," in text or ", ," in text:
        text = text.replace(", ,", ",").replace(",,", ",")
    return text.strip(" ,")
