"""What is known of a model before it is there: what it does, where its files are, how to know they are right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.paint_layout import Encoding
from engine.skeleton import Skeleton
from engine.weight_layout import System

Kind = Literal["estimate", "detect", "lift", "complete", "body", "paint", "control", "prior"]


@dataclass(frozen=True)
class WeightFile:
    """One file of a model: its name, size in bytes and sha256 where they are known."""

    name: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Hub:
    """A repository on the Hugging Face hub, at one revision."""

    repository: str
    revision: str = "main"


@dataclass(frozen=True)
class Page:
    """A page where its authors offer a model to people, not to programs; `how` says what one needs to know there."""

    address: str
    how: str


@dataclass(frozen=True)
class Weights:
    """One model. `source` is embedded (under `assets/weights/<name>`), the hub, a page, or the user's folder or file.

    `megabytes` is what a download takes, rounded where the files' sizes are not published. `ready` says whether this
    version can run it. `path` and `problem` come from `every`: where it is, if it is whole, else what is wrong.
    Of what paints, `widths` say which controls fit which base, `side` is that of the pictures it learned, px, and
    `guidance` how strictly words usually count. A control reads `encoding`, of figures of `skeleton`; with `guided`
    that strictness is the pose's too.
    """

    name: str
    does: str
    kind: Kind
    system: System
    skeleton: Skeleton | None
    source: Literal["embedded", "user"] | Hub | Page
    files: tuple[WeightFile, ...]
    megabytes: float
    licence: str
    speed: str
    ready: bool = True
    path: Path | None = None
    problem: str = ""
    widths: tuple[int, ...] = ()
    side: int = 0
    guidance: float = 7.5
    encoding: Encoding | None = None
    guided: bool = False

    @property
    def present(self) -> bool:
        return self.path is not None

    @property
    def downloadable(self) -> bool:
        return isinstance(self.source, Hub)

    @property
    def by_hand(self) -> str:
        """How one gets a model that its authors offer on a page, as the end of a sentence; empty for every other."""
        if not isinstance(self.source, Page):
            return ""
        where = f"{self.source.address} ({self.source.how})"
        return f"fetch it from {where} and put its folder into your folder of models as {self.name}/"
