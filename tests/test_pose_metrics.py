"""The metrics of pose priors against SciPy, brute force, published figures and cases whose answer is plain."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from engine.pose_metrics import (
    Moments,
    aligned,
    frechet,
    over_hypotheses,
    pair_distance,
    point_error,
    prdc,
    skin_joints,
    skin_of,
    to_nearest,
    to_nearest_turns,
)  # fmt: skip
from engine.skeleton import smplx55

# Captured poses against the published statistics and references are not checked: nobody ships those. What is, is the
# arithmetic, and that two halves of one capture are alike.


def some(count: int, dims: int, seed: int = 0, shift: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, dims)) @ rng.normal(size=(dims, dims)) + shift


# ── sets ──


def test_frechet_is_scipys_square_root():
    a, b = some(400, 12), some(300, 12, 1, 0.3)
    mean, other = a.mean(0), b.mean(0)
    A, B = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    roots = np.real(np.trace(scipy.linalg.sqrtm(A @ B)))
    expected = ((mean - other) ** 2).sum() + np.trace(A) + np.trace(B) - 2 * roots
    assert frechet(Moments.of(a), Moments.of(b)) == pytest.approx(expected, rel=1e-9)
    assert frechet(Moments.of(b), Moments.of(a)) == pytest.approx(expected, rel=1e-9)


def test_frechet_of_numbers_that_never_move():
    """Expressions beyond the body's ten are zero: the covariance is singular, and the distance still a number."""
    a = some(200, 6)
    a[:, 4:] = 0
    assert frechet(Moments.of(a), Moments.of(a)) == pytest.approx(0, abs=1e-6)
    moved = a + np.array([2.0, 0, 0, 0, 0, 0])
    assert frechet(Moments.of(a), Moments.of(moved)) == pytest.approx(4, rel=1e-6)


@pytest.mark.parametrize("k", [1, 3])
def test_prdc_is_its_definition(k):
    real, fake = some(90, 5), some(70, 5, 0, 0.8) + some(70, 5, 3) * 0.1
    between, within, inside = cdist(real, fake), cdist(real, real), cdist(fake, fake)
    real_reach, fake_reach = np.sort(within)[:, k], np.sort(inside)[:, k]
    found = prdc(real, fake, k)
    hits = sum(between[i, j] < real_reach[i] for i in range(90) for j in range(70))
    assert found.precision == np.mean([any(between[i, j] < real_reach[i] for i in range(90)) for j in range(70)])
    assert found.recall == np.mean([any(between[i, j] < fake_reach[j] for j in range(70)) for i in range(90)])
    assert found.density == pytest.approx(hits / k / 70)
    assert found.coverage == np.mean([between[i].min() < real_reach[i] for i in range(90)])
    assert 0 < found.precision < 1, "the case says nothing"
    assert 0 < found.recall < 1, "the case says nothing"


def test_prdc_in_blocks_is_the_same(monkeypatch):
    real, fake = some(90, 5), some(70, 5, 1)
    whole = prdc(real, fake)
    monkeypatch.setattr("engine.pose_metrics._rows", 16)
    assert prdc(real, fake) == pytest.approx(whole)


def test_prdc_of_halves_and_strangers():
    real = some(1000, 4)
    half = prdc(real[::2], real[1::2])
    assert half.precision > 0.7
    assert half.recall > 0.7
    assert half.coverage > 0.8
    far = prdc(real[::2], real[1::2] + 100)
    assert far == (0, 0, 0, 0)


def test_nearest_turns_are_scipys():
    poses, reference = some(20, 12) * 0.4, some(50, 12, 1) * 0.4
    ours, theirs = (Rotation.from_rotvec(p.reshape(-1, 3)).as_quat().reshape(len(p), 4, 4) for p in (poses, reference))
    ours, theirs = (q * np.where(q[..., 3:] < 0, -1, 1) for q in (ours, theirs))
    chosen = cdist(ours.reshape(20, -1), theirs.reshape(50, -1)).argmin(1)
    expected = [
        sum((Rotation.from_quat(ours[n, j]).inv() * Rotation.from_quat(theirs[m, j])).magnitude() for j in range(4))
        for n, m in enumerate(chosen)
    ]
    np.testing.assert_allclose(to_nearest_turns(poses, reference), expected, atol=1e-6)


def test_a_turn_beyond_a_half_is_the_same_turn():
    """Axis-angles are not unique: 1.5 π about x is -0.5 π."""
    pose, same = np.array([[1.5 * np.pi, 0, 0]]), np.array([[-0.5 * np.pi, 0, 0]])
    assert to_nearest_turns(pose, same)[0] == pytest.approx(0, abs=1e-7)
    assert to_nearest_turns(pose, np.zeros((1, 3)))[0] == pytest.approx(np.pi / 2)
    assert to_nearest(pose, same)[0] == pytest.approx(2 * np.pi)


