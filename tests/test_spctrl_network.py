"""SP-Ctrl's networks: the spatial pose is a table looked up, and the concepts' maps change nothing but what learns."""

import pytest
import torch
from diffusers import ControlNetModel

from engine.draw import first_limb
from engine.networks import spctrl
from engine.networks.keypoint_concepts import Concepts, concept_loss, concept_maps, joint_heatmaps, target_of
from engine.networks.spctrl import SpatialPose
from engine.skeleton import ap10k17

attentions = ("down_blocks.2.attentions.0.transformer_blocks.0.attn2",)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def ids(*numbers: int) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.uint8).reshape(1, 1, -1)


# ── the spatial pose ──


def test_a_map_is_looked_up_as_the_published_sum_of_masks_adds_it_up():
    spr = SpatialPose(4, "rand").eval()
    index = torch.randint(0, 256, (2, 9, 7), dtype=torch.uint8)
    rows = spr.keypoint_rows()
    expected = torch.zeros(2, 4, 9, 7)
    for k in range(17):
        expected += (index == k + 1)[:, None] * rows[k][:, None, None]
        expected += (index == k + 51)[:, None] * spr.skeleton_emb[k][:, None, None]
    assert torch.equal(spr(index), expected)


@pytest.mark.parametrize("number", [0, 18, 50, 68, 69, 255])
def test_other_numbers_say_nothing(number):
    assert not SpatialPose().eval()(ids(number)).any()


@pytest.mark.parametrize(("kind", "value"), [("one", 1.0), ("zero", 0.0)])
def test_limbs_say_all_the_same(kind, value):
    assert (SpatialPose(3, kind).eval()(ids(51, 60, 67)) == value).all()


def test_random_limbs_say_something_each():
    said = SpatialPose(3, "rand")(ids(51, 60, 67))[0, :, 0]
    assert (said[:, 0] != said[:, 1]).all()


def test_the_limbs_list_is_the_drawing_s():
    pairs = [(ap10k17.joints[a - 1], ap10k17.joints[b - 1]) for a, b in spctrl.limb_ends]
    assert tuple(pairs) == ap10k17.bones
    assert spctrl.first_limb == first_limb


def test_bounded_joints_do_not_bound_limbs():
    spr = SpatialPose(3, "rand", "sigmoid_version").eval()
    assert spr(ids(*range(1, 18))).min() >= 0
    assert spr(ids(*range(51, 68))).min() < 0


@pytest.mark.parametrize(("channels", "count"), [(1, 593_409), (3, 593_923), (16, 597_264)])
def test_as_much_learns_as_is_published(channels, count):
    learning = SpatialPose(channels).requires_grad_(False).learning()
    assert sum(value.numel() for value in learning.parameters() if value.requires_grad) == count


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("limb", [False, True])
def test_fixed_vectors_learn_where_asked_for(joint, limb):
    spr = SpatialPose(3, learn_keypoints=joint, learn_limbs=limb).requires_grad_(False).learning()
    spr(ids(1, 51)).square().sum().backward()
    assert (spr.keypoint_emb.grad is not None, spr.skeleton_emb.grad is not None) == (joint, limb)


def test_the_mlp_learns_from_painted_joints_alone():
    spr = SpatialPose().eval()
    for index, learns in ((ids(0, 18, 51, 69), False), (ids(0, 1), True)):
        spr.zero_grad()
        spr(index).square().sum().backward()
        assert any(value.grad is not None and bool(value.grad.any()) for value in spr.linear_in.parameters()) == learns


@pytest.mark.parametrize("detach", [False, True])
def test_limbs_between_joints_may_leave_them_alone(detach):
    spr = SpatialPose(3, "interp_kpt", detach=detach).eval()
    said = spr(ids(1, 2, 51))[0, :, 0]
    assert torch.allclose(said[:, 2], said[:, :2].mean(1))
    spr(ids(51)).square().sum().backward()
    assert bool(spr.linear_out.weight.grad.any()) != detach


def test_chance_drops_out_in_training_alone():
    spr = SpatialPose()
    assert not torch.equal(spr.train().table(), spr.table())
    assert torch.equal(spr.eval().table(), spr.table())


def test_half_precision_gives_a_table_in_full():
    assert SpatialPose().half().eval()(ids(1, 51)).dtype == torch.float32


@pytest.mark.parametrize(("kind", "version"), [("two", None), ("one", "sigmoid")])
def test_another_variant_is_refused(kind, version):
    with pytest.raises(ValueError, match=r"expected a (skeleton type|layer version)"):
        SpatialPose(3, kind, version)


# ── concepts ──


@pytest.fixture(scope="module")
def net():
    return ControlNetModel(
        block_out_channels=(8, 16, 16, 16), layers_per_block=1, cross_attention_dim=8, attention_head_dim=2,
        norm_num_groups=4, conditioning_embedding_out_channels=(4, 8),
    ).eval()  # fmt: skip


def passed(net, size=(16, 16), text=None):
    height, width = size
    latents, condition = torch.randn(2, 4, height, width), torch.randn(2, 3, 2 * height, 2 * width)
    return net(latents, 300, torch.randn(2, 77, 8) if text is None else text, condition, return_dict=False)


