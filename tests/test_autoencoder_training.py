"""The autoencoder's training: its folded passes, losses, pictures, optimiser, runs; and the photographs it reads."""

import base64
import json
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from PIL import Image

from engine.autoencoder_training import (
    Objective,
    Pictures,
    Recipe,
    as_tensor,
    begin,
    decoded,
    difference,
    encoded,
    pictures_in,
    psnr,
)
from engine.muon import Muon, is_matrix, orthogonal
from engine.networks.lean import one_convolution
from engine.training import read_about, seeded
from scripts import prepare_photos
from scripts.train_autoencoder import Training, state_name

tiny = Recipe(width=12, blocks=(1, 1, 0, 0), size=32, batch=4, learning_rate=0.02, warm_up=5, noise=0.0)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def folder(tmp_path):
    """Pictures of soft colours with a box each, some larger than others."""
    rng = np.random.default_rng(3)
    where = tmp_path / "pictures"
    where.mkdir()
    for i in range(6):
        picture = cv2.resize(rng.integers(0, 255, (3, 3, 3)).astype(np.uint8), (40 + 12 * i, 48))
        picture[10:30, 10:30] = rng.integers(0, 255, 3)
        Image.fromarray(picture).save(where / f"{i}.jpg")
    return where


def noise(*shape):
    return torch.rand(shape, generator=seeded(5)) * 2 - 1


def soft(count=6, size=64):
    """Pictures (count, size, size, 3) uint8 of clouds of colour."""
    rng = np.random.default_rng(2)
    clouds = rng.integers(0, 255, (count, 12, 12, 3)).astype(np.uint8)
    return np.stack([cv2.resize(cloud, (size, size), interpolation=cv2.INTER_CUBIC) for cloud in clouds])


# ── the network ──


def test_it_is_a_stock_autoencoder_of_an_eighth_and_sixteen_channels():
    net = begin(Recipe(), soft())
    assert type(net) is AutoencoderTiny
    with torch.no_grad():
        latents = net.encode(noise(1, 3, 64, 48)).latents  # type: ignore[union-attr]
        assert latents.shape == (1, 16, 8, 6)
        assert net.decode(latents).sample.shape == (1, 3, 64, 48)  # type: ignore[union-attr]
    assert sum(p.numel() for p in net.parameters()) < 1e6


@torch.no_grad()
def test_its_latents_are_components_of_unit_variance_and_within_what_the_decoder_takes():
    pictures = soft(20)
    net = begin(Recipe(), pictures)
    latents = net.encoder(as_tensor(pictures)).permute(0, 2, 3, 1).reshape(-1, 16)
    spread = torch.cov(latents.T)
    torch.testing.assert_close(latents.mean(0), torch.zeros(16), rtol=0, atol=1e-3)
    torch.testing.assert_close(spread, spread.diagonal().diag(), rtol=0, atol=1e-3)
    assert float(latents.square().mean().sqrt()) * net.config["scaling_factor"] == pytest.approx(1, abs=0.01)
    assert latents.abs().max() < 3


@torch.no_grad()
def test_one_convolution_is_the_whole_encoder():
    pictures = soft(20)
    net = begin(Recipe(), pictures)
    quick = one_convolution(net.encoder)
    assert [tuple(weight.shape) for weight in quick.parameters()] == [(16, 3, 8, 8), (16,)]
    torch.testing.assert_close(net.encoder(as_tensor(pictures)), quick(as_tensor(pictures)), rtol=0, atol=2e-3)


