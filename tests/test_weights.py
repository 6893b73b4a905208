"""The table of models and where they are: what it says is there is there, and what is wrong is refused by name."""

import json
import socket
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants
from safetensors.numpy import save_file

from engine import weight_layout, weights
from engine.skeleton import ap10k17, coco17, wholebody133
from engine.weight_layout import recognise

unet, vae, head = weight_layout.sdpose_tensors


@pytest.fixture(autouse=True)
def no_network_and_an_empty_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    """Looking for models asks nobody; the hub's cache of whoever runs the tests is not looked into."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path_factory.mktemp("cache")))

    def refuse(*_, **__):
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


# ── the table ──


def test_quick_is_embedded_and_whole():
    paths = weights.locate("quick")
    assert set(paths) == {"movenet-thunder.onnx", "movenet-multipose.onnx"}
    assert all(path.is_file() for path in paths.values())


def test_names_are_unique_and_entries_complete():
    names = [w.name for w in weights.table]
    assert len(set(names)) == len(names)
    for w in weights.table:
        assert all((w.does, w.licence, w.speed, w.files, w.megabytes)), w.name
        assert (w.skeleton is None) == (w.kind in ("detect", "lift", "prior", "paint")), w.name
        if w.source == "embedded":
            assert all(file.size and file.sha256 for file in w.files), w.name
            assert w.megabytes == pytest.approx(sum(file.size for file in w.files) / 1e6, abs=0.1)


def test_sdpose_is_fetched_without_what_nothing_reads():
    for name in ("sdpose-body", "sdpose-wholebody"):
        folders = {file.name.partition("/")[0] for file in weights.entry(name).files}
        assert folders == {"unet", "vae", "decoder"}


def test_embedded_models_carry_their_licence():
    for w in weights.table:
        if w.source == "embedded":
            folder = weights.embedded_folder / w.name
            assert "Apache License" in (folder / "LICENSE").read_text()
            assert all(file.name.partition("/")[0] in (folder / "NOTICE").read_text() for file in w.files)


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"expected one of the models quick, .*got 'slow'"):
        weights.find("slow")


# ── embedded files, by their contents ──


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """A folder with its own copies of the quick model's files."""
    (tmp_path / "quick").mkdir()
    for name, path in weights.locate("quick").items():
        (tmp_path / "quick" / name).write_bytes(path.read_bytes())
    return tmp_path


def test_only_embedded_files_have_known_contents():
    with pytest.raises(weights.MissingWeights, match="comes with the project, got 'sdpose-body'"):
        weights.locate("sdpose-body")


def test_another_folder_serves_as_well(copies: Path):
    assert weights.locate("quick", copies)["movenet-thunder.onnx"] == copies / "quick" / "movenet-thunder.onnx"


def test_missing_file(copies: Path):
    (copies / "quick" / "movenet-multipose.onnx").unlink()
    with pytest.raises(weights.MissingWeights, match=r"movenet-multipose\.onnx, got none: restore it with"):
        weights.locate("quick", copies)


def test_truncated_file(copies: Path):
    path = copies / "quick" / "movenet-thunder.onnx"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(weights.MissingWeights, match=r"expected 12606580 bytes in .*thunder\.onnx, got 1000"):
        weights.locate("quick", copies)


