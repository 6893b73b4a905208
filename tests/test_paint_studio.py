"""The studio's door for painting: what is chosen, loaded, kept in memory and let go."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from tiny_painters import write_painters

from engine import loading, room
from engine.estimate import Options
from engine.networks.sdpose import build, sizes
from engine.paint_builder import build_base, build_control
from engine.painter import Control
from engine.painter_memory import gigabytes, memory_for, there, working
from engine.pose import Person, Pose2D
from engine.progress import Cancelled
from engine.scene import PaintRequest
from engine.sdpose import SDPosePipeline
from engine.skeleton import Skeleton, ap10k17, coco17
from engine.studio import Studio
from engine.weights import MissingWeights

request_ = PaintRequest(prompt="a tiger", size=(64, 64), steps=2, seed=4)


@pytest.fixture(autouse=True)
def an_empty_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    """The hub's cache of whoever runs the tests is not looked into."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny painting models, and an estimator as large as they are."""
    folder = write_painters(tmp_path_factory.mktemp("models"))
    torch.manual_seed(17)
    SDPosePipeline(build("tiny", 17), sizes["tiny"].input_size).save_pretrained(folder / "my-body")
    return folder


@pytest.fixture
def studio(models: Path) -> Studio:
    return Studio(models, threads=1)


def posed(skeleton: Skeleton = coco17) -> Pose2D:
    places = np.stack([np.linspace(8, 56, len(skeleton)), np.linspace(56, 8, len(skeleton))], 1).astype(np.float32)
    return Pose2D((64, 64), (Person(skeleton, places, np.ones(len(skeleton), np.float32)),))


# ── choosing and loading ──


def test_the_painter_is_that_of_the_poses_kind_and_encoding(studio: Studio):
    def names(pose: Pose2D, **changes) -> tuple[str, str]:
        painter = studio.painter(replace(request_, **changes), pose)
        return painter.base.name, painter.control.name

    assert names(posed()) == ("tiny-sd", "tiny-spctrl-human")
    assert names(posed(ap10k17)) == ("tiny-sd", "tiny-spctrl-animal")
    assert names(posed(), encoding="openpose") == ("tiny-sd", "tiny-openpose")
    assert names(posed(), model="tiny-sd") == ("tiny-sd", "tiny-spctrl-human")
    assert [part.name for part in studio.planned(request_, posed())] == ["tiny-sd", "tiny-spctrl-human"]


def test_what_is_loaded_is_kept_and_shared(studio: Studio):
    assert not studio._loader.has("tiny-sd")
    first = studio.painter(request_, posed())
    assert studio._loader.has("tiny-sd")
    assert studio._loader.has("tiny-spctrl-human")
    assert studio.painter(request_, posed()) is first
    other = studio.painter(replace(request_, encoding="openpose"), posed())
    assert other is not first
    assert other.base is first.base
    assert studio.painter(request_, posed()).control is first.control


def test_planning_loads_nothing(studio: Studio):
    studio.planned(request_, posed())
    assert not studio._loader.has("tiny-sd")


@pytest.mark.parametrize(
    ("changes", "skeleton", "said"),
    [
        (
            {"model": "zeppelin"},
            coco17,
            "expected one of the models that paint tiny-sd, sd-mini, sd15, sdxl, got 'zeppelin'",
        ),
        ({"encoding": "openpose"}, ap10k17, "animal-openpose-sd15"),
        ({"model": "sdxl"}, coco17, r"`python scripts/download_weights\.py sdxl openpose-sdxl`"),
        ({"encoding": "depth"}, coco17, "expected an encoding of"),
    ],
)
def test_what_cannot_be_painted_is_refused_before_anything_is_loaded(studio: Studio, changes, skeleton, said):
    for verb in (studio.planned, studio.painter, studio.paint):
        with pytest.raises(ValueError, match=said):
            verb(replace(request_, **changes), posed(skeleton))
    assert not studio._loader.has("tiny-sd")


