"""The baselines: what a mixture and an autoencoder say of poses, and that they are trained by the same command."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from test_train_dposer import pose_set

from engine import rotation
from engine.baseline_training import Skeleton, VaeRecipe, judged, losses, train_vae, turned_joints, vae_recipes
from engine.body_pose import BodyPose
from engine.mixture import Mixture
from engine.networks.dposer import Part, dims
from engine.networks.vposer import divergence
from engine.prior import Normaliser
from engine.skeleton import smplx55
from engine.tensor_shapes import WrongWeights
from engine.vae import Shape, Vae
from scripts import train_baselines

small = Shape(48, 8)


@pytest.fixture
def mixture() -> Mixture:
    random = np.random.default_rng(0)
    roots = random.normal(size=(3, 4, 4)) + 2 * np.eye(4)
    covariances = roots @ roots.transpose(0, 2, 1)
    return Mixture(
        *(torch.from_numpy(each) for each in (np.array([0.2, 0.5, 0.3]), random.normal(size=(3, 4)), covariances))
    )


# ── the mixture ──


def test_energy_is_smplifys(mixture):
    x = torch.from_numpy(np.random.default_rng(1).normal(size=(5, 4)).astype("f4")) * 3
    weights, means, covariances = (
        each.double().numpy() for each in (mixture.weights, mixture.means, mixture.covariances)
    )
    roots = np.sqrt(np.linalg.det(covariances))
    expected = [
        min(
            0.5 * (row - means[k]) @ np.linalg.inv(covariances[k]) @ (row - means[k])
            - np.log(weights[k] / ((2 * np.pi) ** 2 * roots[k] / roots.min()))
            for k in range(3)
        )
        for row in x.double().numpy()
    ]
    np.testing.assert_allclose(mixture.energy(x), expected, rtol=1e-5)


def test_density_is_the_mixtures(mixture):
    x = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    parts = torch.distributions.MultivariateNormal(mixture.means, mixture.covariances)
    expected = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(mixture.weights), parts)
    torch.testing.assert_close(mixture.log_density(x), expected.log_prob(x), rtol=1e-4, atol=1e-4)


def test_draws_have_the_mixtures_mean(mixture):
    drawn = mixture.drawn(40_000, torch.Generator().manual_seed(0))
    assert drawn.shape == (40_000, 4)
    torch.testing.assert_close(drawn.mean(0), mixture.weights @ mixture.means, rtol=0, atol=0.1)


def test_a_mixture_survives_its_file(mixture, tmp_path):
    mixture.save(tmp_path / "deep" / "gmm.safetensors")
    again = Mixture.load(tmp_path / "deep" / "gmm.safetensors")
    x = torch.randn(3, 4)
    assert torch.equal(again.energy(x), mixture.energy(x))


def test_what_is_no_mixture_is_said(mixture, tmp_path):
    with pytest.raises(ValueError, match=r"vectors of shape \(B, 4\)"):
        mixture.energy(torch.zeros(2, 5))
    with pytest.raises(ValueError, match="NaN"):
        Mixture(mixture.weights, mixture.means * float("nan"), mixture.covariances)
    with pytest.raises(ValueError, match="weights"):
        Mixture(mixture.weights[:2], mixture.means, mixture.covariances)
    with pytest.raises(ValueError, match="not above 0"):
        Mixture(mixture.weights * 0, mixture.means, mixture.covariances)
    save_file({"means": torch.zeros(3, 4)}, tmp_path / "half.safetensors")
    with pytest.raises(WrongWeights, match="covariances"):
        Mixture.load(tmp_path / "half.safetensors")
    tensors = {"weights": torch.ones(1), "means": torch.zeros(1, 2), "covariances": -torch.eye(2)[None]}
    save_file(tensors, tmp_path / "negative.safetensors")
    with pytest.raises(WrongWeights, match="mixture of Gaussians"):
        Mixture.load(tmp_path / "negative.safetensors")


# ── the autoencoder ──


def vae(part: Part = "body") -> Vae:
    torch.manual_seed(0)
    width = dims[part]
    return Vae(part, Normaliser(0.1 * torch.ones(width), 0.5 * torch.ones(width), "test"), small).eval()


def test_the_divergence_is_kullback_leiblers():
    mean, std = torch.randn(4, 6), torch.rand(4, 6) + 0.1
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(mean, std), normal(torch.zeros(4, 6), torch.ones(4, 6))).sum(1)
    torch.testing.assert_close(divergence(mean, std), expected)


def test_the_architecture_is_vposers():
    net = Vae("body", Normaliser(torch.zeros(63), torch.ones(63), "test")).net
    linear = [(layer.in_features, layer.out_features) for layer in net.modules() if isinstance(layer, torch.nn.Linear)]
    assert linear == [(63, 512), (512, 512), (512, 512), (512, 32), (512, 32), (32, 512), (512, 512), (512, 126)]


@pytest.mark.parametrize("part", ["body", "hand", "face", "wholebody"])
def test_poses_go_in_and_come_out(part):
    made = vae(part)
    raw = 0.3 * torch.randn(5, dims[part])
    mean, std = made.encode(raw)
    assert mean.shape == std.shape == (5, 8)
    assert (std > 0).all()
    found = made.decode(mean)
    assert found.shape == raw.shape
    matrices, numbers = made.decoded(mean)
    torch.testing.assert_close(
        rotation.matrix(found[:, : made.turns].unflatten(1, (-1, 3))), matrices, rtol=0, atol=1e-4
    )
    assert torch.equal(found[:, made.turns :], numbers)
    np.testing.assert_allclose(made.penalty(raw).detach(), 0.5 * mean.detach().norm(dim=1), rtol=1e-6)


def test_an_autoencoder_survives_its_file(tmp_path):
    made = vae("hand")
    made.notes = {"steps": "7"}
    made.save(tmp_path / "hand-vae.safetensors")
    again = Vae.load(tmp_path / "hand-vae.safetensors")
    raw = 0.3 * torch.randn(3, 45)
    assert torch.equal(again.decode(again.encode(raw)[0]), made.decode(made.encode(raw)[0]))
    assert (again.part, again.shape, again.notes, again.normaliser.name) == (
        "hand",
        Shape(48, 8),
        {"steps": "7"},
        "test",
    )
    assert not again.training


def test_what_is_no_autoencoder_is_said(tmp_path, mixture):
    with pytest.raises(ValueError, match=r"poses of body of shape \(B, 63\), got \(2, 45\)"):
        vae().encode(torch.zeros(2, 45))
    with pytest.raises(ValueError, match=r"latent numbers of shape \(B, 8\)"):
        vae().decode(torch.zeros(2, 9))
    with pytest.raises(ValueError, match="part of joints"):
        Vae("face-shape", Normaliser(torch.zeros(100), torch.ones(100), "test"))
    mixture.save(tmp_path / "gmm.safetensors")
    with pytest.raises(WrongWeights, match="pose autoencoder"):
        Vae.load(tmp_path / "gmm.safetensors")


# ── its training ──


def test_a_parts_joints_are_the_bodys_in_its_order():
    assert turned_joints("body") == smplx55.joints[1:22]
    assert turned_joints("hand") == smplx55.joints[40:55]
    assert turned_joints("face") == ("jaw",)
    assert turned_joints("wholebody") == (*smplx55.joints[1:22], *smplx55.joints[25:55], "jaw")


def test_its_joints_are_the_bodys(body):
    turns = {name: np.random.default_rng(i).normal(size=3) * 0.5 for i, name in enumerate(turned_joints("wholebody"))}
    pose = BodyPose(**pose_arrays(turns))
    expected = body.joints(body.poses(pose))[0].float()
    skeleton = Skeleton(body, "wholebody")
    matrices = rotation.matrix(torch.tensor(np.array(list(turns.values())), dtype=torch.float32))[None]
    found = skeleton(matrices)[0]
    eyes = [i for i, name in enumerate(smplx55.joints) if "eye" not in name]
    torch.testing.assert_close(found, expected[eyes], rtol=0, atol=1e-5)


def pose_arrays(turns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    hands = [[turns[name] for name in turns if name.startswith(f"{side}_hand")] for side in ("left", "right")]
    body = [turns[name] for name in smplx55.joints[1:22]]
    return {"body": np.array(body), "hands": np.array(hands), "jaw": turns["jaw"]}


def test_parts_that_are_not_there_cost_nothing(body):
    made, recipe, skeleton = vae("wholebody"), VaeRecipe(small), Skeleton(body, "wholebody")
    raw, noise = torch.from_numpy(pose_set("wholebody", 4).poses.copy()), torch.zeros(4, 8)
    available = torch.tensor([[1.0, 1, 1, 1], [1, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 0]])
    with torch.no_grad():
        found = losses(made, skeleton, recipe, raw, available, noise)
        every = losses(made, skeleton, recipe, raw, None, noise)
    assert found.turns[3] == found.points[3] == found.numbers[3] == found.numbers[1] == 0
    torch.testing.assert_close(found.total[0], every.total[0])
    assert 0 < found.turns[2] < every.turns[2]
    torch.testing.assert_close(found.divergence, every.divergence)


def test_it_learns_and_keeps_what_held_out_poses_liked_best(body):
    made, told = vae(), []
    recipe = VaeRecipe(small, batch=64, steps=60, judge_every=10, learning_rate=3e-3)
    held_out = pose_set(count=100, seed=5)
    best = train_vae(
        made, body, pose_set(), held_out, recipe, lambda step, found: told.append((step, float(found.total)))
    )
    assert [step for step, _ in told] == list(range(10, 61, 10))
    assert told[-1][1] < 0.8 * told[0][1]
    assert best == min(told, key=lambda each: each[1])[0]
    assert not made.training


def test_it_ends_when_nothing_is_gained(body):
    told: list[int] = []
    recipe = VaeRecipe(small, batch=4, steps=200, judge_every=1, patience=2, halvings=1, learning_rate=1e-5)
    held_out = pose_set(count=10, seed=5)
    best = train_vae(vae(), body, pose_set(count=10), held_out, recipe, lambda step, _: told.append(step))
    assert best < len(told) < 150


def test_judgements_are_the_same_each_time(body):
    made, recipe, skeleton = vae(), VaeRecipe(small), Skeleton(body, "body")
    raw = torch.from_numpy(pose_set().poses.copy())
    first, again = (judged(made, skeleton, recipe, raw, None) for _ in range(2))
    assert first == again


# ── the command ──


@pytest.mark.parametrize("kind", ["vae", "gmm"])
def test_the_command_trains_baselines(tmp_path, monkeypatch, capsys, kind):
    for split in ("train", "held_out"):
        pose_set("hand", 300).save(tmp_path / f"hand_{split}.npz")
    monkeypatch.setitem(vae_recipes, "hand", replace(vae_recipes["hand"], shape=Shape(32, 4), batch=32))
    monkeypatch.setattr(train_baselines, "components", 2)
    monkeypatch.setattr(train_baselines, "drawn", 600)
    words = ("--part", "hand", "--kind", kind, "--poses", str(tmp_path), "--out", str(tmp_path), "--steps", "4")
    monkeypatch.setattr(sys, "argv", ["train_baselines.py", *words])
    train_baselines.main()
    path = tmp_path / f"hand-{kind}.safetensors"
    assert f"{path} is ready" in capsys.readouterr().out
    if kind == "vae":
        assert Vae.load(path).notes["poses"] == "300"
        return
    poses, found = torch.from_numpy(pose_set("hand", 300).poses.copy()), Mixture.load(path)
    assert found.energy(poses).mean() < found.energy(poses.roll(7, 1)).mean() - 10


def test_a_mixture_learns_from_poses_that_have_all_parts():
    made = pose_set("wholebody")
    rows = train_baselines.whole(made, 200, 0)
    assert rows.shape == (200, 256)
    assert (rows != 0).all()


def test_the_command_says_what_is_wrong(tmp_path, monkeypatch):
    words = ("--part", "body", "--kind", "gmm", "--poses", str(tmp_path), "--out", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["train_baselines.py", *words])
    with pytest.raises(SystemExit) as ended:
        train_baselines.main()
    assert "body_train.npz" in str(ended.value)


def test_every_part_has_a_recipe():
    assert {part: recipe.shape.latent for part, recipe in vae_recipes.items()} == {
        "body": 32, "hand": 32, "face": 32, "wholebody": 96,
    }  # fmt: skip
    assert Path(train_baselines.body_file).is_file()
