"""The evaluation: what is read, how conventions are brought over, what tables say, and that the whole of it runs."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.body import Body
from engine.diffusion import Diffusion
from engine.networks.dposer import Part, build, dims, tiny_sizes
from engine.pose_sets import PoseSet
from engine.prior import About, Normaliser, Prior
from engine.prior_file import PriorFolder, save_prior
from engine.skeleton import openpose25
from engine.tasks.completion import complete
from engine.tasks.recovery import standing
from engine.tasks.vectors import hidden_by
from scripts import benchmark_dposer, evaluate_dposer
from scripts.evaluation import completion, denoising, fitting, hands, observed, paper, whole
from scripts.evaluation.asked import Asked, points, skin
from scripts.evaluation.contestants import Contestants, norm, ours
from scripts.evaluation.published_loops import PublishedFit, published_completion
from scripts.evaluation.tables import Claim, Column, Row, Table, below, claims_table

rng = np.random.default_rng(0)


@pytest.fixture(scope="module")
def priors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny priors of all parts, untrained."""
    folder = tmp_path_factory.mktemp("priors")
    torch.manual_seed(0)
    parts: tuple[Part, ...] = ("body", "hand", "face", "face-shape")
    for part in parts:
        normaliser = Normaliser(torch.zeros(dims[part]), torch.full((dims[part],), 0.3), "tiny")
        prior = Prior(part, "base", Diffusion(build(part, sizes=tiny_sizes)), normaliser, About("tiny"))
        save_prior(prior.eval(), folder / f"{part}.safetensors")
    return folder


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Held-out bodies, 130 frames of two clips of which one breaks off, and a training set beside."""
    folder = tmp_path_factory.mktemp("poses")
    frame = np.concatenate([np.arange(70), np.arange(30), np.arange(40, 70)]).astype(np.int32)
    clip = np.repeat(np.array([0, 1], np.int32), [70, 60])
    weight = np.where(np.arange(130) == 5, 1e6, 1.0)
    poses = np.cumsum(rng.normal(0, 0.02, (130, 63)), axis=0).astype(np.float32)
    more = {"root": np.zeros((130, 3), np.float32), "frame": frame, "fps": np.full(2, 30, np.float32)}
    weight = (weight / weight.mean()).astype(np.float32)
    held = PoseSet("body", poses, weight, clip, ("a/long", "a/broken"), np.zeros(130, bool), **more)
    held.save(folder / "body_held_out.npz")
    replace(held, weight=np.ones(130, np.float32)).save(folder / "body_train.npz")
    return folder


@pytest.fixture(scope="module")
def asked(body: Body, priors: Path, sets: Path) -> Asked:
    found = observed.read([sets], body)
    return Asked(body, tuple(found), Contestants(PriorFolder(priors)), (sets,), samples=3)


# ── what is read ──


def test_captured_hands_are_counted_from_a_flat_hand(body: Body, tmp_path: Path):
    np.savez(tmp_path / "hands.npz", pose_samples=np.zeros((4, 45), np.float32))
    (found,) = observed.read([tmp_path / "hands.npz"], body)
    assert found.part == "hand"
    np.testing.assert_allclose(found.poses, np.tile(body.hand_mean[1].reshape(-1), (4, 1)), atol=1e-7)


def test_captured_whole_bodies_keep_their_jaw_and_no_foreign_expression(body: Body, tmp_path: Path):
    parts = {"body_pose": 63, "left_hand_pose": 45, "right_hand_pose": 45, "jaw_pose": 3, "expression": 100}
    arrays: dict[str, Any] = {name: np.full((2, n), 0.5, np.float32) for name, n in parts.items()}
    np.savez(tmp_path / "whole.npz", **arrays)
    (found,) = observed.read([tmp_path / "whole.npz"], body)
    assert found.poses.shape == (2, 256)
    assert (found.poses[:, :63] == 0.5).all()
    np.testing.assert_allclose(found.poses[0, 63:108], 0.5 + body.hand_mean[0].reshape(-1), atol=1e-6)
    assert (found.poses[:, 153:156] == 0.5).all()
    assert not found.poses[:, 156:].any()


def test_held_out_poses_come_by_weight_and_motion_in_whole_pieces(asked: Asked, sets: Path):
    (one,) = asked.sets
    source = PoseSet.load(sets / "body_held_out.npz")
    assert len(one.poses) == 130, "the training set was read as well"
    assert (one.some(1).poses[0] == source.poses[5]).all(), "the heaviest row comes first"
    (piece,) = one.motion  # the broken clip has no 60 frames in a row
    np.testing.assert_array_equal(one.poses[piece], source.poses[5:65])


def test_what_is_no_poses_is_refused(body: Body, tmp_path: Path):
    np.savez(tmp_path / "other.npz", picture=np.zeros(3))
    with pytest.raises(ValueError, match=r"other.npz: expected captured poses or a pose set, got picture"):
        observed.read([tmp_path / "other.npz"], body)
    np.savez(tmp_path / "face.npz", jaw_pose=np.zeros(3), expression=np.zeros(3), betas=np.zeros(3))
    with pytest.raises(ValueError, match="FLAME's shapes"):
        observed.read([tmp_path / "face.npz"], body)
    np.savez(tmp_path / "wide.npz", pose_samples=np.zeros((2, 50)))
    with pytest.raises(ValueError, match="63 or 45 numbers"):
        observed.read([tmp_path / "wide.npz"], body)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="got none"):
        observed.read([tmp_path / "empty"], body)


# ── what tables say ──


def test_a_table_marks_its_best_and_keeps_the_papers_apart():
    columns = (Column("error", "{:.1f}"), Column("recall", "{:.2f}", 1), Column("spread", "{:.1f}", 0))
    rows = (Row("a", ((2.0,), (0.5,), (1.0,))), Row("b", ((1.0,), (0.7,), (2.0,))))
    text = Table("t", columns, rows, paper=(Row("theirs", ((0.1,), None, None)),)).markdown()
    assert "| b | **1.0** | **0.70** | 2.0 |" in text
    assert "| a | 2.0 | 0.50 | 1.0 |" in text
    assert "| *theirs* | *0.1* |  |  |" in text
    assert "error ↓ | recall ↑ | spread |" in text
    with pytest.raises(ValueError, match="expected 3 cells for c, got 1"):
        Table("t", columns, (Row("c", ((1.0,),)),))


def test_claims_hold_or_do_not():
    assert below("x", 65.0, 100.0, 30).kept
    assert not below("x", 75.0, 100.0, 30).kept
    text = claims_table([below("x", 75.0, 100.0, 30), Claim("y", 0.9, 1.0)])
    assert "| x | ≥ 30 % | 25 % | **does not hold** |" in text
    assert "| y | ≤ 1 | 0.9 | holds |" in text


def test_the_papers_rows_fit_the_tables():
    for columns, rows in (
        (completion.columns, paper.completion), (denoising.columns, paper.denoising), (hands.noises, paper.hand_noise),
        (hands.columns, (*paper.hand_sparse, *paper.hand_fingertips)), (fitting.columns, fitting.paper_rows()),
        (whole.columns, whole.paper_rows()),
    ):  # fmt: skip
        assert Table("t", columns, (), paper=rows).markdown().count("*") >= 2 * len(rows)


# ── what is measured ──


def test_a_right_answer_costs_nothing_and_the_best_of_ten_counts(asked: Asked):
    (one,) = asked.of("body")
    true = torch.from_numpy(one.poses)[:, None].repeat(1, 10, 1)
    wrong = true.clone()
    wrong[:, 1:, :12] += 0.3  # hips: nine answers of ten are off
    table = completion._table(asked, one, {name: {"right": true, "once": wrong} for name in completion.groups}, True)
    assert table.rows[0].cells[0] == pytest.approx((0, 0, 0, 0), abs=1e-3)
    cell = table.rows[1].cells[0]
    assert cell is not None
    least, mean, _, apart = cell
    assert least == pytest.approx(0, abs=1e-3)
    assert mean > 10
    assert apart > 0.5


def test_noise_is_as_strong_as_it_says(asked: Asked):
    (one,) = asked.of("body", motion=True)
    true, noisy = denoising.noisy(asked, one, 40)
    assert true.shape == (1, 60, 22, 3)
    assert float((noisy - true).std()) == pytest.approx(0.04, rel=0.05)


def test_pictures_show_the_bodies_that_are_measured(asked: Asked):
    (one,) = asked.of("body")
    pictures = fitting.pictured(asked.body, one, 0)
    camera = pictures.keypoints.cameras[0]
    shoulder = pictures.joints[:, asked.body.joint_names.index("left_shoulder")] / 1000
    seen = pictures.keypoints.places[:, openpose25.index("left_shoulder")].numpy()
    assert np.abs(camera.project(shoulder) - seen).max() < 5 * fitting.pixel_noise
    assert 300 < np.ptp(pictures.keypoints.places[0, :, 1].numpy()) < 1100


def test_skin_of_vectors_is_the_bodys(asked: Asked):
    selection = skin(asked.body, "left_leg")
    found = points(asked.body, "body", np.zeros((2, 5, 63), np.float32), selection)
    assert found.shape == (2, 5, len(selection), 3)
    at_rest = asked.body.shapes.base[selection.vertices].numpy() * 1000
    np.testing.assert_allclose(found[1, 4], at_rest, atol=0.05)


def test_strengths_scale_the_baselines_alone(priors: Path):
    poses, t = torch.full((1, 63), 0.2), torch.tensor([0.1])
    plain, strong = (
        Contestants(PriorFolder(priors), factors=factors).guides("denoising", "body", "half", "sum")
        for factors in ({norm: 1.0}, {norm: 3.0})
    )
    noise = torch.zeros(1, 63)
    assert strong[norm].penalty(poses, t, noise) == pytest.approx(3 * plain[norm].penalty(poses, t, noise))
    assert strong[ours].penalty(poses, t, noise) == pytest.approx(plain[ours].penalty(poses, t, noise))


# ── the published loops ──


@pytest.mark.slow
def test_the_published_completion_finds_what_ours_does(priors: Path):
    prior, hidden = PriorFolder(priors).prior("body"), hidden_by("body", "legs")
    observed_pose = torch.from_numpy(rng.normal(0, 0.2, (1, 63))).float()
    theirs = published_completion(prior, observed_pose, hidden, 4)
    mine = complete(prior, observed_pose, hidden, hypotheses=4)[0]
    other = complete(prior, observed_pose, hidden, hypotheses=4, seed=1)[0]
    # An untrained network magnifies the last digits; other noise makes another pose altogether.
    assert (theirs - mine).abs().max() < 0.05
    assert (theirs - mine).abs().mean() < 0.02 * (other - mine).abs().mean()


def test_the_published_recovery_looks_at_the_points_of_the_body(body: Body, priors: Path):
    picture = benchmark_dposer.pictured(body, noise=0)
    start = standing.moved((0.0, 0.0, -4.0))
    fit = PublishedFit(body, PriorFolder(priors).prior("body"), picture.keypoints, start)
    expected = body.seen(start, picture.keypoints.cameras[0], openpose25) - picture.keypoints.places[0].numpy()
    np.testing.assert_allclose(fit.off()[0].numpy(), expected, atol=0.05)
    before = float(fit.fitting(2, 5, 0.1))
    fit.run(lambda _: fit.fitting(2, 5, 0.1), [fit.root, fit.pose, fit.betas], 3)
    assert float(fit.fitting(2, 5, 0.1)) < before


# ── the whole of it ──


def test_one_command_writes_the_page(
    body: Body, priors: Path, sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    page = tmp_path / "results.md"
    command = f"evaluate --task completion denoising --poses {sets} --prior {priors} --samples 2 --quiet --out {page}"
    monkeypatch.setattr(sys, "argv", command.split())
    monkeypatch.setattr(denoising, "settings", {40: replace(denoising.noise_40, steps=2)})
    monkeypatch.setattr(denoising, "columns", denoising.columns[:1])
    monkeypatch.setattr(paper, "denoising", ())
    monkeypatch.setattr(completion, "groups", {"legs": "legs"})
    monkeypatch.setattr(completion, "columns", completion.columns[:1])
    monkeypatch.setattr(paper, "completion", ())
    monkeypatch.setattr(Body, "load", lambda _: body)
    threads = torch.get_num_threads()
    evaluate_dposer.main()
    torch.set_num_threads(threads)
    told, written = capsys.readouterr().out, page.read_text("utf-8")
    for text in (told, written):
        assert "held-out open body (2 poses): all joints" in text
        assert f"| {ours} |" in text
    assert "## How it was measured" in written


def test_a_folder_without_poses_ends_in_a_sentence(
    body: Body, priors: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Body, "load", lambda _: body)
    monkeypatch.setattr(sys, "argv", f"evaluate --poses {tmp_path} --prior {priors}".split())
    with pytest.raises(SystemExit, match=r"evaluate_dposer: expected poses as .npz"):
        evaluate_dposer.main()
