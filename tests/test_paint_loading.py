"""Painting models from disk: folders and single files, read strictly, never with something made up or left out."""

from __future__ import annotations

import json
import re
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.controlnets.controlnet import ControlNetModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from safetensors.torch import load_file, save_file
from test_sdpose_weights import unet_name, vae_name
from tiny_painters import write_base
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from engine import clip_words, spctrl_layout
from engine.paint_builder import build_base, build_control, sizes
from engine.paint_loading import control_settings, fits, read_base, read_control
from engine.painter import Base
from engine.single_base import Single, sd15, sdxl
from engine.tensor_shapes import WrongWeights

networks = {
    "unet": "unet/diffusion_pytorch_model.safetensors",
    "vae": "vae/diffusion_pytorch_model.safetensors",
    "text_encoder": "text_encoder/model.safetensors",
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch):
    """Whatever is read is read from the disk alone."""

    def refuse(*_, **__):
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def base() -> Base:
    return build_base("tiny", seed=3)


@pytest.fixture(scope="module")
def written(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base as diffusers' pipelines lie on disk, in half precision, which `base` has from then on."""
    folder = tmp_path_factory.mktemp("written") / "tiny-sd"
    write_base(folder, base)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A copy of that folder to spoil."""
    return Path(shutil.copytree(written, tmp_path / "tiny-sd"))


def same(found: torch.nn.Module, wanted: torch.nn.Module) -> bool:
    one, other = found.state_dict(), wanted.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key].to(one[key].dtype)) for key in one)


def settings(part: Any) -> dict[str, Any]:
    return {key: value for key, value in part.config.items() if not key.startswith("_")}


# ── a base's folder ──


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_folder_is_the_base_that_was_written(base: Base, written: Path, dtype: torch.dtype):
    found = read_base(written, "mine", dtype)
    assert found.name == "mine"
    assert not found.is_xl
    assert found.parts.keys() == base.parts.keys()
    for name in networks:
        net = found.parts[name]
        assert same(net, base.parts[name])
        assert not net.training
        for tensor in (*net.parameters(), *net.buffers()):
            assert not tensor.is_meta
            assert not tensor.requires_grad
            assert tensor.dtype == dtype or not tensor.is_floating_point()
    assert settings(found.parts["scheduler"]) == settings(base.parts["scheduler"])


def test_the_text_is_encoded_as_by_the_model_that_was_written(base: Base, written: Path):
    found = read_base(written, "mine")
    said, meant = (one.parts["tokenizer"]("a tiger in red", padding="max_length") for one in (found, base))
    assert said.input_ids == meant.input_ids
    ids = torch.tensor([said.input_ids])
    with torch.no_grad():
        wanted = CLIPTextModel.from_pretrained(written / "text_encoder", dtype=torch.float32)(ids)[0]
        assert torch.allclose(found.parts["text_encoder"](ids)[0], wanted, atol=1e-6)


@pytest.mark.parametrize("name", networks)
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t, key: t.pop(key), "none named {key}"),
        (lambda t, key: t.update({f"{key}.more": torch.zeros(1)}), "others named {key}.more"),
        (lambda t, key: t.update({key: torch.zeros(7, 5)}), r"{key} \(7, 5\) where"),
    ],
    ids=["one missing", "one more", "another shape"],
)
def test_every_tensor_is_accounted_for(folder: Path, name: str, spoil, said: str):
    tensors = load_file(folder / networks[name])
    key = sorted(tensors)[len(tensors) // 2]
    spoil(tensors, key)
    save_file(tensors, folder / networks[name])
    with pytest.raises(WrongWeights, match=rf"in {name}, got .*{said.format(key=re.escape(key))}"):
        read_base(folder, "mine")


def test_another_models_weights_are_refused(base: Base, folder: Path):
    net = build_control(base, "openpose").net
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, folder / networks["unet"])
    with pytest.raises(WrongWeights, match=r"in unet, got none named .* and \d+ more; others named controlnet_"):
        read_base(folder, "mine")


def test_settings_of_another_class_are_refused(folder: Path):
    path = folder / "vae" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"_class_name": "VQModel"}))
    with pytest.raises(WrongWeights, match=r"expected a AutoencoderKL in vae/config.json, got 'VQModel'"):
        read_base(folder, "mine")


def test_a_file_that_may_hold_a_program_is_not_opened(folder: Path):
    (folder / networks["unet"]).unlink()
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"not even looked at")
    with pytest.raises(WrongWeights, match=r"expected unet/.*\.safetensors, got .*\.bin, which may hold a program"):
        read_base(folder, "mine")


def test_half_precision_lies_under_its_own_name(base: Base, folder: Path):
    for name in networks.values():
        (folder / name).rename(folder / name.replace(".safetensors", ".fp16.safetensors"))
    found = read_base(folder, "mine")
    assert all(same(found.parts[name], base.parts[name]) for name in networks)


def test_a_part_in_several_pieces(base: Base, folder: Path):
    tensors = load_file(folder / networks["unet"])
    (folder / networks["unet"]).unlink()
    names, pieces = sorted(tensors), ("a.safetensors", "b.safetensors")
    half = len(names) // 2
    for piece, some in zip(pieces, (names[:half], names[half:]), strict=True):
        save_file({name: tensors[name] for name in some}, folder / "unet" / piece)
    index = {"weight_map": {name: pieces[n >= half] for n, name in enumerate(names)}}
    path = folder / "unet" / "diffusion_pytorch_model.safetensors.index.json"
    path.write_text(json.dumps(index))
    assert same(read_base(folder, "mine").parts["unet"], base.parts["unet"])
    (folder / "unet" / "b.safetensors").unlink()
    with pytest.raises(WrongWeights, match=r"expected b.safetensors beside"):
        read_base(folder, "mine")
    path.write_text(json.dumps({"weight_map": {"a": "../vae/diffusion_pytorch_model.safetensors"}}))
    with pytest.raises(WrongWeights, match="expected the pieces' names"):
        read_base(folder, "mine")


def test_names_of_the_published_files_are_understood(base: Base, folder: Path):
    """The VAE's attention and the text encoder's tensors were called otherwise, and it had one more."""
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    path = folder / networks["vae"]
    tensors = load_file(path)
    for new, name in old.items():
        tensors = {key.replace(f".{new}.", f".{name}."): value for key, value in tensors.items()}
    assert "decoder.mid_block.attentions.0.proj_attn.weight" in tensors
    save_file(tensors, path)
    path = folder / networks["text_encoder"]
    tensors = {f"text_model.{key.removeprefix('text_model.')}": value for key, value in load_file(path).items()}
    save_file(tensors | {"text_model.embeddings.position_ids": torch.arange(77)[None]}, path)
    found = read_base(folder, "mine")
    assert all(same(found.parts[name], base.parts[name]) for name in networks)


def test_a_tokenizer_of_more_words_than_the_text_encoder_has_is_refused(folder: Path):
    words = clip_words.tokenizer()
    words.add_tokens(["<nose>"])
    shutil.rmtree(folder / "tokenizer")
    words.save_pretrained(folder / "tokenizer")
    with pytest.raises(WrongWeights, match=r"expected at most 49408 words in tokenizer, .* got 49409"):
        read_base(folder, "mine")
    shutil.rmtree(folder / "tokenizer")
    with pytest.raises(WrongWeights, match="expected CLIP's tokenizer in"):
        read_base(folder, "mine")


def test_a_text_encoder_of_another_model_is_refused(folder: Path):
    text = {**sizes["tiny"].text, "hidden_size": 48, "num_attention_heads": 2}
    CLIPTextModel(CLIPTextConfig(vocab_size=49408, **text)).save_pretrained(folder / "text_encoder")
    with pytest.raises(
        WrongWeights, match=r"U-Net and text encoders of one model .* 48 numbers for a U-Net that reads 32"
    ):
        read_base(folder, "mine")


@pytest.mark.parametrize("kind", ["FlowScheduler", "logging", None])
def test_what_is_no_scheduler_is_refused(folder: Path, kind):
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps({"_class_name": kind}))
    with pytest.raises(WrongWeights, match=r"expected a scheduler of diffusers in scheduler_config.json"):
        read_base(folder, "mine")


def test_another_pipeline_is_refused(folder: Path):
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "FluxPipeline"}))
    with pytest.raises(WrongWeights, match=r"expected StableDiffusionPipeline or .* got 'FluxPipeline'"):
        read_base(folder, "mine")


# ── Stable Diffusion XL ──


tiny_xl = Single(
    unet={
        **sdxl.unet, "sample_size": 8, "block_out_channels": (16, 32, 32), "cross_attention_dim": 56,
        "attention_head_dim": (2, 2, 2), "transformer_layers_per_block": (1, 1, 2), "norm_num_groups": 8,
        "layers_per_block": 1, "addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 24 + 6 * 8,
    },
    vae={**sizes["tiny"].vae, "scaling_factor": 0.13025},
    text={**sdxl.text, **sizes["tiny"].text},
    text_2={**(sdxl.text_2 or {}), **sizes["tiny"].text, "hidden_size": 24, "projection_dim": 24},
)  # fmt: skip


@pytest.fixture(scope="module")
def xl() -> Base:
    torch.manual_seed(5)
    parts = {
        "unet": UNet2DConditionModel(**tiny_xl.unet),
        "vae": AutoencoderKL(**tiny_xl.vae),
        "text_encoder": CLIPTextModel(CLIPTextConfig(**tiny_xl.text)),
        "text_encoder_2": CLIPTextModelWithProjection(CLIPTextConfig(**(tiny_xl.text_2 or {}))),
        "tokenizer": clip_words.tokenizer(),
        "tokenizer_2": clip_words.tokenizer(pad_token="!"),
        "scheduler": EulerDiscreteScheduler(timestep_spacing="leading"),
    }
    return Base("tiny-xl", parts)


def test_sdxl_has_two_text_encoders(xl: Base, tmp_path: Path):
    for name, part in xl.parts.items():
        part.save_pretrained(tmp_path / name)
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionXLPipeline"}))
    found = read_base(tmp_path, "mine")
    assert found.is_xl
    for name in (*networks, "text_encoder_2"):
        assert same(found.parts[name], xl.parts[name]), name
    assert found.parts["tokenizer_2"].pad_token == "!"
    assert type(found.parts["scheduler"]) is EulerDiscreteScheduler
    tensors = load_file(tmp_path / "text_encoder_2" / "model.safetensors")
    del tensors["text_projection.weight"]
    save_file(tensors, tmp_path / "text_encoder_2" / "model.safetensors")
    with pytest.raises(WrongWeights, match=r"in text_encoder_2, got none named text_projection\.weight"):
        read_base(tmp_path, "mine")


# ── single files ──


def first_names(base: Base) -> dict[str, torch.Tensor]:
    """A base's tensors under the names of Stable Diffusion's first code, for one layer a block."""
    tensors = {}
    for name, value in base.parts["unet"].state_dict().items():
        first = unet_name(name.replace("add_embedding", "class_embedding"))
        if base.is_xl and "upsamplers" in name:  # after the attention, which all those blocks have
            first = re.sub(r"(output_blocks\.\d+)\.\d", r"\1.2", first, count=1)
        tensors[f"model.diffusion_model.{first}"] = value
    for name, value in base.parts["vae"].state_dict().items():
        flat = re.search(r"attentions.*(to_|query|key|value).*weight", name)
        tensors[f"first_stage_model.{vae_name(name)}"] = value[..., None, None] if flat else value
    before = "conditioner.embedders.0" if base.is_xl else "cond_stage_model"
    for name, value in base.parts["text_encoder"].state_dict().items():
        tensors[f"{before}.transformer.text_model.{name.removeprefix('text_model.')}"] = value
    if base.is_xl:
        tensors |= {f"conditioner.embedders.1.model.{k}": v for k, v in open_clip(base.parts["text_encoder_2"]).items()}
    return {name: value.contiguous() for name, value in tensors.items()}


def open_clip(encoder: CLIPTextModelWithProjection) -> dict[str, torch.Tensor]:
    """A text encoder's tensors under OpenCLIP's names."""
    state = {name.removeprefix("text_model."): value for name, value in encoder.state_dict().items()}
    named = {
        "positional_embedding": state.pop("embeddings.position_embedding.weight"),
        "token_embedding.weight": state.pop("embeddings.token_embedding.weight"),
        "ln_final.weight": state.pop("final_layer_norm.weight"), "ln_final.bias": state.pop("final_layer_norm.bias"),
        "text_projection": state.pop("text_projection.weight").T, "logit_scale": torch.tensor(4.6),
    }  # fmt: skip
    renames = {
        "self_attn.out_proj": "attn.out_proj", "layer_norm1": "ln_1", "layer_norm2": "ln_2",
        "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj", "encoder.layers": "transformer.resblocks",
    }  # fmt: skip
    for name in [key for key in state if ".q_proj." in key]:
        three = torch.cat([state.pop(name.replace("q_proj", f"{which}_proj")) for which in "qkv"])
        named[name.replace("encoder.layers", "transformer.resblocks").replace("self_attn.q_proj.", "attn.in_proj_")] = (
            three
        )
    for name, value in state.items():
        for ours, theirs in renames.items():
            name = name.replace(ours, theirs)
        named[name] = value
    return named


tiny = Single(
    unet={"sample_size": 8, **sizes["tiny"].unet}, vae=sizes["tiny"].vae, text={**sd15.text, **sizes["tiny"].text}
)
training_left_behind = {"model_ema.decay": torch.ones(1), "alphas_cumprod": torch.ones(9), "betas": torch.ones(9)}


@pytest.mark.parametrize("size", ["1.5", "XL"])
def test_one_file_is_the_same_base(base: Base, xl: Base, tmp_path: Path, size: str):
    whole, single = (base, tiny) if size == "1.5" else (xl, tiny_xl)
    save_file(first_names(whole) | training_left_behind, tmp_path / "one.safetensors")
    found = read_base(tmp_path / "one.safetensors", "one", single=single)
    assert found.is_xl == (size == "XL")
    for name in (*networks, *(["text_encoder_2"] if found.is_xl else [])):
        assert same(found.parts[name], whole.parts[name]), name
    assert len(found.parts["tokenizer"]) == 49408
    config = found.parts["scheduler"].config
    assert (config.beta_start, config.beta_schedule, config.steps_offset) == (0.00085, "scaled_linear", 1)


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("model.diffusion_model.input_blocks.0.0.weight", "none named conv_in.weight"),
        ("model.diffusion_model.time_embed.0.bias", "none named time_embedding.linear_1.bias"),
        ("first_stage_model.decoder.conv_in.weight", "none named decoder.conv_in.weight"),
        ("cond_stage_model.transformer.text_model.final_layer_norm.bias", "none named final_layer_norm.bias"),
        ("first_stage_model.", "no first_stage_model.…"),
        ("cond_stage_model.", "no cond_stage_model.transformer.…"),
    ],
)
def test_one_file_that_lacks_something_is_refused(base: Base, tmp_path: Path, gone: str, said: str):
    save_file({k: v for k, v in first_names(base).items() if not k.startswith(gone)}, tmp_path / "one.safetensors")
    with pytest.raises(WrongWeights, match=re.escape(said)):
        read_base(tmp_path / "one.safetensors", "one", single=tiny)


@pytest.mark.parametrize(
    "more",
    [
        "model.diffusion_model.more", "model.diffusion_model.input_blocks.1.0.more.weight", "first_stage_model.more",
        "cond_stage_model.transformer.text_model.more", "lora.up.weight",
    ],
)  # fmt: skip
def test_one_file_with_more_is_refused(base: Base, tmp_path: Path, more: str):
    save_file(first_names(base) | {more: torch.zeros(1)}, tmp_path / "one.safetensors")
    with pytest.raises(WrongWeights, match="expected"):
        read_base(tmp_path / "one.safetensors", "one", single=tiny)


# ── controls ──


@pytest.fixture(scope="module")
def net(base: Base) -> ControlNetModel:
    return build_control(base, "openpose", seed=2).net


def control_names(net: ControlNetModel, prefix: str = "") -> dict[str, torch.Tensor]:
    """A ControlNet's tensors under its first names."""
    plain = {"controlnet_cond_embedding.conv_in": "input_hint_block.0", "controlnet_mid_block": "middle_block_out.0"}
    plain["controlnet_cond_embedding.conv_out"] = "input_hint_block.14"
    tensors = {}
    for name, value in net.state_dict().items():
        stem, end = name.rsplit(".", 1)
        if stem in plain:
            first = f"{plain[stem]}.{end}"
        elif found := re.fullmatch(r"controlnet_down_blocks\.(\d+)", stem):
            first = f"zero_convs.{found[1]}.0.{end}"
        elif found := re.fullmatch(r"controlnet_cond_embedding\.blocks\.(\d+)", stem):
            first = f"input_hint_block.{2 * int(found[1]) + 2}.{end}"
        else:
            first = unet_name(name)
        tensors[prefix + first] = value.contiguous()
    return tensors


def test_a_plain_controlnet_folder(base: Base, net: ControlNetModel, tmp_path: Path):
    net.save_pretrained(tmp_path)
    found = read_control(tmp_path, "mine", encoding="openpose-thick", kind="animal")
    assert (found.name, found.encoding, found.kind, found.spr) == ("mine", "openpose-thick", "animal", None)
    assert same(found.net, net)
    assert not found.net.training
    assert fits(base, found)
    path = tmp_path / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    del tensors["controlnet_mid_block.bias"]
    save_file(tensors, path)
    with pytest.raises(WrongWeights, match=r"none named controlnet_mid_block\.bias"):
        read_control(tmp_path, "mine")


def test_a_controlnet_of_other_channels_is_not_taken_for_one_of_pictures(base: Base, tmp_path: Path):
    ControlNetModel.from_unet(base.parts["unet"], conditioning_channels=1).save_pretrained(tmp_path)
    with pytest.raises(WrongWeights, match=r"expected a ControlNet that reads 3 channels in .* reads 1"):
        read_control(tmp_path, "mine")


@pytest.mark.parametrize("kind", ["first names, prefix", "first names", "diffusers"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_controlnet_in_one_file(net: ControlNetModel, tmp_path: Path, kind: str, suffix: str):
    names = {k: v.contiguous() for k, v in net.state_dict().items()}
    tensors = names if kind == "diffusers" else control_names(net, "control_model." * kind.endswith("prefix"))
    path = tmp_path / f"one{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(tensors, path)
    assert same(read_control(path, "one", single=settings(net)).net, net)
    for spoilt in (
        {k: v for k, v in tensors.items() if "time_emb" not in k},
        {k: v for k, v in tensors.items() if "zero_convs.1" not in k and "controlnet_down_blocks.1" not in k},
        tensors | {"control_model.more": torch.zeros(1)},
        tensors | {"input_blocks.1.0.more.weight": torch.zeros(1)},
    ):
        (save_file if suffix == ".safetensors" else torch.save)(spoilt, path)
        with pytest.raises(WrongWeights):
            read_control(path, "one", single=settings(net))


def test_a_file_that_holds_a_program_is_refused(tmp_path: Path):
    class Program:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "it ran",))

    torch.save({"control_model.time_embed.0.weight": Program()}, tmp_path / "one.pth")
    with pytest.raises(WrongWeights, match=r"expected a file of tensors, got one.pth"):
        read_control(tmp_path / "one.pth", "one")
    assert not (tmp_path / "it ran").exists()


@pytest.mark.parametrize("kind", ["human", "animal"])
def test_spctrls_folder(base: Base, tmp_path: Path, kind):
    made = build_control(base, "spctrl", kind)
    assert made.spr is not None
    spctrl_layout.write(tmp_path / "checkpoint-9", made.net, made.spr, made.words, kind)
    found = read_control(tmp_path, "mine")  # one folder deeper, as an archive is unpacked
    assert (found.encoding, found.kind) == ("spctrl", kind)
    assert same(found.net, made.net)
    assert found.spr is not None
    assert same(found.spr, made.spr)
    assert found.words.keys() == made.words.keys()
    assert fits(base, found)


def test_a_control_for_another_base_does_not_fit(base: Base, xl: Base, net: ControlNetModel):
    made = build_control(base, "spctrl")
    assert fits(base, made)
    assert not fits(xl, made)
    other = {**sizes["tiny"].unet, "block_out_channels": (8, 32, 32, 32)}
    assert not fits(Base("other", {**base.parts, "unet": UNet2DConditionModel(**other)}), made)
    wide = CLIPTextModel(CLIPTextConfig(**{**tiny_xl.text, "hidden_size": 48, "num_attention_heads": 2}))
    assert not fits(Base("other", {**base.parts, "text_encoder": wide}), made)


# ── the published sizes ──


@pytest.mark.parametrize(
    ("single", "unet", "text", "text_2", "control"),
    [(sd15, 859_520_964, 123_060_480, 0, 361_279_120), (sdxl, 2_567_463_684, 123_060_480, 694_659_840, 1_251_014_160)],
    ids=["1.5", "XL"],
)
def test_settings_of_the_published_models(single: Single, unet: int, text: int, text_2: int, control: int):
    """As many numbers as the published models have, on torch's meta device, which has none."""

    def count(net: torch.nn.Module) -> int:
        return sum(parameter.numel() for parameter in net.parameters())

    with torch.device("meta"):
        assert count(UNet2DConditionModel(**single.unet)) == unet
        assert count(AutoencoderKL(**single.vae)) == 83_653_863
        assert count(CLIPTextModel(CLIPTextConfig(**single.text))) == text
        if single.text_2 is not None:
            assert count(CLIPTextModelWithProjection(CLIPTextConfig(**single.text_2))) == text_2
        settings = control_settings(single.unet["cross_attention_dim"], "a file")
        assert count(ControlNetModel(**settings)) == control


def test_a_controlnet_of_another_family_is_refused(tmp_path: Path):
    save_file(
        {"control_model.input_blocks.1.1.attn2.to_k.weight": torch.zeros(320, 1024)}, tmp_path / "one.safetensors"
    )
    with pytest.raises(WrongWeights, match=r"expected a ControlNet for Stable Diffusion 1.5 or XL in one.* text 1024"):
        read_control(tmp_path / "one.safetensors", "one")
