"""Restyled sets: everything in its place, the same by the same seed, resumed where they stopped, by any stylizer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from engine.painterly import styles as paintings
from engine.stylize import CycleGan, Img2Img, Painted, embedded
from scripts.make_coco_ood import Job, jobs, restyle_all

root = Path(__file__).parent.parent


def picture(size: tuple[int, int] = (96, 72)) -> np.ndarray:
    """A red disc and a dark bar before a sky that darkens downwards."""
    width, height = size
    image = np.empty((height, width, 3), np.uint8)
    image[:] = np.linspace(235, 120, height).astype(np.uint8)[:, None, None] * np.array([0.9, 0.95, 1.0])
    cv2.circle(image, (width // 3, height // 2), height // 4, (200, 40, 40), -1)
    cv2.rectangle(image, (2 * width // 3, height // 5), (2 * width // 3 + 9, height - 8), (30, 30, 50), -1)
    return image


def edges(image: np.ndarray) -> np.ndarray:
    gray = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 2.0)
    return cv2.magnitude(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))


# ── the embedded styles ──


@pytest.mark.parametrize("name", embedded)
def test_a_style_keeps_the_size_and_is_the_same_by_the_same_seed(name):
    image, style = picture(), Painted(name)
    before = image.copy()
    one, again = style(image, 1), style(image, 1)
    assert one.shape == image.shape
    assert one.dtype == np.uint8
    assert np.array_equal(one, again)
    assert np.array_equal(image, before)
    assert np.abs(one.astype(int) - image).mean() > 1.5


@pytest.mark.parametrize("name", [name for name in embedded if name != "cel"])
def test_another_seed_gives_another_picture(name):
    assert not np.array_equal(Painted(name)(picture(), 1), Painted(name)(picture(), 2))


@pytest.mark.parametrize("name", [*paintings, "noise", "jpeg"])
def test_everything_stays_in_its_place(name):
    """Against the same picture shifted by 9 px, the outlines fit better where they were."""
    image = picture((160, 120))
    painted, true = edges(Painted(name)(image, 3)), edges(image)
    here, shifted = (float((painted * np.roll(true, by, 1)).sum()) for by in (0, 9))
    assert here > 1.5 * shifted


@pytest.mark.parametrize("name", embedded)
@pytest.mark.parametrize("size", [(17, 33), (40, 21)])
def test_odd_and_small_pictures_are_taken(name, size):
    assert Painted(name)(picture(size), 0).shape == (size[1], size[0], 3)


def test_drawings_have_no_colour_and_paintings_keep_it():
    spread = {name: np.ptp(Painted(name)(picture(), 0).astype(int), axis=2).max() for name in paintings}
    assert spread["pencil"] < 40
    assert spread["ink"] < 40
    assert min(spread[name] for name in ("oil", "watercolour", "cel")) > 80


def test_an_unknown_style_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="watercolour"):
        Painted("fresco")


# ── networks ──


@pytest.fixture(scope="module")
def generator(tmp_path_factory) -> Path:
    """A file as published: the official names, with the statistics that older ones carry along."""
    torch = pytest.importorskip("torch")
    from engine.networks.cyclegan import Generator

    torch.manual_seed(0)
    tensors = {name: value * 0.5 for name, value in Generator().state_dict().items()}
    path = tmp_path_factory.mktemp("cyclegan") / "style_monet.pth"
    torch.save(tensors | {"model.2.running_mean": torch.zeros(64), "model.2.running_var": torch.ones(64)}, path)
    return path


def test_a_cyclegan_file_paints_pictures_of_any_size(generator):
    stylizer = CycleGan(generator)
    assert (stylizer.name, stylizer.heavy) == ("style_monet", True)
    image = picture((37, 26))
    one = stylizer(image, 0)
    assert one.shape == image.shape
    assert one.dtype == np.uint8
    assert one.std() > 1
    assert np.array_equal(one, stylizer(image, 5))


def test_the_generator_has_the_official_tensors():
    """The published resnet_9blocks: 11.378 M parameters, transposed convolutions at 19 and 22."""
    from engine.networks.cyclegan import Generator

    shapes = {name: tuple(value.shape) for name, value in Generator().state_dict().items()}
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == 11_378_179
    assert shapes["model.1.weight"] == (64, 3, 7, 7)
    assert shapes["model.18.conv_block.5.weight"] == (256, 256, 3, 3)
    assert shapes["model.19.weight"] == (256, 128, 3, 3)
    assert shapes["model.26.bias"] == (3,)


def test_another_network_s_file_is_refused_by_the_tensors_names(tmp_path, generator):
    import torch

    tensors = torch.load(generator, weights_only=True)
    del tensors["model.26.bias"]
    torch.save(tensors, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"model\.26\.bias"):
        CycleGan(tmp_path / "other.pth")


@pytest.fixture(scope="module")
def diffusion(tmp_path_factory) -> Path:
    """A latent diffusion model of a few thousand random weights, in diffusers' folder layout."""
    torch = pytest.importorskip("torch")
    diffusers = pytest.importorskip("diffusers")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("diffusion")
    words = [
        "<|startoftext|>",
        "<|endoftext|>",
        *"abcdefghijklmnopqrstuvwxyz",
        *(f"{c}</w>" for c in "abcdefghijklmnopqrstuvwxyz"),
    ]
    (folder / "words").mkdir()
    (folder / "words" / "vocab.json").write_text(json.dumps({word: n for n, word in enumerate(words)}))
    (folder / "words" / "merges.txt").write_text("#version: 0.2\n")
    torch.manual_seed(0)
    sizes = {"block_out_channels": (8, 16), "norm_num_groups": 4, "layers_per_block": 1}
    model = diffusers.StableDiffusionImg2ImgPipeline(
        unet=diffusers.UNet2DConditionModel(
            **sizes, sample_size=8, in_channels=4, out_channels=4, cross_attention_dim=16, attention_head_dim=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        ),
        vae=diffusers.AutoencoderKL(
            **sizes, latent_channels=4, down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
        ),
        text_encoder=transformers.CLIPTextModel(
            transformers.CLIPTextConfig(
                vocab_size=len(words), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
                num_attention_heads=2, max_position_embeddings=77, bos_token_id=0, eos_token_id=1,
            )
        ),
        tokenizer=transformers.CLIPTokenizer(
            str(folder / "words" / "vocab.json"), str(folder / "words" / "merges.txt"), model_max_length=77
        ),
        scheduler=diffusers.DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    model.save_pretrained(folder / "tiny")
    return folder / "tiny"


def test_a_diffusion_model_s_folder_paints_by_its_seed(diffusion):
    stylizer = Img2Img(diffusion, "ukiyo e", strength=0.5, steps=2, name="ukiyo-e")
    image = picture((70, 50))
    one = stylizer(image, 1)
    assert one.shape == image.shape
    assert one.dtype == np.uint8
    assert np.array_equal(one, stylizer(image, 1))
    assert not np.array_equal(one, stylizer(image, 2))


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"model_index\.json"):
        Img2Img(tmp_path, "oil")


