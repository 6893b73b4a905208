"""Samplers, likelihood and solvers on a Gaussian whose noise is known exactly: what they draw has its figures."""

import math

import pytest
import torch
from torch import nn

from engine import solvers
from engine.diffusion import Diffusion
from engine.likelihood import bits_per_number, log_likelihood
from engine.networks.sub_vp import SubVP, label_scale
from engine.progress import Cancelled
from engine.samplers import ddim, euler_maruyama, noise, ode
from engine.solvers import Walk, solve, solver_names

mean = torch.tensor([0.5, -1.0, 0.2])
root = torch.tensor([[0.9, 0.0, 0.0], [0.6, 0.5, 0.0], [-0.3, 0.4, 0.7]])
covariance = root @ root.T


class Exact(nn.Module):
    """A network that knows the noise in poses of N(mean, covariance); it takes double precision as well."""

    def forward(self, x, labels):
        sde, t = SubVP(), labels / label_scale
        alpha, sigma = sde.alpha(t)[:, None, None], sde.sigma(t)[:, None, None]
        noisy = alpha**2 * covariance.to(x) + sigma**2 * torch.eye(3).to(x)
        away = (x - alpha[:, 0] * mean.to(x))[..., None]
        return (sigma * torch.linalg.solve(noisy, away))[..., 0]


@pytest.fixture
def gaussian():
    return Diffusion(Exact())


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def far(x):
    """How far a sample's mean and covariance are from the truth."""
    return (x.mean(0) - mean).abs().max().item(), (torch.cov(x.T) - covariance).abs().max().item()


# ── samplers ──


def test_euler_maruyama_draws_the_distribution(gaussian):
    drawn = euler_maruyama(gaussian, noise(8_000, 3, seeded()), seeded(1), 250)
    assert max(far(drawn)) < 0.06


def test_ddim_and_the_flow_draw_the_distribution(gaussian):
    start = noise(8_000, 3, seeded())
    for drawn in (ddim(gaussian, start, 200), ode(gaussian, start, 1e-4)):
        assert max(far(drawn)) < 0.06


def test_the_flow_is_where_many_ddim_steps_lead(gaussian):
    start = noise(8, 3, seeded())
    exact = ode(gaussian, start, 1e-6)
    errors = [(ddim(gaussian, start, steps) - exact).abs().max().item() for steps in (20, 80, 320)]
    assert errors[0] > 3 * errors[1] > 9 * errors[2]
    assert errors[2] < 0.02


def test_a_seed_decides(gaussian):
    draws = [euler_maruyama(gaussian, noise(2, 3, seeded(a)), seeded(b), 20) for a, b in ((0, 0), (0, 0), (0, 1))]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_the_last_step_adds_no_noise(gaussian):
    start = noise(2, 3, seeded())
    one = euler_maruyama(gaussian, start, seeded(1), 1)
    assert torch.equal(one, euler_maruyama(gaussian, start, seeded(2), 1))


def test_a_step_is_a_share_of_the_whole_time(gaussian):
    """Published: times from 1 to the end, yet steps of 1 / steps each."""
    start = noise(2, 3, seeded())
    t = torch.tensor([1.0])
    wanted = start - gaussian.drift(start, t) / 1
    assert torch.allclose(euler_maruyama(gaussian, start, seeded(), 1), wanted)


def test_noise_comes_from_the_generator_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    assert torch.equal(noise(4, 5, seeded()), torch.randn(4, 5, generator=seeded()))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(("steps", "end"), [(0, 1e-3), (5, 0.0), (5, 1.0), (5, math.nan)])
def test_steps_that_lead_nowhere_are_refused(gaussian, steps, end):
    with pytest.raises(ValueError, match="expected one step or more to an end between 0 and 1"):
        euler_maruyama(gaussian, noise(1, 3, seeded()), seeded(), steps, end)


def test_no_poses_are_refused():
    with pytest.raises(ValueError, match="expected at least one pose"):
        noise(0, 3, seeded())


def test_progress_is_told_and_may_stop(gaussian):
    heard = []
    euler_maruyama(gaussian, noise(1, 3, seeded()), seeded(), 4, progress=lambda share, _: heard.append(share))
    assert heard == [0.25, 0.5, 0.75, 1.0]

    def stop(*_):
        raise Cancelled

    with pytest.raises(Cancelled):
        ode(gaussian, noise(1, 3, seeded()), progress=stop)


# ── likelihood ──


