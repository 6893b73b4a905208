"""The library's poses painted and judged, and the README's tour: small enough to run here."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from scripts import make_tour
from scripts.evaluation import best_of_four


def test_poses_are_painted_judged_and_shown(tmp_path, monkeypatch, capsys):
    said = ["--out", str(tmp_path), "--limit", "2", "--steps", "1", "--across", "1"]
    monkeypatch.setattr(sys, "argv", ["best_of_four.py", *said])
    best_of_four.main()
    report = json.loads((tmp_path / "four.json").read_text("utf-8"))
    assert report["poses"] == 2
    assert len({row["prompt"] for row in report["judged"]}) == 2
    for row in report["judged"]:
        assert len(row["oks"]) == 4
        assert row["oks"] == sorted(row["oks"], reverse=True)
    assert report["median_best"] == pytest.approx(np.mean([row["oks"][0] for row in report["judged"]]), abs=1e-4)
    assert report["judged"][0]["pose"] in capsys.readouterr().out
    with Image.open(tmp_path / "four.webp") as page:
        assert page.size == (5 * 134 + 12, 2 * 150)


def test_a_row_of_the_tour_has_a_tile_for_each_step(tmp_path):
    red = np.full((128, 160, 3), (200, 0, 0), np.uint8)
    pictures = make_tour.four([red] * 4)
    tiles = [make_tour._fitted(Image.fromarray(red)) for _ in range(4)]
    page = make_tour.sheet([[*tiles, pictures]] * 2)
    assert len(make_tour.titles) == 5
    assert page.height == make_tour.title + 2 * (make_tour.tile[1] + make_tour.gap)
    assert page.getpixel((page.width - 20, page.height - 40)) == (200, 0, 0)


@pytest.mark.slow
def test_the_tour_is_made_of_what_comes_along(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(make_tour, "painted", 1)
    monkeypatch.setattr(make_tour, "stops", make_tour.stops[:1])
    monkeypatch.setattr(sys, "argv", ["make_tour.py", "--out", str(tmp_path / "tour.webp")])
    make_tour.main()
    assert "dancer.jpg: OKS" in capsys.readouterr().out
    with Image.open(tmp_path / "tour.webp") as page:
        assert page.width > 4 * make_tour.tile[0]
