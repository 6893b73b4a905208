"""Paints a set of annotated poses and measures what came of it, in the forms of SP-Ctrl's tables.

python scripts/evaluate_spctrl.py --annotations val_split1.jsonl --images AP-10K/data --out OUT

--annotations is AP-10K's or Human-Art's .jsonl, or a .json in COCO's form whose images have captions. OUT gets a run,
RUN/PICTURE/0.jpg … in the size of the real pictures, painted with the published settings; one that was stopped goes on.
Then every run in OUT is measured, with --real the real pictures too, the upper bound: pose mAP of any estimator of the
studio, Fréchet distance (the FID where Inception's published weights are among the models, else of CLIP's or the VAE's
features), CLIP-score, AP of detection, diversity. OUT/results.md, results.csv and sheet.jpg hold what was found; what
lacks weights is named there as not measured.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine import weights
from engine.picture_scores import Features
from engine.pose import Pose2D
from engine.scene import PaintRequest, Picture
from engine.studio import Studio
from scripts.evaluation.painting_features import VaeFeatures, find_clip, find_inception
from scripts.evaluation.painting_report import as_csv, markdown, sheet
from scripts.evaluation.painting_run import Settings, paint_set, paint_set_together, read_run, told
from scripts.evaluation.painting_scores import Networks, Scores, Source, scores
from scripts.evaluation.painting_set import PaintingSet, read

if TYPE_CHECKING:
    from engine.painter import Painter

real_name = "real pictures"


# ── painting ──


def painted(of: PaintingSet, args: argparse.Namespace) -> Path:
    """Paints the run asked for, or what it lacks; its folder."""
    from engine.paint import paint  # and with it diffusers' pipelines, which measuring does without

    painter = painter_of(of, args)
    if (control := painter.control) is None:
        raise ValueError(f"expected a model that is told poses, got {painter.base.name}, which paints from words alone")
    settings = Settings(
        painter.base.name, control.name, control.encoding.partition("-")[0], args.size,
        args.keep_aspect, args.steps, args.guidance, args.pose_strength, args.words, args.negative, args.seed,
        control.guided,
    )  # fmt: skip
    folder = args.out / (args.run or f"{painter.base.name}-{control.name}")

    def paint_one(request: PaintRequest, pose: Pose2D) -> tuple[Picture, ...]:
        return paint(request, pose, painter)

    if args.batch > 1:
        from scripts.evaluation.painting_many import many_with

        paint_set_together(of, many_with(painter), settings, folder, args.count, args.batch, _say)
    else:
        paint_set(of, paint_one, settings, folder, args.count, _say)
    print(file=sys.stderr)
    return folder


def painter_of(of: PaintingSet, args: argparse.Namespace) -> Painter:
    """The painter asked for: the studio's choice, or with --control this one on the base."""
    request, pose = PaintRequest(model=args.model, encoding=args.encoding), of.asked[0].pose
    if args.control is None:
        return Studio(args.models).painter(request, pose)
    import torch

    from engine.paint_loading import fits, read_base, read_control
    from engine.painter import Painter

    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.float16 if device == "cuda" else torch.float32
    bases = [model for model in Studio(args.models).painters() if args.model in ("auto", model.name)]
    if not bases:
        raise ValueError(f"expected a model that paints, got {args.model!r}")
    base = read_base(weights.require(bases[0].name, args.models), bases[0].name, dtype)
    encoding: Any = "openpose"
    if (path := Path(args.control)).is_dir():
        name = path.name
    else:
        entry = weights.entry(name := args.control, args.models)
        if entry.kind != "control":
            raise ValueError(f"expected a control, got {name!r}, which {entry.does}")
        path, encoding = weights.require(name, args.models), entry.encoding or encoding
    control = read_control(path, name, dtype, encoding, of.kind, guided=args.guided)
    if not fits(base, control):
        raise ValueError(f"expected a control for {base.name}, got {name}, made for another base")
    return Painter(base, control, device)


# ── measuring ──


def measured(of: PaintingSet, args: argparse.Namespace) -> list[Scores]:
    """A row for each run in --out, and with --real one for the real pictures; written there."""
    sources = runs(args.out)
    real = Source(real_name, args.images, real=True) if args.images else None
    if args.real:
        if real is None:
            raise ValueError("expected the folder of the real pictures (--images) to measure them, got none")
        sources = [real, *sources]
    if not sources:
        raise ValueError(f"expected runs in {args.out}, got none: paint one first")
    by = networks(of, args)
    rows = []
    for source in sources:
        keep = args.out / f"{'real' if source.real else source.folder.name}-{by.estimator}.jsonl"
        rows.append(scores(of, source, real, by, keep))
    text = markdown(of, rows, by)
    (args.out / "results.md").write_text(text, "utf-8")
    (args.out / "results.csv").write_text(as_csv(rows), "utf-8")
    shown = sources if args.real or real is None else [real, *sources]
    sheet(of, shown, args.sheet).save(args.out / "sheet.jpg", quality=90)
    print(text)
    return rows


