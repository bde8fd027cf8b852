"""The class Embedder: a loaded model, and what it makes of texts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from vecmill import _core
from vecmill.hub import folder_of


class Accounts(NamedTuple):
    """What happened to each of N rows."""

    tokens: np.ndarray  # int32 [N]: tokens used, special tokens included; 0 for a row without a vector
    truncated: np.ndarray  # bool [N]: tokens beyond the model's length were cut off
    error: list[str | None]  # [N]: what was wrong; None where all was well, and for null rows


def load(
    model: str | os.PathLike[str],
    *,
    layers: str | Mapping[str, str] = "last",
    normalize: bool | None = None,
    truncate_dim: int | None = None,
    prompt: str | None = None,
    prompt_name: str | None = None,
    long: str = "truncate",
    threads: int | None = None,
    weight_cache: str | os.PathLike[str] | None = None,
) -> Embedder:
    """Load a model.

    Args:
        model: A folder in sentence-transformers or transformers layout; or a hub's ORG/NAME or ORG/NAME@REVISION, which
            huggingface_hub finds in its cache or fetches, where there is no such folder.
        layers: A layer expression such as "-2", "mean(-4:-1)" or "last:cls", or several by name, which
            one forward pass makes all: {"first": "0", "last": "last"}.
        normalize: Scale vectors to unit length, after truncate_dim. None: as the model says.
        truncate_dim: Keep the first values of a vector. None: as the model says.
        prompt: Text to put before every row's.
        prompt_name: The model's prompt of this name, if no prompt is given. Neither: the model's default.
        long: What becomes of a row of more tokens than the model takes: "truncate" (its end is cut off) or "error" (it
            gets no vector, and its account says why).
        threads: Worker threads. None: OMP_NUM_THREADS if it is set, as Spark does for its workers, or else
            one for each CPU this process may use. They start with the first row that is embedded.
        weight_cache: A folder on a local disk that keeps packed weights: made there once, then mapped and shared
            by every process of the machine that loads the model so. None: VECMILL_WEIGHT_CACHE if it is set;
            "": no folder, every process packs weights of its own. Never changes a vector; where the folder
            cannot be used, description["weight_cache_problem"] says why.

    Raises:
        vecmill.Error: The folder is missing, damaged or not supported; the message says what and where.
        ValueError: An option makes no sense for this model.
    """
    columns = {"embedding": layers} if isinstance(layers, str) else dict(layers)
    options = {
        "columns": list(columns.items()),
        "threads": _threads_of_environment() if threads is None else threads,
        "normalize": normalize,
        "truncate_dim": truncate_dim,
        "prompt": prompt,
        "prompt_name": prompt_name or "",
        "long": long,
        "weight_cache": os.environ.get("VECMILL_WEIGHT_CACHE", "") if weight_cache is None else os.fspath(weight_cache),
    }
    return Embedder(folder_of(model), options)


def _threads_of_environment() -> int:
    """OMP_NUM_THREADS, or 0 for one thread a CPU where it says nothing that is a number."""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isdigit() else 0


class Embedder:
    """A loaded model. Safe to use from several threads and after os.fork(); vecmill.load makes one.

    A row's vector has the same bits whatever other rows it is embedded with, in any order, on any
    number of threads.
    """

    def __init__(self, model: str, options: dict[str, Any]) -> None:
        self._model = model
        self._options = options
        self._core = _core.load(model, _core.Options(**options))
        self._variants: dict[tuple[tuple[str, Any], ...], _core.Embedder] = {}

    def __repr__(self) -> str:
        described = self._core.describe()
        columns = ", ".join(f"{c['name']}: {c['dim']} values" for c in described["columns"])
        return f"vecmill.Embedder({self._model!r}, {described['architecture']}, {columns})"

    @property
    def dim(self) -> int:
        """Values of a vector of the first column."""
        return self._core.describe()["columns"][0]["dim"]

    @property
    def max_seq_length(self) -> int:
        """Tokens of a row that are used, special tokens included."""
        return self._core.describe()["max_seq_length"]

    @property
    def description(self) -> dict[str, Any]:
        """What the model is: architecture, sha256, columns, prompts, similarity, number of layers; whether
        other processes share its weights, and if not though a weight_cache is given, why not.
        """
        return self._core.describe()

    def embed(self, texts: Any, *, output: str = "auto", accounts: bool = False, progress: bool = False) -> Any:
        """Embed a column of N texts.

        Args:
            texts: Anything that speaks Arrow (pyarrow Array or ChunkedArray, polars Series), which is read
                where it lies; or a list, NumPy array or pandas Series of str, bytes and None.
            output: "arrow", "numpy", or "auto": as the texts came.
            accounts: Return (vectors, Accounts).
            progress: Show a bar (needs tqdm).

        Returns:
            Arrow: a FixedSizeListArray of float32 [dim], null where the text is; for a layer expression with
            ":none", a LargeListArray of those, one for each token. NumPy: float32 [N, dim], NaN where the text
            is null; with ":none" a list of arrays [tokens, dim]. With several layer expressions, a dict of these.

        Raises:
            TypeError, ValueError: Texts of another type; no such output.
            KeyboardInterrupt: Within some seconds of Ctrl-C.
        """
        return self._embed(self._core, texts, output, accounts, progress)

    def encode(
        self,
        sentences: Any,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int = 32,
        show_progress_bar: bool | None = None,
        output_value: str = "sentence_embedding",
        precision: str = "float32",
        convert_to_numpy: bool = True,
        convert_to_tensor: bool = False,
        device: str | None = None,
        normalize_embeddings: bool = False,
        truncate_dim: int | None = None,
    ) -> Any:
        """Embed as SentenceTransformer.encode does, for code that calls that.

        One str gives one vector [dim], a list of N gives [N, dim]. batch_size is not used: rows are packed
        by tokens. What is not implemented (other devices, precisions and output values) is refused.
        """
        del batch_size
        _require("output_value", output_value, "sentence_embedding")
        _require("precision", precision, "float32")
        check_device("cpu" if device is None else device)
        core = self._variant(
            prompt_name=prompt_name,
            prompt=prompt,
            normalize=True if normalize_embeddings else None,
            truncate_dim=truncate_dim,
        )
        one = isinstance(sentences, str)
        vectors = self._embed(core, [sentences] if one else sentences, "numpy", False, bool(show_progress_bar))
        if convert_to_tensor:
            import torch

            vectors = torch.from_numpy(vectors)
        elif not convert_to_numpy:
            vectors = list(vectors)
        return vectors[0] if one else vectors

    def encode_query(self, sentences: Any, **options: Any) -> Any:
        """encode, with the model's prompt "query" if it has one and no other is asked for."""
        return self._encode_as(("query",), sentences, options)

    def encode_document(self, sentences: Any, **options: Any) -> Any:
        """encode, with the model's prompt "document", "passage" or "corpus" if it has one."""
        return self._encode_as(("document", "passage", "corpus"), sentences, options)

    def _encode_as(self, names: tuple[str, ...], sentences: Any, options: dict[str, Any]) -> Any:
        if options.get("prompt") is None and options.get("prompt_name") is None:
            prompts = self._core.describe()["prompts"]
            options["prompt_name"] = next((name for name in names if name in prompts), None)
        return self.encode(sentences, **options)

    def _variant(self, **changes: Any) -> _core.Embedder:
        """The same model with other options, sharing its weights; those that are None stay as they are."""
        changes = {key: value for key, value in changes.items() if value is not None}
        if not changes:
            return self._core
        key = tuple(sorted(changes.items()))
        if key not in self._variants:
            options = _core.Options(**{**self._options, **changes})
            self._variants[key] = self._core.with_options(options)
        return self._variants[key]

    def _embed(self, core: _core.Embedder, texts: Any, output: str, accounts: bool, progress: bool) -> Any:
        check_output(output)
        with _Bar(progress, texts) as bar:
            made, is_arrow = _run(core, texts, bar.update if progress else None)
        as_arrow = output == "arrow" or (output == "auto" and is_arrow)
        return shape_result(core.describe()["columns"], made, as_arrow, accounts)


