"""How trainings are drawn: what is read, how long lines are thinned out, that each line is seen."""

import numpy as np
import pytest

from scripts.training_curves import colors, drawn, read_line, smoothed


def test_a_column_is_read_by_its_name(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("step,loss,gradient\n1,0.5,2\n3,0.25,1\n")
    steps, values = read_line(path, "loss")
    assert steps.tolist() == [1, 3]
    assert values.tolist() == [0.5, 0.25]
    with pytest.raises(ValueError, match=r"expected lines with a column 'oks' .* got step, loss, gradient"):
        read_line(path, "oks")
    path.write_text("step,loss\n")
    with pytest.raises(ValueError, match="got none"):
        read_line(path, "loss")


def test_long_lines_become_means_of_neighbours():
    steps = np.arange(1000.0)
    thin, values = smoothed(steps, 2 * steps, 10)
    np.testing.assert_allclose(thin, np.arange(10) * 100 + 49.5)
    np.testing.assert_allclose(values, 2 * thin)
    assert len(smoothed(steps[:5], steps[:5], 10)[0]) == 5


def test_every_line_is_seen(window_kind):
    steps = np.arange(100.0)
    lines = [("falls", steps, 1 / (1 + steps)), ("stays", steps, np.full(100, 0.5))]
    picture = drawn(lines, "two lines", "loss")
    for color in colors[: len(lines)]:
        wanted = [int(color[k : k + 2], 16) for k in (1, 3, 5)]
        assert (np.abs(picture.astype(int) - wanted).max(axis=-1) < 12).sum() > 100
