"""Training SDPose at tiny size: the loss falls, going on is going on bit by bit, and what comes out finds figures."""

import csv
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from PIL import Image
from safetensors.torch import load_file

from engine.augment import calm
from engine.library import read_library
from engine.networks.sdpose import build
from engine.posed_figures import PosedFigures
from engine.sdpose import SDPosePipeline
from engine.sdpose_training import Objective, Recipe, begin, recipes
from engine.skeleton import coco17
from engine.tensor_shapes import WrongWeights
from engine.training import Ema, seeded
from scripts.ending import on_interrupt
from scripts.train_sdpose import Training, main

# Small enough that a step takes a tenth of a second.
recipe = replace(recipes["tiny"], input_size=(64, 64), sigma=1.5, batch=2)
library = Path(__file__).parent.parent / "assets" / "library" / "poses.json"


@pytest.fixture(autouse=True)
def _own_precision():
    """Accelerate keeps one precision a process; each test may have its own."""
    AcceleratorState._reset_state(True)


def figures(count: int = 2) -> PosedFigures:
    return PosedFigures(read_library(library), coco17, count)


def training(out: Path, made: Recipe = recipe, count: int = 2, **options) -> Training:
    return Training(made, figures(count), out, tell=lambda _line: None, **options)


def state(out: Path) -> dict[str, torch.Tensor]:
    return load_file(out / "state.safetensors")


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# ── it learns ──


@pytest.fixture(scope="module")
def learned(tmp_path_factory) -> tuple[Path, list[tuple[float, float]]]:
    """The folder and losses of a run on two figures, always the same."""
    AcceleratorState._reset_state(True)
    out = tmp_path_factory.mktemp("learned")
    run = training(out, replace(recipe, how=calm, learning_rate=2e-3))
    return out, run.run(36, save_every=30)


@pytest.mark.slow
def test_both_losses_fall(learned):
    losses = np.array(learned[1])
    first, last = losses[:4].mean(0), losses[-4:].mean(0)
    assert last[0] < 0.5 * first[0]
    assert last[1] < 0.1 * first[1]


def test_the_model_finds_the_figures_it_learned(learned):
    pipeline = SDPosePipeline.from_pretrained(learned[0] / "model")
    assert pipeline.input_size == recipe.input_size
    figure = figures(2)[0]
    found = pipeline(figure.image, [[figure.box]], flip_test=False)
    distance = np.linalg.norm(found.keypoints[0][0] - figure.points, axis=1)
    assert found.keypoints[0].shape == (1, 17, 2)
    assert np.median(distance) < 0.1 * figure.box.height
    untrained = SDPosePipeline(begin(recipe), recipe.input_size)(figure.image, [[figure.box]], flip_test=False)
    assert np.median(distance) < np.median(np.linalg.norm(untrained.keypoints[0][0] - figure.points, axis=1))


def test_figures_and_pictures_are_left_behind(learned):
    out, losses = learned
    rows = list(csv.DictReader((out / "metrics.csv").read_text().splitlines()))
    assert [int(row["step"]) for row in rows] == list(range(1, 37))
    assert [float(row["heatmaps"]) for row in rows] == pytest.approx([heat for heat, _ in losses], rel=1e-5)
    assert sorted(path.name for path in out.glob("samples_*")) == ["samples_000030.png", "samples_000036.png"]
    picture = np.asarray(Image.open(out / "samples_000036.png"))
    assert picture.shape == (2 * 320, 2 * 320, 3)  # two figures, as labelled and as found
    assert not list(out.glob("*.new"))


# ── it goes on ──


