"""Downloads models by name: into the hub's cache, where the studio looks for them, or into a folder of models.

Ctrl-C keeps what came so far; the same command goes on from there.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine import weights
from engine.download import download

kinds: tuple[weights.Kind, ...] = ("estimate", "detect", "lift", "prior", "paint", "control")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a model of the table; several are fetched in turn")
    parser.add_argument("--into", type=Path, metavar="DIR", help="folder of models: each goes into DIR/NAME")
    parser.add_argument("--list", action="store_true", help="print the table of models and which are here")
    args = parser.parse_args()
    if args.list:
        print(listing(args.into))
    elif not args.names:
        parser.error("expected the NAME of a model, or --list")
    for name in args.names:
        try:
            fetch(name, args.into)
        except KeyboardInterrupt:
            into = f" --into {args.into}" if args.into else ""
            sys.exit(
                f"\nstopped; what came is kept: `python scripts/download_weights.py {name}{into}` goes on from there"
            )
        except (ValueError, OSError) as error:
            sys.exit(f"\ndownload_weights: {error}")


def fetch(name: str, into: Path | None) -> None:
    """Fetches one model, unless it came with the project."""
    model = weights.entry(name)
    if model.source == "embedded":
        print(f"{name} comes with the project: {weights.require(name)}")
        return
    print(f"{name}: about {size(model)}, licence {model.licence}", flush=True)
    line = Line()
    path = download(model, into, line.say)
    line.say(1.0, f"{name} is in {path}")
    print()


def listing(models: Path | None) -> str:
    """The table of models, one a line: name, size, whether it is here, licence, what it does."""
    found = [w for kind in kinds for w in weights.every(kind, models)]
    width = max(len(w.name) for w in found)
    lines = []
    for w in found:
        state = "here" if w.present else "broken" if w.problem else "-"
        lines.append(f"{w.name:{width}}  {size(w):>8}  {state:6}  {w.does} · {w.licence}")
        lines += [f"{'':{width}}  {more}" for more in (w.problem, "" if w.present else w.by_hand) if more]
    return "\n".join(lines)


def size(model: weights.Weights) -> str:
    return f"{model.megabytes / 1000:.1f} GB" if model.megabytes >= 1000 else f"{model.megabytes:.0f} MB"


class Line:
    """One line on the terminal that is written over."""

    def __init__(self) -> None:
        self._width = 0

    def say(self, share: float, text: str) -> None:
        line = f"{100 * share:3.0f} %  {text}"
        print(f"\r{line:{self._width}}", end="", flush=True)
        self._width = len(line)


if __name__ == "__main__":
    main()
