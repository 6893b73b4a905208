"""Ending a long run by Ctrl-C: after the step it is in, with all it has saved; asked a second time, at once."""

from __future__ import annotations

import signal
from collections.abc import Callable


def on_interrupt(end: Callable[[], object]) -> None:
    """Calls `end`, which lets the run end after its step, on the first interrupt; the second one ends the program."""

    def heard(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        end()
        print("ending after this step; again to end at once, without saving")

    signal.signal(signal.SIGINT, heard)
