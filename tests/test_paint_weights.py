"""What paints, in the table and on disk: recognised by headers and settings; the sentences about what is missing."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants
from safetensors.numpy import save_file

from engine import weights
from engine.download import NotDownloaded, download
from engine.keypoint_words import table_of
from engine.paint_layout import sd15_widths, sdxl_widths
from engine.paint_models import chosen, easiest, kind_of, paint_models
from engine.pose import Person, Pose2D
from engine.skeleton import Skeleton, ap10k17, coco17, hand21, openpose18
from engine.weight_layout import recognise

root = Path(__file__).parent.parent
stem = "diffusion_pytorch_model"


@pytest.fixture(autouse=True)
def an_empty_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    """The hub's cache of whoever runs the tests is not looked into."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path_factory.mktemp("cache")))


# ── layouts around tensors of which only the headers are read ──


def put(path: Path, **shapes: tuple[int, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: np.zeros(shape, np.float16) for name, shape in (shapes or {"one": (1,)}).items()}, path)


def say(path: Path, **settings: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings))


def base(folder: Path, widths: tuple[int, ...] = sd15_widths, half: str = "", sample: int = 64) -> Path:
    """A base as diffusers writes it; SDXL's where the widths are."""
    parts = {"unet": stem, "vae": stem, "text_encoder": "model"}
    if is_xl := widths == sdxl_widths:
        parts["text_encoder_2"] = "model"
    for part, name in parts.items():
        put(folder / part / f"{name}{half}.safetensors")
        say(folder / part / "config.json")
    unet = {"cross_attention_dim": widths[0], "block_out_channels": list(widths[1:]), "sample_size": sample}
    say(folder / "unet" / "config.json", **unet)
    say(folder / "vae" / "config.json", block_out_channels=[128, 256, 512, 512])
    say(folder / "scheduler" / "scheduler_config.json")
    for name in ("tokenizer", "tokenizer_2")[: 1 + is_xl]:
        say(folder / name / "vocab.json")
        (folder / name / "merges.txt").write_text("")
    say(folder / "model_index.json", _class_name=f"StableDiffusion{'XL' * is_xl}Pipeline")
    return folder


def control(folder: Path, widths: tuple[int, ...] = sd15_widths, half: str = "", **more: object) -> Path:
    """A ControlNet as diffusers writes it."""
    settings = {"cross_attention_dim": widths[0], "block_out_channels": list(widths[1:]), **more}
    say(folder / "config.json", **{"_class_name": "ControlNetModel", **settings})
    put(folder / f"{stem}{half}.safetensors")
    return folder


def spctrl(folder: Path, kind: str = "human", widths: tuple[int, ...] = sd15_widths) -> Path:
    """SP-Ctrl's published layout, with words in a torch file."""
    control(folder / "controlnet", widths, _class_name="SpaTextControlNetModel", spatext_skeleton_type="one")
    words = b"\x00".join(word.token.encode() for word in table_of(kind))  # type: ignore[arg-type]
    with zipfile.ZipFile(folder / "learned_embeds.bin", "w") as packed:
        packed.writestr("archive/data.pkl", b"\x80\x02" + words)
    return folder


def own(kind: str, models: Path) -> dict[str, weights.Weights]:
    return {w.name: w for w in weights.every(kind, models) if w.source == "user"}  # type: ignore[arg-type]


def in_cache(name: str, make) -> Path:
    """Puts a model where the hub's own client would have."""
    hub = weights.entry(name).source
    assert isinstance(hub, weights.Hub)
    repository = Path(constants.HF_HUB_CACHE) / f"models--{hub.repository.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("c0" * 20)
    snapshot = repository / "snapshots" / ("c0" * 20)
    make(snapshot)
    for path in (snapshot / file.name for file in weights.entry(name).files):
        if path.suffix in (".json", ".txt") and not path.is_file():
            say(path)
    return snapshot


# ── bases ──