@pytest.mark.parametrize("accumulate", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_going_on_is_the_same_as_never_stopping(tmp_path, accumulate):
    made = replace(recipe, batch=1, accumulate=accumulate, ema=0.9)
    training(tmp_path / "whole", made).run(4)
    training(tmp_path / "parts", made).run(2)
    training(tmp_path / "parts", made, resume=True).run(4)
    whole, parts = state(tmp_path / "whole"), state(tmp_path / "parts")
    assert same(whole, parts)
    assert any(name.startswith("optimizer.") for name in whole)
    assert any(name.startswith("ema.") for name in whole)
    heats = [
        [row["heatmaps"] for row in csv.DictReader((tmp_path / name / "metrics.csv").read_text().splitlines())]
        for name in ("whole", "parts")
    ]
    assert heats[0] == heats[1]
    assert len(heats[0]) == 4


@pytest.mark.slow
def test_workers_prepare_the_same_batches(tmp_path):
    for name, workers in (("alone", 0), ("helped", 2)):
        training(tmp_path / name, replace(recipe, batch=1), workers=workers).run(2)
    assert same(state(tmp_path / "alone"), state(tmp_path / "helped"))


def test_a_run_ended_while_it_saved_goes_on(tmp_path):
    made = replace(recipe, batch=1)
    training(tmp_path, made).run(1)
    (tmp_path / "model").rename(tmp_path / "model.old")
    training(tmp_path, made, resume=True).run(2)
    assert sorted(path.name for path in tmp_path.glob("model*")) == ["model"]


def test_another_seed_is_another_training(tmp_path):
    training(tmp_path / "a", replace(recipe, batch=1)).run(1)
    training(tmp_path / "b", replace(recipe, batch=1, seed=1)).run(1)
    assert not same(state(tmp_path / "a"), state(tmp_path / "b"))


def test_only_the_same_training_is_gone_on_with(tmp_path):
    with pytest.raises(ValueError, match="unet"):
        training(tmp_path, resume=True)
    training(tmp_path, replace(recipe, batch=1)).run(1)
    with pytest.raises(ValueError, match="another batch, learning_rate"):
        training(tmp_path, replace(recipe, learning_rate=1e-4), resume=True)
    with pytest.raises(ValueError, match="2 figures"):
        training(tmp_path, replace(recipe, batch=1), count=3, resume=True)


def test_an_interrupt_ends_after_the_step_and_saves(tmp_path, capsys):
    run = training(tmp_path, replace(recipe, batch=1))
    run.tell = lambda line: signal.raise_signal(signal.SIGINT) if line.startswith("step 2 ") else None
    usual = signal.getsignal(signal.SIGINT)
    on_interrupt(run.accelerator.set_trigger)
    assert len(run.run(9, every=1)) == 2
    assert training(tmp_path, replace(recipe, batch=1), resume=True).step == 2
    assert "again to end at once" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, "a second interrupt ends at once"
    signal.signal(signal.SIGINT, usual)


def test_a_loss_that_is_no_number_leaves_the_saved_state(tmp_path):
    run = training(tmp_path, replace(recipe, batch=1))
    run.run(1)
    with torch.no_grad():
        run.net.head.final_layer.bias.fill_(float("nan"))
    with pytest.raises(ArithmeticError, match="step 2"):
        run.run(3)
    assert training(tmp_path, replace(recipe, batch=1), resume=True).step == 1


# ── what may be changed about it ──


def batch_of(run: Training) -> dict[str, torch.Tensor]:
    return next(iter(run._loader()))


def test_without_the_picture_one_half_is_passed(tmp_path):
    sizes = {}
    for rgb in (True, False):
        run = training(tmp_path, replace(recipe, rgb=rgb))
        seen: list[int] = []
        run.net.unet.conv_in.register_forward_pre_hook(lambda _layer, inputs, seen=seen: seen.append(len(inputs[0])))
        heat, picture, maps = run.objective(batch_of(run), (0, 0))
        sizes[rgb] = seen
        assert (float(picture.detach()) > 0) == rgb
        assert maps.shape == (2, 17, 16, 16)
        assert float(heat.detach()) > 0
    assert sizes == {True: [4], False: [2]}


def test_the_heatmap_loss_counts_invisible_joints_as_right():
    """They weigh nothing, and stay in the mean."""
    objective = Objective(build("tiny", 17), recipe)
    batch = {
        "seen": torch.zeros(1, 3, 64, 64, dtype=torch.uint8),
        "clean": torch.zeros(1, 3, 64, 64, dtype=torch.uint8),
        "heatmaps": torch.ones(1, 17, 16, 16),
        "weights": torch.ones(1, 17),
    }
    every, _, maps = objective(batch, (0,))
    assert float(every.detach()) == pytest.approx(float((maps.detach() - 1).square().mean()), rel=1e-5)
    batch["weights"] = torch.tensor([[1.0] * 8 + [0.0] * 9])
    some = objective(batch, (0,))[0]
    assert float(some.detach()) == pytest.approx(
        float((maps.detach()[:, :8] - 1).square().sum()) / maps.numel(), rel=1e-5
    )


@pytest.mark.parametrize(("tap", "channels"), [(3, 32), (2, 64)])
def test_features_of_either_block(tmp_path, tap, channels):
    made = replace(recipe, tap=tap, batch=1)
    run = training(tmp_path, made)
    assert (run.net.tap, run.net.head.channels) == (tap, channels)
    run.run(1)
    again = SDPosePipeline.from_pretrained(tmp_path / "model")
    assert (again.net.tap, again.net.head.channels) == (tap, channels)


def test_the_vae_is_frozen_but_where_its_encoder_learns(tmp_path):
    for encoder in (False, True):
        run = training(tmp_path, replace(recipe, batch=1, encoder=encoder))
        before = {name: value.clone() for name, value in run.net.state_dict().items()}
        run.run(2)
        changed = {
            name.split(".")[0] + "." + name.split(".")[1]
            for name, v in run.net.state_dict().items()
            if not torch.equal(v, before[name])
        }
        assert ("vae.encoder" in changed) == encoder
        assert "vae.decoder" not in changed
        assert any(name.startswith("head") for name in changed)
        assert any(name.startswith("unet") for name in changed)


def test_frozen_latents_are_sampled_by_seed():
    objective = Objective(build("tiny", 17), replace(recipe, encoder=False))
    picture = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
    first, again, other = (objective._latents({"seen": picture}, "seen", seed) for seed in ((1, 2), (1, 2), (1, 3)))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.randn(3, generator=seeded(1, 2)), torch.randn(3, generator=seeded(1, 2)))


