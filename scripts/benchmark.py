"""Measures the studio against its budgets on this machine, and says which are kept.

`studio` first asks the engine alone: estimates and file formats; then it serves the app, measures its start and
memory, and uses the page in headless Chromium as an artist would (needs playwright and chromium). Pictures are the
bundled examples. `sdpose` runs SDPose at its official size against the published pipeline's own arithmetic. `body`
times skinning against the smplx package, dragging, the renderer, and the Body step of the page. `dposer` times the pose
prior's tasks against the published optimisation loops. `lift` times lifting and completion. `spctrl` times painting,
on random weights and on the models of --models.
Ends with status 1 when a budget is missed. Other work on the machine shows in every figure: look at the load that is
printed with them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from PIL import Image, ImageOps

from engine import files
from engine.library import read_library
from engine.photo import read_photo
from engine.pose import Pose2D
from engine.scene import Scene
from engine.studio import Studio
from scripts.served import Served, ask, chromium_flags, chromium_path, open_file, opened, page_ready, root, wait


@dataclass(frozen=True)
class Figure:
    """One measurement and its budget, if it has one: at most that much, or at least."""

    what: str
    value: float
    unit: str
    budget: float | None = None
    at_least: bool = False

    @property
    def kept(self) -> bool | None:
        """Whether the budget is kept; None without a budget."""
        if self.budget is None:
            return None
        return self.value >= self.budget if self.at_least else self.value <= self.budget


def figure(what: str, value: float, unit: str, budget: tuple[float, bool] | None) -> Figure:
    """A line of the other benchmarks: its budget is a number and whether it is a least."""
    limit, at_least = budget or (None, False)
    return Figure(what, value, unit, limit, at_least)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ("studio", "sdpose", "body", "dposer", "lift", "spctrl")
    parser.add_argument("what", nargs="?", choices=names, default="studio")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there as well")
    parser.add_argument("--picture", type=Path, help="a picture with one figure (default: an example)")
    parser.add_argument("--engine-only", action="store_true", help="leave the page out; needs no browser")
    sdpose = parser.add_argument_group("sdpose: official size and random weights, against the published arithmetic")
    sdpose.add_argument("--keypoints", type=int, choices=(17, 133), default=133)
    sdpose.add_argument("--people", type=int, default=1, help="how many at once (default: 1)")
    sdpose.add_argument("--precisions", nargs="+", choices=("fp32", "bf16", "fp16"), default=["fp32", "bf16"])
    sdpose.add_argument("--compile", action="store_true", help="with torch.compile as well")
    dposer = parser.add_argument_group("dposer: the pose prior's tasks against the published loops")
    dposer.add_argument("--prior", type=Path, metavar="FOLDER", help="its weights (default: the embedded ones)")
    spctrl = parser.add_argument_group("spctrl: painting")
    spctrl.add_argument("--models", type=Path, metavar="DIR", help="your folder of models, each base in it timed too")
    args = parser.parse_args()
    kinds = {
        "studio": studio_figures, "sdpose": sdpose_figures, "body": body_figures, "dposer": dposer_figures,
        "lift": lift_figures, "spctrl": spctrl_figures,
    }  # fmt: skip
    figures = kinds[args.what](args)
    show(figures)
    if args.json:
        machine = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "platform": platform.platform()}
        rows = [asdict(figure) | {"kept": figure.kept} for figure in figures]
        args.json.write_text(json.dumps({"machine": machine, "figures": rows}, indent=2) + "\n", "utf-8")
    sys.exit(any(figure.kept is False for figure in figures))


def studio_figures(args: argparse.Namespace) -> list[Figure]:
    """The engine alone and, unless it is left out, the page."""
    square = square_picture(args.picture or one_figure())
    figures = list(engine_figures(square))
    if args.engine_only:
        return figures

    def page(browser: Any, app: Served, folder: Path) -> list[Figure]:
        return [*loading(browser, app.url), *working(browser, app.url, square, folder)]

    return figures + in_browser(page)


def sdpose_figures(args: argparse.Namespace) -> list[Figure]:
    """SDPose at its official size: minutes on a processor, and 10 GB of memory."""
    from scripts import benchmark_sdpose  # torch and diffusers: for whoever asks

    rows = benchmark_sdpose.report(args.keypoints, args.people, args.precisions, args.compile)
    return [figure(*row) for row in rows]


def body_figures(args: argparse.Namespace) -> list[Figure]:
    """The body alone, the renderer, and the page's Body step."""
    from scripts import benchmark_body, benchmark_body_page, benchmark_view

    rows = [*benchmark_body.report(), *benchmark_view.report()]
    figures = [figure(*row) for row in rows]
    if args.engine_only:
        return figures

    def page(browser: Any, app: Served, folder: Path) -> list[Figure]:
        return [figure(*row) for row in benchmark_body_page.figures(browser, app.url)]

    return figures + in_browser(page)


