"""What long work says while it runs, and how it is stopped."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Hears the share done, 0 … 1, and what is being done."""


class Cancelled(Exception):
    """The caller asked to stop."""
