"""Painting with small random models: what is asked for decides the picture, and nothing else does."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from engine import draw
from engine.library import read_library
from engine.networks import guided_control
from engine.paint import check, check_kind, notes_of, paint
from engine.paint_builder import build_base, build_control
from engine.paint_map import colored, drawn_map, nearest, placing
from engine.painter import Base, Painter
from engine.pose import Pose2D
from engine.progress import Cancelled
from engine.prompting import heard
from engine.scene import PaintRequest
from engine.stage import library

small = PaintRequest(prompt="a dancer in red", size=(64, 64), steps=3, seed=5)


@pytest.fixture(scope="module")
def poses() -> dict[str, Pose2D]:
    """A standing human, and an animal, on canvases of 96 × 64."""
    found = {one.person.skeleton.name: one.person for one in reversed(read_library(library))}

    def fitted(name: str) -> Pose2D:
        person = found[name]
        box = person.box()
        scale = 50 / max(box.width, box.height)
        return Pose2D((96, 64), (person.shifted((-box.x0, -box.y0)).scaled(scale).shifted((8, 7)),))

    human = next(name for name in found if name in ("coco17", "wholebody133", "openpose18"))
    return {"human": fitted(human), "animal": fitted("ap10k17")}


@pytest.fixture(scope="module")
def base() -> Base:
    return build_base("tiny")


@pytest.fixture(scope="module")
def painter(base: Base) -> Painter:
    return Painter(base, build_control(base))


@pytest.fixture(scope="module")
def plain(painter: Painter, poses: dict[str, Pose2D]) -> np.ndarray:
    """The picture of `small` and the standing human."""
    return painted(painter, small, poses["human"])


def painted(painter: Painter, request: PaintRequest, pose: Pose2D) -> np.ndarray:
    (picture,) = paint(request, pose, painter)
    return picture.image


def far(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b).mean())


# ── the picture depends on the request, and on nothing else ──


def test_equal_requests_give_equal_pictures(painter, base, poses, plain):
    assert plain.shape == (64, 64, 3)
    assert plain.dtype == np.uint8
    assert np.array_equal(plain, painted(painter, small, poses["human"]))
    again = Painter(base, build_control(base))
    assert np.array_equal(plain, painted(again, small, poses["human"]))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 6}, {"prompt": "a fencer"}, {"negative": "grey"}, {"steps": 4}, {"guidance": 3.0}, {"guidance": 1.0},
        {"pose_strength": 0.5}, {"pose_window": (0.0, 0.5)}, {"words": False}, {"silent": ("nose", "left_wrist")},
        {"words_window": (0.0, 0.4)}, {"words_window": (0.4, 1.0)}, {"fit": "squash"}, {"size": (64, 72)},
    ],
    ids=str,
)  # fmt: skip
def test_every_setting_matters(painter, poses, plain, change):
    other = painted(painter, replace(small, **change), poses["human"])
    assert other.shape != plain.shape or not np.array_equal(plain, other)


def test_words_are_heard_in_their_window_alone(painter, poses, plain):
    """All of the work is the same as always, and a window of nothing but its very end leaves the start as without."""
    assert np.array_equal(plain, painted(painter, replace(small, words_window=(0.0, 0.999)), poses["human"]))
    never = painted(painter, replace(small, words=False), poses["human"])
    assert np.array_equal(never, painted(painter, replace(small, words_window=(0.999, 1.0)), poses["human"]))


def test_the_pose_matters_as_far_as_it_is_strong(painter, poses):
    pose, other = poses["human"], poses["human"].mirrored()
    silent = replace(small, words=False)
    assert not np.array_equal(painted(painter, silent, pose), painted(painter, silent, other))
    weak = replace(silent, pose_strength=0.0, steps=1)
    assert np.array_equal(painted(painter, weak, pose), painted(painter, weak, other))
    assert np.array_equal(painted(painter, weak, pose), painted(painter, weak, Pose2D((96, 64))))


def test_guidance_strengthens_the_pose_where_a_control_is_guided(base, painter, poses, plain):
    guided = Painter(base, replace(painter.control, guided=True))
    unguided = replace(small, guidance=1.0)
    assert np.array_equal(painted(guided, unguided, poses["human"]), painted(painter, unguided, poses["human"]))
    untold = replace(small, pose_strength=0.0)
    without = painted(painter, untold, poses["human"])
    assert np.array_equal(painted(guided, untold, poses["human"]), without)
    assert far(painted(guided, small, poses["human"]), without) > far(plain, without)


def test_a_guided_network_is_the_same_at_its_whole_strength(base):
    net = build_control(base).net
    same = guided_control.guided(net)
    asked = (torch.randn(2, 4, 8, 8), 7, torch.randn(2, 3, net.config.cross_attention_dim), torch.rand(2, 3, 64, 64))
    usual, found = net(*asked, return_dict=False), same(*asked, guess_mode=True, return_dict=False)
    assert all(torch.equal(one, other) for one, other in zip(usual[0], found[0], strict=True))
    assert not torch.equal(net(*asked, guess_mode=True, return_dict=False)[0][0], usual[0][0])
    assert all(a.data_ptr() == b.data_ptr() for a, b in zip(net.parameters(), same.parameters(), strict=True))


def test_several_pictures_are_those_of_their_seeds(painter, poses):
    heard: list[int] = []
    request = replace(small, count=3)
    pictures = paint(request, poses["human"], painter, done=lambda one: heard.append(one.request.seed))
    assert heard == [5, 6, 7] == [one.request.seed for one in pictures]
    assert all(one.request.count == 1 for one in pictures)
    alone = painted(painter, pictures[2].request, poses["human"])
    assert np.array_equal(alone, pictures[2].image)


def test_several_in_one_pass_are_the_same_pictures(base, painter, poses):
    together = Painter(base, painter.control, at_once=3)
    request = replace(small, count=3, words_window=(0.0, 0.4))
    one_by_one, at_once = paint(request, poses["human"], painter), paint(request, poses["human"], together)
    assert max(far(a.image, b.image) for a, b in zip(one_by_one, at_once, strict=True)) < 1


# ── the pose in the picture ──


def test_the_picture_knows_where_its_pose_is(painter, poses):
    (picture,) = paint(small, poses["human"], painter)
    assert picture.pose.size == (64, 64)
    person, before = picture.pose.people[0], poses["human"].people[0]
    assert np.allclose(person.length("left_hip", "left_knee"), before.length("left_hip", "left_knee") * 64 / 96)
    drawn = drawn_map(small, poses["human"], "spctrl")
    x, y = person["right_ankle"].astype(int)
    assert drawn[y, x] == 17  # the last joint: nothing is drawn over it


@pytest.mark.parametrize("size", [(512, 512), (256, 256), (333, 97)])
def test_maps_are_squashed_as_torch_does(size):
    ids = np.random.default_rng(0).integers(0, 70, (229, 295)).astype(np.uint8)
    expected = F.interpolate(torch.from_numpy(ids)[None, None].float(), size[::-1], mode="nearest")[0, 0].numpy()
    assert np.array_equal(nearest(ids, size), expected)


def test_a_squashed_map_is_drawn_before_it_is_squashed(poses):
    request = replace(small, fit="squash")
    drawn = drawn_map(request, poses["human"], "spctrl")
    assert np.array_equal(drawn, nearest(draw.index_map(poses["human"]), (64, 64)))


@pytest.mark.parametrize("encoding", ["spctrl", "openpose"])
def test_on_small_pictures_lines_are_as_thin_as_on_larger_ones(poses, encoding):
    shares = []
    for side in (64, 128, 256):
        drawn = drawn_map(replace(small, size=(side, side)), poses["human"], encoding)
        assert drawn.shape[:2] == (side, side)
        shares.append((drawn.reshape(side * side, -1).max(1) > 64 * (encoding == "openpose")).mean())
    assert np.allclose(shares, shares[2], rtol=0.2)
    assert set(np.unique(drawn_map(small, poses["human"], "spctrl"))) <= set(
        np.unique(drawn_map(replace(small, size=(256, 256)), poses["human"], "spctrl"))
    )


def test_pictures_are_laid_like_poses():
    """A point of the photo and a joint on it stay together."""
    photo = np.zeros((60, 100, 3), np.uint8)
    photo[20:24, 70:74] = 255
    for fit in ("whole", "squash"):
        for size in ((64, 64), (200, 160)):
            place = placing(PaintRequest(size=size, fit=fit), (100, 60))
            laid = place.image(photo)[..., 0].astype(float)
            ys, xs = np.mgrid[: size[1], : size[0]]
            center = np.array([(laid * xs).sum(), (laid * ys).sum()]) / laid.sum()
            expected = (np.array([71.5, 21.5]) + 0.5) * place.scale + place.offset - 0.5
            assert np.abs(center - expected).max() < 0.3


def test_index_maps_are_made_visible(poses):
    seen = colored(draw.index_map(poses["human"]))
    assert seen.max() == 255
    assert len(np.unique(seen.reshape(-1, 3), axis=0)) > 10


# ── photo and mask ──


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    ramp = np.linspace(0, 255, 96)[None, :, None] * np.ones((64, 1, 3))
    return (ramp * (1.0, 0.5, 0.2)).astype(np.uint8)


def test_a_photo_is_changed_as_far_as_asked(painter, poses, photo):
    wide = replace(small, size=(96, 64), steps=8, photo=photo)
    little, much = (painted(painter, replace(wide, change=change), poses["human"]) for change in (0.15, 1.0))
    rebuilt = painted(painter, replace(wide, change=0.001), poses["human"])  # what the VAE makes of the photo
    assert far(little, rebuilt) < far(much, rebuilt)


@pytest.mark.parametrize("fit", ["whole", "squash"])
def test_what_is_not_masked_stays_to_the_pixel(painter, poses, photo, fit):
    mask = np.zeros((64, 96), np.uint8)
    mask[10:40, 20:60] = 255
    request = replace(small, size=(96, 96), photo=photo, mask=mask, fit=fit)
    image = painted(painter, request, poses["human"])
    place = placing(request, (96, 64))
    kept = (place.image(mask) < 128) & place.within((96, 64))
    assert kept.sum() > 1000
    assert np.array_equal(image[kept], place.image(photo)[kept])
    inside = place.image(mask) == 255
    assert far(image[inside], place.image(photo)[inside]) > 2


# ── while it works ──


class Counting:
    """Counts how often a network is asked."""

    def __init__(self, net: torch.nn.Module) -> None:
        self.times = 0
        self.hook = net.register_forward_hook(lambda *_: setattr(self, "times", self.times + 1))


def test_cancel_stops_within_a_step(base, painter, poses):
    counting = Counting(base.parts["unet"])

    def stop(n: int, step: int, steps: int, image: np.ndarray) -> None:
        if step == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        paint(replace(small, steps=20, count=2), poses["human"], painter, watch=stop)
    counting.hook.remove()
    assert counting.times == 2
    assert painted(painter, small, poses["human"]).any()  # the next one is painted as ever


def test_progress_and_previews(painter, poses):
    told, seen = [], []
    request = replace(small, count=2)
    paint(
        request, poses["human"], painter,
        lambda share, text: told.append((share, text)), lambda *step: seen.append(step),
    )  # fmt: skip
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert told[-1] == (1.0, "Painting 2 of 2, step 3 of 3")
    assert [step[:3] for step in seen] == [(n, step, 3) for n in (0, 1) for step in (1, 2, 3)]
    assert all(step[3].shape == (8, 8, 3) and step[3].dtype == np.uint8 for step in seen)


def test_previews_have_the_colours_of_what_a_vae_can_tell():
    """A VAE whose latents are the colours themselves, mixed and scaled: the map finds them back."""
    mix = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(1)))[0]

    class Mixing(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mix = torch.nn.Parameter(mix)
            self.config = type("Config", (), {"scaling_factor": 0.3})()

        def encode(self, pixels: torch.Tensor) -> object:
            four = torch.cat([pixels, pixels[:, :1] ** 2], 1)
            latents = torch.einsum("dc,bchw->bdhw", self.mix, F.avg_pool2d(four, 8))
            return type("Found", (), {"latents": latents})()

    from engine.latent_preview import LatentPreview

    vae = Mixing()
    colors = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(2)) * 1.6 - 0.8
    pixels = colors.repeat_interleave(8, 1).repeat_interleave(8, 2)
    small_picture = LatentPreview(vae)(vae.encode(pixels[None]).latents[0] * 0.3)  # type: ignore[attr-defined]
    assert far(small_picture, (colors.permute(1, 2, 0).numpy() + 1) * 127.5) < 6


# ── other controls ──


@pytest.mark.parametrize("encoding", ["openpose", "openpose-thick"])
def test_drawn_poses_paint_too(base, poses, encoding):
    painter = Painter(base, build_control(base, encoding))
    pose = poses["human"]
    assert not np.array_equal(painted(painter, small, pose), painted(painter, small, pose.mirrored()))
    assert painter.heard(small, pose).tokens == ()  # such a model learned no words


def test_animals_have_their_own_words(base, poses):
    painter = Painter(base, build_control(base, kind="animal"))
    prompt = painter.heard(replace(small, prompt="a tiger <KPT> in the grass"), poses["animal"])
    assert prompt.text.startswith("a tiger <<left-eye>")
    assert prompt.text.endswith("> in the grass")
    assert painted(painter, small, poses["animal"]).any()


def test_the_skeleton_must_be_the_models(painter, poses):
    with pytest.raises(
        ValueError, match="expected humans for this spctrl control, whose joints are coco17, got animals"
    ):
        paint(small, poses["animal"], painter)
    with pytest.raises(ValueError, match="only humans or only animals"):
        check_kind(poses["human"].added(*poses["animal"].people), "human", "spctrl")


# ── prompts ──


def test_a_long_prompt_loses_its_end_and_keeps_the_joints(painter, poses):
    request = replace(small, prompt=" ".join(f"word{n}" for n in range(500)))
    prompt = painter.heard(request, poses["human"])
    assert len(prompt.tokens) == 17
    ids = painter.tokenizer(prompt.text).input_ids
    assert 70 <= len(ids) <= 77
    assert prompt.dropped.endswith("word499")
    assert request.prompt == f"{prompt.plain} {prompt.dropped}"
    notes: list[str] = []
    assert paint(request, poses["human"], painter, note=notes.append)[0].image.any()
    (note,) = notes
    assert note.startswith("The prompt is too long: the model does not hear “word")


def test_a_short_prompt_is_heard_whole(painter, poses):
    prompt = painter.heard(small, poses["human"])
    assert prompt.plain == small.prompt
    assert prompt.dropped == ""
    assert notes_of(small, poses["human"], painter) == ()
    assert painter.heard(replace(small, prompt=""), poses["human"]).text.startswith("<<nose>, <left-eye>")


def test_words_nobody_taught_are_named(painter, poses):
    request = replace(small, prompt="a dog with a <wagging-tail> and a <nose>")
    assert painter.heard(request, poses["human"]).unknown == ("<wagging-tail>",)
    assert any("<wagging-tail>" in note for note in notes_of(request, poses["human"], painter))


def test_a_prompt_without_an_end_is_looked_at_quickly(base, poses):
    endless = replace(small, prompt="x" * 1_000_000)
    found = heard(endless, poses["human"], "human", base.parts["tokenizer"])
    assert found.plain == ""
    assert len(found.dropped) == 1_000_000


# ── bad requests ──


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"size": (513, 512)}, "513 × 512; 512 × 512 is nearest"),
        ({"size": (8, 512)}, "8 × 512; 64 × 512 is nearest"),
        ({"size": (4096, 512)}, "2048 × 512 is nearest"),
        ({"steps": 0}, "expected steps of 1 … 150, got 0"),
        ({"count": 99}, "expected pictures of 1 … 16, got 99"),
        ({"guidance": -1.0}, "expected guidance"),
        ({"pose_strength": 3.0}, "expected strength of the pose"),
        ({"pose_window": (0.5, 0.5)}, "window of the pose within 0 … 1"),
        ({"words_window": (0.0, 1.5)}, "window of the joints’ words"),
        ({"encoding": "depth"}, "expected an encoding of auto, spctrl, openpose, got 'depth'"),
        ({"fit": "crop"}, "expected a fit of whole or squash, got 'crop'"),
        ({"mask": np.full((64, 96), 255, np.uint8)}, "expected a photo under the mask"),
        ({"photo": np.zeros((64, 64, 3), np.uint8)}, "expected a photo of 96 × 64 pixels like the pose"),
        ({"photo": np.zeros((64, 96, 3), np.uint8), "change": 0.0}, "expected a change of the photo"),
        ({"photo": np.zeros((64, 96, 3), np.uint8), "mask": np.zeros((64, 96), np.uint8)}, "got an empty one"),
        ({"photo": np.zeros((64, 96, 3), np.uint8), "mask": np.ones((9, 9), np.uint8)}, "expected a mask of 96 × 64"),
    ],
    ids=lambda value: "" if isinstance(value, str) else ",".join(value),
)
def test_bad_requests_are_refused_in_a_sentence(poses, change, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        check(replace(small, **change), poses["human"])


def test_nobody_is_refused(poses):
    with pytest.raises(ValueError, match="expected a figure to paint, got none"):
        check(small, Pose2D((96, 64)))
