"""What runs in Spark's Python workers: batches of text in, batches of vectors out, in order.

The sizes of Spark's batches do not matter: rows are put together anew, into windows of so many bytes,
and two windows are with the engine at once, so that it works on while the worker reads and writes.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import functools
import resource
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark import TaskContext

import vecmill
from vecmill.client import RemoteEmbedder, connect
from vecmill.spark.model_source import ModelSource
from vecmill.spark.node_cache import cache_folder

# Text of a window: some tenths of a second of a small model on one core, and of 16 thousand rows at most.
_WINDOW_BYTES = 128 << 10
_WINDOW_ROWS = 16384
_WINDOWS_AT_ONCE = 2
# Of vectors, in a batch that goes back to Spark.
_OUTPUT_BYTES = 16 << 20

VECTOR = pa.list_(pa.field("element", pa.float32(), nullable=True))
VECTORS = pa.list_(pa.field("element", VECTOR, nullable=True))


@dataclasses.dataclass(frozen=True)
class OutputColumn:
    """A column of vectors."""

    name: str
    layers: str  # the expression
    per_token: bool


@dataclasses.dataclass(frozen=True)
class EmbedSpec:
    """Everything that a worker needs to know. Small when pickled."""

    source: ModelSource
    columns: tuple[OutputColumn, ...]
    options: tuple[tuple[str, Any], ...]  # of vecmill.load, by name
    accounts: bool
    device: str  # "cpu", or "auto": the GPU that Spark gives a task, or else the CPU
    server: bool  # one process of the node embeds for all workers

    @property
    def is_plain(self) -> bool:
        """The output is one array of vectors, not a struct of columns."""
        return len(self.columns) == 1 and not self.accounts


def embed_arrays(spec: EmbedSpec, arrays: Iterator[pa.Array]) -> Iterator[pa.Array]:
    """Embed the arrays of text of a partition.

    Yields:
        Arrays of as many rows altogether: of VECTOR (VECTORS for one vector per token) if spec.is_plain, else structs
        of these by name, followed by NAME_tokens, NAME_truncated and NAME_error if accounts are wanted.
    """
    embedder = embedder_of(spec, device_of_task(spec.device))
    make = functools.partial(_embed_window, spec, embedder)
    yield from _in_order(make, _windows(arrays))


def _in_order(make: Callable[[Any], pa.Array], windows: Iterator[Any]) -> Iterator[pa.Array]:
    """What `make` makes of the windows, made ahead of who reads it. Its threads end with the generator."""
    threads = concurrent.futures.ThreadPoolExecutor(_WINDOWS_AT_ONCE, thread_name_prefix="vecmill-window")
    pending: collections.deque[concurrent.futures.Future[pa.Array]] = collections.deque()
    try:
        for window in windows:
            pending.append(threads.submit(make, window))
            if len(pending) > _WINDOWS_AT_ONCE:
                yield from _pieces(pending.popleft().result())
        while pending:
            yield from _pieces(pending.popleft().result())
    finally:
        threads.shutdown(wait=True, cancel_futures=True)


def _windows(arrays: Iterator[pa.Array]) -> Iterator[pa.ChunkedArray]:
    """The rows of the arrays, in order, about _WINDOW_BYTES at a time."""
    chunks: list[pa.Array] = []
    num_rows = num_bytes = 0
    for array in arrays:
        step = max(1, _WINDOW_BYTES * len(array) // max(1, array.nbytes))
        for begin in range(0, len(array), step):
            chunk = array.slice(begin, step)
            chunks.append(chunk)
            num_rows += len(chunk)
            num_bytes += chunk.nbytes
            if num_bytes >= _WINDOW_BYTES or num_rows >= _WINDOW_ROWS:
                yield pa.chunked_array(chunks)
                chunks, num_rows, num_bytes = [], 0, 0
    if chunks:
        yield pa.chunked_array(chunks)


def _pieces(array: pa.Array) -> Iterator[pa.Array]:
    step = max(1, _OUTPUT_BYTES * len(array) // max(1, array.nbytes))
    for begin in range(0, len(array), step):
        yield array.slice(begin, step)


def _embed_window(spec: EmbedSpec, embedder: vecmill.Embedder | RemoteEmbedder, texts: pa.ChunkedArray) -> pa.Array:
    made, accounts = embedder.embed(texts, output="arrow", accounts=True)
    by_name = made if len(spec.columns) > 1 else {spec.columns[0].name: made}
    arrays = {column.name: _to_spark(by_name[column.name], column.per_token) for column in spec.columns}
    if spec.is_plain:
        return arrays[spec.columns[0].name]
    if spec.accounts:
        name = spec.columns[0].name
        arrays[f"{name}_tokens"] = pa.array(accounts.tokens)
        arrays[f"{name}_truncated"] = pa.array(accounts.truncated)
        arrays[f"{name}_error"] = pa.array(accounts.error, pa.string())
    return pa.StructArray.from_arrays(list(arrays.values()), list(arrays))


def _to_spark(vectors: pa.Array, per_token: bool) -> pa.Array:
    """Lists without a fixed size, with 32-bit offsets: what Spark reads. Values are not copied."""
    validity = vectors.buffers()[0]
    if per_token:
        offsets = pa.array(np.frombuffer(vectors.buffers()[1], np.int64).astype(np.int32)).buffers()[1]
        return pa.Array.from_buffers(
            VECTORS, len(vectors), [validity, offsets], vectors.null_count, children=[_to_spark(vectors.values, False)]
        )
    dim = vectors.type.list_size
    offsets = pa.array(np.arange(0, (len(vectors) + 1) * dim, dim, dtype=np.int32)).buffers()[1]
    return pa.Array.from_buffers(
        VECTOR, len(vectors), [validity, offsets], vectors.null_count, children=[vectors.values]
    )


def device_of_task(device: str) -> str:
    """Where the task that runs on this thread computes: "cpu", or "cuda:N" where Spark gave it GPU N."""
    context = TaskContext.get()
    if device != "auto" or context is None or "gpu" not in context.resources():
        return "cpu" if device == "auto" else device
    return f"cuda:{context.resources()['gpu'].addresses[0]}"


@functools.lru_cache(maxsize=4)
def embedder_of(spec: EmbedSpec, device: str) -> vecmill.Embedder | RemoteEmbedder:
    """The model, loaded or connected to by this process's first task that needs it and kept for the next ones."""
    if device != "cpu":
        raise ValueError(
            f"Spark gave this task the GPU {device}, and this build of vecmill runs on CPUs; schedule the job without "
            "spark.task.resource.gpu.amount, or pass device='cpu' to leave the GPU idle"
        )
    folder = spec.source.folder()
    layers = {column.name: column.layers for column in spec.columns}
    try:
        if spec.server:
            return connect(folder, layers=layers, **dict(spec.options))
        return vecmill.load(folder, layers=layers, weight_cache=cache_folder() / "weights", **dict(spec.options))
    except (MemoryError, RuntimeError) as error:
        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit == resource.RLIM_INFINITY:
            raise
        raise MemoryError(
            f"{folder}: {error}. This Python worker may use {limit >> 20} MiB of address space (RLIMIT_AS), which is "
            "spark.executor.pyspark.memory divided by the executor's cores. Mapped models count too: raise it, or leave "
            "it unset and give the memory to spark.executor.memoryOverhead"
        ) from error
