"""What was measured of painted pictures: the paper's table forms as markdown and CSV, and a sheet of pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, fields

import numpy as np
from PIL import Image, ImageDraw

from engine.keypoint_words import PoseKind
from engine.paint_map import colored, drawn_map
from engine.picture_scores import without_words
from engine.scene import PaintRequest
from scripts.evaluation.painting_scores import Networks, Scores, Source, read
from scripts.evaluation.painting_set import PaintingSet
from scripts.evaluation.tables import Column, Row, Table

cell, gap, title_height = 192, 8, 22  # px of the sheet


def _row(name: str, *figures: float | None) -> Row:
    return Row(name, tuple(None if figure is None else (figure,) for figure in figures))


# SP-Ctrl's paper: pose mAP, FID, CLIP-score, detection AP.75, where published.
paper: dict[PoseKind, tuple[Row, ...]] = {
    "animal": (
        _row("T2I-Adapter", 48.16, 27.29, 25.52, 24.23),
        _row("ControlNet", 44.25, 19.40, 24.77, 24.35),
        _row("ControlNet + SPR", 52.85, 19.67, 24.62, None),
        _row("ControlNet + KCL", 51.34, 18.94, 24.09, None),
        _row("SP-Ctrl (SPR + KCL)", 55.63, 18.52, 23.86, 25.10),
        _row("ControlNet, SAM-HQ mask", 26.74, None, None, None),
        _row("ControlNet, Zoe depth in the mask", 57.07, None, None, None),
    ),
    "human": (
        _row("T2I-Adapter", 38.37, 40.01, 27.36, None),
        _row("ControlNet", 45.26, 26.69, 27.84, 8.18),
        _row("HumanSD", 49.92, 35.18, 27.35, 8.29),
        _row("GRPose", 50.93, 28.85, 27.95, 6.51),
        _row("SP-Ctrl (SPR + KCL)", 51.11, 29.30, 25.94, 9.11),
    ),
}
published = {"AP-10K": "animal", "Human-Art": "human"}  # sets that the paper has


def markdown(of: PaintingSet, rows: Sequence[Scores], by: Networks) -> str:
    """The tables, and what was not measured."""
    features, clip = (network.name if network else None for network in (by.features, by.clip))
    parts = [_table(of, rows, features).markdown(), _more(rows).markdown()]
    parts.append(
        f"{of.name}, {len(of.asked)} poses. Pose mAP: OKS-AP of {by.estimator} in the annotated boxes. "
        f"Fréchet distance: of features of {features or 'no network'}; only Inception's is the FID. "
        f"CLIP-score: of {clip or 'no network'}, joints' words taken out. Det AP.75: of RT-DETR's boxes. "
        "PCK: within 0.2 of the torso. Diversity: mean cosine distance between pictures of one pose and prompt."
    )
    if of.name in published:
        parts.append(
            "Rows in italics are published with SP-Ctrl, by other estimators; their FID, CLIP-score and detection at "
            "second hand. Which CLIP and detector those are of is not published."
        )
    lacking = [f"- {row.name}: not measured: {what}" for row in rows for what in row.not_measured]
    return "\n\n".join([*parts, *(["\n".join(lacking)] if lacking else [])]) + "\n"


def _table(of: PaintingSet, rows: Sequence[Scores], features: str | None) -> Table:
    distance = Column("FID" if features == "Inception" else f"Fréchet, {features}" if features else "FID", "{:.2f}")
    columns = (Column("Pose mAP", "{:.2f}", 1), distance, Column("CLIP", "{:.2f}", 1), Column("Det AP.75", "{:.2f}", 1))
    measured = (
        _row(row.name, _percent(row.ap), row.frechet, row.clip, _percent(row.detection)) for row in rows
    )  # fmt: skip
    theirs = paper[of.kind] if of.name in published else ()
    if features != "Inception":  # another network's distances are of another size
        theirs = tuple(Row(row.name, (row.cells[0], None, *row.cells[2:])) for row in theirs)
    return Table(f"{of.name}: painted in given poses", columns, tuple(measured), paper=theirs)


def _more(rows: Sequence[Scores]) -> Table:
    columns = (
        Column("pictures", "{:.0f}", 0),
        Column("mean OKS", "{:.3f}", 1),
        Column("PCK@0.2", "{:.3f}", 1),
        Column("diversity", "{:.3f}", 0),
    )
    return Table(
        "How poses were kept",
        columns,
        tuple(_row(row.name, row.pictures, row.mean_oks, row.pck, row.diversity) for row in rows),
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def as_csv(rows: Sequence[Scores]) -> str:
    """A line for each row, of means; empty where not measured, with why in the last column."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Scores) if field.name != "each_oks"])
    for row in rows:
        *figures, lacking, _ = astuple(row)
        writer.writerow([*("" if figure is None else figure for figure in figures), "; ".join(lacking)])
    return text.getvalue()


def sheet(of: PaintingSet, sources: Sequence[Source], count: int) -> Image.Image:
    """The first poses one below the other: what was asked for, and the first picture of each source beside it."""
    asked = of.asked[:count]
    width = (cell + gap) * (1 + len(sources)) + gap
    page = Image.new("RGB", (width, title_height + (cell + title_height + gap) * len(asked) + gap), "white")
    pen = ImageDraw.Draw(page)
    for n, title in enumerate(["pose", *(source.name for source in sources)]):
        pen.text((gap + n * (cell + gap), gap // 2), title[: cell // 7], fill="black")
    for m, one in enumerate(asked):
        top = title_height + m * (cell + title_height + gap)
        request = PaintRequest(size=(cell, cell), fit="whole")
        tiles: list[np.ndarray | None] = [colored(drawn_map(request, one.pose, "spctrl"))]
        for source in sources:
            files = source.files(one)
            tiles.append(read(files[0]) if files else None)
        for n, tile in enumerate(tiles):
            corner = gap + n * (cell + gap), top
            if tile is None:
                pen.rectangle((*corner, corner[0] + cell, corner[1] + cell), outline="gray")
                continue
            small = Image.fromarray(tile)
            small.thumbnail((cell, cell))
            page.paste(small, (corner[0] + (cell - small.width) // 2, corner[1] + (cell - small.height) // 2))
        pen.text((gap, top + cell + 2), _said(without_words(one.prompt))[: width // 7], fill="black")
    return page


def _said(text: str) -> str:
    """What Pillow's own font can write of it."""
    return text.encode("latin-1", "replace").decode("latin-1")
