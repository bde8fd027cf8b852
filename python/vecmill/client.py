"""Embed with a model that the processes of a machine share: connect() to its server, which is started if need be."""

from __future__ import annotations

import os
import pathlib
import socket as sockets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

import vecmill
from vecmill import protocol, server_place
from vecmill._core import Error, __version__
from vecmill.embedder import check_device, check_output, shape_result, texts_of_iterable
from vecmill.hub import folder_of

# Texts and vectors of one request: some seconds of work for a small model, so that what is repeated after a crash,
# or computed for a client that died, is not more.
BATCH_BYTES = 16 << 20
# A request whose server dies so often is no longer sent.
MAX_TRIES = 4
MAX_LOG_BYTES = 1 << 20
_TEXT_TYPES = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view", "null")
_ERRORS = {"ValueError": ValueError, "TypeError": TypeError}

_started: list[subprocess.Popen[bytes]] = []  # servers of this process, kept so that none stays a zombie


def connect(
    model: str | os.PathLike[str],
    *,
    socket: str | os.PathLike[str] | None = None,
    start: bool = True,
    device: str = "cpu",
    threads: int | None = None,
    idle_seconds: float = 60,
    layers: str | Mapping[str, str] = "last",
    normalize: bool | None = None,
    truncate_dim: int | None = None,
    prompt: str | None = None,
    prompt_name: str | None = None,
    long: str = "truncate",
    sha256: str | None = None,
    timeout: float = 120,
    env: Mapping[str, str] | None = None,
) -> RemoteEmbedder:
    """Connect to this machine's and user's server for a model folder.

    Args:
        model, layers, normalize, truncate_dim, prompt, prompt_name, long: As for vecmill.load. Clients of one server may
            have different options.
        socket: The server's socket. None: one for this user, model folder, device and version of vecmill in
            $XDG_RUNTIME_DIR/vecmill or /tmp/vecmill-UID.
        start: Start a server if none answers, now or later; of many processes one does.
        device: "cpu".
        threads: Worker threads of a server that is started. None: one for each CPU this process may use.
        idle_seconds: A server that is started stops when no client has been connected for so long.
        sha256: description["sha256"] that the server's model must have. None: any now, and the same after a restart.
        timeout: Seconds in which a server must have started, its model loaded.
        env: Variables for the environment of a server that is started.

    Raises:
        vecmill.Error: No server, or one that does not start, is another user's, or has another version or model.
        ValueError: An option makes no sense for this model.
    """
    check_device(device)
    folder = os.path.realpath(folder_of(model))
    path = pathlib.Path(os.path.abspath(socket)) if socket else server_place.default_socket(folder, device)
    server_place.check_socket_path(path)
    columns = {"embedding": layers} if isinstance(layers, str) else dict(layers)
    request = {
        "version": __version__,
        "sha256": sha256,
        "layers": list(columns.items()),
        "normalize": normalize,
        "truncate_dim": truncate_dim,
        "prompt": prompt,
        "prompt_name": prompt_name,
        "long": long,
        "accounts": True,
    }
    arguments = ["--threads", str(threads or 0), "--device", device, "--idle-seconds", str(idle_seconds), "--", folder]
    service = _Service(path, arguments if start else None, timeout, dict(env or {}))
    return RemoteEmbedder(service, request)


