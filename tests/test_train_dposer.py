"""Training priors at tiny size: what a step learns from, the loss falls, going on is going on bit by bit."""

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file

from engine.networks.dposer import Fused, Model, Part, Size, TimeFC, dims, parts
from engine.pose_sets import PoseSet
from engine.prior import About
from engine.prior_file import load_prior
from engine.prior_training import (
    Objective,
    Poses,
    Recipe,
    begin,
    held_out_loss,
    judging,
    mask_of,
    recipe_of,
    statistics,
    upper_numbers,
)
from engine.quick_layers import QuickDropout, QuickNorm, quicken
from engine.skeleton import smplx55
from scripts.train_dposer import Training, main

about = About("test")


@pytest.fixture(autouse=True)
def _own_precision():
    """Accelerate keeps one precision a process; each test may have its own."""
    AcceleratorState._reset_state(True)


def pose_set(part: Part = "body", count: int = 300, seed: int = 0, weight: np.ndarray | None = None) -> PoseSet:
    """Poses that lie near a plane of three dimensions, so that there is something to learn."""
    random = np.random.default_rng(seed)
    wide = np.random.default_rng(1).normal(size=(3, dims[part]))
    poses = (0.1 * random.normal(size=(count, 3)) @ wide + 0.01 * random.normal(size=(count, dims[part]))).astype("f4")
    more = {}
    if part in ("body", "wholebody"):
        frame = np.arange(count, dtype="i4")
        more = {"root": np.zeros((count, 3), "f4"), "frame": frame, "fps": np.ones(1, "f4")}
    if part == "wholebody":
        available = np.ones((count, 4), bool)
        available[1::3, 3] = False  # no face
        available[2::3, :2] = False  # a right hand and a face
        for n, columns in enumerate(parts.values()):
            poses[~available[:, n], columns] = 0
        more["available"] = available
    weight = np.ones(count, "f4") if weight is None else weight
    return PoseSet(part, poses, weight, np.zeros(count, "i4"), ("made/up",), np.zeros(count, bool), **more)


def tiny(part: Part = "body", model: Model = "base", **changes) -> Recipe:
    return replace(recipe_of("tiny", part, model), **changes)


def training(out: Path, recipe: Recipe, **options) -> Training:
    made = pose_set(recipe.part)
    return Training(recipe, made, made, out, about, tell=lambda _line: None, **options)


def poses_of(recipe: Recipe, **options) -> Poses:
    made = pose_set(recipe.part, **options)
    return Poses(made, begin(recipe, made, about).normaliser, recipe, "cpu")


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """A folder with priors of the parts, hardly trained."""
    AcceleratorState._reset_state(True)
    folder = tmp_path_factory.mktemp("base")
    names: tuple[Part, ...] = ("body", "hand", "face")
    for part in names:
        training(folder / part, tiny(part, steps=2)).run()
        (folder / part / "model.safetensors").rename(folder / f"{part}.safetensors")
    return folder


# ── the recipe ──


def test_presets_are_the_papers():
    body, shape = recipe_of("paper", "body", "base"), recipe_of("paper", "face-shape", "base")
    assert (body.steps, body.batch, body.learning_rate, body.warmup, body.optimizer) == (
        200_000,
        1280,
        2e-4,
        5000,
        "radam",
    )
    assert (body.betas, body.epsilon, body.clip, body.ema, body.least) == ((0.9, 0.999), 1e-8, 1.0, 0.9999, 1e-5)
    assert (body.optimizer, body.times, body.mix, body.floor) == ("radam", 0, 0, 0)
    assert body.sizes.body == Size(1024, 512)
    assert (shape.steps, shape.batch, shape.learning_rate) == (200_000, 128, 1e-4)
    assert recipe_of("paper", "face", "base").batch == 512
    mixed = recipe_of("paper", "wholebody", "mixed")
    assert (mixed.steps, mixed.optimizer, mixed.hidden, mixed.masking) == (400_000, "adam", 0.2, "paper")


@pytest.mark.parametrize(("part", "model"), [("wholebody", "base"), ("body", "mixed"), ("face-full", "base")])
def test_what_is_not_trained_is_said(part, model):
    with pytest.raises(ValueError, match="expected"):
        recipe_of("paper", part, model)


def test_the_rate_rises_and_falls_as_a_cosine():
    recipe = Recipe("body", steps=1000, warmup=100, learning_rate=1.0)
    assert recipe.rate(0) == 0
    assert recipe.rate(50) == pytest.approx(0.5 * 0.5 * (1 + np.cos(np.pi * 0.05)))
    assert recipe.rate(500) == pytest.approx(0.5)
    assert recipe.rate(1000) == pytest.approx(0, abs=1e-12)


