"""SDPose: the network's published sizes, weights in every layout and strictly, the pipeline's batches and promises."""

import json
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine import forecast, sdpose_layout
from engine.box import Box
from engine.estimate import Options
from engine.heatmap import crop_of
from engine.networks.lean import steady
from engine.networks.sdpose import HeatmapHead, SDPoseNet, build, sizes, task_label
from engine.progress import Cancelled
from engine.sdpose import SDPosePipeline
from engine.studio import Studio
from engine.tensors import WrongWeights

photo = np.random.default_rng(0).integers(0, 255, (300, 220, 3), dtype=np.uint8)
boxes = [Box(10, 10, 150, 280), Box(60, 30, 210, 200)]


def lively(keypoints: int, seed: int = 0) -> SDPoseNet:
    """A tiny network whose maps are not flat, as those of an untrained head would be."""
    torch.manual_seed(seed)
    net = build("tiny", keypoints)
    for weight in net.head.parameters():
        torch.nn.init.normal_(weight, std=0.05)
    return net


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Tiny folders in the hub's layout, by their keypoints."""
    root = tmp_path_factory.mktemp("sdpose")
    made = {17: root / "sdpose-body", 133: root / "sdpose-wholebody"}
    for keypoints, folder in made.items():
        SDPosePipeline(lively(keypoints), sizes["tiny"].input_size).save_pretrained(folder)
    return made


@pytest.fixture
def folder(folders, tmp_path):
    """A copy of the whole-body one, to be spoilt."""
    return shutil.copytree(folders[133], tmp_path / "sdpose-wholebody")


@pytest.fixture(scope="module")
def pipeline(folders):
    return SDPosePipeline.from_pretrained(folders[133]).for_inference()


# ── the network ──


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


# ── weights ──


def test_a_saved_pipeline_is_the_same_again(folders):
    again = SDPosePipeline.from_pretrained(folders[133])
    first = SDPosePipeline(lively(133), sizes["tiny"].input_size)
    here, there = first(photo, [boxes], output_heatmaps=True), again(photo, [boxes], output_heatmaps=True)
    # Not to the bit: a file's tensors lie elsewhere in memory, and sums are taken in another order.
    assert torch.allclose(here.heatmaps[0], there.heatmaps[0], atol=1e-6)
    assert again.input_size == (128, 192)


@pytest.mark.parametrize("keypoints", [17, 133])
def test_body_and_whole_body_are_told_apart_by_the_head(folders, keypoints):
    found = SDPosePipeline.from_pretrained(folders[keypoints])
    assert len(found.skeleton) == keypoints
    assert found.net.tap == {17: 3, 133: 2}[keypoints]


@pytest.mark.parametrize(("dtype", "within"), [(torch.bfloat16, 0.1), (torch.float16, 0.02)])
def test_lower_precision_is_near(folders, pipeline, dtype, within):
    rough = SDPosePipeline.from_pretrained(folders[133], dtype).for_inference()
    assert {value.dtype for value in rough.net.parameters()} == {dtype}
    exact, near = (p(photo, [boxes], output_heatmaps=True).heatmaps[0] for p in (pipeline, rough))
    assert (exact - near).norm() / exact.norm() < within


def spoil(folder, file, change):
    tensors = load_file(folder / file)
    change(tensors)
    save_file(tensors, folder / file)


def refused(folder, *words):
    with pytest.raises(WrongWeights) as said:
        SDPosePipeline.from_pretrained(folder)
    assert all(word in str(said.value) for word in words), said.value


