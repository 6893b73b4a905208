"""SDPose on a small VAE and a U-Net of a model trained here: latents, trimming, folders, and what it begins with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

from engine import caption_tokens, sd_builder, sdpose_layout
from engine.box import Box
from engine.networks.lean import one_convolution
from engine.networks.sdpose import HeatmapHead, SDPoseNet
from engine.patch_components import Components, fill
from engine.sdpose import SDPosePipeline
from engine.sdpose_training import Objective, Recipe, begin, rate, recipes
from engine.tensor_shapes import WrongWeights

recipe = replace(recipes["mini"], size="tiny", input_size=(64, 64), sigma=1.5, batch=2, how=recipes["tiny"].how)
photo = np.random.default_rng(0).integers(0, 255, (150, 110, 3), dtype=np.uint8)


def small_vae(channels: int = 16) -> AutoencoderTiny:
    return AutoencoderTiny(
        encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4, num_encoder_blocks=(0, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 0), latent_channels=channels, scaling_factor=1.5,
    )  # fmt: skip


@pytest.fixture(scope="module", params=[False, True], ids=["whole", "half"])
def prior(request, tmp_path_factory) -> Path:
    """A folder as train_sd.py writes it, with random weights."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("prior")
    words = caption_tokens.write(caption_tokens.learned_merges(["a red dress"], 520), folder / "words")
    sd_builder.write(sd_builder.build("tiny", words), small_vae(), folder / "words", folder / "sd", half=request.param)
    return folder / "sd"


def lively(prior: Path, made: Recipe = recipe) -> SDPoseNet:
    """A network whose maps are not flat, as those of an untrained head would be."""
    net = begin(made, prior).eval()
    for weight in net.head.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    return net


def test_begins_with_the_prior_and_its_own_empty_prompt(prior):
    net = begin(recipe, prior)
    theirs = sd_builder.read(prior)
    assert torch.equal(net.unet.conv_in.weight, theirs.unet.conv_in.weight.float())
    # At the last step a velocity is the picture with its sign turned.
    assert torch.equal(net.unet.conv_out.weight, -theirs.unet.conv_out.weight.float())
    assert net.unet.config.class_embed_type == "projection"
    assert (net.small, net.scale, net.head.channels, net.tap) == (True, 1.5, 16, 2)
    numbers = torch.tensor([caption_tokens.read(prior / "tokenizer")("").input_ids])
    assert numbers.shape == (1, 2)
    with torch.no_grad():
        assert torch.allclose(net.empty_prompt, theirs.text_encoder(numbers).last_hidden_state, atol=1e-6)
    assert not any(value.requires_grad for name, value in Objective(net, recipe).net.vae.named_parameters())


def test_from_scratch_the_unet_is_random_and_the_vae_is_not(prior):
    net, usual = begin(replace(recipe, scratch=True, seed=5), prior), begin(recipe, prior)
    assert not torch.equal(net.unet.conv_in.weight, usual.unet.conv_in.weight)
    assert torch.equal(net.vae.encoder.layers[0].weight, usual.vae.encoder.layers[0].weight)
    assert torch.equal(net.empty_prompt, usual.empty_prompt)


@torch.inference_mode()
def test_latents_are_the_same_each_time_and_scaled(prior):
    net = lively(prior)
    pixels = torch.rand(2, 3, 64, 128) * 2 - 1
    latents = net.encode(pixels)
    assert latents.shape == (2, 16, 8, 16)
    assert torch.equal(latents, net.encode(pixels, torch.Generator().manual_seed(1)))
    assert torch.allclose(latents, net.vae.encode(pixels).latents * 1.5)


@torch.inference_mode()
def test_trimming_and_the_fast_layout_change_nothing(prior):
    net = lively(prior)
    pixels = torch.rand(2, 3, 64, 64) * 2 - 1
    before, (trained, picture) = net(pixels), net.both(net.encode(pixels))
    assert torch.allclose(before, trained, atol=1e-5)
    assert torch.allclose(before, net.train()(pixels), atol=1e-5)
    net.eval()
    assert picture.shape == (2, 16, 8, 8)
    assert torch.allclose(picture, net.picture(net.encode(pixels)), atol=1e-5)
    after = net.trimmed().channels_last()(pixels)
    assert torch.allclose(before, after, atol=1e-4)


