"""COCO AP and AR of SDPose, or any estimator of the studio, by the published protocol.

Annotations are COCO's, COCO-WholeBody's (a row per part) or Human-Art's. Boxes are the annotated ones, or with
--detections all person boxes of a detections file, no score cut. --ood DIR measures COCO-OOD: each folder in DIR
holds the annotated pictures in another style under the same names, and gets a table. --predictions FILE keeps what
was found as it comes: a run that was stopped goes on where it was, and a finished one is only counted again.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.box import Box
from engine.photo import read_photo
from engine.skeleton import Skeleton, coco17, wholebody133
from scripts.keypoint_metric import Instance, Row, has_parts, table

# Pictures (H, W, 3) and the boxes in each → keypoints (N, K, 3) of each: x, y px and score.
Predict = Callable[[list[np.ndarray], list[list[Box]]], list[np.ndarray]]
Boxes = dict[int, list[tuple[Box, float]]]
needed = {"images": ("id", "file_name"), "annotations": ("id", "image_id", "bbox", "keypoints")}
columns = {
    "ap": "AP",
    "ap50": "AP50",
    "ap75": "AP75",
    "ap_medium": "APM",
    "ap_large": "APL",
    "ar": "AR",
    "ar50": "AR50",
}


# ── what is asked for ──


def annotated(path: Path) -> dict[str, Any]:
    """A file in COCO's form; ValueError for another."""
    file = json.loads(path.read_text("utf-8"))
    for key, fields in needed.items():
        rows = file.get(key) if isinstance(file, dict) else None
        if not rows or any(field not in row for row in rows for field in fields):
            raise ValueError(
                f"expected {key} with {', '.join(fields)} in “{path.name}”, a COCO file, got something else"
            )
    return file


def true_boxes(file: dict[str, Any]) -> Boxes:
    """Annotated boxes of people with labelled points, no crowds, cut to the picture as the published reader does."""
    sizes = {image["id"]: (image.get("width"), image.get("height")) for image in file["images"]}
    boxes: Boxes = {}
    for each in file["annotations"]:
        if each.get("iscrowd") or not any(seen > 0 for seen in each["keypoints"][2::3]):
            continue
        x, y, w, h = each["bbox"]
        width, height = sizes[each["image_id"]]
        box = Box(x, y, x + w, y + h)
        if width and height:
            box = Box(max(x, 0), max(y, 0), min(x + w, width - 1), min(y + h, height - 1))
        if box.width > 0 and box.height > 0:
            boxes.setdefault(each["image_id"], []).append((box, 1.0))
    return boxes


def detected_boxes(path: Path) -> Boxes:
    """All boxes of people in a detections file, a list of image_id, category_id, bbox and score."""
    rows = json.loads(path.read_text("utf-8"))
    if not isinstance(rows, list) or any({"image_id", "category_id", "bbox", "score"} - set(row) for row in rows):
        raise ValueError(f"expected a list of detections with image_id, category_id, bbox and score in “{path.name}”")
    boxes: Boxes = {}
    for row in rows:
        x, y, w, h = row["bbox"]
        if row["category_id"] == 1 and w > 0 and h > 0:
            boxes.setdefault(row["image_id"], []).append((Box(x, y, x + w, y + h), float(row["score"])))
    return boxes


def picture(folder: Path, file_name: str) -> Path:
    """The picture of that name in a folder: restyled ones may lie flat, or end otherwise."""
    for path in (folder / file_name, folder / Path(file_name).name):
        if path.is_file():
            return path
        for other in sorted(path.parent.glob(f"{path.stem}.*")) if path.parent.is_dir() else ():
            return other
    raise ValueError(f"expected the picture {file_name} in “{folder}”, got none")


# ── what is found, kept as it comes ──


class Predictions:
    """Instances by picture, one line of JSON each after a first line that tells what made them; `path` None: in memory.

    ValueError when a file is there that something else made.
    """

    def __init__(self, path: Path | None, made_by: dict[str, Any]) -> None:
        self._path = path
        self.by_image: dict[int, list[Instance]] = {}
        if path is None:
            return
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        if lines and json.loads(lines[0]) != made_by:
            raise ValueError(f"expected predictions of {made_by} in “{path.name}”, got those of {lines[0]}")
        whole = lines[:1]
        for line in lines[1:]:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:  # the run was stopped while it wrote
                break
            self.by_image[row["image"]] = [_instance(row["image"], each) for each in row["people"]]
            whole.append(line)
        path.write_text("\n".join(whole or [json.dumps(made_by)]) + "\n", "utf-8")

    def add(self, image_id: int, instances: list[Instance]) -> None:
        self.by_image[image_id] = instances
        if self._path:
            people = [
                {"box": list(each.box), "score": each.box_score, "keypoints": each.keypoints.round(4).ravel().tolist()}
                for each in instances
            ]
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"image": image_id, "people": people}) + "\n")


