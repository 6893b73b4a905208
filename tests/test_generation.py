"""New poses out of noise."""

import pytest
import torch
from known_prior import known_prior, paired

from engine.progress import Cancelled
from engine.tasks import generation
from engine.tasks.generation import generate

tied = known_prior(paired(45, [(0, 1)], 0.9), "hand")


@pytest.mark.parametrize(("sampler", "steps"), [("em", 200), ("ddim", 40), ("ode", None)])
def test_new_poses_vary_as_the_priors_do(sampler, steps):
    poses = generate(tied, 1500, sampler, steps, seed=2) / 0.2
    assert poses.shape == (1500, 45)
    assert poses.mean(0).abs().max() < 0.15
    assert poses.std(0).sub(1).abs().max() < 0.12
    assert torch.corrcoef(poses.T[:3])[0].tolist() == pytest.approx([1, 0.9, 0], abs=0.08)


def test_a_seed_gives_the_same_poses_whatever_else_is_drawn(monkeypatch):
    monkeypatch.setattr(generation, "together", 4)
    told = []
    poses = generate(tied, 10, "ddim", 5, seed=3, progress=lambda share, what: told.append(share))
    assert torch.equal(poses, generate(tied, 10, "ddim", 5, seed=3))
    assert torch.equal(poses[:4], generate(tied, 4, "ddim", 5, seed=3))
    assert not torch.equal(poses, generate(tied, 10, "ddim", 5, seed=4))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


def test_generation_can_be_stopped():
    def progress(share, what):
        raise Cancelled

    with pytest.raises(Cancelled):
        generate(tied, 2, progress=progress)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"count": 0}, "at least one pose, got 0"),
        ({"count": 1, "sampler": "euler"}, "one of em, ddim, ode, got 'euler'"),
        ({"count": 1, "sampler": "ode", "steps": 9}, "got 9"),
        ({"count": 1, "steps": 0}, "one step or more"),
    ],
)
def test_impossible_orders_say_what_was_expected(given, said):
    with pytest.raises(ValueError, match=said):
        generate(tied, **given)
