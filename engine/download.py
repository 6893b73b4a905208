"""Downloads of models from the hub: only when asked for, resumed where they stopped, whole or not there at all.

The hub's own client throws a stopped file away and starts it again, which is no way to fetch 3.5 GB. So each file
grows here beside its place, under a name with its hash, is checked against that hash, and only then takes its place:
in the hub's cache, where every other program finds it too, or in a folder of models.
"""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.progress import Cancelled, Progress
from engine.weight_entry import Hub, Weights
from engine.weight_layout import part_name

attempts, pause = 5, 1.0  # tries without one new byte before giving up; seconds between them
worth_another_try = (408, 429, 500, 502, 503, 504)  # statuses of a server that is busy or was too slow
hash_step = 1 << 22  # bytes hashed between two looks at `cancelled`


class NotDownloaded(ValueError):
    """A download that could not be made; the message says what was expected, what came and what to do."""


@dataclass(frozen=True)
class _File:
    """A file as the hub tells it: `digest` is a sha256, or git's sha1 of small files; `place` is where it goes."""

    name: str
    size: int
    digest: str
    commit: str
    place: Path
    part: Path


def download(
    weights: Weights,
    into: Path | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Fetches a model's files into the hub's cache, or into `into`/<name>; its folder, or its file if it has but one.

    `progress` hears (share of all bytes, text); `cancelled` is asked with every piece that comes and ends it in
    Cancelled. What came so far is kept, the next call goes on from there. NotDownloaded for everything else that
    hinders: not on the hub, offline, disk too small, a connection that breaks, contents that are not the hub's.
    """
    from huggingface_hub import constants, is_offline_mode

    hub = weights.source
    if not isinstance(hub, Hub):
        instead = f"which is not downloaded{': ' * bool(weights.by_hand)}{weights.by_hand}"
        raise NotDownloaded(f"expected a model of the hub, got {weights.name}, {instead}")
    if is_offline_mode():
        raise NotDownloaded(
            f"expected to be online for {weights.name}, got HF_HUB_OFFLINE=1: unset it and start again to download"
        )
    with _sentences(hub):
        files = [_listed(hub, file.name, into and into / weights.name) for file in weights.files]
        with _alone(weights.name, into or Path(constants.HF_HUB_CACHE)):
            report = _Report(files, progress, cancelled)
            missing = [file for file in files if not _whole(file, report)]
            _check_room(weights.name, missing)
            for file in sorted(missing, key=lambda file: file.size):  # a model that cannot be read fails early
                _fetch(hub, file, report)
            if into is None:
                return _in_cache(hub, files)
    return files[0].place if len(files) == 1 else into / weights.name


class _Report:
    """Tells the share of all bytes done, and stops the work when the caller asks for it."""

    def __init__(self, files: list[_File], progress: Progress | None, cancelled: Callable[[], bool] | None) -> None:
        self._total = max(sum(file.size for file in files), 1)
        self._have = {file.name: _size(file.part) for file in files}
        self._progress = progress
        self._cancelled = cancelled
        self._said = (-1, "")

    def bytes(self, file: _File, have: int) -> None:
        """`have` bytes of the file are here."""
        self.stop()
        self._have[file.name] = have
        done = sum(self._have.values())
        self._say(done, file.name, f"{_amounts(done, self._total)} · {file.name}")

    def checking(self, file: _File) -> None:
        self.stop()
        text = f"checking · {file.name}"
        self._say(sum(self._have.values()), text, text)

    def stop(self) -> None:
        if self._cancelled is not None and self._cancelled():
            raise Cancelled

    def _say(self, done: int, what: str, text: str) -> None:
        step = 1000 * done // self._total, what  # many thousand pieces come: a thousandth is worth saying
        if self._progress is not None and step != self._said:
            self._said = step
            self._progress(min(done / self._total, 1.0), text)


def _amounts(done: int, total: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if total >= size:
            return f"{done / size:.1f} of {total / size:.1f} {unit}"
    return f"{done} of {total} bytes"


# ── what is on the hub ──


def _listed(hub: Hub, name: str, folder: Path | None) -> _File:
    """The file as the hub tells it; its place is in the folder, or in the hub's cache."""
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import RemoteEntryNotFoundError
    from huggingface_hub.file_download import repo_folder_name

    url = hf_hub_url(hub.repository, name, revision=hub.revision, endpoint=constants.ENDPOINT)
    try:
        found = get_hf_file_metadata(url, endpoint=constants.ENDPOINT)
    except RemoteEntryNotFoundError as error:
        raise NotDownloaded(f"expected {name} in {hub.repository} on the hub, got none") from error
    if not found.size or not found.etag or not found.commit_hash:
        raise NotDownloaded(f"expected size, hash and version of {name} from {constants.ENDPOINT}, got none")
    if folder is None:
        cache = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=hub.repository, repo_type="model")
        place = cache / "blobs" / found.etag
        part = place.with_name(part_name(found.etag, name.replace("/", "--")))
    else:
        place = folder / name
        part = place.with_name(part_name(place.name, found.etag[:12]))
    return _File(name, found.size, found.etag, found.commit_hash, place, part)


def _in_cache(hub: Hub, files: list[_File]) -> Path:
    """Has the hub's client enter files, whose contents all lie in its cache already, under their names."""
    from huggingface_hub import constants, hf_hub_download

    names = [file.name for file in files]
    paths = [
        Path(hf_hub_download(hub.repository, name, revision=hub.revision, endpoint=constants.ENDPOINT))
        for name in names
    ]
    return paths[0] if len(paths) == 1 else paths[0].parents[names[0].count("/")]


