"""What one visitor's session holds on the server: the pose as the page last told it. Pure transitions, no Gradio.

The browser owns the work (geometry, undo, autosave); this copy is what the later steps work from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from engine.formats.document import from_document
from engine.scene import Scene


@dataclass(frozen=True)
class Session:
    """A visitor's scene, the page's revision of it, and why the last commit was refused, if it was."""

    scene: Scene | None = None
    revision: int = 0
    refusal: str = ""


def committed(session: Session, told: Any) -> Session:
    """The session after the page told {"rev", "document"}; a bad document is refused and the old scene kept."""
    if not isinstance(told, dict) or not isinstance(told.get("rev"), int) or isinstance(told["rev"], bool):
        return replace(session, refusal="expected a revision number and a document, got something else")
    try:
        scene = from_document(told.get("document"))
    except ValueError as error:
        return replace(session, revision=told["rev"], refusal=str(error))
    return Session(scene, told["rev"])


def reply(session: Session) -> dict[str, Any]:
    """What the page hears back: the revision heard, and the refusal, if any."""
    return {"heard": session.revision, "refusal": session.refusal}
