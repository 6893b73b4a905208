"""The tables of DPoser-X's paper for the open priors, their baselines and no prior, on this project's body.

python scripts/evaluate_dposer.py --task all --poses ../shared/eval/poses POSES --baselines BASELINES

POSES is what scripts/prepare_poses.py wrote: held-out clips are measured on, training sets are the reference of
generated poses; captured poses are for evaluation only. A single file works too. --tune prints the errors of a task's
baselines on the held-out sets over a grid of strengths: scripts/evaluation/strengths.py holds the best. The results
page, docs/results-dposer.md, is what --out writes with the line above; one thread takes about a quarter of an hour.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch

from engine.body import Body
from engine.networks.dposer import model_names
from engine.prior_file import PriorFolder
from scripts.evaluation import observed, page, tuning
from scripts.evaluation.asked import Asked, Report
from scripts.evaluation.contestants import Contestants
from scripts.evaluation.tables import claims_table

root = Path(__file__).parent.parent
body_path = root / "assets" / "body" / "contrapposto_neutral.npz"
embedded = root / "assets" / "weights" / "dposer-open"
# Each task's module in scripts/evaluation and the function that reports.
tasks = {
    "completion": ("completion", "report"),
    "denoising": ("denoising", "report"),
    "hand-ik": ("hands", "report"),
    "hand-noise": ("hands", "noise_report"),
    "fitting": ("fitting", "report"),
    "schedules": ("schedules", "report"),
    "whole-completion": ("whole", "report"),
    "face-ik": ("face", "report"),
    "generation": ("generation", "report"),
}


def task(name: str) -> Callable[[Asked], Report]:
    """What measures a task; its module is read when it is asked for."""
    module, function = tasks[name]
    return getattr(importlib.import_module(f"scripts.evaluation.{module}"), function)


def measured(asked: Asked, names: Iterable[str]) -> list[tuple[str, Report, float]]:
    """Each task's report and how many seconds it took."""
    found = []
    for name in names:
        started = time.perf_counter()
        found.append((name, task(name)(asked), time.perf_counter() - started))
    return found


def printed(report: Report, seconds: float) -> str:
    """A report for the terminal."""
    parts = [f"### {report.title}", report.about, *(table.markdown() for table in report.tables)]
    if report.claims:
        parts.append(claims_table(report.claims))
    return "\n\n".join([*parts, f"({seconds:.0f} s)"])


def _asked(args: argparse.Namespace) -> Asked:
    """What the arguments ask for; ValueError for files that are none."""
    body = Body.load(body_path)
    sets = observed.read(args.poses, body)
    contestants = Contestants(PriorFolder(args.prior), args.baselines, args.model)

    def say(what: str) -> None:
        print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)

    silent = (lambda _: None) if args.quiet else say
    return Asked(body, tuple(sets), contestants, tuple(args.poses), args.samples, args.seed, silent)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", nargs="+", choices=(*tasks, "all"), default=["all"])
    parser.add_argument("--poses", nargs="+", type=Path, required=True, metavar="PATH", help="files and folders")
    parser.add_argument("--prior", type=_prior, default=embedded, metavar="dposer-open|FOLDER", help="the open priors")
    parser.add_argument("--model", choices=model_names, default="mixed", help="the whole body's kind")
    parser.add_argument("--baselines", type=Path, metavar="DIR", help="what scripts/train_baselines.py wrote")
    parser.add_argument("--samples", type=int, default=100, metavar="N", help="poses of a measurement (default 100)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tune", action="store_true", help="print the baselines' errors over a grid of strengths")
    parser.add_argument("--quiet", action="store_true", help="say nothing while measuring")
    parser.add_argument("--out", type=Path, metavar="FILE.md", help="write the results page there")
    return parser.parse_args()


def _prior(text: str) -> Path:
    return embedded if text == "dposer-open" else Path(text)


def main() -> None:
    """Measure, print, and write the page."""
    args = _arguments()
    torch.set_num_threads(args.threads)
    names = list(tasks) if "all" in args.task else args.task
    try:
        asked = _asked(args)
        if args.tune:
            for name in names:
                for line in tuning.grid(asked, name):
                    print(line, flush=True)
            return
        found = []
        for name in names:
            found += measured(asked, [name])
            print("\n" + printed(*found[-1][1:]), flush=True)
    except (ValueError, OSError) as error:
        sys.exit(f"evaluate_dposer: {error}")
    if args.out:
        args.out.write_text(page.page(asked, [(report, seconds) for _, report, seconds in found]), "utf-8")


if __name__ == "__main__":
    main()