def test_what_is_asked_for_is_checked_by_its_contents(copies: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(weights, "embedded_folder", copies)
    path = copies / "quick" / "movenet-thunder.onnx"
    path.write_bytes(bytes(12606580))
    assert weights.find("quick") == copies / "quick"
    with pytest.raises(weights.MissingWeights, match="with sha256 c6cec365"):
        weights.require("quick")
    path.unlink()
    assert weights.find("quick") is None
    with pytest.raises(weights.MissingWeights, match=r"thunder\.onnx, got none: restore it with"):
        weights.require("quick")


def test_changed_file_even_after_it_was_right_once(copies: Path):
    weights.locate("quick", copies)
    path = copies / "quick" / "movenet-thunder.onnx"
    content = bytearray(path.read_bytes())
    content[5_000_000] ^= 1
    path.write_bytes(content)
    with pytest.raises(weights.MissingWeights, match=r"sha256 c6cec365.*, got (?!c6cec365)[0-9a-f]{64}"):
        weights.locate("quick", copies)


# ── where a model is ──


def put(folder: Path, **arrays: np.ndarray) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    save_file(dict(arrays), folder)


def sdpose(folder: Path, points: int = 17) -> Path:
    """SDPose's layout around tensors that only the headers tell of."""
    for name in (unet, vae):
        put(folder / name, **{"conv_in.weight": np.zeros((4, 4, 3, 3), np.float32)})
    put(folder / head, **{"final_layer.weight": np.zeros((points, 8, 1, 1), np.float32)})
    return folder


def in_cache(name: str, make) -> Path:
    """Puts a model where the hub's own client would have."""
    hub = weights.entry(name).source
    assert isinstance(hub, weights.Hub)
    repository = Path(constants.HF_HUB_CACHE) / f"models--{hub.repository.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("c0" * 20)
    snapshot = repository / "snapshots" / ("c0" * 20)
    make(snapshot)
    return snapshot


def with_configs(folder: Path) -> None:
    sdpose(folder)
    for name in ("unet/config.json", "vae/config.json"):
        (folder / name).write_text("{}")


def test_nothing_here(tmp_path: Path):
    assert weights.find("sdpose-body", tmp_path) is None
    with pytest.raises(
        weights.MissingWeights,
        match=r"expected the model sdpose-body, got none .*`python scripts/download_weights\.py sdpose-body`",
    ):
        weights.require("sdpose-body", tmp_path)
    assert weights.find("sdpose-body", tmp_path / "no folder") is None


def test_embedded_comes_first(copies: Path):
    assert weights.find("quick", copies) == weights.require("quick") == weights.embedded_folder / "quick"


def test_the_users_folder_comes_before_the_cache(tmp_path: Path):
    snapshot = in_cache("sdpose-body", with_configs)
    assert weights.find("sdpose-body") == weights.find("sdpose-body", tmp_path) == snapshot
    mine = sdpose(tmp_path / "sdpose-body")
    assert weights.find("sdpose-body", tmp_path) == mine


def test_a_cache_that_holds_a_part_does_not_count(tmp_path: Path):
    snapshot = in_cache("sdpose-body", with_configs)
    (snapshot / "vae" / "config.json").unlink()
    assert weights.find("sdpose-body", tmp_path) is None


def test_a_broken_folder_does_not_hide_the_cache(tmp_path: Path):
    sdpose(tmp_path / "sdpose-body")
    (tmp_path / "sdpose-body" / vae).unlink()
    assert weights.find("sdpose-body", tmp_path) is None
    assert weights.find("sdpose-body", tmp_path) != in_cache("sdpose-body", with_configs)
    assert weights.find("sdpose-body", tmp_path) is not None


def test_one_file_in_place_of_a_folder(tmp_path: Path):
    single = tmp_path / "sdpose-wholebody.safetensors"
    put(single, **{"model.diffusion_model.heatmap_head.final_layer.weight": np.zeros((133, 8, 1, 1), np.float16)})
    assert weights.find("sdpose-wholebody", tmp_path) == single
    (tmp_path / "vitpose-animals.pth").write_bytes(b"torch")
    assert weights.find("vitpose-animals", tmp_path) == tmp_path / "vitpose-animals.pth"


def test_a_models_one_file_under_the_users_own_name(tmp_path: Path):
    (tmp_path / "vitpose-wholebody").mkdir()
    assert weights.find("vitpose-wholebody", tmp_path) is None
    path = tmp_path / "vitpose-wholebody" / "vitpose+_base.pth"
    path.write_bytes(b"torch")
    assert weights.find("vitpose-wholebody", tmp_path) == path


def test_a_model_of_other_points_is_refused(tmp_path: Path):
    sdpose(tmp_path / "sdpose-body", points=133)
    with pytest.raises(weights.MissingWeights, match="expected the points of coco17, got a model of wholebody133 in"):
        weights.require("sdpose-body", tmp_path)


def test_another_system_is_refused(tmp_path: Path):
    sdpose(tmp_path / "vitpose-base")
    for name in weight_layout.transformers_files:
        assert name in _problem("vitpose-base", tmp_path)


# ── every model ──


def _problem(name: str, models: Path) -> str:
    found = {w.name: w for kind in ("estimate", "detect") for w in weights.every(kind, models)}
    assert not found[name].present
    return found[name].problem


def test_every_is_the_table_by_kind():
    estimators = {w.name: w for w in weights.every("estimate")}
    assert [*estimators] == [w.name for w in weights.table if w.kind == "estimate"]
    assert [w.name for w in weights.every("detect")] == ["rtdetr"]
    assert estimators["quick"].path == weights.embedded_folder / "quick"
    assert not estimators["quick"].downloadable
    assert not estimators["sdpose-body"].present
    assert estimators["sdpose-body"].downloadable
    assert not any(w.problem for w in estimators.values())


def test_the_users_own_are_listed_by_folder_and_file(tmp_path: Path):
    sdpose(tmp_path / "painters", points=133)
    sdpose(tmp_path / "dancers")
    put(tmp_path / "repack.safetensors", **{"heatmap_head.final_layer.weight": np.zeros((17, 8, 1, 1), np.float32)})
    put(tmp_path / "a lora.safetensors", up=np.zeros(3, np.float32))
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "pictures").mkdir()
    own = {w.name: w for w in weights.every("estimate", tmp_path) if w.source == "user"}
    assert [*own] == ["dancers", "painters", "repack"]
    assert [w.skeleton for w in own.values()] == [coco17, wholebody133, coco17]
    assert {w.system for w in own.values()} == {"sdpose"}
    assert own["painters"].path == weights.find("painters", tmp_path) == tmp_path / "painters"
    assert own["painters"].does == "133 points; your own SDPose"
    assert not own["painters"].downloadable
    with pytest.raises(ValueError, match="got 'painters'"):
        weights.find("painters")