def check_output(output: str) -> None:
    if output not in ("auto", "arrow", "numpy"):
        raise ValueError(f"output {output!r}, expected 'auto', 'arrow' or 'numpy'")


def check_device(device: str) -> None:
    if device != "cpu":
        raise ValueError(f"device {device!r}: this build runs on the CPU")


def shape_result(columns: list[dict[str, Any]], made: dict[str, Any], as_arrow: bool, accounts: bool) -> Any:
    """What Embedder.embed returns, of the columns' descriptions and what the engine made (see _core.pyi)."""
    make = vectors_to_arrow if as_arrow else _to_numpy
    has_vector = made["has_vector"].view(np.bool_)
    vectors = {
        column["name"]: make(column, values, offsets, has_vector)
        for column, (values, offsets) in zip(columns, made["columns"], strict=True)
    }
    result = vectors if len(vectors) > 1 else next(iter(vectors.values()))
    if not accounts:
        return result
    return result, Accounts(made["tokens"], made["truncated"].view(np.bool_), made["errors"])


def _require(name: str, found: str, expected: str) -> None:
    if found != expected:
        raise ValueError(f"{name} {found!r}: this build makes {expected!r}")


def _run(core: _core.Embedder, texts: Any, on_progress: Any) -> tuple[dict[str, Any], bool]:
    """What the engine makes of the texts, and whether they came as Arrow."""
    if hasattr(texts, "__arrow_c_stream__"):  # ChunkedArray, polars Series
        return core.embed_stream(texts.__arrow_c_stream__(), on_progress), True
    if hasattr(texts, "__arrow_c_array__"):
        return core.embed_array(*texts.__arrow_c_array__(), on_progress), True
    return core.embed_strings(texts_of_iterable(texts), on_progress), False


