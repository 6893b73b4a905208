"""Compare this project's numbers with fixtures of the published code: one line per check, exit status 1 if any is over.

A fixture folder holds JSON and npz files in the form of the golden set's README, its constants in each file's
`formula` block.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from scripts.parity import Comparison

name_width = 46
systems = ("sdpose", "dposer", "spctrl")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("system", choices=systems, help="whose fixtures")
    parser.add_argument("--golden", type=Path, required=True, metavar="DIR", help="the fixture folder")
    options = parser.parse_args()
    if not (options.golden / f"{options.system}.json").is_file():
        parser.exit(2, f"check_parity: expected {options.system}.json in {options.golden}, got none\n")
    results: list[bool | None] = []
    try:
        for line, passed in lines(options.golden, options.system):
            print(line, flush=True)
            results.append(passed)
    except (ValueError, KeyError, OSError) as error:
        parser.exit(2, f"check_parity: expected fixtures of {options.system} in {options.golden}, got {error!r}\n")
    print(
        f"{results.count(True)} passed, {results.count(False)} over their tolerance, {results.count(None)} not checked"
    )
    sys.exit(1 if False in results else 0)


def lines(folder: Path, system: str) -> Iterator[tuple[str, bool | None]]:
    """A line for each check, and whether it passed: None for one that cannot be made here, whose line says why."""
    subject, comparisons = checks(folder, system)
    for comparison in comparisons:
        if obstacle := comparison.obstacle(subject):
            yield f"{comparison.name:{name_width}} not checked: {obstacle}", None
            continue
        check = comparison.run(subject)
        verdict = "pass" if check.passed else "FAIL"
        yield f"{check.name:{name_width}} {check.error:10.3g}  ≤ {check.tolerance:<8g} {verdict}", check.passed


def checks(folder: Path, system: str) -> tuple[Any, tuple[Comparison[Any], ...]]:
    """What of a system is checked, and how; only its own modules are loaded, for diffusers alone takes seconds."""
    chosen = import_module(f"scripts.parity.{system}")
    return chosen.Subject(folder), chosen.comparisons


if __name__ == "__main__":
    main()
