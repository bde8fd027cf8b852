"""Models on the disk of a node: written once by whichever process comes first, mapped by all.

    CACHE/models/SHA256/                  the files of a model, as its folder has them
    CACHE/models/SHA256/.vecmill.json     their size, inode and time of change when their bytes were last verified
    CACHE/models/SHA256.lock              held while the folder is made; the kernel releases it when its holder dies
    CACHE/models/log.jsonl                a line for each time that a model was written here, and why

A folder appears whole, by a rename, or not at all. Files that changed since they were verified are
verified again, and the model is written anew if they are not what their SHA-256 says. Nothing is
ever deleted but what a dead process left half-written; any of it may be deleted at any time.
"""

from __future__ import annotations

import fcntl
import json
import os
import pathlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable

from vecmill.server_place import make_private_folder
from vecmill.spark.model_files import ModelListing, size_and_sha256

_STAMP = ".vecmill.json"


def cache_folder() -> pathlib.Path:
    """Where this user's caches are on this machine: VECMILL_CACHE, or else XDG_CACHE_HOME/vecmill, or else
    ~/.cache/vecmill; where none of these can be made, as for users without a home, vecmill-UID under the folder for
    temporary files.

    Raises:
        vecmill.Error: The last resort belongs to somebody else, or lets others in; VECMILL_CACHE names another.
    """
    if named := os.environ.get("VECMILL_CACHE"):
        folder = pathlib.Path(named)
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = pathlib.Path(caches) / "vecmill"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    folder = pathlib.Path(tempfile.gettempdir()) / f"vecmill-{os.geteuid()}"
    make_private_folder(folder)
    return folder


def model_folder(listing: ModelListing, read_chunks: Callable[[], Iterable[bytes]], cache: pathlib.Path) -> pathlib.Path:
    """The folder of the model in this machine's cache, written there if need be.

    Args:
        listing: The model's files.
        read_chunks: Gives the bytes of all files one after the other, in pieces. Only called if they are needed.
        cache: As cache_folder() says.

    Raises:
        OSError: The cache cannot be written.
        ValueError: The bytes are not those of the listing.
    """
    models = cache / "models"
    folder = models / listing.sha256
    if _is_verified(folder, listing):
        return folder
    models.mkdir(parents=True, exist_ok=True)
    with (models / f"{listing.sha256}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        reason = _why_unusable(folder, listing)
        if reason is not None:
            _write(folder, listing, read_chunks)
            _log(models, listing, reason)
    return folder


def _is_verified(folder: pathlib.Path, listing: ModelListing) -> bool:
    """The files have not changed since their bytes were verified."""
    try:
        return json.loads((folder / _STAMP).read_text()) == _stamp(folder, listing)
    except (OSError, ValueError):
        return False


def _stamp(folder: pathlib.Path, listing: ModelListing) -> list[list[int]]:
    statuses = [os.stat(folder / file.path) for file in listing.files]
    return [[status.st_size, status.st_ino, status.st_mtime_ns] for status in statuses]


def _why_unusable(folder: pathlib.Path, listing: ModelListing) -> str | None:
    """What is wrong with the folder; None, and stamped as verified, if nothing is."""
    if not folder.exists():
        return "missing"
    if _is_verified(folder, listing):
        return None
    for file in listing.files:
        try:
            found = size_and_sha256(folder / file.path)
        except OSError as error:
            return f"{file.path}: {error.strerror}"
        if found != (file.size, file.sha256):
            return f"{file.path}: {found[0]} bytes with sha256 {found[1]}, expected {file.size} with {file.sha256}"
    _write_stamp(folder, listing)
    return None


def _write(folder: pathlib.Path, listing: ModelListing, read_chunks: Callable[[], Iterable[bytes]]) -> None:
    """Write the model beside its place and put it there. REQUIRES: the lock is held."""
    prefix = f"{listing.sha256}.new-"
    for left_over in folder.parent.glob(f"{prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    new = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    _write_files(new, listing, read_chunks())
    for file in listing.files:
        found = size_and_sha256(new / file.path)
        if found != (file.size, file.sha256):
            raise ValueError(f"{file.path}: the driver sent bytes with sha256 {found[1]}, expected {file.sha256}")
    _write_stamp(new, listing)
    if folder.exists():
        # Those that have the old files mapped keep them.
        old = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
        folder.rename(old / "replaced")
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        new.rename(folder)


def _write_files(folder: pathlib.Path, listing: ModelListing, chunks: Iterable[bytes]) -> None:
    stream = (memoryview(chunk) for chunk in chunks)
    rest = memoryview(b"")
    for file in listing.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        missing = file.size
        with path.open("wb") as out:
            while missing > 0:
                rest = rest or next(stream, memoryview(b""))
                if not rest:
                    raise ValueError(f"{file.path}: {missing} bytes fewer came from the driver than the {file.size} announced")
                written = out.write(rest[:missing])
                missing -= written
                rest = rest[written:]
            out.flush()
            os.fsync(out.fileno())


def _write_stamp(folder: pathlib.Path, listing: ModelListing) -> None:
    (folder / _STAMP).write_text(json.dumps(_stamp(folder, listing)))


def _log(models: pathlib.Path, listing: ModelListing, reason: str) -> None:
    line = {"time": time.time(), "pid": os.getpid(), "sha256": listing.sha256, "bytes": listing.size, "reason": reason}
    with (models / "log.jsonl").open("a") as log:
        log.write(json.dumps(line) + "\n")
