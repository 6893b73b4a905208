"""The small diffusion model: its words, its latents' cache, batches and losses, runs that go on, the stock folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from PIL import Image

from engine import caption_tokens, clip_words
from engine.paint_layout import base_at
from engine.painter_sampler import sampler_of
from engine.sd_builder import build, pipeline_at, read, schedule, sizes, write
from engine.sd_latents import encoded, joined, parted
from engine.sd_training import Captions, Objective, importance, painted, recipes, weights_of
from scripts.train_sd import Training, export, prompts

said = ("a red square on grey paper", "a blue square on grey paper", "grey paper with a red square")
tiny = recipes["tiny"]


@pytest.fixture(scope="module")
def vae() -> AutoencoderTiny:
    torch.manual_seed(0)
    narrow: dict = {
        "encoder_block_out_channels": (8, 8, 8, 8), "decoder_block_out_channels": (8, 8, 8, 8),
        "num_encoder_blocks": (1, 1, 1, 1), "num_decoder_blocks": (1, 1, 1, 1), "latent_channels": 16,
    }  # fmt: skip
    made = AutoencoderTiny(**narrow, scaling_factor=1.5).eval()
    for weight in made.encoder.parameters():
        weight.data *= 2  # as they begin, its latents hardly tell one picture from another
    return made


def write_world(folder: Path, count: int, more: dict | None = None) -> Path:
    """Squares of a colour on paper, their captions in COCO's form."""
    images = []
    for i in range(count):
        picture = np.full((96, 96, 3), 128, np.uint8)
        picture[24:72, 10:58] = (220, 30, 30) if i % 2 else (30, 30, 220)
        Image.fromarray(picture).save(folder / f"{i}.png")
        captions = [said[0], said[2]] if i % 2 else [said[1]]
        images.append({"id": i, "file_name": f"{i}.png", "caption": captions[0], "captions": captions} | (more or {}))
    path = folder / "world.json"
    path.write_text(json.dumps({"images": images, "annotations": [], "categories": []}), "utf-8")
    return path


# ── words ──


def test_words_are_whole_after_enough_merges_and_others_still_spelt(tmp_path):
    merges = caption_tokens.learned_merges(said, 1500)
    assert caption_tokens.write(merges, tmp_path) == 514 + len(merges)
    words = caption_tokens.read(tmp_path)
    assert words.tokenize("a red SQUARE") == ["a</w>", "red</w>", "square</w>"]
    assert words.tokenize("xyz") == ["x", "y", "z</w>"]
    assert words.model_max_length == 77
    assert (words.bos_token_id, words.eos_token_id) == (len(words) - 2, len(words) - 1)


def test_a_vocabulary_is_as_small_as_asked_and_the_same_in_any_order():
    merges = caption_tokens.learned_merges(said, 520)
    assert len(merges) == 6
    assert caption_tokens.learned_merges(said[::-1], 520) == merges
    with pytest.raises(ValueError, match="514"):
        caption_tokens.learned_merges(said, 100)


def test_bytes_have_the_letters_that_the_published_vocabulary_has():
    known = json.loads((clip_words.folder / "vocab.json").read_text("utf-8"))
    assert caption_tokens.byte_letters() == list(known)[:256]


# ── latents ──


def test_latents_are_encoded_once_and_again_for_another_autoencoder(tmp_path, vae):
    told, cache = [], tmp_path / "cache" / "latents.npz"
    data = encoded(write_world(tmp_path, 6), tmp_path, vae, 64, cache, lambda done, of: told.append((done, of)))
    assert data.latents.shape == (6, 2, 16, 8, 8)
    assert data.captions[1] == (said[0], said[2])
    again = encoded(write_world(tmp_path, 8), tmp_path, vae, 64, cache, lambda done, of: told.append((done, of)))
    assert told == [(6, 6), (2, 2)]
    np.testing.assert_array_equal(again.latents[:6], data.latents)
    other = AutoencoderTiny.from_config(vae.config, scaling_factor=3.0)
    other.load_state_dict(vae.state_dict())  # type: ignore[union-attr]
    larger = encoded(write_world(tmp_path, 8), tmp_path, other, 64, cache)  # type: ignore[arg-type]
    np.testing.assert_allclose(larger.latents.astype(float), 2 * again.latents.astype(float), rtol=0.01, atol=0.01)


def test_every_picture_has_its_mirror_image(tmp_path, vae):
    data = encoded(write_world(tmp_path, 2), tmp_path, vae, 64, tmp_path / "latents.npz")
    assert not np.allclose(data.latents[0, 0], data.latents[0, 1], atol=0.01)
    flipped = np.asarray(Image.open(tmp_path / "0.png"))[:, ::-1]
    Image.fromarray(flipped).save(tmp_path / "0.png")
    mirrored = encoded(tmp_path / "world.json", tmp_path, vae, 64, tmp_path / "mirrored.npz")
    np.testing.assert_allclose(mirrored.latents[0, 1], data.latents[0, 0], atol=0.01)