def test_a_folder_and_a_file_of_one_name_are_two(tmp_path: Path):
    sdpose(tmp_path / "mine")
    put(tmp_path / "mine.safetensors", **{"heatmap_head.final_layer.weight": np.zeros((133, 8, 1, 1), np.float32)})
    assert weights.find("mine", tmp_path) == tmp_path / "mine"
    assert weights.find("mine.safetensors", tmp_path) == tmp_path / "mine.safetensors"


@pytest.mark.parametrize("gone", weight_layout.sdpose_tensors)
def test_a_half_complete_folder_says_what_it_lacks(tmp_path: Path, gone: str):
    (sdpose(tmp_path / "mine") / gone).unlink()
    assert _problem("mine", tmp_path) == f"expected {gone}, got none in {tmp_path / 'mine'}"
    with pytest.raises(weights.MissingWeights, match=f"^expected {gone}, got none in"):
        weights.require("mine", tmp_path)


@pytest.mark.parametrize("cut", weight_layout.sdpose_tensors)
def test_a_file_that_was_cut_off_is_found_by_its_header(tmp_path: Path, cut: str):
    path = sdpose(tmp_path / "mine") / cut
    path.write_bytes(path.read_bytes()[:-1])
    assert "expected a whole .safetensors file, got" in _problem("mine", tmp_path)


def test_broken_files_are_listed_with_what_is_wrong(tmp_path: Path):
    (tmp_path / "noise.safetensors").write_bytes(b"\xff" * 100)
    put(tmp_path / "odd.safetensors", **{"heatmap_head.final_layer.weight": np.zeros((21, 8, 1, 1), np.float32)})
    put(tmp_path / "none.safetensors", **{"heatmap_head.other": np.zeros(3, np.float32)})
    sdpose(tmp_path / "hands", points=21)
    put(sdpose(tmp_path / "flat") / head, **{"final_layer.weight": np.array(17, np.float32)})
    assert "got 0" in _problem("flat", tmp_path)
    assert "expected a whole .safetensors file, got noise.safetensors" in _problem("noise", tmp_path)
    for name in ("odd", "hands"):
        assert "expected a head for 17 or 133 points" in _problem(name, tmp_path)
        assert "got 21" in _problem(name, tmp_path)
    assert "got 0" in _problem("none", tmp_path)