@torch.inference_mode()
def test_an_encoder_of_patches_comes_to_one_convolution():
    rows = np.random.default_rng(0).normal(0.5, 0.2, (20, 32, 32, 3)).clip(0, 1)
    vae = AutoencoderTiny(encoder_block_out_channels=(48,) * 4, num_encoder_blocks=(0,) * 4, latent_channels=16)
    pixels = torch.rand(2, 3, 32, 48) * 2 - 1
    assert one_convolution(vae.encoder) is vae.encoder, "patches that see their neighbours are none"
    bent = small_vae().encoder
    assert one_convolution(bent) is bent, "one with blocks is not linear"
    fill(vae, Components.of((picture * 255).astype(np.uint8) for picture in rows))
    alone = one_convolution(vae.encoder)
    assert [layer.kernel_size for layer in alone.layers] == [(8, 8)]
    assert torch.allclose(alone(pixels), vae.encoder(pixels), atol=1e-4)


@pytest.mark.parametrize("tap", [2, 3])
@torch.inference_mode()
def test_the_picture_may_be_asked_of_fewer(prior, tap):
    net = lively(prior, replace(recipe, tap=tap))
    latents = torch.randn(3, 16, 8, 8)
    maps, picture = net.both(latents, latents[:1])
    assert torch.allclose(maps, net.heatmaps(latents), atol=1e-5)
    assert torch.allclose(picture, net.picture(latents[:1]), atol=1e-5)
    assert not any(block._forward_pre_hooks for block in net.unet.up_blocks)


def test_a_folder_of_it_comes_back(prior, tmp_path):
    net = lively(prior)
    SDPosePipeline(net, (64, 64)).save_pretrained(tmp_path / "a")
    assert str(prior) not in (tmp_path / "a" / "vae" / "config.json").read_text("utf-8"), (
        "where it began is told nobody"
    )
    pipeline = SDPosePipeline.from_pretrained(tmp_path / "a")
    for name, value in net.state_dict().items():
        assert torch.equal(pipeline.net.state_dict()[name], value), name
    pipeline.to(dtype=torch.float16).save_pretrained(tmp_path / "half")
    half = SDPosePipeline.from_pretrained(tmp_path / "half").for_inference()
    heard: list[float] = []
    boxes = [[Box(10, 10, 90, 140)]]
    found = half(photo, boxes, watch=heard.append)
    assert found.keypoints[0].shape == (1, 133, 2)
    assert heard == sorted(heard)
    assert len(heard) > 10
    usual = SDPosePipeline.from_pretrained(tmp_path / "a")(photo, boxes)
    assert np.allclose(usual.scores[0], found.scores[0], atol=0.05)
    with torch.device("meta"):
        shape, size = sdpose_layout.shape_of(tmp_path / "a")
    assert (size, shape.small) == ((64, 64), True)


def test_a_vae_of_other_latents_is_refused(prior):
    net = begin(recipe, prior)
    with pytest.raises(ValueError, match="expected a VAE of 16 latent channels, got one of 4"):
        SDPoseNet(net.unet, small_vae(4), HeatmapHead(16, 133), net.empty_prompt, 2)


def test_without_words_there_is_no_prompt(prior, tmp_path):
    for part in ("unet", "vae"):
        (tmp_path / part).mkdir()
        for file in (prior / part).iterdir():
            (tmp_path / part / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ValueError, match="or a text_encoder and its tokenizer"):
        begin(recipe, tmp_path)
    (tmp_path / "unet" / "config.json").write_text('{"in_channels": 16, "out_channels": 16}')
    with pytest.raises(WrongWeights):
        begin(recipe, tmp_path)


# ── short runs ──


def test_the_rate_rises_stays_and_falls():
    made = replace(recipe, warmup=4, decay=0.5)
    rates = [rate(made, step, 20) for step in range(20)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4:11] == [1.0] * 7
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[-1] < 0.05
    assert {rate(recipes["paper-body"], step, 20) for step in range(20)} == {1.0}


def test_errors_on_joints_and_on_the_body_may_weigh_more(prior):
    plain = replace(recipe, rgb=False, peak=0.0, pose=1.0)
    batch = {
        "latents": torch.randn(1, 16, 8, 8).half(),
        "heatmaps": torch.rand(1, 133, 16, 16),
        "weights": torch.ones(1, 133),
    }
    net = lively(prior)

    def loss(made: Recipe) -> tuple[float, torch.Tensor]:
        heat, _, maps = Objective(net, made)(batch, (0,))
        return float(heat.detach()), maps.detach()

    usual, maps = loss(plain)
    errors = (maps - batch["heatmaps"]).square()
    assert usual == pytest.approx(float(errors.mean()), rel=1e-5)
    assert loss(replace(plain, peak=3.0))[0] == pytest.approx(
        float((errors * (1 + 3 * batch["heatmaps"])).mean()), rel=1e-5
    )
    each = torch.tensor([4.0] * 17 + [1.0] * 116)
    weighed = (errors * (each / each.mean())[:, None, None]).mean()
    assert loss(replace(plain, body=4.0, pose=2.0))[0] == pytest.approx(2 * float(weighed), rel=1e-5)