class RemoteEmbedder:
    """An embedder whose model is in a server; connect makes one. Safe to use from several threads, each of which has
    a connection of its own while it embeds, and after os.fork().

    If the server dies it is started again (unless start=False) and asked again for what it has not answered; four
    deaths over the same rows are an error. How long an answer takes is not limited.
    """

    def __init__(self, service: _Service, request: dict[str, Any]) -> None:
        self._service = service
        self._request = request
        self._pid = os.getpid()
        self._unused: list[_Connection] = []
        connection = self._connect()
        self._description = connection.description
        self._max_batch_bytes = connection.max_batch_bytes
        self._request = {**request, "sha256": connection.description["sha256"]}
        self._unused.append(connection)

    def __repr__(self) -> str:
        columns = ", ".join(f"{c['name']}: {c['dim']} values" for c in self._description["columns"])
        return f"vecmill.client.RemoteEmbedder({self._description['path']!r}, {columns}, {str(self._service.path)!r})"

    def __enter__(self) -> RemoteEmbedder:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are not in use. A later embed opens another."""
        unused, self._unused = self._unused, []
        for connection in unused:
            connection.close()

    @property
    def dim(self) -> int:
        """Values of a vector of the first column."""
        return self._description["columns"][0]["dim"]

    @property
    def description(self) -> dict[str, Any]:
        """As Embedder.description; path and threads are the server's."""
        return self._description

    def embed(self, texts: Any, *, output: str = "auto", accounts: bool = False) -> Any:
        """As Embedder.embed: the same types and bits.

        Raises: vecmill.Error if the server refuses, or dies again and again; TypeError, ValueError as there.
        """
        check_output(output)
        column, is_arrow = _to_large_binary(texts)
        answers = _Answers(self._description["columns"], len(column))
        requests = list(_cut(column, self._description, min(BATCH_BYTES, self._max_batch_bytes)))
        num_failures = 0
        while answers.num_batches < len(requests):
            connection = self._take()
            try:
                for request in requests[answers.num_batches :]:
                    answers.add(connection.ask(request))
                    num_failures = 0
            except ConnectionError as error:
                connection.close()
                self.close()  # which the same server had
                num_failures += 1
                if num_failures == MAX_TRIES:
                    raise self._lost(f" over the same {len(requests[answers.num_batches])} rows") from error
            except BaseException:
                connection.close()
                raise
            else:
                self._give_back(connection)
        as_arrow = output == "arrow" or (output == "auto" and is_arrow)
        return shape_result(self._description["columns"], answers.made(), as_arrow, accounts)

    def _take(self) -> _Connection:
        if self._pid != os.getpid():  # the connections are the parent's
            self.close()
            self._pid = os.getpid()
        try:
            return self._unused.pop()
        except IndexError:
            return self._connect()

    def _give_back(self, connection: _Connection) -> None:
        self._unused.append(connection)

    def _connect(self) -> _Connection:
        """Raises vecmill.Error, ValueError: The server refuses, or none is there and none could be started."""
        for _ in range(MAX_TRIES):
            sock = self._service.open()
            try:
                return _Connection(sock, self._request, self._service.timeout)
            except ConnectionError:  # one that was just stopping
                sock.close()
            except TimeoutError as error:
                sock.close()
                raise Error(
                    f"{self._service.path}: the server has not answered for {self._service.timeout:g} s"
                ) from error
            except BaseException:
                sock.close()
                raise
        raise self._lost("")

    def _lost(self, where: str) -> Error:
        log = self._service.end_of_log()
        return Error(f"{self._service.path}: the server was lost {MAX_TRIES} times{where}; the end of its log:\n{log}")


class _Connection:
    """A conversation with a server. Its methods raise ConnectionError if the server is gone, and what it refuses as
    ValueError, TypeError or vecmill.Error; then it is of no more use."""

    def __init__(self, sock: sockets.socket, request: dict[str, Any], timeout: float) -> None:
        self._sock = sock
        sock.settimeout(timeout)
        self._stream = protocol.SocketStream(sock, sys.maxsize)
        self._send(lambda: self._send_request(request))
        self._reader, said = self._open_answer()
        self.description: dict[str, Any] = said["description"]
        self.max_batch_bytes: int = said["max_batch_bytes"]
        sock.settimeout(None)

    def ask(self, texts: pa.LargeBinaryArray) -> pa.RecordBatch:
        batch = pa.RecordBatch.from_arrays([texts], schema=self._schema)
        self._send(lambda: protocol.send_batch(self._stream, batch))
        answer = protocol.read_batch(self._reader)
        if answer is None:
            self._open_answer()  # which says why
            raise ConnectionResetError("the server closed the connection")
        return answer

    def close(self) -> None:
        self._sock.close()

    def _send_request(self, request: dict[str, Any]) -> None:
        self._schema = protocol.send_schema(self._stream, [pa.field("text", pa.large_binary())], request)

    def _send(self, send: Any) -> None:
        """A server that refuses does not read on; why is in what it has sent."""
        try:
            send()
        except ConnectionError:
            pass

    def _open_answer(self) -> tuple[pa.RecordBatchStreamReader, dict[str, Any]]:
        try:
            reader, said = protocol.open_stream(self._stream)
        except EOFError as error:
            raise ConnectionResetError(str(error)) from error
        if "error" in said:
            raise _ERRORS.get(said["error"]["type"], Error)(said["error"]["message"])
        return reader, said