@torch.no_grad()
@pytest.mark.parametrize("blocks", [(1, 1, 0, 0), (1, 1, 0, 1)])
def test_folded_the_passes_are_the_network_s_own_to_the_last_pixel(blocks):
    net = begin(replace(tiny, blocks=blocks), soft())
    for value in net.decoder.parameters():
        value.add_(torch.randn(value.shape, generator=seeded(1)) * 0.1)
    pictures, latents = noise(2, 3, 48, 64), noise(2, 16, 6, 8)
    torch.testing.assert_close(encoded(net, pictures), net.encoder(pictures), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(decoded(net, latents), net.decoder(latents), rtol=1e-4, atol=1e-4)


# ── the losses ──


def test_a_picture_is_no_way_from_itself_and_edges_weigh():
    pictures = noise(1, 3, 16, 16)
    assert difference(pictures, pictures, 0.5) == 0
    shifted = pictures + 0.2
    torch.testing.assert_close(difference(shifted, pictures, 5.0), difference(shifted, pictures, 0.0))
    assert difference(pictures.flip(3), pictures, 0.5) > difference(pictures.flip(3), pictures, 0.0)


def test_psnr_of_known_errors():
    black = torch.full((2, 3, 8, 8), -1.0)
    made = black + torch.tensor([0.2, 0.02]).view(2, 1, 1, 1)
    torch.testing.assert_close(psnr(made, black), torch.tensor([20.0, 40.0]))


def test_the_rate_rises_stays_and_falls():
    rates = [replace(tiny, decay=0.4).rate(step, 100) for step in range(101)]
    assert rates[0] < rates[4] == pytest.approx(tiny.learning_rate)
    assert rates[50] == pytest.approx(tiny.learning_rate)
    assert all(a >= b for a, b in pairwise(rates[60:]))
    assert rates[-1] == pytest.approx(0.02 * tiny.learning_rate)


def test_the_decoder_alone_learns():
    objective = Objective(begin(tiny, soft()), tiny)
    loss, _ = objective(noise(2, 3, 32, 32), seeded(0))
    loss.backward()
    assert all(name.startswith("decoder.") for name in objective.trained())
    assert all(p.grad is not None for p in objective.net.decoder.parameters())
    assert all(p.grad is None for p in objective.net.encoder.parameters())


# ── the optimiser ──


def test_orthogonal_brings_singular_values_to_about_one():
    for shape in ((6, 20), (20, 6)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape, generator=seeded(4)) * 7))
        assert values.min() > 0.5
        assert values.max() < 1.4


def test_muon_finds_a_matrix_and_a_bias():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer, wanted = torch.nn.Linear(6, 5), torch.nn.Linear(6, 5).requires_grad_(False)
    assert is_matrix(layer.weight)
    assert not is_matrix(layer.bias)
    values = torch.randn(64, 6, generator=seeded(6))
    optimizer = Muon(layer.parameters(), 0.02, share=1.0)
    for step in range(300):
        optimizer.param_groups[0]["lr"] = 0.02 * (1 - step / 300)
        optimizer.zero_grad()
        (layer(values) - wanted(values)).square().mean().backward()
        optimizer.step()
    assert (layer(values) - wanted(values)).abs().max() < 0.05
    with pytest.raises(ValueError, match="expected a learning rate above 0, got 0"):
        Muon(layer.parameters(), 0)


# ── the pictures ──


def test_pictures_are_the_same_for_a_step_and_others_for_the_next(folder):
    pictures = Pictures([folder], 32, 7)
    first = pictures.batch(3, 4)
    assert first.shape == (4, 3, 32, 32)
    assert first.min() >= -1
    assert first.max() <= 1
    torch.testing.assert_close(first, Pictures([folder], 32, 7, kept=0).batch(3, 4), rtol=0, atol=0)
    assert not torch.equal(first, pictures.batch(4, 4))


def test_masks_depths_and_what_is_being_written_are_no_pictures(folder):
    Image.new("L", (40, 40)).save(folder / "0_depth.png")
    (folder / "next.part").mkdir()
    Image.new("RGB", (40, 40)).save(folder / "next.part" / "a.jpg")
    assert [path.name for path in pictures_in(folder)] == [f"{i}.jpg" for i in range(6)]


def test_folders_may_fill_later_but_not_all(folder, tmp_path):
    later = tmp_path / "later"
    pictures = Pictures([later, folder], 32, 0)
    assert len(pictures.files) == 1
    later.mkdir()
    Image.new("RGB", (40, 40)).save(later / "a.jpg")
    assert pictures.look() == 7
    with pytest.raises(ValueError, match="expected pictures in"):
        Pictures([tmp_path / "nowhere"], 32, 0)


# ── a run ──


