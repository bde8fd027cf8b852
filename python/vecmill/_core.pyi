"""The engine, as python/core.cc exposes it. vecmill.embedder is the API."""

from collections.abc import Callable
from typing import Any

__version__: str

class Error(RuntimeError): ...

class Options:
    def __init__(
        self,
        *,
        columns: list[tuple[str, str]],
        threads: int,
        normalize: bool | None = None,
        truncate_dim: int | None = None,
        prompt: str | None = None,
        prompt_name: str,
        long: str = "truncate",
        weight_cache: str = "",
    ) -> None: ...

class Embedder:
    def describe(self) -> dict[str, Any]: ...
    def with_options(self, options: Options) -> Embedder: ...
    # Each gives {"columns": [(float32 values, int64 offsets or None), ...], "has_vector": uint8 [N],
    # "tokens": int32 [N], "truncated": uint8 [N], "errors": [str or None]}; progress(rows_done) is called
    # some times a second.
    def embed_array(
        self, schema: object, array: object, progress: Callable[[int], None] | None = None
    ) -> dict[str, Any]: ...
    def embed_stream(self, stream: object, progress: Callable[[int], None] | None = None) -> dict[str, Any]: ...
    def embed_strings(
        self, texts: list[str | bytes | None], progress: Callable[[int], None] | None = None
    ) -> dict[str, Any]: ...

def load(folder: str, options: Options) -> Embedder: ...