def _instance(image_id: int, row: dict[str, Any]) -> Instance:
    return Instance(image_id, np.array(row["keypoints"]).reshape(-1, 3), Box(*row["box"]), row["score"])


def find(
    images: Sequence[dict], folder: Path, boxes: Boxes, predict: Predict, found: Predictions, at_once: int = 4
) -> None:
    """Fills `found` with the instances of the pictures that it lacks, about `at_once` boxes in one call."""
    lacking = [image for image in images if image["id"] not in found.by_image]
    started = time.perf_counter()
    for n, group in _grouped(lacking, boxes, at_once):
        places = [boxes.get(image["id"], []) for image in group]
        some = [i for i, here in enumerate(places) if here]
        pictures = [picture(folder, group[i]["file_name"]) for i in some]
        photos = [read_photo(path.read_bytes(), path.name).image for path in pictures]
        keypoints = predict(photos, [[box for box, _ in places[i]] for i in some])
        by_place = dict(zip(some, keypoints, strict=True))
        for i, image in enumerate(group):
            pairs = zip(by_place[i], places[i], strict=True) if i in by_place else ()
            found.add(image["id"], [Instance(image["id"], points, box, score) for points, (box, score) in pairs])
        each = (time.perf_counter() - started) / n
        print(f"\r{n} of {len(lacking)} pictures, {each:.2f} s each", end="", file=sys.stderr, flush=True)
    if lacking:
        print(file=sys.stderr)


def _grouped(images: Sequence[dict], boxes: Boxes, at_once: int) -> Iterator[tuple[int, list[dict]]]:
    """How many pictures are done after each group, and the group."""
    group: list[dict] = []
    for n, image in enumerate(images, 1):
        group.append(image)
        if n == len(images) or sum(len(boxes.get(each["id"], ())) for each in group) >= at_once:
            yield n, group
            group = []


# ── what is told ──


def rows_of(file: dict[str, Any], images: Sequence[dict], skeleton: Skeleton, found: Predictions) -> dict[str, Row]:
    """The table of what was found on `skeleton`: by parts where the file and the model have them, else the body."""
    on = wholebody133 if skeleton == wholebody133 and has_parts(file) else coco17
    if lacking := set(on.joints) - set(skeleton.joints):
        raise ValueError(f"expected a model with COCO's joints, got {skeleton.name} without {sorted(lacking)[0]}")
    where, ids = skeleton.indices(on.joints), [image["id"] for image in images]
    instances = [
        Instance(each.image_id, each.keypoints[where], each.box, each.box_score)
        for image_id in ids
        for each in found.by_image[image_id]
    ]
    return table(file, ids, instances, on)


def printed(tables: dict[str, dict[str, Row]]) -> str:
    """The tables as lines: a set and part, then the figures in percent."""
    names = [f"{name} {part}".strip() for name, rows in tables.items() for part in rows]
    width = max(map(len, names))
    lines = [f"{'':{width}}" + "".join(f"{title:>7}" for title in columns.values())]
    for name, row in zip(names, (row for rows in tables.values() for row in rows.values()), strict=True):
        figures = [getattr(row, key) for key in columns]
        lines.append(f"{name:{width}}" + "".join("      –" if f < 0 else f"{100 * f:7.1f}" for f in figures))
    return "\n".join(lines)


