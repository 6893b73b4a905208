"""Downloads from a hub that runs inside the test: whole or not there, resumed, refused with a sentence."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants
from safetensors.numpy import save

from engine import download as downloads
from engine import weights
from engine.download import NotDownloaded, download
from engine.progress import Cancelled

root = Path(__file__).parent.parent
commit = "c0" * 20
model = weights.entry("sdpose-body")
unet = "unet/diffusion_pytorch_model.safetensors"
vae = "vae/diffusion_pytorch_model.safetensors"
head = "decoder/decoder.safetensors"


class Hub(ThreadingHTTPServer):
    """A hub of one repository. Files over 1 kB are sent, as on the true one, from another host than the one asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.cdn = f"http://localhost:{self.server_port}"
        self.repository = "teemosliang/SDPose-Body"
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str, str]] = []  # method, file, range
        self.claimed: dict[str, bytes] = {}  # contents whose size and hash are told instead of the file's own
        self.cut: dict[str, int] = {}  # the connection breaks after so many bytes, once
        self.failures: dict[str, list[int]] = {}  # statuses to answer a GET with before it works
        self.half = ""  # of this file only the first half is sent until the gate opens
        self.gate = threading.Event()
        self.ranges = True

    def digest(self, name: str) -> str:
        content = self.claimed.get(name, self.files[name])
        if len(content) > 1000:
            return hashlib.sha256(content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # which a client that stops leaves behind
            super().handle_error(request, client_address)

    def gets(self, name: str) -> list[str]:
        """The ranges asked for of a file, '' for the whole."""
        return [asked for method, file, asked in self.asked if method == "GET" and file == name]


class Answer(BaseHTTPRequestHandler):
    """What the hub answers."""

    server: Any
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""

    def _answer(self) -> None:
        hub: Hub = self.server
        place, _, rest = self.path.lstrip("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        if place.removeprefix("cdn/") != hub.repository:
            return self._refuse(404, "RepoNotFound")
        if revision not in ("main", commit):
            return self._refuse(404, "RevisionNotFound")
        if name not in hub.files:
            return self._refuse(404, "EntryNotFound")
        told = hub.claimed.get(name, hub.files[name])
        headers = {"X-Repo-Commit": commit, "ETag": f'"{hub.digest(name)}"', "Accept-Ranges": "bytes"}
        if len(told) > 1000 and not self.path.startswith("/cdn/"):
            headers |= {"X-Linked-Etag": f'"{hub.digest(name)}"', "X-Linked-Size": str(len(told))}
            headers |= {"Location": f"{hub.cdn}/cdn{self.path}", "Content-Length": "0"}
            return self._head(302, headers)
        hub.asked.append((self.command, name, self.headers.get("Range", "")))
        if self.command == "HEAD":
            return self._head(200, headers | {"Content-Length": str(len(told))})
        if hub.failures.get(name):
            return self._refuse(hub.failures[name].pop(0), "Unavailable")
        return self._send(name, headers)

    def _send(self, name: str, headers: dict[str, str]) -> None:
        hub: Hub = self.server
        content = hub.files[name]
        asked = self.headers.get("Range", "")
        begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked and hub.ranges else 0
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        self._head(206 if begin else 200, headers | {"Content-Length": str(len(content) - begin)})
        end = len(content)
        if (after := hub.cut.pop(name, None)) is not None:
            end, self.close_connection = after, True
        if name == hub.half:
            self.wfile.write(content[begin : len(content) // 2])
            self.wfile.flush()
            hub.gate.wait(30)
            begin = len(content) // 2
        try:
            self.wfile.write(content[begin:end])
        except OSError:  # the other side was cancelled
            self.close_connection = True

    def _refuse(self, status: int, code: str) -> None:
        self._head(status, {"X-Error-Code": code, "X-Error-Message": code, "Content-Length": "0"})

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()


def noise(size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, size, dtype=np.uint8)


def folder_of(points: int) -> dict[str, bytes]:
    """Files in SDPose's layout that are like it in name, header and order of size."""
    return {
        "unet/config.json": b'{"in_channels": 4}\n',
        unet: save({"conv_in.weight": noise(1_500_000, 1)}),
        "vae/config.json": b"{}\n",
        vae: save({"encoder.conv_in.weight": noise(200_000, 2)}),
        head: save({"final_layer.weight": np.zeros((points, 8, 1, 1), np.float32)}),
    }


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub that every call of this test reaches, with an empty cache."""
    server = Hub()
    server.files = folder_of(17)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(downloads, "pause", 0.0)
    monkeypatch.setenv("NO_PROXY", "*")
    huggingface_hub.close_session()  # made anew with these settings
    yield server
    server.gate.set()
    huggingface_hub.close_session()
    server.shutdown()
    thread.join()
    server.server_close()


class Stop:
    """Progress that wants to stop once so many bytes' share is done."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.done = 0.0
        self.said: list[str] = []

    def progress(self, share: float, text: str) -> None:
        self.done = share
        self.said.append(text)

    def cancelled(self) -> bool:
        return self.done >= self.share


@pytest.fixture(params=["cache", "folder"])
def into(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    """Where to: the hub's cache, and a folder of models."""
    return None if request.param == "cache" else tmp_path / "models"


def parts(tmp_path: Path) -> list[Path]:
    return sorted(tmp_path.rglob("*.part"))


# ── whole ──


def test_a_model_is_there_after_its_download(hub: Hub, into: Path | None):
    assert weights.find("sdpose-body", into) is None
    stop = Stop(2.0)
    shares: list[float] = []
    path = download(model, into, lambda share, text: (shares.append(share), stop.progress(share, text)))
    assert weights.find("sdpose-body", into) == weights.require("sdpose-body", into) == path
    for name, content in hub.files.items():
        assert (path / name).read_bytes() == content
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert any(text.startswith("1.0 of 1.7 MB") and text.endswith(unet) for text in stop.said)


def test_the_cache_is_the_hub_clients_own(hub: Hub):
    path = download(model)
    assert huggingface_hub.snapshot_download(hub.repository, allow_patterns=["*/*"], local_files_only=True) == str(path)
    assert len(hub.gets(unet)) == 1


def test_a_second_download_fetches_nothing(hub: Hub, into: Path | None):
    first = download(model, into)
    hub.asked.clear()
    assert download(model, into) == first
    assert [asked for asked in hub.asked if asked[0] == "GET"] == []


def test_a_model_of_one_file_is_that_file(hub: Hub, into: Path | None):
    animals = weights.entry("vitpose-animals")
    hub.repository = "JunkyByte/easy_ViTPose"
    hub.files = {animals.files[0].name: bytes(noise(5000, 3))}
    path = download(animals, into)
    assert path.name == "vitpose-b-ap10k.pth"
    assert weights.find("vitpose-animals", into) == path


def test_a_new_version_replaces_the_old(hub: Hub, tmp_path: Path):
    download(model, tmp_path)
    hub.files[vae] = save({"encoder.conv_in.weight": noise(200_000, 9)})
    assert (download(model, tmp_path) / vae).read_bytes() == hub.files[vae]
    assert len(hub.gets(unet)) == 1


# ── stopped and resumed ──


def test_cancelled_in_the_middle_goes_on_from_there(hub: Hub, into: Path | None, tmp_path: Path):
    stop = Stop(0.6)
    with pytest.raises(Cancelled):
        download(model, into, stop.progress, stop.cancelled)
    [part] = parts(tmp_path)
    have = part.stat().st_size
    assert 0 < have < len(hub.files[unet])
    assert weights.find("sdpose-body", into) is None
    hub.asked.clear()

    path = download(model, into)
    assert (path / unet).read_bytes() == hub.files[unet]
    assert hub.gets(unet) == [f"bytes={have}-"]
    assert all(hub.gets(name) == [] for name in hub.files if name != unet)
    assert parts(tmp_path) == []


def test_a_stopped_download_is_named(hub: Hub, into: Path | None):
    stop = Stop(0.6)
    with pytest.raises(Cancelled):
        download(model, into, stop.progress, stop.cancelled)
    found = {w.name: w for w in weights.every("estimate", into)}
    assert not found["sdpose-body"].present
    assert f"{unet}, got a download that was stopped" in found["sdpose-body"].problem
    assert found["sdpose-wholebody"].problem == ""
    command = rf"download_weights\.py sdpose-body{f' --into {into}' if into else ''}`"
    with pytest.raises(weights.MissingWeights, match=f"stopped in .*{command}"):
        weights.require("sdpose-body", into)
    download(model, into)
    assert {w.name: w for w in weights.every("estimate", into)}["sdpose-body"].problem == ""


def test_of_two_models_in_one_repository_the_stopped_one_is_named(hub: Hub):
    animals, people = weights.entry("vitpose-animals"), weights.entry("vitpose-wholebody")
    hub.repository = "JunkyByte/easy_ViTPose"
    hub.files = {one.files[0].name: bytes(noise(2_000_000, 3)) for one in (animals, people)}
    stop = Stop(0.1)
    with pytest.raises(Cancelled):
        download(animals, None, stop.progress, stop.cancelled)
    assert [w.name for w in weights.every("estimate") if w.problem] == ["vitpose-animals"]


def test_cancelling_does_not_wait_for_the_rest_of_a_file(hub: Hub, tmp_path: Path):
    hub.half = unet
    stop = Stop(0.5)
    with pytest.raises(Cancelled):
        download(model, tmp_path, stop.progress, stop.cancelled)
    assert not hub.gate.is_set()
    assert 0 < parts(tmp_path)[0].stat().st_size <= len(hub.files[unet]) // 2


def test_cancelled_before_it_begins(hub: Hub, tmp_path: Path):
    with pytest.raises(Cancelled):
        download(model, tmp_path, cancelled=lambda: True)
    assert not any(hub.gets(name) for name in hub.files)


def test_a_broken_connection_is_taken_up_again(hub: Hub, into: Path | None):
    hub.cut[unet] = 700_000
    path = download(model, into)
    assert (path / unet).read_bytes() == hub.files[unet]
    assert hub.gets(unet)[0] == ""
    assert hub.gets(unet)[1].startswith("bytes=")


def test_a_busy_hub_is_asked_again(hub: Hub, tmp_path: Path):
    hub.failures[head] = [503, 429]
    assert (download(model, tmp_path) / head).read_bytes() == hub.files[head]


def test_a_hub_that_stays_busy_is_given_up(hub: Hub, tmp_path: Path):
    hub.failures[unet] = [503] * downloads.attempts
    with pytest.raises(NotDownloaded, match=r"expected teemosliang/SDPose-Body from .*, got status 503"):
        download(model, tmp_path)
    assert hub.failures[unet] == []


def test_a_server_without_ranges_sends_all_again(hub: Hub, tmp_path: Path):
    hub.ranges = False
    hub.cut[unet] = 700_000
    assert (download(model, tmp_path) / unet).read_bytes() == hub.files[unet]


def test_a_part_that_is_too_long_is_thrown_away(hub: Hub, tmp_path: Path):
    part = tmp_path / "sdpose-body" / f"{unet}.{hub.digest(unet)[:12]}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(2_000_000))
    assert (download(model, tmp_path) / unet).read_bytes() == hub.files[unet]


def test_two_downloads_of_one_model_do_not_mix(hub: Hub, tmp_path: Path):
    def second(share: float, text: str) -> None:
        with pytest.raises(NotDownloaded, match="one download of sdpose-body at a time, got a second"):
            download(model, tmp_path)

    assert (download(model, tmp_path, second) / unet).read_bytes() == hub.files[unet]


# ── refused ──


def test_wrong_contents_are_removed_so_that_the_next_try_is_clean(hub: Hub, into: Path | None, tmp_path: Path):
    good = hub.files[unet]
    hub.claimed[unet] = good
    hub.files[unet] = good[:-1] + bytes([good[-1] ^ 1])
    with pytest.raises(NotDownloaded, match=f"expected {unet} as the hub has it, got other contents"):
        download(model, into)
    assert parts(tmp_path) == []
    assert weights.find("sdpose-body", into) is None
    hub.files[unet] = good
    assert (download(model, into) / unet).read_bytes() == good


def test_a_wrong_part_is_found_out(hub: Hub, tmp_path: Path):
    """What a machine that lost power may leave: a part of the right length and other bytes."""
    part = tmp_path / "sdpose-body" / f"{unet}.{hub.digest(unet)[:12]}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(1000))
    with pytest.raises(NotDownloaded, match="got other contents, now removed"):
        download(model, tmp_path)
    assert (download(model, tmp_path) / unet).read_bytes() == hub.files[unet]


@pytest.mark.parametrize("change", [lambda good: good[:-100], lambda good: good + bytes(100)])
def test_another_length_than_told_is_refused(hub: Hub, tmp_path: Path, change: Callable[[bytes], bytes]):
    hub.claimed[unet] = hub.files[unet]
    hub.files[unet] = change(hub.files[unet])
    with pytest.raises(NotDownloaded, match=rf"expected \d+ bytes of {unet}, got {len(hub.files[unet])} from the hub"):
        download(model, tmp_path)
    assert parts(tmp_path) == []
    assert weights.find("sdpose-body", tmp_path) is None


def test_a_file_that_is_not_on_the_hub(hub: Hub, into: Path | None):
    del hub.files[head]
    with pytest.raises(NotDownloaded, match=f"expected {head} in teemosliang/SDPose-Body on the hub, got none"):
        download(model, into)
    assert hub.gets(unet) == []  # 3.5 GB are not fetched for a model that cannot become whole


def test_a_repository_or_version_that_is_not_on_the_hub(hub: Hub, tmp_path: Path):
    with pytest.raises(NotDownloaded, match="expected the repository PekingU/rtdetr_v2_r18vd on the hub"):
        download(weights.entry("rtdetr"), tmp_path)
    other = replace(model, source=weights.Hub(hub.repository, "v9"))
    with pytest.raises(NotDownloaded, match="to have a version 'v9', got none"):
        download(other, tmp_path)


def test_offline_asks_nobody(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(NotDownloaded, match="expected to be online for sdpose-body, got HF_HUB_OFFLINE=1"):
        download(model, tmp_path)
    assert hub.asked == []


def test_no_network(hub: Hub, into: Path | None, monkeypatch: pytest.MonkeyPatch):
    nobody = "http://127.0.0.1:9"  # the port that discards: closed nearly everywhere
    monkeypatch.setattr(constants, "ENDPOINT", nobody)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", nobody + "/{repo_id}/resolve/{revision}/{filename}")
    with pytest.raises(NotDownloaded, match=r"expected a connection to http://127\.0\.0\.1:9, got none that holds"):
        download(model, into)


def test_too_small_a_disk_is_told_before_the_first_byte(hub: Hub, into: Path | None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(NotDownloaded, match=r"expected 1\.7 MB of room for sdpose-body in .*, got 1\.0 MB: make room"):
        download(model, into)
    assert not any(hub.gets(name) for name in hub.files)


def test_what_came_already_needs_no_more_room(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stop = Stop(0.6)
    with pytest.raises(Cancelled):
        download(model, tmp_path, stop.progress, stop.cancelled)
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    assert download(model, tmp_path)


def test_embedded_models_are_not_downloaded(hub: Hub):
    with pytest.raises(NotDownloaded, match="expected a model of the hub, got quick"):
        download(weights.entry("quick"))


# ── the script ──


def script(hub: Hub, tmp_path: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """The script in a process of its own, which knows the hub as its only one."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANSFORMERS_"))}
    settings = {"HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(tmp_path / "cache"), "NO_PROXY": "*"}
    words = [sys.executable, str(root / "scripts" / "download_weights.py"), *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # Whatever runs the tests may ignore Ctrl-C, as a shell's background jobs do, and hand that down.
    hears = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)} if os.name == "posix" else {}
    return subprocess.Popen(words, env=inherited | settings | environment, **pipes, **hears)


def test_the_script_downloads_and_lists(hub: Hub, tmp_path: Path):
    with script(hub, tmp_path, "sdpose-body", "quick", "--list") as running:
        said, wrong = running.communicate(timeout=120)
    assert running.returncode == 0, wrong
    assert "sdpose-body: about 3.8 GB, licence MIT" in said
    assert "100 %" in said
    assert "quick comes with the project" in said
    assert weights.find("sdpose-body") is not None


def half_there(folder: Path) -> bool:
    """Whether the file that the hub stops in has begun to come; the small ones before it come and go."""
    return any(part.stat().st_size for part in parts(folder) if unet.replace("/", "--") in part.name)


@pytest.mark.skipif(os.name != "posix", reason="needs a signal like ctrl-C's")
def test_ctrl_c_keeps_what_came(hub: Hub, tmp_path: Path):
    hub.half = unet
    with script(hub, tmp_path, "sdpose-body") as running:
        started = time.monotonic()
        while not half_there(tmp_path) and time.monotonic() < started + 60:
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "stopped; what came is kept: `python scripts/download_weights.py sdpose-body` goes on" in said
    have = parts(tmp_path)[0].stat().st_size
    hub.half = ""
    download(model)
    assert hub.gets(unet) == ["", f"bytes={have}-"]


def test_the_script_says_what_is_wrong(hub: Hub, tmp_path: Path):
    with script(hub, tmp_path, "sdpose-body", "--into", str(tmp_path), HF_HUB_OFFLINE="1") as running:
        _, wrong = running.communicate(timeout=120)
    assert running.returncode == 1
    assert "download_weights: expected to be online" in wrong
    assert "Traceback" not in wrong
