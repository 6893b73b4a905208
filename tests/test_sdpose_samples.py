"""Samples prepared once: the same as when asked for one by one, filled by several, gone on with, and trained from."""

import json
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from PIL import Image
from test_sdpose_small import prior, recipe  # noqa: F401

from engine.data import Batches, Samples
from engine.library import read_library
from engine.posed_figures import PosedFigures
from engine.sdpose_samples import Prepared, encoder_of, fingerprint, prepare
from engine.sdpose_training import read_vae
from engine.skeleton import coco17, wholebody133
from scripts.labelled import figures_from
from scripts.train_sdpose import Training

library = Path(__file__).parent.parent / "assets" / "library" / "poses.json"


@pytest.fixture
def samples() -> Samples:
    figures = PosedFigures(read_library(library), wholebody133, 3)
    return Samples(figures, wholebody133, recipe.input_size, recipe.sigma, recipe.how, 0)


def test_they_are_the_samples_a_training_would_ask_for(prior, samples, tmp_path):  # noqa: F811
    vae = read_vae(prior)
    encoded, about = encoder_of(vae), {"vae": fingerprint(vae)}
    heard: list[int] = []
    assert prepare(samples, encoded, tmp_path, 5, about, 2, (0, 2)) == 3  # its batches are the first and the last
    assert len(Prepared(tmp_path, 1.5)) == 3
    assert prepare(samples, encoded, tmp_path, 5, about, 2, go_on=lambda done: heard.append(done) is None) == 5
    assert heard == [5]
    ready = Prepared(tmp_path, recipe.sigma)
    order = iter(Batches(3, 2, 0))
    keys = [key for _ in range(3) for key in next(order)]
    for n, key in enumerate(keys[:5]):
        one, true = ready[7, n], samples[key]
        for name in ("heatmaps", "weights", "points"):
            assert torch.allclose(one[name], true[name]), name
        latents = encoded(true["seen"][None].float() / 127.5 - 1)[0]
        assert torch.allclose(one["latents"].float(), latents, atol=2e-3)
    with pytest.raises(ValueError, match="begun with, got other count, vae"):
        prepare(samples, encoded, tmp_path, 6, {"vae": "another"}, 2)


def test_an_empty_folder_has_none(tmp_path):
    with pytest.raises(ValueError, match="expected prepared samples"):
        Prepared(tmp_path, 2.0)


def test_a_training_takes_them_and_goes_on(prior, samples, tmp_path):  # noqa: F811
    AcceleratorState._reset_state(True)
    vae = read_vae(prior)
    prepare(samples, encoder_of(vae), tmp_path / "samples", 4, {"vae": fingerprint(vae)}, 2)
    ready = Prepared(tmp_path / "samples", recipe.sigma)
    made = replace(recipe, warmup=2)

    def run(resume: bool = False) -> Training:
        return Training(made, ready, tmp_path / "out", prior, resume, tell=lambda _line: None)

    first = run()
    losses = first.run(2)
    assert np.isfinite(losses).all()
    assert [group["lr"] for group in first.optimizer.param_groups] == pytest.approx([0.01, 0.02])
    assert Image.open(tmp_path / "out" / "samples_000002.png").size[1] == 2 * 320
    assert run(resume=True).step == 2
    about = json.loads((tmp_path / "samples" / "about.json").read_text())
    (tmp_path / "samples" / "about.json").write_text(json.dumps(about | {"vae": "another"}))
    with pytest.raises(ValueError, match="this network's VAE"):
        Training(made, Prepared(tmp_path / "samples", 2.0), tmp_path / "other", prior, tell=lambda _line: None)


# ── figures named on a command line ──


@pytest.fixture
def world(tmp_path) -> Path:
    kinds = (("oil", "sea"), ("ink", "sea"), ("oil", "cave"))
    images = [{"id": n, "file_name": f"{n}.png", "style": kind[0], "place": kind[1]} for n, kind in enumerate(kinds)]
    for image in images:
        Image.new("RGB", (40, 40)).save(tmp_path / image["file_name"])
    rows = [{"id": n, "image_id": n, "bbox": [1, 1, 30, 30], "keypoints": [5.0 + n, 6.0, 2] * 17} for n in range(3)]
    file = {"images": images, "annotations": rows, "categories": [{"id": 1, "keypoints": list(coco17.joints)}]}
    (tmp_path / "file.json").write_text(json.dumps(file))
    return tmp_path


def asked(world: Path, files: int = 1, **changes: list[str]) -> Namespace:
    names = {"styles": [], "without_styles": [], "without_places": []} | changes
    return Namespace(data=[world / "file.json"] * files, images=[world] * files, **names)


def test_styles_and_places_are_chosen_and_left_out(world):
    def places(**changes: list[str]) -> list[float]:
        found, _ = figures_from(asked(world, **changes), coco17)
        return [float(found[n].points[0, 0]) for n in range(len(found))]

    assert places() == [5, 6, 7]
    assert places(styles=["oil"]) == [5, 7]
    assert places(without_styles=["oil"]) == [6]
    assert places(styles=["oil"], without_places=["cave"]) == [5]
    for changes, sentence in (
        ({"styles": ["clay"]}, r"expected styles of the pictures \(ink, oil\), got clay"),
        ({"without_places": ["oil"]}, r"expected places of the pictures \(cave, sea\), got oil"),
        ({"styles": ["oil"], "without_styles": ["oil"]}, "got none"),
    ):
        with pytest.raises(ValueError, match=sentence):
            places(**changes)


def test_files_and_folders_come_in_pairs(world):
    args = asked(world, 2, without_styles=["ink"])
    figures, told = figures_from(args, coco17)
    assert (len(figures), [one["figures"] for one in told]) == (4, [2, 2])
    args.images.pop()
    with pytest.raises(ValueError, match="expected an --images for each --data, got 1 for 2"):
        figures_from(args, coco17)
