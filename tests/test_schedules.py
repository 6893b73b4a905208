"""Which diffusion times a task's steps look at, and the guides that look at them."""

import math

import pytest
import torch
from known_prior import known_prior

from engine.diffusion import Diffusion
from engine.networks.dposer import Fused, Size, Sizes, build, dims
from engine.networks.timed import Timed
from engine.prior import About, Normaliser, Prior
from engine.schedules import Schedule, earliest, schedule_kinds
from engine.tasks.guides import (
    DiffusionGuide,
    Draws,
    MixtureGuide,
    NoGuide,
    NormGuide,
    Scaled,
    VaeGuide,
    ready,
)

# ── times ──


def test_truncated_times_fall_as_published():
    times = Schedule("truncated", 0.15, 0.05).times(200)
    assert times[[0, 100, 199]].tolist() == pytest.approx([0.1495, 0.0995, 0.05], abs=1e-7)
    assert times.dtype == torch.float32
    assert (times.diff() < 0).all()


def test_uniform_times_go_from_one_to_nothing():
    times = Schedule("uniform", 0.15, 0.05).times(50)
    assert times[0] > 0.97
    assert times[-1] == pytest.approx(earliest)
    assert times.diff().tolist() == pytest.approx([-(1 - earliest) / 50] * 49, abs=1e-6)


def test_random_times_are_the_seeds():
    draw = Schedule("random").times
    assert torch.equal(draw(300, 7), draw(300, 7))
    assert not torch.equal(draw(300, 7), draw(300, 8))
    assert draw(300).min() >= earliest
    assert draw(300).max() <= 1
    assert draw(3000).mean() == pytest.approx(0.5, abs=0.03)


def test_fixed_times_stay():
    assert Schedule("fixed", fixed=0.1).times(4).tolist() == pytest.approx([0.1] * 4)


@pytest.mark.parametrize("kind", schedule_kinds)
def test_one_step_is_enough_and_none_is_not(kind):
    assert Schedule(kind).times(1).shape == (1,)
    with pytest.raises(ValueError, match="at least one step, got 0"):
        Schedule(kind).times(0)


@pytest.mark.parametrize(
    "given", [{"kind": "late"}, {"start": 0.05, "end": 0.15}, {"end": 0.0}, {"start": 1.5}, {"fixed": 0.0}]
)
def test_times_that_cannot_be_are_refused(given):
    with pytest.raises(ValueError, match="expected"):
        Schedule(**given)


# ── guides ──

# Groups of eight numbers: of two, as the tiniest networks have them, the norm turns rounding into answers.
sizes = Sizes(*[Size(256, 32)] * 5)


def small_prior(part="body", model="base"):
    """A network with random weights, that tells a whole body's parts of each other."""
    torch.manual_seed(1)
    net = build(part, model, sizes).eval()
    if isinstance(net, Fused):
        torch.nn.init.normal_(net.output_linear.weight, std=0.3)
    size = torch.ones(dims[part])
    return Prior(part, model, Diffusion(net), Normaliser(0.1 * size, 0.5 * size, "small"), About("small"))


def test_a_diffusion_pulls_towards_the_pose_it_denoised_to():
    prior = small_prior()
    poses, t, noise = torch.randn(3, 63, requires_grad=True), torch.tensor([0.1]), torch.randn(3, 63)
    rows = DiffusionGuide(prior, "root", "sum").penalty(poses, t, noise)
    x = prior.normaliser(poses)
    clean = prior.diffusion.denoised(prior.diffusion.noised(x, t, noise), t).detach()
    weight = 0.5 * math.sqrt(1 + float(prior.diffusion.sde.snr(t)))
    torch.testing.assert_close(rows, weight * (x - clean).square().sum(1))
    (gradient,) = torch.autograd.grad(rows.sum(), poses)
    torch.testing.assert_close(gradient, (2 * weight * (x - clean) / prior.normaliser.scale).detach())


