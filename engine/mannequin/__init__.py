"""Mannequins that hold a pose: people, hands and four-legged animals in space, and how a camera sees them.

Reading order: frames (turning and reaching), hand, head, figure (a person in words), kinematics, animal, view (the
picture).
Numpy only; all proportions and kinematics are this project's own.
"""

from engine.mannequin.animal import Animal, Beast, Breed, breeds, posed_animal
from engine.mannequin.figure import Arm, Build, Figure, Leg, builds
from engine.mannequin.hand import Hand, hands
from engine.mannequin.head import Face
from engine.mannequin.kinematics import Posed, posed
from engine.mannequin.view import Seen, View, see, see_animal, see_hand

__all__ = [
    "Animal", "Arm", "Beast", "Breed", "Build", "Face", "Figure", "Hand", "Leg", "Posed", "Seen", "View",
    "breeds", "builds", "hands", "posed", "posed_animal", "see", "see_animal", "see_hand",
]  # fmt: skip
