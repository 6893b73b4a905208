"""The results page of SP-Ctrl on sd-mini: what was expected, the arms, each ablation, pictures, how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.evaluation.spctrl_arms import Score, gain, real
from scripts.evaluation.tables import Claim, Column, Row, Table, claims_table

rgb, spr, kcl, both = "rgb", "spr", "kcl", "both"
shipped, shipped_rgb = "shipped", "shipped-rgb"
brief = "brief"  # as `both`, for as many steps as the ablations
window, channels, start = "window-", "channels-", "names"  # the names of ablations' runs begin so

opening = (
    "SP-Ctrl (CVPR 2025) tells a ControlNet the pose by numbers in a picture that stand for learned vectors, one for"
    " each joint (SPR), and has the attention of learned words for the joints look where these are (KCL). Its claim is"
    " that poses are kept better than by OpenPose's coloured drawing, the pictures being as good. This page repeats the"
    " claim where anybody can rerun it: on sd-mini, a small diffusion model that this project trained on its rendered"
    " world, with poses of which none was learned from."
)
about_arms = (
    "Four arms saw the same samples for as many steps: **rgb**, a ControlNet that reads OpenPose's drawing; "
    "**spr**, one that reads SP-Ctrl's map; **kcl**, the drawing and the joints' words; **both**. Pose mAP and "
    "mean OKS are of what an estimator finds in the annotated boxes of the first picture of each pose, PCK within "
    "0.2 of the torso. The Fréchet distance is that of the latents of sd-mini's autoencoder in a grid of 4 × 4, "
    "between what was painted and what was rendered: colours and composition, not the FID. Diversity is the mean "
    "cosine distance of these between two pictures of one pose and prompt. Style and colour are the shares of "
    "pictures in which small networks see what the prompt says (`scripts/evaluation/prompt_judges.py`). Gains are "
    "means over the same figures ± their standard error; what lies within two of these is called chance."
)
about_ablations = "SPR + KCL with one thing changed, all for equally many steps, fewer than the arms above."
titles = {
    rgb: "ControlNet, OpenPose's drawing", spr: "+ SPR", kcl: "+ KCL", both: "SPR + KCL",
    brief: "as published", shipped: "shipped: spctrl-mini", shipped_rgb: "shipped: openpose-mini",
    real: "rendered pictures themselves",
    start: "E₀ from the joints' names", "without-guidance": "shipped, the pose not guided",
}  # fmt: skip
groups: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("The four arms", (rgb, spr, kcl, both), ""),
    ("What is shipped", (shipped, shipped_rgb, "without-guidance"), "Trained on from the arms above."),
    ("When KCL looks: timesteps", (window, brief), "Published: 250 … 500. " + about_ablations),
    ("Channels of SPR's picture", (channels, brief), "Published: three. " + about_ablations),
    ("Where the joints' vectors begin", (start, brief), "Published: random ones. " + about_ablations),
)


@dataclass(frozen=True)
class Made:
    """What the page tells beside figures: remarks, commands with their times, files in its folder with captions."""

    commands: tuple[tuple[str, str], ...] = ()
    pictures: tuple[tuple[str, str], ...] = ()
    remarks: str = ""


def page(scores: Sequence[Score], made: Made) -> str:
    """The page as markdown; what was not measured is left out."""
    parts = ["# SP-Ctrl on sd-mini: results", opening, about_arms]
    if claims := expected(scores):
        parts += ["## Expected and measured", claims_table(claims)]
    if made.remarks:
        parts += ["**What it means.** " + made.remarks]
    parts += [f"![{caption}]({name})\n\n*{caption}*" for name, caption in made.pictures]
    sets = tuple(dict.fromkeys(score.asked for score in scores))
    for title, names, note in groups:
        if tables := [found for one in sets if (found := table(scores, one, names)) is not None]:
            parts += [f"## {title}", *([note] if note else []), *(one.markdown() for one in tables)]
    if made.commands:
        parts += ["## Made by", *(f"`{command}`  \n{told}" for command, told in made.commands)]
    return "\n\n".join(parts) + "\n"


def table(scores: Sequence[Score], asked: str, names: Sequence[str]) -> Table | None:
    """A row for each run whose name is one of those, or begins so, and below the rendered pictures: the most there is.

    None for no run.
    """
    here = [one for one in scores if one.asked == asked]
    runs = [run for name in names for run in dict.fromkeys(one.run for one in here) if _is(run, name)]
    ablation = names[-1] == brief  # compared with an arm, which alone is no comparison
    if len(runs) < (2 if ablation else 1):
        return None
    estimators = tuple(dict.fromkeys(one.estimator for one in here))
    *rows, most = (_row(run, [one for one in here if one.run == run], estimators) for run in (*runs, real))
    columns = [Column(f"{what}, {by}", "{:.3f}", 1) for by in estimators for what in ("mAP", "OKS", "PCK")]
    columns += [Column("Fréchet", "{:.2f}"), Column("diversity", "{:.3f}", 0)]
    columns += [Column(what, "{:.0f} %", 1) for what in ("style", "colour")]
    count = max(one.pictures for one in here)
    return Table(f"{asked} ({count} poses)", tuple(columns), tuple(rows), paper=(most,) if any(most.cells) else ())


def _is(run: str, name: str) -> bool:
    return run.startswith(name) if name in (window, channels) else run == name


def _row(run: str, found: Sequence[Score], estimators: Sequence[str]) -> Row:
    by = {one.estimator: one for one in found}
    poses = [figure for name in estimators for figure in (_poses(by[name]) if name in by else (None,) * 3)]
    first = found[0] if found else None
    rest = (
        [None] * 4 if first is None else [first.frechet, first.diversity, _percent(first.style), _percent(first.color)]
    )
    title = titles.get(run) or run.replace("window-", "").replace("-", " … " if run.startswith(window) else " ")
    return Row(title, tuple(None if figure is None else (figure,) for figure in (*poses, *rest)))


def _poses(one: Score) -> tuple[float, float, float]:
    return one.ap, one.oks, one.pck


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def expected(scores: Sequence[Score]) -> list[Claim]:
    """The paper's order, arm by arm, for each set and estimator: poses better kept, pictures as good."""
    claims = []
    for asked, estimator in dict.fromkeys((one.asked, one.estimator) for one in scores):
        here = {one.run: one for one in scores if (one.asked, one.estimator) == (asked, estimator)}
        for better, worse in ((both, spr), (both, kcl), (spr, rgb), (kcl, rgb), (both, rgb)):
            if {better, worse} <= here.keys():
                what = f"{asked}, {estimator}: {better} above {worse}, OKS"
                by_how_much, error = gain(here[better], here[worse])
                claims.append(Claim(what, by_how_much, 0.0, True, error=error))
    for asked in dict.fromkeys(one.asked for one in scores):
        by = {one.run: one.frechet for one in scores if one.asked == asked and one.frechet is not None}
        if {both, rgb} <= by.keys():
            claims.append(Claim(f"{asked}: {both}, Fréchet distance at most {rgb}'s", by[both], by[rgb]))  # type: ignore[arg-type]
    return claims
