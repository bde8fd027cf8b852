"""Embeddings for columns of text, by the vecmill engine.

    import vecmill

    embedder = vecmill.load("all-MiniLM-L6-v2")        # a model folder
    vectors = embedder.embed(["a text", "another"])    # NumPy, float32 [2, 384]
    vectors = embedder.embed(table["text"])            # pyarrow FixedSizeListArray

Only NumPy is needed; pyarrow, pandas and polars are used where they are given.
"""

from vecmill._core import Error, __version__
from vecmill.embedder import Accounts, Embedder, load

__all__ = ["Accounts", "Embedder", "Error", "__version__", "load"]