@pytest.fixture
def known():
    """Two poses and the logarithms of their densities; the flow ends at noise that still knows 0.007 of them."""
    x = torch.tensor([[0.5, -1.0, 0.2], [1.3, -0.4, -0.6]], dtype=torch.float64)
    return x, torch.distributions.MultivariateNormal(mean.double(), covariance.double()).log_prob(x)


def test_likelihood_is_the_gaussian_s(gaussian, known):
    x, truth = known
    found = log_likelihood(gaussian, x, seeded(), 1e-4, exact=True)
    assert torch.allclose(found, truth, atol=0.02)
    assert torch.allclose(bits_per_number(found, 3), -truth / 3 / math.log(2), atol=0.01)


def test_one_direction_is_right_on_average(gaussian, known):
    """All eight directions of ±1 in one batch, instead of random ones."""
    x, truth = known
    every = torch.cartesian_prod(*[torch.tensor([0, 1])] * 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "randint", lambda *_, **__: every)
        found = log_likelihood(gaussian, x[1].expand(8, 3), seeded(), 1e-4)
    assert found.std() > 0.5
    assert found.mean().item() == pytest.approx(truth[1].item(), abs=0.02)


def test_likelihood_needs_a_beginning(gaussian):
    with pytest.raises(ValueError, match="expected a beginning between 0 and 1, got 0"):
        log_likelihood(gaussian, torch.zeros(1, 3), seeded(), begin=0)


# ── solvers ──

hidden = torch.tensor([False, True, False])


@pytest.fixture(scope="module")
def conditional():
    """What the hidden number is, given the others at 1.5 standard deviations: its mean and deviation."""
    seen, deviations = ~hidden, covariance.diagonal().sqrt()
    observed = mean + torch.tensor([1.5, 0.0, -1.5]) * deviations
    gain = covariance[hidden][:, seen] @ covariance[seen][:, seen].inverse()
    middle = mean[hidden] + gain @ (observed - mean)[seen]
    spread = (covariance[hidden][:, hidden] - gain @ covariance[seen][:, hidden]).sqrt()
    return observed, middle.item(), spread.item()


@pytest.mark.parametrize(("solver", "off"), [("score-sde", 0.45), ("dps", 0.25), ("mcg", 0.5), ("dsg", 0.2)])
def test_solvers_find_what_the_seen_numbers_tell(gaussian, conditional, solver, off):
    observed, middle, _ = conditional
    found = solve(gaussian, observed.expand(400, 3), hidden, solver, seeded(), Walk(150, error_of="rows"))
    assert torch.equal(found[:, ~hidden], observed[~hidden].expand(400, 2))
    error = abs(found[:, 1].mean().item() - middle)
    assert error < off * abs(mean[1].item() - middle), (error, mean[1].item() - middle)


def test_a_batch_s_error_makes_rows_depend_on_company(gaussian, conditional, monkeypatch):
    """As published; the same rows alone come out otherwise, and with their own errors they do not."""
    monkeypatch.setattr(solvers, "noise_like", lambda x, g: torch.randn(3, 3, generator=g).repeat(len(x) // 3, 1))
    observed = conditional[0].expand(3, 3)

    def difference(walk):
        alone, among = (solve(gaussian, observed.repeat(n, 1), hidden, "dps", seeded(), walk) for n in (1, 4))
        return (alone - among[:3]).abs().max()

    assert difference(Walk(50)) > 1e-3
    assert difference(Walk(50, error_of="rows")) < 1e-5


@pytest.mark.parametrize("solver", solver_names)
def test_rows_may_hide_different_numbers(gaussian, solver):
    observed = torch.tensor([[0.5, -1.0, 0.2], [0.1, math.nan, 0.3]])
    each = torch.tensor([[True, False, False], [False, True, False]])
    found = solve(gaussian, observed, each, solver, seeded(), Walk(20))
    assert torch.isfinite(found).all()
    assert torch.equal(found[~each], observed[~each])


@pytest.mark.parametrize(("which", "said"), [([False] * 3, "got none hidden"), ([True] * 3, "got all hidden")])
def test_nothing_to_do_is_refused(gaussian, which, said):
    with pytest.raises(ValueError, match=said):
        solve(gaussian, mean[None], torch.tensor(which), "dps", seeded())


def test_bad_observations_are_refused(gaussian):
    with pytest.raises(ValueError, match="expected finite numbers"):
        solve(gaussian, torch.tensor([[math.nan, 0.0, 0.0]]), hidden, "dps", seeded())
    with pytest.raises(ValueError, match="expected one of the solvers"):
        solve(gaussian, mean[None], hidden, "magic", seeded())