def measured(args: argparse.Namespace, skeleton: Skeleton, predict: Predict) -> dict[str, dict[str, Row]]:
    """The tables by set, all made with one model; the set without a style has no name."""
    file = annotated(args.annotations)
    boxes = detected_boxes(args.detections) if args.detections else true_boxes(file)
    # With true boxes a picture without people tells nothing; found boxes there are mistakes, and count.
    images = [image for image in file["images"] if args.detections or image["id"] in boxes][: args.limit]
    if not images:
        raise ValueError(f"expected pictures with people in “{args.annotations.name}”, got none")
    folders = {"": args.images}
    if args.ood:
        folders = {path.name: path for path in sorted(args.ood.iterdir()) if path.is_dir()}
        if not folders:
            raise ValueError(f"expected a folder per style in “{args.ood}”, got none")
    tables = {}
    for style, folder in folders.items():
        made_by = {
            "model": args.model, "protocol": args.protocol, "flip": not args.no_flip, "precision": args.precision,
            "annotations": args.annotations.name, "boxes": args.detections.name if args.detections else "annotated",
            "style": style,
        }  # fmt: skip
        path = args.predictions
        if path and style:
            path = path.with_name(f"{path.stem}-{style}{path.suffix}")
        found = Predictions(path, made_by)
        find(images, folder, boxes, predict, found, args.batch)
        tables[style] = rows_of(file, images, skeleton, found)
    return tables


# ── what finds ──


def network(args: argparse.Namespace) -> tuple[Skeleton, Predict]:
    """The model asked for, by name or by its folder, and the skeleton of its points."""
    from engine import weights
    from engine.estimate import Options
    from engine.studio import Studio

    name, models = args.model, args.models
    if Path(name).exists():
        name, models = Path(name).name, Path(name).absolute().parent
    if name != "auto" and weights.entry(name, models).system == "sdpose":
        return pipeline(weights.require(name, models), args)
    estimator = Studio(models).estimator(name, Options(flip_test=not args.no_flip, precision=args.precision))

    def predict(photos: list[np.ndarray], boxes: list[list[Box]]) -> list[np.ndarray]:
        found = (
            estimator.points(photo, here, not args.no_flip) for photo, here in zip(photos, boxes, strict=True)
        )  # fmt: skip
        return [np.stack([np.c_[person.points, person.scores] for person in people]) for people in found]

    return estimator.skeleton, predict


def pipeline(path: Path, args: argparse.Namespace) -> tuple[Skeleton, Predict]:
    """SDPose itself, which takes the figures of several pictures in one pass and keeps scores above 1."""
    import torch

    from engine.sdpose import SDPosePipeline

    device = "cuda" if torch.cuda.is_available() else "cpu"
    named = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    dtype = named.get(args.precision, torch.bfloat16 if device == "cuda" else torch.float32)
    net = SDPosePipeline.from_pretrained(path, dtype).for_inference().to(device)

    def predict(photos: list[np.ndarray], boxes: list[list[Box]]) -> list[np.ndarray]:
        found = net(photos, boxes, args.protocol, not args.no_flip, batch_size=args.batch)
        return [np.concatenate([p, s[..., None]], 2) for p, s in zip(found.keypoints, found.scores, strict=True)]

    return net.skeleton, predict


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="name of an estimator, or a folder of SDPose weights")
    parser.add_argument("--models", type=Path, metavar="DIR", help="your folder of models")
    parser.add_argument("--annotations", type=Path, required=True, metavar="FILE.json")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--images", type=Path, metavar="DIR", help="the annotated pictures")
    where.add_argument("--ood", type=Path, metavar="DIR", help="a folder per style, with the pictures restyled")
    parser.add_argument("--detections", type=Path, metavar="FILE.json", help="boxes found; default: annotated boxes")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N pictures")
    parser.add_argument("--batch", type=int, default=4, metavar="N", help="figures in one pass (default 4)")
    parser.add_argument("--protocol", choices=("evaluation", "demo"), default="evaluation")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16", "fp16"), default="auto")
    parser.add_argument("--no-flip", action="store_true", help="without the second, mirrored look")
    parser.add_argument("--predictions", type=Path, metavar="FILE.jsonl", help="keep what is found there, and go on")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there as well")
    return parser.parse_args()


def main() -> None:
    args = _arguments()
    try:
        skeleton, predict = network(args)
        tables = measured(args, skeleton, predict)
    except (ValueError, OSError) as error:
        sys.exit(f"evaluate_sdpose: {error}")
    print(printed(tables))
    if args.json:
        figures = {name: {part: asdict(row) for part, row in rows.items()} for name, rows in tables.items()}
        told = {key: str(value) for key, value in vars(args).items() if value is not None}
        args.json.write_text(json.dumps({"arguments": told, "tables": figures}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
