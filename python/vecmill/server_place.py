"""Where a user's embedding servers are: sockets in a folder that is closed to others, and the locks beside them.

    NAME.sock    the socket
    NAME.starts  held (flock) by the client that starts a server, so that the others wait for it
    NAME.serves  held by the server as long as it lives, so that there is one
    NAME.log     what servers that clients started wrote on stderr

The kernel releases the locks of a process that dies in any way.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import pathlib
import socket
import stat
import struct
from collections.abc import Iterator

from vecmill._core import Error, __version__

# sockaddr_un.sun_path has 108 bytes, the last of which is 0.
MAX_SOCKET_PATH_BYTES = 107


def default_socket(model: str, device: str) -> pathlib.Path:
    """The socket for this user, model folder, device and version of vecmill."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = pathlib.Path(runtime, "vecmill") if runtime else pathlib.Path(f"/tmp/vecmill-{os.geteuid()}")
    key = "\0".join((os.path.realpath(model), device, __version__))
    return folder / f"{hashlib.sha256(os.fsencode(key)).hexdigest()[:24]}.sock"


def check_socket_path(path: pathlib.Path) -> None:
    """Raises ValueError for a path that the kernel cannot take."""
    num_bytes = len(os.fsencode(path))
    if num_bytes > MAX_SOCKET_PATH_BYTES:
        raise ValueError(
            f"{path}: a socket's path of {num_bytes} bytes, where {MAX_SOCKET_PATH_BYTES} are the most; "
            "name a socket in a folder with a shorter path"
        )


def make_private_folder(folder: pathlib.Path) -> None:
    """Make the folder if it is not there.

    Raises vecmill.Error unless it is this user's and closed to all others.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        pass
    except OSError as error:
        raise Error(f"{folder}: cannot make the folder: {error.strerror}") from error
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise Error(f"{folder}: not a folder")
    if found.st_uid != os.geteuid():
        raise Error(f"{folder}: belongs to user {found.st_uid}, not to {os.geteuid()}; name another place")
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise Error(f"{folder}: its mode {mode:o} lets others in; chmod 700 it, or name another place")


def dial(path: pathlib.Path) -> socket.socket | None:
    """Connect; None if nobody listens there.

    Raises vecmill.Error if a server of another user does, or if the socket may not be used.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.connect(os.fspath(path))
        refusal = refusal_of_peer("server", peer_uid(sock))
        if refusal:
            raise Error(f"{path}: {refusal}")
    except OSError as error:
        sock.close()
        if error.errno in (errno.ENOENT, errno.ECONNREFUSED):
            return None
        raise Error(f"{path}: cannot connect: {error.strerror}") from error
    except BaseException:
        sock.close()
        raise
    return sock


def peer_uid(sock: socket.socket) -> int:
    """The user of the process at the other end, as the kernel noted when it connected."""
    _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return uid


def refusal_of_peer(what: str, uid: int) -> str:
    """Why a client or server of this user is refused; empty for one's own."""
    own = os.geteuid()
    return "" if uid == own else f"the {what} is user {uid}'s, not user {own}'s; each user has servers of their own"


@contextlib.contextmanager
def try_lock(path: pathlib.Path) -> Iterator[bool]:
    """Hold the lock in the block, if nobody else does; says whether."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            # Closing would not do where a child, forked meanwhile, has the file open too.
            fcntl.flock(file, fcntl.LOCK_UN)
    finally:
        os.close(file)
