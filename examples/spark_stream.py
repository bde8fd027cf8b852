#!/usr/bin/env python3
"""Embed texts as they arrive, with Spark Structured Streaming: no row is missing or double after a crash.

    PYTHONPATH=build/release/python .venv/bin/python examples/spark_stream.py \\
        --model FOLDER --input FOLDER --output FOLDER --checkpoint FOLDER

takes the Parquet files (id, text) that are new in the input folder since the last run, and ends. docs/spark.md says
why it may be killed at any time, and what to write in place of write_batch for a database.
"""

import argparse
import functools

from pyspark.sql import SparkSession

from vecmill.spark import generate_embeddings


def embedded_stream(spark, model, folder, files_per_batch=1000, distribute="auto"):
    """A stream of the rows (id, text) of the Parquet files that are put into the folder, with their embeddings."""
    reader = spark.readStream.schema("id long, text string").option("maxFilesPerTrigger", files_per_batch)
    return generate_embeddings(model, reader.parquet(folder), input_col="text", distribute=distribute)


def write_batch(folder, batch, batch_id):
    """Write a micro-batch where all of its attempts write: what one attempt left behind, the next one replaces."""
    batch.write.mode("overwrite").parquet(f"{folder}/batch_id={batch_id}")


def start(stream, folder, checkpoint, write=write_batch):
    """Start a query that writes what has arrived, batch by batch, and then ends."""
    writer = stream.writeStream.foreachBatch(functools.partial(write, folder))
    return writer.option("checkpointLocation", checkpoint).trigger(availableNow=True).start()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="the model's folder")
    parser.add_argument("--input", required=True, help="folder of Parquet files with columns id and text")
    parser.add_argument("--output", required=True, help="folder for the rows with their vectors")
    parser.add_argument("--checkpoint", required=True, help="Spark's notes of what is done, a folder for each output")
    parser.add_argument("--distribute", default="auto", help="the model's way to the nodes; under Spark Connect: path")
    args = parser.parse_args()

    spark = SparkSession.builder.appName("vecmill on a stream").getOrCreate()
    stream = embedded_stream(spark, args.model, args.input, distribute=args.distribute)
    start(stream, args.output, args.checkpoint).awaitTermination()
    spark.stop()


if __name__ == "__main__":
    main()
