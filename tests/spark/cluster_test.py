"""vecmill.spark on a standalone cluster, undisturbed and disturbed: make test-cluster.

    cluster_test.py --vecmill PATH
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import unittest

import cluster_fixture
import pyarrow as pa
import pyarrow.parquet as pq
import spark_fixture
from pyspark.sql import functions as F
from spark_fixture import MINILM

import vecmill
from vecmill.spark import generate_embeddings, repartition_by_tokens
from vecmill.spark.worker import device_of_task

VECMILL = None
ROWS = 20000


class Disturber:
    """Kills a Python worker every two seconds, and an executor once."""

    def __init__(self, cluster):
        self._cluster = cluster
        self._done = threading.Event()
        self._random = random.Random(7)
        self._thread = threading.Thread(target=self._run)
        self.killed_workers = self.killed_executors = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._done.set()
        self._thread.join()

    def _run(self):
        while not self._done.wait(2):
            if workers := cluster_fixture.python_workers(self._cluster):
                cluster_fixture.kill(self._random.choice(workers))
                self.killed_workers += 1
            if self.killed_workers == 4 and self.killed_executors == 0:
                cluster_fixture.kill(cluster_fixture.executors(self._cluster)[0])
                self.killed_executors += 1


class ClusterTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="vecmill-cluster-")))
        cls.cluster = cluster_fixture.Cluster(cls.folder)
        cls.addClassCleanup(cls.cluster.close)
        cls.rows = spark_fixture.texts(ROWS)
        cls.table = str(cls.folder / "texts.parquet")
        pq.write_table(pa.table({"id": range(ROWS), "text": cls.rows}), cls.table)
        expected = str(cls.folder / "expected.parquet")
        subprocess.run([VECMILL, "embed", cls.table, "-o", expected, "--model", MINILM, "--progress", "none"], check=True)
        cls.expected = cls.read(expected, "embedding")

    @staticmethod
    def read(path, column):
        """By id, the bytes of a row's vector; None for null."""
        table = pq.read_table(path, columns=["id", column])
        vectors = table[column].combine_chunks()
        values = vectors.values.fill_null(0).to_numpy()
        return {
            row: values[i * 384 : (i + 1) * 384].tobytes() if valid else None
            for i, (row, valid) in enumerate(zip(table["id"].to_pylist(), vectors.is_valid().to_pylist(), strict=True))
        }

    def session(self, settings=None):
        settings = {"spark.executor.memory": "600m", "spark.task.maxFailures": "1", **(settings or {})}
        session = spark_fixture.start_session(self.cluster.url, settings)
        self.addCleanup(spark_fixture.end_session, session)
        return session

    def embed(self, session, partitions, **options):
        """Embed all rows and compare them with the command line's."""
        out = str(self.folder / "out")
        frame = session.read.parquet(self.table).repartition(partitions)
        made = generate_embeddings(MINILM, frame, input_col="text", **options)
        made.write.mode("overwrite").parquet(out)
        # Spark writes a null's list as empty, so rows are read one by one.
        table = pq.read_table(out, columns=["id", "embeddings"])
        self.assertEqual(sorted(table["id"].to_pylist()), list(range(ROWS)))
        differ = 0
        for batch in table.to_batches():
            vectors = batch["embeddings"]
            for i, row in enumerate(batch["id"].to_pylist()):
                vector = vectors[i].values.to_numpy().tobytes() if vectors[i].is_valid else None
                differ += vector != self.expected[row]
        self.assertEqual(differ, 0)

    def test_same_bits_as_the_command_line_and_one_copy_of_the_model_for_a_node(self):
        self.embed(self.session(), 8)
        for node in self.cluster.nodes:
            log = [json.loads(line) for line in (node / "models/log.jsonl").read_text().splitlines()]
            self.assertEqual(len(log), 1, log)

    def test_local_cluster(self):
        session = spark_fixture.start_session("local-cluster[2,1,1024]", {"spark.executor.memory": "600m"})
        self.addCleanup(spark_fixture.end_session, session)
        self.embed(session, 8)

    def test_killed_workers_and_executors_and_speculation(self):
        speculation = {"spark.speculation": "true", "spark.speculation.multiplier": "1.0"}
        session = self.session({"spark.task.maxFailures": "20", "spark.speculation.quantile": "0.1", **speculation})
        with Disturber(self.cluster) as disturber:
            self.embed(session, 200)
        print(f"killed {disturber.killed_workers} workers and {disturber.killed_executors} executors", file=sys.stderr)
        self.assertGreater(disturber.killed_workers, 4)
        self.assertEqual(disturber.killed_executors, 1)

    def test_with_a_server_for_each_node(self):
        self.embed(self.session(), 8, server=True)
        for node in self.cluster.nodes:
            logs = [path.read_text() for path in (node / "vecmill").glob("*.log")]
            self.assertEqual([log.count(" serves ") for log in logs], [1])

    def test_poisoned_rows_fail_alone(self):
        rows = [b"good", b"\xff\xfe\xfd", b"x" * (5 << 20), None, b"", b"\x00" * 1000, " \u202e\ud7ff".encode() * 9999]
        session = self.session()
        frame = session.createDataFrame(list(enumerate(rows)), "id int, text binary").repartition(3)
        made = generate_embeddings(MINILM, frame, input_col="text", accounts=True).orderBy("id").collect()
        expected, accounts = vecmill.load(MINILM).embed(rows, accounts=True, output="arrow")
        self.assertEqual([row["embeddings"] for row in made], expected.to_pylist())
        self.assertEqual([row["embeddings_error"] for row in made], accounts.error)
        self.assertEqual([row["embeddings"] is None for row in made], [row is None for row in rows])

    def test_tasks_get_the_gpus_of_their_nodes(self):
        session = self.session({"spark.executor.resource.gpu.amount": "1", "spark.task.resource.gpu.amount": "0.5"})

        @F.udf("string")
        def device(_):
            return device_of_task("auto")

        found = {row[0] for row in session.range(0, 64, 1, 16).select(device("id")).collect()}
        self.assertEqual(found, {"cuda:0", "cuda:1"})
        frame = session.createDataFrame([("a",)], "text string")
        with self.assertRaisesRegex(Exception, r"Spark gave this task the GPU cuda:\d, and this build"):
            generate_embeddings(MINILM, frame, input_col="text").collect()
        made = generate_embeddings(MINILM, frame, input_col="text", device="cpu").collect()
        self.assertEqual(len(made[0]["embeddings"]), 384)

    def test_balanced_partitions_have_the_same_vectors(self):
        session = self.session()
        frame = repartition_by_tokens(session.read.parquet(self.table).limit(500), "text", 5, max_tokens=256)
        made = generate_embeddings(MINILM, frame, input_col="text").collect()
        for row in made:
            vector = pa.array(row["embeddings"], pa.float32()).to_numpy().tobytes() if row["embeddings"] else None
            self.assertEqual(vector, self.expected[row["id"]])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vecmill", required=True)
    args, rest = parser.parse_known_args()
    VECMILL = os.path.abspath(args.vecmill)
    unittest.main(argv=[sys.argv[0], *rest])
