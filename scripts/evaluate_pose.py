"""Measures a pose estimator on annotated pictures: people found, mean OKS, AP, PCK@0.2, seconds a picture.

Takes any COCO-format file of COCO, COCO-WholeBody, CrowdPose or AP-10K; points are compared on the joints that the
model and the file both have. People are the annotations with labelled points that are no crowd.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.evaluate import evaluate, read_examples
from engine.photo import read_photo
from engine.studio import Studio, record_accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="auto", help="name of an estimator; auto: the most accurate one (default)")
    parser.add_argument("--annotations", type=Path, required=True, metavar="FILE.json")
    parser.add_argument("--images", type=Path, required=True, metavar="DIR")
    parser.add_argument("--boxes", choices=("gt", "detect"), default="gt", help="annotated boxes, or the model's own")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there as well")
    parser.add_argument("--record", action="store_true", help="keep the figures for the menu and for `auto`")
    args = parser.parse_args()
    studio = Studio()
    try:
        model = studio.estimator(args.model)
        figures = evaluate(
            read_examples(json.loads(args.annotations.read_text("utf-8"))),
            model.skeleton,
            lambda name: read_photo((args.images / name).read_bytes(), name).image,
            lambda photo, boxes: studio.estimate(photo, model.name, boxes).pose,
            studio.detect,
            use_boxes=args.boxes == "gt",
        )
    except (ValueError, OSError) as error:
        sys.exit(f"evaluate_pose: {error}")
    print(f"{model.name} on {args.annotations.name}, boxes: {args.boxes}")
    print(f"people {figures.people}, found {figures.found:.0%}")
    print(f"mean OKS {figures.mean_oks:.3f}, AP {figures.ap:.3f}, PCK@0.2 {figures.pck:.3f}")
    print(f"{figures.seconds_per_image:.3f} s a picture")
    if args.json:
        args.json.write_text(json.dumps(asdict(figures), indent=2) + "\n", "utf-8")
    if args.record:
        record_accuracy(model.name, figures, f"{args.annotations.stem}, boxes: {args.boxes}")


if __name__ == "__main__":
    main()