def runs(out: Path) -> list[Source]:
    """The runs in a folder, by name."""
    found = sorted(path.parent for path in out.glob(f"*/{told}"))
    for folder in found:
        read_run(folder)  # says which is none
    return [Source(folder.name, folder) for folder in found]


def networks(of: PaintingSet, args: argparse.Namespace) -> Networks:
    """What measures: the estimator asked for, and of the other networks those that are here."""
    from scripts.evaluate_sdpose import network

    studio = Studio(args.models)
    name = args.estimator
    if name == "auto" and of.kind == "animal":
        animals = [model.name for model in studio.models() if model.present and model.skeleton == of.skeleton.name]
        name = animals[0] if animals else "vitpose-animals"  # absent, it says how to get it
    elif name == "auto":
        name = studio.estimator(name).name
    asked = {"models": args.models, "precision": "auto", "no_flip": False, "batch": 8, "protocol": "evaluation"}
    skeleton, predict = network(argparse.Namespace(model=name, **asked))
    clip = find_clip(args.models)
    features = find_inception(args.models) or clip or vae_features(args)
    return Networks(Path(name).name, skeleton, predict, features, clip, _detector(of, args.models))


def vae_features(args: argparse.Namespace) -> Features | None:
    """The VAE of the first base that is here, where nothing better is."""
    here = [model.name for model in Studio(args.models).painters() if model.present and not model.is_xl]
    if not here:
        return None
    from engine.paint_loading import read_base

    return VaeFeatures(read_base(weights.require(here[0], args.models), here[0]).parts["vae"], here[0])


def _detector(of: PaintingSet, models: Path | None) -> Any:
    """RT-DETR, counting whatever it is not sure of too, as AP asks."""
    if (path := weights.find("rtdetr", models)) is None:
        return None
    from engine import rtdetr

    return rtdetr.load(path, rtdetr.animal_kinds if of.kind == "animal" else rtdetr.people_kinds, threshold=0.01)


def _say(what: str) -> None:
    print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--annotations", type=Path, required=True, metavar="FILE", help="the poses, .jsonl or .json")
    add("--images", type=Path, metavar="DIR", help="the real pictures, for Fréchet distances and --real")
    add("--out", type=Path, required=True, metavar="DIR", help="runs and results")
    add("--models", type=Path, metavar="DIR", help="your folder of models")
    add("--limit", type=int, metavar="N", help="only the first N pictures of the set")
    add("--only", choices=("paint", "measure"), help="do one of the two")
    painting = parser.add_argument_group("painting")
    add = painting.add_argument
    add("--run", metavar="NAME", help="of the run (default: model and control)")
    add("--model", default="auto", metavar="NAME", help="base that paints (default: the first that is there)")
    add("--control", metavar="NAME|DIR", help="control, by name or folder (default: the studio's choice)")
    add("--encoding", choices=("auto", "spctrl", "openpose"), default="auto", help="how the pose is told")
    add("--count", type=int, default=1, metavar="N", help="pictures of each pose (default 1; diversity needs 2)")
    add("--batch", type=int, default=1, metavar="N", help="pictures in one pass, of several poses (default 1)")
    add("--size", type=int, default=512, metavar="PX", help="side of the square painted in (default 512)")
    add("--keep-aspect", action="store_true", help="paint in the real pictures' proportions, not squeezed")
    add("--steps", type=int, default=50)
    add("--guidance", type=float, default=7.5)
    add("--guided", action="store_true", help="guidance strengthens the pose of a --control too")
    add("--pose-strength", type=float, default=1.0)
    add("--negative", default="", metavar="TEXT")
    add("--words", action=argparse.BooleanOptionalAction, default=True, help="name the joints in the prompt")
    add("--seed", type=int, default=42, help="of the first picture (default 42)")
    measuring = parser.add_argument_group("measuring")
    add = measuring.add_argument
    add("--estimator", default="auto", metavar="NAME", help="who looks (default: the best there is)")
    add("--real", action="store_true", help="measure the real pictures as well")
    add("--sheet", type=int, default=8, metavar="N", help="poses on sheet.jpg (default 8)")
    return parser


def main() -> None:
    args = arguments().parse_args()
    try:
        of = read(args.annotations).first(args.limit)
        if args.batch > 1 and args.keep_aspect:
            raise ValueError("expected squares to paint several poses in one pass, got --keep-aspect with --batch")
        if args.only != "measure":
            painted(of, args)
        if args.only != "paint":
            measured(of, args)
    except (ValueError, OSError) as error:
        sys.exit(f"evaluate_spctrl: {error}")


if __name__ == "__main__":
    main()
