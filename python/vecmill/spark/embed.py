"""generate_embeddings, and the functions that it is made of."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from pyspark.ml.functions import array_to_vector
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    FloatType,
    IntegerType,
    StringType,
    StructField,
    StructType,
)

import vecmill
from vecmill.hub import folder_of
from vecmill.spark import iterator_udf
from vecmill.spark.model_source import ArtifactModel, hand_over
from vecmill.spark.worker import EmbedSpec, OutputColumn, device_of_task, embed_arrays, embedder_of

_OUTPUT_TYPES = ("array", "vector")


def generate_embeddings(
    model: str | os.PathLike[str],
    dataframe: DataFrame,
    *,
    input_col: str,
    output_col: str = "embeddings",
    layers: str | Mapping[str, str] = "last",
    output_type: str = "array",
    accounts: bool = False,
    normalize: bool | None = None,
    truncate_dim: int | None = None,
    prompt: str | None = None,
    prompt_name: str | None = None,
    long: str = "truncate",
    distribute: str = "auto",
    device: str = "auto",
    server: bool = False,
) -> DataFrame:
    """Add a column of embeddings to a DataFrame. Runs no job: Spark computes it with the rest of the query.

    Rows and their order stay, and a null text has a null vector. A vector has the same bits whatever the partitions,
    the sizes of batches and the retries are.

    Args:
        model: The model's folder on the driver, or a hub's ORG/NAME (vecmill.load).
        dataframe: Of N rows.
        input_col: The column of text: string or binary.
        output_col: The column of vectors that is added, or replaced.
        layers: A layer expression; or several by name, which one pass computes: {"first": "0", "last": "last"} adds the
            columns "first" and "last", and output_col is not used.
        output_type: "array" gives array<float> (for a layer expression with ":none", an array of those), "vector"
            gives pyspark.ml's dense vectors, of double.
        accounts: Also add the columns NAME_tokens (int), NAME_truncated (boolean) and NAME_error (string: what was
            wrong with the text, null where nothing was), where NAME is the first column of vectors.
        normalize, truncate_dim, prompt, prompt_name, long: As for vecmill.load.
        distribute: How the model comes to the nodes: "broadcast", "artifact" (Spark Connect), "path" (every node reads
            the same path) or "auto".
        device: "auto" (the GPU that Spark gives a task, or else the CPU) or "cpu".
        server: One process of each node embeds for all its workers (docs/serve.md).

    Raises:
        ValueError: An option makes no sense for this model or this session.
        vecmill.Error: The model is damaged or not supported.
    """
    if output_type not in _OUTPUT_TYPES:
        raise ValueError(f"output_type {output_type!r}, expected 'array' or 'vector'")
    expressions = {output_col: layers} if isinstance(layers, str) else dict(layers)
    options = _load_options(normalize, truncate_dim, prompt, prompt_name, long)
    spec = _make_spec(model, expressions, options, accounts, dataframe.sparkSession, distribute, device, server)
    if dataframe.isStreaming and isinstance(spec.source, ArtifactModel):
        raise ValueError("distribute 'artifact': a stream does not see its session's artifacts; use distribute='path'")
    if output_type == "vector" and any(column.per_token for column in spec.columns):
        raise ValueError("output_type 'vector': a layer expression with ':none' gives several vectors for a row")
    return _add_columns(dataframe, spec, _make_udf(spec)(dataframe[input_col]), output_type)


def embed_udf(
    model: str | os.PathLike[str],
    *,
    layers: str | Mapping[str, str] = "last",
    accounts: bool = False,
    normalize: bool | None = None,
    truncate_dim: int | None = None,
    prompt: str | None = None,
    prompt_name: str | None = None,
    long: str = "truncate",
    distribute: str = "auto",
    device: str = "auto",
    server: bool = False,
) -> Callable[[Column], Column]:
    """A function of a column of text: an arrow_udf where Spark has them (4.1 and later), else a pandas_udf.

    It gives array<float>; with several layer expressions or accounts a struct of the columns that generate_embeddings
    would add, where the vectors of one expression are called "embeddings". Arguments and errors are those of
    generate_embeddings. There must be a SparkSession.
    """
    expressions = {"embeddings": layers} if isinstance(layers, str) else dict(layers)
    options = _load_options(normalize, truncate_dim, prompt, prompt_name, long)
    return _make_udf(_make_spec(model, expressions, options, accounts, _active_session(), distribute, device, server))


def predict_batch_fn(
    model: str | os.PathLike[str],
    *,
    layers: str = "last",
    normalize: bool | None = None,
    truncate_dim: int | None = None,
    prompt: str | None = None,
    prompt_name: str | None = None,
    long: str = "truncate",
    distribute: str = "auto",
    device: str = "auto",
    server: bool = False,
) -> Callable[[], Callable[[np.ndarray], np.ndarray]]:
    """The argument make_predict_fn of pyspark.ml.functions.predict_batch_udf, for code that is built around that.

        predict_batch_udf(predict_batch_fn(model), return_type=ArrayType(FloatType()), batch_size=1000)

    embed_udf is the faster one: it makes no Python object for a row.
    """
    options = _load_options(normalize, truncate_dim, prompt, prompt_name, long)
    spec = _make_spec(model, {"embeddings": layers}, options, False, _active_session(), distribute, device, server)
    if spec.columns[0].per_token:
        raise ValueError(f"layers {layers!r}: predict_batch_udf takes one vector for a row, not one for a token")

    def make_predict_fn() -> Callable[[np.ndarray], np.ndarray]:
        embedder = embedder_of(spec, device_of_task(spec.device))
        return lambda texts: embedder.embed(texts, output="numpy")

    return make_predict_fn


def _load_options(
    normalize: bool | None, truncate_dim: int | None, prompt: str | None, prompt_name: str | None, long: str
) -> dict[str, Any]:
    """Of vecmill.load, those that are not as it has them anyway."""
    given = {"normalize": normalize, "truncate_dim": truncate_dim, "prompt": prompt, "prompt_name": prompt_name}
    return {name: value for name, value in given.items() if value is not None} | {"long": long}


def _active_session() -> SparkSession:
    session = SparkSession.getActiveSession()
    if session is None:
        raise ValueError("no active SparkSession in this thread; make one first")
    return session


def _make_spec(
    model: str | os.PathLike[str],
    expressions: Mapping[str, str],
    options: Mapping[str, Any],
    accounts: bool,
    session: Any,
    distribute: str,
    device: str,
    server: bool,
) -> EmbedSpec:
    """Check the options by loading the model here, where an error is read at once, and hand the model over."""
    if device not in ("auto", "cpu"):
        raise ValueError(f"device {device!r}, expected 'auto' (the GPU that Spark gives a task, or else the CPU) or 'cpu'")
    if distribute != "path":
        model = folder_of(model)
    loaded = vecmill.load(model, layers=expressions, **options)
    columns = (OutputColumn(c["name"], c["layers"], c["per_token"]) for c in loaded.description["columns"])
    source = hand_over(model, session, distribute)
    return EmbedSpec(source, tuple(columns), tuple(options.items()), accounts, device, server)


def _make_udf(spec: EmbedSpec) -> Callable[[Column], Column]:
    if hasattr(F, "arrow_udf"):
        return iterator_udf.arrow(lambda arrays: embed_arrays(spec, arrays), _return_type(spec))
    return iterator_udf.pandas(lambda arrays: embed_arrays(spec, arrays), _return_type(spec))


def _return_type(spec: EmbedSpec) -> DataType:
    vector = ArrayType(FloatType())
    fields = [
        StructField(column.name, ArrayType(vector) if column.per_token else vector) for column in spec.columns
    ]
    if spec.is_plain:
        return fields[0].dataType
    if spec.accounts:
        name = spec.columns[0].name
        fields.append(StructField(f"{name}_tokens", IntegerType()))
        fields.append(StructField(f"{name}_truncated", BooleanType()))
        fields.append(StructField(f"{name}_error", StringType()))
    return StructType(fields)


def _add_columns(dataframe: DataFrame, spec: EmbedSpec, made: Column, output_type: str) -> DataFrame:
    if spec.is_plain and output_type == "array":
        return dataframe.withColumn(spec.columns[0].name, made)
    # A column of its own first: what reads it several times might run the UDF several times.
    whole = "_vecmill_made"
    with_made = dataframe.withColumn(whole, made)
    vectors = {column.name for column in spec.columns}
    names = [spec.columns[0].name] if spec.is_plain else _return_type(spec).fieldNames()
    added = {}
    for name in names:
        value = with_made[whole] if spec.is_plain else with_made[whole].getField(name)
        added[name] = _to_vector(value) if output_type == "vector" and name in vectors else value
    return with_made.withColumns(added).drop(whole)


def _to_vector(array: Column) -> Column:
    return F.when(array.isNotNull(), array_to_vector(array))
