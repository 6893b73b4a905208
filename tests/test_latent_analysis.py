"""Features of poses in every style: read as a matrix, judged by silhouettes, pictured."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_sdpose_small import prior, recipe  # noqa: F401

pytest.importorskip("sklearn", reason="scikit-learn is not installed: see requirements-dev.txt")
from engine.sdpose_training import begin
from scripts.latent_analysis import Matrix, features_of, figure, judged, pixels_of, read_matrix, without_task


@pytest.fixture
def world(tmp_path) -> Path:
    """Four figures in two styles; in the second figure's pictures there are two people."""
    images, rows = [], []
    for n in range(8):
        images.append({"id": n, "file_name": f"{n}.png", "style": ("ink", "oil")[n % 2]})
        Image.new("RGB", (60, 60), (30 * n, 90, 120)).save(tmp_path / f"{n}.png")
        rows += [{"image_id": n, "bbox": [10, 10, 30, 40]}] * (2 if n in (2, 3) else 1)
    file = {"images": images, "annotations": rows, "categories": []}
    (tmp_path / "matrix.json").write_text(json.dumps(file))
    return tmp_path


def test_figures_that_are_alone_are_read_in_all_styles(world):
    matrix = read_matrix(world / "matrix.json", world, (48, 64), None)
    assert matrix.crops.shape == (6, 64, 48, 3)
    assert matrix.poses.tolist() == [0, 0, 4, 4, 6, 6]
    assert matrix.styles.tolist() == [0, 1] * 3
    assert matrix.names == ("ink", "oil")
    assert len(set(read_matrix(world / "matrix.json", world, (48, 64), 2).poses)) == 2
    with pytest.raises(ValueError, match="two or more figures"):
        read_matrix(world / "matrix.json", world, (48, 64), 1)


def matrix_of(poses: int, styles: int) -> Matrix:
    count = poses * styles
    crops = np.random.default_rng(0).integers(0, 256, (count, 64, 64, 3), dtype=np.uint8)
    names = tuple(f"style {n}" for n in range(styles))
    return Matrix(crops, np.repeat(np.arange(poses), styles), np.tile(np.arange(styles), poses), names)


def test_silhouettes_tell_what_features_are_sorted_by():
    matrix = matrix_of(6, 5)
    noise = np.random.default_rng(0).normal(0, 0.05, (30, 8))
    by_pose = np.eye(8)[matrix.poses] + noise
    scores, where = judged(by_pose, matrix, 0)
    assert scores["space"]["pose"] > 0.5 > scores["space"]["style"]
    assert scores["map"]["pose"] > scores["map"]["style"]
    picture = figure({"one": where, "two": where}, matrix)
    assert picture.size == (2 * 420 + 130, 2 * 446)
    assert len(set(np.asarray(picture).reshape(-1, 3)[:, 0].tolist())) > 5


def test_features_are_a_grid_or_a_mean(prior):  # noqa: F811
    matrix = matrix_of(3, 2)
    net = without_task(begin(recipe, prior))
    assert features_of(net, matrix, True).shape == (6, 16)
    assert features_of(net, matrix, False).shape == (6, 48 * 16)
    assert pixels_of(matrix).shape == (6, 3072)
    latents = torch.randn(1, 16, 8, 8)
    with torch.no_grad():
        assert torch.equal(net.picture(latents, "pose"), net.picture(latents, "picture"))
