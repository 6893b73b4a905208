"""Compares controls, the arms of one training, by what they painted of sets of the rendered world; writes the page.

    python scripts/evaluate_spctrl.py --annotations world/sitters.json --out painted/sitters --run both \\
        --control arms/both/model --model sd-mini --guided --guidance 3 --steps 20 --size 128 --batch 16 --count 2 \\
        --only paint
    python scripts/compare_spctrl.py --set "held-out poses" world/sitters.json painted/sitters --world world \\
        --scores scores.json --page docs/results-spctrl.md

Runs named rgb, spr, kcl, both, brief, window-…, channels-…, names and shipped are what the page tells of.
Scores that are in the file already are kept: runs can be measured one after the other.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine import weights
from scripts import evaluate_spctrl
from scripts.evaluation import spctrl_arms, spctrl_page
from scripts.evaluation.painting_report import sheet
from scripts.evaluation.painting_scores import Networks, Source
from scripts.evaluation.prompt_judges import Judges, known
from scripts.evaluation.spctrl_arms import Asked, Words, asked, measured, read_scores, write_scores


def main() -> None:
    args = arguments()
    try:
        sets = [asked(name, Path(file), args.world, args.limit) for name, file, _ in args.set]
        found = read_scores(args.scores) if args.scores.is_file() else []
        words: Words | None = None  # who judge them learn for minutes: only where there is something to judge
        for one, (_, _, painted) in zip(sets, args.set, strict=True):
            networks = [network(one, name) for name in args.estimator]
            for source in sources(Path(painted), args):
                done = {score.key for score in found}
                if all((source.name, one.name, by.estimator) in done for by in networks):
                    continue
                words = words or judges(args)
                for new in measured(one, source, networks, words, Path(painted)):
                    found = [old for old in found if old.key != new.key] + [new]
                    told = f"mAP {new.ap:.3f}, OKS {new.oks:.3f}, PCK {new.pck:.3f}, Fréchet {new.frechet}"
                    print(f"{one.name}, {new.run}, {new.estimator}: {told}", flush=True)
                write_scores(found, args.scores)
        if args.sheet:
            pictures = [Source("rendered", args.world, real=True), *shown(Path(args.set[0][2]), args.show)]
            sheet(sets[0].of, pictures, args.rows).save(args.sheet)
        if args.page:
            args.page.write_text(spctrl_page.page(found, made(args)), "utf-8")
    except (ValueError, OSError) as error:
        sys.exit(f"compare_spctrl: {error}")


def sources(painted: Path, args: argparse.Namespace) -> list[Source]:
    """A set's runs, and with --real the rendered pictures themselves."""
    found = evaluate_spctrl.runs(painted)
    return [*found, *([Source(spctrl_arms.real, args.world, real=True)] if args.real else [])]


def shown(painted: Path, names: Sequence[str]) -> list[Source]:
    """The runs of those names, in that order; without names every run. ValueError for one that was not painted."""
    found = {source.name: source for source in evaluate_spctrl.runs(painted)}
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"expected runs to show among {', '.join(found)}, got {', '.join(missing)}")
    return [found[name] for name in names or found]


def network(one: Asked, estimator: str) -> Networks:
    """That estimator, with the features of sd-mini's autoencoder."""
    told = argparse.Namespace(models=None, estimator=estimator)
    by = evaluate_spctrl.networks(one.of, told)
    return Networks(by.estimator, by.skeleton, by.predict, evaluate_spctrl.vae_features(told))


def judges(args: argparse.Namespace) -> Words | None:
    """The judges of words, which learn from the world's portraits first; none with --no-words."""
    if args.no_words:
        return None
    from engine.paint_loading import read_base

    base = read_base(weights.require("sd-mini", None), "sd-mini")
    vae = base.parts["vae"]
    world = known(args.world, [args.learn_from], vae, args.side, args.latents)
    return Words(Judges(world), vae, args.side)


def made(args: argparse.Namespace) -> spctrl_page.Made:
    """What else the page tells, from the file named."""
    told = json.loads(args.told.read_text("utf-8")) if args.told else {}
    pictures = tuple((name, caption) for name, caption in told.get("pictures", ()))
    commands = tuple((command, words) for command, words in told.get("commands", ()))
    return spctrl_page.Made(commands, pictures, told.get("remarks", ""))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--set", nargs=3, action="append", default=[], metavar=("NAME", "FILE.json", "DIR"),
        help="a set of the world (FILE.json#several, #cut: a part), and its runs' folder; repeatable")  # fmt: skip
    add("--world", type=Path, required=True, metavar="DIR", help="what render_world.py wrote")
    add("--estimator", nargs="+", default=["quick", "sdpose-mini"], help="who looks for the poses")
    add("--limit", type=int, metavar="N", help="only the first N pictures of each set")
    add("--real", action="store_true", help="measure the rendered pictures too")
    add("--no-words", action="store_true", help="do not ask whether pictures show their prompts' words")
    add("--learn-from", default="portraits", metavar="SPLIT", help="the split that the judges of words learn from")
    add("--latents", type=Path, default=Path("latents"), metavar="DIR", help="keeps that split's latents")
    add("--side", type=int, default=128, help="px at which the judges look")
    add("--scores", type=Path, required=True, metavar="FILE.json", help="what is measured, kept and gone on with")
    add("--sheet", type=Path, metavar="FILE.webp", help="pictures of the first set")
    add("--show", nargs="*", default=[], metavar="RUN", help="only these there, in this order")
    add("--rows", type=int, default=8, help="poses there")
    add("--page", type=Path, metavar="FILE.md")
    add("--told", type=Path, metavar="FILE.json", help="remarks, pictures and commands with their times, for the page")
    return parser.parse_args()


if __name__ == "__main__":
    main()