def test_a_request_that_none_can_paint_is_refused_before_anything_is_loaded(studio: Studio):
    with pytest.raises(ValueError, match="expected steps of"):
        studio.paint(replace(request_, steps=0), posed())
    assert not studio._loader.has("tiny-sd")


def test_a_control_made_for_another_base_is_refused(models: Path, tmp_path: Path):
    shutil.copytree(models / "tiny-sd", tmp_path / "tiny-sd")
    base = build_base("tiny")
    unet = type(base.parts["unet"])(**{**settings(base.parts["unet"]), "layers_per_block": 2})
    other = build_control(replace(base, parts={**base.parts, "unet": unet}), "openpose")
    other.net.save_pretrained(tmp_path / "my-pose")
    with pytest.raises(ValueError, match="expected a control for tiny-sd, got my-pose, made for another base"):
        Studio(tmp_path).painter(request_, posed())


def settings(net) -> dict:
    return {key: value for key, value in net.config.items() if not key.startswith("_")}


def test_files_that_are_not_right_are_named(models: Path, tmp_path: Path):
    shutil.copytree(models / "tiny-sd", tmp_path / "tiny-sd")
    shutil.copytree(models / "tiny-openpose", tmp_path / "tiny-openpose")
    shutil.copy(
        models / "tiny-openpose" / "diffusion_pytorch_model.safetensors",
        tmp_path / "tiny-sd" / "unet" / "diffusion_pytorch_model.safetensors",
    )
    with pytest.raises(ValueError, match="expected the tensors of this network in unet, got none named"):
        Studio(tmp_path).paint(request_, posed())


# ── painting ──


def test_pictures_are_painted_and_told(studio: Studio):
    said: list[str] = []
    done = []
    pictures = studio.paint(replace(request_, count=2), posed(), lambda _, text: said.append(text), done=done.append)
    assert said[0] == "Loading tiny-sd and tiny-spctrl-human"
    assert [picture.request.seed for picture in pictures] == [4, 5]
    assert all(one is other for one, other in zip(done, pictures, strict=True))
    assert (pictures[0].model, pictures[0].control) == ("tiny-sd", "tiny-spctrl-human")
    again = studio.paint(pictures[1].request, posed(), lambda _, text: said.append(text))
    assert np.array_equal(again[0].image, pictures[1].image), "a picture's own request paints it again"
    assert said.count(said[0]) == 1


def test_one_paints_at_a_time_and_who_waits_may_stop(studio: Studio):
    studio.painter(request_, posed())  # loaded, so that the first word heard is of the work
    begun, go_on = threading.Event(), threading.Event()

    def held(*_: object) -> None:
        begun.set()
        assert go_on.wait(60)

    first = threading.Thread(target=studio.paint, args=(request_, posed(), held))
    first.start()
    try:
        assert begun.wait(60)
        said: list[str] = []

        def stop(_: float, text: str) -> None:
            said.append(text)
            raise Cancelled

        with pytest.raises(Cancelled):
            studio.paint(request_, posed(), stop)
        assert said == ["Waiting for another picture"]
    finally:
        go_on.set()
        first.join()
    assert len(studio.paint(request_, posed())) == 1


def test_who_is_stopped_leaves_the_place_free(studio: Studio):
    def stop(*_: object) -> None:
        raise Cancelled

    for _ in range(2):
        with pytest.raises(Cancelled):
            studio.paint(request_, posed(), watch=stop)
    assert len(studio.paint(request_, posed())) == 1


def test_a_picture_is_verified_by_an_estimator_of_its_kind(studio: Studio):
    [picture] = studio.paint(request_, posed())
    for name in ("quick", "auto"):
        verdict = studio.verified(picture, name).verdict
        assert verdict is not None
        assert 0 <= verdict.oks <= 1
        assert len(verdict.drifted) == 1
    assert picture.verdict is None
    [beast] = studio.paint(request_, posed(ap10k17))
    with pytest.raises(MissingWeights, match="vitpose-animals"):
        studio.verified(beast)