# ── a whole folder ──


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """A set of three pictures, one in a folder of its own, with annotations."""
    file = {"images": [{"id": n, "file_name": name} for n, name in enumerate(("a.png", "b.jpg", "sub/c.png"))]}
    for n, image in enumerate(file["images"]):
        path = tmp_path / "val" / image["file_name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.roll(picture((48, 36)), 5 * n, 1)).save(path)
    (tmp_path / "file.json").write_text(json.dumps(file | {"annotations": [{"id": 1}]}))
    return tmp_path


def made(coco: Path, *more: str) -> dict[str, bytes]:
    run = subprocess.run(
        [
            sys.executable, root / "scripts" / "make_coco_ood.py", "--images", coco / "val", "--annotations",
            coco / "file.json", "--out", coco / "out", *more,
        ],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return {str(p.relative_to(coco / "out")): p.read_bytes() for p in (coco / "out").rglob("*") if p.is_file()}


def test_a_folder_is_restyled_under_the_same_names_by_several_processes_alike(coco):
    several = made(coco, "--style", "oil", "jpeg", "--jobs", "2")
    names = ("a.png", "b.jpg", "sub/c.png")
    assert set(several) == {"annotations.json", *(f"{style}/{name}" for style in ("oil", "jpeg") for name in names)}
    assert several["annotations.json"] == (coco / "file.json").read_bytes()
    (coco / "out").rename(coco / "first")
    assert made(coco, "--style", "jpeg", "oil", "--jobs", "1") == several


def test_a_stopped_run_goes_on_and_leaves_what_is_there(coco):
    file = json.loads((coco / "file.json").read_text())
    todo = jobs(file, coco / "val", coco / "out", "cel", seed=0)
    assert len(todo) == 3
    steps = restyle_all(Painted("cel"), todo, processes=1)
    assert next(steps) == 1
    steps.close()  # type: ignore[attr-defined]
    first = (coco / "out" / "cel" / "a.png").read_bytes()
    left = jobs(file, coco / "val", coco / "out", "cel", seed=0)
    assert [job.source.name for job in left] == ["b.jpg", "c.png"]
    assert [*restyle_all(Painted("cel"), left, processes=1)] == [1, 2]
    assert (coco / "out" / "cel" / "a.png").read_bytes() == first
    assert jobs(file, coco / "val", coco / "out", "cel", seed=0) == []


def test_seeds_are_each_picture_s_own(coco):
    file = json.loads((coco / "file.json").read_text())
    one, other = (jobs(file, coco / "val", coco / "out", "oil", seed) for seed in (0, 1))
    assert len({job.seed for job in (*one, *other)}) == 6
    assert jobs(file, coco / "val", coco / "out", "oil", 0, limit=1) == one[:1]
    assert isinstance(one[0], Job)


def test_nothing_is_written_outside_the_folder(coco):
    file = {"images": [{"id": 1, "file_name": "../val/a.png"}]}
    with pytest.raises(ValueError, match=r"expected file names within the folder, got '\.\./val/a\.png'"):
        jobs(file, coco / "val", coco / "out", "oil", 0)


def test_an_annotated_picture_that_is_missing_is_named(coco):
    (coco / "val" / "b.jpg").unlink()
    with pytest.raises(ValueError, match=r"b\.jpg"):
        jobs(json.loads((coco / "file.json").read_text()), coco / "val", coco / "out", "oil", 0)
