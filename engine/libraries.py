"""Libraries that take seconds to import: fetched when first needed, by one thread at a time.

Parts of transformers and of diffusers import each other in circles, and are imported only when they are asked for: a
thread that comes upon such a circle where another is in the middle of it is left with half a module.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_lock = threading.RLock()


@contextmanager
def importing() -> Iterator[None]:
    """In it diffusers, or a module of the engine that imports it, may be imported: no other thread does meanwhile."""
    with _lock:
        importlib.import_module("transformers")  # whole first: diffusers imports it by itself
        yield


def transformers(name: str) -> Any:
    """A class of transformers by its name."""
    with importing():
        return getattr(importlib.import_module("transformers"), name)
