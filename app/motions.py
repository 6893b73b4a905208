"""Motions cleaned: the endpoint that takes a file of poses, and gives its frames and its files back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradio import FileData
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder

from app.body_files import largest_motion, most_frames
from app.jobs import Jobs, Stopped, Tell, heard
from app.verbs import said, sent
from engine.formats.checks import number, truth
from engine.formats.people import from_body
from engine.studio import Studio

if TYPE_CHECKING:
    from engine.clean_motion import Cleaned


def cleaner(studio: Studio, jobs: Jobs) -> Callable[..., Iterator[dict]]:
    """The endpoint's function, with types that describe it to API users."""

    @said
    def clean_motion(
        file: FileData, strength: float = 0.5, feet: bool = True, body: str | None = None, job: str = ""
    ) -> Iterator[dict]:
        """Clean a motion: jitter and wrong frames go, and feet that stand stay where they stand.

        The file is an npz (SMPL-X, AMASS, this studio's) or a BVH of at most 3000 frames; longer ones are thinned.
        `strength` 0 to 1 says how smooth, 0 mends wrong frames alone; `feet` whether standing feet are held.
        Yields {fraction, text} while it works, and last {bodies (at most 240 frames), fps, notes, before and after
        {acceleration m/s², sliding m/s}, wrong (which of the bodies), moved (metres), files {npz, bvh, glb}}.
        """
        from app.body_requests import file_of
        from engine import body_files, clean_motion

        path, name = sent(file)
        if (size := path.stat().st_size) > largest_motion:
            raise ValueError(f"expected a file of at most {largest_motion // 10**6} MB, got {size // 10**6} MB")
        how = clean_motion.Cleaning(number(strength, "strength", 0, 1), truth(feet, "feet"))
        which = file_of({"file": body})

        def work(tell: Tell, stopped: Stopped) -> dict[str, Any]:
            progress = heard(tell, stopped)
            motion = body_files.read(studio.stage, path.read_bytes(), name, clean_motion.most_frames, which)
            stage = studio.stage
            found = clean_motion.cleaned(stage.body(which), stage.limits, motion, how, progress)
            wish = body_files.Wish(file=which)
            files = {}
            for n, kind in enumerate(body_files.motion_formats):
                progress(0.97 + 0.01 * n, "writing")
                data = body_files.write_motion(stage, replace(found.motion, name=Path(name).stem), kind, wish)
                files[kind] = _kept(data, f"{Path(name).stem}-clean.{kind}")
            return _answer(found) | {"files": files}

        yield from jobs.run(job, work)

    return clean_motion


def _answer(found: Cleaned) -> dict[str, Any]:
    from engine.motion import every

    motion = found.motion.thinned(most_frames)
    step = every(len(found.motion), most_frames)
    return {
        "bodies": [from_body(pose) for pose in motion.poses],
        "fps": motion.fps,
        "notes": list(motion.notes),
        "before": asdict(found.before),
        "after": asdict(found.after),
        "wrong": sorted({frame // step for frame in found.wrong}),
        "wrong_frames": len(found.wrong),
        "moved": found.moved,
    }


def _kept(data: bytes, name: str) -> dict[str, Any]:
    return FileData(path=save_bytes_to_cache(data, name, get_upload_folder()), orig_name=name).model_dump()
