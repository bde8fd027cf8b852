"""vecmill.spark under Spark Connect, where nothing of the driver's JVM can be reached."""

import os
import pathlib
import shutil
import tempfile
import unittest

import numpy as np
import pandas as pd
from spark_fixture import MODEL, expected_rows, texts

CACHE = pathlib.Path(tempfile.mkdtemp(prefix="vecmill-connect-"))
os.environ["VECMILL_CACHE"] = str(CACHE)

from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql import functions as F  # noqa: E402

from vecmill.spark import Embedder, embed_udf, generate_embeddings, repartition_by_tokens  # noqa: E402


class ConnectTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        builder = SparkSession.builder.config("spark.driver.memory", "1g").config("spark.ui.enabled", "false")
        cls.spark = builder.remote("local[2]").getOrCreate()
        cls.addClassCleanup(shutil.rmtree, CACHE, ignore_errors=True)
        cls.addClassCleanup(cls.spark.stop)
        cls.rows = texts(60)
        cls.frame = cls.spark.createDataFrame(pd.DataFrame({"id": range(60), "text": cls.rows})).repartition(2)

    def assert_expected(self, made, **options):
        vectors = {row["id"]: row["embeddings"] for row in made.select("id", "embeddings").collect()}
        self.assertEqual(sorted(vectors), list(range(60)))
        for i, vector in enumerate(expected_rows(self.rows, **options)):
            if vector is None:
                self.assertIsNone(vectors[i])
            else:
                np.testing.assert_array_equal(np.float32(vectors[i]), np.float32(vector))

    def test_there_is_no_spark_context(self):
        with self.assertRaisesRegex(Exception, "JVM_ATTRIBUTE_NOT_SUPPORTED"):
            self.spark.sparkContext  # noqa: B018

    def test_generate_embeddings(self):
        self.assert_expected(generate_embeddings(MODEL, self.frame, input_col="text"))
        log = (CACHE / "models/log.jsonl").read_text().splitlines()
        self.assertEqual(len(log), 1, log)
        self.assert_expected(generate_embeddings(MODEL, self.frame, input_col="text", distribute="path"))

    def test_columns_and_accounts(self):
        made = generate_embeddings(MODEL, self.frame, input_col="text", layers={"a": "0", "b": "last"}, accounts=True)
        self.assertEqual(made.columns[2:], ["a", "b", "a_tokens", "a_truncated", "a_error"])
        self.assertEqual(made.filter(F.col("a").isNull()).count(), sum(row is None for row in self.rows))

    def test_udf_and_transformer(self):
        self.assert_expected(self.frame.withColumn("embeddings", embed_udf(MODEL, normalize=True)("text")), normalize=True)
        self.assert_expected(Embedder(model=MODEL, inputCol="text").transform(self.frame))
        vectors = Embedder(model=MODEL, inputCol="text", outputType="vector").transform(self.frame)
        self.assertEqual(vectors.dropna().collect()[0]["embeddings"].size, 48)

    def test_repartition_by_tokens(self):
        made = repartition_by_tokens(self.frame, "text", 3)
        self.assertEqual(sorted(row["id"] for row in made.collect()), list(range(60)))

    def test_broadcast_is_refused(self):
        with self.assertRaisesRegex(ValueError, "use 'artifact' or 'path'"):
            generate_embeddings(MODEL, self.frame, input_col="text", distribute="broadcast")

    def test_an_artifact_is_refused_for_a_stream(self):
        stream = self.spark.readStream.format("rate").load().withColumn("text", F.col("value").cast("string"))
        with self.assertRaisesRegex(ValueError, "a stream does not see .* use distribute='path'"):
            generate_embeddings(MODEL, stream, input_col="text")
        self.assertTrue(generate_embeddings(MODEL, stream, input_col="text", distribute="path").isStreaming)


if __name__ == "__main__":
    unittest.main()
