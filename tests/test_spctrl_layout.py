"""SP-Ctrl's folders, the published form and this project's: in and out, strictly, and what is refused by name.

Names and shapes of the published tensors are the fixtures'; no published file is needed.
"""

import json
import pickle
from functools import cache
from pathlib import Path

import pytest
import torch
from diffusers import ControlNetModel
from safetensors.torch import load_file, save_file

from engine import spctrl_layout
from engine.keypoint_words import table_of
from engine.networks.spctrl import SpatialPose
from engine.spctrl_layout import WrongWeights, prefix, read, write

golden = Path(__file__).parent / "golden"
facts = json.loads((golden / "spctrl.json").read_text("utf-8"))
weights = "diffusion_pytorch_model.safetensors"
# Small tensors of the same names: a published folder is told by them.
small = facts["controlnet_config"] | {
    "_class_name": "SpaTextControlNetModel", "_diffusers_version": "0.25.1", "block_out_channels": [8, 16, 16, 16],
    "norm_num_groups": 4, "attention_head_dim": 2, "cross_attention_dim": 8, "layers_per_block": 1,
    "conditioning_embedding_out_channels": [4, 8],
}  # fmt: skip


def tensors(config):
    """Random tensors of a published checkpoint with that config, by the names that stock diffusers and SP-Ctrl use."""
    return dict(_tensors(json.dumps(config)))


@cache
def _tensors(text):
    config = json.loads(text)
    torch.manual_seed(0)
    stock = {key: value for key, value in config.items() if not key.startswith(("_", "spatext_"))}
    own = SpatialPose(config["conditioning_channels"], config["spatext_skeleton_type"])
    state = ControlNetModel(**stock).state_dict()
    state |= {prefix + name: value for name, value in own.state_dict().items()}
    return {name: torch.randn_like(value) for name, value in state.items()}


def vectors(kind, width=8):
    return {word.token: torch.randn(width) for word in table_of(kind)}


def published(folder, kind="human", words=True, **changes):
    """A checkpoint as the published training writes it."""
    config = small | changes
    place = folder / "controlnet"
    place.mkdir(parents=True)
    save_file(tensors(config), place / weights)
    set_config(folder, config)
    if words:
        torch.save(vectors(kind, config["cross_attention_dim"]), folder / "learned_embeds.bin")
    return folder


def set_config(folder, config):
    (folder / "controlnet" / "config.json").write_text(json.dumps(config), "utf-8")


def changed(folder, change):
    """The folder, with its tensors changed."""
    path = folder / "controlnet" / weights
    found = load_file(path)
    change(found)
    save_file(found, path)
    return folder


# ── the published form ──


def test_the_names_are_the_published_ones():
    names = set(tensors(facts["controlnet_config"]))
    assert names == set(facts["controlnet_state_shapes"])
    assert sum(name.startswith(prefix) for name in names) == 24


@pytest.mark.parametrize("kind", ["human", "animal"])
def test_a_checkpoint_is_read(tmp_path, kind):
    folder = published(tmp_path / "checkpoint-5", kind)
    net, spr, words, whose = read(folder)
    stored = load_file(folder / "controlnet" / weights)
    state = {**net.state_dict(), **{prefix + name: value for name, value in spr.state_dict().items()}}
    assert state.keys() == stored.keys()
    assert all(torch.equal(state[name], value) for name, value in stored.items())
    assert whose == spctrl_layout.kind_at(folder) == kind
    assert list(words) == [word.token for word in table_of(kind)]
    assert torch.equal(words["<nose>"], torch.load(folder / "learned_embeds.bin")["<nose>"])
    assert not net.training
    assert not any(value.requires_grad for value in (*net.parameters(), *spr.parameters()))


def test_the_controlnet_s_own_folder_is_read_too(tmp_path):
    folder = published(tmp_path)
    assert read(folder / "controlnet")[2].keys() == read(folder)[2].keys()


def test_the_end_of_a_training_lies_in_one_folder(tmp_path):
    folder = published(tmp_path / "there")
    flat = tmp_path / "flat"
    (folder / "controlnet").rename(flat)
    (folder / "learned_embeds.bin").rename(flat / "learned_embeds.bin")
    assert read(flat)[3] == "human"


def test_the_text_encoder_beside_the_weights_is_left_alone(tmp_path):
    folder = published(tmp_path)
    (folder / "controlnet" / "model.safetensors").write_bytes(b"not even tensors")
    assert read(folder)[3] == "human"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (3, "one", None, False, False, False)),
        ({"conditioning_channels": 16, "spatext_layer_version": "sigmoid_version"},
         (16, "one", "sigmoid_version", False, False, False)),
        ({"conditioning_channels": 1, "spatext_skeleton_type": "interp_kpt", "spatext_detach_kpt_grad_from_sks": True},
         (1, "interp_kpt", None, False, False, True)),
        ({"spatext_enable_learn_kpt": True, "spatext_enable_learn_sks": True, "spatext_init_emb": "/some/file.bin"},
         (3, "one", None, True, True, False)),
    ],
)  # fmt: skip
def test_the_config_s_settings_are_kept(tmp_path, changes, expected):
    spr = read(published(tmp_path, **changes))[1]
    found = spr.channels, spr.skeleton_type, spr.layer_version, spr.learn_keypoints, spr.learn_limbs, spr.detach
    assert found == expected
    learning = spr.learning()
    assert (learning.keypoint_emb.requires_grad, learning.skeleton_emb.requires_grad) == expected[3:5]


