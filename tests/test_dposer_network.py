"""DPoser-X's networks, process and normalisers: the published names and sizes, and what holds by definition.

That their numbers are the published ones is tests/test_parity_dposer.py's.
"""

import json
from pathlib import Path

import pytest
import torch

from engine.diffusion import Diffusion
from engine.dposer_checkpoint import before_dead_layer, dead_layer
from engine.dposer_layout import own_name, published_name, published_state, trained_names
from engine.networks.dposer import (
    Fused,
    Size,
    TimeFC,
    build,
    dims,
    masked,
    parts,
    positional,
    published_sizes,
    tiny_sizes,
)
from engine.networks.sub_vp import SubVP
from engine.prior import About, Normaliser, Prior

golden = Path(__file__).parent / "golden"
published = json.loads((golden / "dposer_names.json").read_text("utf-8"))
kinds = {
    "body": ("body", "base"), "hand": ("hand", "base"), "face": ("face", "base"), "face-shape": ("face-shape", "base"),
    "base": ("wholebody", "base"), "fused": ("wholebody", "fused"), "face-full": ("face-full", "base"),
}  # fmt: skip


# ── the published names ──


@pytest.fixture(params=kinds, ids=list(kinds))
def full(request, monkeypatch):
    """A network of the published size, whose numbers nobody draws, and what is published of it."""
    for name in ("kaiming_uniform_", "uniform_"):
        monkeypatch.setattr(torch.nn.init, name, lambda value, *_, **__: value)
    return build(*kinds[request.param], published_sizes), published[request.param]


def test_names_and_shapes_are_the_published_ones(full):
    net, said = full
    assert {name: list(value.shape) for name, value in published_state(net).items()} == said["shapes"]


def test_training_changes_the_published_tensors_in_the_published_order(full):
    net, said = full
    assert trained_names(net) == said["trained"]
    assert sum(value.numel() for value in net.parameters()) == said["numbers"]
    assert sum(value.numel() for value in net.parameters() if value.requires_grad) == said["trainable"]


def test_mixed_is_fused():
    states = [build("wholebody", model, tiny_sizes).state_dict() for model in ("fused", "mixed")]
    assert [(k, v.shape) for k, v in states[0].items()] == [(k, v.shape) for k, v in states[1].items()]


def test_the_first_dposer_has_one_dead_layer_more():
    order = list(published["body"]["trained"])
    place = order.index(before_dead_layer) + 1
    order[place:place] = [f"{dead_layer}.weight", f"{dead_layer}.bias"]
    assert order == published["first body"]["trained"]


def test_names_turn_back():
    ours = list(build("wholebody", "mixed", tiny_sizes).state_dict())
    assert [own_name(published_name(name)) for name in ours] == ours
    assert published_name("base_model.body_model.blocks.1.dense2_t.bias") == "base_model.body_model.b2_dense2_t.bias"


# ── networks ──


@pytest.fixture(scope="module")
def fused():
    torch.manual_seed(0)
    return build("wholebody", "fused", tiny_sizes).eval()


x = torch.sin(torch.arange(1.0, 513) * 0.7).reshape(2, 256)
labels = torch.tensor([100.0, 700.0])


def test_the_time_is_told_by_sines_and_cosines():
    said = [0.0132, -0.9297, 0.8801, 0.0499, -0.9999, -0.3683, 0.4747, 0.9988]
    assert positional(torch.tensor([999 * 0.5]), 8)[0].tolist() == pytest.approx(said, abs=5e-5)


def test_answers_are_divided_by_the_table_at_the_whole_label():
    net = TimeFC(3, Size(64, 8)).eval()
    table = net.sigmas
    assert (table[0].item(), table[1].item(), table[999].item()) == pytest.approx((50, 49.5755, 0.01), rel=1e-5)
    seen = net(torch.ones(1, 3), torch.tensor([99.9]))
    net.sigmas = torch.ones_like(table)
    assert torch.allclose(seen * table[99], net(torch.ones(1, 3), torch.tensor([99.9])))


def test_a_fusion_begins_as_its_base(fused):
    assert torch.equal(fused(x, labels), fused.base_model(x, labels))


def test_a_fusion_leaves_its_base_alone(fused):
    assert not any(value.requires_grad for value in fused.base_model.parameters())


def test_one_network_serves_both_hands(fused):
    pose = x.clone()
    pose[:, parts["left_hand"]] = pose[:, parts["right_hand"]]
    answer = fused.base_model(pose, labels)
    assert torch.equal(answer[:, parts["left_hand"]], answer[:, parts["right_hand"]])
    assert torch.equal(answer[:, parts["body"]], fused.base_model.body_model(x[:, :63], labels))


def test_a_hidden_part_is_zeros(fused):
    with torch.no_grad():
        net = Fused(fused.base_model, tiny_sizes.fusion).eval()
        torch.nn.init.normal_(net.output_linear.weight)
        mask = torch.tensor([[1, 0, 1, 1], [1, 1, 1, 1]])
        zeroed = x.clone()
        zeroed[0, parts["left_hand"]] = 0
        assert torch.equal(masked(x, mask), zeroed)
        assert torch.equal(net(x, labels, mask), net(zeroed, labels))
        assert not torch.allclose(net(x, labels, mask)[0], net(x, labels)[0])


