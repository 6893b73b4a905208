"""The app served in a process of its own, and a Chromium to look at it: for what uses the real page."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

root = Path(__file__).parent.parent
patience = 60  # seconds a server or page may take on a machine with other work

chromium_flags = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


page_ready = "document.querySelector('.contrapposto')?.dataset.ready === 'true'"
parts = """
const studio = document.querySelector('.contrapposto').studio;
const { store, editor, closer, files } = studio;
"""


def chromium_path() -> str | None:
    """Where a Chromium is on this machine; None when there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def until(ready: Callable[[], bool], what: str) -> None:
    """Returns as soon as `ready` is true; TimeoutError says what it waited for."""
    deadline = time.monotonic() + patience
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {patience} s for {what}")
        time.sleep(0.02)  # between two looks at the condition


class Served:
    """`python app.py` at a free port, its files in `folder`; can be killed and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Seconds until the page was served; RuntimeError with the log when the app ended instead."""
        started = time.perf_counter()
        with (self.folder / "app.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "app.py", "--port", str(self.port)],
                cwd=root, env=os.environ | {"GRADIO_TEMP_DIR": str(self.folder / "gradio")},
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        until(self._answers, "the app to be served")
        return time.perf_counter() - started

    def _answers(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise RuntimeError(f"the app ended at its start:\n{self.log[-3000:]}")
        try:
            with urllib.request.urlopen(self.url, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    @property
    def log(self) -> str:
        return (self.folder / "app.log").read_text("utf-8", "replace")

    def memory(self) -> float:
        """Resident memory of the app and all its children, MB; from /proc, so on Linux only."""
        if self.process is None:
            return 0.0
        parents = {int(p.name): _status(p, "PPid") for p in Path("/proc").iterdir() if p.name.isdigit()}
        family = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        return sum(_status(Path("/proc", str(pid)), "VmRSS") for pid in family) * 1024 / 1e6

    def kill(self) -> None:
        """As a crash would: at once, without a goodbye."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


def _status(process: Path, field: str) -> int:
    """A number of /proc/PID/status; 0 for a process that has ended."""
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{field}:")), 0)


# ── the page, in Playwright's hands ──


def opened(browser: Any, url: str, **options: Any) -> Any:
    """A fresh visitor's page, ready to work with; `options` go to its context."""
    page = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options}).new_page()
    page.set_default_timeout(patience * 1000)
    page.goto(url)
    page.wait_for_function(page_ready)
    return page


def ask(page: Any, expression: str, argument: Any = None) -> Any:
    """The value of a JavaScript expression over studio, store, editor, closer and files; `x` is the argument."""
    return page.evaluate(f"async (x) => {{ {parts} return ({expression}); }}", argument)


def wait(page: Any, expression: str, argument: Any = None) -> None:
    """Until such an expression is true."""
    page.wait_for_function(f"(x) => {{ {parts} return Boolean({expression}); }}", arg=argument)


def open_file(page: Any, path: Path) -> None:
    """Opens a file by the page's own dialogue, until it is on the canvas."""
    revision = ask(page, "store.rev")
    with page.expect_file_chooser() as dialogue:
        ask(page, "files.choose()")
    dialogue.value.set_files(path)
    wait(page, "store.rev > x", revision)
