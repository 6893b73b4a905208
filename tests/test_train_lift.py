"""Training what lifts: scenes are sound, the loss falls, going on is going on bit by bit."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from engine import rotation
from engine.fit import stretched_parts
from engine.initialiser import load_net
from engine.lift_input import Seen, body_inputs, body_points, of_body
from engine.lift_scenes import Hiding, cameras, hidden
from engine.lift_training import Chain, body_betas, body_pool, hand_pool, judged, lesson, recipe_of, rig_of
from engine.networks.lift import Guesses
from engine.point_rig import PointRig
from engine.pose_sets import PoseSet
from scripts import train_lift


def pose_set(part: str, count: int = 40) -> PoseSet:
    random = np.random.default_rng(3)
    width = {"body": 63, "hand": 45}[part]
    more = {}
    if part == "body":
        more = {"root": np.zeros((count, 3), "f4"), "frame": np.arange(count, dtype="i4"), "fps": np.ones(1, "f4")}
    return PoseSet(
        part, random.normal(0, 0.3, (count, width)).astype("f4"), np.ones(count, "f4"), np.zeros(count, "i4"),
        ("test/one",), np.zeros(count, bool), **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(body):
    return PointRig.of(body, body_points, body_betas).stretched(stretched_parts)


@pytest.fixture(scope="module")
def pools(whole):
    bodies, hands = pose_set("body"), pose_set("hand")
    return {
        "body": body_pool(rig_of("body", whole), bodies, hands, 60, 0),
        "hand": hand_pool(rig_of("hand", whole), hands, bodies, 60, 0),
    }


@pytest.mark.parametrize("part", ["body", "hand"])
def test_a_lessons_answer_explains_what_is_seen(pools, whole, part):
    """Turns and places of a lesson are those of one figure: the chain puts joints where the pool has them."""
    pool, recipe = pools[part], replace(recipe_of(part, "tiny"), hiding=Hiding(noise=0.0))
    told = lesson(pool, recipe, 0)
    assert torch.equal(told.seen, lesson(pool, recipe, 0).seen)
    assert not torch.equal(told.seen, lesson(pool, recipe, 1).seen)
    assert torch.isfinite(told.seen).all()
    if part == "hand":
        # Of a hand without stretch the tips the chain knows are nearly those that were seen.
        chain = Chain.of(part, rig_of(part, whole))
        turns = torch.cat([torch.eye(3).expand(60, 1, 3, 3), rotation.matrix(pool.turns)[:, 1:]], 1)
        tips = chain(turns)[:, -5:]
        seen = pool.points[:, [4, 8, 12, 16, 20]]
        assert (tips - seen).norm(dim=-1).median() < 0.012


def test_the_worlds_up_is_up_in_most_pictures():
    R, eye, up = cameras(400, torch.Generator().manual_seed(0))
    assert torch.allclose(R @ R.mT, torch.eye(3).expand_as(R), atol=1e-5)
    assert torch.allclose(torch.linalg.det(R), torch.ones(400), atol=1e-5)
    assert (up[:, 1] < -0.5).float().mean() > 0.8  # y runs down in the camera
    assert (eye[:, 2] > 0.5).all()


def test_pictures_hide_parts_and_never_all():
    rays = torch.randn(500, len(body_points), 2, generator=torch.Generator().manual_seed(1))
    known = hidden(rays, torch.ones(500), Hiding(), torch.Generator().manual_seed(0))
    assert (known[:, :17].sum(1) >= 3).all()
    nose = body_points.index("nose")
    assert known[:, nose].float().mean() < 0.35, "a head from behind has no nose"
    shown = hidden(rays, -torch.ones(500), Hiding(), torch.Generator().manual_seed(0))
    assert shown[:, nose].float().mean() > 0.7


def test_what_is_unknown_tells_nothing():
    rays = torch.randn(2, len(body_points), 2)
    known = torch.ones(2, len(body_points), dtype=torch.bool)
    known[:, 40:] = False
    elsewhere = rays.clone()
    elsewhere[:, 40:] += 100
    seen = of_body(Seen(rays, known))
    assert seen.shape == (2, body_inputs)
    assert torch.equal(seen, of_body(Seen(elsewhere, known)))
    moved = of_body(Seen(3 * rays + 1, known))
    n = 2 * len(body_points)
    assert torch.allclose(seen[:, :n], moved[:, :n], atol=1e-4), "in its box a figure is the same everywhere"


def test_the_nearest_guess_is_judged(pools, whole):
    recipe = recipe_of("body", "tiny")
    told = lesson(pools["body"], recipe, 0)
    chain = Chain.of("body", rig_of("body", whole))
    right = rotation.six(told.turns)
    wrong = rotation.six(told.turns @ rotation.matrix(torch.tensor([0.0, 0.5, 0.0])))
    guesses = Guesses(torch.stack([wrong, right], 1), told.shape, told.up, torch.tensor([[5.0, 0.0]]).expand(32, 2))
    found = judged(guesses, told, chain, 0.0)
    assert found.nearest < 1e-5
    assert found.chosen > 0.05


@pytest.mark.parametrize("part", ["body", "hand"])
def test_the_command_trains_and_goes_on(tmp_path, monkeypatch, capsys, part):
    for name in ("body", "hand"):
        for split in ("train", "held_out"):
            pose_set(name).save(tmp_path / "poses" / f"{name}_{split}.npz")
    command = [
        "train_lift",
        "--part",
        part,
        "--preset",
        "tiny",
        "--poses",
        str(tmp_path / "poses"),
        "--threads",
        "1",
        "--steps",
        "30",
    ]

    def run(out: str, *more: str) -> dict[str, torch.Tensor]:
        monkeypatch.setattr(sys, "argv", [*command, "--out", str(tmp_path / out), *more])
        train_lift.main()
        return load_file(tmp_path / out / "model.safetensors")

    whole = run("whole")
    losses = [float(row.split(",")[1]) for row in (tmp_path / "whole" / "metrics.csv").read_text().split()[1:]]
    assert np.mean(losses[-2:]) < 0.8 * losses[0]
    assert load_net(tmp_path / "whole" / "model.safetensors", part).size.guesses == 2

    original = train_lift.Training._one_step

    def ending(self):
        if self.step == 14:
            self.ending = True
        return original(self)

    monkeypatch.setattr(train_lift.Training, "_one_step", ending)
    run("parted")
    monkeypatch.setattr(train_lift.Training, "_one_step", original)
    parted = run("parted", "--resume")
    assert all(torch.equal(value, parted[name]) for name, value in whole.items())
    assert "is ready" in capsys.readouterr().out