def test_words_may_be_views_of_a_whole_vocabulary(tmp_path):
    folder = published(tmp_path, words=False)
    whole = torch.randn(500, 8)
    torch.save({word.token: whole[400 + i] for i, word in enumerate(table_of("human"))}, folder / "learned_embeds.bin")
    words = read(folder)[2]
    assert torch.equal(words["<left-eye>"], whole[401])
    assert words["<left-eye>"].untyped_storage().nbytes() == 8 * 4


def test_half_precision_is_for_the_networks_alone(tmp_path):
    net, spr, words, _ = read(published(tmp_path), torch.float16)
    assert {value.dtype for value in (*net.parameters(), *spr.parameters())} == {torch.float16}
    assert {value.dtype for value in words.values()} == {torch.float32}


# ── this project's form ──


@pytest.mark.parametrize("kind", ["human", "animal"])
@pytest.mark.parametrize("with_words", [False, True])
def test_what_is_written_is_read_again(tmp_path, kind, with_words):
    net, spr, words, _ = read(published(tmp_path / "one", kind, conditioning_channels=4, spatext_skeleton_type="rand"))
    write(tmp_path / "two", net, spr, words if with_words else {}, kind)
    again, spr_again, words_again, whose = read(tmp_path / "two")
    assert whose == kind
    assert again.config["block_out_channels"] == [8, 16, 16, 16]
    assert (spr_again.channels, spr_again.skeleton_type) == (4, "rand")
    for one, other in ((net, again), (spr, spr_again)):
        assert all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())
    assert {name: value.tolist() for name, value in words_again.items()} == (
        {name: value.tolist() for name, value in words.items()} if with_words else {}
    )


def test_a_written_folder_has_the_published_names(tmp_path):
    net, spr, words, _ = read(published(tmp_path / "one", "animal"))
    write(tmp_path / "two", net, spr, words, "animal")
    assert load_file(tmp_path / "two" / "controlnet" / weights).keys() == tensors(small).keys()
    config = json.loads((tmp_path / "two" / "controlnet" / "config.json").read_text("utf-8"))
    assert config["_class_name"] == "SpaTextControlNetModel"
    assert {key for key in config if key.startswith("spatext_")} == {key for key in small if key.startswith("spatext_")}
    assert config["contrapposto_skeleton"] == "ap10k17"
    # Stock diffusers reads it as well, as a ControlNet for pictures of three channels.
    assert ControlNetModel.from_pretrained(tmp_path / "two" / "controlnet").config["conditioning_channels"] == 3


def test_words_of_the_other_kind_are_not_written(tmp_path):
    net, spr, words, _ = read(published(tmp_path / "one", "animal"))
    with pytest.raises(ValueError, match="expected the words of human joints"):
        write(tmp_path / "two", net, spr, words, "human")


# ── whose joints the numbers mean ──


def test_the_same_numbers_never_mean_two_skeletons(tmp_path):
    net, spr, words, _ = read(published(tmp_path / "one", "human"))
    write(tmp_path / "two", net, spr, words, "human")
    save_file(vectors("animal"), tmp_path / "two" / "learned_embeds.safetensors")
    for read_kind in (read, spctrl_layout.kind_at):
        with pytest.raises(WrongWeights, match=r"words of human joints.*got those of animal ones"):
            read_kind(tmp_path / "two")


def test_a_published_folder_without_words_tells_nobody_s_joints(tmp_path):
    with pytest.raises(WrongWeights, match=r"learned_embeds\.bin.*only the words' names tell"):
        read(published(tmp_path, words=False))


def test_another_skeleton_is_refused(tmp_path):
    folder = published(tmp_path)
    set_config(folder, small | {"contrapposto_skeleton": "hand21"})
    with pytest.raises(WrongWeights, match=r"contrapposto_skeleton coco17 or ap10k17.*got 'hand21'"):
        read(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda words: words.pop("<nose>"), "the 17 words of human joints, got none named <nose>"),
        (lambda words: words.update({"<tail>": torch.randn(8)}), "got others named <tail>"),
        (lambda words: words.update({"<nose>": torch.randn(9)}), r"vectors of 8 numbers.*<nose> \(9,\) where \(8,\)"),
        (lambda words: words.update({"<nose>": torch.randn(1, 8)}), r"<nose> \(1, 8\) where \(8,\)"),
        (lambda words: words.update({"<nose>": "a nose"}), "expected named tensors"),
        (lambda words: words.clear(), "the 17 words of human joints"),
    ],
)
def test_wrong_words_are_named(tmp_path, change, said):
    words = vectors("human")
    change(words)
    folder = published(tmp_path, words=False)
    torch.save(words, folder / "learned_embeds.bin")
    with pytest.raises(WrongWeights, match=said) as refused:
        read(folder)
    assert "learned_embeds.bin" in str(refused.value)


