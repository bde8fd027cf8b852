#!/usr/bin/env python3
"""Classify texts with Spark ML by their embeddings, and keep embedder and classifier as one PipelineModel.

    make demo                           # or, for its model and texts alone: make build && tools/demo --prepare
    PYTHONPATH=build/release/python .venv/bin/python examples/spark_ml.py

guesses the section of a Debian package from its one-line description. With tables of yours:

    examples/spark_ml.py --model FOLDER --texts TABLE.parquet --text-col text --label-col label
"""

import argparse
import tempfile

from pyspark.ml import PipelineModel
from pyspark.ml.classification import LogisticRegression, MultilayerPerceptronClassifier
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.feature import IndexToString, StringIndexer
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from vecmill.spark import Embedder

TEST_SHARE = 5  # one text of so many is for the test


def largest_classes(frame, num_classes):
    """The rows (text, label) of the most frequent labels; of equally frequent ones, the first by name."""
    kept = frame.groupBy("label").count().orderBy(F.desc("count"), "label").limit(num_classes)
    return frame.join(F.broadcast(kept.select("label")), "label").select("text", "label")


def one_in(n, seed):
    """A condition that one text of n meets, always the same ones: equal texts stay together."""
    return F.pmod(F.xxhash64("text", F.lit(seed)), F.lit(n)) == 0


def embed(frame, model):
    """Add label_index, the label as a number, and features, the text's vector. Returns (frame, label names, embedder).

    The frame is cached: fitting reads its rows a hundred times, and embeds them once.
    """
    indexer = StringIndexer(inputCol="label", outputCol="label_index").fit(frame)
    embedder = Embedder(model=model, inputCol="text", outputCol="features", outputType="vector")
    return embedder.transform(indexer.transform(frame)).cache(), indexer.labels, embedder


def classifiers(dim, num_classes, max_iter):
    """The classifiers to fit, by name."""
    columns = {"featuresCol": "features", "labelCol": "label_index"}
    return {
        "logistic regression": LogisticRegression(maxIter=max_iter, regParam=1e-4, **columns),
        "multilayer perceptron": MultilayerPerceptronClassifier(
            layers=[dim, 64, num_classes], maxIter=max_iter, seed=1, **columns
        ),
    }


def accuracy(predictions):
    return MulticlassClassificationEvaluator(labelCol="label_index", metricName="accuracy").evaluate(predictions)


def majority_accuracy(train, test):
    """The accuracy of always guessing the most frequent label of the training rows."""
    most_frequent = train.groupBy("label").count().orderBy(F.desc("count"), "label").first()["label"]
    return test.agg(F.avg((F.col("label") == most_frequent).cast("double"))).first()[0]


def whole_pipeline(embedder, classifier, labels):
    """One PipelineModel from text to the label's name, column predicted_label."""
    names = IndexToString(inputCol="prediction", outputCol="predicted_label", labels=labels)
    return PipelineModel([embedder, classifier, names])


def fit(frame, model, max_iter=100):
    """Fit each classifier to the frame (text, label).

    Returns ({name: accuracy on the test rows}, {name: PipelineModel}), "majority class" among the accuracies.
    """
    embedded, labels, embedder = embed(frame, model)
    is_test = one_in(TEST_SHARE, seed=1)
    train, test = embedded.filter(~is_test), embedded.filter(is_test)
    print(f"{train.count()} texts to fit, {test.count()} to test, {len(labels)} labels", flush=True)
    accuracies, pipelines = {"majority class": majority_accuracy(train, test)}, {}
    dim = embedded.first()["features"].size
    for name, classifier in classifiers(dim, len(labels), max_iter).items():
        fitted = classifier.fit(train)
        accuracies[name] = accuracy(fitted.transform(test))
        pipelines[name] = whole_pipeline(embedder, fitted, labels)
    embedded.unpersist()
    return accuracies, pipelines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="demo/all-MiniLM-L6-v2", help="the model's folder")
    parser.add_argument("--texts", default="demo/texts/short.parquet", help="a Parquet table")
    parser.add_argument("--text-col", default="text", help="its column of texts")
    parser.add_argument("--label-col", default="section", help="its column of labels")
    parser.add_argument("--classes", type=int, default=20, help="the most frequent labels that are kept")
    parser.add_argument("--one-in", type=int, default=1, metavar="N", help="keep one text of N, by its hash")
    parser.add_argument("--save", help="folder for the PipelineModels (default: a temporary one, removed at the end)")
    args = parser.parse_args()

    builder = SparkSession.builder.appName("vecmill and Spark ML").config("spark.driver.memory", "2g")
    spark = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    table = spark.read.parquet(args.texts).select(
        F.col(args.text_col).alias("text"), F.col(args.label_col).alias("label")
    )
    frame = largest_classes(table.dropna(), args.classes).filter(one_in(args.one_in, seed=2))
    accuracies, pipelines = fit(frame, args.model)
    for name, value in accuracies.items():
        print(f"{name:22}  accuracy {value:.3f}")

    texts = ["find out which files fill up my disk", "draw the family tree of my ancestors"]
    asked = spark.createDataFrame([(text,) for text in texts], "text string")
    with tempfile.TemporaryDirectory() as folder:
        for name, pipeline in pipelines.items():
            path = f"{args.save or folder}/{name.replace(' ', '_')}"
            pipeline.write().overwrite().save(path)
            print(f"{name}, saved and loaded:")
            PipelineModel.load(path).transform(asked).select("text", "predicted_label").show(truncate=False)
    spark.stop()


if __name__ == "__main__":
    main()