def test_statistics_are_those_of_the_poses_as_drawn():
    weight = np.array([3, 1, 0, 0], "f4")
    made = pose_set("hand", 4, weight=weight)
    poses = made.poses.copy()
    poses[:, 0], poses[:, 1] = 0.7, [1, 1.02, 5, 5]
    found = statistics(replace(made, poses=poses), "test", floor=0.03)
    mean = (poses[0] * 3 + poses[1]) / 4
    np.testing.assert_allclose(found.centre, mean, rtol=1e-6)
    np.testing.assert_allclose(found.scale[:2], [1, 0.03])  # never moves; hardly moves
    expected = np.sqrt((3 * (poses[0] - mean) ** 2 + (poses[1] - mean) ** 2) / 4)[2:]
    np.testing.assert_allclose(found.scale[2:], np.maximum(expected, 0.03), rtol=1e-5)


# ── what a step learns from ──


def test_a_steps_batch_is_always_the_same():
    poses = poses_of(tiny())
    first, again = poses.batch(3), poses.batch(3)
    assert all(torch.equal(getattr(first, name), getattr(again, name)) for name in ("x", "t", "noise"))
    for other in (poses.batch(4), poses.batch(3, process=1)):
        assert not torch.equal(first.noise, other.noise)
        assert not torch.equal(first.x, other.x)


def test_poses_are_drawn_by_their_weights():
    weight = np.array([0, 1, 3, 0], "f4")
    recipe = tiny("hand", batch=3200, times=0)
    poses = poses_of(recipe, count=4, weight=weight)
    x = poses.batch(0).x
    shares = [float((x == row).all(1).float().mean()) for row in poses.x]
    np.testing.assert_allclose(shares, [0, 0.25, 0.75, 0], atol=0.03)


def test_times_are_one_in_each_span_or_one_a_pose():
    t = poses_of(tiny(batch=64, times=32)).batch(0).t
    assert torch.equal(t[:32], t[32:])
    assert (t[:32] * 32).floor().tolist() == list(range(32))
    t = poses_of(tiny(batch=2048, times=0)).batch(0).t
    assert len(t.unique()) > 2000
    assert 1e-5 <= float(t.min()) < 0.01
    assert float(t.mean()) == pytest.approx(0.5, abs=0.03)
    with pytest.raises(ValueError, match="multiples of its 48 times"):
        poses_of(tiny(times=48))


