"""The menu of what paints: bases with the controls that fit each, what is here, and which ones a request takes.

Nothing is loaded to tell it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine import weights
from engine.keypoint_words import PoseKind
from engine.paint_layout import Encoding, sdxl_widths
from engine.pose import Pose2D
from engine.scene import PaintRequest
from engine.skeleton import ap10k17, face68, hand21
from engine.weights import MissingWeights, Weights

encodings = ("auto", "spctrl", "openpose")


@dataclass(frozen=True)
class PaintControl:
    """A ControlNet: how it is told a pose, whose joints it knows, and as `engine.studio.Model` whether it is here.

    `command` downloads it; `where` names its place on the net, with how to get it where no program may. `guided` as
    `engine.painter.Control` has it.
    """

    name: str
    does: str
    licence: str
    megabytes: float
    encoding: Encoding
    kind: PoseKind
    present: bool
    downloadable: bool
    problem: str = ""
    where: str = ""
    command: str = ""
    guided: bool = False


@dataclass(frozen=True)
class PaintModel:
    """A base with the controls that fit it, those that are here first.

    `side` is that of what it learned from, px; `guidance` how strictly words usually count with it; one that is
    `embedded` comes with the project.
    """

    name: str
    does: str
    licence: str
    speed: str
    megabytes: float
    side: int
    guidance: float
    is_xl: bool
    present: bool
    downloadable: bool
    problem: str = ""
    where: str = ""
    command: str = ""
    controls: tuple[PaintControl, ...] = ()
    embedded: bool = False

    @property
    def usable(self) -> tuple[tuple[Encoding, PoseKind], ...]:
        """How poses may be told to it now, and of whom."""
        return tuple((c.encoding, c.kind) for c in self.controls if self.present and c.present)

    @property
    def words_alone(self) -> bool:
        """Whether it paints from the words alone: it is here, and nothing is known that tells it a pose."""
        return self.present and not self.controls


def paint_models(models: Path | None) -> tuple[PaintModel, ...]:
    """Every base with its controls: those that can paint a pose now first, then those that paint from words alone.

    Of these the one that comes along is last: whoever has another has fetched it to paint with.
    """
    controls = weights.every("control", models)
    found = [_model(base, controls) for base in weights.every("paint", models)]
    return tuple(
        sorted(found, key=lambda m: (not m.usable, not m.words_alone, not m.present, m.embedded and m.present))
    )


def kind_of(pose: Pose2D) -> PoseKind | None:
    """Whether a pose is of humans or of animals, None for nobody; ValueError for both, or a lone hand or face."""
    if any(person.skeleton in (hand21, face68) for person in pose.people):
        raise ValueError("expected whole figures to paint, got a lone hand or face: add a figure, or remove it")
    animals = [person.skeleton == ap10k17 for person in pose.people]
    if any(animals) and not all(animals):
        raise ValueError("expected only humans or only animals to paint, got both: keep one kind")
    return None if not animals else "animal" if animals[0] else "human"


def as_learned(request: PaintRequest, model: PaintModel, said: Collection[str]) -> PaintRequest:
    """The request with that model's usual size and guidance where the artist has `said` nothing of them."""
    usual = {"size": (model.side, model.side), "guidance": model.guidance}
    return replace(request, **{name: value for name, value in usual.items() if name not in said})  # type: ignore[arg-type]


