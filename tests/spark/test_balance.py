"""repartition_by_tokens on a column with a long tail."""

import unittest
from unittest import mock

from pyspark.sql import functions as F
from spark_fixture import SparkTest

from vecmill.spark import repartition_by_tokens


def long_tail():
    """A table written source by source: 900 short rows, then 100 long ones, some far too long."""
    return [f"row {i} " + "word " * (i % 7) for i in range(900)] + ["word " * (90 + 29 * i) for i in range(100)]


class BalanceTest(SparkTest):
    def sizes(self, frame):
        """By partition: tokens as they are estimated, at most 512 a row."""
        tokens = F.least(F.octet_length("text") / 4.5 + 2, F.lit(512.0))
        rows = frame.groupBy(F.spark_partition_id().alias("p")).agg(F.sum(tokens).alias("tokens")).collect()
        return sorted(row["tokens"] for row in rows)

    def test_partitions_have_as_many_tokens(self):
        rows = long_tail()
        before = self.frame(rows, 4)
        after = repartition_by_tokens(before, "text", 4)
        self.assertGreater(self.sizes(before)[-1], 3 * sum(self.sizes(before)) / 4)
        sizes = self.sizes(after)
        self.assertEqual(len(sizes), 4)
        self.assertLess(sizes[-1] - sizes[0], 4 * 512)
        self.assertEqual(after.columns, before.columns)
        self.assertEqual(sorted(after.collect()), sorted(before.collect()))

    def test_the_same_without_partitions_by_id(self):
        before = self.frame(long_tail(), 3)
        expected = repartition_by_tokens(before, "text", 5).withColumn("p", F.spark_partition_id())
        groups = {row["id"]: row["p"] for row in expected.collect()}
        with mock.patch.object(type(before), "repartitionById", create=True, new_callable=mock.PropertyMock) as missing:
            missing.side_effect = AttributeError
            made = repartition_by_tokens(before, "text", 5).withColumn("p", F.spark_partition_id())
            self.assertEqual({row["id"]: row["p"] for row in made.collect()}, groups)

    def test_computed_again_a_row_is_in_the_same_partition(self):
        rows = long_tail()
        again = [
            {(row["text"], row["p"]) for row in repartition_by_tokens(frame, "text", 4)
             .withColumn("p", F.spark_partition_id()).collect()}
            for frame in (self.frame(rows, 1), self.frame(rows, 1).orderBy(F.rand(7)).coalesce(1))
        ]  # fmt: skip
        self.assertEqual(again[0], again[1])

    def test_nulls_empty_frames_and_errors(self):
        rows = [None, "a", None, ""]
        made = repartition_by_tokens(self.frame(rows, 2), "text", 3)
        self.assertEqual(sorted(row["id"] for row in made.collect()), [0, 1, 2, 3])
        self.assertEqual(repartition_by_tokens(self.frame([], 2), "text").count(), 0)
        with self.assertRaisesRegex(ValueError, "expected at least 1"):
            repartition_by_tokens(self.frame(rows), "text", -1)


if __name__ == "__main__":
    unittest.main()
