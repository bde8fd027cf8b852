"""What an embedding server and its clients say to each other: Arrow IPC streams over a Unix socket.

A conversation is one connection and one Arrow IPC stream in each direction:

    client  schema, batch, batch, ...    one column of text: string, large_string, binary or large_binary
    server  schema, batch, batch, ...    the answer to each batch, in order, with as many rows

The metadata of each schema has a key "vecmill" with JSON. The client's is a request:

    {"version": "0.1.0",                      vecmill's; the server's must be the same
     "sha256": "be50..." or null,             description["sha256"] of the model that is expected
     "layers": [["embedding", "last"], ...],  name and layer expression of each column
     "normalize": bool or null, "truncate_dim": int or null, "prompt": str or null, "prompt_name": str or null,
     "long": "truncate" or "error",
     "accounts": bool}                        as the arguments of vecmill.load; only version and layers must be there

The server answers it at once, before any batch:

    {"version": "0.1.0", "description": {...}, "max_batch_bytes": 268435456}

with Embedder.description, and a schema that has for each layer expression FixedSizeList<float32>[dim], null for a
row without a vector (LargeList of those for ":none"), and with accounts tokens: int32, truncated: bool and
error: string.

A refusal, of a request or of a batch, ends the conversation. The server ends its stream if it has begun one, and
sends a stream without fields or batches whose metadata says why:

    {"error": {"type": "ValueError", "message": "..."}}        or "TypeError" or "vecmill.Error"

The server reads a batch when it has sent the answer to the one before. A client may send ahead, if it goes on
reading meanwhile: once the socket's buffers are full, who only sends and who only answers wait for each other.
A server that ends closes its connections; a batch without an answer may be sent again to its successor.
"""

from __future__ import annotations

import contextlib
import io
import json
import socket
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

KEY = b"vecmill"
# A schema and its JSON, prompt included.
MAX_SCHEMA_BYTES = 1 << 20
TEXT_TYPES = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"


class MessageTooLarge(ValueError):
    """A message announces more bytes than this end takes."""


class SocketStream(io.RawIOBase):
    """A connected socket as the file that pyarrow reads and writes. Does not own the socket."""

    def __init__(self, sock: socket.socket, max_read_bytes: int) -> None:
        self._sock = sock
        self.max_read_bytes = max_read_bytes  # of one part of a message: its metadata or its body
        self.has_ended = False  # the other end closed, between messages

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def read(self, num_bytes: int = -1) -> bytes | bytearray:
        """Exactly num_bytes, or none at all if the other end has closed.

        Raises: MessageTooLarge before anything is reserved; ConnectionError if the other end closes in between.
        """
        if not 0 <= num_bytes <= self.max_read_bytes:
            raise MessageTooLarge(f"a message of {num_bytes} bytes, where {self.max_read_bytes} are the most")
        data = bytearray(num_bytes)
        free = memoryview(data)
        while free:
            received = self._sock.recv_into(free)
            if received == 0:
                if len(free) == num_bytes:
                    self.has_ended = True
                    return b""
                raise ConnectionResetError("the other end closed the connection in the middle of a message")
            free = free[received:]
        return data

    def write(self, data: Any) -> int:
        """All of data. A time-out of the socket is for each part that the other end takes."""
        left = memoryview(data).cast("B")
        num_bytes = len(left)
        while left:
            left = left[self._sock.send(left) :]
        return num_bytes


def open_stream(stream: SocketStream) -> tuple[pa.RecordBatchStreamReader, dict[str, Any]]:
    """Read a schema; gives the reader of the batches that follow, and the JSON.

    Raises: EOFError if the other end closes instead; ValueError for what is no such schema.
    """
    try:
        with _arrow_errors():
            reader = pa.ipc.open_stream(stream, options=pa.ipc.IpcReadOptions(use_threads=False))
    except ValueError as error:
        if stream.has_ended:
            raise EOFError("the other end closed the connection") from error
        raise
    try:
        said = json.loads((reader.schema.metadata or {})[KEY])
    except (KeyError, ValueError) as error:
        raise ValueError(f"expected JSON under the schema's key {KEY.decode()!r}") from error
    if not isinstance(said, dict):
        raise ValueError(f"expected a JSON object under the schema's key {KEY.decode()!r}")
    return reader, said


def read_batch(reader: pa.RecordBatchStreamReader) -> pa.RecordBatch | None:
    """The next batch, whose offsets may be anything; None at the end. Raises ValueError for what is none."""
    try:
        with _arrow_errors():
            return reader.read_next_batch()
    except StopIteration:
        return None


@contextlib.contextmanager
def _arrow_errors() -> Iterator[None]:
    try:
        yield
    except (ConnectionError, TimeoutError, MessageTooLarge):
        raise
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"expected an Arrow IPC stream: {error}") from error


def send_schema(stream: SocketStream, fields: list[pa.Field], said: dict[str, Any]) -> pa.Schema:
    """Begin a stream; gives its schema."""
    schema = pa.schema(fields, metadata={KEY: json.dumps(said)})
    stream.write(schema.serialize())
    return schema


def send_batch(stream: SocketStream, batch: pa.RecordBatch) -> None:
    stream.write(batch.serialize())


def text_bytes(texts: pa.LargeBinaryArray) -> np.ndarray:
    """The bytes of each row, int64 [N]."""
    offsets = np.frombuffer(texts.buffers()[1] or b"\0" * 8, np.int64)
    return np.diff(offsets[texts.offset : texts.offset + len(texts) + 1])


def answer_bytes(description: dict[str, Any], text_bytes: np.ndarray) -> np.ndarray:
    """About how many bytes the vectors of rows have at most, int64 [N]: no row has more tokens than bytes."""
    columns = description["columns"]
    tokens = np.minimum(text_bytes + len(description["prompt"].encode()) + 16, description["max_seq_length"])
    of_row = sum(4 * column["dim"] for column in columns if not column["per_token"])
    of_token = sum(4 * column["dim"] for column in columns if column["per_token"])
    return of_row + of_token * tokens
