"""The probe of prompts: what it asks, what its judges learn, what counts as right."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from scripts.evaluation.prompt_judges import Judges, Known, _colors_of, colors
from scripts.evaluation.prompt_probe import asked, dealt, sheet
from scripts.world.styles import colored
from scripts.world.words import palette, styles

shown = (styles.index("poster"), styles.index("pencil"))


def boxes(count: int, seed: int) -> Known:
    """Latents of figures that are boxes in a colour, in a style without grain, or with grain and without colours."""
    chance = torch.Generator().manual_seed(seed)
    main = torch.arange(count) % len(colors)
    grainy = torch.arange(count) // len(colors) % 2 == 1
    hues = torch.randn(len(colors), 4, generator=torch.Generator().manual_seed(99)) * 2
    latents = torch.randn(count, 1, 16, 1, 1, generator=chance).repeat(1, 2, 1, 16, 16) * 0.3
    latents[:, :, :4, 5:12, 5:11] += torch.where(grainy[:, None], 0, hues[main])[:, None, :, None, None]
    latents[grainy] += torch.randn(int(grainy.sum()), 2, 16, 16, 16, generator=chance)
    shares = torch.where(grainy[:, None], 0.0, torch.nn.functional.one_hot(main, len(colors)).float())
    style = torch.where(grainy, shown[1], shown[0])
    return Known(latents, style, shares, torch.where(grainy, -1, main))


def test_every_style_is_asked_and_prompts_say_the_colour_of_the_dress():
    asks = asked(40, 0)
    assert {recipe.style for _, recipe in asks} == set(styles)
    for prompt, recipe in asks:
        _, word = recipe.figures[0].dress.colors[0]
        if colored(recipe.style):
            assert word in prompt, prompt
    assert asked(40, 0) == asks
    assert asked(40, 1) != asks


def test_judges_tell_new_pictures_and_shuffled_words_are_chance():
    judges, new = Judges(boxes(520, 0), rounds=(4, 12)), boxes(104, 1)
    right = judges.figures(new)
    assert right["style"] > 0.95
    assert right["color"] > 0.9
    assert right["color_of_two"] >= right["color"]
    assert right["style"] >= right["words"] >= right["color"] or right["color"] >= right["words"] >= right["style"]
    uncolored = replace(new, main=torch.full_like(new.main, -1))
    assert judges.figures(uncolored).keys() == {"style", "words", "style_of_two", "words_of_two"}
    chance = judges.figures(dealt(new, 0))
    assert chance["color"] < 0.4
    assert chance["style"] < 0.8


def picture(style: str, *figures: dict) -> dict:
    return {"style": style, "framing": "full", "figures": list(figures)}


def test_what_a_picture_shows_of_colours():
    robe = {"dress": "robe", "colors": {"robe": "red", "shoes": "black"}, "pattern": "plain"}
    shirt = {"dress": "shirt and trousers", "colors": {"shirt": "red", "trousers": "blue"}, "pattern": "plain"}
    shares, main = _colors_of(picture("oil", robe))
    assert main == colors.index("red")
    assert shares[colors.index("red")] == pytest.approx(0.8)
    assert shares[colors.index("black")] == pytest.approx(0.2)
    shares, main = _colors_of(picture("oil", robe, shirt))
    assert main == -1
    assert shares[colors.index("blue")] == pytest.approx(0.25)
    assert shares.sum() == pytest.approx(1)
    shares, main = _colors_of(picture("pencil", robe))
    assert (main, shares.sum()) == (-1, 0)
    assert _colors_of(picture("oil", robe | {"pattern": "dots"}))[1] == -1


def test_the_sheet_has_a_row_for_every_ten():
    image = sheet([np.zeros((64, 64, 3), np.uint8)] * 11, ["a prompt"] * 11, ["ok"] * 11)
    assert image.size == (1280, 2 * (128 + 44))
    assert len(colors) == len(palette)
