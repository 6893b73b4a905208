"""Training a small base's control: its own latents and words, Muon, weighed errors, a running mean."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file
from tiny_painters import write_small

from engine.keypoint_words import table_of
from engine.library import read_library
from engine.loss_weights import by_deviation, by_place, by_time
from engine.muon import Muon
from engine.paint_loading import fits, read_base, read_control
from engine.painter import Base
from engine.posed_figures import PosedFigures
from engine.sd_builder import schedule
from engine.skeleton import coco17
from engine.spctrl_learned import begin, strengthen
from engine.spctrl_pictures import PaintedPictures
from engine.spctrl_recipe import Recipe, rate, recipes
from engine.spctrl_training import Objective, encoded
from engine.stage import library
from scripts.spctrl_arguments import arguments, recipe_of
from scripts.train_spctrl import Training, export

recipe = replace(recipes["mini"], side=64, batch=2, steps=4, precision="fp32", window=(-1.0, 1000.0), empty=0.0)


@pytest.fixture(autouse=True)
def _own_precision():
    """Accelerate keeps one precision a process; each test may have its own."""
    AcceleratorState._reset_state(True)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return read_base(write_small(tmp_path_factory.mktemp("models") / "small-sd"), "small-sd")


@pytest.fixture(scope="module")
def pictures() -> PaintedPictures:
    return PaintedPictures(PosedFigures(read_library(library), coco17, 6, (96, 128)))


def run_of(out: Path, base: Base, pictures: PaintedPictures, made: Recipe = recipe, **more: Any) -> Training:
    run = Training(made, pictures, base, out, tell=lambda _line: None, **more)
    run.show = lambda: None  # type: ignore[method-assign]
    return run


def test_going_on_is_the_same_as_never_stopping(tmp_path: Path, base: Base, pictures: PaintedPictures):
    run_of(tmp_path / "whole", base, pictures).run(4)
    run_of(tmp_path / "parts", base, pictures).run(2)
    run_of(tmp_path / "parts", base, pictures, resume=True).run(4)
    whole, parts = (load_file(tmp_path / name / "state.safetensors") for name in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_another_training_begins_with_what_one_has_learned(tmp_path: Path, base: Base, pictures: PaintedPictures):
    run_of(tmp_path / "first", base, pictures).run(2)
    learned = read_control(tmp_path / "first" / "model", "first").net.state_dict()  # its running mean
    others = PaintedPictures(PosedFigures(read_library(library), coco17, 4, (96, 128), 1))
    second = run_of(tmp_path / "second", base, others, replace(recipe, steps=1), begin_with=tmp_path / "first")
    assert second.step == 0
    own = second.learned.net.state_dict()
    assert own.keys() == learned.keys()
    assert all(torch.equal(own[name], learned[name]) for name in own)
    second.run(1)
    assert any(not torch.equal(own[name], value) for name, value in learned.items())
    again = run_of(
        tmp_path / "second", base, others, replace(recipe, steps=2), resume=True, begin_with=tmp_path / "first"
    )
    assert again.step == 1
    went_on = again.learned.net.state_dict()
    assert all(torch.equal(went_on[name], value) for name, value in second.learned.net.state_dict().items())


def test_a_training_begins_with_nothing_else(tmp_path: Path, base: Base, pictures: PaintedPictures):
    run_of(tmp_path / "first", base, pictures, replace(recipe, steps=1)).run(1)
    first = tmp_path / "first"
    with pytest.raises(ValueError, match=r"expected the tensors of this network in .*, got .* where .* belongs"):
        run_of(tmp_path / "new", base, pictures, replace(recipe, channels=1), begin_with=first)
    with pytest.raises(ValueError, match=r"expected the tensors of this network in .*, got .*others named .*spr"):
        run_of(tmp_path / "new", base, pictures, replace(recipe, condition="openpose"), begin_with=first)
    changed = {**base.parts, "unet": copy.deepcopy(base.parts["unet"])}
    changed["unet"].conv_in.weight.data.add_(1)
    with pytest.raises(ValueError, match="expected what was learned on another, got a state of small-sd"):
        run_of(tmp_path / "new", Base("another", changed), pictures, begin_with=first)
    with pytest.raises(ValueError, match="expected a state"):
        run_of(tmp_path / "new", base, pictures, begin_with=tmp_path / "none")


def test_what_is_written_is_the_running_mean(tmp_path: Path, base: Base, pictures: PaintedPictures):
    run = run_of(tmp_path, base, pictures)
    run.run(3)
    written = read_control(tmp_path / "model", "small-spctrl")
    assert fits(base, written)
    last = dict(run.learned.net.named_parameters())
    apart = [name for name, value in written.net.named_parameters() if not torch.equal(value, last[name])]
    assert run.ema is not None
    assert apart
    with run.ema.worn(run.weights):
        assert all(torch.equal(value, last[name]) for name, value in written.net.named_parameters())


@pytest.mark.parametrize("named", [True, False])
def test_an_export_is_half_as_large_and_as_strong_as_asked(
    named: bool, tmp_path: Path, base: Base, pictures: PaintedPictures
):
    made = recipe if named else replace(recipe, condition="openpose", words=False, concepts=0.0, named=0.0)
    run_of(tmp_path, base, pictures, made).run(2)
    export(tmp_path / "model", tmp_path / "shipped", 1.5)
    one, other = (read_control(tmp_path / name, "small") for name in ("model", "shipped"))
    told = load_file(next((tmp_path / "shipped").rglob("diffusion_pytorch_model.safetensors")))
    assert {value.dtype for value in told.values()} == {torch.float16}
    assert (one.spr is None) == (other.spr is None) == (not named)
    assert one.words.keys() == other.words.keys()
    sizes = one.net.config
    latents, states = torch.randn(1, sizes["in_channels"], 8, 8), torch.randn(1, 7, sizes["cross_attention_dim"])
    condition = torch.rand(1, 3, 64, 64)
    was, now = (each.net(latents, 300, states, condition, return_dict=False) for each in (one, other))
    for before, after in zip((*was[0], was[1]), (*now[0], now[1]), strict=True):
        assert before.abs().max() > 0
        torch.testing.assert_close(after, 1.5 * before, rtol=0.02, atol=0.02 * float(before.abs().max()))


def test_only_a_strength_above_zero_is_exported(base: Base):
    with pytest.raises(ValueError, match="expected a strength above 0, got 0"):
        strengthen(begin(recipe, base).net, 0.0)


def test_words_unknown_to_a_small_vocabulary_begin_as_their_pieces(base: Base):
    learned = begin(recipe, base)
    table, first = base.parts["text_encoder"].get_input_embeddings().weight, table_of("human")[0]
    pieces = base.parts["tokenizer"](first.initial, add_special_tokens=False).input_ids
    assert len(pieces) > 1
    assert torch.allclose(learned.words[0], table[pieces].mean(0).float())


def test_latents_of_a_small_autoencoder_are_scaled_as_it_says(base: Base):
    vae, pixels = base.parts["vae"], torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        assert torch.equal(encoded(vae, pixels), vae.encode(pixels).latents * vae.config.scaling_factor)


# ── what an error counts ──


def test_channels_count_as_much_as_they_deviate():
    latents = torch.randn(64, 3, 8, 8) * torch.tensor([1.0, 2.0, 3.0])[:, None, None] + 7
    assert torch.allclose(by_deviation(latents), torch.tensor([0.5, 1.0, 1.5]), atol=0.05)


def test_nearly_clean_latents_count_less():
    weights = by_time(schedule(), 5.0)
    assert weights[-1] == 1
    assert weights[0] < 0.01
    assert (weights.diff() >= 0).all()


@pytest.mark.parametrize("channels", [0, 3])
def test_errors_beside_a_figure_count_more(channels: int):
    drawn = torch.zeros(1, channels, 64, 64) if channels else torch.zeros(1, 64, 64, dtype=torch.long)
    drawn[..., 30:33, 30:33] = 1
    counts = by_place(drawn, 5.0)[0, 0]
    near = torch.zeros(8, 8, dtype=torch.bool)
    near[2:6, 2:6] = True  # the cells it touches, and their neighbours
    assert torch.allclose(counts[near] / counts[0, 0], torch.tensor(5.0))
    assert torch.allclose(counts[~near], counts[0, 0])
    assert torch.allclose(counts.mean(), torch.ones(()))


def test_only_velocities_are_weighed_by_time(base: Base):
    noise = base.parts["scheduler"].from_config(base.parts["scheduler"].config, prediction_type="epsilon")
    with pytest.raises(ValueError, match="expected a base that predicts v_prediction for a most_snr, got 'epsilon'"):
        Objective(begin(recipe, base), recipe, Base("epsilon", {**base.parts, "scheduler": noise}))


# ── the recipe ──


def test_the_rate_rises_stays_and_falls():
    made = Recipe(steps=100, learning_rate=1.0, warmup=10, cooldown=0.2)
    assert [round(rate(made, step), 6) for step in (0, 4, 9, 50, 79, 80, 90, 99)] == [
        0.1, 0.5, 1.0, 1.0, 1.0, 1.0, 0.5, 0.05,
    ]  # fmt: skip
    assert {rate(Recipe(learning_rate=0.5), step) for step in (0, 1, 100_000)} == {0.5}


def test_words_have_their_own_rate_with_muon(tmp_path: Path, base: Base, pictures: PaintedPictures):
    run = run_of(tmp_path, base, pictures)
    assert isinstance(run.optimizer.optimizer, Muon)
    run.run(1)
    words, others = run.optimizer.param_groups
    assert [len(words["params"]), words["lr"]] == [1, recipe.word_rate]
    assert others["lr"] == rate(recipe, 0)


def test_the_command_may_change_all_of_it():
    said = (
        "--out x --preset mini --no-kcl --optimizer adamw --warmup 3 --cooldown 0.5 --ema 0.9 --most-snr 2 --figures 2"
    )
    made = recipe_of(arguments().parse_args(said.split()))
    assert (made.optimizer, made.warmup, made.cooldown, made.ema, made.most_snr, made.figures) == (
        "adamw", 3, 0.5, 0.9, 2.0, 2.0,
    )  # fmt: skip
    assert made.weigh_channels
    assert not made.words
