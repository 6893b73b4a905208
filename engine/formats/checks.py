"""The door through which files come in: JSON values, taken only as what they were expected to be.

Every refusal is one sentence: where, what was expected, what was found.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any, NoReturn

import numpy as np

from engine.pose import Pose2D

longest_side = 16384
most_people = 100
largest_json = 4 * 1024 * 1024  # a hundred people of 133 points take 1 MB
farthest = 10  # pictures away from the canvas that a joint may lie


def refuse(where: str, expected: str, got: str) -> NoReturn:
    """Raises the sentence every refusal is."""
    raise ValueError(f"{where}: expected {expected}, got {got}")


def seen(value: Any) -> str:
    """What a JSON value is, in words for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        if value != value:
            return "NaN"
        # An integer of thousands of digits has no business in a sentence (and str() refuses it).
        return f"{value:g}" if abs(value) < 1e300 else "infinity or near it"
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:40] + "…")
    if isinstance(value, dict):
        return f"an object with {', '.join(map(seen, list(value)[:8])) or 'no keys'}"
    return f"a list of {len(value)}" if isinstance(value, list) else type(value).__name__


def parsed(data: bytes, most: int = largest_json) -> Any:
    """The JSON value in a file's bytes; ValueError in words for anything else, and for more than `most` bytes.

    Values take up to twenty times the memory of their text, so the limit stands before they are made.
    """
    if len(data) > most:
        refuse("the file", f"at most {most >> 20} MB of JSON", f"{len(data) / (1 << 20):.1f} MB")
    if not data.strip():
        refuse("the file", "JSON", "an empty file")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        refuse("the file", "JSON text in UTF-8", "other bytes")
    except json.JSONDecodeError as error:
        refuse("the file", "whole JSON", f"a mistake in line {error.lineno}, column {error.colno} ({error.msg})")
    except RecursionError:
        refuse("the file", "JSON of a pose", "lists nested without end")
    except ValueError:  # an integer of more digits than Python converts
        refuse("the file", "JSON of a pose", "a number too large")


def written(value: Any) -> bytes:
    """A JSON value as the bytes of a file: compact, ASCII, no NaN."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def plain(array: np.ndarray) -> list:
    """An array as nested JSON lists, whole numbers without their `.0`."""

    def one(value: Any) -> Any:
        if isinstance(value, list):
            return [one(v) for v in value]
        return int(value) if value == int(value) else value

    return one(np.asarray(array, dtype=float).tolist())


def number(value: Any, where: str, low: float = -1e12, high: float = 1e12) -> float:
    """A finite number between `low` and `high`; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        refuse(where, "a number", seen(value))
    if (isinstance(value, float) and not math.isfinite(value)) or not low <= value <= high:
        refuse(where, f"a number from {low:g} to {high:g}", seen(value))
    return float(value)


def whole(value: Any, where: str, low: int, high: int) -> int:
    """A whole number between `low` and `high`; 512.0 is one."""
    number(value, where, low, high)
    if value != int(value):
        refuse(where, "a whole number", seen(value))
    return int(value)


def text(value: Any, where: str) -> str:
    """A text of at most 100 000 characters."""
    if not isinstance(value, str):
        refuse(where, "a text", seen(value))
    if len(value) > 100_000:
        refuse(where, "a text of at most 100000 characters", f"{len(value)} characters")
    return value


def truth(value: Any, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        refuse(where, "true or false", seen(value))
    return value


def chosen(value: Any, where: str, choices: Iterable[str]) -> Any:
    """One of the texts offered."""
    choices = tuple(choices)
    if not isinstance(value, str) or value not in choices:
        refuse(where, f"one of {', '.join(choices)}", seen(value))
    return value


def listed(value: Any, where: str, what: str = "a list", count: int | None = None, at_most: int = 10_000) -> list:
    """A list, of exactly `count` or at most `at_most` values; `what` names it in the refusal."""
    if not isinstance(value, list):
        refuse(where, what, seen(value))
    if count is not None and len(value) != count:
        refuse(where, what, str(len(value)))
    if len(value) > at_most:
        refuse(where, f"{what} of at most {at_most}", str(len(value)))
    return value


def keyed(value: Any, where: str, *needed: str) -> dict:
    """An object that has the needed keys."""
    if not isinstance(value, dict):
        refuse(where, "an object", seen(value))
    for key in needed:
        if key not in value:
            refuse(where, repr(key), f"only {', '.join(map(seen, list(value)[:12])) or 'an empty object'}")
    return value


def numbers(value: Any, where: str, shape: tuple[int, ...], what: str = "") -> np.ndarray:
    """Nested lists of finite numbers, of exactly that shape."""
    values = listed(value, where, what or f"{shape[0]} {'numbers' if len(shape) == 1 else 'rows'}", shape[0])
    if len(shape) == 1:
        return np.array([number(v, f"{where}, number {i + 1}") for i, v in enumerate(values)], dtype=float)
    rows = [numbers(v, f"{where}, row {i + 1}", shape[1:]) for i, v in enumerate(values)]
    return np.array(rows, dtype=float).reshape(shape)


def size_of(value: Any, where: str) -> tuple[int, int]:
    """(width, height) in pixels, from a list of two."""
    width, height = listed(value, where, "2 numbers, width and height", 2)
    return whole(width, f"{where}, width", 1, longest_side), whole(height, f"{where}, height", 1, longest_side)


def within_limits(pose: Pose2D) -> Pose2D:
    """The pose itself, when neither its size, nor its crowd, nor a joint's place or score is absurd."""
    size_of([float(side) for side in pose.size], "size")
    if len(pose.people) > most_people:
        refuse("people", f"at most {most_people}", str(len(pose.people)))
    reach = farthest * max(pose.size)
    for n, person in enumerate(pose.people, 1):
        wrong = (person.scores < 0) | (person.scores > 1)
        if wrong.any():
            i = int(wrong.argmax())
            refuse(f"person {n}, {person.skeleton.joints[i]}", "a score from 0 to 1", f"{person.scores[i]:g}")
        out = np.abs(person.points).max(1) > reach
        if out.any():
            i = int(out.argmax())
            x, y = person.points[i]
            refuse(
                f"person {n}, {person.skeleton.joints[i]}",
                f"a place within {farthest} pictures of the canvas of {pose.size[0]} × {pose.size[1]}",
                f"({x:g}, {y:g}), out of canvas",
            )
    return pose