# ── points ──


def test_pair_distance_is_the_mean_over_pairs():
    points = np.random.default_rng(0).normal(size=(3, 5, 7, 3))
    pairs = list(itertools.combinations(range(5), 2))
    for n in range(3):
        far = [np.linalg.norm(points[n, i] - points[n, j], axis=-1).mean() for i, j in pairs]
        assert pair_distance(points)[n] == pytest.approx(np.mean(far))
    assert pair_distance(points[0]) == pytest.approx(pair_distance(points)[0])


def test_alignment_undoes_a_similarity_and_no_mirror():
    rng = np.random.default_rng(0)
    true = rng.normal(size=(4, 9, 3))
    turns = Rotation.random(4, rng=np.random.default_rng(0)).as_matrix()
    found = 1.7 * np.einsum("bij,bpj->bpi", turns, true) + rng.normal(size=(4, 1, 3))
    np.testing.assert_allclose(aligned(found, true), true, atol=1e-10)
    assert (point_error(aligned(true * (-1, 1, 1), true), true) > 0.1).all()


def test_alignment_is_the_least():
    """No small turn, scale or move of what was aligned comes nearer in the least squares."""
    rng = np.random.default_rng(1)
    true, found = rng.normal(size=(1, 8, 3)), rng.normal(size=(1, 8, 3))
    best = aligned(found, true)
    least = ((best - true) ** 2).sum()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        turn = Rotation.from_rotvec(rng.normal(size=3) * 0.02).as_matrix()
        other = best @ turn.T * (1 + 0.02 * rng.normal()) + 0.02 * rng.normal(size=3)
        assert ((other - true) ** 2).sum() >= least


def test_figures_over_hypotheses():
    errors = np.array([[1.0, 3.0], [4.0, 8.0]])
    assert over_hypotheses(errors) == (2.5, 4.0, 1.5)


# ── skin ──


def test_skin_belongs_to_who_carries_most_of_it():
    weights = np.zeros((6, 55))
    for row, name in enumerate(["left_hip", "left_foot", "left_wrist", "left_hand_index_2", "head", "left_elbow"]):
        weights[row, smplx55.index(name)] = 0.7
        weights[row, smplx55.index("pelvis")] = 0.3
    assert skin_of(weights, "left_leg").tolist() == [0, 1]
    assert skin_of(weights, "left_hand").tolist() == [2, 3]
    assert skin_of(weights, "left_arm").tolist() == [5]
    assert skin_of(weights, "face").tolist() == [4]
    assert skin_of(weights, "right_leg").tolist() == []
    assert skin_of(weights, "all", 3).tolist() in ([0, 2, 5], [0, 3, 5])


def test_every_part_of_the_open_body_has_skin(body):
    weights = body.weights.numpy()
    counts = {part: len(skin_of(weights, part)) for part in skin_joints}
    assert min(counts.values()) > 200
    assert counts["all"] == len(weights)
    assert abs(counts["left_leg"] - counts["right_leg"]) < 0.05 * counts["left_leg"]
    assert len(skin_of(weights, "legs", 300)) == 300


# ── captured poses ──


def test_captured_bodies_are_like_themselves_and_unlike_noisy_ones(shared: Path):
    with np.load(shared / "poses" / "toy_body_data.npz", allow_pickle=False) as file:
        poses = file["pose_samples"]
    halves = prdc(poses[::2], poses[1::2])
    assert halves.precision > 0.5
    assert halves.recall > 0.5
    noisy = prdc(poses[::2], poses[1::2] + np.random.default_rng(0).normal(size=poses[1::2].shape) * 0.5)
    assert noisy.precision < 0.5 * halves.precision
    near, far = (to_nearest_turns(p, poses[::2]).mean() for p in (poses[1::2], -poses[1::2]))
    assert near < far


# ── refusals ──


def test_bad_sets_are_refused():
    good = some(10, 3)
    with pytest.raises(ValueError, match=r"expected at least 4 poses of shape \(N, D\), got \(3, 3\)"):
        prdc(good[:3], good)
    with pytest.raises(ValueError, match="got NaN"):
        Moments.of(np.full((4, 2), np.nan))
    with pytest.raises(ValueError, match="axis-angles"):
        to_nearest_turns(np.zeros((2, 4)), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="at least two samples"):
        pair_distance(np.zeros((1, 5, 3)))
    with pytest.raises(ValueError, match="two sets of points"):
        aligned(np.zeros((2, 5, 3)), np.zeros((2, 4, 3)))
    with pytest.raises(ValueError, match="errors of shape"):
        over_hypotheses(np.zeros(3))
    with pytest.raises(ValueError, match="expected a part"):
        skin_of(np.zeros((2, 55)), "tail")
