"""Embedder as a stage of pyspark.ml."""

import subprocess
import sys
import unittest

from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.feature import VectorAssembler
from spark_fixture import MODEL, SparkTest, texts

from vecmill.spark import Embedder


class TransformerTest(SparkTest):
    def test_transform_runs_no_job(self):
        self.frame(["warm"]).collect()
        tracker = self.spark.sparkContext.statusTracker()
        before = sorted(tracker.getJobIdsForGroup())
        made = Embedder(model=MODEL, inputCol="text").transform(self.frame(texts(40)))
        self.assertEqual(sorted(tracker.getJobIdsForGroup()), before)
        self.assert_vectors(made, texts(40))

    def test_saved_and_loaded(self):
        embedder = Embedder(model=MODEL, inputCol="text", outputCol="v", layers={"v": "0", "w": "last"}, normalize=True)
        path = str(self.folder / "stage")
        embedder.write().overwrite().save(path)
        loaded = Embedder.load(path)
        self.assertEqual(loaded.uid, embedder.uid)
        self.assertEqual(loaded.extractParamMap(), embedder.extractParamMap())
        self.assert_vectors(loaded.transform(self.frame(texts(30))), texts(30), "w", normalize=True)

    def test_in_a_pipeline(self):
        rows = ["a", "the quick fox", "brown dog"]
        embedder = Embedder(model=MODEL, inputCol="text", outputCol="v", outputType="vector")
        pipeline = Pipeline(stages=[embedder, VectorAssembler(inputCols=["v", "id"], outputCol="features")])
        fitted = pipeline.fit(self.frame(rows))
        path = str(self.folder / "pipeline")
        fitted.write().overwrite().save(path)
        made = PipelineModel.load(path).transform(self.frame(rows))
        self.assert_vectors(made, rows, "v")
        self.assertEqual([row["features"].size for row in made.collect()], [49, 49, 49])

    def test_params_by_name(self):
        embedder = Embedder()
        embedder.setParams(model=MODEL, inputCol="text", outputCol="v", truncateDim=8)
        copy = embedder.copy({embedder.truncateDim: 4})
        self.assertEqual(len(copy.transform(self.frame(["a"])).collect()[0]["v"]), 4)
        self.assertEqual(len(embedder.transform(self.frame(["a"])).collect()[0]["v"]), 8)
        with self.assertRaisesRegex(ValueError, "param model is not set"):
            Embedder(inputCol="text").transform(self.frame(["a"]))
        with self.assertRaises(TypeError):
            Embedder(truncateDim="many")

    def test_making_one_loads_nothing(self):
        code = "import sys, threading; from vecmill.spark import Embedder; Embedder(model='m'); "
        code += "assert threading.active_count() == 1, threading.enumerate(); assert 'torch' not in sys.modules"
        subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    unittest.main()
