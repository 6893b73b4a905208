"""Research recordings in the layouts they are published in, made up here: read, parted, never unpickled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.pose_sets import PoseSet, slices
from scripts import prepare_research
from scripts.pose_sources.mirroring import other_hand
from scripts.pose_sources.research import Recording, research_sets, with_hands
from scripts.pose_sources.research_bodies import amass, arctic, beat2, egobody, grab
from scripts.pose_sources.research_hands import hamer, interhand, reinterhand

random = np.random.default_rng(0)


def numbers(*shape: int) -> np.ndarray:
    return random.normal(0, 0.2, shape).astype(np.float32)


def stageii(path: Path, frames: int = 50, **more: Any) -> np.ndarray:
    """A sequence as AMASS publishes it, with a pickled dictionary among its arrays as the true ones have."""
    path.parent.mkdir(parents=True, exist_ok=True)
    poses = numbers(frames, 165).astype(np.float64)
    pickled = np.array({"C7": 1}, dtype=object)
    np.savez(path, poses=poses, mocap_frame_rate=np.array(100.0), markers_latent_vids=pickled, **more)
    return poses


@pytest.fixture
def amass_folder(tmp_path: Path) -> Path:
    for dataset in ("CMU", "MPI_HDM05", "SSM", "DanceDB"):
        stageii(tmp_path / "amass" / dataset / "01" / "01_01_stageii.npz", 400)
    return tmp_path / "amass"


def test_amass_is_parted_as_the_paper_parts_it(amass_folder: Path) -> None:
    found = {one.name: one for one in amass(amass_folder)}
    assert {name: one.split for name, one in found.items()} == {
        "CMU/01/01_01": "train", "HDM05/01/01_01": "held_out", "SSM/01/01_01": "test"
    }  # fmt: skip
    train = found["CMU/01/01_01"]
    assert train.poses.shape == (96, 63)  # 24 % of 400
    assert train.fps == 100
    assert train.frame.min() >= 40
    assert train.frame.max() < 360
    assert len(found["HDM05/01/01_01"].poses) == 4  # every hundredth of 320
    with np.load(amass_folder / "CMU" / "01" / "01_01_stageii.npz") as file:
        assert train.poses == pytest.approx(file["poses"][train.frame, 3:66], abs=1e-6)
        assert train.root == pytest.approx(file["poses"][train.frame, :3], abs=1e-6)
    again = next(iter(amass(amass_folder)))
    assert np.array_equal(again.frame, next(iter(amass(amass_folder))).frame)


def test_grab_has_hands_and_no_face(tmp_path: Path) -> None:
    poses = stageii(tmp_path / "s1" / "cup_lift_stageii.npz")
    stageii(tmp_path / "s10" / "cup_lift_stageii.npz")
    held_in, held_out = sorted(grab(tmp_path), key=lambda one: one.split == "held_out")
    assert (held_in.split, held_out.split) == ("train", "held_out")
    assert held_in.known == ("body", "left_hand", "right_hand")
    rows = held_in.frame
    assert held_in.poses[:, slices["left_hand"]] == pytest.approx(poses[rows, 75:120], abs=1e-6)
    assert held_in.poses[:, slices["right_hand"]] == pytest.approx(poses[rows, 120:165], abs=1e-6)
    assert not held_in.poses[:, slices["face"]].any()


def test_beat2_has_faces_and_its_own_splits(tmp_path: Path) -> None:
    folder = tmp_path / "beat_english_v2.0.0"
    (folder / "smplxflame_30").mkdir(parents=True)
    made = {}
    for name in ("1_a", "1_b", "1_c", "1_d"):
        made[name] = {"poses": numbers(40, 165), "expressions": numbers(40, 100)}
        np.savez(folder / "smplxflame_30" / f"{name}.npz", **made[name], gender=np.array("neutral"))
    (folder / "train_test_split.csv").write_text("id,type\n1_a,train\n1_b,val\n1_c,test\n1_d,additional\n")
    found = list(beat2(tmp_path))
    assert [one.split for one in found] == ["train", "held_out", "test", "train"]
    one = found[1]
    expected = np.concatenate([made["1_b"]["poses"][:, 66:69], made["1_b"]["expressions"]], axis=1)[one.frame]
    assert one.poses[:, slices["face"]] == pytest.approx(expected)
    assert "face" in one.known


def test_arctic_is_read_from_arrays_and_never_from_pickles(tmp_path: Path) -> None:
    (tmp_path / "splits_json").mkdir()
    listed = {"train": ["s01/box_grab_01"], "val": ["s05/box_use_02"], "test": []}
    (tmp_path / "splits_json" / "protocol_p1.json").write_text(json.dumps(listed))
    arrays: dict[str, Any] = {
        "transl": numbers(30, 3), "global_orient": numbers(30, 3), "body_pose": numbers(30, 63),
        "left_hand_pose": numbers(30, 45), "right_hand_pose": numbers(30, 45), "jaw_pose": numbers(30, 3),
    }  # fmt: skip
    paths = [tmp_path / "raw_seqs" / f"{name}.smplx.npy" for name in ("s01/box_grab_01", "s05/box_use_02")]
    for path in paths:
        path.parent.mkdir(parents=True)
        np.save(path, np.array(arrays, dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"box_grab_01\.smplx\.npy: expected arrays, got a pickle"):
        list(arctic(tmp_path))
    for path in paths:
        np.savez(path.with_suffix(".npz"), **arrays)
    found = list(arctic(tmp_path))
    assert [one.split for one in found] == ["train", "held_out"]
    assert len(found[0].poses) == 12  # 40 %
    assert found[0].poses[:, :63] == pytest.approx(arrays["body_pose"][found[0].frame])
    assert not found[0].poses[:, slices["face"]].any()


def test_egobody_is_read_as_tensors_alone(tmp_path: Path) -> None:
    fields = {
        "global_orient": 3, "body_pose": 63, "left_hand_pose": 45, "right_hand_pose": 45, "jaw_pose": 3,
        "expression": 100,
    }  # fmt: skip
    made = {name: torch.from_numpy(numbers(7, width)) for name, width in fields.items()}
    torch.save(made, tmp_path / "smplx_camera_wearer_train.pt")
    torch.save(made, tmp_path / "smplx_interactee_val.pt")
    found = list(egobody(tmp_path))
    assert [one.split for one in found] == ["train", "held_out"]
    assert found[0].hands == "relative"
    assert found[0].poses[:, 156:] == pytest.approx(made["expression"].numpy())
    torch.save({**made, "other": Path}, tmp_path / "smplx_interactee_val.pt")
    with pytest.raises(ValueError, match=r"smplx_interactee_val\.pt: expected tensors alone"):
        list(egobody(tmp_path))


# ── hands ──


def hand_file(folder: Path, rows: int = 40) -> np.ndarray:
    (folder / "dataset_params").mkdir(parents=True)
    poses = numbers(rows, 48)
    np.savez(folder / "dataset_params" / "freihand.npz", hand_pose=poses, betas=numbers(rows, 10))
    return poses


def test_hamer_is_parted_eight_to_one_to_one(tmp_path: Path) -> None:
    poses = hand_file(tmp_path)
    found = {one.split: one for one in hamer(tmp_path)}
    assert {split: len(one.poses) for split, one in found.items()} == {"train": 32, "held_out": 4, "test": 4}
    assert sorted(np.concatenate([one.frame for one in found.values()]).tolist()) == list(range(40))
    assert found["train"].poses == pytest.approx(poses[found["train"].frame, 3:])


def test_interhand_gives_pairs_and_flips_lone_left_hands(tmp_path: Path) -> None:
    def hand() -> dict:
        return {"pose": numbers(48).tolist(), "shape": [0.0] * 10, "trans": [0.0] * 3}

    frames = {"1": {"left": hand(), "right": hand()}, "2": {"left": hand(), "right": None}}
    path = tmp_path / "annotations" / "train" / "InterHand2.6M_train_MANO_NeuralAnnot.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"0": frames}))
    found = {one.kind: one for one in interhand(tmp_path)}
    assert found["hands"].poses.shape == (1, 90)
    left = np.array(frames["2"]["left"]["pose"], np.float32)[None, 3:]
    assert found["hand"].poses == pytest.approx(other_hand(left))
    frames["2"]["left"]["pose"] = [0.0] * 45
    path.write_text(json.dumps({"0": frames}))
    with pytest.raises(ValueError, match=r"0/2/left: expected numbers of shape \(N, 48\)"):
        list(interhand(tmp_path))


def test_reinterhand_wants_both_hands(tmp_path: Path) -> None:
    (tmp_path / "params").mkdir()
    for frame in range(20):
        for side in ("left", "right"):
            hand = {"pose": numbers(48).tolist(), "shape": [0.0] * 10, "trans": [0.0] * 3}
            (tmp_path / "params" / f"{frame:04}_{side}.json").write_text(json.dumps(hand))
    found = {one.split: one for one in reinterhand(tmp_path)}
    assert {split: one.poses.shape for split, one in found.items()} == {
        "train": (16, 90), "held_out": (2, 90), "test": (2, 90)
    }  # fmt: skip
    (tmp_path / "params" / "0003_right.json").unlink()
    with pytest.raises(ValueError, match=r"expected 0003_right\.json beside it"):
        list(reinterhand(tmp_path))


# ── conventions and sets ──


def recording(kind: str, width: int, split: str = "train", count: int = 30, **more: object) -> Recording:
    rows = np.arange(count, dtype=np.int32)
    root = np.zeros((count, 3), np.float32)
    return Recording("own", f"{kind} {split}", kind, split, numbers(count, width), root, rows, 1.0, **more)  # type: ignore[arg-type]


def test_hands_change_convention_only_with_a_mean() -> None:
    mean = numbers(2, 15, 3)
    whole = recording("wholebody", 256, hands="relative")
    with pytest.raises(ValueError, match="mean hands"):
        list(with_hands([whole], "absolute"))
    found = next(with_hands([whole], "absolute", mean))
    assert found.poses[:, slices["left_hand"]] - whole.poses[:, slices["left_hand"]] == pytest.approx(
        np.tile(mean[0].reshape(45), (30, 1)), abs=1e-6
    )
    assert np.array_equal(found.poses[:, slices["body"]], whole.poses[:, slices["body"]])
    assert next(with_hands([found], "relative", mean)).poses == pytest.approx(whole.poses, abs=1e-6)
    single = recording("hand", 45, hands="relative")
    assert next(with_hands([single], "absolute", mean)).poses - single.poses == pytest.approx(
        np.tile(mean[1].reshape(45), (30, 1)), abs=1e-6
    )
    body = recording("body", 63)
    assert next(with_hands([body], "relative")) is body


def test_the_papers_mixture_of_what_is_known() -> None:
    rows = [
        recording(kind, width, split, known=known)
        for split in ("train", "held_out")
        for kind, width, known in (
            ("wholebody", 256, ("body", "left_hand", "right_hand", "face")), ("body", 63, ()), ("hand", 45, ()),
            ("hands", 90, ()),
        )
    ]  # fmt: skip
    train, held_out = research_sets(rows, "wholebody")
    assert len(train) == len(held_out) == 30 + 3 + 30 + 30  # every tenth body
    assert train.available is not None
    kinds = {
        tuple(row.astype(int).tolist()): int((train.available == row).all(axis=1).sum()) for row in train.available
    }
    assert kinds == {(1, 1, 1, 1): 30, (1, 0, 0, 0): 3, (0, 1, 0, 0): 15, (0, 0, 1, 0): 15, (0, 1, 1, 0): 30}
    single = rows[2].poses
    on_left = (train.available == [False, True, False, False]).all(axis=1)
    found = other_hand(train.poses[on_left][:, slices["left_hand"]])
    assert all(np.abs(single - one).max(axis=1).min() < 1e-6 for one in found)
    ratio = train.weight[on_left].mean() / train.weight[train.available.all(axis=1)].mean()
    assert ratio == pytest.approx(0.2)
    hand, _ = research_sets(rows, "hand")
    assert len(hand) == 90
    face, _ = research_sets(rows, "face")
    assert face.poses == pytest.approx(rows[0].poses[:, slices["face"]])
    with pytest.raises(ValueError, match="none for held_out"):
        research_sets(rows[:4], "body")


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda path: path.write_bytes(b"no"), "expected an npz with poses"),
        (lambda path: np.savez(path, poses=np.array([{}], dtype=object)), "allow_pickle"),
        (lambda path: np.savez(path, trans=np.zeros((5, 3))), "no poses among trans"),
        (lambda path: np.savez(path, poses=np.zeros((5, 156))), r"shape \(N, 165\)"),
        (lambda path: np.savez(path, poses=np.full((5, 165), np.nan)), "NaN"),
    ],
)
def test_a_wrong_file_is_named(amass_folder: Path, spoil: Callable[[Path], None], expected: str) -> None:
    path = amass_folder / "CMU" / "01" / "01_01_stageii.npz"
    spoil(path)
    with pytest.raises(ValueError, match=expected) as told:
        list(amass(amass_folder))
    assert path.name in str(told.value)


def test_an_empty_folder_says_what_it_should_hold(tmp_path: Path) -> None:
    for read, what in ((amass, "stageii"), (beat2, "beat_"), (hamer, "dataset_params"), (egobody, "smplx_")):
        with pytest.raises(ValueError, match=what):
            list(read(tmp_path))


def test_the_script_writes_sets(amass_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["prepare_research.py", "--out", str(tmp_path / "out"), "--parts", "body", "--amass", str(amass_folder)]
    monkeypatch.setattr("sys.argv", command)
    prepare_research.main()
    train = PoseSet.load(tmp_path / "out" / "body_train.npz")
    assert train.clip_names == ("AMASS/CMU/01/01_01",)
    assert len(PoseSet.load(tmp_path / "out" / "body_held_out.npz")) == 4
