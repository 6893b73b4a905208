"""The verify endpoint: whether a painted picture kept the pose it was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradio import FileData

from app.verbs import photo_of, said
from engine.formats.document import from_document
from engine.formats.painting import from_verdict
from engine.scene import PaintRequest, Picture
from engine.studio import Studio


def verifier(studio: Studio) -> Callable[..., dict]:
    """The endpoint's function, with types that describe it to API users."""

    @said
    def verify(image: FileData, document: dict[str, Any], estimator: str = "auto") -> dict:
        """Look for the figures of a document in a painted picture, and say how well it kept their pose.

        The document's canvas is the picture: its people are in the picture's own pixels. Returns {oks, pck, estimator,
        found, drifted}: likeness and share of joints in place from 0 to 1, who looked, the people found and, for each
        figure asked for, the joints that drifted.
        """
        photo, pose = photo_of(image).image, from_document(document).pose
        if photo.shape[1::-1] != pose.size:
            raise ValueError(f"expected a picture of {pose.size} pixels like the document, got {photo.shape[1::-1]}")
        verdict = studio.verified(Picture(photo, PaintRequest(), pose), estimator).verdict
        assert verdict is not None, "whoever verifies gives a verdict"
        return from_verdict(verdict)

    return verify