def test_recording_changes_nothing(net):
    before = dict(net.attn_processors)
    torch.manual_seed(1)
    down, mid = passed(net)
    seen = Concepts(net)
    torch.manual_seed(1)
    watched_down, watched_mid = passed(net)
    assert all(torch.equal(a, b) for a, b in zip((*down, mid), (*watched_down, watched_mid), strict=True))
    seen.removed()
    assert net.attn_processors == before
    assert seen.names == [f"{name}.processor" for name in attentions]


@pytest.mark.parametrize(("size", "expected"), [((16, 16), (4, 4)), ((16, 24), (4, 6)), ((10, 14), (3, 4))])
def test_maps_have_the_picture_s_form(net, size, expected):
    seen = Concepts(net)
    passed(net, size)
    (recorded,) = seen.taken(size)
    assert recorded.shape == (2, 77, *expected)
    assert torch.allclose(recorded.sum(1), torch.ones(2, *expected))
    assert seen.taken(size) == []
    passed(net, (16, 24))
    with pytest.raises(ValueError, match="as many rows as columns, got one of 24"):
        seen.taken()
    seen.removed()


def test_a_map_lies_as_the_latents_do(net):
    """What is the same along a row of latents is so in the map, and what differs at their right end differs there."""
    seen = Concepts(net, "down_blocks.0")
    latents = torch.zeros(1, 4, 8, 32)
    latents[..., 24:] = torch.randn(1, 4, 8, 8)
    net(latents, 300, torch.randn(1, 77, 8), torch.zeros(1, 3, 16, 64))
    (recorded,) = seen.taken((8, 32))
    seen.removed()
    along_rows = recorded.std(-1), recorded[..., 5:18].std(-1)  # convolutions see three cells beyond
    assert along_rows[1].max() < 1e-6 < 1e-4 < along_rows[0].max()


def test_a_block_that_is_not_there_is_named(net):
    with pytest.raises(ValueError, match=r"down_blocks\.9"):
        Concepts(net, "down_blocks.9")


def test_only_words_and_keys_learn(net):
    text = torch.randn(2, 77, 8, requires_grad=True)
    spr = SpatialPose(3)
    seen = Concepts(net)
    condition = spr(torch.randint(0, 70, (2, 32, 32), dtype=torch.uint8))
    net(torch.randn(2, 4, 16, 16), 300, text, condition)
    loss = concept_loss(
        concept_maps(seen.taken()),
        [[3, 5], [4]],
        [torch.rand(2, 64, 64), torch.rand(1, 64, 64)],
        torch.tensor([300, 400]),
    )
    seen.removed()
    named = {**dict(net.named_parameters()), **{f"spr.{name}": value for name, value in spr.named_parameters()}}
    learning = {name: value for name, value in named.items() if value.requires_grad}
    to_text, *others = torch.autograd.grad(loss, [text, *learning.values()], allow_unused=True)
    assert to_text.any()
    reached = {name for name, gradient in zip(learning, others, strict=True) if gradient is not None}
    assert reached == {f"{name}.to_k.weight" for name in attentions}


def test_no_words_no_loss():
    maps = torch.rand(2, 77, 64, 64)
    none = [torch.zeros(0, 64, 64)] * 2
    assert concept_loss(maps, [[], []], none, torch.tensor([300, 300])) is None


def test_samples_beside_the_window_count_in_the_mean():
    maps, target = torch.rand(1, 77, 64, 64).repeat(2, 1, 1, 1), [torch.rand(2, 64, 64)] * 2
    both = concept_loss(maps, [[1, 2]] * 2, target, torch.tensor([300, 300]))
    one = concept_loss(maps, [[1, 2]] * 2, target, torch.tensor([300, 900]))
    assert float(one) == pytest.approx(float(both) / 2)


def test_a_word_without_a_target_is_refused():
    with pytest.raises(ValueError, match="expected a target for each word"):
        concept_loss(torch.rand(1, 77, 64, 64), [[1, 2]], [torch.rand(1, 64, 64)], torch.tensor([300]))


def test_a_disc_is_what_the_published_code_makes_of_a_heatmap():
    heatmap = joint_heatmaps(torch.tensor([[[30.2, 40.6]]]), torch.ones(1, 1))
    disc, gaussian = target_of(heatmap), target_of(heatmap, "gaussian")
    assert 110 < int((disc == 1).sum()) < 145
    assert gaussian[0, 41, 30] == 1
    assert int((gaussian == 1).sum()) == 1


def test_heatmaps_of_figures_add_up_and_are_cut_off():
    points = torch.tensor([[[10.0, 20.0], [5.0, 5.0]], [[12.0, 20.0], [50.0, 5.0]]])
    maps = joint_heatmaps(points, torch.tensor([[1, 0], [1, 1]]))
    assert maps.shape == (2, 64, 64)
    assert maps[0, 20, 11] == pytest.approx(2 * torch.exp(torch.tensor(-1 / 8)).item())
    assert not maps[0, 20, 19:].any()
    assert not maps[1, :, :44].any()
    assert maps[1, 5, 50] == 1
