"""Arms of SP-Ctrl compared: known pictures get known figures, the page tells what holds and what does not."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_painters import write_small

from engine.paint_loading import read_base
from engine.skeleton import coco17

pytest.importorskip("faster_coco_eval", reason="faster-coco-eval is not installed: see requirements-dev.txt")
from scripts import compare_spctrl
from scripts.evaluation import spctrl_arms, spctrl_page
from scripts.evaluation.painting_scores import Networks, Source
from scripts.evaluation.prompt_judges import Judges, Known, colors
from scripts.evaluation.spctrl_arms import Score, Words, asked, gain, measured, real
from scripts.world.words import styles

layout = np.random.default_rng(5).uniform(0.1, 0.9, (17, 2)) * (100, 150) + (20, 20)


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Three pictures of one figure each, in three styles, and one run that painted them all in red."""
    images, rows = [], []
    for n, style in enumerate(("clay", "cel", "oil")):
        look = {"dress": "robe", "pattern": "plain", "colors": {"robe": "red"}}
        images.append({
            "id": n, "file_name": f"in/{n}.png", "width": 160, "height": 200, "caption": f"a red robe, {style}",
            "style": style, "framing": "full", "figures": [look],
        })  # fmt: skip
        points = np.column_stack([layout, np.full(17, 2)]).round(1)
        rows.append({
            "id": n, "image_id": n, "category_id": 1, "iscrowd": 0, "bbox": [20, 20, 100, 150], "area": 9000,
            "num_keypoints": 17, "keypoints": points.ravel().tolist(),
        })  # fmt: skip
    categories = [{"id": 1, "name": "person", "keypoints": list(coco17.joints)}]
    (tmp_path / "set.json").write_text(json.dumps({"images": images, "annotations": rows, "categories": categories}))
    rng = np.random.default_rng(2)
    for n in range(3):
        for place in (tmp_path / "in" / f"{n}.png", tmp_path / "painted" / "both" / "in" / str(n) / "0.jpg"):
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (200, 160, 3), np.uint8)).save(place)
    (tmp_path / "painted" / "both" / "run.json").write_text("{}")
    return tmp_path


def seeing(off: float) -> Networks:
    """Sees every figure where it was asked for, so many px to the right; its features are a picture's mean colour."""

    def predict(photos, boxes):
        return [[np.column_stack([layout + np.array([off, 0]), np.ones(17)]) for _ in here] for here in boxes]

    class Means:
        name = "mean colours"

        def __call__(self, pictures):
            return np.stack([picture.mean((0, 1)) for picture in pictures])

    return Networks("somebody", coco17, predict, Means())


def words(folder: Path) -> Words:
    """Judges who have learned from noise, through a small autoencoder."""
    vae = read_base(write_small(folder / "small-sd"), "small-sd").parts["vae"]
    shares = torch.eye(len(colors))[torch.arange(26) % len(colors)]
    known = Known(torch.randn(26, 2, 16, 8, 8), torch.arange(26) % len(styles), shares, torch.full((26,), -1))
    return Words(Judges(known, rounds=(1, 1)), vae, 64)


def test_a_pose_kept_to_the_pixel_has_full_marks(world):
    of = asked("the set", world / "set.json", world)
    source = Source("both", world / "painted" / "both")
    (one,) = measured(of, source, [seeing(0)], words(world / "models"), world / "kept")
    assert (one.run, one.asked, one.estimator, one.pictures) == ("both", "the set", "somebody", 3)
    assert (one.ap, one.pck) == (pytest.approx(1), 1)
    assert one.oks == pytest.approx(1, abs=1e-4)
    assert one.frechet is not None
    assert one.frechet > 0
    assert one.diversity is None
    assert one.style in (0, pytest.approx(1 / 3, abs=1e-4), pytest.approx(2 / 3, abs=1e-4), 1)
    assert one.color is not None
    (other,) = measured(of, source, [seeing(12)], None, world / "others")
    assert other.oks < one.oks
    assert (other.style, other.color) == (None, None)


def test_parts_of_a_set_are_asked_for_by_name(world):
    entries = json.loads((world / "set.json").read_text())
    entries["images"][1]["framing"] = "half"
    entries["images"][2]["figures"] *= 2
    (world / "set.json").write_text(json.dumps(entries))
    numbers = {
        which: [one.number for one in asked("x", world / f"set.json{which}", world).of.asked]
        for which in ("", "#several", "#cut")
    }
    assert numbers == {"": [0, 1, 2], "#several": [2], "#cut": [1]}