@pytest.mark.parametrize(("part", "model"), [("body", "base"), ("wholebody", "mixed"), ("face-full", "base")])
def test_a_ready_guide_says_the_same(part, model):
    prior, times = small_prior(part, model), Schedule().times(10)
    mask = torch.tensor([1.0, 0, 1, 1]) if part == "wholebody" else None
    guide = DiffusionGuide(prior, "square", "mean", mask)
    poses = torch.randn(3, prior.dims)
    for t in (times[3, None], torch.tensor([0.4])):
        slow, quick = (g.penalty(poses, t, Draws(2)) for g in (guide, ready(guide, times)))
        torch.testing.assert_close(quick, slow, rtol=2e-4, atol=0)


def test_guides_get_ready_through_a_factor_and_others_stay():
    prior, times = small_prior(), Schedule().times(5)
    poses, t = torch.randn(2, 63), times[:1]
    twice = ready(Scaled(DiffusionGuide(prior), 2.0), times)
    torch.testing.assert_close(twice.penalty(poses, t, Draws()), 2 * DiffusionGuide(prior).penalty(poses, t, Draws()))
    assert ready(norm := NormGuide(), times) is norm
    assert ready(learning := DiffusionGuide(small_prior().train()), times) is learning


def test_the_likeliest_pose_costs_a_gaussian_prior_least():
    guide, t = DiffusionGuide(known_prior(torch.eye(63))), torch.tensor([0.1])
    poses = torch.stack([torch.zeros(63), torch.full((63,), 0.3), torch.full((63,), 0.9)])
    rows = torch.stack([guide.penalty(poses, t, Draws(n)) for n in range(20)]).mean(0)
    assert rows[0] < rows[1] < rows[2]


def test_baselines_draw_no_noise():
    class Told:
        def penalty(self, raw):
            return raw[:, 0]

        def energy(self, x):
            return x[:, 1]

    def silence(like):
        raise AssertionError("noise was drawn")

    poses, t = torch.arange(6.0).view(2, 3), torch.tensor([0.1])
    found = [
        guide.penalty(poses, t, silence).tolist()
        for guide in (VaeGuide(Told()), MixtureGuide(Told()), NormGuide(torch.ones(3), "sum"), NormGuide(), NoGuide())
    ]
    assert found == [[0, 3], [1, 4], [2, 29], [pytest.approx(5 / 3), pytest.approx(50 / 3)], [0, 0]]


def test_noise_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"expected noise of shape \(2, 63\), got \(2, 45\)"):
        DiffusionGuide(small_prior()).penalty(torch.zeros(2, 63), torch.tensor([0.1]), torch.zeros(2, 45))


# ── networks that know the times ──


@pytest.mark.parametrize(
    "kind", [("body", "base"), ("wholebody", "base"), ("wholebody", "mixed"), ("face-full", "base")]
)
def test_a_network_told_its_times_answers_as_ever(kind):
    net, labels = small_prior(*kind).diffusion.net, 999 * Schedule("uniform").times(6)
    x = torch.randn(5, dims[kind[0]])
    mask = torch.tensor([[1.0, 1, 1, 1], [0, 1, 1, 0], [1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 0, 1]])
    more = (mask,) if kind[0] == "wholebody" else ()
    timed = Timed(net, labels)
    for k, label in enumerate(labels):
        want = net(x, label[None], *more).detach()
        torch.testing.assert_close(timed.noise(x, k, *more), want, rtol=0, atol=1e-5 * float(want.abs().max()))


def test_a_network_with_dropout_cannot_be_told_beforehand():
    with pytest.raises(ValueError, match="evaluation mode"):
        Timed(small_prior().train().diffusion.net, torch.ones(1))
    with pytest.raises(ValueError, match=r"engine\.networks\.dposer, got Linear"):
        Timed(torch.nn.Linear(3, 3), torch.ones(1))