def texts_of_iterable(texts: Any) -> list[Any]:
    """The rows of a column that is not Arrow, None for what pandas and NumPy put where a text is missing."""
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise TypeError(f"texts: expected a column of texts, found one {type(texts).__name__}")
    return [_none_if_missing(text) for text in texts]


def _none_if_missing(text: Any) -> Any:
    """None for NaN, NaT and pandas.NA."""
    if isinstance(text, str | bytes) or text is None:
        return text
    is_missing = (isinstance(text, float) and text != text) or type(text).__name__ in ("NAType", "NaTType")
    return None if is_missing else text


def _to_numpy(column: dict[str, Any], values: np.ndarray, offsets: np.ndarray | None, has_vector: np.ndarray) -> Any:
    vectors = values.reshape(-1, column["dim"])
    if offsets is not None:
        return [vectors[begin:end] for begin, end in zip(offsets[:-1], offsets[1:], strict=True)]
    if not has_vector.all():
        vectors[~has_vector] = np.nan
    return vectors


def vector_type(column: dict[str, Any]) -> Any:
    """The Arrow type of a row of the column: FixedSizeList of float32, or a LargeList of those."""
    import pyarrow as pa

    vector = pa.list_(pa.field("item", pa.float32(), nullable=False), column["dim"])
    return pa.large_list(pa.field("item", vector, nullable=False)) if column["per_token"] else vector


def vectors_to_arrow(
    column: dict[str, Any], values: np.ndarray, offsets: np.ndarray | None, has_vector: np.ndarray
) -> Any:
    import pyarrow as pa

    row_type = vector_type(column)
    bits = None if has_vector.all() else pa.py_buffer(np.packbits(has_vector, bitorder="little"))
    num_nulls = int((~has_vector).sum())
    if offsets is None:
        return pa.Array.from_buffers(row_type, len(has_vector), [bits], num_nulls, children=[pa.array(values)])
    num_vectors = len(values) // column["dim"]
    vectors = pa.Array.from_buffers(row_type.value_type, num_vectors, [None], 0, children=[pa.array(values)])
    buffers = [bits, pa.py_buffer(offsets)]
    return pa.Array.from_buffers(row_type, len(has_vector), buffers, num_nulls, children=[vectors])


class _Bar:
    """A tqdm bar that is told how many rows are done, or nothing."""

    def __init__(self, shown: bool, texts: Any) -> None:
        self._bar = None
        if shown:
            import tqdm.auto

            self._bar = tqdm.auto.tqdm(total=len(texts) if hasattr(texts, "__len__") else None, unit=" rows")

    def __enter__(self) -> _Bar:
        return self

    def update(self, rows_done: int) -> None:
        self._bar.update(rows_done - self._bar.n)

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()
