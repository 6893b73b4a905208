"""The recipes of the pose library: what each pose is called, and how its mannequin is posed and seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.mannequin import Animal, Figure, View


class Recipe(NamedTuple):
    """One pose: id, title, tags in one line, the pose itself (a hand as its 21 places in space), the view."""

    id: str
    title: str
    tags: str
    pose: Figure | Animal | np.ndarray
    view: View