def test_the_running_mean_follows_and_is_what_is_saved(tmp_path):
    weight = torch.nn.Parameter(torch.tensor([1.0]))
    ema = Ema({"w": weight}, 0.5)
    with torch.no_grad():
        weight.fill_(3.0)
    ema.follow({"w": weight}, 100)
    assert float(ema.mean["w"]) == 2.0
    with ema.worn({"w": weight}):
        assert float(weight.detach()) == 2.0
    assert float(weight.detach()) == 3.0
    training(tmp_path, replace(recipe, batch=1, ema=0.9)).run(3)
    saved, kept = load_file(tmp_path / "model" / "decoder" / "decoder.safetensors"), state(tmp_path)
    assert torch.equal(saved["final_layer.weight"], kept["ema.head.final_layer.weight"])
    assert not torch.equal(saved["final_layer.weight"], kept["net.head.final_layer.weight"])


@pytest.mark.parametrize("precision", ["bf16"])
def test_half_precision_keeps_whole_weights(tmp_path, precision):
    run = training(tmp_path, replace(recipe, batch=1, precision=precision))
    losses = run.run(1)
    assert np.isfinite(losses).all()
    assert run.net.head.final_layer.weight.dtype == torch.float32


def test_saving_memory_changes_no_number(tmp_path):
    runs = [training(tmp_path, replace(recipe, batch=1), checkpointing=each) for each in (False, True)]
    for run in runs:
        heat, picture, _ = run.objective(batch_of(run), (0, 0))
        (heat + picture).backward()
    gradients = [{name: value.grad for name, value in run.weights.items()} for run in runs]
    assert runs[1].net.unet.is_gradient_checkpointing
    assert all(torch.allclose(gradients[0][name], gradients[1][name], atol=1e-7) for name in gradients[0])


# ── what it begins with ──


@pytest.fixture
def sd2(tmp_path) -> Path:
    """A folder as Stable Diffusion's: a U-Net without tasks, a VAE, no head; and the prompt of its size."""
    net = build("tiny", 17)
    folder = tmp_path / "sd2"
    SDPosePipeline(net, recipe.input_size).save_pretrained(folder)
    (folder / "decoder" / "decoder.safetensors").unlink()
    config = {k: v for k, v in net.unet.config.items() if not k.startswith(("class_embed", "projection_class", "_"))}
    type(net.unet).from_config(config).save_pretrained(folder / "unet")
    return folder


def test_begins_with_a_diffusion_model(sd2):
    net = begin(recipe, sd2)
    theirs = load_file(sd2 / "unet" / "diffusion_pytorch_model.safetensors")
    mine = net.unet.state_dict()
    assert all(torch.equal(mine[name], value) for name, value in theirs.items())
    assert set(mine) - set(theirs) == {
        f"class_embedding.linear_{i}.{kind}" for i in (1, 2) for kind in ("weight", "bias")
    }
    vae = load_file(sd2 / "vae" / "diffusion_pytorch_model.safetensors")
    assert all(torch.equal(net.vae.state_dict()[name], value) for name, value in vae.items())
    assert net.unet.config.class_embed_type == "projection"
    assert same(mine, begin(recipe, sd2).unet.state_dict())