def dposer_figures(args: argparse.Namespace) -> list[Figure]:
    """The prior's tasks, on the embedded weights or those named."""
    from scripts import benchmark_dposer

    return [figure(*row) for row in benchmark_dposer.report(args.prior or benchmark_dposer.embedded)]


def lift_figures(_: argparse.Namespace) -> list[Figure]:
    """Lifting and completion."""
    from scripts import benchmark_lift

    return [figure(*row) for row in benchmark_lift.report()]


def spctrl_figures(args: argparse.Namespace) -> list[Figure]:
    """Painting."""
    from scripts import benchmark_spctrl

    return [figure(*row) for row in benchmark_spctrl.report(args.models)]


def show(figures: list[Figure]) -> None:
    wide = max(64, *(len(one.what) for one in figures))
    print(f"{'what':{wide}} {'measured':>12} {'budget':>12}")
    for one in figures:
        budget = "" if one.budget is None else f"{'≥' if one.at_least else '≤'} {one.budget:g} {one.unit}"
        verdict = {None: "", True: "kept", False: "MISSED"}[one.kept]
        print(f"{one.what:{wide}} {f'{one.value:.4g} {one.unit}':>12} {budget:>12}  {verdict}")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {platform.platform()}")


# ── pictures ──


def one_figure() -> Path:
    """The first example in which exactly one figure is found."""
    engine = Studio()
    for path in sorted((root / "assets" / "examples").glob("*")):
        if path.suffix in (".png", ".jpg", ".webp"):
            image = read_photo(path.read_bytes(), path.name).image
            if len(engine.detect(image)) == 1 and len(engine.estimate(image).pose.people) == 1:
                return path
    sys.exit("benchmark: no example with one figure in assets/examples: name a picture with --picture")


def square_picture(path: Path) -> np.ndarray:
    """The picture on a square sheet of 1024 pixels, (1024, 1024, 3) uint8."""
    image = Image.fromarray(read_photo(path.read_bytes(), path.name).image)
    corner = image.getpixel((0, 0))
    assert isinstance(corner, tuple)
    return np.array(ImageOps.pad(image, (1024, 1024), color=corner))


def median(times: int, work: Callable[[], Any]) -> float:
    """Seconds that the work takes, the median of several times after one to warm up."""
    work()
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


# ── the engine ──


def engine_figures(square: np.ndarray) -> Iterable[Figure]:
    engine = Studio()
    started = time.perf_counter()
    found = engine.estimate(square)
    yield Figure("quick estimate of 1024², one figure: the first, with loading", time.perf_counter() - started, "s")
    if len(found.pose.people) != 1:
        print(f"benchmark: expected one figure in the picture, found {len(found.pose.people)}", file=sys.stderr)
    yield Figure(
        "quick estimate of 1024², one figure, boxes included (7 ×)",
        median(7, lambda: engine.estimate(square)),
        "s",
        0.3,
    )
    poses = read_library(root / "assets" / "library" / "poses.json")
    whole = [pose.person for pose in poses if pose.person.skeleton.name == "wholebody133"]
    scene = Scene(Pose2D((1024, 1024), tuple(whole[:3])), photo=square)
    for name, one in files.formats.items():
        if one.writes and files.holds(scene, name):
            data = files.write(scene, name)
            yield Figure(
                f"write {name}, 3 × 133 points over 1024²",
                median(5, lambda n=name: files.write(scene, n)) * 1e3,
                "ms",
            )
            if one.reads:
                yield Figure(f"read {name}", median(5, lambda d=data: files.read(d)) * 1e3, "ms")


# ── the page ──


