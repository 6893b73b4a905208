"""Sets of poses are read back as they were written, and nothing else is taken for one."""

from dataclasses import replace

import numpy as np
import pytest

from engine.pose_sets import PoseSet, widths


def small(part="wholebody", count=4, **changes):
    random = np.random.default_rng(0)
    fields = {
        "poses": random.normal(size=(count, widths[part])).astype(np.float32),
        "weight": np.array([0.5, 1.5] * (count // 2)), "clip": np.arange(count) % 2, "clip_names": ("a/one", "b/two"),
        "mirrored": np.arange(count) > 1, "about": {"seed": 3, "sources": {"a": "CC0 – ½"}},
    }  # fmt: skip
    if part in ("body", "wholebody"):
        fields |= {"root": random.normal(size=(count, 3)), "frame": np.arange(count), "fps": np.array([30.0, 24.0])}
    if part == "wholebody":
        fields["available"] = np.ones((count, 4), bool)
    return PoseSet(part, **(fields | changes))


@pytest.mark.parametrize("part", widths)
def test_a_set_is_read_back_as_it_was_written(tmp_path, part):
    written = small(part)
    written.save(tmp_path / "poses.npz")
    read = PoseSet.load(tmp_path / "poses.npz")
    assert (read.part, read.clip_names, read.about) == (part, ("a/one", "b/two"), written.about)
    for name in ("poses", "weight", "clip", "mirrored", "root", "frame", "fps", "available"):
        before, after = getattr(written, name), getattr(read, name)
        assert (before is None) == (after is None)
        if before is not None:
            assert after.dtype == before.dtype
            np.testing.assert_array_equal(after, before)


def test_kinds_are_those_that_training_reads():
    poses = small()
    kinds = {name: getattr(poses, name).dtype for name in ("poses", "weight", "clip", "mirrored", "root", "available")}
    assert kinds == {
        "poses": "float32", "weight": "float32", "clip": "int32", "mirrored": "bool", "root": "float32",
        "available": "bool",
    }  # fmt: skip
    np.testing.assert_allclose(poses.chances, [0.125, 0.375, 0.125, 0.375])


def test_some_rows_keep_their_clips_and_mean_weight_one():
    poses = small()
    some = poses.chosen(poses.clip == 1)
    assert poses.root is not None
    assert len(some) == 2
    assert some.clip_names == poses.clip_names
    np.testing.assert_allclose(some.weight, 1)
    np.testing.assert_array_equal(some.root, poses.root[[1, 3]])
    with pytest.raises(ValueError, match="expected at least one row"):
        poses.chosen(np.zeros(4, bool))


wrong = np.ones((4, 63), np.float32)
cases = {
    "another width": ({"poses": wrong}, "expected poses as float32 of shape"),
    "not a number": ({"poses": np.full((4, 256), np.nan)}, "expected finite numbers"),
    "degrees": ({"poses": np.full((4, 256), 180.0)}, "expected finite numbers within ±100"),
    "weights of another mean": ({"weight": np.full(4, 2.0)}, "expected weights from 0 up with mean 1, got mean 2"),
    "a weight below zero": ({"weight": np.array([-1.0, 1, 2, 2])}, "expected weights from 0 up"),
    "a clip that is not named": ({"clip": np.array([0, 1, 2, 0])}, "expected clips 0 to 1, got 2"),
    "no root": ({"root": None}, "expected root as float32 of shape \\(4, 3\\), got none"),
    "numbers for truths": ({"mirrored": np.zeros(4)}, "expected mirrored as bool"),
    "no speed": ({"fps": np.array([30.0, 0.0])}, "expected frames per second above 0"),
    "what is not there, not zero": ({"available": np.tile([1, 1, 0, 1], (4, 1)) > 0}, "zeros where right_hand"),
}


@pytest.mark.parametrize(("changes", "message"), cases.values(), ids=cases)
def test_other_numbers_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        small(**changes)


def test_other_parts_are_refused():
    with pytest.raises(ValueError, match="expected a part, one of body, hand"):
        replace(small("hand"), part="foot")
    with pytest.raises(ValueError, match="expected no root"):
        small("hand", root=np.zeros((4, 3)))


def test_other_files_are_refused_by_name(tmp_path):
    path = tmp_path / "odd.npz"
    np.savez(path, poses=np.zeros((3, 63)))
    with pytest.raises(ValueError, match=r"odd\.npz: expected about, clip"):
        PoseSet.load(path)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=r"odd\.npz: expected an npz"):
        PoseSet.load(path)
    np.savez(path, poses=np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"odd\.npz"):
        PoseSet.load(path)
