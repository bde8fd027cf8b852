#!/usr/bin/env python3
"""vecmill.spark beside the command line and beside the plain recipe, on the same texts in one run.

    bench/spark/compare.py --texts short.parquet --recipe-python PYTHON [--rows N] [--out RESULT.json]

The command line has 2 threads, Spark 2 tasks of one thread each. PYTHON has pyspark, pandas, torch and
sentence-transformers. Vectors are compared first: those of Spark must be the command line's, bit for bit, and the
recipe's within rounding. Figures are rows/s of writing the embedded table as Parquet.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import pyarrow.parquet as pq

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOB = ROOT / "bench/spark/spark_job.py"
VECMILL = ROOT / "build/release/vecmill"


def run_command_line(args, table, out):
    """Rows/s of the whole command, which loads the model too."""
    command = [VECMILL, "embed", table, "-o", out, "--model", args.model, "--threads", "2", "--restart", "--progress", "none"]
    start = time.perf_counter()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return round(args.rows / (time.perf_counter() - start), 1)


def run_spark(args, python, engine, rows, out, cache):
    environment = os.environ | {"PYSPARK_PYTHON": python, "VECMILL_CACHE": cache}
    if engine == "vecmill":
        environment["PYTHONPATH"] = str(ROOT / "build/release/python")
    command = [python, JOB, "--engine", engine, "--texts", args.texts, "--model", args.model, "--out", out]
    command += ["--rows", str(rows), "--warm-runs", str(args.warm_runs)]
    done = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(done.stdout.splitlines()[-1])


def vectors(path):
    """By text, [dim]."""
    table = pq.read_table(path)
    name = "embeddings" if "embeddings" in table.column_names else "embedding"
    return dict(zip(table["text"].to_pylist(), (np.float32(v) for v in table[name].to_pylist()), strict=True))


def verify(expected, spark, recipe):
    if spark.keys() != expected.keys() or any(not np.array_equal(spark[t], expected[t]) for t in expected):
        sys.exit("bench: Spark's vectors differ from the command line's")
    cosines = [recipe[t] @ expected[t] / np.linalg.norm(recipe[t]) / np.linalg.norm(expected[t]) for t in recipe]
    if min(cosines) < 0.99999:
        sys.exit(f"bench: the recipe's vectors differ: lowest cosine {min(cosines)}")
    return {"rows": len(expected), "bits_differ": 0, "recipe_rows": len(recipe), "lowest_cosine": float(min(cosines))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", required=True)
    parser.add_argument("--recipe-python", required=True)
    parser.add_argument("--model", default=str(ROOT / "demo/all-MiniLM-L6-v2"))
    parser.add_argument("--rows", type=int, default=20000)
    parser.add_argument("--recipe-rows", type=int, default=4000)
    parser.add_argument("--warm-runs", type=int, default=3)
    parser.add_argument("--out", help="write the figures here as JSON")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        table = f"{folder}/texts.parquet"
        pq.write_table(pq.read_table(args.texts, columns=["text"]).slice(0, args.rows), table)
        args.texts, args.rows = table, pq.read_metadata(table).num_rows
        command_line = [run_command_line(args, table, f"{folder}/cli.parquet")]
        spark = run_spark(args, sys.executable, "vecmill", args.rows, f"{folder}/spark", f"{folder}/cache")
        command_line.append(run_command_line(args, table, f"{folder}/cli.parquet"))
        recipe = run_spark(args, args.recipe_python, "recipe", args.recipe_rows, f"{folder}/recipe", f"{folder}/cache")
        command_line.append(run_command_line(args, table, f"{folder}/cli.parquet"))
        verified = verify(*(vectors(f"{folder}/{name}") for name in ("cli.parquet", "spark", "recipe")))

    warm, plain = statistics.median(spark["warm"]), statistics.median(recipe["warm"])
    result = {
        "command_line": command_line,
        "spark": spark,
        "recipe": recipe,
        "verified": verified,
        "spark_of_command_line": round(warm / statistics.median(command_line), 3),
        "spark_over_recipe": round(warm / plain, 2),
        "cpu": next(line.split(": ")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
    }
    print(json.dumps(result, indent=2))
    if args.out:
        pathlib.Path(args.out).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
