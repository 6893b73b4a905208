"""The page's questions about what looks off in figures, and its asking to set it right, from JSON to JSON.

ValueError, in a sentence, for what cannot be.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.body_requests import file_of
from engine import fit
from engine.camera import Camera
from engine.formats.checks import keyed, listed, text
from engine.formats.document import from_document
from engine.formats.people import from_body
from engine.lint import Issue
from engine.pose import Person
from engine.stage import Stage

most_people = 8  # of one asking


def issues(stage: Stage, told: Any) -> dict[str, Any]:
    """What looks off about figures of a document: {figures: [[{kind, joints, sentence, mends}] for each person]}.

    `document` holds the figures asked about, each with its body only where that stands as it is drawn.
    """
    people, camera = _figures(told)
    linter = stage.linter(file_of(told))
    return {"figures": [[_told(issue) for issue in linter.issues(person, camera)] for person in people]}


def mend(stage: Stage, told: Any) -> dict[str, Any]:
    """A figure set right: {points, states, sources, body, left: what still looks off}.

    `issue` {kind, joints} is one that was told of, null all of them; `mend` is the way, null the likeliest. A body
    that its drawing leaves stands up anew.
    """
    people, camera = _figures(told)
    if len(people) != 1:
        raise ValueError(f"expected one figure to set right, got {len(people)}")
    before, linter = people[0], stage.linter(file_of(told))
    if told.get("issue") is None:
        after = linter.mended_all(before, camera)
    else:
        issue = _issue(told["issue"], linter.issues(before, camera))
        way = told.get("mend")
        if way is not None and way not in issue.mends:
            raise ValueError(f"expected one of {', '.join(issue.mends)}, got {text(way, 'mend')!r}")
        after = linter.mended(before, camera, issue, way)
    if before.body is not None and (after.body is None or after.body is before.body):
        after = _standing(stage, file_of(told), replace(after, body=before.body), camera)
    return {
        "points": after.points.round(2).tolist(), "scores": after.scores.tolist(), "states": list(after.states),
        "sources": list(after.sources), "body": None if after.body is None else from_body(after.body),
        "left": [_told(issue) for issue in linter.issues(after, camera)],
    }  # fmt: skip


def _figures(told: Any) -> tuple[tuple[Person, ...], Camera]:
    told = keyed(told, "the request", "document")
    scene = from_document(told["document"])
    if len(scene.pose.people) > most_people:
        raise ValueError(f"expected at most {most_people} figures at a time, got {len(scene.pose.people)}")
    return scene.pose.people, scene.camera or fit.camera_for(scene.pose.size)


def _told(issue: Issue) -> dict[str, Any]:
    return {
        "kind": issue.kind, "joints": list(issue.joints), "badness": round(issue.badness, 2),
        "sentence": issue.sentence, "mends": list(issue.mends),
    }  # fmt: skip


def _issue(told: Any, present: tuple[Issue, ...]) -> Issue:
    """The issue that is told of, among those there are."""
    told = keyed(told, "issue", "kind", "joints")
    joints = {text(joint, "issue, joints") for joint in listed(told["joints"], "issue, joints", at_most=200)}
    for issue in present:
        if issue.kind == told["kind"] and joints & set(issue.joints):
            return issue
    raise ValueError("expected something that still looks off, found that it does not any more")


def _standing(stage: Stage, file: str, person: Person, camera: Camera) -> Person:
    """The figure with a body that stands as it is drawn now; its old one where none can."""
    try:
        return replace(person, body=stage.stood(person, camera, file).pose)
    except ValueError:
        return person
