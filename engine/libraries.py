"""Libraries that take a second to import: fetched when first needed, by one thread at a time.

As transformers is imported it puts another module in its own place, and parts of it import each other in circles: a
second thread that asks for one of its names meanwhile is left with half a module.
"""

from __future__ import annotations

import importlib
import threading
from typing import Any

_lock = threading.RLock()


def transformers() -> Any:
    """The library, whole; whoever imports diffusers calls this first, for diffusers imports it by itself."""
    with _lock:
        return importlib.import_module("transformers")