def easiest(
    found: Sequence[PaintModel], model: str, encoding: str, kind: PoseKind | None
) -> tuple[PaintModel, PaintControl | None]:
    """The base and control for a pose of that kind: what is here, else what is easiest to get.

    `auto` takes the first base that has one, and SP-Ctrl's before others; where nobody is drawn, any control will do.
    A base that no control is known for paints from the words alone, where none is here that can be told the pose.
    ValueError for an unknown model or encoding, and where none is known that does it.
    """
    if encoding not in encodings:
        raise ValueError(f"expected an encoding of {', '.join(encodings)}, got {encoding!r}")
    if model != "auto" and model not in {m.name for m in found}:
        raise ValueError(f"expected one of the models that paint {', '.join(m.name for m in found)}, got {model!r}")
    asked = [m for m in found if model in ("auto", m.name)]
    pairs: list[tuple[PaintModel, PaintControl | None]] = [
        (m, c) for m in asked for c in m.controls if _suits(c, encoding, kind)
    ]
    if encoding == "auto":
        pairs += [(m, None) for m in asked if m.words_alone or (m.name == model and not m.controls)]
    if not pairs:
        other = "model" if model != "auto" else "encoding"
        by = f" by {model}" if model != "auto" else ""
        raise ValueError(f"expected {_wanted(encoding, kind)}{by}, got none that is known: choose another {other}")
    # Of what is here the first; of the rest, that of the fewest gigabytes, without a visit to a page if possible.
    here = [pair for pair in pairs if all(part.present for part in pair if part)]
    return here[0] if here else min(pairs, key=lambda pair: _effort(*pair))


def chosen(
    found: Sequence[PaintModel], model: str, encoding: str, kind: PoseKind | None, into: Path | None = None
) -> tuple[PaintModel, PaintControl | None]:
    """As `easiest`, of what is here; else MissingWeights says what is needed and how to get it.

    `into` is the user's folder of models: a download that was stopped there goes on there.
    """
    pair = easiest(found, model, encoding, kind)
    lacking = [part for part in pair if part and not part.present]
    if not lacking:
        return pair
    said = f"expected {_wanted(encoding, kind)}, got no {' and no '.join(part.name for part in lacking)}"
    if broken := [part for part in lacking if not part.command and not part.where]:
        raise MissingWeights(f"{said} that can be used: {broken[0].problem}")
    ways = []
    if hub := [part.name for part in lacking if part.command]:
        folder = f" --into {into}" if into is not None and any((into / name).is_dir() for name in hub) else ""
        ways.append(f"get {' and '.join(hub)} with `{weights.command(hub)}{folder}`")
    ways += [f"{part.where} ({part.name})" for part in lacking if not part.command]
    raise MissingWeights(f"{said} on this computer: {'; '.join(ways)}")


def _suits(control: PaintControl, encoding: str, kind: PoseKind | None) -> bool:
    told = encoding == "auto" or control.encoding.partition("-")[0] == encoding
    return told and kind in (None, control.kind)


def _wanted(encoding: str, kind: PoseKind | None) -> str:
    whom = {"human": "people", "animal": "animals", None: "pictures"}[kind]
    return f"models that paint {whom}{f' with {encoding}' if encoding != 'auto' else ''}"


def _effort(model: PaintModel, control: PaintControl | None) -> tuple[int, float]:
    lacking = [part for part in (model, control) if part and not part.present]
    return sum(not part.command for part in lacking), sum(part.megabytes for part in lacking)


def _model(base: Weights, controls: Sequence[Weights]) -> PaintModel:
    fitting = [_control(each) for each in controls if each.widths == base.widths or not base.widths]
    fitting.sort(key=lambda c: (not c.present, c.encoding != "spctrl"))
    return PaintModel(
        base.name, base.does, base.licence, base.speed, base.megabytes, base.side or 512,
        guidance=base.guidance,
        is_xl=base.widths == sdxl_widths,
        present=base.present,
        downloadable=base.downloadable and not base.present,
        problem=base.problem,
        where=_where(base),
        command=_command(base),
        controls=tuple(fitting),
        embedded=base.source == "embedded",
    )  # fmt: skip


def _control(each: Weights) -> PaintControl:
    return PaintControl(
        each.name, each.does, each.licence, each.megabytes, each.encoding or "openpose",
        kind="animal" if each.skeleton == ap10k17 else "human",
        present=each.present,
        downloadable=each.downloadable and not each.present,
        problem=each.problem,
        where=_where(each),
        command=_command(each),
        guided=each.guided,
    )  # fmt: skip


def _where(each: Weights) -> str:
    hub = each.source
    return f"huggingface.co/{hub.repository}" if isinstance(hub, weights.Hub) else each.by_hand


def _command(each: Weights) -> str:
    return weights.command([each.name]) if each.downloadable else ""
