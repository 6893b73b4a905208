"""Writes what SP-Ctrl's training reads of AP-10K, from its annotations.

    python scripts/prepare_ap10k.py --annotations ap10k-train-split1.json ap10k-val-split1.json --images data \\
        --out AP-10K_triplet

Beside train_split1.jsonl and val_split1.jsonl, one picture a line, OUT has pose_kptindex (SP-Ctrl's maps), openpose
(drawings) and heatmap_multichannel_npy (17 × 64 × 64 a picture). Training draws what is not there, so that --only
with nothing but what you want to look at is enough. Run again, it goes on where it was ended. Lines that are prepared
already, .jsonl, are taken too.
"""

import sys
from pathlib import Path, PurePosixPath

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.data import read_annotations
from engine.skeleton import ap10k17
from engine.spctrl_pictures import read_lines
from scripts.prepared_files import Layout, Line, Listed, arguments, prepare

layout = Layout("animal", "pose_kptindex", "openpose", "heatmap_multichannel_npy")
kept = ("id", "image_id", "category_id", "bbox", "area", "iscrowd", "num_keypoints", "keypoints")


def main() -> None:
    args = arguments(__doc__).parse_args()
    try:
        prepare(args, layout, lines_of)
    except (ValueError, OSError) as error:
        sys.exit(f"prepare_ap10k: {error}")


def lines_of(source: Path) -> tuple[str, list[Listed]]:
    """AP-10K's pictures in a file, and the name that its lines are published under: train_split1.jsonl."""
    if source.suffix == ".jsonl":
        lines = read_lines(source, "filename", "height", "width", "background", "anns")
        return "", [listed(line) for line in lines]
    return source.stem.removeprefix("ap10k-").replace("-", "_") + ".jsonl", [listed(line) for line in lines_in(source)]


def lines_in(source: Path) -> list[Line]:
    """The lines of an annotation file, but for pictures with nobody; ValueError for another data set."""
    file = read_annotations(source)
    for category in file["categories"]:
        if tuple(category.get("keypoints", ())) != ap10k17.joints:
            names = ", ".join(map(str, category.get("keypoints", ())[:4]))
            raise ValueError(f"expected AP-10K's 17 joints in {source}, got {names or 'none'} …")
    people: dict[int, list[Line]] = {}
    for one in file["annotations"]:
        people.setdefault(one["image_id"], []).append({key: one[key] for key in kept if key in one})
    lines = []
    for image in file["images"]:
        if "background" not in image:
            raise ValueError(f"expected a background for each picture of {source}, got none for {image['file_name']}")
        if image["id"] in people:
            lines.append(
                {
                    "filename": image["file_name"], "image_id": image["id"], "height": image["height"],
                    "width": image["width"], "anns": people[image["id"]], "background": image["background"],
                }
            )  # fmt: skip
    return lines


def listed(line: Line) -> Listed:
    return Listed(line, PurePosixPath(line["filename"]).stem, Path(line["filename"]))


if __name__ == "__main__":
    main()
