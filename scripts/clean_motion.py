"""Cleans a motion: jitter and wrong frames go, and feet that stand stay where they stand.

    python scripts/clean_motion.py IN.bvh --out OUT.npz
    python scripts/clean_motion.py IN.npz --out OUT.bvh --strength 0.8

IN is an npz (SMPL-X, AMASS, this program's) or a BVH; OUT an npz, a BVH, or a GLB with the motion as an animation.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.body_files import motion_formats, read, write_motion
from engine.clean_motion import Cleaned, Cleaning, cleaned, most_frames
from engine.stage import Stage, open_body


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("motion", type=Path, metavar="IN", help="an npz or BVH")
    parser.add_argument("--out", type=Path, required=True, metavar="OUT", help="ends in .npz, .bvh or .glb")
    parser.add_argument("--strength", type=float, default=0.5, metavar="0…1", help="how smooth (default: 0.5)")
    parser.add_argument("--loose-feet", action="store_true", help="leave feet as they slide")
    args = parser.parse_args()
    kind = args.out.suffix.removeprefix(".").lower()
    if kind not in motion_formats:
        parser.error(f"expected OUT to end in {', '.join(motion_formats)}, got {args.out.name}")
    stage = Stage()
    try:
        motion = read(stage, args.motion.read_bytes(), args.motion.name, most_frames)
        began = time.perf_counter()
        found = cleaned(stage.body(open_body), stage.limits, motion, Cleaning(args.strength, not args.loose_feet))
        took = time.perf_counter() - began
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_bytes(write_motion(stage, found.motion, kind))
    except (ValueError, OSError) as error:
        sys.exit(f"clean_motion: {error}")
    print("\n".join([*motion.notes, *told(found), f"{len(motion)} frames in {took:.1f} s: {args.out}"]))


def told(found: Cleaned) -> tuple[str, ...]:
    """What was done, a line each."""
    before, after = found.before, found.after
    return (
        f"acceleration  {before.acceleration:.1f} → {after.acceleration:.1f} m/s²",
        f"standing feet {1000 * before.sliding:.0f} → {1000 * after.sliding:.0f} mm/s",
        f"wrong frames  {len(found.wrong)}",
        f"moved         {1000 * found.moved:.1f} mm on average",
    )


if __name__ == "__main__":
    main()