def test_a_folder_that_cannot_be_read_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sdpose(tmp_path / "mine")
    for name, config in (("deep", "[" * 100_000), ("bytes", "\udcff")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_bytes(config.encode("utf-8", "surrogateescape"))
    (tmp_path / "locked").mkdir()
    is_dir = Path.is_dir

    def locked(path: Path) -> bool:
        if path.parent.name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", locked)
    assert [w.name for w in weights.every("estimate", tmp_path) if w.source == "user"] == ["mine"]


def test_a_pipeline_that_paints_is_not_an_estimator(tmp_path: Path):
    sdpose(tmp_path / "sd15")
    (tmp_path / "sd15" / head).unlink()
    (tmp_path / "sd15" / "decoder").rmdir()
    (tmp_path / "sd15" / "model_index.json").write_text("{}")
    assert not [w for w in weights.every("estimate", tmp_path) if w.source == "user"]


# ── what the true classes write ──


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny models, each as its own class saves it."""
    from transformers import (
        RTDetrImageProcessor,
        RTDetrV2Config,
        VitPoseBackboneConfig,
        VitPoseConfig,
        VitPoseForPoseEstimation,
        VitPoseImageProcessor,
    )

    models = tmp_path_factory.mktemp("models")
    backbone = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "mlp_ratio": 1}
    for name, labels in {"people": coco17.joints, "beasts": ap10k17.joints, "all": wholebody133.joints}.items():
        config = VitPoseConfig(
            backbone_config=VitPoseBackboneConfig(**backbone, image_size=[32, 16], out_indices=[1]),
            use_simple_decoder=True,
            id2label=dict(enumerate(labels)),
        )
        VitPoseForPoseEstimation(config).save_pretrained(models / name)
        VitPoseImageProcessor(size={"height": 32, "width": 16}).save_pretrained(models / name)
    (models / "finder").mkdir()
    RTDetrV2Config().save_pretrained(models / "finder")
    RTDetrImageProcessor().save_pretrained(models / "finder")
    save_file({"a": np.zeros(1, np.float32)}, models / "finder" / "model.safetensors")
    return models


def test_transformers_folders_are_recognised(written: Path):
    found = {w.name: w for w in weights.every("estimate", written) if w.source == "user"}
    assert {name: (w.system, w.skeleton) for name, w in found.items()} == {
        "people": ("vitpose", coco17),
        "beasts": ("vitpose", ap10k17),
        "all": ("vitpose", wholebody133),
    }
    assert all(w.present for w in found.values())
    assert found["beasts"].does == "17 points of animals; your own ViTPose"
    detectors = {w.name: w for w in weights.every("detect", written)}
    assert detectors["finder"].system == "rtdetr"
    assert detectors["finder"].path == written / "finder"


def test_a_transformers_folder_without_weights_says_so(written: Path, tmp_path: Path):
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "config.json").write_bytes((written / "people" / "config.json").read_bytes())
    assert "expected preprocessor_config.json, model.safetensors, got none" in _problem("people", tmp_path)


def test_folders_of_other_models_are_left_alone(tmp_path: Path):
    for name, config in {"bert": json.dumps({"model_type": "bert"}), "list": "[]", "damaged": "{"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(config)
    assert not [w for w in weights.every("estimate", tmp_path) if w.source == "user"]


@pytest.mark.parametrize("points", [17, 133])
def test_this_projects_own_sdpose_is_recognised(tmp_path: Path, points: int):
    from engine import sdpose_layout
    from engine.networks.sdpose import build

    sdpose_layout.write(build("tiny", points), (64, 64), tmp_path / "trained")
    [own] = [w for w in weights.every("estimate", tmp_path) if w.source == "user"]
    assert own.present
    assert own.skeleton == {17: coco17, 133: wholebody133}[points]


def test_a_model_that_is_taken_away_while_it_is_looked_at_hides_no_other(tmp_path, monkeypatch):
    def gone(*_: object) -> float:
        raise FileNotFoundError("config.json")

    (tmp_path / "config.json").write_text('{"model_type": "vitpose"}')
    assert recognise(tmp_path) is not None
    monkeypatch.setattr("engine.weight_layout._megabytes", gone)
    assert recognise(tmp_path) is None


def test_what_comes_along_tells_of_no_machine():
    files = sorted(weights.embedded_folder.rglob("*.json"))
    assert len(files) > 5
    assert [file.name for file in files if "_name_or_path" in file.read_text("utf-8")] == []
