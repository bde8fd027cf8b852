"""An embedding server for the processes of one machine: python -m vecmill.serve --socket PATH MODEL_FOLDER

The model is loaded once and its threads are shared by all who connect; vecmill.client starts servers and speaks to
them. vecmill.protocol says what goes over the socket.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import fcntl
import math
import os
import pathlib
import resource
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from vecmill import _core, protocol, server_place
from vecmill.embedder import check_device, vector_type, vectors_to_arrow

# Sets of options whose embedders are kept. Each has threads of its own once it embeds.
MAX_VARIANTS = 8
# Requests under way may take so long after SIGTERM; then they are given up, which takes the engine some seconds.
GRACE_SECONDS = 10
STOP_SECONDS = GRACE_SECONDS + 5


class Model:
    """A loaded model and its embedders for different options, which share the weights."""

    def __init__(self, folder: str, threads: int) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._variants: collections.OrderedDict[tuple[Any, ...], _core.Embedder] = collections.OrderedDict()
        self._core = _core.load(folder, self._options((("embedding", "last"),), None, None, None, "", "truncate"))
        self.description = self._core.describe()

    def variant(self, request: dict[str, Any]) -> _core.Embedder:
        """Raises ValueError, TypeError: The request makes no sense for this model."""
        layers = request.get("layers")
        if not isinstance(layers, list) or not layers:
            raise ValueError("layers: expected a list of [name, layer expression]")
        columns = tuple((name, expression) for name, expression in layers)
        names = ("normalize", "truncate_dim", "prompt")
        key = (columns, *(request.get(name) for name in names), request.get("prompt_name") or "", request.get("long") or "truncate")
        with self._lock:
            if key not in self._variants:
                self._variants[key] = self._core.with_options(self._options(*key))
                if len(self._variants) > MAX_VARIANTS:
                    self._variants.popitem(last=False)
            self._variants.move_to_end(key)
            return self._variants[key]

    def _options(
        self, columns: Any, normalize: Any, truncate_dim: Any, prompt: Any, prompt_name: Any, long: Any
    ) -> _core.Options:
        return _core.Options(
            columns=list(columns),
            threads=self._threads,
            normalize=normalize,
            truncate_dim=truncate_dim,
            prompt=prompt,
            prompt_name=prompt_name,
            long=long,
        )


class RequestGivenUp(Exception):
    """Nobody waits for the rest of a request, or will."""


class Server:
    """Accepts connections, each served by a thread."""

    def __init__(self, model: Model, settings: argparse.Namespace) -> None:
        self.model = model
        self.settings = settings
        self.stopping = os.eventfd(0, os.EFD_CLOEXEC)  # readable once the server is to stop
        self.give_up_at = math.inf  # of time.monotonic()
        self._threads: set[threading.Thread] = set()

    def stop(self) -> None:
        self.give_up_at = time.monotonic() + GRACE_SECONDS
        os.eventfd_write(self.stopping, 1)

    def run(self, listener: socket.socket) -> str:
        """Serve until told to stop, or idle; gives the reason. The caller then closes the listener."""
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        poll.register(self.stopping, select.POLLIN)
        idle_since = time.monotonic()
        while True:
            ready = {file for file, _ in poll.poll(1000 * min(1, self.settings.idle_seconds))}
            if self.stopping in ready:
                return "was told to"
            if listener.fileno() in ready:
                self._accept(listener)
            self._threads = {thread for thread in self._threads if thread.is_alive()}
            if self._threads:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since >= self.settings.idle_seconds:
                return f"no client for {self.settings.idle_seconds:g} s"

    def wait_for_requests(self) -> bool:
        """Let the requests under way end; says whether all did."""
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except OSError as error:  # of the connection, or too many files are open
            log(f"refused a client: {error}")
            time.sleep(0.1)
            return
        refusal = server_place.refusal_of_peer("client", server_place.peer_uid(sock))
        if not refusal and len(self._threads) >= self.settings.max_connections:
            refusal = f"the server has {len(self._threads)} connections; --max-connections allows more"
        thread = threading.Thread(target=Conversation(self, sock).run, args=(refusal,), daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # as many threads as the system lets this user have
            sock.close()
            log(f"refused a client: {error}")
            return
        self._threads.add(thread)


class Conversation:
    """One connection, until the client leaves, is refused, is silent too long, or the server stops."""

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self._server = server
        self._sock = sock
        self._stream = protocol.SocketStream(sock, protocol.MAX_SCHEMA_BYTES)
        self._is_answering = False
        sock.settimeout(server.settings.stall_seconds)

    def run(self, refusal: str) -> None:
        with self._sock, contextlib.suppress(ConnectionError, EOFError):
            try:
                if refusal:
                    raise _core.Error(refusal)
                self._converse()
            except RequestGivenUp as error:
                log(str(error))
            except (ConnectionError, EOFError):
                raise
            except TimeoutError:
                log(f"dropped a client that stopped in the middle for {self._server.settings.stall_seconds:g} s")
            except Exception as error:
                log(f"refused a client: {' '.join(str(error).split())}")
                with contextlib.suppress(TimeoutError):
                    self._refuse(error)

    def _converse(self) -> None:
        if not self._wait_for_client(self._server.settings.stall_seconds):
            return
        reader, request = protocol.open_stream(self._stream)
        self._check(reader.schema, request)
        embedder = self._server.model.variant(request)
        description = embedder.describe()
        fields = [pa.field(column["name"], vector_type(column)) for column in description["columns"]]
        if request.get("accounts", False):
            accounts = {"tokens": pa.int32(), "truncated": pa.bool_(), "error": pa.string()}
            fields += [pa.field(name, of_type) for name, of_type in accounts.items()]
        said = {
            "version": _core.__version__,
            "description": description,
            "max_batch_bytes": self._server.settings.max_batch_bytes,
        }
        schema = protocol.send_schema(self._stream, fields, said)
        self._is_answering = True
        self._stream.max_read_bytes = self._server.settings.max_batch_bytes
        while self._wait_for_client(self._server.settings.idle_seconds):
            batch = protocol.read_batch(reader)
            if batch is None:
                return
            texts = self._check_texts(batch.column(0), description)
            made = embedder.embed_array(*texts.__arrow_c_array__(), self._go_on)
            protocol.send_batch(self._stream, _answer(schema, description["columns"], made))

    def _check(self, schema: pa.Schema, request: dict[str, Any]) -> None:
        if request.get("version") != _core.__version__:
            raise _core.Error(
                f"the server is of vecmill {_core.__version__}, the client of {request.get('version')}; "
                "wait until the server has stopped, or name another socket"
            )
        found = self._server.model.description
        if request.get("sha256") not in (None, found["sha256"]):
            raise _core.Error(
                f"{found['path']}: the server has the model with sha256 {found['sha256']}, the client expects "
                f"{request['sha256']}; if the folder has changed, wait until the server has stopped"
            )
        if len(schema) != 1 or schema.field(0).type not in protocol.TEXT_TYPES:
            raise ValueError(
                f"expected one column of {', '.join(map(str, protocol.TEXT_TYPES))}, "
                f"found {[str(field.type) for field in schema]}"
            )

    def _check_texts(self, texts: pa.Array, description: dict[str, Any]) -> pa.LargeBinaryArray:
        """The texts with offsets that may be trusted, and an answer that is not too large."""
        binary = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}.get(texts.type, texts.type)
        texts = texts.view(binary)
        texts.validate(full=True)
        texts = texts.cast(pa.large_binary())
        num_bytes = int(np.sum(protocol.answer_bytes(description, protocol.text_bytes(texts))))
        if num_bytes > self._server.settings.max_batch_bytes:
            raise protocol.MessageTooLarge(
                f"the vectors of a batch of {len(texts)} rows may be {num_bytes} bytes, where "
                f"{self._server.settings.max_batch_bytes} are the most; send fewer rows at once"
            )
        return texts

    def _wait_for_client(self, seconds: float) -> bool:
        """Whether the client says something, or leaves, before the time is over and the server stops."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        poll.register(self._server.stopping, select.POLLIN)
        ready = [file for file, _ in poll.poll(None if seconds == math.inf else 1000 * seconds)]
        return bool(ready) and self._server.stopping not in ready

    def _go_on(self, rows_done: int) -> None:
        """Ends a request that nobody waits for."""
        poll = select.poll()
        poll.register(self._sock, 0)
        if poll.poll(0):
            raise RequestGivenUp(f"gave up a request, after {rows_done} rows: its client has left")
        if time.monotonic() > self._server.give_up_at:
            raise RequestGivenUp(f"gave up a request, after {rows_done} rows: it goes on for too long for a stop")

    def _refuse(self, error: Exception) -> None:
        is_named = isinstance(error, ValueError | TypeError)
        name = "TypeError" if isinstance(error, TypeError) else "ValueError" if is_named else "vecmill.Error"
        is_told = is_named or isinstance(error, _core.Error)
        message = str(error) if is_told else f"internal: {type(error).__name__}: {error}"
        if self._is_answering:
            self._stream.write(protocol.END_OF_STREAM)
        protocol.send_schema(self._stream, [], {"error": {"type": name, "message": message}})
        self._stream.write(protocol.END_OF_STREAM)


