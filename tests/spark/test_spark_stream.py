"""examples/spark_stream.py, killed at the worst moments."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from spark_fixture import MODEL, expected_rows, start_session, texts

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "examples"))
import spark_stream  # noqa: E402

FILES, ROWS_PER_FILE = 5, 30
ROWS = texts(FILES * ROWS_PER_FILE)


def die():
    """Kill this process and its JVM at once."""
    os.killpg(0, signal.SIGKILL)


def write_and_die(folder, batch, batch_id):
    """The batch 1 is written, and the process dies before Spark can note that it is."""
    spark_stream.write_batch(folder, batch, batch_id)
    if batch_id == 1:
        die()


def die_while_writing(folder, batch, batch_id):
    """The process dies when the first file of batch 3 begins to be written."""

    def watch():
        while not list(pathlib.Path(folder, "batch_id=3").rglob("*.parquet")):
            time.sleep(0.001)
        die()

    if batch_id == 3:
        threading.Thread(target=watch, daemon=True).start()
    spark_stream.write_batch(folder, batch, batch_id)
    if batch_id == 3:
        die()


def run_stream(folder, write):
    stream = spark_stream.embedded_stream(start_session(), MODEL, f"{folder}/in", files_per_batch=1)
    spark_stream.start(stream, f"{folder}/out", f"{folder}/checkpoint", write).awaitTermination()


class SparkStreamTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vecmill-stream-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "in").mkdir()
        for n in range(FILES):
            ids = range(n * ROWS_PER_FILE, (n + 1) * ROWS_PER_FILE)
            columns = [pa.array(ids, pa.int64()), pa.array(ROWS[ids.start : ids.stop], pa.string())]
            pq.write_table(pa.table(columns, ["id", "text"]), self.folder / f"in/{n}.parquet")

    def run_in_a_process(self, arguments, **environment):
        """Run Python in a process group of its own; return its exit status and what it said."""
        with tempfile.TemporaryFile("w+") as output:
            status = subprocess.run(
                [sys.executable, *arguments],
                cwd=pathlib.Path(__file__).parent,
                env=os.environ | environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            ).returncode
            output.seek(0)
            return status, output.read()

    def run_with(self, write):
        call = f"run_stream({str(self.folder)!r}, {write})"
        return self.run_in_a_process(["-c", f"import test_spark_stream as test; test.{call}"])

    def noted(self, log):
        """The batches in a log of the checkpoint's: "offsets", those begun, or "commits", those done."""
        return sorted(int(path.name) for path in (self.folder / "checkpoint" / log).glob("[0-9]*"))

    def assert_all_rows_once(self):
        files = (self.folder / "out").glob("batch_id=*/*.parquet")
        made = [row for path in files for row in pq.ParquetFile(path).read().to_pylist()]
        made.sort(key=lambda row: row["id"])
        self.assertEqual([row["id"] for row in made], list(range(len(ROWS))))
        self.assertEqual([row["text"] for row in made], ROWS)
        for row, vector in zip(made, expected_rows(ROWS), strict=True):
            if vector is None:
                self.assertIsNone(row["embeddings"])
            else:
                np.testing.assert_array_equal(np.float32(row["embeddings"]), np.float32(vector))

    def test_killed_between_write_and_commit_and_while_writing(self):
        status, said = self.run_with("test.write_and_die")
        self.assertEqual(status, -signal.SIGKILL, said)
        self.assertTrue((self.folder / "out/batch_id=1/_SUCCESS").exists())
        self.assertEqual((self.noted("offsets"), self.noted("commits")), ([0, 1], [0]))

        status, said = self.run_with("test.die_while_writing")
        self.assertEqual(status, -signal.SIGKILL, said)
        self.assertEqual((self.noted("offsets"), self.noted("commits")), ([0, 1, 2, 3], [0, 1, 2]))

        status, said = self.run_with("test.spark_stream.write_batch")
        self.assertEqual(status, 0, said)
        self.assertEqual(self.noted("commits"), list(range(FILES)))
        self.assert_all_rows_once()

    def test_the_program_under_connect(self):
        arguments = [spark_stream.__file__, "--model", MODEL, "--input", f"{self.folder}/in"]
        arguments += ["--output", f"{self.folder}/out", "--checkpoint", f"{self.folder}/checkpoint"]
        status, said = self.run_in_a_process([*arguments, "--distribute", "path"], SPARK_REMOTE="local[2]")
        self.assertEqual(status, 0, said)
        self.assert_all_rows_once()


if __name__ == "__main__":
    unittest.main()
