"""What a visitor's session does with what the page tells it."""

import pytest
from desk import figures, standing

from app.session import Session, committed, reply


def test_a_commit_brings_the_scene_and_its_revision():
    after = committed(Session(), {"rev": 3, "document": figures(standing)})
    assert after.scene is not None
    assert after.scene.pose.size == (600, 800)
    assert after.scene.pose.people[0].points.tolist() == standing["points"]
    assert reply(after) == {"heard": 3, "refusal": ""}


def test_a_later_commit_replaces_an_earlier_one():
    first = committed(Session(), {"rev": 1, "document": figures(standing)})
    second = committed(first, {"rev": 2, "document": figures()})
    assert second.scene is not None
    assert (second.scene.pose.people, second.revision) == ((), 2)
    assert first.scene is not None
    assert len(first.scene.pose.people) == 1, "sessions are values: the earlier one is as it was"


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"contrapposto": 2},
        figures({**standing, "points": standing["points"][:-1]}),
        figures({**standing, "points": [["a", "b"]] * 17}),
        figures({**standing, "points": [[float("nan"), 0]] * 17}),
        figures(size=(0, 10)),
    ],
)
def test_a_bad_document_is_refused_and_the_old_scene_kept(document):
    before = committed(Session(), {"rev": 1, "document": figures(standing)})
    after = committed(before, {"rev": 2, "document": document})
    assert after.scene is before.scene
    assert reply(after)["heard"] == 2
    assert len(reply(after)["refusal"]) > 10


def test_a_good_commit_clears_the_refusal():
    refused = committed(Session(), {"rev": 1, "document": None})
    assert refused.refusal
    assert not committed(refused, {"rev": 2, "document": figures()}).refusal


@pytest.mark.parametrize("told", [None, "rev", 4, [], {}, {"rev": "1"}, {"rev": True}, {"document": figures()}])
def test_something_else_than_a_commit_is_refused(told):
    before = committed(Session(), {"rev": 1, "document": figures(standing)})
    after = committed(before, told)
    assert (after.scene, after.revision) == (before.scene, 1)
    assert "expected" in after.refusal