def test_a_missing_file_is_named(folder):
    (folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    refused(folder, "expected an SDPose folder with vae/diffusion_pytorch_model.safetensors")


def test_a_missing_tensor_is_named(folder):
    spoil(folder, sdpose_layout.unet_file, lambda tensors: tensors.pop("class_embedding.linear_1.bias"))
    refused(folder, "unet/diffusion_pytorch_model.safetensors", "none named class_embedding.linear_1.bias")


def test_a_stranger_is_named(folder):
    spoil(folder, sdpose_layout.vae_file, lambda tensors: tensors.update(stranger=torch.zeros(1)))
    refused(folder, "vae/diffusion_pytorch_model.safetensors", "others named stranger")


def test_a_wrong_shape_is_named(folder):
    spoil(folder, sdpose_layout.unet_file, lambda tensors: tensors.update({"conv_in.weight": torch.zeros(32, 8, 3, 3)}))
    refused(folder, "conv_in.weight (32, 8, 3, 3) where (32, 4, 3, 3) belongs")


def test_the_head_of_another_library_is_refused(folder):
    spoil(
        folder, sdpose_layout.head_file, lambda tensors: tensors.update({"deconv_layers.1.weight": torch.ones(64)})
    )  # fmt: skip
    refused(folder, "five tensors of the heatmap head", "others named deconv_layers.1.weight")


def test_the_other_models_head_is_refused(folder, folders):
    shutil.copy(folders[17] / sdpose_layout.head_file, folder / sdpose_layout.head_file)
    refused(folder, "expected a head for 64 channels of up-block 2, got 32")


def test_without_settings_the_official_sizes_are_expected(folder):
    (folder / "unet" / "config.json").unlink()
    refused(folder, sdpose_layout.unet_file, "conv_in.weight (32, 4, 3, 3) where (320, 4, 3, 3) belongs")


def test_a_file_cut_short_is_refused(folder):
    path = folder / sdpose_layout.unet_file
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused(folder, "cannot be read as one")


def test_a_pickle_with_code_is_not_run(tmp_path):
    import pickle

    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    (tmp_path / "model.pt").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(WrongWeights, match="expected a file of tensors"):
        SDPosePipeline.from_pretrained(tmp_path / "model.pt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "broken",
    [
        "not json", "[1]", '{"input_size": [0, 5]}', '{"input_size": 5}', '{"input_size": [100, 192]}',
        '{"input_size": [640000, 640000]}', '{"input_size": [true, 64]}', '{"tap": "last"}',
    ],
)  # fmt: skip
def test_settings_that_are_none_are_refused(folder, broken):
    (folder / "pipeline.json").write_text(broken)
    refused(folder, "pipeline.json")


def test_a_vae_of_other_blocks_is_refused(folder):
    path = folder / "vae" / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"down_block_types": ["AttnDownEncoderBlock2D"] * 4}))
    refused(folder, "expected Stable Diffusion's VAE in sdpose-wholebody/vae/config.json")


# ── the single file ──


def first_names(net: SDPoseNet) -> dict[str, torch.Tensor]:
    """The network's tensors under the names of Stable Diffusion's first code, for one layer a block."""
    tensors = {}
    for name, value in net.unet.state_dict().items():
        tensors[f"model.diffusion_model.{unet_name(name)}"] = value
    for name, value in net.vae.state_dict().items():
        flat = re.search(r"attentions.*(to_|query|key|value).*weight", name)
        tensors[f"first_stage_model.{vae_name(name)}"] = value[..., None, None] if flat else value
    for name, value in net.head.state_dict().items():
        tensors[f"model.diffusion_model.heatmap_head.{name}"] = value
    return {name: value.contiguous() for name, value in tensors.items()}


def unet_name(name: str) -> str:
    plain = {
        "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
        "class_embedding.linear_1": "label_emb.0.0", "class_embedding.linear_2": "label_emb.0.2",
        "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
    }  # fmt: skip
    for ours, theirs in plain.items():
        if name.startswith(f"{ours}."):
            return name.replace(ours, theirs)
    part, rest = name.split(".", 1)
    if part == "mid_block":
        kind, index, inner = rest.split(".", 2)
        place = {"resnets": {"0": "0", "1": "2"}, "attentions": {"0": "1"}}[kind][index]
        return f"middle_block.{place}.{resnet_name(inner) if kind == 'resnets' else inner}"
    block, kind, index, inner = rest.split(".", 3)
    down = part == "down_blocks"
    # Two places a block: one residual layer and a halving on the way down, two residual layers on the way up.
    number = int(block) * 2 + (1 if down else 0) + int(index)
    stem = "input_blocks" if down else "output_blocks"
    if kind == "downsamplers":
        return f"input_blocks.{int(block) * 2 + 2}.0.{inner.replace('conv.', 'op.')}"
    if kind == "upsamplers":
        attended = "2" if int(block) > 0 else "1"
        return f"output_blocks.{int(block) * 2 + 1}.{attended}.{inner}"
    return f"{stem}.{number}.{'0' if kind == 'resnets' else '1'}.{resnet_name(inner) if kind == 'resnets' else inner}"


def resnet_name(inner: str) -> str:
    pairs = {
        "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
        "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
    }  # fmt: skip
    stem, end = inner.rsplit(".", 1)
    return f"{pairs[stem]}.{end}"


