"""Captions of the rendered world: true, varied, short, in few words."""

import re

import numpy as np
import pytest

from scripts.world import places, words
from scripts.world.captions import caption, frames, most_words, words_of
from scripts.world.phrases import light_after, places_where, style_in, style_noun, who_words
from scripts.world.styles import colored
from scripts.world.words import Dress, Figure, Recipe, dress_regions, palette

colors = tuple(palette)


def one_of(names, rng):
    return names[int(rng.integers(len(names)))]


def figure(rng, **known):
    kind = one_of(tuple(dress_regions), rng)
    dress = Dress(
        kind, tuple((region, one_of(colors, rng)) for region in dress_regions[kind]), one_of(words.patterns, rng),
        one_of(words.hats, rng), one_of(colors, rng),
    )  # fmt: skip
    drawn = {
        "age": one_of(("child", "young", "adult", "old"), rng), "sex": one_of(("man", "woman", "person"), rng),
        "build": one_of(("slim", "average", "heavy", "muscular"), rng), "skin": one_of(tuple(words.skins), rng),
        "hair_shape": one_of(words.hair_shapes, rng), "hair_color": one_of(tuple(words.hairs), rng), "dress": dress,
        "prop": one_of(words.held, rng), "prop_color": one_of(colors, rng),
        "stance": one_of(("standing", "sitting", "kneeling", "lying", "jumping", "walking", "bending", ""), rng),
    }  # fmt: skip
    return Figure(**drawn | known)


def recipe(rng, people=None, **known):
    count = people or int(rng.integers(1, 4))
    drawn = {
        "figures": tuple(figure(rng) for _ in range(count)), "place": one_of((*places.names, places.photo), rng),
        "light": one_of(words.light_names, rng), "style": one_of(words.styles, rng),
        "angle": one_of(("low angle", "eye level", "high angle"), rng),
        "framing": one_of(("full", "half", "close"), rng), "scenery": one_of(words.sceneries, rng),
    }  # fmt: skip
    return Recipe(0, **drawn | known)


woman = Figure(
    "adult", "woman", "average", "fair", "long", "brown", Dress("dress", (("dress", "red"), ("shoes", "black"))),
    stance="standing",
)  # fmt: skip
scene = Recipe(0, (woman,), "forest", "sunset", "watercolour", "low angle")


def test_the_words_of_a_plain_scene():
    said = " ".join(caption(scene, np.random.default_rng(seed)) for seed in range(100))
    parts = (
        "woman in a red dress",
        "black shoes",
        "standing",
        "in a forest",
        "at sunset",
        "a watercolour",
        "low angle",
    )
    for part in parts:
        assert part in said
    assert "blue" not in said
    assert "holding" not in said


@pytest.mark.parametrize("seed", range(6))
def test_every_caption_names_figure_dress_place_light_and_style(seed):
    for number in range(40):
        rng = np.random.default_rng((seed, number))
        one = recipe(rng)
        text = caption(one, rng)
        assert len(text.split()) <= most_words
        assert "  " not in text
        assert not re.search(r", ?,|[{}]| ,|^,|,$|\ba [aeiou](?!ne)", text)
        for person in one.figures:
            assert who_words[person.age, person.sex] in text
            region, color = person.dress.colors[0]
            noun = {"shorts": "swimsuit"}.get(region, region) if person.dress.kind == "swimsuit" else region
            assert noun in text
            if colored(one.style):
                assert color in text
        assert any(way in text for way in (*style_noun[one.style], *style_in[one.style]))
        light_words = {"rim": "rim|behind", "top": "above|top", "split": "side|split", "moon": "moonlight",
                       "sunset": "sunset|evening", "flat": "flat|even"}  # fmt: skip
        assert re.search(light_words.get(one.light, one.light), text)


@pytest.mark.parametrize("seed", range(6))
def test_no_caption_names_a_colour_that_is_not_there(seed):
    for number in range(40):
        rng = np.random.default_rng((seed, number))
        one = recipe(rng)
        true = {word for each in one.figures for _, word in each.dress.colors} if colored(one.style) else set()
        for each in one.figures:
            worn = {word for _, word in each.dress.colors} | {each.hair_color, each.dress.hat_color, each.prop_color}
            true |= worn | {each.skin} if colored(one.style) else worn & {"black", "white", "grey"}
        if one.place in places.paper_names and (
            colored(one.style) or one.place.split()[0] in ("black", "white", "grey")
        ):
            true.add(one.place.split()[0])
        text = caption(one, rng).replace("in a green field", "")
        said = set(re.findall(r"[a-z]+", text)) & {*palette, *words.hairs, *words.skins}
        assert said <= true, text


def test_close_views_leave_out_what_is_below():
    rng = np.random.default_rng(0)
    for seed in range(200):
        one = recipe(np.random.default_rng(seed), framing="close", scenery="")
        text = caption(one, rng)
        assert not {"shoes", "trousers", "skirt"} & set(text.replace(",", "").split())


def test_hats_that_cover_hair_leave_it_out():
    dress = Dress("robe", (("robe", "blue"), ("shoes", "black")), hat="hood", hat_color="blue")
    one = Recipe(0, (figure(np.random.default_rng(0), dress=dress, prop=""),), "sea", "soft", "oil")
    assert not any("hair" in caption(one, np.random.default_rng(seed)) for seed in range(100))


def test_grammar_varies_and_vocabulary_is_small():
    rng = np.random.default_rng(0)
    texts = [caption(recipe(rng), rng) for _ in range(3000)]
    assert len(set(texts)) > 2990
    vocabulary = {word for text in texts for word in re.findall(r"[a-z0-9-]+", text)}
    assert 150 < len(vocabulary) < 600
    assert len({caption(scene, np.random.default_rng(seed)) for seed in range(200)}) > 100
    assert len(frames) >= 12


def test_a_seed_gives_one_caption():
    assert caption(scene, np.random.default_rng(3)) == caption(scene, np.random.default_rng(3))


def test_left_and_right_are_never_said():
    rng = np.random.default_rng(1)
    said = {word for _ in range(1000) for word in caption(recipe(rng), rng).split()}
    assert not said & {"left", "right"}


def test_every_place_light_and_style_has_words():
    named = {name for name in places.names if name not in places.paper_names}
    assert named | {places.photo} == set(places_where)
    assert set(light_after) == set(words.light_names)
    assert set(style_noun) == set(style_in) == set(words.styles)


def test_unknown_places_are_refused():
    with pytest.raises(ValueError, match="expected one of the places"):
        caption(Recipe(0, (woman,), "moon base", "soft", "oil"), np.random.default_rng(0))


def test_the_facts_for_a_probe():
    facts = words_of(scene)
    assert facts["style"] == "watercolour"
    assert facts["colored"] is True
    assert facts["figures"][0]["colors"] == {"dress": "red", "shoes": "black"}
    grey = words_of(Recipe(0, (woman,), "sea", "soft", "pencil", framing="half"))
    assert grey["colored"] is False
    assert grey["figures"][0]["colors"] == {}
