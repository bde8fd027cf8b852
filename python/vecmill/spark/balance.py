"""Partitions of equal work."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

# Of English and its like; the order of rows by tokens is nearly that by bytes in other languages too.
_BYTES_PER_TOKEN = 4.5
# What a row costs beside its text: special tokens.
_TOKENS_PER_ROW = 2


def repartition_by_tokens(
    dataframe: DataFrame, input_col: str, num_partitions: int | None = None, *, max_tokens: int = 512
) -> DataFrame:
    """Spread rows over partitions so that each has about as many tokens, not as many rows.

    A task's time is its tokens'. Where long texts stand together, as they do in tables written source by source, one
    task works long after the others are done. Rows are moved once; their order is not kept.

    Args:
        dataframe: Of any rows.
        input_col: The column of text.
        num_partitions: None: as many as Spark's default parallelism for shuffles.
        max_tokens: Tokens of a row that the model uses (Embedder.max_seq_length); longer rows cost no more.

    Tokens are estimated by bytes. Each input partition sorts its rows by them and deals them out to and fro, so the
    partitions differ by at most about one row's tokens for each input partition. The rows of a partition are the
    same whenever Spark computes them again.
    """
    n = num_partitions or int(dataframe.sparkSession.conf.get("spark.sql.shuffle.partitions"))
    if n < 1:
        raise ValueError(f"num_partitions {n}, expected at least 1")
    tokens, target = "_vecmill_tokens", "_vecmill_partition"
    # Rows of the same hash are the same: where they change places nothing changes.
    every_column = F.xxhash64(*(dataframe[f"`{name}`"] for name in dataframe.columns))
    dealt = (
        dataframe.withColumn(tokens, _estimate_tokens(dataframe[input_col], max_tokens))
        .sortWithinPartitions(F.col(tokens).desc(), every_column)
        .withColumn(target, _deal(F.monotonically_increasing_id(), n))
    )
    return _place(dealt, n, target).drop(tokens, target)


def _estimate_tokens(text: Column, max_tokens: int) -> Column:
    tokens = F.coalesce(F.octet_length(text), F.lit(0)) / _BYTES_PER_TOKEN + _TOKENS_PER_ROW
    return F.least(tokens, F.lit(float(max_tokens)))


def _deal(row_id: Column, n: int) -> Column:
    """Partitions 0, 1, ..., n-1, n-1, ..., 1, 0, 0, 1, ... for a partition's rows; each begins elsewhere."""
    partition = F.shiftright(row_id, 33)
    place = F.pmod(row_id.bitwiseAND(F.lit((1 << 33) - 1)), F.lit(2 * n))
    to_and_fro = F.when(place < n, place).otherwise(2 * n - 1 - place)
    return F.pmod(to_and_fro + partition, F.lit(n)).cast("int")


def _place(dataframe: DataFrame, n: int, target: str) -> DataFrame:
    """Put each row into the partition that column `target` names."""
    if hasattr(dataframe, "repartitionById"):
        return dataframe.repartitionById(n, target)
    # Before Spark 4.1 a partition is chosen by a hash alone: find for each a number whose hash chooses it.
    numbers = dataframe.sparkSession.range(64 * n).select("id", F.pmod(F.hash("id"), F.lit(n)).alias("place"))
    chosen = {row["place"]: row["id"] for row in numbers.groupBy("place").agg(F.min("id").alias("id")).collect()}
    if len(chosen) < n:
        raise ValueError(f"num_partitions {n}: found numbers for {len(chosen)} of them only")
    by_place = F.array(*(F.lit(chosen[place]).cast("long") for place in range(n)))
    key = "_vecmill_key"
    return dataframe.withColumn(key, by_place[F.col(target)]).repartition(n, key).drop(key)
