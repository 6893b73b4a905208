"""What the page asks for lifts: readings of a scene with progress and cancel, and a body that follows its drawing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from desk import figures, standing

from app import lifts
from app.jobs import Jobs
from engine.formats.document import from_document
from engine.formats.people import to_body, to_camera
from engine.studio import Studio
from scripts.lift import main


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio()


@pytest.fixture(scope="module")
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture(scope="module")
def lift(studio: Studio, jobs: Jobs) -> Callable[..., list[dict[str, Any]]]:
    """Everything the endpoint yields."""
    endpoint = lifts.lifter(studio, jobs)
    return lambda *told, **named: list(endpoint(*told, **named))


@pytest.fixture(scope="module")
def heard(lift) -> list[dict[str, Any]]:
    """What the endpoint yields for four readings of the standing figure."""
    return lift(figures(standing), hypotheses=4)


@pytest.fixture(scope="module")
def read(heard) -> dict[str, Any]:
    """Four readings of the standing figure."""
    return heard[-1]


def missing(*joints: int) -> dict[str, Any]:
    """The standing figure with these joints alone."""
    return standing | {"states": ["visible" if i in joints else "missing" for i in range(17)]}


def alone(read: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A document with the standing figure in its first reading."""
    person = standing | {"body": read["figures"][0]["readings"][0]["body"]} | changes
    return figures(person) | {"camera": read["camera"]}


def test_readings_come_with_progress_the_best_first(heard):
    shares = [one["fraction"] for one in heard[:-1]]
    assert shares == sorted(shares)
    assert len(shares) > 1
    (figure,) = heard[-1]["figures"]
    assert figure["index"] == 0
    assert 1 < len(figure["readings"]) <= 4
    assert figure["readings"][0]["error"] < 0.03 * 603, "the first one stands as it is drawn"
    assert to_camera(heard[-1]["camera"]).size == (600, 800)


def test_the_same_seed_reads_the_same(lift, read):
    again = lift(figures(standing), hypotheses=4)[-1]
    assert again == read
    assert lift(figures(standing), hypotheses=4, seed=1)[-1] != read


nobody = [[150 * (i * 7 % 5), 250 * (i * 3 % 4)] for i in range(17)]


@pytest.mark.parametrize("points", [[[300, 100 + 30 * i] for i in range(17)], [[300, 300]] * 17, nobody])
def test_points_on_a_line_on_a_spot_or_of_nobody_are_no_figure(lift, points):
    (figure,) = lift(figures(standing | {"points": points}), hypotheses=2)[-1]["figures"]
    assert figure["readings"] == []
    assert figure["note"].startswith("Expected")


def test_a_figure_that_cannot_be_read_says_why_and_the_others_stand(lift):
    told = lift(figures(missing(0, 1), standing), hypotheses=1)[-1]["figures"]
    assert told[0]["readings"] == []
    assert told[0]["note"].startswith("Expected")
    assert len(told[1]["readings"]) == 1


def test_a_lift_is_given_up_within_one_step(studio, jobs):
    steps = lifts.lifter(studio, jobs)(figures(standing, standing), hypotheses=4, job="mine")
    next(steps)
    assert jobs.cancel("mine")
    rest = list(steps)
    assert rest[-1] == {"cancelled": True}
    assert "figures" not in rest[-1]


@pytest.mark.parametrize(
    "wrong", [{"hypotheses": 0}, {"hypotheses": 21}, {"seed": -1}, {"naturalness": "much"}, {"indices": [1]}]
)
def test_a_lift_refuses_what_it_is_not_told_well(lift, wrong):
    with pytest.raises(Exception, match="xpected"):
        lift(figures(standing), **wrong)


def test_points_that_are_no_numbers_are_refused_in_a_sentence(lift):
    nowhere = standing | {"points": [[float("nan"), 1.0], *standing["points"][1:]]}
    with pytest.raises(Exception, match="xpected"):
        lift(figures(nowhere))


def test_a_body_follows_its_drawing(studio, read):
    points = [list(map(float, place)) for place in standing["points"]]
    points[9] = [430.0, 250.0]  # the left wrist, raised
    document = alone(read, points=points)
    told = lifts.follow(studio.stage, {"document": document})
    before, after = (to_body(one) for one in (document["people"][0]["body"], told["body"]))
    wrists = [studio.stage.joints(body)[20] for body in (before, after)]
    assert wrists[1][1] - wrists[0][1] > 0.2
    seen = to_camera(read["camera"]).project(studio.stage.joints(after))[20]
    assert np.linalg.norm(seen - points[9]) < 0.08 * 603
    ankles = [studio.stage.joints(body)[8] for body in (before, after)]
    assert np.linalg.norm(ankles[1] - ankles[0]) < 0.08, "what was not dragged stays"


def test_pictures_come_with_it_where_something_can_draw(studio, read):
    view = {"camera": read["camera"], "look": {}, "moving": True}
    told = lifts.follow(studio.stage, {"document": alone(read), "still": True, "views": [view, view]})
    assert told["body"] is None
    assert len(told["views"]) == 2
    assert len(told["views"][0]["joints"][0]) == 55


def test_following_takes_one_figure_that_stands(studio, read):
    for document in (figures(standing) | {"camera": read["camera"]}, alone(read) | {"camera": None}, figures()):
        with pytest.raises(ValueError, match="one figure that stands"):
            lifts.follow(studio.stage, {"document": document})


# ── the command line ──


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Runs scripts/lift.py on the standing figure; the file it wrote."""
    (tmp_path / "pose.json").write_text(json.dumps(figures(standing)), "utf-8")

    def run(out: str, *options: str) -> Path:
        told = ["lift.py", str(tmp_path / "pose.json"), "--out", str(tmp_path / out), "--hypotheses", "2", *options]
        monkeypatch.setattr(sys, "argv", told)
        main()
        return tmp_path / out

    return run


@pytest.mark.slow
def test_the_script_writes_a_document_whose_figures_stand(script, capsys):
    scene = from_document(json.loads(script("body.json").read_text("utf-8")))
    assert scene.camera is not None
    assert scene.pose.people[0].body is not None
    assert np.array_equal(scene.pose.people[0].points, standing["points"])
    assert "unnatural" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("out", "options", "expected"),
    [("body.txt", [], "--out to end in"), ("body.npz", ["--person", "2"], "--person 1 to 1")],
)
def test_the_script_says_what_it_takes(script, capsys, out, options, expected):
    with pytest.raises(SystemExit):
        script(out, *options)
    assert expected in capsys.readouterr().err