# ── memory ──


def options() -> Options:
    return Options(precision="fp32")


def test_of_large_models_only_those_that_fit_stay(studio: Studio, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loading, "small", 0.0)
    monkeypatch.setattr(room, "free", lambda _: 0.0)
    loader = studio._loader

    def kept() -> set[str]:
        return {name for name in ("tiny-sd", "tiny-spctrl-human", "tiny-openpose", "my-body") if loader.has(name)}

    painter = studio.painter(request_, posed())
    assert kept() == {"tiny-sd", "tiny-spctrl-human"}, "a control never drives its base out"
    studio.painter(replace(request_, encoding="openpose"), posed())
    assert kept() == {"tiny-sd", "tiny-openpose"}
    studio.estimator("my-body", options())
    assert kept() == {"my-body"}
    assert loader._painter is None
    assert studio.painter(request_, posed()) is not painter
    assert kept() == {"tiny-sd", "tiny-spctrl-human"}
    monkeypatch.setattr(room, "free", lambda _: 100.0)
    studio.estimator("my-body", options())
    assert kept() == {"tiny-sd", "tiny-spctrl-human", "my-body"}


def test_small_models_always_stay(studio: Studio, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "free", lambda _: 0.0)
    painter = studio.painter(request_, posed())
    studio.estimator("my-body", options())
    assert studio.painter(request_, posed()) is painter


def test_how_models_go_onto_a_gpu_depends_on_what_is_free_there():
    base, gpu, size = build_base("tiny"), torch.device("cuda"), (1024, 1024)
    control: Control = build_control(base, "openpose")
    parts = [base.parts[name] for name in ("unet", "vae", "text_encoder")]
    whole = sum(map(gigabytes, parts)) + gigabytes(control.net)
    needed, little = whole + working(base, 1024 * 1024), working(base, 512 * 512)
    assert memory_for(base, control, size, gpu, needed * 1.001) == "whole"
    assert memory_for(base, control, size, gpu, needed * 0.999) == "offload"
    assert there(base, control, torch.device("cpu")) == pytest.approx(whole)
    assert there(base, control, gpu) == 0
    working_parts = gigabytes(base.parts["unet"]) + gigabytes(control.net)
    assert memory_for(base, control, size, gpu, little + working_parts * 1.001) == "offload"
    assert memory_for(base, control, size, gpu, little + working_parts * 0.999) == "sequential"
    assert memory_for(base, control, size, torch.device("cpu"), 0.0) == "whole"


def test_free_memory_is_the_containers_where_it_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    cpu = torch.device("cpu")
    (tmp_path / "meminfo").write_text("MemTotal: 9000000 kB\nMemAvailable: 4000000 kB\n")
    monkeypatch.setattr(room, "_meminfo", tmp_path / "meminfo")
    monkeypatch.setattr(room, "_group", tmp_path)
    assert room.free(cpu) == pytest.approx(4.096)
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("500000000\n")
    assert room.free(cpu) == pytest.approx(4.096)
    (tmp_path / "memory.max").write_text("2500000000\n")
    assert room.free(cpu) == pytest.approx(2.0)


@pytest.mark.gpu
def test_memory_modes_paint_on_a_gpu(models: Path, monkeypatch: pytest.MonkeyPatch):
    """Whole, part by part and layer by layer: the same picture but for what half precision rounds."""
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    pictures = {}
    for memory in ("whole", "offload", "sequential"):
        monkeypatch.setattr("engine.painter_memory.memory_for", lambda *_, memory=memory: memory)
        pictures[memory] = Studio(models).paint(request_, posed())[0].image.astype(int)
    for memory in ("offload", "sequential"):
        assert np.abs(pictures[memory] - pictures["whole"]).max() <= 4
