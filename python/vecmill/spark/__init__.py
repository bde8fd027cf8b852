"""Embeddings for columns of text over an Apache Spark cluster, Spark 3.5 and later.

    from vecmill.spark import generate_embeddings

    frame = generate_embeddings("./all-MiniLM-L6-v2", frame, input_col="text")   # + embeddings: array<float>

The driver hands the model to the cluster once, each machine writes it to disk once, and all its Python
workers map that one copy. docs/spark.md says how, and what to set.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vecmill.spark.balance import repartition_by_tokens
    from vecmill.spark.embed import embed_udf, generate_embeddings, predict_batch_fn
    from vecmill.spark.transformer import Embedder

__all__ = ["Embedder", "embed_udf", "generate_embeddings", "predict_batch_fn", "repartition_by_tokens"]

_MODULES = {
    "Embedder": "transformer",
    "embed_udf": "embed",
    "generate_embeddings": "embed",
    "predict_batch_fn": "embed",
    "repartition_by_tokens": "balance",
}


def __getattr__(name: str) -> Any:
    """Import what a driver uses when it is used: a worker starts without all that Spark's SQL and ML bring along."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
