"""Sets of rendered pictures: splits, what is held out, shards; skipped where nothing can draw."""

import json
import sys

import numpy as np
import pytest

from engine.data import CocoFigures
from engine.pose_sets import PoseSet
from engine.skeleton import wholebody133


@pytest.fixture(scope="module")
def poses_folder(tmp_path_factory):
    """A few poses of whole bodies, some with their own hands and faces, as prepare_poses.py writes them."""
    folder = tmp_path_factory.mktemp("poses")
    rng = np.random.default_rng(0)
    for name, count in (("wholebody_train.npz", 60), ("wholebody_held_out.npz", 8)):
        poses = np.zeros((count, 256), np.float32)
        poses[:, :153] = rng.normal(0, 0.15, (count, 153))
        available = np.ones((count, 4), bool)
        available[1::2, 1:] = False
        poses[1::2, 63:] = 0
        PoseSet(
            "wholebody", poses, np.ones(count, np.float32), np.zeros(count, np.int32), ("made/up",),
            np.zeros(count, bool), root=np.zeros((count, 3), np.float32), frame=np.arange(count, dtype=np.int32),
            fps=np.full(1, 30, np.float32), available=available,
        ).save(folder / name)  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def gallery(window_kind, body, poses_folder):
    from scripts.world.splits import Gallery

    return Gallery(body, poses_folder, seed=3)


def test_points_lie_where_the_body_is_drawn(gallery):
    picture = gallery.picture("test", 0)
    assert picture.image.shape == (256, 256, 3)
    for told in picture.annotations:
        points = np.reshape(told["keypoints"], (-1, 3))
        seen = points[points[:, 2] == 2]
        columns, rows = np.rint(seen[:, :2]).astype(int).T
        own = picture.figure == told["figure"]
        assert (
            np.mean(
                [own[max(r - 3, 0) : r + 4, max(c - 3, 0) : c + 4].any() for r, c in zip(rows, columns, strict=True)]
            )
            > 0.9
        )
        x, y, w, h = told["bbox"]
        rows, columns = np.nonzero(own)
        # The box leaves out what a figure holds, which is part of it otherwise.
        assert columns.min() - 1 <= x < x + w <= columns.max() + 2
        assert rows.min() - 1 <= y < y + h <= rows.max() + 2


# ── sets of pictures ──


def test_the_same_number_is_the_same_picture(gallery, body, poses_folder):
    from scripts.world.splits import Gallery

    gallery.picture("train", 5)
    again = Gallery(body, poses_folder, seed=3)
    one, two = gallery.picture("train", 7), again.picture("train", 7)
    assert (one.image == two.image).all()
    assert one.recipe == two.recipe
    assert one.captions == two.captions
    other = Gallery(body, poses_folder, seed=4).picture("train", 7)
    assert one.recipe != other.recipe


def test_the_matrix_draws_one_figure_in_every_style(gallery):
    from scripts.world.words import styles

    first, last = gallery.picture("matrix", 0), gallery.picture("matrix", len(styles) - 1)
    assert (first.recipe.style, last.recipe.style) == (styles[0], styles[-1])
    assert first.recipe.figures == last.recipe.figures
    assert (first.figure == last.figure).all()
    assert (first.image != last.image).any()


def test_what_is_held_out_is_in_no_training_picture():
    from scripts.world import splits

    train = splits.splits["train"]
    assert not set(train.styles) & set(splits.held_out_styles)
    assert not set(train.places) & set(splits.held_out_places)
    assert train.poses != splits.splits["clips"].poses
    assert set(splits.splits["styles"].styles) == set(splits.held_out_styles)


def test_reserved_rows_are_drawn_for_tests_alone(poses_folder):
    from scripts.world.casting import Poses, every_reserved

    path = poses_folder / "wholebody_train.npz"
    rows = PoseSet.load(path).poses[:, :3]
    rng = np.random.default_rng(0)

    def drawn(reserved):
        found = {tuple(Poses(path, reserved).drawn(rng)[0].body[0].astype(np.float32)) for _ in range(40)}
        return {k for k, row in enumerate(rows) if tuple(row) in found}

    kept = set(range(0, len(rows), every_reserved))
    assert drawn(True) <= kept
    assert not drawn(False) & kept


def test_figures_of_every_kind_can_be_drawn_by_chance():
    from scripts.world import words
    from scripts.world.casting import drawn_figure

    figures = [drawn_figure(np.random.default_rng(k)) for k in range(300)]
    assert {figure.dress.kind for figure in figures} == set(words.dress_regions)
    assert {figure.hair_shape for figure in figures} == set(words.hair_shapes)
    assert {figure.prop for figure in figures} == set(words.held)
    for figure in figures:
        colors = [color for _, color in figure.dress.colors]
        assert len(set(colors)) == len(colors)


# ── the script ──


@pytest.fixture
def script(monkeypatch):
    from scripts import render_world

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["render_world.py", *map(str, args)])
        render_world.main()

    return run


@pytest.mark.slow
def test_the_script_draws_labels_and_goes_on(window_kind, script, poses_folder, tmp_path, capsys, monkeypatch):
    from scripts import render_world

    monkeypatch.setattr(render_world, "a_shard", 2)
    out = tmp_path / "world"
    asked = ("--poses", poses_folder, "--out", out, "--splits", "test", "--count", 3, "--processes", 1)
    script(*asked)
    file = json.loads((out / "test.json").read_text())
    assert len(file["images"]) == 3
    for image in file["images"]:
        for key in ("file_name", "depth_file", "figures_file"):
            assert (out / image[key]).is_file()
        assert image["caption"] in image["captions"]
    figures = CocoFigures(out / "test.json", out, wholebody133)
    assert figures[0].visible.any()
    bodies = np.load(out / "test" / "00000" / "bodies.npz")
    assert bodies["axis_angles"].shape[1:] == (55, 3)
    before = (out / file["images"][0]["file_name"]).stat().st_mtime_ns
    (out / "test" / "00001.json").unlink()
    script(*asked)
    assert (out / file["images"][0]["file_name"]).stat().st_mtime_ns == before
    assert json.loads((out / "test.json").read_text()) == file
    assert "all is drawn" in capsys.readouterr().out


def test_the_script_says_what_it_lacks(script, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        script("--poses", tmp_path)
    assert ended.value.code == 2
    assert "expected --out or --sheet" in capsys.readouterr().err