def test_from_scratch_takes_the_vae_alone(sd2):
    net = begin(replace(recipe, scratch=True), sd2)
    theirs = load_file(sd2 / "unet" / "diffusion_pytorch_model.safetensors")
    mine = net.unet.state_dict()
    assert not torch.equal(mine["conv_in.weight"], theirs["conv_in.weight"])
    vae = load_file(sd2 / "vae" / "diffusion_pytorch_model.safetensors")
    assert torch.equal(net.vae.state_dict()["encoder.conv_in.weight"], vae["encoder.conv_in.weight"])


def test_begins_with_a_pose_model_and_its_head_where_it_fits(tmp_path):
    made = build("tiny", 17)
    SDPosePipeline(made, recipe.input_size).save_pretrained(tmp_path)
    assert same(begin(recipe, tmp_path).state_dict(), made.state_dict())
    other = begin(replace(recipe, keypoints=133, tap=2), tmp_path)
    assert other.head.keypoints == 133
    assert same(other.unet.state_dict(), made.unet.state_dict())


def test_another_model_is_no_beginning(sd2):
    tensors = sd2 / "unet" / "diffusion_pytorch_model.safetensors"
    config = json.loads((sd2 / "unet" / "config.json").read_text())
    (sd2 / "unet" / "config.json").write_text(json.dumps(config | {"layers_per_block": 2}))
    with pytest.raises(WrongWeights, match="none named"):
        begin(recipe, sd2)
    tensors.unlink()
    with pytest.raises(WrongWeights, match="diffusion_pytorch_model"):
        begin(recipe, sd2)


# ── the command ──


def command(monkeypatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["train_sdpose.py", *words])
    main()


def test_the_command_trains_and_goes_on(tmp_path, monkeypatch, capsys):
    words = ("--out", str(tmp_path), "--batch", "1")
    command(monkeypatch, *words, "--steps", "1")
    assert "step 1 of 1" in capsys.readouterr().out
    command(monkeypatch, *words, "--steps", "2", "--resume")
    said = capsys.readouterr().out
    assert "step 2 of 2" in said
    assert "step 1 of" not in said
    assert SDPosePipeline.from_pretrained(tmp_path / "model").skeleton == coco17


def test_what_is_shipped_is_the_model_in_half_precision(learned, tmp_path, monkeypatch, capsys):
    out, _ = learned
    monkeypatch.setattr(sys, "argv", ["train_sdpose.py", "--out", str(out), "--export", str(tmp_path / "small")])
    main()
    assert "small" in capsys.readouterr().out
    whole, half = (SDPosePipeline.from_pretrained(folder).net for folder in (out / "model", tmp_path / "small"))
    kept = half.state_dict()
    for name, value in whole.state_dict().items():
        assert torch.equal(kept[name], value.half().float() if value.is_floating_point() else value), name


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--preset", "paper-body"), "diffusers folder of Stable Diffusion 2"),
        (("--data", "a.json"), "expected an --images for each --data"),
        (("--resume",), "unet"),
        (("--data", "missing.json", "--images", "."), "missing.json"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path, monkeypatch, capsys, words, sentence):
    with pytest.raises(SystemExit) as ended:
        command(monkeypatch, "--out", str(tmp_path), *words)
    assert sentence in (str(ended.value) + capsys.readouterr().err)


def test_presets_are_the_papers():
    body, whole = recipes["paper-body"], recipes["paper-wholebody"]
    assert (body.keypoints, body.tap, body.epochs, body.input_size) == (17, 3, 40, (768, 1024))
    assert (whole.keypoints, whole.tap, whole.epochs) == (133, 2, 42)
    for made in (body, whole):
        assert (made.learning_rate, made.betas, made.weight_decay, made.epsilon, made.clip) == (
            3e-5,
            (0.9, 0.999),
            1e-2,
            1e-8,
            1.0,
        )
        assert (made.batch * 8, made.sigma, made.rgb, made.scratch, made.encoder) == (128, 6.0, True, False, False)