def test_a_folder_of_a_pipeline_is_a_base(tmp_path: Path):
    base(tmp_path / "mine")
    base(tmp_path / "large", sdxl_widths, ".fp16", 128)
    found = own("paint", tmp_path)
    assert {name: (w.present, w.widths, w.side) for name, w in found.items()} == {
        "large": (True, sdxl_widths, 1024),
        "mine": (True, sd15_widths, 512),
    }
    assert not own("estimate", tmp_path)
    assert not own("control", tmp_path)


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (f"unet/{stem}.safetensors", f"expected unet/{stem}.safetensors, got none"),
        ("vae/config.json", "expected vae/config.json, got none"),
        ("text_encoder/model.safetensors", "expected text_encoder/model.safetensors, got none"),
        ("tokenizer/merges.txt", "expected tokenizer/merges.txt, got none"),
        ("scheduler/scheduler_config.json", "expected scheduler/scheduler_config.json, got none"),
    ],
)
def test_a_base_that_lacks_something_says_what(tmp_path: Path, gone: str, said: str):
    (base(tmp_path / "mine") / gone).unlink()
    assert own("paint", tmp_path)["mine"].problem == f"{said} in {tmp_path / 'mine'}"
    with pytest.raises(weights.MissingWeights, match=said):
        weights.require("mine", tmp_path)


def test_a_base_that_cannot_be_used_says_why(tmp_path: Path):
    path = base(tmp_path / "cut") / "unet" / f"{stem}.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    folder = base(tmp_path / "old") / "unet"
    (folder / f"{stem}.safetensors").rename(folder / f"{stem}.bin")
    say(base(tmp_path / "flux") / "model_index.json", _class_name="FluxPipeline")
    say(base(tmp_path / "odd") / "unet" / "config.json", cross_attention_dim="wide")
    (base(tmp_path / "torn") / "model_index.json").write_text("{")
    found = {name: w.problem for name, w in own("paint", tmp_path).items()}
    assert "expected a whole .safetensors file" in found["cut"]
    assert "which may hold a program: save it as .safetensors" in found["old"]
    assert (
        "expected StableDiffusionPipeline or StableDiffusionXLPipeline in model_index.json, got 'FluxP" in found["flux"]
    )
    assert "expected cross_attention_dim and block_out_channels in unet/config.json, got 'wide'" in found["odd"]
    assert "expected JSON in model_index.json" in found["torn"]


sd15_file = {
    "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3),
    "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, 768),
    "first_stage_model.decoder.conv_in.weight": (1,),
    "cond_stage_model.transformer.text_model.final_layer_norm.bias": (768,),
}
sdxl_file = {
    "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3),
    "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (640, 2048),
    "first_stage_model.decoder.conv_in.weight": (1,),
    "conditioner.embedders.0.transformer.text_model.final_layer_norm.bias": (768,),
    "conditioner.embedders.1.model.ln_final.bias": (1280,),
}


def test_one_file_is_a_base(tmp_path: Path):
    put(tmp_path / "dreams.safetensors", **sd15_file)
    put(tmp_path / "finer.safetensors", **sdxl_file)
    found = own("paint", tmp_path)
    assert {name: (w.path, w.widths, w.side) for name, w in found.items()} == {
        "dreams": (tmp_path / "dreams.safetensors", sd15_widths, 512),
        "finer": (tmp_path / "finer.safetensors", sdxl_widths, 1024),
    }


