"""What the tests against the published code's numbers share: the fixtures, a test for each check, the command."""

import sys
from pathlib import Path

import pytest

from scripts import check_parity

golden = Path(__file__).parent / "golden"


def equality(comparisons, aside=()):
    """A test for each check, made on the module's `subject`; those named in `aside` the command alone makes."""
    checked = [comparison for comparison in comparisons if comparison.name not in aside]

    @pytest.mark.parametrize("comparison", checked, ids=lambda comparison: comparison.name)
    def test(subject, comparison):
        if obstacle := comparison.obstacle(subject):
            pytest.skip(obstacle)
        check = comparison.run(subject)
        assert check.passed, check

    return test


def error(comparisons, name, subject) -> float:
    """How far the check of that name is off."""
    return only(comparisons, name).run(subject).error


def fails(comparisons, name, subject) -> bool:
    return not only(comparisons, name).run(subject).passed


def only(comparisons, name):
    (found,) = (comparison for comparison in comparisons if comparison.name == name)
    return found


def command(monkeypatch, *arguments) -> int:
    """The exit status of scripts/check_parity.py with these arguments."""
    monkeypatch.setattr(sys, "argv", ["check_parity.py", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        check_parity.main()
    return left.value.code