def test_pictures_without_captions_are_told(tmp_path, vae):
    with pytest.raises(ValueError, match=r"captions.*0\.png"):
        encoded(write_world(tmp_path, 1, {"caption": "", "captions": []}), tmp_path, vae, 64, tmp_path / "latents.npz")


# ── batches and the loss ──


@pytest.fixture
def pictures(tmp_path, vae):
    data = encoded(write_world(tmp_path, 16), tmp_path, vae, 64, tmp_path / "latents.npz")
    caption_tokens.write(caption_tokens.learned_merges(said, 600), tmp_path / "words")
    return data, caption_tokens.read(tmp_path / "words")


def test_batches_come_of_seed_and_step_and_leave_some_captions_out(pictures):
    data, words = pictures
    captions = Captions(data, words, replace(tiny, batch=16, empty=0.5))
    first, again = captions.batch(3), captions.batch(3)
    assert torch.equal(first["latents"], again["latents"])
    assert torch.equal(first["ids"], again["ids"])
    assert first["ids"].shape == (16, 77)
    unsaid = (first["ids"] == captions.empty).all(1)
    assert 2 <= int(unsaid.sum()) <= 14
    known = {tuple(row) for row in [*captions.ids.tolist(), captions.empty.tolist()]}
    assert {tuple(row) for row in first["ids"].tolist()} <= known


def test_what_is_held_out_stays_when_pictures_come(pictures):
    data, _ = pictures
    double = joined([data, data])
    _, held = parted(data, 8)
    _, more = parted(double, 8)
    np.testing.assert_array_equal(more.latents[: len(held)], held.latents)
    assert len(held) == 2
    assert len(more) == 4


