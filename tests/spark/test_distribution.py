"""How a model comes from the driver to the nodes: once, whole, and again where it was damaged."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from pyspark.cloudpickle import dumps
from spark_fixture import MINILM, MODEL, SparkTest, texts

from vecmill.spark import generate_embeddings
from vecmill.spark.embed import _make_spec
from vecmill.spark.model_files import list_model
from vecmill.spark.model_source import BroadcastModel, SharedPath, hand_over

CACHE = pathlib.Path(tempfile.mkdtemp(prefix="vecmill-cache-"))
# Python workers inherit these from this process by way of the JVM.
os.environ["VECMILL_CACHE"] = os.environ["XDG_RUNTIME_DIR"] = str(CACHE)
LISTING = list_model(MODEL)


def mapped_kib(process, path):
    """The part of a mapped file that is a process's: a page that n processes map is one n-th each's."""
    try:
        smaps = (process / "smaps").read_text()
    except OSError:
        return 0
    mappings = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", smaps, flags=re.MULTILINE)
    found = [mapping for mapping in mappings if mapping.partition("\n")[0].endswith(str(path))]
    return sum(int(re.search(r"^Pss: *(\d+)", mapping, re.MULTILINE).group(1)) for mapping in found)


class DistributionTest(SparkTest):
    # A worker loads the model anew for each task, as a new one would.
    settings = {"spark.python.worker.reuse": "false"}

    def setUp(self):
        shutil.rmtree(CACHE / "models", ignore_errors=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(CACHE, ignore_errors=True)

    def embed(self, rows, partitions=2):
        made = generate_embeddings(MODEL, self.frame(rows, partitions), input_col="text", distribute="broadcast")
        self.assert_vectors(made, rows)

    def log(self):
        return [json.loads(line) for line in (CACHE / "models/log.jsonl").read_text().splitlines()]

    def test_four_workers_write_the_model_once(self):
        self.embed(texts(80), 4)
        log = self.log()
        self.assertEqual([line["reason"] for line in log], ["missing"])
        self.assertEqual((log[0]["sha256"], log[0]["bytes"]), (LISTING.sha256, LISTING.size))
        self.embed(texts(80), 4)
        self.assertEqual(len(self.log()), 1)

    def test_a_damaged_cache_is_repaired(self):
        folder = CACHE / "models" / LISTING.sha256
        weights = folder / "model.safetensors"

        def flip_a_byte():
            with weights.open("r+b") as file:
                file.seek(-5, os.SEEK_END)
                byte = file.read(1)
                file.seek(-5, os.SEEK_END)
                file.write(bytes([byte[0] ^ 1]))

        damages = {
            "model.safetensors: 293": flip_a_byte,
            "model.safetensors: 1000 bytes": lambda: os.truncate(weights, 1000),
            "config.json: No such file": lambda: (folder / "config.json").unlink(),
            "1_Pooling/config.json: ": lambda: shutil.rmtree(folder / "1_Pooling"),
        }
        self.embed(texts(8))
        for n, (reason, damage) in enumerate(damages.items(), 1):
            with self.subTest(reason):
                damage()
                self.embed(texts(8))
                self.assertEqual(len(self.log()), n + 1)
                self.assertIn(reason.split(":")[0], self.log()[-1]["reason"])

    def test_a_half_written_cache_is_no_cache(self):
        half = CACHE / "models" / f"{LISTING.sha256}.new-abandoned"
        half.mkdir(parents=True)
        (half / "model.safetensors").write_bytes(b"half")
        self.embed(texts(8))
        self.assertFalse(half.exists())

    def test_a_model_is_broadcast_once(self):
        first = hand_over(MODEL, self.spark, "broadcast")
        self.assertIsInstance(first, BroadcastModel)
        self.assertIs(hand_over(MODEL + "/", self.spark, "broadcast"), first)

    def test_one_server_embeds_for_all_workers(self):
        rows = texts(80)
        made = generate_embeddings(MODEL, self.frame(rows, 4), input_col="text", server=True)
        self.assert_vectors(made, rows)
        logs = [path.read_text() for path in pathlib.Path(os.environ["XDG_RUNTIME_DIR"], "vecmill").glob("*.log")]
        self.assertEqual(len(logs), 1)
        self.assertEqual(logs[0].count(" serves "), 1, logs[0])

    def test_what_a_task_carries_is_small(self):
        spec = _make_spec(MODEL, {"embeddings": "last"}, {}, False, self.spark, "broadcast", "auto", False)
        self.assertLess(len(dumps(spec)), 64 << 10)

    def test_ways(self):
        self.assertEqual(hand_over(MODEL, self.spark, "auto"), SharedPath(MODEL))
        self.assertEqual(hand_over("relative", self.spark, "path"), SharedPath(os.path.abspath("relative")))
        with self.assertRaisesRegex(FileNotFoundError, "no_such_folder"):
            hand_over("no_such_folder", self.spark, "broadcast")


class SharedWeightsTest(SparkTest):
    settings = {"spark.master": "local[4]"}

    def test_four_workers_hold_one_copy_of_the_weights(self):
        rows = texts(200)
        made = generate_embeddings(MINILM, self.frame(rows, 4), input_col="text", distribute="broadcast")
        self.assertEqual(made.filter("embeddings is not null").count(), sum(row is not None for row in rows))
        packed = [path for path in (CACHE / "weights").iterdir() if path.suffix == ".packed"]
        self.assertEqual(len(packed), 1)
        shares = [kib for folder in pathlib.Path("/proc").glob("[0-9]*") if (kib := mapped_kib(folder, packed[0]))]
        self.assertEqual(len(shares), 4)
        self.assertLessEqual(sum(shares), 1.15 * packed[0].stat().st_size / 1024)


class MemoryTest(unittest.TestCase):
    def test_too_little_address_space_is_an_error_that_says_so(self):
        code = f"""
import re, resource
from vecmill.spark.model_source import SharedPath
from vecmill.spark.worker import EmbedSpec, OutputColumn, embedder_of
kib = int(re.search(r"VmSize:\\s+(\\d+)", open("/proc/self/status").read()).group(1))
resource.setrlimit(resource.RLIMIT_AS, ((kib << 10) + (64 << 20), resource.RLIM_INFINITY))
spec = EmbedSpec(SharedPath({MINILM!r}), (OutputColumn("embeddings", "last", False),), (), False, "cpu", False)
embedder_of(spec, "cpu")
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        self.assertRegex(done.stderr, "MemoryError: .*RLIMIT_AS.*spark.executor.pyspark.memory")


if __name__ == "__main__":
    unittest.main()
