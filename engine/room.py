"""How much memory is free, where a model would go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_meminfo = Path("/proc/meminfo")
_group = Path("/sys/fs/cgroup")  # of a container, whose share may be smaller than the machine's


def free(device: torch.device) -> float:
    """Gigabytes that a model may take on a device; 0 where that cannot be told."""
    if device.type != "cuda":
        return _free_memory() / 1e9
    import torch

    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # torch's own, to use again
    return (torch.cuda.mem_get_info(device)[0] + unused) / 1e9


def _free_memory() -> int:
    if not _meminfo.is_file():
        pages = "SC_AVPHYS_PAGES"
        return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE") if pages in getattr(os, "sysconf_names", {}) else 0
    lines = dict(line.split(":", 1) for line in _meminfo.read_text().splitlines() if ":" in line)
    available = int(lines.get("MemAvailable", "0 kB").split()[0]) * 1024
    limit, used = (_number(_group / name) for name in ("memory.max", "memory.current"))
    return available if limit is None or used is None else min(available, max(limit - used, 0))


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # no such file, or "max": no limit
        return None
