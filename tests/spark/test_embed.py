"""generate_embeddings, embed_udf and predict_batch_fn in a local session."""

import os
import unittest

from pyspark.ml.functions import array_to_vector, predict_batch_udf
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, FloatType
from spark_fixture import MODEL, SparkTest, texts

import vecmill
from vecmill.spark import embed_udf, generate_embeddings, iterator_udf, predict_batch_fn
from vecmill.spark.model_source import SharedPath
from vecmill.spark.worker import EmbedSpec, OutputColumn, embed_arrays


class EmbedTest(SparkTest):
    def test_same_bits_as_the_engine_and_rows_in_their_order(self):
        rows = texts(500)
        made = generate_embeddings(MODEL, self.frame(rows, 3), input_col="text")
        self.assertEqual(made.dtypes[-1], ("embeddings", "array<float>"))
        self.assert_vectors(made, rows)
        one_partition = generate_embeddings(MODEL, self.frame(rows), input_col="text").select("id", "text").collect()
        self.assertEqual([tuple(row) for row in one_partition], list(enumerate(rows)))

    def test_any_size_of_arrow_batches(self):
        rows = texts(150)
        for name, size in (("maxRecordsPerBatch", "1"), ("maxRecordsPerBatch", "7"), ("maxRecordsPerBatch", "10000"),
                           ("maxRecordsPerBatch", "0"), ("maxBytesPerBatch", "1")):  # fmt: skip
            with self.subTest(name, size=size):
                setting = f"spark.sql.execution.arrow.{name}"
                self.spark.conf.set(setting, size)
                try:
                    self.assert_vectors(generate_embeddings(MODEL, self.frame(rows, 2), input_col="text"), rows)
                finally:
                    self.spark.conf.unset(setting)

    def test_partitions_of_no_row_one_row_and_only_nulls(self):
        for rows in ([], ["one"], [None], [None] * 9, ["", ""]):
            with self.subTest(rows):
                self.assert_vectors(generate_embeddings(MODEL, self.frame(rows, 3), input_col="text"), rows)

    def test_large_strings_and_binary(self):
        rows = texts(60)
        self.spark.conf.set("spark.sql.execution.arrow.useLargeVarTypes", "true")
        try:
            self.assert_vectors(generate_embeddings(MODEL, self.frame(rows), input_col="text"), rows)
        finally:
            self.spark.conf.unset("spark.sql.execution.arrow.useLargeVarTypes")
        binary = self.frame(rows).withColumn("text", F.col("text").cast("binary"))
        self.assert_vectors(generate_embeddings(MODEL, binary, input_col="text"), rows)

    def test_several_columns_and_accounts_from_one_pass(self):
        rows = texts(200)
        layers = {"first": "0", "tokens": "last:none", "last": "last:cls"}
        made = generate_embeddings(MODEL, self.frame(rows), input_col="text", layers=layers, accounts=True)
        self.assertEqual(
            made.dtypes[2:],
            [("first", "array<float>"), ("tokens", "array<array<float>>"), ("last", "array<float>"),
             ("first_tokens", "int"), ("first_truncated", "boolean"), ("first_error", "string")],
        )  # fmt: skip
        plan = made._jdf.queryExecution().executedPlan().toString()
        self.assertEqual(plan.count("ArrowEvalPython"), 1, plan)
        self.assert_vectors(made, rows, "first", layers="0")
        self.assert_vectors(made, rows, "last", layers="last:cls")
        _, accounts = vecmill.load(MODEL).embed(rows, accounts=True)
        collected = made.orderBy("id").collect()
        self.assertEqual([row["first_tokens"] for row in collected], accounts.tokens.tolist())
        self.assertEqual([row["first_truncated"] for row in collected], accounts.truncated.tolist())
        self.assertTrue(any(accounts.truncated))
        for row in collected:
            self.assertEqual(len(row["tokens"] or []), row["first_tokens"])

    def test_a_text_that_is_not_utf8_is_a_row_like_any_other(self):
        made = generate_embeddings(
            MODEL,
            self.frame(["a"]).withColumn("text", F.unhex(F.lit("6162ff63"))),
            input_col="text",
            accounts=True,
        ).collect()[0]
        _, accounts = vecmill.load(MODEL).embed([b"ab\xffc"], accounts=True)
        self.assertIn("UTF-8", made["embeddings_error"])
        self.assertEqual(made["embeddings_error"], accounts.error[0])
        self.assertEqual(made["embeddings"], vecmill.load(MODEL).embed(["ab\ufffdc"])[0].tolist())

    def test_a_row_that_is_too_long_may_be_null_with_a_reason(self):
        frame = self.frame(["a", "a " * 100, "b"])
        made = generate_embeddings(MODEL, frame, input_col="text", long="error", accounts=True).orderBy("id").collect()
        self.assertEqual([row["embeddings"] is None for row in made], [False, True, False])
        self.assertEqual([row["embeddings_error"] for row in made], [None, "too long: 102 tokens", None])

    def test_vectors_for_spark_ml(self):
        rows = texts(40)
        vectors = generate_embeddings(MODEL, self.frame(rows), input_col="text", output_type="vector")
        arrays = generate_embeddings(MODEL, self.frame(rows), input_col="text").dropna()
        expected = arrays.select("id", array_to_vector("embeddings")).collect()
        self.assertEqual([tuple(row) for row in vectors.select("id", "embeddings").dropna().collect()],
                         [tuple(row) for row in expected])  # fmt: skip
        self.assertEqual(vectors.filter("embeddings is null").count(), sum(row is None for row in rows))

    def test_udf_in_a_query(self):
        rows = texts(50)
        embed = embed_udf(MODEL, layers="mean(0:-1)", normalize=True)
        made = self.frame(rows).select("id", embed("text").alias("embeddings"))
        self.assert_vectors(made, rows, layers="mean(0:-1)", normalize=True)

    def test_udf_as_before_spark_4_1(self):
        rows = texts(50)
        rows[:20] = [None] * 20
        self.spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "10")
        self.addCleanup(self.spark.conf.unset, "spark.sql.execution.arrow.maxRecordsPerBatch")
        spec = EmbedSpec(SharedPath(MODEL), (OutputColumn("embeddings", "last", False),), (), False, "cpu", False)
        embed = iterator_udf.pandas(lambda arrays: embed_arrays(spec, arrays), ArrayType(FloatType()))
        self.assert_vectors(self.frame(rows).withColumn("embeddings", embed("text")), rows)

    def test_inside_predict_batch_udf(self):
        rows = [row for row in texts(50) if row is not None]
        embed = predict_batch_udf(predict_batch_fn(MODEL), return_type=ArrayType(FloatType()), batch_size=7)
        self.assert_vectors(self.frame(rows).withColumn("embeddings", embed("text")), rows)
        self.assert_vectors(self.frame(rows[:1]).withColumn("embeddings", embed("text")), rows[:1])

    def test_an_existing_column_is_replaced(self):
        made = generate_embeddings(MODEL, self.frame(["a"]), input_col="text", output_col="text")
        self.assertEqual(made.dtypes, [("id", "bigint"), ("text", "array<float>")])

    def test_errors_come_at_once_and_say_what_to_do(self):
        frame = self.frame(["a"])
        for options, message in (
            ({"layers": "lst"}, "lst"),
            ({"output_type": "list"}, "expected 'array' or 'vector'"),
            ({"output_type": "vector", "layers": "last:none"}, "several vectors for a row"),
            ({"distribute": "mail"}, "expected one of auto, broadcast, artifact, path"),
            ({"device": "gpu"}, "expected 'auto'"),
            ({"truncate_dim": 1 << 20}, "1048576"),
        ):
            with self.subTest(options), self.assertRaisesRegex(ValueError, message):
                generate_embeddings(MODEL, frame, input_col="text", **options)
        with self.assertRaisesRegex(vecmill.Error, "no_such_model"):
            generate_embeddings("no_such_model", frame, input_col="text")
        with self.assertRaisesRegex(Exception, "no_such_column"):
            generate_embeddings(MODEL, frame, input_col="no_such_column").collect()

    def test_a_query_that_ends_early_leaves_nothing_in_the_worker(self):
        @F.udf("string")
        def worker(_):
            return f"{os.getpid()} {len(os.listdir('/proc/self/task'))} {len(os.listdir('/proc/self/fd'))}"

        def state():
            return {row[0] for row in self.spark.range(0, 8, 1, 4).select(worker("id")).collect()}

        made = generate_embeddings(MODEL, self.frame(texts(600), 2), input_col="text")
        made.limit(1).collect()
        before = state()
        for _ in range(20):
            made.limit(1).collect()
        limits = {pid: (int(threads), int(fds)) for pid, threads, fds in (line.split() for line in before)}
        for line in state():
            pid, threads, fds = line.split()
            most_threads, most_fds = limits.get(pid, max(limits.values()))
            self.assertLessEqual(int(threads), most_threads + 2)
            self.assertLessEqual(int(fds), most_fds + 2)


if __name__ == "__main__":
    unittest.main()