def test_times_are_spread_over_the_batch(pictures):
    _, words = pictures
    objective = Objective(build("tiny", len(words)), tiny)
    times = objective.times(10, torch.Generator().manual_seed(0))
    assert sorted(int(time) // 100 for time in times) == list(range(10))


def test_only_nearly_clean_pictures_count_less(pictures):
    _, words = pictures
    weights = Objective(build("tiny", len(words)), tiny).weights
    ratio = schedule().alphas_cumprod / (1 - schedule().alphas_cumprod)
    torch.testing.assert_close(weights[ratio < tiny.most_snr], torch.ones(int((ratio < tiny.most_snr).sum())))  # type: ignore[index]
    assert float(weights[0]) < 0.02  # type: ignore[index]


def test_channels_count_as_they_deviate(pictures):
    data, words = pictures
    counts = importance(data.latents)
    assert float(counts.mean()) == pytest.approx(1)
    fading = data.latents * np.linspace(2, 0.5, 16)[:, None, None].astype(np.float16)
    assert ((importance(fading) / counts).diff() < 0).all()
    batch = Captions(data, words, tiny).batch(0)
    nets = build("tiny", len(words)).eval()
    alone = [Objective(nets, tiny, row)(batch, (0,)) for row in 16 * torch.eye(16)]
    torch.testing.assert_close(Objective(nets, tiny)(batch, (0,)), torch.stack(alone).mean())


def test_the_rate_rises_stays_and_falls():
    recipe = replace(tiny, steps=100, warmup=10, cooldown=0.2, learning_rate=1.0)
    assert [round(recipe.rate(step), 2) for step in (0, 4, 50, 90, 100)] == [0.1, 0.5, 1.0, 0.5, 0.0]


# ── runs ──


def test_a_run_learns_and_goes_on_bit_by_bit(tmp_path, pictures, vae):
    data, _ = pictures
    recipe = replace(tiny, steps=8, batch=4)
    whole = Training(recipe, data, vae, tmp_path / "whole", tell=lambda _: None)
    losses = whole.run()
    begun = Training(replace(recipe, steps=4), data, vae, tmp_path / "parts", tell=lambda _: None)
    # It ends as the whole run would after four steps: the rate is that of a run of eight.
    begun.recipe = replace(recipe, steps=8)
    begun.accelerator.set_trigger = lambda: None  # type: ignore[method-assign]
    for _ in range(4):
        begun._one_step()
        begun.step += 1
    begun.save()
    rest = Training(recipe, data, vae, tmp_path / "parts", resume=True, tell=lambda _: None)
    assert rest.step == 4
    np.testing.assert_array_equal(rest.run(), losses[4:])
    assert (tmp_path / "parts" / "samples_000008.png").is_file()
    assert (tmp_path / "whole" / "held_out.csv").read_text("utf-8").startswith("step,loss\n8,")


@pytest.mark.slow
def test_it_paints_what_it_is_told(tmp_path, vae):
    """In two minutes a tiny model knows a red square from a blue one, in latents of a plain encoder."""
    data = encoded(write_world(tmp_path, 32), tmp_path, vae, 64, tmp_path / "latents.npz")
    plain = data.latents.astype(np.float32)
    spread = plain.std((0, 1, 3, 4), keepdims=True) + 1e-3
    data = replace(data, latents=((plain - plain.mean((0, 1, 3, 4), keepdims=True)) / spread).astype(np.float16))
    recipe = replace(tiny, steps=500, batch=16, ema=0.98)
    training = Training(recipe, data, vae, tmp_path / "run", tell=lambda _: None)
    losses = training.run()
    assert np.mean(losses[-50:]) < 0.35 * np.mean(losses[:10])


# ── the folder ──


def test_the_folder_is_one_that_diffusers_and_the_painter_read(tmp_path, pictures, vae):
    data, _ = pictures
    training = Training(replace(tiny, steps=1, batch=4), data, vae, tmp_path / "run", tell=lambda _: None)
    training.run()
    export(tmp_path / "run", tmp_path / "small")
    found = base_at(tmp_path / "small")
    assert (found.system, found.side, found.widths[0]) == ("diffusion", 64, 32)
    assert read(tmp_path / "small").unet.dtype == torch.float32
    pipeline: Any = pipeline_at(tmp_path / "small")
    images = pipeline([prompts[0]], num_inference_steps=2, output_type="np").images
    assert images.shape == (1, 64, 64, 3)
    assert np.isfinite(images).all()
    words = pipeline.tokenizer
    assert words("").input_ids == [len(words) - 2, len(words) - 1]


def test_the_pipeline_paints_what_training_shows(tmp_path, pictures, vae):
    _, words = pictures
    nets = build("tiny", len(words), seed=3).eval()
    write(nets, vae, tmp_path / "words", tmp_path / "model")
    pipeline: Any = pipeline_at(tmp_path / "model")
    noise = torch.Generator().manual_seed(0)
    start = torch.randn(1, 16, 8, 8, generator=noise)
    images = pipeline([said[0]], num_inference_steps=4, guidance_scale=3.0, latents=start, output_type="np").images
    sampler = schedule()
    shown = painted(nets, vae, words, [said[0]], 64, 4, 3.0, sampler=_Fixed(sampler, start))
    np.testing.assert_allclose(shown[0] / 255, images[0], atol=0.01)


class _Fixed:
    """A sampler that begins with this noise, whatever it is given."""

    def __init__(self, sampler, start):
        self.sampler, self.start, self.init_noise_sigma = sampler, start, 0.0

    def set_timesteps(self, steps):
        self.sampler.set_timesteps(steps)
        self.timesteps = self.sampler.timesteps

    def scale_model_input(self, sample, time):
        return sample + self._missing(time).repeat(len(sample), 1, 1, 1)

    def step(self, velocity, time, latents, return_dict):
        return self.sampler.step(velocity, time, latents + self._missing(time), return_dict=return_dict)

    def _missing(self, time):
        return self.start if time == self.timesteps[0] else torch.zeros_like(self.start)


@pytest.mark.parametrize("steps", [4, 20])
def test_other_samplers_read_the_schedule(steps):
    config = dict(schedule().config)
    samplers: list[Any] = [sampler_of(config), DPMSolverMultistepScheduler.from_config(config)]
    trained: Any = DDPMScheduler.from_config(config)
    for sampler in samplers:
        sampler.set_timesteps(steps)
        latents = torch.randn(1, 16, 4, 4, generator=torch.Generator().manual_seed(0))
        clean = torch.full_like(latents, 0.5)
        for time in sampler.timesteps:
            # The velocity of a world that has but one picture.
            alpha, sigma = trained.alphas_cumprod[time].sqrt(), (1 - trained.alphas_cumprod[time]).sqrt()
            velocity = (alpha * latents - clean) / sigma
            latents = sampler.step(velocity, time, latents, return_dict=False)[0]
        # UniPC is set to end at the least noise of training, about 0.03.
        torch.testing.assert_close(latents, clean, atol=0.15, rtol=0)


def test_the_sizes_stay_within_what_a_processor_and_a_file_can_carry():
    count = {name: sum(w.numel() for w in weights_of(build(name, 1500)).values()) for name in ("mini", "midi")}
    assert count["mini"] < 7e6
    assert 2 * count["midi"] < 45e6
    assert sizes["mini"].side == 128