class _Service:
    """The server of a socket: how to reach it, and to start it."""

    def __init__(
        self, path: pathlib.Path, arguments: list[str] | None, timeout: float, environment: dict[str, str]
    ) -> None:
        self.path = path
        self.timeout = timeout
        self._arguments = arguments  # None: not to be started
        self._environment = environment

    def open(self) -> sockets.socket:
        """Connect, if need be to a server that is started; of all who do this at the same time one starts it."""
        sock = server_place.dial(self.path)
        if sock is not None:
            return sock
        if self._arguments is None:
            raise Error(f"{self.path}: no embedding server answers; python -m vecmill.serve is one")
        server_place.make_private_folder(self.path.parent)
        deadline = time.monotonic() + self.timeout
        while time.monotonic() < deadline:
            with server_place.try_lock(self.path.with_suffix(".starts")) as is_ours:
                sock = server_place.dial(self.path)
                if sock is None and is_ours:
                    sock = self._start(deadline)
            if sock is not None:
                return sock
            time.sleep(0.02)
        raise Error(f"{self.path}: another process did not start the embedding server within {self.timeout:g} s")

    def end_of_log(self, begin: int = 0) -> str:
        try:
            with open(self._log_path, "rb") as file:
                file.seek(max(begin, self._log_path.stat().st_size - 2000))
                return file.read().decode(errors="replace").strip() or "(empty)"
        except OSError as error:
            return f"({self._log_path}: {error.strerror})"

    @property
    def _log_path(self) -> pathlib.Path:
        return self.path.with_suffix(".log")

    def _start(self, deadline: float) -> sockets.socket | None:
        """Connect to a server that this starts; None if it found that another answers."""
        if not sys.executable:
            raise Error(f"{self.path}: cannot start an embedding server from a program that is not python; start "
                        "python -m vecmill.serve beforehand")  # fmt: skip
        package = os.path.dirname(os.path.dirname(os.path.abspath(vecmill.__file__)))
        search = [*filter(None, [os.environ.get("PYTHONPATH")]), package]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(search), **self._environment}
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        log = os.open(self._log_path, flags, 0o600)
        try:
            if os.fstat(log).st_size > MAX_LOG_BYTES:
                os.ftruncate(log, 0)
            begin = os.fstat(log).st_size
            command = [sys.executable, "-P", "-X", "faulthandler", "-m", "vecmill.serve", "--socket", str(self.path)]
            process = subprocess.Popen(
                [*command, *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=environment,
                cwd="/",
                start_new_session=True,
                close_fds=True,
            )
        finally:
            os.close(log)
        _started[:] = [server for server in _started if server.poll() is None] + [process]
        return self._wait_for(process, deadline, begin)

    def _wait_for(self, process: subprocess.Popen[bytes], deadline: float, begin: int) -> sockets.socket | None:
        try:
            while time.monotonic() < deadline:
                status = process.poll()
                sock = server_place.dial(self.path)
                if sock is not None or status == 0:
                    return sock
                if status is not None:
                    raise Error(f"{self.path}: the embedding server did not start (status {status}); its log "
                                f"says:\n{self.end_of_log(begin)}")  # fmt: skip
                time.sleep(0.02)
        except BaseException:
            process.kill()
            raise
        process.kill()
        raise Error(f"{self.path}: the embedding server has not started within {self.timeout:g} s; its log "
                    f"says:\n{self.end_of_log(begin)}")  # fmt: skip


class _Answers:
    """The answers to the requests for N rows, put one behind the other as the engine makes them (_core.pyi)."""

    def __init__(self, columns: list[dict[str, Any]], num_rows: int) -> None:
        self.num_batches = 0
        self._columns = columns
        self._has_vector = np.empty(num_rows, np.uint8)
        self._tokens = np.empty(num_rows, np.int32)
        self._truncated = np.empty(num_rows, np.uint8)
        self._errors: list[str | None] = []
        self._values = [np.empty(0 if c["per_token"] else num_rows * c["dim"], np.float32) for c in columns]
        self._parts: list[list[np.ndarray]] = [[] for _ in columns]  # of columns with a vector for each token
        self._offsets = [np.zeros(num_rows + 1, np.int64) if c["per_token"] else None for c in columns]

    def add(self, batch: pa.RecordBatch) -> None:
        """All or nothing of a batch."""
        begin = len(self._errors)
        rows = slice(begin, begin + batch.num_rows)
        *vectors, tokens, truncated, errors = batch.columns
        self._has_vector[rows] = vectors[0].is_valid().to_numpy(zero_copy_only=False)
        self._tokens[rows] = tokens.to_numpy()
        self._truncated[rows] = truncated.to_numpy(zero_copy_only=False)
        for i, (column, array) in enumerate(zip(self._columns, vectors, strict=True)):
            if column["per_token"]:
                offsets = array.offsets.to_numpy()
                values = array.values.values.to_numpy()
                self._parts[i].append(values[offsets[0] * column["dim"] : offsets[-1] * column["dim"]])
                self._offsets[i][begin + 1 : rows.stop + 1] = self._offsets[i][begin] + offsets[1:] - offsets[0]
            else:
                values = array.values.to_numpy()
                self._values[i][begin * column["dim"] : rows.stop * column["dim"]] = values
        self._errors += errors.to_pylist() if errors.null_count < len(errors) else [None] * len(errors)
        self.num_batches += 1

    def made(self) -> dict[str, Any]:
        parts_of_columns = zip(self._values, self._parts, strict=True)
        values = [np.concatenate(parts) if parts else whole for whole, parts in parts_of_columns]
        return {
            "columns": list(zip(values, self._offsets, strict=True)),
            "has_vector": self._has_vector,
            "tokens": self._tokens,
            "truncated": self._truncated,
            "errors": self._errors,
        }


def _to_large_binary(texts: Any) -> tuple[pa.LargeBinaryArray, bool]:
    """A column as Embedder.embed takes it, and whether it came as Arrow."""
    if not hasattr(texts, "__arrow_c_stream__") and not hasattr(texts, "__arrow_c_array__"):
        rows = texts_of_iterable(texts)
        for i, row in enumerate(rows):
            if row is not None and not isinstance(row, str | bytes):
                raise TypeError(f"texts: row {i} is of type {type(row).__name__}, expected str, bytes or None")
        return pa.array(rows, pa.large_binary()), False
    chunked = pa.chunked_array(texts if hasattr(texts, "__arrow_c_stream__") else [pa.array(texts)])
    text_type = chunked.type.value_type if pa.types.is_dictionary(chunked.type) else chunked.type
    if str(text_type) not in _TEXT_TYPES:
        raise ValueError(f"texts: found Arrow type {chunked.type}, expected string, binary, their large and view kin, "
                         "or a dictionary of these")  # fmt: skip
    chunks = [chunk.cast(text_type).cast(pa.large_binary()) for chunk in chunked.chunks]
    if not chunks:
        return pa.array([], pa.large_binary()), True
    return chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks), True


def _cut(texts: pa.LargeBinaryArray, description: dict[str, Any], batch_bytes: int) -> Iterator[pa.LargeBinaryArray]:
    """Requests of up to batch_bytes of texts and vectors, and of one row at least."""
    num_bytes = protocol.text_bytes(texts)
    ends = np.cumsum(num_bytes + protocol.answer_bytes(description, num_bytes))
    begin = 0
    while begin < len(texts):
        done = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + batch_bytes, side="right")))
        yield texts.slice(begin, end - begin)
        begin = end
