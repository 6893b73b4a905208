"""Painted pictures as JSON values: what was asked for, the pose it kept or lost, and who judged it."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.formats.checks import (
    chosen,
    keyed,
    listed,
    number,
    numbers,
    refuse,
    size_of,
    text,
    truth,
    whole,
    within_limits,
)
from engine.formats.people import from_person, to_people
from engine.pose import Pose2D
from engine.scene import PaintRequest, Picture, Verdict

encodings = ("auto", "spctrl", "openpose", "openpose-thick")
fits = ("whole", "squash")
most_at_once = 16  # pictures of one request
most_silent = 200  # joints, more than any skeleton has


# ── what is asked for ──


def from_request(request: PaintRequest) -> dict:
    """A request as JSON values; the drawing and the mask stay outside. ValueError for what no document may hold."""
    told = {
        "prompt": request.prompt,
        "negative": request.negative,
        "size": [int(side) for side in request.size],
        "seed": request.seed,
        "count": request.count,
        "steps": request.steps,
        "guidance": request.guidance,
        "pose_strength": request.pose_strength,
        "pose_window": list(request.pose_window),
        "encoding": request.encoding,
        "model": request.model,
        "fit": request.fit,
        "words": request.words,
        "silent": list(request.silent),
        "words_window": list(request.words_window),
        "change": request.change,
    }
    to_request(told)
    return told


def to_request(value: Any, where: str = "request") -> PaintRequest:
    """The request of JSON values, fields that lack as they are by default; ValueError says where and what is wrong."""
    value = keyed(value, where)
    readers: dict[str, Any] = {
        "prompt": text,
        "negative": text,
        "size": size_of,
        "seed": lambda item, at: whole(item, at, 0, 2**63 - 1),
        "count": lambda item, at: whole(item, at, 1, most_at_once),
        "steps": lambda item, at: whole(item, at, 1, 1000),
        "guidance": lambda item, at: number(item, at, 0, 100),
        "pose_strength": lambda item, at: number(item, at, 0, 10),
        "pose_window": _window,
        "encoding": lambda item, at: chosen(item, at, encodings),
        "model": text,
        "fit": lambda item, at: chosen(item, at, fits),
        "words": truth,
        "silent": lambda item, at: _texts(item, at, most_silent),
        "words_window": _window,
        "change": lambda item, at: number(item, at, 0, 1),
    }
    found = {name: read(value[name], f"{where}, {name}") for name, read in readers.items() if name in value}
    return PaintRequest(**found)


def _window(value: Any, where: str) -> tuple[float, float]:
    """A part of the work, from and to, as shares of it."""
    start, end = (float(share) for share in numbers(value, where, (2,), "2 numbers, from and to"))
    if not 0 <= start <= end <= 1:
        refuse(where, "two shares from 0 to 1, the earlier first", f"{start:g} and {end:g}")
    return start, end


def _texts(value: Any, where: str, most: int) -> tuple[str, ...]:
    return tuple(text(item, where) for item in listed(value, where, "a list of joints", at_most=most))


# ── what came of it ──


def from_picture(picture: Picture) -> dict:
    """A picture as JSON values, all but the image, the drawing and the mask: those lie beside, or are said to be."""
    return {
        "request": from_request(picture.request),
        "pose": from_pose(picture.pose),
        "model": picture.model,
        "control": picture.control,
        "verdict": None if picture.verdict is None else from_verdict(picture.verdict),
        "photo": picture.request.photo is not None,
        "mask": picture.request.mask is not None,
    }


def to_picture(value: Any, where: str = "picture") -> dict[str, Any]:
    """A picture's fields but its image, and whether it was painted over a `photo` and within a `mask`."""
    value = keyed(value, where, "request", "pose")
    pose = to_pose(value["pose"], f"{where}, pose")
    verdict = value.get("verdict")
    return {
        "request": to_request(value["request"], f"{where}, request"),
        "pose": pose,
        "model": text(value.get("model", ""), f"{where}, model"),
        "control": text(value.get("control", ""), f"{where}, control"),
        "verdict": None if verdict is None else to_verdict(verdict, pose.size, f"{where}, verdict"),
        "photo": truth(value.get("photo", False), f"{where}, photo"),
        "mask": truth(value.get("mask", False), f"{where}, mask"),
    }


def from_pose(pose: Pose2D) -> dict:
    """A pose as JSON values; ValueError when it is beyond what a document may hold."""
    within_limits(pose)
    return {"size": [int(side) for side in pose.size], "people": [from_person(person) for person in pose.people]}


def to_pose(value: Any, where: str = "pose") -> Pose2D:
    """The pose of JSON values; ValueError says where, what was expected and what found."""
    value = keyed(value, where, "size", "people")
    return within_limits(Pose2D(size_of(value["size"], f"{where}, size"), to_people(value["people"], where)))


def from_verdict(verdict: Verdict) -> dict:
    """A verdict as JSON values; the pose found is in the pixels of the picture it judges."""
    return {
        "oks": verdict.oks,
        "pck": verdict.pck,
        "estimator": verdict.estimator,
        "found": from_pose(verdict.found)["people"],
        "drifted": [list(joints) for joints in verdict.drifted],
    }


def to_verdict(value: Any, size: tuple[int, int], where: str = "verdict") -> Verdict:
    """The verdict of JSON values on a picture of `size` (width, height)."""
    value = keyed(value, where, "oks", "pck", "estimator", "found", "drifted")
    return Verdict(
        found=within_limits(Pose2D(size, to_people(value["found"], f"{where}, found"))),
        oks=number(value["oks"], f"{where}, oks", 0, 1),
        pck=number(value["pck"], f"{where}, pck", 0, 1),
        drifted=tuple(
            _texts(joints, f"{where}, drifted", most_silent)
            for joints in listed(value["drifted"], f"{where}, drifted", at_most=100)
        ),
        estimator=text(value["estimator"], f"{where}, estimator"),
    )


def fitting(image: np.ndarray, fields: dict[str, Any]) -> bool:
    """Whether an image (H, W, 3) is of the size that a picture's fields tell."""
    return image.shape[1::-1] == tuple(fields["pose"].size)