@contextmanager
def _sentences(hub: Hub) -> Iterator[None]:
    """Makes what the hub's client and the disk raise into NotDownloaded."""
    import httpx2
    from huggingface_hub import constants, errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise NotDownloaded(
            f"expected access to {hub.repository}, got a refusal: accept its terms on the hub, then `hf auth login`"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise NotDownloaded(f"expected the repository {hub.repository} on the hub, got none that is public") from error
    except errors.RevisionNotFoundError as error:
        raise NotDownloaded(f"expected {hub.repository} to have a version {hub.revision!r}, got none") from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        raise NotDownloaded(f"expected {hub.repository} from {constants.ENDPOINT}, got status {status}") from error
    except (httpx2.TransportError, errors.LocalEntryNotFoundError) as error:
        raise NotDownloaded(
            f"expected a connection to {constants.ENDPOINT}, got none that holds: try again, and it goes on there"
        ) from error
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise NotDownloaded("expected room on the disk, got none: make room and try again, it goes on there") from error


# ── on the disk ──


@contextmanager
def _alone(name: str, folder: Path) -> Iterator[None]:
    """Holds the place against a second download of the same model, in this program or another."""
    from filelock import FileLock, Timeout

    locks = folder / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(locks / f"{name}.lock", timeout=0):
            yield
    except Timeout as error:
        raise NotDownloaded(f"expected one download of {name} at a time, got a second: wait for the first") from error


def _whole(file: _File, report: _Report) -> bool:
    """Whether the file is in its place; one in a user's folder may be an older version, so its contents are read."""
    if _size(file.place) != file.size or not _is_hash(file, file.place, report):
        return False
    report.bytes(file, file.size)
    return True


def _check_room(name: str, missing: list[_File]) -> None:
    needed = sum(file.size - _size(file.part) for file in missing)
    if not missing:
        return
    folder = missing[0].place.parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise NotDownloaded(
            f"expected {_amount(needed)} of room for {name} in {folder}, got {_amount(free)}: "
            "make room or choose another folder"
        )


def _amount(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _is_hash(file: _File, path: Path, report: _Report) -> bool:
    """Whether contents have the hash that the hub names: of sha256, or git's, which counts a header in."""
    if re.fullmatch("[0-9a-f]{64}", file.digest):
        found = hashlib.sha256()
    elif re.fullmatch("[0-9a-f]{40}", file.digest):
        found = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
    else:
        return True  # a mirror that names no hash: the size has to do
    report.checking(file)
    with path.open("rb") as stream:
        while piece := stream.read(hash_step):
            found.update(piece)
            report.stop()
    return found.hexdigest() == file.digest


# ── one file ──


def _fetch(hub: Hub, file: _File, report: _Report) -> None:
    """Completes the file's part, tries a broken connection again, checks the contents and puts them in their place."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    file.part.parent.mkdir(parents=True, exist_ok=True)
    if _size(file.part) > file.size:
        file.part.unlink()
    left = attempts
    while (have := _size(file.part)) < file.size:
        report.bytes(file, have)
        try:
            _append(hub, file, have, report)
        except (httpx2.TransportError, HfHubHTTPError) as error:
            passing = not isinstance(error, HfHubHTTPError) or error.response.status_code in worth_another_try
            left = attempts if _size(file.part) > have else left - 1
            if not passing or not left:
                raise
            time.sleep(pause)
    if _size(file.part) != file.size or not _is_hash(file, file.part, report):
        file.part.unlink()
        raise NotDownloaded(f"expected {file.name} as the hub has it, got other contents, now removed: try again")
    file.part.replace(file.place)
    for old in file.place.parent.glob(part_name(file.place.name, "*")):  # of an earlier version
        old.unlink()
    report.bytes(file, file.size)


def _append(hub: Hub, file: _File, have: int, report: _Report) -> None:
    """Asks for the bytes from `have` on and writes them as they come."""
    from huggingface_hub import constants, get_session, hf_hub_url
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    # The address in the cloud that a hub's address leads to is good for an hour only, so each try starts at the hub's.
    url = hf_hub_url(hub.repository, file.name, revision=file.commit, endpoint=constants.ENDPOINT)
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
    with get_session().stream("GET", url, headers=headers, timeout=timeout, follow_redirects=True) as response:
        if response.is_error:
            response.read()  # which the error quotes
        hf_raise_for_status(response)
        if response.status_code != 206:  # the whole file again
            have = 0
        if (stated := _stated(response)) not in (None, file.size):
            file.part.unlink(missing_ok=True)
            raise NotDownloaded(
                f"expected {file.size} bytes of {file.name}, got {stated} from the hub: try again later"
            )
        with file.part.open("ab" if have else "wb") as stream:
            for piece in response.iter_bytes():
                stream.write(piece)
                have += len(piece)
                report.bytes(file, have)
                if have > file.size:
                    return


def _stated(response: Any) -> int | None:
    """The size of the whole file as the answer states it, None where it does not."""
    length = response.headers.get("Content-Length")
    within = response.headers.get("Content-Range", "").rpartition("/")[2]
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return None
    stated = within or length
    return int(stated) if stated and stated.isdigit() else None