def _answer(schema: pa.Schema, columns: list[dict[str, Any]], made: dict[str, Any]) -> pa.RecordBatch:
    has_vector = made["has_vector"].view(np.bool_)
    arrays = [
        vectors_to_arrow(column, values, offsets, has_vector)
        for column, (values, offsets) in zip(columns, made["columns"], strict=True)
    ]
    if len(schema) > len(arrays):
        truncated = pa.array(made["truncated"].view(np.bool_))
        arrays += [pa.array(made["tokens"]), truncated, pa.array(made["errors"], pa.string())]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def log(line: str) -> None:
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), os.getpid(), line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def hold_place(path: pathlib.Path) -> Iterator[bool]:
    """Be the one server of this socket in the block; False if another is and answers.

    Raises vecmill.Error if one holds the place and does not answer.
    """
    file = os.open(path.with_suffix(".serves"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        deadline = time.monotonic() + STOP_SECONDS + 5
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                other = server_place.dial(path)
            if other is not None:
                other.close()
                yield False
                return
            if time.monotonic() > deadline:
                raise _core.Error(f"{path}: another server holds this place, and does not answer")
            time.sleep(0.05)
        yield True
    finally:
        os.close(file)


def serve(settings: argparse.Namespace) -> None:
    """Load, serve and stop, as the command line says.

    Raises: vecmill.Error, ValueError, OSError for what the user can do something about.
    """
    check_device(settings.device)
    path = pathlib.Path(os.path.abspath(settings.socket))
    server_place.check_socket_path(path)
    server_place.make_private_folder(path.parent)
    with hold_place(path) as is_ours:
        if not is_ours:
            log(f"another server answers at {path}")
            return
        model = Model(settings.model, settings.threads)
        server = Server(model, settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            path.unlink(missing_ok=True)  # left behind by a server that was killed
            listener.bind(os.fspath(path))
            listener.listen(socket.SOMAXCONN)
            found = model.description
            log(f"serves {found['path']}, sha256 {found['sha256']}, {found['threads']} threads, at {path}")
            reason = server.run(listener)
            path.unlink(missing_ok=True)
        all_ended = server.wait_for_requests()
        log(f"stopped: {reason}" + ("" if all_ended else "; requests under way were given up"))
        if not all_ended:
            os._exit(0)


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m vecmill.serve",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Serve a model's embeddings to the processes of this machine and this user: one copy of the\n"
        "model in memory, however many processes embed. vecmill.client.connect speaks to it, and\n"
        "starts it if need be; to start it oneself is for a server that is to stay, or to be watched.",
        epilog="example:\n"
        "  python -m vecmill.serve --socket ~/.vecmill/minilm.sock --idle-seconds inf ./all-MiniLM-L6-v2\n\n"
        "and in other processes:\n"
        "  from vecmill.client import connect\n"
        '  embedder = connect("./all-MiniLM-L6-v2", socket="/home/me/.vecmill/minilm.sock", start=False)\n'
        '  embedder.embed(["a text"])\n\n'
        "SIGTERM and Ctrl-C let the requests under way end, some seconds at most. Exit status: 0 stopped, or\n"
        "another server answers at this socket; 1 an error, which the last line on stderr says; 2 wrong usage.",
    )
    parser.add_argument("model", metavar="MODEL_FOLDER", help="as for vecmill.load")
    parser.add_argument("--socket", required=True, metavar="PATH", help="listen here; the folder is made if it is "
                        "missing, and must be this user's with mode 700")  # fmt: skip
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="worker threads (one for each CPU that "
                        "this process may use)")  # fmt: skip
    parser.add_argument("--device", default="cpu", help="cpu, as yet")
    parser.add_argument("--idle-seconds", type=_seconds, default=60, metavar="S", help="stop when no client has been "
                        "connected for so long, and close connections that ask nothing for so long (60)")  # fmt: skip
    parser.add_argument("--stall-seconds", type=_seconds, default=30, metavar="S", help="drop a client that stops "
                        "for so long in the middle of a message, or has asked for nothing yet (30)")  # fmt: skip
    parser.add_argument("--max-connections", type=int, default=256, metavar="N", help="refuse further clients; each "
                        "takes up to three times max-batch-mib (256)")  # fmt: skip
    parser.add_argument("--max-batch-mib", type=int, default=256, metavar="N", help="refuse batches whose texts or "
                        "vectors are larger (256)")  # fmt: skip
    settings = parser.parse_args(arguments)
    for name in ("max_connections", "max_batch_mib"):
        if getattr(settings, name) < 1:
            parser.error(f"--{name.replace('_', '-')}: expected a number from 1")
    settings.max_batch_bytes = settings.max_batch_mib << 20
    return settings


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of seconds above 0, or inf")
    return seconds


def main() -> int:
    settings = parse_arguments(sys.argv[1:])
    try:
        serve(settings)
    except (_core.Error, ValueError, OSError, MemoryError) as error:
        log(f"error: {error}{_limit_of_memory()}")
        return 1
    return 0


def _limit_of_memory() -> str:
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return ""
    return f" (a limit on this process: {limit >> 20} MiB of memory; Spark sets it by spark.executor.pyspark.memory)"


if __name__ == "__main__":
    sys.exit(main())
