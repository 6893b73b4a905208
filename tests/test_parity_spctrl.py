"""SP-Ctrl against the published code's numbers: the checks of scripts/check_parity.py, and that they can fail."""

import json
from functools import partial

import numpy as np
import parity_form
import pytest
import torch
from diffusers import UniPCMultistepScheduler
from parity_form import equality, golden
from PIL import Image

from engine.networks import keypoint_concepts
from engine.networks.keypoint_concepts import Concepts
from scripts.parity import spctrl_run
from scripts.parity.spctrl import Subject, comparisons
from scripts.parity.spctrl_run import Wave

fails = partial(parity_form.fails, comparisons)
down = [comparison for comparison in comparisons if comparison.name.startswith("ControlNet: res_down")]


@pytest.fixture(scope="module")
def subject():
    return Subject(golden)


test_equal_to_the_published_code = equality(comparisons)


def test_every_stored_array_is_compared(subject):
    class Noting(dict):
        def __getitem__(self, name):
            asked.add(name)
            return super().__getitem__(name)

    asked = set()
    other = changed(subject)
    other.run.stored = Noting(subject.run.stored)
    for comparison in comparisons:
        comparison.theirs(other)
    assert asked == set(subject.run.stored)


# ── mistakes are seen ──


def changed(subject: Subject, **facts) -> Subject:
    """The same fixtures and ControlNet, whose results are made anew, from inputs said otherwise."""
    other = Subject(golden)
    other.run.net, other.run.spr, other.run.unet = subject.run.net, subject.run.spr, subject.run.unet
    other.run.facts = subject.run.facts | facts
    return other


def mistaken_map(change):
    def mistake(subject):
        other = changed(subject)
        ids = change(subject.run.stored["index_map_256"].copy())
        other.run.condition = subject.run.spr(torch.from_numpy(ids)[None])
        return other

    return mistake


def swapped(ids):
    first, second = ids == 1, ids == 2
    ids[first], ids[second] = 2, 1
    return ids


def later(subject):
    inputs = subject.run.facts["inputs"]
    return changed(subject, inputs=inputs | {"t": inputs["t"] + 1})


def speechless(subject):
    inputs = subject.run.facts["inputs"]
    silence = inputs["encoder_hidden_states"].replace("1.2*", "0*")
    return changed(subject, inputs=inputs | {"encoder_hidden_states": silence})


mistakes = {
    "empty_map": mistaken_map(np.zeros_like),
    "limbs_removed": mistaken_map(lambda ids: np.where(ids > 50, 0, ids)),
    "kp_swap_1_2": mistaken_map(swapped),
    "t+1": later,
    "no_text": speechless,
}


@pytest.mark.parametrize("mistake", mistakes)
def test_a_mistake_moves_the_residuals_as_far_as_it_does_the_published_ones(subject, mistake):
    other = mistakes[mistake](subject)
    said = subject.run.facts["controlnet_check"]["mutations"][mistake]
    assert max(check.run(other).error for check in down) == pytest.approx(said, rel=5e-3)


def test_a_sampler_as_it_comes_today_is_seen(subject, monkeypatch):
    other = changed(subject)
    monkeypatch.setattr(spctrl_run, "sampler_of", UniPCMultistepScheduler.from_config)
    for what in ("sampler, 50 steps: sigmas", "sampler, 10 steps: walk", "pipeline: latents"):
        assert fails(what, other)


def test_another_rule_of_the_nearest_pixel_is_seen(subject, monkeypatch):
    monkeypatch.setattr(spctrl_run, "nearest", lambda ids, size: np.array(Image.fromarray(ids).resize(size, 0)))
    assert fails("map, rendered_ap10k_1996: torch_nearest_512", subject)
    assert not fails("map, rendered_ap10k_1996: native", subject)


def test_another_table_of_words_is_seen(subject, monkeypatch):
    monkeypatch.setattr(spctrl_run, "words", {"ap10k": spctrl_run.humanart, "humanart": spctrl_run.ap10k})
    assert fails("words, ap10k: prompts", changed(subject))


def test_maps_normalised_one_by_one_are_seen(subject, monkeypatch):
    def one_by_one(recorded):
        maps = keypoint_concepts.concept_maps(recorded)
        low, high = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
        return (maps - low) / (high - low)

    monkeypatch.setattr(spctrl_run, "concept_maps", one_by_one)
    assert fails("concepts: made-up losses, mse", subject)
    assert fails("concepts: down_blocks.2, mse", changed(subject))


@pytest.mark.parametrize("bounds", [(249.0, 500.0), (250.0, 501.0)])
def test_a_window_with_its_bounds_is_seen(subject, monkeypatch, bounds):
    monkeypatch.setattr(spctrl_run, "window", bounds)
    assert fails("concepts: made-up losses, mse", subject)
    assert fails("concepts: made-up losses, bce", subject)


def test_queries_that_learn_are_seen(subject, monkeypatch):
    monkeypatch.setattr(spctrl_run, "Concepts", partial(Concepts, detach_query=False))
    other = changed(subject)
    assert not fails("concepts: down_blocks.2, mse", other)
    assert fails("concepts: what learns", other)


# ── the fixtures' own constants ──


def test_constants_come_from_the_files(subject, tmp_path):
    """A set of another multiplier, seed and waves is computed otherwise, so the stored numbers no longer fit."""
    facts = json.loads((golden / "spctrl.json").read_text("utf-8"))
    facts["formula"] |= {"multiplier": 0.61, "spr_seed": 2000}
    facts["formula"]["kcl"]["logits"]["x"] = 0.5
    facts["UniPC_G"]["eps"] = facts["UniPC_G"]["eps"].replace("0.5*step", "0.4*step")
    (tmp_path / "spctrl.json").write_text(json.dumps(facts), "utf-8")
    (tmp_path / "spctrl.npz").symlink_to(golden / "spctrl.npz")
    other = Subject(tmp_path)
    for name in ("spatial pose, plain: joints", "ControlNet: what numbers say", "concepts: made-up losses, mse",
                 "sampler, 10 steps: walk"):  # fmt: skip
        assert fails(name, other), name
        assert not fails(name, subject), name


@pytest.mark.parametrize(
    ("text", "wave"),
    [
        ("1.2*sin(0.7391*(i+1)+0.3) [1,4,32,32]", Wave(1.2, 0.7391, 0.3, 0.0, (1, 4, 32, 32))),
        ("sin(0.3*(i+1)+0.5*step), [1,4,2,2]", Wave(1.0, 0.3, 0.0, 0.5, (1, 4, 2, 2))),
        ("sin(0.21*(i+1))", Wave(1.0, 0.21, 0.0, 0.0, (16,))),
    ],
)
def test_an_input_s_formula_is_read(text, wave):
    assert Wave.of(text, (16,)) == wave


def test_another_formula_is_refused():
    with pytest.raises(ValueError, match="expected a formula"):
        Wave.of("1.2*cos(0.7391*(i+1)) [4]")
