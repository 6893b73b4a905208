"""Preparing AP-10K and Human-Art for SP-Ctrl's training: lines, maps and heat maps that the readers take."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.draw import openpose_map
from engine.skeleton import ap10k17, coco17
from engine.spctrl_data import Showing, conditioning, heatmaps
from engine.spctrl_pictures import AnimalPictures, ArtPictures
from scripts import prepare_ap10k, prepare_humanart

art_folder = "HumanArt/images/digital_art/cartoon"


def write(folder: Path, name: str, images: list[dict], annotations: Sequence[dict], joints=coco17.joints) -> Path:
    """An annotation file as published, with its pictures below `folder`."""
    for image in images:
        path = folder / image["file_name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 40), (90, 80, 70)).save(path)
    path = folder / name
    categories = [{"id": 1, "name": "one", "keypoints": list(joints)}]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path


def image(number: int, name: str, **more) -> dict:
    return {"id": number, "file_name": name, "width": 60, "height": 40, **more}


def label(picture: int, **more) -> dict:
    rows = [v for i in range(17) for v in (20 + i, 20, 2 if i else 0)]
    return {"id": 1, "image_id": picture, "category_id": 1, "bbox": [1, 2, 3, 4], "keypoints": rows, "extra": 1, **more}


def ap10k(folder: Path, *people: dict, **more) -> Path:
    images = [image(n, f"00{n}.jpg", background=1, **more) for n in (1, 2, 3)]
    people = people or (label(1), label(3), label(3))
    return write(folder, "ap10k-train-split1.json", images, people, ap10k17.joints)


def humanart(folder: Path, **more) -> Path:
    images = [image(n, f"{art_folder}/00{n}.png", **{"description": "cartoon, a girl", **more}) for n in (1, 2)]
    images.append(image(9, "coco/train2017/009.png"))
    people = [label(1), label(1, iscrowd=1), label(2), label(9)]
    return write(folder, "training_humanart.json", images, people)


def prepared(monkeypatch, script, *words: object) -> None:
    monkeypatch.setattr(sys, "argv", ["prepare.py", *map(str, words)])
    script.main()


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_ap10k_is_prepared_as_it_is_read(tmp_path, monkeypatch):
    out = tmp_path / "out"
    prepared(monkeypatch, prepare_ap10k, "--annotations", ap10k(tmp_path), "--images", tmp_path, "--out", out)
    folders = (("pose_kptindex", "png"), ("openpose", "png"), ("heatmap_multichannel_npy", "npy"))
    assert files(out) == {"train_split1.jsonl", *(f"{f}/00{n}.{e}" for f, e in folders for n in (1, 3))}
    pictures = AnimalPictures(out / "train_split1.jsonl", tmp_path)
    assert [len(pictures[i].pose.people) for i in range(len(pictures))] == [1, 2]
    assert "extra" not in pictures.entries[0]["anns"][0]
    for i in range(2):
        one = pictures[i]
        drawn, read = (
            conditioning(one, Showing(64, "spctrl", where))["map"] for where in (None, out / "pose_kptindex")
        )
        assert drawn.any()
        assert np.array_equal(drawn, read)
        maps = np.load(out / "heatmap_multichannel_npy" / f"{one.name}.npy")
        assert (maps.shape, maps.dtype) == ((17, 64, 64), np.float32)
        assert np.array_equal(maps, heatmaps(one.pose, "animal"))
        assert maps[0].max() == 0  # nobody's left eye is labelled
        assert maps[1].max() == pytest.approx(i + 1)
        with Image.open(out / "openpose" / f"{one.name}.png") as file:
            assert np.array_equal(np.asarray(file), openpose_map(one.pose))


def test_humanart_is_prepared_as_it_is_read(tmp_path, monkeypatch):
    out = tmp_path / "out"
    prepared(monkeypatch, prepare_humanart, "--annotations", humanart(tmp_path), "--images", tmp_path, "--out", out)
    assert "humanart_heatmap_multichannel_npy/digital_art/cartoon/002.npy" in files(out)
    pictures = ArtPictures(out / "humanart_training.jsonl", tmp_path)
    assert len(pictures) == 2  # that of the other data set is left out
    assert len(pictures[0].pose.people) == 1  # and so is a crowd
    assert pictures[0].prompts == ("cartoon, a girl",)
    line = pictures.entries[0]
    assert (line["dirname"], line["picture_name"], line["category"]) == (art_folder, "001.png", "cartoon")
    drawn, read = (
        conditioning(pictures[0], Showing(64, "spctrl", where))["map"] for where in (None, out / "humanart_kptindex")
    )
    assert np.array_equal(drawn, read)


def test_what_is_there_stays(tmp_path, monkeypatch, capsys):
    out, source = tmp_path / "out", ap10k(tmp_path)
    prepared(
        monkeypatch, prepare_ap10k, "--annotations", source, "--out", out, "--limit", 1, "--only", "maps", "heatmaps"
    )
    assert files(out) == {"train_split1.jsonl", "pose_kptindex/001.png", "heatmap_multichannel_npy/001.npy"}
    assert len((out / "train_split1.jsonl").read_text().splitlines()) == 1
    kept = out / "pose_kptindex" / "001.png"
    kept.write_bytes(b"mine")
    capsys.readouterr()
    prepared(monkeypatch, prepare_ap10k, "--annotations", source, "--out", out, "--only", "maps")
    assert kept.read_bytes() == b"mine"
    assert (out / "pose_kptindex" / "003.png").is_file()
    said = capsys.readouterr().out
    assert "1 of 2 pictures have their files already" in said
    assert "1 of 1 pictures" in said
    assert not [name for name in files(out) if name.endswith(".new")]
    # Lines prepared before are as good as annotations.
    prepared(
        monkeypatch, prepare_ap10k, "--annotations", out / "train_split1.jsonl", "--out", out, "--only", "openpose"
    )
    assert (out / "openpose" / "003.png").is_file()


@pytest.mark.parametrize(
    ("script", "source", "sentence"),
    [
        (prepare_ap10k, lambda f: write(f, "a.json", [], [], coco17.joints), "expected AP-10K's 17 joints"),
        (prepare_ap10k, lambda f: bare(ap10k(f)), "expected a background"),
        (prepare_ap10k, lambda f: ap10k(f, width=61), "001.jpg to be 61 × 40, got 60 × 40"),
        (prepare_ap10k, lambda f: gone(ap10k(f), "003.jpg"), "got no 003.jpg"),
        (prepare_ap10k, lambda f: ap10k(f, label(1, keypoints=[1, 2])), "picture 001: annotation 1"),
        (prepare_ap10k, lambda f: f / "missing.json", "missing.json"),
        (prepare_humanart, ap10k, "expected pictures like HumanArt/images/group/scene/name.jpg"),
        (prepare_humanart, lambda f: humanart(f, description=None), "expected a description for each picture"),
    ],
)  # fmt: skip
def test_what_cannot_be_prepared_is_said(tmp_path, monkeypatch, script, source, sentence):
    with pytest.raises(SystemExit) as ended:
        prepared(
            monkeypatch, script, "--annotations", source(tmp_path), "--images", tmp_path, "--out", tmp_path / "out"
        )
    assert sentence in str(ended.value)


def bare(path: Path) -> Path:
    """AP-10K's file without backgrounds."""
    path.write_text(path.read_text().replace('"background"', '"ground"'))
    return path


def gone(path: Path, name: str) -> Path:
    """The file, with one of its pictures lost."""
    (path.parent / name).unlink()
    return path