def vae_name(name: str) -> str:
    name = name.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    name = name.replace("mid_block.attentions.0", "mid.attn_1")
    for ours, theirs in {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}.items():
        name = re.sub(rf"attn_1\.{re.escape(ours)}", f"attn_1.{theirs}", name)
    name = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets\.(\d)", lambda m: f"up.{3 - int(m[1])}.block.{m[2]}", name)
    return re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{3 - int(m[1])}.upsample", name)


@pytest.fixture
def single(tmp_path):
    """A single file under the first names, prompt constant aside, and the network it came from."""
    net = lively(133)
    path = tmp_path / "repack.safetensors"
    save_file(first_names(net), path)
    return path, net


@pytest.fixture
def tiny_prompt(tmp_path, monkeypatch):
    """The published prompt is as wide as the official network; a tiny one stands in for it."""
    path = tmp_path / "empty_prompt.safetensors"
    save_file({"empty_prompt": torch.zeros(1, 2, 32)}, path)
    monkeypatch.setattr(sdpose_layout, "published_prompt", path)


def test_the_single_file_is_the_same_network(single, tiny_prompt):
    path, net = single
    found, size = sdpose_layout.read(path, single=sizes["tiny"])
    assert size == (128, 192)
    assert found.tap == 2
    for name, value in net.state_dict().items():
        assert torch.equal(found.state_dict()[name], value), name


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ("model.diffusion_model.heatmap_head.", "no model.diffusion_model.heatmap_head.…"),
        ("model.diffusion_model.label_emb", "label_emb"),
        ("first_stage_model.encoder.conv_in.weight", "none named encoder.conv_in.weight"),
    ],
)
def test_a_single_file_that_lacks_something_is_refused(single, tiny_prompt, spoilt, said):
    path, _ = single
    save_file({name: value for name, value in load_file(path).items() if not name.startswith(spoilt)}, path)
    with pytest.raises(WrongWeights, match=re.escape(said)):
        sdpose_layout.read(path, single=sizes["tiny"])


@pytest.mark.parametrize("stranger", ["cond_stage_model.x", "model.diffusion_model.stranger.weight"])
def test_a_single_file_with_more_is_refused(single, tiny_prompt, stranger):
    path, _ = single
    save_file(load_file(path) | {stranger: torch.zeros(1)}, path)
    with pytest.raises(WrongWeights, match="got"):
        sdpose_layout.read(path, single=sizes["tiny"])


# ── the pipeline ──


def test_people_and_pictures_in_batches_are_as_one_by_one(pipeline):
    other = np.ascontiguousarray(photo[:200, ::-1])
    together = pipeline([photo, other], [boxes, boxes[:1]], batch_size=3, output_heatmaps=True)
    assert [len(points) for points in together.keypoints] == [2, 1]
    for i, (picture, here) in enumerate(((photo, boxes), (other, boxes[:1]))):
        for k, box in enumerate(here):
            alone = pipeline(picture, [[box]], output_heatmaps=True)
            assert torch.allclose(together.heatmaps[i][k], alone.heatmaps[0][0], atol=1e-5)


def test_a_picture_without_people_has_none(pipeline):
    found = pipeline([photo, photo], [[], boxes[:1]])
    assert [points.shape for points in found.keypoints] == [(0, 133, 2), (1, 133, 2)]
    assert [scores.shape for scores in found.scores] == [(0, 133), (1, 133)]


def test_no_pictures_give_no_entries(pipeline):
    found = pipeline([], output_heatmaps=True)
    assert (found.keypoints, found.scores, found.heatmaps) == ([], [], [])
    (maps,) = pipeline(photo, [[]], output_heatmaps=True).heatmaps
    assert maps.shape == (0, 133, 48, 32)


@pytest.mark.parametrize("count", [0, -1])
def test_a_batch_of_nobody_is_refused(pipeline, count):
    with pytest.raises(ValueError, match=f"expected a batch of 1 or more figures, got {count}"):
        pipeline(photo, [boxes], batch_size=count)


def test_one_threads_stop_is_not_anothers(pipeline):
    inside, waiting, go_on = threading.Event(), threading.Event(), threading.Event()

    def stop(done: float) -> None:
        if done > 0.3:
            inside.set()
            go_on.wait(60)
            raise Cancelled

    with ThreadPoolExecutor(2) as pool:
        stopped = pool.submit(pipeline, photo, [boxes], watch=stop)
        assert inside.wait(60)
        other = pool.submit(pipeline, photo, [boxes], watch=lambda _done: waiting.set())
        assert waiting.wait(60)
        go_on.set()
        with pytest.raises(Cancelled):
            stopped.result()
        assert np.allclose(other.result().scores[0], pipeline(photo, [boxes]).scores[0], atol=1e-5)