def test_words_of_another_text_encoder_are_refused(tmp_path):
    folder = published(tmp_path, words=False)
    torch.save(vectors("human", 768), folder / "learned_embeds.bin")
    with pytest.raises(WrongWeights, match=r"vectors of 8 numbers.*\(768,\)"):
        read(folder)


class Code:
    """A pickle that would run something."""

    ran = False

    def __reduce__(self):
        return Code.run, ()

    @staticmethod
    def run():
        Code.ran = True


@pytest.mark.parametrize("saved", ["torch", "plain"])
def test_a_pickle_with_code_is_refused_unrun(tmp_path, saved):
    folder = published(tmp_path, words=False)
    path = folder / "learned_embeds.bin"
    if saved == "torch":
        torch.save({"<nose>": Code()}, path)
    else:
        path.write_bytes(pickle.dumps({"<nose>": Code()}, protocol=2))
    with pytest.raises(WrongWeights, match=r"expected a file of tensors, got learned_embeds\.bin"):
        read(folder)
    assert not Code.ran


# ── config and tensors ──


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.pop(f"{prefix}linear_in.bias"), "spatext_embedding.….*none named linear_in.bias"),
        (lambda t: t.pop("mid_block.resnets.0.conv1.bias"), "none named mid_block.resnets.0.conv1.bias"),
        (lambda t: t.update({f"{prefix}gate": torch.zeros(1)}), "others named gate"),
        (lambda t: t.update({"lora.up": torch.zeros(1)}), "others named lora.up"),
        (lambda t: t.update({"conv_in.bias": torch.zeros(9)}), r"conv_in.bias \(9,\) where \(8,\) belongs"),
        (lambda t: t.update({f"{prefix}linear_out.bias": torch.zeros(4)}), r"linear_out.bias \(4,\) where \(3,\)"),
    ],
)
def test_every_tensor_is_accounted_for(tmp_path, change, said):
    with pytest.raises(WrongWeights, match=said) as refused:
        read(changed(published(tmp_path), change))
    assert f"controlnet/{weights}" in str(refused.value)


def test_a_plain_controlnet_is_no_spctrl(tmp_path):
    folder = published(tmp_path)
    plain = {key: value for key, value in small.items() if not key.startswith("spatext_")}
    set_config(folder, plain | {"_class_name": "ControlNetModel"})
    with pytest.raises(
        WrongWeights, match=r"SpaTextControlNetModel, in controlnet/config\.json, got 'ControlNetModel'"
    ):
        read(folder)
    assert spctrl_layout.is_spctrl(small)
    assert not spctrl_layout.is_spctrl(plain | {"_class_name": "ControlNetModel"})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("conditioning_channels", 0), ("conditioning_channels", 65), ("conditioning_channels", "3"),
        ("conditioning_channels", True), ("spatext_skeleton_type", "two"), ("spatext_skeleton_type", ["one"]),
        ("spatext_layer_version", "v2"), ("spatext_enable_learn_kpt", 1), ("spatext_detach_kpt_grad_from_sks", None),
        ("spatext_heads", 4), ("cross_attention_dim", [8, 8, 8, 8]), ("block_out_channels", "many"),
    ],
)  # fmt: skip
def test_a_setting_it_does_not_know_is_refused(tmp_path, setting, value):
    folder = published(tmp_path)
    set_config(folder, small | {setting: value})
    with pytest.raises(WrongWeights, match=r"controlnet/config\.json"):
        read(folder)


@pytest.mark.parametrize("content", ["", "[1, 2]", "{", '"text"'])
def test_a_config_that_is_none_is_refused(tmp_path, content):
    folder = published(tmp_path)
    (folder / "controlnet" / "config.json").write_text(content, "utf-8")
    with pytest.raises(WrongWeights, match=r"config\.json"):
        read(folder)


@pytest.mark.parametrize("lost", ["config.json", weights])
def test_a_missing_file_is_named(tmp_path, lost):
    folder = published(tmp_path)
    (folder / "controlnet" / lost).unlink()
    with pytest.raises(WrongWeights, match=lost.replace(".", r"\.")):
        read(folder)


def test_a_file_cut_off_is_refused(tmp_path):
    folder = published(tmp_path)
    path = folder / "controlnet" / weights
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(WrongWeights, match=weights):
        read(folder)


def test_sizes_are_known_without_the_weights(tmp_path):
    net, spr = spctrl_layout.shape_of(published(tmp_path, conditioning_channels=4))
    assert {value.device.type for value in (*net.parameters(), *spr.parameters())} == {"meta"}
    assert net.config["cross_attention_dim"] == 8
    assert spr.channels == 4