def figures() -> list[Score]:
    """Scores in the expected order, of the arms and some ablations; differences of figures scatter by 0.02."""
    scatter = np.random.default_rng(4).normal(0, 0.02, (16, 100))
    scatter -= scatter.mean(1, keepdims=True)
    oks = {
        "rgb": 0.4, "spr": 0.5, "kcl": 0.5, "both": 0.6, "brief": 0.57, "window-0-250": 0.55,
        "channels-1": 0.5, "names": 0.5, "shipped": 0.7, real: 0.8,
    }  # fmt: skip
    return [
        Score(
            name, "held-out poses", "quick", 300, of / 2, of, of, None if name == real else 5 - of, 0.2, 0.6, 0.9,
            tuple(of + each),
        )
        for each, (name, of) in zip(scatter, oks.items(), strict=False)
    ]  # fmt: skip


def test_a_gain_has_the_standard_error_of_the_same_figures():
    one, other = figures()[:2]
    differences = np.subtract(other.each, one.each)
    assert gain(other, one) == (pytest.approx(0.1), pytest.approx(differences.std(ddof=1) / 10))
    with pytest.raises(ValueError, match="expected figures to compare one by one, got 100 and 99"):
        gain(other, replace(one, each=one.each[1:]))
    with pytest.raises(ValueError, match="one by one, got 0 and 0"):
        gain(replace(other, each=()), replace(one, each=()))


def test_the_page_tells_the_order_and_every_ablation():
    made = spctrl_page.Made((("python a.py", "3 minutes"),), (("a.webp", "All."),), "It holds.")
    text = spctrl_page.page(figures(), made)
    assert "does not hold" not in text
    assert text.count(": holds |") == 6
    for said in (
        "## The four arms", "## What is shipped", "| 0 … 250 |", "| channels 1 |", "| E₀ from the joints' names |",
        "#### held-out poses (300 poses)", "![All.](a.webp)", "`python a.py`", "| *rendered pictures themselves* |",
        "60 %",
    ):  # fmt: skip
        assert said in text, said
    assert "| expected | held-out poses |" in text
    assert "| quick: both above spr, OKS | 0.100 ± 0.00" in text
    assert "| both: Fréchet distance at most rgb's | 4.4 (≤ 4.6): holds |" in text
    assert re.search(r"\| \+ SPR \| .* \| \+0\.100 ± 0\.00\d \|", text)
    assert re.search(r"\| 0 … 250 \| .* \| -0\.020 ± 0\.00\d \|", text)
    worse = [replace(one, each=tuple(np.subtract(one.each, 0.5))) if one.run == "both" else one for one in figures()]
    assert spctrl_page.page(worse, spctrl_page.Made()).count("**does not hold**") == 3
    equal = [replace(one, each=tuple(np.subtract(one.each, 0.0999))) if one.run == "both" else one for one in figures()]
    assert spctrl_page.page(equal, spctrl_page.Made()).count(": within chance |") == 2
    alone = spctrl_page.page([one for one in figures() if one.run == "rgb"], spctrl_page.Made())
    assert "## What is shipped" not in alone
    assert "## Channels" not in alone


def test_the_command_measures_what_is_new_and_keeps_the_rest(world, monkeypatch, capsys):
    monkeypatch.setattr(compare_spctrl, "network", lambda _one, name: replace(seeing(3), estimator=name))
    said = [
        "--set", "the set", str(world / "set.json"), str(world / "painted"), "--world", str(world), "--no-words",
        "--estimator", "somebody", "--scores", str(world / "s.json"), "--page", str(world / "p.md"),
        "--sheet", str(world / "s.webp"), "--real",
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["compare_spctrl.py", *said])
    compare_spctrl.main()
    assert "the set, both, somebody: mAP" in capsys.readouterr().out
    first = spctrl_arms.read_scores(world / "s.json")
    assert [one.run for one in first] == ["both", real]
    assert "| SPR + KCL |" in (world / "p.md").read_text("utf-8")
    with Image.open(world / "s.webp") as page:
        assert page.width > 3 * 192
    compare_spctrl.main()
    assert "mAP" not in capsys.readouterr().out
    assert spctrl_arms.read_scores(world / "s.json") == first


def test_a_sheet_shows_the_runs_asked_for_in_that_order(world):
    painted = world / "painted"
    for name in ("spr", "rgb"):
        (painted / name).mkdir()
        (painted / name / "run.json").write_text("{}")
    names = [[run.name for run in compare_spctrl.shown(painted, asked)] for asked in ((), ("rgb", "both"))]
    assert names == [["both", "rgb", "spr"], ["rgb", "both"]]
    with pytest.raises(ValueError, match="expected runs to show among both, rgb, spr, got kcl"):
        compare_spctrl.shown(painted, ("kcl",))
