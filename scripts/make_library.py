"""Pose the mannequins by the recipes and write the pose library.

python scripts/make_library.py [--out assets/library/poses.json]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.library import LibraryPose, version
from engine.mannequin import Animal, Figure, Seen, posed, posed_animal, see, see_animal, see_hand
from scripts.recipes import Recipe
from scripts.recipes.animals import animal_poses
from scripts.recipes.hands import hand_poses
from scripts.recipes.moving import moving
from scripts.recipes.resting import resting
from scripts.recipes.standing import standing

recipes: tuple[Recipe, ...] = (*standing, *moving, *resting, *hand_poses, *animal_poses)
default_path = Path(__file__).parent.parent / "assets" / "library" / "poses.json"


def seen(recipe: Recipe) -> Seen:
    """The recipe's mannequin as its camera sees it."""
    if isinstance(recipe.pose, Figure):
        return see(posed(recipe.pose), recipe.view)
    if isinstance(recipe.pose, Animal):
        return see_animal(posed_animal(recipe.pose), recipe.view)
    return see_hand(recipe.pose, recipe.view)


def library_pose(recipe: Recipe) -> LibraryPose:
    """The recipe cooked."""
    picture = seen(recipe)
    kind = {"wholebody133": "person", "hand21": "hand", "ap10k17": "animal"}[picture.person.skeleton.name]
    return LibraryPose(recipe.id, recipe.title, kind, tuple(recipe.tags.split()), picture.size, picture.person)


def library_text() -> str:
    """The library's file: one line a pose, so that a changed pose is a changed line."""
    lines = [json.dumps(library_pose(recipe).to_json(), separators=(",", ":")) for recipe in recipes]
    return f'{{"library":{version},"poses":[\n' + ",\n".join(lines) + "\n]}\n"


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=default_path)
    path: Path = parser.parse_args().out
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(library_text(), encoding="utf-8")
    print(f"{len(recipes)} poses, {path.stat().st_size / 1000:.0f} kB: {path}")


if __name__ == "__main__":
    main()
