"""Who is who from frame to frame: people of one frame matched to those seen before, by likeness of pose and place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.measure import oks
from engine.pose import Person

# Of a figure's box, what COCO's areas come to on the whole: OKS wants an area.
area_of_box = 0.53
least_likeness = 0.2
remembered_seconds = 1.0  # how long somebody may be out of sight and keep the name


class Tracker:
    """Names people “1”, “2”, … in the order they appear, and keeps each name with its person from frame to frame."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[Person, float]] = {}
        self._count = 0

    def named(self, people: Sequence[Person], time: float) -> tuple[Person, ...]:
        """The people of the frame at `time` s in their order, each under a name; times rise.

        The most alike pair first, each once: the mean of OKS and of the boxes' IoU, at least `least_likeness`.
        """
        self._seen = {n: (p, when) for n, (p, when) in self._seen.items() if time - when <= remembered_seconds}
        pairs = sorted(
            ((likeness(person, known), i, name) for i, person in enumerate(people)
             for name, (known, _) in self._seen.items()),
            key=lambda pair: -pair[0],
        )  # fmt: skip
        names: dict[int, str] = {}
        for alike, i, name in pairs:
            if alike >= least_likeness and i not in names and name not in names.values():
                names[i] = name
        for i in range(len(people)):
            if i not in names:
                self._count += 1
                names[i] = str(self._count)
        named = tuple(replace(person, name=names[i]) for i, person in enumerate(people))
        self._seen |= {person.name: (person, time) for person in named}
        return named


def likeness(person: Person, known: Person) -> float:
    """How alike two figures are in pose and place, 0 … 1; 0 where one has no joint in the picture."""
    if not (person.present.any() and known.present.any()):
        return 0.0
    box = known.box()
    return (oks(person, known, area_of_box * box.area) + person.box().iou(box)) / 2
