"""The README says what was measured and names only what is there."""

import json
import re
from pathlib import Path

import pytest

from engine import files, weights

root = Path(__file__).parent.parent
readme = (root / "README.md").read_text("utf-8")
accuracy = json.loads((root / "assets" / "weights" / "accuracy.json").read_text("utf-8"))
sets = [(model, name) for model, measured in accuracy.items() for name in measured]


@pytest.mark.parametrize(("model", "name"), sets)
def test_the_accuracy_table_is_the_recorded_one(model, name):
    figures = accuracy[model][name]
    found = f"{figures['found']:.0%}".replace("%", " %")
    row = f"| {figures['people']} | {found} | {figures['mean_oks']:.3f} | {figures['ap']:.3f} | {figures['pck']:.3f} |"
    assert f"{row} {figures['seconds_per_image']:.2f} |" in readme


@pytest.mark.parametrize("model", [each.name for each in weights.table])
def test_every_model_is_named_with_its_source(model):
    row = next(line for line in readme.splitlines() if line.startswith(f"| `{model}` | "))
    source = weights.entry(model).source
    places = {weights.Hub: "repository", weights.Page: "address"}
    assert (source if isinstance(source, str) else getattr(source, places[type(source)])) in row


def test_pictures_and_scripts_exist():
    named = re.findall(r"\]\((docs/[\w.-]+)\)", readme) + re.findall(r"python (scripts/\w+\.py)", readme)
    assert len(named) > 6
    assert [path for path in named if not (root / path).is_file()] == []


def test_the_convert_endpoint_names_every_format():
    row = next(line for line in readme.splitlines() if line.startswith("| `/convert`"))
    assert [name for name, one in files.formats.items() if one.writes and name not in row] == []