@pytest.mark.parametrize(
    "other",
    [
        {"model.diffusion_model.input_blocks.0.0.weight": (320, 9, 3, 3)},  # for inpainting
        {"model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, 1024)},  # 2.1
        {"model.diffusion_model.input_blocks.0.0.weight": (16, 4, 3, 3)},
        None,  # without its VAE
    ],
)
def test_one_file_of_another_model_says_so(tmp_path: Path, other):
    shapes = sd15_file | (other or {})
    if other is None:
        del shapes["first_stage_model.decoder.conv_in.weight"]
    put(tmp_path / "dreams.safetensors", **shapes)
    assert "expected Stable Diffusion 1.5 or XL in one file" in own("paint", tmp_path)["dreams"].problem


def test_a_file_of_neither_is_left_alone(tmp_path: Path):
    put(tmp_path / "style.safetensors", lora_unet_up=(3,))
    assert recognise(tmp_path / "style.safetensors") is None


# ── controls ──


def test_what_a_plain_controlnet_reads_is_told_by_its_name(tmp_path: Path):
    control(tmp_path / "control_v11p_sd15_openpose", half=".fp16")
    control(tmp_path / "animal_openpose")
    control(tmp_path / "Xinsir-openpose", sdxl_widths)
    control(tmp_path / "canny")
    found = own("control", tmp_path)
    assert {name: (w.encoding, w.skeleton, w.widths) for name, w in found.items() if w.present} == {
        "Xinsir-openpose": ("openpose-thick", openpose18, sdxl_widths),
        "animal_openpose": ("openpose", ap10k17, sd15_widths),
        "control_v11p_sd15_openpose": ("openpose", openpose18, sd15_widths),
    }
    assert found["canny"].problem.startswith("expected 'pose' or 'animal' in a ControlNet's name")


def test_a_controlnet_that_cannot_be_used_says_why(tmp_path: Path):
    control(tmp_path / "pose-1", conditioning_channels=1)
    control(tmp_path / "pose-union", _class_name="ControlNetUnionModel")
    (control(tmp_path / "pose-none") / f"{stem}.safetensors").unlink()
    found = {name: w.problem for name, w in own("control", tmp_path).items()}
    assert "expected a ControlNet that reads a picture of 3 channels, got 1" in found["pose-1"]
    assert "expected a ControlNetModel in config.json, got 'ControlNetUnionModel'" in found["pose-union"]
    assert f"pose-none/{stem}.safetensors, got none" in found["pose-none"]


@pytest.mark.parametrize("prefix", ["control_model.", ""])
def test_a_controlnet_in_one_file(tmp_path: Path, prefix: str):
    key = "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    put(tmp_path / "my_pose.safetensors", **{f"{prefix}input_hint_block.0.weight": (1,), prefix + key: (320, 768)})
    put(tmp_path / "lora_pose.safetensors", **{"input_hint_block.0.weight": (1,), "lora_controlnet": (1,)})
    found = own("control", tmp_path)
    assert found["my_pose"].present
    assert found["my_pose"].widths == sd15_widths
    assert "expected a whole ControlNet" in found["lora_pose"].problem


@pytest.mark.parametrize(("kind", "skeleton"), [("human", coco17), ("animal", ap10k17)])
def test_spctrls_words_say_whose_joints_it_knows(tmp_path: Path, kind: str, skeleton: Skeleton):
    spctrl(tmp_path / "mine", kind)
    spctrl(tmp_path / "unpacked" / "checkpoint-300", kind)
    own_layout = control(
        tmp_path / "trained" / "controlnet",
        _class_name="SpaTextControlNetModel", contrapposto_skeleton=skeleton.name, spatext_skeleton_type="one",
    )  # fmt: skip
    found = own("control", tmp_path)
    assert {name: (w.encoding, w.skeleton, w.path) for name, w in found.items()} == {
        "mine": ("spctrl", skeleton, tmp_path / "mine"),
        "trained": ("spctrl", skeleton, own_layout.parent),
        "unpacked": ("spctrl", skeleton, tmp_path / "unpacked" / "checkpoint-300"),
    }


def test_spctrl_without_its_words_is_refused(tmp_path: Path):
    (spctrl(tmp_path / "mine") / "learned_embeds.bin").unlink()
    (spctrl(tmp_path / "torn") / "learned_embeds.bin").write_bytes(b"PK no zip")
    put(spctrl(tmp_path / "others") / "learned_embeds.safetensors", **{"<cat>": (768,)})
    found = {name: w.problem for name, w in own("control", tmp_path).items()}
    assert "expected learned_embeds.bin, whose words say if the joints are human or animal, got none" in found["mine"]
    assert "expected a file of tensors, got learned_embeds.bin" in found["torn"]
    assert "expected the words of human or animal joints in learned_embeds.safetensors, got others" in found["others"]


# ── the table ──


def test_what_paints_names_its_sizes_and_what_reads_it(tmp_path: Path):
    for w in (*weights.every("paint"), *weights.every("control")):
        assert w.widths in (sd15_widths, sdxl_widths) or w.source == "embedded", w.name
        assert (w.encoding is None) == (w.kind == "paint"), w.name
        assert bool(w.side) == (w.kind == "paint"), w.name
    assert weights.entry("spctrl-human").by_hand
    assert not weights.entry("spctrl-human").downloadable


@pytest.mark.parametrize("half", [".fp16", ""])
def test_the_hubs_cache_in_half_precision_or_full(half: str):
    snapshot = in_cache("sd15", lambda folder: base(folder, half=half))
    assert weights.find("sd15") == snapshot
    other = in_cache("openpose-sd15", lambda folder: control(folder, half=half))
    assert weights.find("openpose-sd15") == other


def test_animal_openpose_is_one_torch_file(tmp_path: Path):
    snapshot = in_cache("animal-openpose-sd15", lambda folder: folder.mkdir(parents=True))
    assert weights.find("animal-openpose-sd15") is None
    path = snapshot / "control_sd15_animal_openpose_fp16.pth"
    path.write_bytes(b"torch")
    assert weights.find("animal-openpose-sd15") == path
    (tmp_path / "animal-openpose-sd15").mkdir()
    (tmp_path / "animal-openpose-sd15" / path.name).write_bytes(b"torch")
    assert weights.find("animal-openpose-sd15", tmp_path) == tmp_path / "animal-openpose-sd15" / path.name


def test_a_model_of_other_sizes_under_a_tables_name_is_refused(tmp_path: Path):
    base(tmp_path / "sd15", sdxl_widths)
    control(tmp_path / "openpose-sdxl")
    spctrl(tmp_path / "spctrl-human", "animal")
    for name, said in {
        "sd15": "expected the sizes of sd15",
        "openpose-sdxl": "expected the sizes of openpose-sdxl",
        "spctrl-human": "expected the points of coco17, got a model of ap10k17",
    }.items():
        with pytest.raises(weights.MissingWeights, match=said):
            weights.require(name, tmp_path)


def test_spctrl_is_the_users_to_fetch(tmp_path: Path):
    with pytest.raises(
        weights.MissingWeights, match=r"fetch it from https://.* \(extraction code .*\) and put .* as spctrl-human/"
    ):
        weights.require("spctrl-human", tmp_path)
    with pytest.raises(NotDownloaded, match="spctrl-human, which is not downloaded: fetch it from"):
        download(weights.entry("spctrl-human"), tmp_path)
    spctrl(tmp_path / "spctrl-human" / "SP-Ctrl_HumanArt")
    assert weights.find("spctrl-human", tmp_path) == tmp_path / "spctrl-human" / "SP-Ctrl_HumanArt"


def test_the_script_lists_what_paints_with_its_licence(tmp_path: Path):
    command = [sys.executable, str(root / "scripts" / "download_weights.py"), "--into", str(tmp_path)]
    listed = subprocess.run([*command, "--list"], capture_output=True, text=True, check=True).stdout
    for w in (*weights.every("paint"), *weights.every("control")):
        [line] = [line for line in listed.splitlines() if line.startswith(f"{w.name} ")]
        assert w.licence in line
    refused = subprocess.run([*command, "spctrl-human"], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "extraction code" in refused.stderr


# ── the menu ──


def pose(*skeletons: Skeleton) -> Pose2D:
    people = [Person(s, np.full((len(s), 2), 9.0, np.float32), np.ones(len(s), np.float32)) for s in skeletons]
    return Pose2D((64, 64), tuple(people))


def test_whom_a_pose_is_of():
    assert kind_of(pose()) is None
    assert kind_of(pose(coco17, openpose18)) == "human"
    assert kind_of(pose(ap10k17)) == "animal"
    with pytest.raises(ValueError, match="expected only humans or only animals to paint, got both"):
        kind_of(pose(coco17, ap10k17))
    with pytest.raises(ValueError, match="expected whole figures to paint, got a lone hand or face"):
        kind_of(pose(hand21))


@pytest.fixture
def nothing_comes_along(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no model came with the project."""
    monkeypatch.setattr(weights, "embedded_folder", tmp_path_factory.mktemp("embedded"))


@pytest.mark.usefixtures("nothing_comes_along")
def test_the_menu_without_any_weights():
    found = {m.name: m for m in paint_models(None)}
    assert [*found] == ["sd-mini", "sd15", "sdxl"]
    del found["sd-mini"]
    assert {c.name for c in found["sd15"].controls} == {"openpose-sd15", "animal-openpose-sd15", "spctrl-human"}
    assert {c.name for c in found["sdxl"].controls} == {"openpose-sdxl"}
    for one in (*found.values(), *found["sd15"].controls):
        assert one.licence
        assert not one.present
        assert (
            one.downloadable == one.command.endswith(f"download_weights.py {one.name}") == (one.name != "spctrl-human")
        )
        assert one.where
    assert not found["sd15"].usable


@pytest.mark.parametrize(
    ("model", "encoding", "kind", "said"),
    [
        ("auto", "auto", "human", "paint people, .*`python scripts/download_weights.py sd15 openpose-sd15`$"),
        ("auto", "auto", "animal", "paint animals, .*`python scripts/download_weights.py sd15 animal-openpose-sd15`$"),
        ("sdxl", "openpose", "human", "with openpose, .*`python scripts/download_weights.py sdxl openpose-sdxl`$"),
        ("auto", "spctrl", "human", r"get sd15 with `.* sd15`; fetch it from .* as spctrl-human/ \(spctrl-human\)$"),
        ("auto", "auto", None, "paint pictures, .*`python scripts/download_weights.py sd15 openpose-sd15`$"),
    ],
)
@pytest.mark.usefixtures("nothing_comes_along")
def test_what_is_missing_is_said_with_the_way_to_get_it(model, encoding, kind, said: str):
    with pytest.raises(weights.MissingWeights, match=said):
        chosen(paint_models(None), model, encoding, kind)
    assert not easiest(paint_models(None), model, encoding, kind)[1].present


@pytest.mark.parametrize(
    ("model", "encoding", "kind", "said"),
    [
        ("sdxl", "auto", "animal", "models that paint animals by sdxl, got none that is known: choose another model"),
        ("auto", "spctrl", "animal", "paint animals with spctrl, got none that is known: choose another encoding"),
        (
            "openpose-sd15",
            "auto",
            "human",
            "expected one of the models that paint sd-mini, sd15, sdxl, got 'openpose-sd15'",
        ),
        ("auto", "depth", "human", "expected an encoding of auto, spctrl, openpose, got 'depth'"),
    ],
)
def test_what_cannot_be_had_is_refused(model, encoding, kind, said: str):
    with pytest.raises(ValueError, match=said) as caught:
        easiest(paint_models(None), model, encoding, kind)
    assert not isinstance(caught.value, weights.MissingWeights)


@pytest.mark.usefixtures("nothing_comes_along")
def test_what_is_here_is_taken(tmp_path: Path):
    base(tmp_path / "my-xl", sdxl_widths)
    base(tmp_path / "sd15", half=".fp16")
    control(tmp_path / "a-pose")
    spctrl(tmp_path / "b-spctrl")
    found = paint_models(tmp_path)
    assert [m.name for m in found] == ["sd15", "my-xl", "sd-mini", "sdxl"], (
        "what can paint, what lacks a control, what is not here"
    )
    assert [c.name for c in found[0].controls[:2]] == ["b-spctrl", "a-pose"]
    assert found[0].usable == (("spctrl", "human"), ("openpose", "human"))

    def names(*asked) -> tuple[str, str]:
        model, told = chosen(found, *asked)
        return model.name, told.name

    assert names("auto", "auto", "human") == ("sd15", "b-spctrl")
    assert names("auto", "openpose", "human") == ("sd15", "a-pose")
    assert names("sd15", "auto", None) == ("sd15", "b-spctrl")
    with pytest.raises(weights.MissingWeights, match="got no animal-openpose-sd15 on this computer: get animal"):
        chosen(found, "auto", "auto", "animal")
    with pytest.raises(weights.MissingWeights, match=r"got no openpose-sdxl .*download_weights.py openpose-sdxl`$"):
        chosen(found, "my-xl", "auto", "human")


@pytest.mark.usefixtures("nothing_comes_along")
def test_a_broken_base_is_named_with_its_fault(tmp_path: Path):
    (base(tmp_path / "mine") / "vae" / "config.json").unlink()
    control(tmp_path / "a-pose")
    with pytest.raises(weights.MissingWeights, match="got no sd15 on this computer"):
        chosen(paint_models(tmp_path), "auto", "auto", "human", tmp_path)
    with pytest.raises(weights.MissingWeights, match=r"got no mine that can be used: expected vae/config\.json"):
        chosen(paint_models(tmp_path), "mine", "auto", "human", tmp_path)


@pytest.mark.usefixtures("nothing_comes_along")
def test_a_stopped_download_goes_on_where_it_was(tmp_path: Path):
    (tmp_path / "sd15").mkdir()
    with pytest.raises(weights.MissingWeights, match=f"sd15 openpose-sd15 --into {tmp_path}`"):
        chosen(paint_models(tmp_path), "auto", "auto", "human", tmp_path)


def test_the_menu_needs_no_torch():
    code = "import sys; from engine.studio import Studio; Studio().painters(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
