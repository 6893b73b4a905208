"""Arms compared: the annotations themselves get full marks, the page tells what holds, the sheet shows them."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.pose import Person
from engine.skeleton import coco17, wholebody133
from scripts import compare_sdpose
from scripts.evaluation import sdpose_arms, sdpose_page
from scripts.evaluation.drawings import drawings
from scripts.evaluation.sdpose_arms import Arm, Score, found_by, read_asked, score

layout = np.random.default_rng(1).uniform(0.05, 0.95, (133, 2))
parts = {"foot": 6, "face": 68, "lefthand": 21, "righthand": 21}


@pytest.fixture
def world(tmp_path) -> Path:
    """Two pictures with three figures, the last of which has no labelled body."""
    images = [{"id": n, "file_name": f"{n}.png", "width": 200, "height": 150} for n in (1, 2)]
    rows = []
    for number, image, left in ((1, 1, 10), (2, 1, 120), (3, 2, 60)):
        points = np.column_stack([layout * (60, 120) + (left, 10), np.full(133, 2)]).round(2)
        if number == 3:
            points[:17] = 0
        row = {"id": number, "image_id": image, "category_id": 1, "iscrowd": 0, "bbox": [left, 10, 60, 120]}
        row |= {"area": 3600.0, "keypoints": points[:17].ravel().tolist()}
        first = 17
        for part, count in parts.items():
            row |= {f"{part}_kpts": points[first : first + count].ravel().tolist(), f"{part}_valid": True}
            first += count
        rows.append(row)
    for image in images:
        Image.new("RGB", (200, 150), "gray").save(tmp_path / image["file_name"])
    file = {
        "images": images, "annotations": rows,
        "categories": [{"id": 1, "name": "person", "keypoints": list(coco17.joints)}],
    }  # fmt: skip
    (tmp_path / "file.json").write_text(json.dumps(file))
    return tmp_path


def finder(off: float = 0.0, name: str = "exact", body: bool = False) -> Arm:
    """Finds the figure of the layout in each box, its points `off` px to the right."""

    def find(photos, boxes):
        count = 17 if body else 133
        skeleton = coco17 if body else wholebody133
        return [
            [Person(skeleton, layout[:count] * (60, 120) + (box.x0 + off, box.y0), np.full(count, 0.9)) for box in here]
            for here in boxes
        ]

    return Arm(name, find, coco17 if body else wholebody133)


def measured(world: Path, arm: Arm, known: bool = False) -> Score:
    asked = read_asked("the set", world / "file.json", world, None, known)
    return score(arm, asked, *found_by(arm, asked, 1))


def test_the_annotations_themselves_get_full_marks(world):
    one = measured(world, finder())
    assert (one.people, one.oks, one.ap, one.pck) == (2, pytest.approx(1, abs=1e-4), pytest.approx(1), 1)
    assert one.whole_oks == pytest.approx(1, abs=1e-4)  # labels have two decimals
    assert one.parts == dict.fromkeys(("body", "feet", "face", "hands"), pytest.approx(1, abs=1e-4))


def test_the_farther_off_the_lower_and_small_parts_first(world):
    near, far = measured(world, finder(2)), measured(world, finder(8))
    assert 1 > near.oks > far.oks
    assert near.parts["body"] > near.parts["face"]
    assert near.oks > near.whole_oks


def test_a_body_model_is_asked_for_the_body_alone(world):
    one = measured(world, finder(body=True))
    assert one.oks == pytest.approx(1, abs=1e-4)
    assert (one.whole_oks, one.parts["face"]) == (None, None)
    assert one.parts["body"] == pytest.approx(1, abs=1e-4)


def test_scores_are_kept_and_the_page_judges_them(world, tmp_path):
    names = {"full": 0, "no RGB": 2, "scratch": 4, "last features": 2}
    scores = []
    for asked, known, more in (("test", True, 0), ("held-out styles", False, 3)):
        for name, off in names.items():
            one = measured(world, finder(off + more if off else off, name), known)
            scores.append(replace(one, asked=asked, arm=name, known=known))
    sdpose_arms.write(scores, tmp_path / "scores.json")
    assert sdpose_arms.read(tmp_path / "scores.json") == scores
    latents = {
        "poses": 4, "styles": 13, "picture": "latents.webp",
        "features": {
            name: {key: {"pose": 0.1, "style": 0.2} for key in ("space", "map")} for name in ("sd-mini", "pixels")
        },
    }  # fmt: skip
    made = sdpose_page.Made((("python a.py", "3 minutes"),), (("a.webp", "All."),), latents, "It holds.")
    text = sdpose_page.page(scores, made)
    assert "does not hold" not in text
    assert text.count("| holds |") == 2 + 4 * 2 + 1
    for words in (
        "#### held-out styles (2 people)",
        "| full | **1.000** |",
        "![All.](a.webp)",
        "`python a.py`",
        "sd-mini",
    ):
        assert words in text
    worse = [replace(one, oks=0.5) if one.arm == "full" else one for one in scores]
    assert "**does not hold**" in sdpose_page.page(worse, sdpose_page.Made())


def test_the_sheet_has_a_row_for_each_picture(world):
    asked = read_asked("the set", world / "file.json", world, None, False)
    people, _ = found_by(finder(), asked)
    page = sdpose_arms.sheet([asked], {("exact", "the set"): people}, ["exact", "absent"], 5)
    assert page.size == (3 * 230 + 6, 2 * 244 + 20)
    tiles = np.asarray(page)[16:240]
    assert (tiles[:, 6:230] == tiles[:, 236:460]).mean() > 0.95  # found as labelled
    assert (tiles[:, 6:230] != tiles[:, 466:690]).any()


def test_the_command_measures_arm_by_arm(world, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(compare_sdpose, "arm", lambda name, path, _flip, _batch: finder(float(path), name))
    for name, off in (("full", "0"), ("scratch", "5")):
        words = ["--arm", name, off, "--known", "test", str(world / "file.json"), str(world)]
        words += ["--scores", str(tmp_path / "s.json"), "--page", str(tmp_path / "p.md")]
        words += ["--sheet", str(tmp_path / "s.png")]
        monkeypatch.setattr(sys, "argv", ["compare_sdpose.py", *words])
        compare_sdpose.main()
    assert "test, scratch: OKS" in capsys.readouterr().out
    page = (tmp_path / "p.md").read_text()
    assert "| full |" in page
    assert "test: full above scratch" in page
    monkeypatch.setattr(sys, "argv", ["compare_sdpose.py", *words[:5], "missing.json", ".", *words[7:]])
    with pytest.raises(SystemExit, match=r"missing\.json"):
        compare_sdpose.main()


@pytest.mark.shared
def test_childrens_drawings_are_examples(shared):
    found = drawings(shared / "animated_drawings")
    assert 3 <= len(found) <= 6
    for example in found:
        (truth,) = example.people
        assert truth.person.present.sum() == 12
        assert (shared / "animated_drawings" / example.file_name).is_file()
        assert 0 < truth.area < truth.box.width * truth.box.height
