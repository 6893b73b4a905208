"""Writes what SP-Ctrl's training reads of Human-Art, from its annotations.

    python scripts/prepare_humanart.py --annotations training_humanart.json validation_humanart.json --images . \\
        --out HumanArt_triplet

Beside humanart_training.jsonl and humanart_validation.jsonl, one picture a line, OUT has humanart_kptindex (SP-Ctrl's
maps), humanart_openpose (drawings) and humanart_heatmap_multichannel_npy (17 × 64 × 64 a picture), by group and scene.
IMAGES is the folder that HumanArt lies in. Training draws what is not there, so that --only with nothing but what you
want to look at is enough. Run again, it goes on where it was ended. Lines that are prepared already, .jsonl, are taken
too.
"""

import sys
from pathlib import Path, PurePosixPath

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.data import read_annotations
from engine.spctrl_pictures import art_name, read_lines
from scripts.prepared_files import Layout, Line, Listed, arguments, prepare

layout = Layout("human", "humanart_kptindex", "humanart_openpose", "humanart_heatmap_multichannel_npy")
kept = ("id", "image_id", "category_id", "bbox", "area", "iscrowd", "num_keypoints", "keypoints")


def main() -> None:
    args = arguments(__doc__).parse_args()
    try:
        prepare(args, layout, lines_of)
    except (ValueError, OSError) as error:
        sys.exit(f"prepare_humanart: {error}")


def lines_of(source: Path) -> tuple[str, list[Listed]]:
    """Human-Art's pictures in a file, and the name that its lines are published under: humanart_training.jsonl."""
    if source.suffix == ".jsonl":
        lines = read_lines(source, "dirname", "picture_name", "height", "width", "anns", "caption")
        return "", [listed(line) for line in lines]
    name = "_".join(["humanart", *(part for part in source.stem.split("_") if part != "humanart")])
    return f"{name}.jsonl", [listed(line) for line in lines_in(source)]


def lines_in(source: Path) -> list[Line]:
    """The lines of an annotation file, but for crowds, pictures with nobody, and those of other data sets."""
    file = read_annotations(source)
    people: dict[int, list[Line]] = {}
    for one in file["annotations"]:
        if not one.get("iscrowd"):
            people.setdefault(one["image_id"], []).append({key: one[key] for key in kept if key in one})
    lines = []
    for image in file["images"]:
        path = PurePosixPath(image["file_name"])
        if path.parts[0] != "HumanArt" or len(path.parts) < 5 or image["id"] not in people:
            continue
        if not isinstance(image.get("description"), str):
            raise ValueError(f"expected a description for each picture of {source}, got none for {path}")
        lines.append(
            {
                "filename": str(path), "dirname": str(path.parent), "picture_name": path.name,
                "category": path.parts[3], "image_id": image["id"], "height": image["height"],
                "width": image["width"], "anns": people[image["id"]], "caption": [image["description"]],
            }
        )  # fmt: skip
    if not lines:
        raise ValueError(f"expected pictures like HumanArt/images/group/scene/name.jpg in {source}, got none")
    return lines


def listed(line: Line) -> Listed:
    return Listed(line, art_name(line), Path(line["dirname"]) / line["picture_name"])


if __name__ == "__main__":
    main()