def test_a_run_learns_goes_on_bit_by_bit_and_leaves_a_stock_folder(folder, tmp_path):
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    Training(tiny, [folder], [folder], whole).run(30)
    Training(tiny, [folder], [], parted).run(30)
    errors = [float(row.split(",")[2]) for row in (whole / "metrics.csv").read_text().splitlines()[1:]]
    assert len(errors) == 30
    assert np.mean(errors[-10:]) < 0.7 * np.mean(errors[:10])
    assert (parted / "model" / "diffusion_pytorch_model.safetensors").read_bytes() == (
        whole / "model" / "diffusion_pytorch_model.safetensors"
    ).read_bytes()
    on = Training(tiny, [folder], [], parted, resume=True)
    assert on.step == 30
    on.run(32)
    assert read_about(parted / state_name)["step"] == 32
    assert AutoencoderTiny.from_pretrained(whole / "model").config["scaling_factor"] > 1  # type: ignore[union-attr]
    assert (whole / "samples.png").is_file()
    assert [row.split(",")[0] for row in (whole / "held_out.csv").read_text().splitlines()] == ["30", "30"]


def test_another_run_leaves_the_latents_what_they_were(folder, tmp_path):
    Training(tiny, [folder], [], tmp_path / "first").run(2)
    Training(tiny, [folder], [], tmp_path / "second", tmp_path / "first" / "model").run(3)
    before, after = (AutoencoderTiny.from_pretrained(tmp_path / name / "model") for name in ("first", "second"))
    assert before.config["scaling_factor"] == after.config["scaling_factor"]  # type: ignore[union-attr]
    for name, value in before.state_dict().items():  # type: ignore[union-attr]
        same = torch.equal(value, after.state_dict()[name])  # type: ignore[union-attr]
        assert same or name.startswith("decoder."), name
    assert not torch.equal(before.decoder.layers[0].weight, after.decoder.layers[0].weight)  # type: ignore[union-attr]


# ── the photographs ──


def test_prepared_photographs_are_small_named_and_parted(tmp_path):
    rng = np.random.default_rng(0)
    source = tmp_path / "wallpapers"
    source.mkdir()
    for i in range(12):
        picture = cv2.resize(rng.integers(0, 255, (5, 8, 3)).astype(np.uint8), (800, 600))
        Image.fromarray(picture).save(source / f"{i}.jpg")
    Image.new("RGB", (48, 48)).save(source / "tiny.png")
    data = cv2.imencode(".webp", rng.integers(0, 255, (256, 256, 3)).astype(np.uint8))[1].tobytes()
    (source / "one.webp.js").write_text(f"export default 'data:image/webp;base64,{base64.b64encode(data).decode()}'")
    out = tmp_path / "photos"
    written = prepare_photos.prepare([prepare_photos.Source("papers", source, "CC0-1.0")], out)
    rows = json.loads((out / "SOURCES.json").read_text("utf-8"))
    assert written["train"] + written["test"] == len(rows) > 13
    assert written["test"] >= 1
    assert {row["licence"] for row in rows} == {"CC0-1.0"}
    assert {row["from"] for row in rows} == {f"wallpapers/{i}.jpg" for i in range(12)} | {"wallpapers/one.webp.js"}
    assert {max(Image.open(out / row["file"]).size) for row in rows} <= set(range(256, 513))
    with pytest.raises(ValueError, match="expected pictures of none"):
        prepare_photos.prepare([prepare_photos.Source("none", tmp_path / "nothing", "CC0-1.0")], out)


def test_of_one_picture_in_several_sizes_the_heaviest_is_taken(tmp_path):
    for name, size in (("640x480", 10), ("1920x1080", 30), ("other", 5)):
        (tmp_path / f"{name}.jpg").write_bytes(b"x" * size)
    names = [path.stem for path in prepare_photos.largest(sorted(tmp_path.iterdir()))]
    assert names == ["1920x1080", "other"]


def test_a_view_into_a_panorama_looks_where_it_is_turned():
    panorama = np.zeros((128, 256, 3), np.uint8)
    panorama[:, :128, 0], panorama[:, 128:, 1] = 200, 200
    panorama[:32, :, 2] = 255
    assert (prepare_photos.view(panorama, np.pi / 2, 0)[60:100, 60:100, 0] > 150).all()
    assert (prepare_photos.view(panorama, 3 * np.pi / 2, 0)[60:100, 60:100, 1] > 150).all()
    up, down = (prepare_photos.view(panorama, 1.0, tilt)[..., 2].mean() for tilt in (0.6, -0.6))
    assert up > 40 > down


def test_suns_brighter_than_a_half_float_are_white():
    light = np.full((4, 8, 3), 0.2, np.float32)
    light[0, 0] = np.inf
    made = prepare_photos.developed(light)
    assert made[0, 0].min() == 255
    assert 90 < made[1, 1, 0] < 160
