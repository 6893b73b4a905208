"""Scores of sets of pictures against what can be reckoned by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from engine.keypoint_words import ap10k, humanart, slot, with_words
from engine.picture_scores import clip_score, diversity, frechet, without_words

rng = np.random.default_rng(7)


def whitened(count: int, width: int) -> np.ndarray:
    """Rows (count, width) whose mean is exactly 0 and covariance exactly 1."""
    rows = rng.normal(size=(count, width))
    rows -= rows.mean(0)
    q, _ = np.linalg.qr(rows)
    return q * np.sqrt(count - 1)


# ── Fréchet distance ──


def test_equal_sets_are_no_distance_apart():
    rows = rng.normal(size=(50, 8)) * rng.uniform(0.1, 5, 8) + 100
    assert frechet(rows, rows) == pytest.approx(0, abs=1e-8)
    assert frechet(rows, rows[::-1]) == pytest.approx(0, abs=1e-8)


def test_gaussians_with_common_axes_are_as_far_apart_as_their_means_and_deviations():
    """d² = |μ₁ − μ₂|² + |σ₁ − σ₂|² where covariances commute."""
    deviations = rng.uniform(0.5, 3, (2, 6))
    means = rng.normal(size=(2, 6)) * 4
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    one, other = ((whitened(200, 6) * d) @ turn + m for d, m in zip(deviations, means, strict=True))
    by_hand = ((means[0] - means[1]) ** 2).sum() + ((deviations[0] - deviations[1]) ** 2).sum()
    assert frechet(one, other) == pytest.approx(by_hand, rel=1e-10)


@pytest.mark.parametrize(("n", "m"), [(300, 200), (300, 15), (12, 9)])
def test_it_is_the_formula_with_the_root_of_a_matrix(n, m):
    """For sets larger and smaller than the features are wide, with axes of their own."""
    one = rng.normal(size=(n, 20)) @ rng.normal(size=(20, 20)) + 1
    other = rng.normal(size=(m, 20)) @ rng.normal(size=(20, 20))
    a, b = np.cov(one.T), np.cov(other.T)
    by_hand = ((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(a + b - 2 * np.real(sqrtm(a @ b)))
    assert frechet(one, other) == pytest.approx(by_hand, rel=1e-5)
    assert frechet(other, one) == pytest.approx(frechet(one, other), rel=1e-10)


def test_single_precision_far_from_zero_loses_nothing():
    one = (whitened(400, 4) + 1000).astype(np.float32)
    other = (whitened(400, 4) * 2 + 1000).astype(np.float32)
    assert frechet(one, other) == pytest.approx(4, rel=1e-3)


@pytest.mark.parametrize(
    ("one", "other", "got"),
    [(np.ones((1, 3)), np.ones((4, 3)), r"\(1, 3\)"), (np.ones((4, 3)), np.ones((4, 2)), "3 and 2"),
     (np.full((4, 3), np.nan), np.ones((4, 3)), "finite")],
)  # fmt: skip
def test_sets_that_cannot_be_compared_are_refused(one, other, got):
    with pytest.raises(ValueError, match=rf"expected .*{got}"):
        frechet(one, other)


# ── CLIP-score and diversity ──


def test_clip_score_is_a_hundred_times_the_cosine_never_below_zero():
    prompts = np.array([[2.0, 0.0], [0.0, 3.0], [1.0, 1.0], [1.0, 0.0]])
    pictures = np.array([[5.0, 0.0], [1.0, 0.0], [1.0, 0.0], [-7.0, 0.0]])
    assert clip_score(pictures, prompts) == pytest.approx(100 * (1 + 0 + np.sqrt(0.5) + 0) / 4)
    with pytest.raises(ValueError, match="as many prompts as pictures"):
        clip_score(pictures, prompts[:2])


def test_diversity_is_the_mean_distance_within_groups():
    same, crossed = np.array([[1.0, 0], [4.0, 0]]), np.array([[1.0, 0], [0, 2.0], [-3.0, 0]])
    assert diversity([same]) == pytest.approx(0)
    assert diversity([crossed]) == pytest.approx((1 + 2 + 1) / 3)
    assert diversity([same, crossed, same[:1]]) == pytest.approx((0 + 4 / 3) / 2)
    assert diversity([same[:1]]) is None
    assert diversity([]) is None


# ── prompts ──


@pytest.mark.parametrize(("kind", "table"), [("human", humanart), ("animal", ap10k)])
@pytest.mark.parametrize("wrapped", [True, False])
def test_the_joints_words_leave_the_prompt(kind, table, wrapped):
    tokens = [word.token for word in table]
    for prompt in (
        "a tiger in the wild",
        f"A photo of tiger{slot} in the grass",
        f"There is tiger{slot} on the grass.",
    ):
        said = with_words(prompt, tokens, kind, wrapped)
        assert "<nose>" in said
        assert without_words(said).rstrip(".") == prompt.replace(slot, "").rstrip(".")
    assert without_words(with_words("dance, two dancers", tokens[:1], kind)).rstrip(".") == "dance, two dancers"


def test_other_words_stay():
    assert without_words("a <b>bold</b> fox, 3 < 4, <fox>") == "a <b>bold</b> fox, 3 < 4, <fox>"
    assert without_words("<nose>, a cat with a <left-eye> of glass") == "a cat with a of glass"
    assert without_words("a fox<KPT>") == "a fox"
    assert without_words("") == ""
