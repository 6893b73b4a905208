"""A painted picture as a PNG that says how it was made: to this studio, which reopens it, and to other programs."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from engine.pose import Pose2D
from engine.project import png_with_work
from engine.scene import Picture, Scene

sampler = "UniPC"


def picture_png(picture: Picture, scene: Scene, include_photo: bool = True) -> bytes:
    """The picture as PNG that reopens its work: what was asked for, its pose, what painted it and how it was judged.

    The canvas, the bodies' camera and, with `include_photo`, the drawing are the scene's. Other programs find the
    request as the common text `parameters`.
    """
    pose = laid_back(picture, scene.pose.size)
    if _alike(pose, scene.pose):  # the very pose it was painted from: nothing rounded
        pose = scene.pose
    asked = replace(picture.request, model=picture.model or picture.request.model, photo=None, mask=None)
    scene = replace(scene, pose=pose, request=asked, pictures=(picture,))
    return png_with_work(picture.image, scene, include_photo, {"parameters": parameters(picture)})


def laid_back(picture: Picture, canvas: tuple[int, int]) -> Pose2D:
    """The picture's pose on the drawing's canvas (width, height), from which its request laid it into the picture."""
    (width, height), (w, h) = picture.pose.size, canvas
    whole = min(width / w, height / h)
    scale = np.array((width / w, height / h) if picture.request.fit == "squash" else (whole, whole))
    offset = (np.array((width, height)) - scale * np.array((w, h))) / 2
    people = (replace(one, points=(one.points + 0.5 - offset) / scale - 0.5) for one in picture.pose.people)
    return Pose2D(canvas, tuple(people))


def _alike(a: Pose2D, b: Pose2D) -> bool:
    """Whether two poses on one canvas are the same but for rounding."""
    return len(a.people) == len(b.people) and all(
        p.points.shape == q.points.shape
        and np.allclose(p.points, q.points, atol=1e-6)
        and replace(p, points=q.points) == q
        for p, q in zip(a.people, b.people, strict=True)
    )


def parameters(picture: Picture) -> str:
    """What was asked for, as most programs for painted pictures tell it: prompt, negative, one line of the rest."""
    request = picture.request
    start, end = request.pose_window
    control = {
        "Module": "none", "Model": picture.control or request.encoding, "Weight": f"{request.pose_strength:g}",
        "Guidance Start": f"{start:g}", "Guidance End": f"{end:g}",
    }  # fmt: skip
    rest = {
        "Steps": f"{request.steps}",
        "Sampler": sampler,
        "CFG scale": f"{request.guidance:g}",
        "Seed": f"{request.seed}",
        "Size": f"{picture.image.shape[1]}x{picture.image.shape[0]}",
        "Model": picture.model or request.model,
    }
    if request.photo is not None:
        rest["Denoising strength"] = f"{request.change:g}"
    rest["ControlNet 0"] = ", ".join(f"{name}: {value}" for name, value in control.items())
    rest["Version"] = "Contrapposto"
    lines = [request.prompt, f"Negative prompt: {request.negative}" if request.negative else ""]
    line = ", ".join(f"{name}: {_quoted(value)}" for name, value in rest.items())
    return "\n".join([one for one in lines if one] + [line])


def _quoted(value: str) -> str:
    """A value that would be read as several stands in quotes."""
    return json.dumps(value, ensure_ascii=False) if set(value) & set(',:\n"') else value
