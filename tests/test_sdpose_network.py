"""SDPose's network: the published sizes, trimming, and the layout that is fast."""

import pytest
import torch
from safetensors.torch import load_file
from tiny_sdpose import lively

from engine import sdpose_layout
from engine.networks.lean import steady
from engine.networks.sdpose import HeatmapHead, SDPoseNet, build, task_label


@pytest.mark.parametrize(("keypoints", "channels", "head"), [(17, 320, 1_746_577), (133, 640, 7_049_093)])
def test_the_official_sizes_are_the_published_ones(keypoints, channels, head):
    def count(module):
        return sum(value.numel() for value in module.parameters())

    with torch.device("meta"):
        net = build("official", keypoints)
    unet = {name: tuple(value.shape) for name, value in net.unet.state_dict().items()}
    assert (count(net.unet), len(unet)) == (867_556_804, 690)
    assert (count(net.vae), len(net.vae.state_dict())) == (83_653_863, 248)
    assert count(net.vae.encoder) + count(net.vae.quant_conv) == 34_163_664
    assert count(net.head) == head
    assert unet["conv_in.weight"] == (320, 4, 3, 3)
    assert unet["conv_out.weight"] == (4, 320, 3, 3)
    assert unet["class_embedding.linear_1.weight"] == (1280, 4)
    assert unet["class_embedding.linear_2.weight"] == (1280, 1280)
    attention = "down_blocks.0.attentions.0.transformer_blocks.0.attn2"
    assert unet[f"{attention}.to_k.weight"] == (320, 1024)
    assert unet["down_blocks.0.attentions.0.proj_in.weight"] == (320, 320)
    assert net.unet.down_blocks[0].attentions[0].transformer_blocks[0].attn1.heads == 5
    assert [value.shape[0] for name, value in net.unet.state_dict().items() if name == "conv_norm_out.weight"] == [320]
    assert {name: tuple(value.shape) for name, value in net.head.state_dict().items()} == {
        "deconv_layers.0.weight": (channels, channels, 4, 4),
        "conv_layers.0.weight": (channels, channels, 1, 1),
        "conv_layers.0.bias": (channels,),
        "final_layer.weight": (keypoints, channels, 1, 1),
        "final_layer.bias": (keypoints,),
    }


@pytest.mark.parametrize(("keypoints", "tap"), [(17, 3), (133, 2)])
def test_the_official_network_gives_maps_of_a_quarter_of_its_input(keypoints, tap):
    with torch.device("meta"):
        net = build("official", keypoints).eval()
        assert net.tap == tap
        assert net(torch.zeros(2, 3, 1024, 768)).shape == (2, keypoints, 256, 192)
        # A trimmed network ends at the tap: 0.98 of the U-Net's 3.13 TFLOP are not spent on whole bodies.
        assert len(net.trimmed().unet.up_blocks) == tap + 1
        assert net(torch.zeros(2, 3, 1024, 768)).shape == (2, keypoints, 256, 192)


def test_the_task_label_is_the_published_one():
    assert task_label("pose").tolist() == pytest.approx([0.84147098, 0, 0.54030231, 1])
    assert task_label("picture").tolist() == pytest.approx([0, 0.84147098, 1, 0.54030231])


@pytest.mark.parametrize("keypoints", [17, 133])
def test_trimming_changes_nothing_but_what_is_kept(keypoints):
    net = lively(keypoints).eval()
    picture = torch.rand(2, 3, 192, 128) * 2 - 1
    with torch.inference_mode():
        latents = net.encode(picture)
        before, (trained, rebuilt) = net.heatmaps(latents), net.both(latents)
        size = sum(value.numel() for value in net.parameters())
        net.trimmed()
        after, encoded = net.heatmaps(latents), net.encode(picture)
    # Part by part: random weights amplify what the last bits of the latents differ by when pictures go one by one.
    assert torch.allclose(latents, encoded, atol=1e-6)
    assert torch.allclose(before, after, atol=1e-5)
    assert torch.allclose(before, trained, atol=1e-5)
    assert rebuilt.shape == (2, 4, 24, 16)
    assert sum(value.numel() for value in net.parameters()) < size
    with pytest.raises(ValueError, match="expected the whole network"):
        net.both(torch.zeros(1, 4, 24, 16))


@torch.inference_mode()
def test_norms_stay_exact_in_the_fast_layout():
    """PyTorch's own lose their digits there, most where a group is nearly flat."""
    flat = torch.randn(2, 64, 96, 64) * 0.01 + torch.randn(1, 64, 1, 1) * 0.02 + 5
    last = flat.to(memory_format=torch.channels_last)
    net = torch.nn.Sequential(torch.nn.GroupNorm(32, 64))
    torch.nn.init.normal_(net[0].weight)
    torch.nn.init.normal_(net[0].bias)
    exact = net.double()(flat.double())
    net.float()
    assert (net(last) - exact).abs().max() > 1e-3, "no longer needed: PyTorch mended its norm"
    before = dict(net.state_dict())
    steady(net)
    assert (net(last) - exact).abs().max() < 1e-4
    assert net.state_dict().keys() == before.keys()


def test_the_fast_layout_changes_nothing():
    net = lively(133).eval().trimmed()
    picture = torch.rand(1, 3, 192, 128) * 0.02 + 0.5  # nearly flat
    with torch.inference_mode():
        before = net(picture)
        after = net.channels_last()(picture)
    assert torch.allclose(before, after, atol=1e-4)


def test_the_task_and_the_prompt_matter():
    net = lively(133).eval()
    latents = net.encode(torch.rand(1, 3, 192, 128) * 2 - 1)
    with torch.inference_mode():
        assert (net.picture(latents, "pose") - net.picture(latents, "picture")).abs().max() > 1e-3
        before = net.heatmaps(latents)
        net.empty_prompt = torch.randn(1, 2, 32)
        assert (net.heatmaps(latents) - before).abs().max() > 1e-3


def test_parts_that_do_not_fit_are_refused():
    net = build("tiny", 133)
    with pytest.raises(ValueError, match="expected a head for 64 channels of up-block 2, got 32"):
        SDPoseNet(net.unet, net.vae, HeatmapHead(32, 133), net.empty_prompt)
    with pytest.raises(ValueError, match=r"expected an empty prompt \(1, 2, 32\)"):
        SDPoseNet(net.unet, net.vae, net.head, torch.zeros(1, 2, 8))
    with pytest.raises(ValueError, match="multiples of 64"):
        net.encode(torch.zeros(1, 3, 100, 64))
    with pytest.raises(ValueError, match="expected 17 or 133 keypoints, got 20"):
        build("tiny", 20)


def test_the_published_prompt_is_shipped():
    prompt = load_file(sdpose_layout.published_prompt)["empty_prompt"].float()
    assert prompt.shape == (1, 2, 1024)
    first = [[-0.313425, -0.447569, -0.008241, -0.227992], [1.411363, 0.007577, -0.428843, 0.089608]]
    assert prompt[0, :, :4].tolist() == [pytest.approx(row, rel=1e-3) for row in first]
