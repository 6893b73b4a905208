"""What sets a drawn figure right, by name: from what is seen of it and an issue to the figure after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from engine.lint_checks import hand_size, stretch, unforeshortened
from engine.lint_glance import exchanges
from engine.lint_sight import Issue, Mend, Sight
from engine.pose import Person, State
from engine.rig import joint_number

_shortest, _longest = 0.5, 0.98  # of its full length: how a bone is drawn that was drawn too long


def _exchanged(sight: Sight, issue: Issue) -> Person:
    """Left and right of the joints exchanged, with the hands and feet that hang on them."""
    if issue.kind == "face_away":  # it is the body that was read the wrong way round
        names = sight.having(*(f"left_{part}" for part in exchanges["body"]))
    else:
        names = tuple(name for name in issue.joints if name.startswith("left_")) or issue.joints
    person = sight.person
    skeleton = person.skeleton
    chosen = {name for joint in names for name in (joint, *hanging(person, joint))}
    chosen |= {skeleton.joints[skeleton.swap[skeleton.index(name)]] for name in chosen}
    order = np.arange(len(skeleton))
    where = skeleton.indices(chosen)
    order[where] = skeleton.swap[where]
    return replace(
        person, points=person.points[order], scores=person.scores[order],
        states=tuple(person.states[i] for i in order), sources=tuple(person.sources[i] for i in order),
    )  # fmt: skip


def hanging(person: Person, joint: str) -> tuple[str, ...]:
    """All that hangs on a joint: what moves along when it moves."""
    parents = dict(person.skeleton.parents)
    found: list[str] = []
    for name in person.skeleton.joints:
        above = parents.get(name)
        while above is not None and above != joint:
            above = parents.get(above)
        if above == joint:
            found.append(name)
    return tuple(found)


def _marked(person: Person, names: Iterable[str], state: State) -> Person:
    where = set(person.skeleton.indices(names).tolist())
    states = tuple(state if i in where and old != "missing" else old for i, old in enumerate(person.states))
    return replace(person, states=states)


def _hidden(sight: Sight, issue: Issue) -> Person:
    """The face hidden: nose, eyes and all of its points."""
    skeleton = sight.person.skeleton
    face = (name for name in skeleton.joints if name.startswith("face_") or name.endswith(("_eye", "_pupil")))
    return _marked(sight.person, (*face, "nose"), "hidden")


def _dropped(sight: Sight, issue: Issue) -> Person:
    return _marked(sight.person, issue.joints, "missing")


def _put_back(sight: Sight, issue: Issue) -> Person:
    """Nose and eyes where the head of the likeliest body has them, as far from the shoulders as it has them there."""
    person, seen = sight.person, sight.drawn.seen
    held = [name for name in ("left_shoulder", "right_shoulder", "left_ear", "right_ear") if name in seen]
    off = np.mean([sight.at(name) - seen[name] for name in held], axis=0)
    points, states, sources = person.points.copy(), list(person.states), list(person.sources)
    for name in issue.joints:
        i = person.skeleton.index(name)
        points[i], states[i], sources[i] = _on_head(sight, name) + off, "visible", "prior"
    return replace(person, points=points, states=tuple(states), sources=tuple(sources))


def _on_head(sight: Sight, name: str) -> np.ndarray:
    """Where the likeliest body has a point of its head, px."""
    head = joint_number("head")
    from_head = sight.rig.at_rest(name) - sight.rig.joints[head]
    return sight.camera.project(sight.drawn.places[head] + sight.drawn.world[head] @ from_head)


def _shortened(sight: Sight, issue: Issue) -> Person:
    """The bone as long as the likeliest body shows it; what hangs on its end comes along."""
    a, b = issue.joints
    seen = sight.drawn.seen
    full = float(np.linalg.norm(sight.at(b) - sight.at(a))) / stretch(sight, a, b)
    shown = float(np.linalg.norm(seen[b] - seen[a])) / full
    twins = tuple(name.replace("left", "right") if "left" in name else name.replace("right", "left") for name in (a, b))
    twin = stretch(sight, *twins) if sight.has(*twins) else 0.0
    if twin > unforeshortened:  # what is beside it tells best how long it is
        shown = min(shown, twin)
    way = (sight.at(b) - sight.at(a)) / np.linalg.norm(sight.at(b) - sight.at(a))
    by = sight.at(a) + way * full * float(np.clip(shown, _shortest, _longest)) - sight.at(b)
    return sight.person.shifted(by, (b, *hanging(sight.person, b)))


def _side(issue: Issue) -> str:
    return issue.joints[0].split("_")[0]


def _resized(sight: Sight, issue: Issue) -> Person:
    """The hand as large as the figure's, about its wrist."""
    side, person = _side(issue), sight.person
    root = f"{side}_hand_root"
    about = sight.at(f"{side}_wrist") if sight.has(f"{side}_wrist") else sight.at(root)
    return person.scaled(1 / hand_size(sight, side), about, (root, *hanging(person, root)))


def _home(sight: Sight, issue: Issue) -> Person:
    side, person = _side(issue), sight.person
    root = f"{side}_hand_root"
    return person.shifted(sight.at(f"{side}_wrist") - sight.at(root), (root, *hanging(person, root)))


mends: dict[Mend, Callable[[Sight, Issue], Person]] = {
    "exchange": _exchanged, "hide": _hidden, "drop": _dropped, "put_back": _put_back, "length": _shortened,
    "hand_size": _resized, "hand_home": _home,
}  # fmt: skip