def test_a_mask_of_another_shape_is_refused(fused):
    with pytest.raises(ValueError, match=r"expected a mask of shape \(2, 4\), got \(4,\)"):
        fused(x, labels, torch.ones(4))


# ── the process ──

sde = SubVP()
# Of the published process: t, alpha, sigma, alpha / sigma.
table = [
    (0.001, 0.999945, 0.000110, 9092.84), (0.05, 0.985174, 0.029433, 33.4716), (0.1, 0.946722, 0.103718, 9.1279),
    (0.3, 0.629550, 0.603667, 1.0429), (1.0, 0.006572, 0.999957, 0.0066),
]  # fmt: skip


@pytest.mark.parametrize(("t", "alpha", "sigma", "snr"), table)
def test_alpha_and_sigma_are_the_table_s(t, alpha, sigma, snr):
    time = torch.tensor([t])
    assert sde.alpha(time).item() == pytest.approx(alpha, abs=1e-6)
    assert sde.sigma(time).item() == pytest.approx(sigma, abs=1e-6)
    assert sde.snr(time).item() == pytest.approx(snr, rel=1e-3, abs=5e-5)


def test_small_times_lose_no_digits():
    t = torch.tensor([1e-5, 1e-4, 1e-3])
    for function in (sde.sigma, sde.g):
        assert torch.allclose(function(t).double(), function(t.double()), rtol=1e-5, atol=0)


def test_noise_is_added_as_sigma_grows():
    """The variance of dx = -½ beta x dt + g dw obeys d sigma²/dt = g² - beta sigma²."""
    t = torch.linspace(0.01, 0.99, 50, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(sde.sigma(t).square().sum(), t)
    assert torch.allclose(slope, sde.g(t) ** 2 - sde.beta(t) * sde.sigma(t) ** 2, rtol=1e-9)


class Knows(torch.nn.Module):
    """A network that was told the noise."""

    def __init__(self, noise):
        super().__init__()
        self.noise = noise

    def forward(self, _x, _labels):
        return self.noise


def test_denoising_undoes_the_noise_that_the_network_sees():
    noise, t = torch.cos(x), torch.tensor([0.2, 0.6])
    diffusion = Diffusion(Knows(noise))
    noisy = diffusion.noised(x, t, noise)
    assert torch.allclose(diffusion.denoised(noisy, t), x, atol=1e-5)
    s = torch.tensor([0.1, 0.3])
    assert torch.allclose(diffusion.ddim_step(noisy, t, s), diffusion.noised(x, s, noise), atol=1e-5)
    assert diffusion.loss(x, t, noise).max() == 0


# ── priors ──


def prior(part="body"):
    torch.manual_seed(0)
    normaliser = Normaliser(torch.full((dims[part],), 0.1), torch.full((dims[part],), 0.5), "made up")
    return Prior(part, "base", Diffusion(build(part, "base", tiny_sizes)), normaliser, About("made up")).eval()


def test_the_penalty_pulls_to_the_denoised_pose_alone():
    """Its gradient is 2 w (x - denoised) over the count; none goes through the network."""
    one, t = prior(), torch.tensor([0.1])
    pose, noise = x[:, :63].clone().requires_grad_(), torch.cos(x[:, :63])
    rows = one.penalty(pose, t, noise, "root", "mean")
    (gradient,) = torch.autograd.grad(rows.sum(), pose)
    clean = one.diffusion.denoised(one.diffusion.noised(pose.detach(), t, noise), t)
    assert torch.allclose(gradient, 2 * one.weight(t, "root") * (pose - clean).detach() / 63)
    assert torch.allclose(one.penalty(pose, t, noise, "root", "sum"), 63 * rows)


@pytest.mark.parametrize(("weighting", "said"), [("root", 1.5912), ("half", 0.5), ("square", 4.5912)])
def test_weights_are_the_table_s(weighting, said):
    assert prior().weight(torch.tensor([0.1]), weighting).item() == pytest.approx(said, rel=1e-4)


def test_poses_of_another_part_are_refused():
    with pytest.raises(ValueError, match=r"expected poses of body of shape \(B, 63\), got \(2, 45\)"):
        prior().checked(torch.zeros(2, 45))
    with pytest.raises(ValueError, match="expected finite poses, got NaN"):
        prior().checked(torch.full((1, 63), float("nan")))


def test_a_whole_body_s_left_hand_takes_the_right_hand_s_form():
    body, hand, face = (Normaliser(torch.zeros(dims[p]), torch.ones(dims[p]), p) for p in ("body", "hand", "face"))
    hand.centre += 0.3
    whole = Normaliser.whole(body, hand, face)
    right = torch.sin(torch.arange(45.0))
    left = right * torch.tensor([1.0, -1, -1]).repeat(15)
    pose = torch.zeros(1, 256)
    pose[0, parts["left_hand"]], pose[0, parts["right_hand"]] = left, right
    seen = whole(pose)
    assert torch.equal(seen[:, parts["left_hand"]], seen[:, parts["right_hand"]])
    assert torch.allclose(whole.raw(seen), pose, atol=1e-6)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_normaliser_needs_positive_scales(scale):
    with pytest.raises(ValueError, match="expected a finite centre and positive scales"):
        Normaliser(torch.zeros(3), torch.tensor([1.0, scale, 1.0]), "made up")
