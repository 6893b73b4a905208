"""The results page of SDPose-mini: what was expected, a table for each set, pictures, latents, how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scripts.evaluation.sdpose_arms import Score
from scripts.evaluation.tables import Claim, Column, Row, Table, claims_table

full, no_rgb, scratch, last = "full", "no RGB", "scratch", "last features"
shipped = "shipped"  # what became the studio's model
wanted_known, wanted_styles = 0.85, 0.75  # mean OKS

opening = (
    "SDPose (arXiv 2509.24980) turns the U-Net of Stable Diffusion 2 into a pose estimator: one pass, one feature map,"
    " a small head, and the picture's own reconstruction as a second task, so that what the model knew of pictures is"
    " not lost. Its claim is that this reads art as well as photos. This page repeats the claim where anybody can rerun"
    " it: sd-mini, a small diffusion model of this project, learned the rendered world, some styles and places of which"
    " no pose was ever learned from."
)
about_arms = (
    "Four arms saw the same samples for as many steps: **full**, the recipe; **no RGB**, without the picture's"
    " reconstruction; **scratch**, the same network begun at random, the autoencoder apart; **last features**, the head"
    " on the last up-block instead of the one before it. OKS is COCO's, in the annotated boxes, with the flip test;"
    " AP over .50 … .95; PCK within 0.2 of the box's longer side. “133” counts body, feet, face and hands"
    " alike, with COCO-WholeBody's sigmas; the other figures the body's 17 joints."
)


@dataclass(frozen=True)
class Made:
    """What the page tells beside figures: commands with their times, and files in its folder with their captions."""

    commands: tuple[tuple[str, str], ...] = ()
    pictures: tuple[tuple[str, str], ...] = ()
    latents: dict[str, Any] | None = None
    remarks: str = ""


def page(scores: Sequence[Score], made: Made) -> str:
    """The page as markdown; what was not measured is left out."""
    parts = ["# SDPose-mini: results", opening, about_arms]
    if claims := expected(scores):
        parts += ["## Expected and measured", claims_table(claims)]
    if made.remarks:
        parts += ["**What it means.** " + made.remarks]
    parts += ["## The arms, set by set"]
    parts += [table(scores, name).markdown() for name in dict.fromkeys(score.asked for score in scores)]
    parts += [_picture(name, caption) for name, caption in made.pictures]
    if made.latents:
        parts += ["## What the latents hold", *latents(made.latents)]
    if made.commands:
        parts += ["## Made by", *(f"`{command}`  \n{told}" for command, told in made.commands)]
    return "\n\n".join(parts) + "\n"


def table(scores: Sequence[Score], asked: str) -> Table:
    """A row for each arm on one set."""
    rows = tuple(
        Row(one.arm, tuple(None if figure is None else (figure,) for figure in _figures(one)))
        for one in scores
        if one.asked == asked
    )
    people = next(one.people for one in scores if one.asked == asked)
    columns = ("OKS", "AP", "PCK", "OKS, 133", "AP, 133", "feet", "face", "hands")
    kinds = (*(Column(title, "{:.3f}", 1) for title in columns), Column("s a figure", "{:.2f}", 0))
    return Table(f"{asked} ({people} people)", kinds, rows)


def _figures(one: Score) -> tuple[float | None, ...]:
    parts = (one.parts.get(name) for name in ("feet", "face", "hands"))
    return one.oks, one.ap, one.pck, one.whole_oks, one.whole_ap, *parts, one.seconds_a_figure


def expected(scores: Sequence[Score]) -> list[Claim]:
    """The claims that can be judged by the sets and arms that were measured."""
    claims = []
    for one in scores:
        wanted = wanted_known if one.known else wanted_styles if one.asked.endswith("styles") else None
        if one.arm in (full, shipped) and wanted:
            claims.append(Claim(f"{one.asked}: mean OKS, {one.arm}", one.oks, wanted, True))
    for better, worse in ((full, no_rgb), (no_rgb, scratch), (full, scratch), (full, last)):
        gains = {name: gain for name in _sets(scores) if (gain := _gain(scores, name, better, worse)) is not None}
        claims += [Claim(f"{name}: {better} above {worse}, OKS", gain, 0.0, True) for name, gain in gains.items()]
        inside = [gain for name, gain in gains.items() if _known(scores, name)]
        outside = [gain for name, gain in gains.items() if not _known(scores, name)]
        if (better, worse) == (full, scratch) and inside and outside:
            more = float(np.mean(outside) - np.mean(inside))
            claims.append(Claim(f"{better} above {worse}: more so out of domain, OKS", more, 0.0, True))
    return claims


def _sets(scores: Sequence[Score]) -> list[str]:
    return list(dict.fromkeys(score.asked for score in scores))


def _known(scores: Sequence[Score], asked: str) -> bool:
    return any(score.known for score in scores if score.asked == asked)


def _gain(scores: Sequence[Score], asked: str, better: str, worse: str) -> float | None:
    """By how much one arm's mean OKS is above another's, None where one was not measured."""
    by_arm = {score.arm: score.oks for score in scores if score.asked == asked}
    return by_arm[better] - by_arm[worse] if {better, worse} <= by_arm.keys() else None


def latents(told: dict[str, Any]) -> list[str]:
    """What latent_analysis.py found: its picture, and silhouette scores by pose and by style."""
    columns = tuple(Column(title, "{:.3f}", better) for title, better in (("by pose", 1), ("by style", -1)))
    spaces = (("space", "as they are"), ("map", "on the map of t-SNE"))
    tables = [
        Table(
            f"Silhouette scores {words}",
            columns,
            tuple(Row(name, ((each[key]["pose"],), (each[key]["style"],))) for name, each in told["features"].items()),
        ).markdown()
        for key, words in spaces
    ]
    about = (
        f"{told['poses']} poses, each in {told['styles']} styles; every point is a picture. A silhouette score is near"
        " 1 where pictures of one pose (or style) lie together and apart from the others, near 0 where they mix,"
        " below 0 where others are nearer. Features are what a network's up-block gives at t = 999 from the picture's"
        " latents, on a grid of 6 × 8; pixels are the picture's at 32 × 32."
    )
    return [about, _picture(Path(told["picture"]).name, "t-SNE of each, by pose above and by style below."), *tables]


def _picture(name: str, caption: str) -> str:
    return f"![{caption}]({name})\n\n*{caption}*"