def test_too_little_memory_is_said_so(folders, monkeypatch):
    small = SDPosePipeline.from_pretrained(folders[133])

    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(small.net, "encode", full)
    with pytest.raises(MemoryError, match="expected memory for 2 pictures at once"):
        small(photo, [boxes[:1]])


def test_equal_inputs_give_equal_outputs(pipeline):
    first, second = pipeline(photo, [boxes]), pipeline(photo, [boxes])
    assert (first.keypoints[0] == second.keypoints[0]).all()


def test_a_seeded_sample_is_another_answer_and_repeats(pipeline):
    def maps(generator):
        return pipeline(photo, [boxes], generator=generator, output_heatmaps=True).heatmaps[0]

    first, again, other = (maps(torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, maps(None))


def test_the_flip_test_of_a_mirrored_crop_is_the_mirrored_answer(pipeline):
    crop = np.random.default_rng(1).integers(0, 255, (192, 128, 3), dtype=np.uint8)
    straight, mirrored = pipeline.heatmaps([crop]), pipeline.heatmaps([np.ascontiguousarray(crop[:, ::-1])])
    swapped = mirrored.flip(-1)[:, torch.as_tensor(np.array(pipeline.skeleton.swap))]
    assert torch.allclose(straight, swapped, atol=1e-5)
    assert not torch.allclose(straight, pipeline.heatmaps([crop], flip_test=False), atol=1e-3)


def test_the_protocols_differ(pipeline):
    points = [pipeline(photo, [boxes], protocol).keypoints[0] for protocol in ("evaluation", "demo")]
    assert not np.allclose(*points)


def test_progress_rises_and_a_watcher_may_stop_it(pipeline):
    heard: list[float] = []
    pipeline(photo, [boxes], batch_size=1, watch=heard.append)
    assert len(heard) > 20
    assert all(a <= b for a, b in pairwise(heard))
    assert heard[0] == 0
    assert heard[-1] < 1

    def stop(done: float) -> None:
        if done > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        pipeline(photo, [boxes], watch=stop)
    assert not any(part._forward_pre_hooks for part in pipeline.net.modules()), "a stopped run leaves nothing behind"


@pytest.mark.parametrize("wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8)])
def test_wrong_pictures_are_refused(pipeline, wrong):
    with pytest.raises(ValueError, match=r"expected pictures \(H, W, 3\) uint8 RGB"):
        pipeline(wrong)


def test_boxes_for_other_pictures_are_refused(pipeline):
    with pytest.raises(ValueError, match="expected boxes for 1 pictures, got them for 2"):
        pipeline(photo, [boxes, boxes])


# ── in the studio ──


def test_the_studio_estimates_with_a_users_folder(folders):
    studio = Studio(folders[133].parent)
    known = {model.name: model for model in studio.models()}
    assert known["sdpose-wholebody"].present
    assert known["sdpose-body"].present
    found = studio.estimate(photo, "sdpose-wholebody", boxes, options=Options(precision="fp32"))
    assert [person.skeleton.name for person in found.pose.people] == ["wholebody133"] * 2
    direct = SDPosePipeline.from_pretrained(folders[133]).for_inference()(photo, [boxes], batch_size=1)
    crop = crop_of(boxes[0], "evaluation", sizes["tiny"].input_size)
    inside = (np.abs(direct.keypoints[0][0] - crop.center) <= np.array(crop.scale) / 2).all(1)
    assert inside.mean() > 0.9  # what leaps off the crop is put at its edge
    assert np.allclose(found.pose.people[0].points[inside], direct.keypoints[0][0][inside], atol=1e-3)
    assert np.allclose(found.pose.people[0].scores[inside], direct.scores[0][0][inside].clip(0, 1), atol=1e-4)
    assert {person.skeleton.name for person in studio.estimate(photo, "sdpose-body", boxes).pose.people} == {"coco17"}


def test_low_joints_are_marked_and_none_is_dropped(folders):
    found = Studio(folders[133].parent).estimate(photo, "sdpose-wholebody", boxes, options=Options(precision="fp32"))
    thresholds = {"visible": (0.3, 9), "hidden": (0.1, 0.3), "missing": (-1, 0.1)}
    for person in found.pose.people:
        assert len(person.points) == 133
        for score, state in zip(person.scores, person.states, strict=True):
            low, high = thresholds[state]
            assert low <= score < high


def test_parts_left_out_are_missing(folders):
    options = Options(precision="fp32", parts=("body", "face"))
    (person,) = Studio(folders[133].parent).estimate(photo, "sdpose-wholebody", boxes[:1], options=options).pose.people
    states = dict(zip(person.skeleton.joints, person.states, strict=True))
    assert {state for joint, state in states.items() if "hand_" in joint or "toe" in joint or "heel" in joint} == {
        "missing"
    }
    assert {states[joint] for joint in person.skeleton.group("face")} != {"missing"}


def test_a_cancelled_estimate_ends_within_the_network(folders):
    studio = Studio(folders[133].parent)
    heard: list[float] = []
    with pytest.raises(Cancelled):
        studio.estimate(
            photo, "sdpose-wholebody", boxes, progress=lambda share, _: heard.append(share),
            cancelled=lambda: len(heard) > 6,
        )  # fmt: skip
    assert heard[-1] < 0.6, "it did not wait for the first figure's end"


def test_the_forecast_is_told_before_and_measured_after(folders):
    studio = Studio(folders[133].parent)
    before = studio.forecast("sdpose-wholebody", figures=2)
    assert before.seconds > 0
    assert before.gigabytes > 0
    assert not before.measured
    studio.estimate(photo, "sdpose-wholebody", boxes)
    assert studio.forecast("sdpose-wholebody").measured


@pytest.mark.parametrize("keypoints", [17, 133])
def test_the_official_work_is_what_the_network_does(keypoints):
    with torch.device("meta"):
        net = build("official", keypoints)
    counted, told = forecast.work_of(net, sizes["official"].input_size), forecast.official[keypoints]
    assert told.flops == pytest.approx(counted.flops, rel=1e-3)
    assert told.parameters == pytest.approx(counted.parameters, rel=1e-3)
    assert told.pixels == counted.pixels


def test_a_joint_that_leaps_off_the_crop_is_missing_at_its_edge(folders, tmp_path):
    """A flat heatmap makes the decode's last step leap thousands of pixels."""
    net = lively(133)
    torch.nn.init.constant_(net.head.final_layer.bias, 0.4)
    torch.nn.init.normal_(net.head.final_layer.weight, std=1e-4)
    SDPosePipeline(net, sizes["tiny"].input_size).save_pretrained(tmp_path / "flat")
    raw = SDPosePipeline.from_pretrained(tmp_path / "flat")(photo, [boxes[:1]]).keypoints[0]
    (person,) = Studio(tmp_path).estimate(photo, "flat", boxes[:1], options=Options(precision="fp32")).pose.people
    leapt = np.abs(raw[0] - np.array(boxes[0].center)).max(1) > 400
    assert leapt.any()
    assert {person.states[i] for i in np.flatnonzero(leapt)} == {"missing"}
    assert np.abs(person.points - np.array(boxes[0].center)).max() < 200


def test_a_forecast_of_the_official_size_needs_no_weights():
    expected = Studio().forecast("sdpose-wholebody", Options(precision="fp32"))
    assert 4 < expected.gigabytes < 10


@pytest.mark.parametrize(
    "wrong", [{"precision": "int8"}, {"protocol": "other"}, {"detector": "x"}, {"parts": ("tail",)}]
)
def test_unknown_options_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        Options(**wrong)


@pytest.mark.slow
@pytest.mark.parametrize("keypoints", [17, 133])
def test_a_folder_of_the_official_size_end_to_end(keypoints, tmp_path):
    """3.8 GB of random weights in half precision, written and read in the hub's layout, one figure estimated."""
    with torch.device("meta"):
        net = build("official", keypoints)
    net = net.to(torch.bfloat16).to_empty(device="cpu")
    for weight in net.parameters():
        torch.nn.init.normal_(weight, std=0.02)
    for task in ("pose", "picture"):
        setattr(net, f"label_{task}", task_label(task)[None])
    net.empty_prompt = load_file(sdpose_layout.published_prompt)["empty_prompt"].bfloat16()
    SDPosePipeline(net).save_pretrained(tmp_path)
    (tmp_path / "pipeline.json").unlink()  # as on the hub
    del net
    assert json.loads((tmp_path / "unet" / "config.json").read_text())["class_embed_type"] == "projection"
    found = SDPosePipeline.from_pretrained(tmp_path, torch.bfloat16).for_inference()(photo, [boxes[:1]])
    assert found.keypoints[0].shape == (1, keypoints, 2)
