"""Long work behind an endpoint: it runs in a thread, tells its progress, and is cancelled by its job's name."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from engine.progress import Cancelled, Progress

most_cancelled = 1000  # names of jobs cancelled before they began

Tell = Callable[[dict[str, Any]], None]
Stopped = Callable[[], bool]


def telling(tell: Tell) -> Progress:
    """Progress, told to the page."""
    return lambda fraction, text: tell({"fraction": fraction, "text": text})


def heard(tell: Tell, stopped: Stopped) -> Progress:
    """Progress, told to the page; Cancelled at the next of its steps once the work should stop."""
    hear = telling(tell)

    def progress(fraction: float, text: str) -> None:
        if stopped():
            raise Cancelled
        hear(fraction, text)

    return progress


class Jobs:
    """The work under way, by the names that visitors gave it."""

    def __init__(self) -> None:
        self.running: dict[str, threading.Event] = {}
        self.cancelled: deque[str] = deque(maxlen=most_cancelled)

    def cancel(self, job: Any) -> bool:
        """Ask the named job to stop, or not to begin; whether it was at work."""
        if not isinstance(job, str) or not 0 < len(job) <= 100:
            return False
        event = self.running.get(job)
        if event:
            event.set()
        else:
            self.cancelled.append(job)
        return event is not None

    def run(self, job: str, work: Callable[[Tell, Stopped], dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """What `work` tells on its way, and last what it returns; {"cancelled": True} when it was stopped.

        `work` gets a function to tell with, and one to ask whether it should stop. Its errors are raised here.
        """
        if job in self.cancelled:
            self.cancelled.remove(job)
            yield {"cancelled": True}
            return
        told: queue.Queue[Any] = queue.Queue()
        stop = threading.Event()
        if job:
            self.running[job] = stop

        def at_work() -> None:
            try:
                told.put((True, work(lambda value: told.put((False, value)), stop.is_set)))
            except BaseException as error:
                told.put((True, error))

        threading.Thread(target=at_work, daemon=True).start()
        try:
            last = False
            while not last:
                last, value = told.get()
                if isinstance(value, Cancelled):
                    yield {"cancelled": True}
                elif isinstance(value, BaseException):
                    raise value
                else:
                    yield value
        finally:  # also when the page went away: nobody waits for the rest
            stop.set()
            self.running.pop(job, None)
