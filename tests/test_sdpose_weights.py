"""SDPose's weights: the hub's folders and the single file, read strictly."""

import json
import re
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_sdpose import boxes, lively, photo, saved

from engine import sdpose_layout
from engine.networks.sdpose import SDPoseNet, build, sizes, task_label
from engine.sdpose import SDPosePipeline
from engine.tensor_shapes import WrongWeights


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Tiny folders in the hub's layout, by their keypoints."""
    root = tmp_path_factory.mktemp("sdpose")
    return {17: saved(root / "sdpose-body", 17), 133: saved(root / "sdpose-wholebody", 133)}


@pytest.fixture
def folder(folders, tmp_path):
    """A copy of the whole-body one, to be spoilt."""
    return shutil.copytree(folders[133], tmp_path / "sdpose-wholebody")


@pytest.fixture(scope="module")
def pipeline(folders):
    return SDPosePipeline.from_pretrained(folders[133]).for_inference()


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
