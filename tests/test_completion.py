"""Poses of which a part is not seen, filled in."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from known_prior import known_prior, paired

from engine.diffusion import Diffusion
from engine.dposer_layout import published_name
from engine.networks.dposer import build, dims, parts, tiny_sizes
from engine.prior import About, Normaliser, Prior
from engine.progress import Cancelled
from engine.skeleton import smplx55
from engine.tasks.completion import Completion, complete, completed, published
from engine.tasks.completion_baselines import complete_mixture, complete_vae, fill
from engine.tasks.guides import Draws
from engine.tasks.optimise import Adam
from engine.tasks.vectors import body_groups, body_joints, hidden_by, one_hand, posed, turning
from scripts.parity.formula import WeightFormula

golden = Path(__file__).parent / "golden"


def plain(net, part="body"):
    """A prior whose normalised poses are the raw ones."""
    ones = torch.ones(dims[part])
    return Prior(part, "base", Diffusion(net.eval()), Normaliser(0 * ones, ones, "plain"), About("plain"))


# ── as published ──


@pytest.fixture(scope="module", params=["extra", "signed"])
def fixture(request):
    """The published network with weights by formula, an observation, and what the released code makes of it."""
    facts = json.loads((golden / f"dposer_{request.param}.json").read_text("utf-8"))
    formula, net = WeightFormula.of(facts["formula"]), build("body")
    for name, value in net.state_dict().items():
        if not name.endswith("sigmas"):
            value.copy_(formula.tensor(published_name(name), tuple(value.shape)))
    rows, columns = torch.arange(1, 5, dtype=torch.float64)[:, None], torch.arange(1, 64)
    hidden = torch.zeros(4, 63, dtype=torch.bool)
    hidden[:, facts["completion"]["hidden"]] = True
    return plain(net), 0.5 * torch.sin(0.1 * rows * columns).float(), hidden, facts["completion"]


def test_seeded_completion_is_the_released_codes(fixture):
    prior, observed, hidden, facts = fixture
    noise = Draws(facts["seed"])
    noise(observed)  # the released code draws once before its loop
    found = completed(prior, observed, hidden, Completion(rounds=1, steps=5, batch=4), noise)
    torch.testing.assert_close(found[:, :12], torch.tensor(facts["seeded_out_hidden"]), rtol=0, atol=1e-5)
    assert torch.equal(found[~hidden], observed[~hidden])


def test_completion_by_formula_noise_is_the_released_codes(fixture):
    prior, observed, hidden, facts = fixture
    calls = iter(range(2, 22))

    def noise(like):
        c, i = next(calls), torch.arange(1, like.numel() + 1, dtype=torch.float64)
        return (1.3 * torch.cos(0.61 * c + 0.37 * i * (1 + 0.01 * c))).to(like).view(like.shape)

    found = completed(prior, observed, hidden, Completion(rounds=2, steps=10, batch=4), noise)
    torch.testing.assert_close(found[:, :12], torch.tensor(facts["formula_noise"]["out_hidden"]), rtol=0, atol=1e-5)
    assert next(calls, None) is None, "as many draws as the released code has"


def test_the_gradient_written_down_is_autograds():
    torch.manual_seed(0)
    prior, settings = plain(build("body", sizes=tiny_sizes)), Completion(rounds=2, steps=4, batch=3)
    x, hidden = torch.randn(3, 63), torch.rand(3, 63) < 0.5
    noise, free = Draws(5), x.clone().requires_grad_()
    adam = torch.optim.Adam([free], settings.rate, settings.betas)
    for k, t in enumerate(settings.schedule.times(8)):
        seen = torch.where(hidden, 0, free - x).square().mean()
        likely = prior.penalty(free, t[None], noise(x), settings.weighting, "mean").mean()
        adam.zero_grad()
        (100 / (1 + k // 4) * seen + 0.1 * (1 + k // 4) * likely).backward()
        adam.step()
    found = completed(prior, x, hidden, settings, Draws(5))
    torch.testing.assert_close(found[hidden], free.detach()[hidden], rtol=0, atol=1e-5)


def test_adam_is_torchs():
    torch.manual_seed(0)
    ours, theirs = torch.ones(7), torch.ones(7, requires_grad=True)
    own, other = Adam(ours, 0.05, (0.9, 0.99), 1e-6), torch.optim.Adam([theirs], 0.05, (0.9, 0.99), 1e-6)
    for _ in range(30):
        gradient = torch.randn(7) * 10 ** torch.linspace(-8, 2, 7)
        own.step(gradient)
        theirs.grad = gradient
        other.step()
    torch.testing.assert_close(ours, theirs.detach(), rtol=1e-6, atol=1e-7)


# ── what it finds ──

left, right = hidden_by("body", "left_leg"), hidden_by("body", "right_leg")
pairs = list(zip(left.nonzero()[:, 0].tolist(), right.nonzero()[:, 0].tolist(), strict=True))


@pytest.fixture(scope="module")
def twins():
    """A prior whose legs move alike, and poses of it."""
    covariance = paired(63, pairs, 0.95)
    torch.manual_seed(3)
    return known_prior(covariance), 0.2 * torch.randn(6, 63) @ torch.linalg.cholesky(covariance).T


@pytest.mark.parametrize("settings", [Completion(), published, Completion(start="sampled", sampling=20)])
def test_a_hidden_leg_is_told_by_the_other(twins, settings):
    prior, poses = twins
    answers = complete(prior, torch.where(left, 9.0, poses), left, settings, 8, seed=1)
    assert answers.shape == (6, 8, 63)
    assert torch.equal(answers[..., ~left], poses[:, None, ~left].expand(-1, 8, -1))
    off = (answers[..., left] - 0.95 * poses[:, right][:, None]).abs().mean()
    assert off < 0.4 * poses[:, left].abs().mean()


def test_an_answer_does_not_depend_on_its_company(twins):
    prior, poses = twins
    quiet = Completion(start="common", steps=20)

    def still(like):
        return torch.zeros_like(like)

    x, hidden = prior.normaliser(poses), left.expand(6, -1)
    alone = completed(prior, x[:1], hidden[:1], quiet, still)
    torch.testing.assert_close(completed(prior, x, hidden, quiet, still)[:1], alone, rtol=0, atol=1e-5)


def test_what_is_under_the_hidden_numbers_does_not_matter(twins):
    prior, poses = twins
    short = Completion(steps=5)
    a, b = (complete(prior, torch.where(left, value, poses), left, short, 2) for value in (0.0, 5.0))
    assert torch.equal(a, b)
    assert not torch.equal(a, complete(prior, poses, left, short, 2, seed=1))


def test_only_published_answers_begin_alike(twins):
    prior, poses = twins
    none = replace(published, rounds=1, steps=1, rate=0.0)
    alike, own = (complete(prior, poses, left, settings, 3) for settings in (none, replace(none, start="own")))
    assert torch.equal(alike[:, 0], alike[:, 2])
    assert not torch.equal(own[:, 0], own[:, 2])


def test_rows_may_hide_different_numbers(twins):
    prior, poses = twins
    hidden = torch.stack([left, right]).repeat(3, 1)
    answers = complete(prior, poses, hidden, Completion(steps=5), 2)
    changed = (answers != poses[:, None]).any(1)
    assert torch.equal(changed, hidden)


def test_completion_can_be_stopped(twins):
    told = []

    def progress(share, what):
        told.append((share, what))
        if share > 0.2:
            raise Cancelled

    with pytest.raises(Cancelled):
        complete(*twins, left, Completion(), 1, progress=progress)
    assert 2 < len(told) < 10
    assert told[0] == (0, "completing")


@pytest.mark.parametrize(
    ("poses", "hidden", "said"),
    [
        (torch.zeros(2, 45), left, r"of body of shape \(B, 63\), got \(2, 45\)"),
        (torch.full((2, 63), torch.nan), left, "finite poses"),
        (torch.zeros(2, 63), left[:45], r"bool of shape \(63,\) or \(2, 63\), got bool \(45,\)"),
        (torch.zeros(2, 63), left.float(), "got float32"),
        (torch.zeros(2, 63), torch.zeros(63, dtype=torch.bool), "nothing hidden"),
        (torch.zeros(2, 63), torch.ones(63, dtype=torch.bool), "all hidden"),
    ],
)
def test_bad_observations_say_what_was_expected(twins, poses, hidden, said):
    with pytest.raises(ValueError, match=said):
        complete(twins[0], poses, hidden)


def test_a_part_that_is_not_there_is_kept_from_the_network():
    torch.manual_seed(0)
    prior = plain(build("wholebody", sizes=tiny_sizes), "wholebody")
    poses, hidden = 0.1 * torch.randn(2, 256), hidden_by("wholebody", "left_hand")
    poses[:, parts["face"]] = 0
    short, there = Completion(steps=3), torch.tensor([[1.0, 1, 1, 0], [1, 1, 1, 1]])
    with_face, without = (complete(prior, poses, hidden, short, 1, available=mask) for mask in (there * 0 + 1, there))
    assert torch.equal(with_face[..., ~hidden], without[..., ~hidden])
    assert torch.isfinite(without).all()


# ── what is hidden ──


def test_groups_hide_the_joints_of_the_paper():
    numbers = {  # by the place of each joint in a body's vector, as published
        "left_leg": [0, 3, 6, 9], "right_leg": [1, 4, 7, 10], "left_arm": [12, 15, 17, 19],
        "right_arm": [13, 16, 18, 20], "trunk": [2, 5, 8, 15, 16], "wrists": [19, 20],
    }  # fmt: skip
    for group, places in numbers.items():
        assert sorted(body_joints.index(name) for name in body_groups[group]) == places
        assert hidden_by("body", group).view(21, 3).all(1).nonzero()[:, 0].tolist() == places
    assert torch.equal(hidden_by("body", "legs"), left | right)
    assert torch.equal(hidden_by("body", ["left_leg", "right_leg"]), left | right)


def test_a_hand_hides_its_wrist_too():
    hidden = hidden_by("wholebody", "left_hand")
    assert hidden[parts["left_hand"]].all()
    assert int(hidden.sum()) == 48
    assert hidden[3 * body_joints.index("left_wrist")]
    assert not hidden[parts["right_hand"]].any()
    assert int(hidden_by("wholebody", ("hands", "face")).sum()) == 96 + 103
    assert int(hidden_by("hand", "thumb").sum()) == 9
    rows = one_hand(40)
    assert set(rows.sum(1).tolist()) == {48}
    assert 8 < int(rows[:, parts["left_hand"]].all(1).sum()) < 32


def test_unknown_groups_name_the_known_ones():
    with pytest.raises(ValueError, match=r"such as left_leg.*got 'tail'"):
        hidden_by("body", "tail")
    with pytest.raises(ValueError, match="got 'left_hand'"):
        hidden_by("body", "left_hand")


def test_vectors_pose_the_joints_that_they_name():
    class Small:
        betas, expressions = 16, 10

    vector = torch.arange(1.0, 257).repeat(2, 1)
    whole = posed(Small(), "wholebody", vector)  # type: ignore[arg-type]
    at = [3 * turning["wholebody"].index(name) for name in ("left_hip", "right_hand_thumb_3", "jaw")]
    joints = [smplx55.index(name) for name in ("left_hip", "right_hand_thumb_3", "jaw")]
    assert whole.axis_angles[0, joints, 0].tolist() == [at_ + 1 for at_ in at] == [1, 151, 154]
    assert whole.axis_angles[0, smplx55.index("pelvis")].eq(0).all()
    assert whole.expression.shape == (2, 10)
    hand = posed(Small(), "hand", vector[:, :45], "left")  # type: ignore[arg-type]
    assert hand.axis_angles[0, smplx55.index("left_hand_index_1")].tolist() == [1, -2, -3]


# ── the others ──


class Blend:
    """A mixture of two normal distributions of three numbers."""

    weights = torch.tensor([0.3, 0.7])
    means = torch.tensor([[0.0, 0, 0], [5.0, 5, 5]])
    covariances = torch.stack([paired(3, [(0, 1)], 0.8), paired(3, [(0, 1)], -0.8)])


def test_a_mixture_draws_given_what_is_seen():
    observed, hidden = torch.tensor([[9.0, 0.5, 0.1], [9.0, 5.5, 5.1]]), torch.tensor([True, False, False])
    answers = complete_mixture(Blend(), observed, hidden, 4000)
    assert torch.equal(answers[..., 1:], observed[:, None, 1:].expand(-1, 4000, -1))
    assert answers[..., 0].mean(1).tolist() == pytest.approx([0.4, 5 - 0.4], abs=0.05)
    assert answers[..., 0].std(1).tolist() == pytest.approx([0.6, 0.6], abs=0.03)


def test_a_mixture_takes_rows_that_hide_different_numbers():
    observed = torch.tensor([[9.0, 0.5, 0.1], [0.5, 9.0, 0.1]])
    hidden = torch.tensor([[True, False, False], [False, True, True]])
    answers = complete_mixture(Blend(), observed, hidden, 2000)
    assert answers[0, :, 0].mean() == pytest.approx(0.4, abs=0.06)
    assert answers[1].mean(0).tolist() == pytest.approx([0.5, 0.4, 0], abs=0.08)


class Line:
    """An autoencoder of poses (a, a, b), with latent numbers (a, b)."""

    def encode(self, raw):
        z = torch.stack([(raw[:, 0] + raw[:, 1]) / 2, raw[:, 2]], 1)
        return z, 0.1 * torch.ones_like(z)

    def decode(self, z):
        return z[:, [0, 0, 1]]

    def penalty(self, raw):
        return 0.5 * self.encode(raw)[0].norm(dim=1)


def test_an_autoencoder_follows_what_is_seen():
    observed, hidden = torch.tensor([[9.0, 0.7, -0.3]]), torch.tensor([True, False, False])
    answers = complete_vae(Line(), observed, hidden, 3)
    assert answers[0, :, 0].tolist() == pytest.approx([0.7] * 3, abs=0.02)
    assert torch.equal(answers[..., 1:], observed[:, None, 1:].expand(-1, 3, -1))
    assert complete_vae(Line(), observed, hidden, 2, way="pose").shape == (1, 2, 3)


def test_the_mean_fills_what_is_not_seen():
    assert fill(torch.ones(3), torch.zeros(2, 3), torch.tensor([True, False, False]))[:, 0].tolist() == [[1, 0, 0]] * 2