def test_some_bodies_get_anothers_upper_half():
    recipe = tiny(batch=640, mix=0.25)
    poses, upper = poses_of(recipe), upper_numbers()
    names = {smplx55.joints[1 + number // 3] for number in upper}
    assert "spine3" in names
    assert "left_wrist" in names
    assert not names & {"pelvis", "spine1", "spine2", "left_hip", "right_foot"}
    assert len(upper) == 3 * len(names)
    lower = [i for i in range(63) if i not in upper]
    x = poses.batch(0).x
    from_lower, from_upper = (
        (x[:, None, columns] == poses.x[None, :, columns]).all(2).float().argmax(1) for columns in (lower, upper)
    )
    assert float((from_lower != from_upper).float().mean()) == pytest.approx(0.25, abs=0.05)


def test_a_fifth_of_the_parts_is_hidden_as_the_paper_states():
    available = torch.ones(20_000, 4)
    available[10_000:, 3] = 0
    drawn = torch.rand(available.shape, generator=torch.Generator().manual_seed(0))
    recipe = Recipe("wholebody", "mixed")
    shown = mask_of(available, recipe, drawn)
    np.testing.assert_allclose(shown[:10_000].mean(0), 0.8, atol=0.02)
    assert torch.equal(shown[10_000:], available[10_000:])  # what lacks a part loses no other
    inverted = mask_of(available, replace(recipe, masking="released"), drawn)
    np.testing.assert_allclose(inverted[:10_000].mean(0), 0.2, atol=0.02)
    assert float((inverted[:10_000].sum(1) == 0).float().mean()) == pytest.approx(0.41, abs=0.02)
    assert torch.equal(mask_of(available, replace(recipe, model="fused"), drawn), available)


# ── the loss ──


def test_parts_that_are_not_there_cost_nothing(base):
    recipe = tiny("wholebody", "mixed")
    made = pose_set("wholebody")
    prior = begin(recipe, made, about, base)
    batch = Poses(made, prior.normaliser, recipe, "cpu").batch(0)
    assert batch.available is not None
    objective = Objective(prior, recipe).eval()
    with torch.no_grad():
        found = objective(batch)
        errors = prior.diffusion.loss(batch.x, batch.t, batch.noise, batch.mask)
    weight = torch.cat([batch.available[:, [n]].expand(-1, c.stop - c.start) for n, c in enumerate(parts.values())], 1)
    np.testing.assert_allclose(found, (errors * weight).sum(1) / 256, rtol=1e-5)
    assert (batch.available.sum(1) < 4).any()


def test_held_out_poses_are_judged_the_same_each_time():
    recipe = tiny("hand")
    made = pose_set("hand")
    prior = begin(recipe, made, about)
    objective = Objective(prior, recipe).train()
    poses = Poses(made, prior.normaliser, judging(recipe), "cpu")
    first = held_out_loss(objective, poses, 1024)
    assert first == held_out_loss(objective, poses, 1024)
    assert objective.training
    assert first[0] > 100  # at late times little is taken from noise, and all is divided by next to nothing


# ── quick layers ──


def network(times: int | None = None) -> TimeFC:
    torch.manual_seed(0)
    net = TimeFC(45, Size(256, 32), dropout=0.0)
    if times:
        quicken(net, times)
    return net.train()


def test_quick_layers_compute_the_same():
    x, t = torch.randn(24, 45), 999 * torch.rand(8).repeat(3)
    plain, quick = network(), network(times=8)
    assert plain.state_dict().keys() == quick.state_dict().keys()
    answers = [net(x, t) for net in (plain, quick)]
    torch.testing.assert_close(*answers, rtol=0, atol=1e-5 * float(answers[0].detach().abs().max()))
    for answer in answers:
        answer.square().mean().backward()
    for (name, one), other in zip(plain.named_parameters(), quick.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None, name
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-3 * float(one.grad.abs().max()))


def test_quick_layers_answer_any_times_in_evaluation():
    x, t = torch.randn(5, 45), 999 * torch.rand(5)
    plain, quick = network().eval(), network(times=8).eval()
    torch.testing.assert_close(plain(x, t), quick(x, t), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(plain(x, t[:1]), quick(x, t[:1]), rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="multiples of its 8 times"):
        quick.train()(x, t)


def test_the_quick_norms_gradient_is_right():
    layer = QuickNorm.of(torch.nn.GroupNorm(4, 12)).double()
    x = torch.randn(3, 12, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, (x,))


def test_quick_dropout_drops_its_share_and_keeps_the_mean():
    layer, x = QuickDropout(0.1), torch.ones(1001, 301)
    torch.manual_seed(0)
    found = layer(x)
    assert float((found == 0).float().mean()) == pytest.approx(0.1, abs=0.003)
    np.testing.assert_allclose(found[found != 0], 1 / 0.9, rtol=1e-6)
    assert not torch.equal(found, layer(x))
    torch.manual_seed(0)
    assert torch.equal(found, layer(x))
    assert layer.eval()(x) is x


# ── it learns and goes on ──


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_the_loss_falls_and_the_running_mean_is_saved(tmp_path):
    run = training(tmp_path, tiny("hand", steps=120))
    before = run.judge()[0]
    run.run(every=20, judge_every=40)
    judged = [float(row["loss"]) for row in rows(tmp_path / "held_out.csv")]
    assert len(judged) == 3
    assert judged[2] < judged[1] < judged[0] < 0.9 * before
    assert judged[2] < 0.5 * before
    assert [int(row["step"]) for row in rows(tmp_path / "metrics.csv")] == list(range(20, 121, 20))
    prior, kept = load_prior(tmp_path / "model.safetensors"), load_file(tmp_path / "state.safetensors")
    assert (prior.about.name, prior.about.hands, prior.about.notes["steps"]) == ("test", "flat", "120")
    saved = prior.diffusion.net.state_dict()
    assert torch.equal(saved["pre_dense.weight"], kept["ema.pre_dense.weight"])
    assert not torch.equal(kept["ema.pre_dense.weight"], kept["net.net.pre_dense.weight"])
    torch.testing.assert_close(prior.normaliser.centre, run.prior.normaliser.centre)


@pytest.mark.parametrize(("part", "model"), [("body", "base"), ("wholebody", "mixed")])
def test_going_on_is_the_same_as_never_stopping(tmp_path, base, part, model):
    recipe = tiny(part, model, steps=9, batch=32)
    training(tmp_path / "whole", recipe, base=base).run(every=3)
    parted = training(tmp_path / "parts", recipe, base=base)
    one_step = parted._one_step
    parted._one_step = lambda: (parted.accelerator.set_trigger() if parted.step == 4 else None, one_step())[1]
    parted.run(every=3)
    assert parted.step == 5
    training(tmp_path / "parts", recipe, base=base, resume=True).run(every=3)
    whole, parts_ = (load_file(tmp_path / name / "state.safetensors") for name in ("whole", "parts"))
    assert whole.keys() == parts_.keys()
    assert all(torch.equal(value, parts_[name]) for name, value in whole.items())
    assert any(name.startswith("optimizer.") for name in whole)


def test_the_networks_of_the_parts_stay_as_they_are(tmp_path, base):
    run = training(tmp_path, tiny("wholebody", "fused", steps=4, batch=32), base=base)
    net = run.prior.diffusion.net
    assert isinstance(net, Fused)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    assert len(run.weights) == 36
    run.run()
    assert net.mask_fc.training
    assert not any(layer.training for layer in net.base_model.modules() if isinstance(layer, torch.nn.Dropout))
    changed = {name.split(".")[0] for name, value in net.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"mask_fc", "output_linear"}
    assert load_prior(tmp_path / "model.safetensors").model == "fused"


def test_only_the_same_training_is_gone_on_with(tmp_path):
    recipe = tiny("hand", steps=2, batch=32)
    with pytest.raises(ValueError, match="state to resume from"):
        training(tmp_path, recipe, resume=True)
    training(tmp_path, recipe).run()
    with pytest.raises(ValueError, match="another steps, learning_rate"):
        training(tmp_path, replace(recipe, steps=3, learning_rate=1.0), resume=True)
    other = pose_set("hand", 299)
    with pytest.raises(ValueError, match="300 poses"):
        Training(recipe, other, other, tmp_path, about, resume=True)


def test_a_loss_that_is_no_number_leaves_the_saved_state(tmp_path):
    run = training(tmp_path, tiny("hand", steps=4, batch=32))
    one_step = run._one_step
    run._one_step = lambda: (torch.tensor(float("nan")), torch.zeros(())) if run.step == 2 else one_step()
    with pytest.raises(ArithmeticError, match="step 4"):
        run.run(every=2, save_every=2)
    assert training(tmp_path, run.recipe, resume=True).step == 2


def test_half_precision_keeps_whole_weights(tmp_path):
    run = training(tmp_path, tiny("hand", steps=1, precision="bf16"))
    run.run()
    assert {value.dtype for value in run.weights.values()} == {torch.float32}


def test_a_whole_body_begins_with_its_parts(base):
    made = pose_set("wholebody")
    with pytest.raises(ValueError, match="body, hand and face priors"):
        begin(tiny("wholebody", "mixed"), made, about)
    with pytest.raises(ValueError, match="poses of hand, got poses of wholebody"):
        begin(tiny("hand"), made, about)
    prior = begin(tiny("wholebody", "mixed"), made, about, base).eval()
    body = load_prior(base / "body.safetensors")
    torch.testing.assert_close(prior.normaliser.centre[:63], body.normaliser.centre)
    x, t = torch.randn(2, 256), torch.full((2,), 0.1)
    with torch.no_grad():  # nothing is corrected yet
        torch.testing.assert_close(prior.diffusion.noise(x, t)[:, :63], body.diffusion.noise(x[:, :63], t))


# ── the command ──


@pytest.fixture
def poses_folder(tmp_path) -> Path:
    folder = tmp_path / "poses"
    for part in ("hand", "wholebody"):
        for split in ("train", "held_out"):
            pose_set(part, 120).save(folder / f"{part}_{split}.npz")
    return folder


def command(monkeypatch, poses: Path, out: Path, *words: str) -> None:
    words = ("--poses", str(poses), "--out", str(out), "--preset", "tiny", "--batch", "32", *words)
    monkeypatch.setattr(sys, "argv", ["train_dposer.py", *words])
    main()


def test_the_command_trains_and_goes_on(tmp_path, poses_folder, monkeypatch, capsys):
    words = ("--part", "hand", "--steps", "4", "--tensorboard", "--name", "mine", "--hands", "mean")
    command(monkeypatch, poses_folder, tmp_path, *words)
    assert "step 4 of 4" in capsys.readouterr().out
    command(monkeypatch, poses_folder, tmp_path, *words, "--resume")
    assert "step 4 of 4" not in capsys.readouterr().out
    found = load_prior(tmp_path / "model.safetensors").about
    assert (found.name, found.hands, found.notes["poses"]) == ("mine", "mean", "120")
    assert list((tmp_path / "tensorboard").glob("events*"))


def test_the_command_trains_a_whole_body(tmp_path, poses_folder, base, monkeypatch):
    words = ("--part", "wholebody", "--steps", "2", "--base", str(base), "--mask", "released")
    command(monkeypatch, poses_folder, tmp_path, *words)
    prior = load_prior(tmp_path / "model.safetensors")
    assert (prior.part, prior.model) == ("wholebody", "mixed")
    assert prior.about.notes["masking"] == "released, 0.2"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--part", "hand", "--model", "mixed"), "expected the model of hand to be base, got mixed"),
        (("--part", "wholebody"), "body, hand and face priors to begin a whole body with"),
        (("--part", "hand", "--resume"), "expected a state to resume from"),
        (("--part", "face"), "face_train.npz"),
        (("--part", "hand", "--batch", "33"), "multiples of its 32 times, got 33"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path, poses_folder, monkeypatch, words, sentence):
    with pytest.raises(SystemExit) as ended:
        command(monkeypatch, poses_folder, tmp_path, *words)
    assert sentence in str(ended.value)
