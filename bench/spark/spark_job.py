#!/usr/bin/env python3
"""Embed a column of text in a local Spark session and write it as Parquet, several times; prints JSON.

    spark_job.py --engine vecmill --texts short.parquet --model FOLDER --out FOLDER [--rows N] [--tasks 2]
    spark_job.py --engine recipe ...      a pandas_udf around a broadcast sentence-transformers model

The first run is cold (workers start, the model is loaded), the others are warm. A task has one thread.
"""

import argparse
import json
import time

from pyspark.sql import SparkSession

# No value of a vector comes twice: looking for repeats costs time and finds none.
WITHOUT_DICTIONARY = ("parquet.enable.dictionary#embeddings.list.element", "false")


def vecmill_column(frame, model):
    from vecmill.spark import generate_embeddings

    return generate_embeddings(model, frame, input_col="text", distribute="broadcast")


def recipe_column(frame, model):
    import pandas as pd
    from pyspark.sql.functions import pandas_udf
    from pyspark.sql.types import ArrayType, FloatType
    from sentence_transformers import SentenceTransformer

    broadcast = frame.sparkSession.sparkContext.broadcast(SentenceTransformer(model, device="cpu"))

    @pandas_udf(ArrayType(FloatType()))
    def embed(texts: pd.Series) -> pd.Series:
        import torch

        torch.set_num_threads(1)
        return pd.Series(list(broadcast.value.encode(list(texts), batch_size=64, show_progress_bar=False)))

    return frame.withColumn("embeddings", embed(frame["text"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("vecmill", "recipe"), required=True)
    parser.add_argument("--texts", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--rows", type=int, default=20000)
    parser.add_argument("--tasks", type=int, default=2)
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--warm-runs", type=int, default=3)
    args = parser.parse_args()

    settings = {"spark.driver.memory": "4g", "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
    builder = SparkSession.builder.master(f"local[{args.tasks}]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    frame = spark.read.parquet(args.texts).select("text").limit(args.rows).repartition(args.partitions).cache()
    rows = frame.count()

    column = {"vecmill": vecmill_column, "recipe": recipe_column}[args.engine]
    embedded = column(frame, args.model)
    rates = []
    for _ in range(1 + args.warm_runs):
        start = time.perf_counter()
        embedded.write.mode("overwrite").option(*WITHOUT_DICTIONARY).parquet(args.out)
        rates.append(round(rows / (time.perf_counter() - start), 1))
    print(json.dumps({"engine": args.engine, "rows": rows, "tasks": args.tasks, "cold": rates[0], "warm": rates[1:]}))
    spark.stop()


if __name__ == "__main__":
    main()
