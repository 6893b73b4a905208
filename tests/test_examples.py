"""The pose examples: small, whole, the library's own and CC0; the library's part comes out of its recipes again."""

import inspect
from pathlib import Path

import numpy as np
import pytest

from engine.examples import Examples, together
from engine.library import read_library
from engine.limits import Limits
from engine.mannequin import Figure
from engine.rig import matrices
from engine.skeleton import smplx55
from scripts import make_pose_examples as make
from scripts.mannequin_body import refitted

assets = Path(__file__).parent.parent / "assets"
path = assets / "body" / "poses.npz"


@pytest.fixture(scope="module")
def examples():
    return Examples.load(path)


def turned(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Angles (…), rad, between axis-angles (…, 3)."""
    between = np.swapaxes(matrices(found), -1, -2) @ matrices(expected)
    return np.arccos(np.clip((np.trace(between, axis1=-2, axis2=-1) - 1) / 2, -1, 1))


def test_the_file_is_small_and_names_its_sources(examples):
    assert path.stat().st_size < 300_000
    library = {pose.id for pose in read_library(assets / "library" / "poses.json") if pose.kind == "person"}
    assert library <= set(examples.names)
    moving = [name for name in examples.names if name not in library]
    assert len(moving) >= 200
    assert all("/" in name for name in moving), "the others are frames of the CC0 animations: clip/frame"
    assert not [name for name in moving if any(still in name for still in make.still_clips)]


def test_a_file_comes_back(examples, tmp_path):
    examples.save(tmp_path / "again.npz")
    again = Examples.load(tmp_path / "again.npz")
    assert again.names == examples.names
    assert (again.body == examples.body).all()
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def test_a_mirror_exchanges_the_sides_and_two_undo_each_other(examples):
    mirror = examples.mirrored()
    left, right = (smplx55.index(f"{side}_elbow") - 1 for side in ("left", "right"))
    assert mirror.body[:, left] == pytest.approx(examples.body[:, right] * (1, -1, -1))
    twice = mirror.mirrored()
    assert twice.body == pytest.approx(examples.body)
    assert twice.hands == pytest.approx(examples.hands)


def test_turns_are_the_poses(examples):
    pose = examples.pose("sword")
    assert matrices(pose.axis_angles) == pytest.approx(examples.turns()[examples.names.index("sword")])


def test_some_can_be_left_out(examples):
    less = examples.without("sword", "violin")
    assert len(less) == len(examples) - 2
    assert "sword" not in less.names
    assert len(together(less, less)) == 2 * len(less)
    with pytest.raises(ValueError, match="'sword'"):
        less.pose("sword")


def test_another_file_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", names=np.array(["a"]))
    with pytest.raises(ValueError, match=r"body.*other\.npz"):
        Examples.load(tmp_path / "other.npz")
    with pytest.raises(ValueError, match=r"expected finite root of shape \(1, 3\)"):
        Examples(("a",), np.full((1, 3), np.nan), np.zeros((1, 21, 3)), np.zeros((1, 2, 15, 3)), np.zeros((1, 3)))


def rebuilt(names: list[str]) -> tuple[list[str], np.ndarray]:
    rig, limits = make.example_rig(), Limits.load(make.limits_path)
    people = {recipe.id: recipe.pose for recipe in make.recipes}
    figures = [figure for name in names if isinstance(figure := people[name], Figure)]
    return names, np.array([refitted(rig, limits, figure) for figure in figures])


@pytest.mark.slow
@pytest.mark.parametrize("names", [["contrapposto", "running", "kneeling"]])
def test_some_of_the_library_come_out_again(examples, names):
    check(examples, *rebuilt(names))


@pytest.mark.slow
def test_all_of_the_library_comes_out_again(examples):
    check(examples, *rebuilt([recipe.id for recipe in make.recipes if isinstance(recipe.pose, Figure)]))


def check(examples: Examples, names: list[str], turns: np.ndarray) -> None:
    for name, found in zip(names, turns, strict=True):
        assert turned(found, examples.pose(name).axis_angles).max() < np.radians(2), name


def test_mirrored_figures_fit_mirrored():
    """A left arm is posed as a right one is."""
    rig, limits = make.example_rig(), Limits.load(make.limits_path)
    figure = next(recipe.pose for recipe in make.recipes if recipe.id == "waving")
    assert isinstance(figure, Figure)
    found = refitted(rig, limits, figure.mirrored())[smplx55.swap] * (1, -1, -1)
    assert turned(found, refitted(rig, limits, figure)).max() < np.radians(3)


def test_the_script_says_where_its_data_are_from():
    assert "CC0" in (make.__doc__ or "")
    assert "cmu" not in inspect.getsource(make).lower()