def in_browser(measure: Callable[[Any, Served, Path], list[Figure]]) -> list[Figure]:
    """The app's start and memory, and between them what is measured of it in Chromium, with a folder to write in."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sys.exit(
            "benchmark: the page is measured with playwright: pip install -r requirements-dev.txt, or --engine-only"
        )
    if (chromium := chromium_path()) is None:
        sys.exit("benchmark: the page is measured in Chromium: install chromium or google-chrome, or --engine-only")
    with tempfile.TemporaryDirectory() as folder:
        app = Served(Path(folder))
        try:
            figures = [
                Figure("`python app.py` to a served page", app.start(), "s", 8),
                Figure("memory after start", app.memory(), "MB", 800),
            ]
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=chromium_flags)
                figures += measure(browser, app, Path(folder))
                browser.close()
            figures.append(Figure("memory after that", app.memory(), "MB", 3000))
        finally:
            app.kill()
    return figures


def loading(browser: Any, url: str) -> list[Figure]:
    """First paint and ready of fresh visitors with an empty cache, the median of three; other hosts asked by any."""
    paints, readies, others = [], [], set()
    for _ in range(3):
        page = browser.new_page()
        page.on("request", lambda request: others.add(request.url))
        page.goto(url)
        page.wait_for_function(page_ready)
        readies.append(page.evaluate("performance.now()") / 1e3)
        paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1e3)
        page.close()
    strangers = [asked for asked in others if not asked.startswith((url, "data:", "blob:"))]
    return [
        Figure("first paint (3 ×, empty cache)", statistics.median(paints), "s", 2),
        Figure("page ready to work with (3 ×, empty cache)", statistics.median(readies), "s"),
        Figure("requests to other hosts", len(strangers), "", 0),
    ]


timed = "(async () => { const t = performance.now(); await %s; return performance.now() - t; })()"


def working(browser: Any, url: str, square: np.ndarray, folder: Path) -> list[Figure]:
    """Drag, commit, estimate and export, through the page."""
    page = opened(browser, url)
    picture = folder / "square.png"
    Image.fromarray(square).save(picture)
    open_file(page, picture)
    estimates = [ask(page, timed % "files.estimate('auto', 'everywhere')") for _ in range(8)]
    figures = [Figure("estimate through the page, click to figure (7 ×)", statistics.median(estimates[1:]) / 1e3, "s")]
    ask(page, "store.commit('', { ...store.doc, people: [] })")
    ask(page, "[0, 1, 2].forEach(() => studio.library.addDefault('whole'))")
    assert ask(page, "store.doc.people.length === 3 && store.doc.people.every((one) => one.points.length === 133)")
    figures += dragging(page)
    figures.append(
        Figure("commit, told to the server and answered (20 ×)", statistics.median(committing(page)), "ms", 300)
    )
    for format in ("openpose", "png"):
        times = []
        for _ in range(6):
            with page.expect_download():
                times.append(ask(page, timed % f"files.export(studio.formats.find((f) => f.name === '{format}'))"))
        figures.append(Figure(f"export {format} through the page (5 ×)", statistics.median(times[1:]), "ms"))
    page.context.close()
    return figures


drag = """
(async () => {
  const { left, top } = editor.front.getBoundingClientRect();
  const [cx, cy] = x;
  const frames = [];
  const painted = editor.painted;
  const began = performance.now();
  let last = began;
  for (let k = 0; last - began < 3000; k++) {
    const [clientX, clientY] = [cx + 60 * Math.sin(k / 9), cy + 60 * Math.cos(k / 7)];
    const how = { clientX, clientY, pointerId: 1, pointerType: "mouse", buttons: 1, bubbles: true };
    editor.front.dispatchEvent(new PointerEvent("pointermove", how));
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  const [seconds, worst] = [(last - began) / 1000, Math.max(...frames.slice(2))];
  return { seconds, worst, painted: editor.painted - painted, draft: Boolean(store.draft) };
})()
"""


def dragging(page: Any) -> list[Figure]:
    """An elbow among three whole figures dragged for three seconds, one move of the pointer a frame."""
    elbow = "store.doc.people[2].points[store.skeletonOf(store.doc.people[2]).at.left_elbow]"
    x, y = ask(page, f"editor.view.toScreen({elbow})")
    corner = ask(page, "editor.front.getBoundingClientRect().toJSON()")
    x, y = x + corner["left"], y + corner["top"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 10, y + 10, steps=3)
    result = ask(page, drag, [x, y])
    page.mouse.up()
    assert result["draft"], "the pointer did not take hold of a joint"
    return [
        Figure(
            "drag with 3 × 133 points, frames painted (3 s)",
            result["painted"] / result["seconds"],
            "fps",
            50,
            at_least=True,
        ),
        Figure("drag with 3 × 133 points, worst frame", result["worst"], "ms"),
    ]


def committing(page: Any) -> list[float]:
    """Milliseconds from telling the server of a change to its answer."""
    times = []
    for _ in range(20):
        ask(page, "studio.commitTime = 0")
        page.keyboard.press("ArrowUp")
        wait(page, "studio.commitTime")
        times.append(ask(page, "studio.commitTime"))
    return times


if __name__ == "__main__":
    main()
