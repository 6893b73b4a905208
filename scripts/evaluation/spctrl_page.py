"""The results page of SP-Ctrl on sd-mini: what was expected, the arms, each ablation, pictures, how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scripts.evaluation.spctrl_arms import Score, gain, real
from scripts.evaluation.tables import Claim, Column, Figures, Row, Table, claims_grid

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
    "of OKS over the row that has none, means over the same figures ± their standard error; what lies within two "
    "of these is called chance."
)
about_ablations = "SPR + KCL with one thing changed, all for equally many steps, fewer than the arms above."
about_shipped = (
    "Trained for three times as many steps as the arms, and told half as strong again; openpose-mini's drawings show"
    " hands and face too, as half of them did in its training. *With scenes* is spctrl-mini trained on with pictures of"
    " several figures and of cut-off ones."
)
titles = {
    rgb: "ControlNet, OpenPose's drawing", spr: "+ SPR", kcl: "+ KCL", both: "SPR + KCL",
    brief: "as published", shipped: "shipped: spctrl-mini", shipped_rgb: "shipped: openpose-mini",
    real: "rendered pictures themselves", start: "E₀ from the joints' names",
    "without-guidance": "spctrl-mini, the pose not guided", "scenes": "spctrl-mini, with scenes",
}  # fmt: skip


@dataclass(frozen=True)
class Group:
    """A part of the page: runs by their names, or how these begin, and the one that the others' gains are over."""

    title: str
    runs: tuple[str, ...]
    against: str
    note: str = ""


groups = (
    Group("The four arms", (rgb, spr, kcl, both), rgb),
    Group("What is shipped", (shipped, shipped_rgb, "without-guidance", "scenes"), shipped, about_shipped),
    Group("When KCL looks: timesteps", (window, brief), brief, "Published: 250 … 500. " + about_ablations),
    Group("Channels of SPR's picture", (channels, brief), brief, "Published: three. " + about_ablations),
    Group("Where the joints' vectors begin", (start, brief), brief, "Published: random ones. " + about_ablations),
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
        parts += ["## Expected and measured", claims_grid(claims)]
    if made.remarks:
        parts += ["**What it means.** " + made.remarks]
    parts += [f"![{caption}]({name})\n\n*{caption}*" for name, caption in made.pictures]
    sets = tuple(dict.fromkeys(score.asked for score in scores))
    for group in groups:
        if tables := [found for one in sets if (found := table(scores, one, group)) is not None]:
            notes = [group.note] if group.note else []
            parts += [f"## {group.title}", *notes, *(one.markdown() for one in tables)]
    if made.commands:
        parts += ["## Made by", *(f"`{command}`  \n{told}" for command, told in made.commands)]
    return "\n\n".join(parts) + "\n"


def table(scores: Sequence[Score], asked: str, group: Group) -> Table | None:
    """A row for each of the group's runs on a set, and below the rendered pictures: the most there is.

    None for no run, and for an ablation without any other run than the one it is compared with.
    """
    here = [one for one in scores if one.asked == asked]
    runs = [run for name in group.runs for run in dict.fromkeys(one.run for one in here) if _is(run, name)]
    if not runs or runs == [brief]:
        return None
    estimators = tuple(dict.fromkeys(one.estimator for one in here))
    against = {one.estimator: one for one in here if one.run == group.against}
    *rows, most = (_row(run, [one for one in here if one.run == run], estimators, against) for run in (*runs, real))
    columns = []
    for by in estimators:
        columns += [Column(f"{what}, {by}", "{:.3f}", 1) for what in ("mAP", "OKS", "PCK")]
        columns.append(Column(f"gain, {by}", "{:+.3f} ± {:.3f}", 0))
    columns += [Column("Fréchet", "{:.2f}"), Column("diversity", "{:.3f}", 0)]
    columns += [Column(what, "{:.0f} %", 1) for what in ("style", "colour")]
    count = max(one.pictures for one in here)
    return Table(f"{asked} ({count} poses)", tuple(columns), tuple(rows), paper=(most,) if any(most.cells) else ())


def _is(run: str, name: str) -> bool:
    return run.startswith(name) if name in (window, channels) else run == name


def _row(run: str, found: Sequence[Score], estimators: Sequence[str], against: Mapping[str, Score]) -> Row:
    by = {one.estimator: one for one in found}
    poses = [cell for name in estimators for cell in _poses(by.get(name), against.get(name))]
    first = found[0] if found else None
    rest = (
        [None] * 4 if first is None else [first.frechet, first.diversity, _percent(first.style), _percent(first.color)]
    )
    title = titles.get(run) or run.replace("window-", "").replace("-", " … " if run.startswith(window) else " ")
    return Row(title, (*poses, *(None if figure is None else (figure,) for figure in rest)))


def _poses(one: Score | None, against: Score | None) -> tuple[Figures | None, ...]:
    if one is None:
        return (None,) * 4
    more = None if against is None or one.run in (against.run, real) else gain(one, against)
    return (one.ap,), (one.oks,), (one.pck,), more


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def expected(scores: Sequence[Score]) -> dict[str, list[Claim]]:
    """The paper's order, arm by arm, by each estimator, and pictures as good; by the names of the sets."""
    claims: dict[str, list[Claim]] = {}
    for asked in dict.fromkeys(one.asked for one in scores):
        here = [one for one in scores if one.asked == asked]
        by = {(one.run, one.estimator): one for one in here}
        found = claims.setdefault(asked, [])
        for estimator in dict.fromkeys(one.estimator for one in here):
            for better, worse in ((both, spr), (both, kcl), (spr, rgb), (kcl, rgb), (both, rgb)):
                if {(better, estimator), (worse, estimator)} <= by.keys():
                    more, error = gain(by[better, estimator], by[worse, estimator])
                    found.append(Claim(f"{estimator}: {better} above {worse}, OKS", more, 0.0, True, error=error))
        frechet = {one.run: one.frechet for one in here if one.frechet is not None}
        if {both, rgb} <= frechet.keys():
            found.append(Claim(f"{both}: Fréchet distance at most {rgb}'s", frechet[both], frechet[rgb]))
    return {asked: found for asked, found in claims.items() if found}
