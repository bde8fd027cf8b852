"""vecmill for Python, on the tiny BERT of tests/data. Run by ctest, or:

    PYTHONPATH=build/release/python .venv/bin/python -m unittest discover python/tests
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

import numpy as np
import pyarrow as pa

import vecmill

MODEL = pathlib.Path(__file__).parents[2] / "tests/data/models/tiny_bert"
DIM = 48
TEXTS = ["hello world", None, "", "the quick brown fox", "caf\u00e9 \u65e5\u672c \U0001f600", "a " * 100]


class WeightCacheTest(unittest.TestCase):
    def test_the_same_bits_and_weights_that_are_shared(self):
        expected = vecmill.load(MODEL, weight_cache="").embed(TEXTS)
        with tempfile.TemporaryDirectory() as folder:
            cache = pathlib.Path(folder) / "cache"
            for _ in ("made", "mapped"):
                embedder = vecmill.load(MODEL, weight_cache=cache)
                self.assertTrue(embedder.description["weights_shared"])
                np.testing.assert_array_equal(embedder.embed(TEXTS), expected)
            self.assertEqual(len(list(cache.glob("*.packed"))), 1)
        np.testing.assert_array_equal(embedder.embed(TEXTS), expected)

    def test_a_folder_that_cannot_be_used_is_told(self):
        description = vecmill.load(MODEL, weight_cache="/dev/null").description
        self.assertFalse(description["weights_shared"])
        self.assertEqual(description["weight_cache_problem"], "/dev/null: is not a folder")

    def test_the_environment_gives_it_where_no_argument_does(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, VECMILL_WEIGHT_CACHE=folder):
            self.assertTrue(vecmill.load(MODEL).description["weights_shared"])
            self.assertFalse(vecmill.load(MODEL, weight_cache="").description["weights_shared"])


class EmbedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.embedder = vecmill.load(MODEL, threads=2)
        cls.expected = cls.embedder.embed(TEXTS)

    def assert_expected(self, vectors, rows):
        self.assertEqual(len(vectors), len(rows))
        for vector, row in zip(vectors.to_pylist(), rows, strict=True):
            if TEXTS[row] is None:
                self.assertIsNone(vector)
            else:
                np.testing.assert_array_equal(np.array(vector, np.float32), self.expected[row])

    def test_a_list_gives_numpy(self):
        self.assertEqual((self.expected.shape, self.expected.dtype), ((len(TEXTS), DIM), np.float32))
        self.assertTrue(np.isnan(self.expected[1]).all())
        self.assertFalse(np.isnan(np.delete(self.expected, 1, axis=0)).any())

    def test_every_arrow_type_of_text(self):
        every_row = range(len(TEXTS))
        for text_type in (pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(),
                          pa.binary_view()):  # fmt: skip
            with self.subTest(text_type):
                column = pa.array(TEXTS).cast(text_type)
                self.assert_expected(self.embedder.embed(column), every_row)
                self.assert_expected(self.embedder.embed(column.slice(3)), every_row[3:])
        for index_type in (pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64()):
            with self.subTest(index_type):
                words = pa.array(["a " * 100, "hello world", None])
                column = pa.DictionaryArray.from_arrays(pa.array([1, None, 0, 2, 1], index_type), words)
                self.assert_expected(self.embedder.embed(column), [0, 1, 5, 1, 0])
        self.assertEqual(self.embedder.embed(pa.nulls(3)).null_count, 3)

    def test_chunks_are_one_column(self):
        chunks = pa.chunked_array([TEXTS[:1], [], TEXTS[1:4], TEXTS[4:]], pa.string())
        vectors = self.embedder.embed(chunks)
        self.assertIsInstance(vectors, pa.FixedSizeListArray)
        self.assert_expected(vectors, range(len(TEXTS)))

    def test_empty_columns(self):
        self.assertEqual(self.embedder.embed([]).shape, (0, DIM))
        self.assertEqual(len(self.embedder.embed(pa.array([], pa.string()))), 0)
        self.assertEqual(len(self.embedder.embed(pa.chunked_array([], pa.string()))), 0)

    def test_numpy_columns_and_missing_values(self):
        column = np.array(["hello world", float("nan"), None], dtype=object)
        np.testing.assert_array_equal(self.embedder.embed(column)[0], self.expected[0])
        self.assertTrue(np.isnan(self.embedder.embed(column)[1:]).all())
        np.testing.assert_array_equal(self.embedder.embed(np.array(["hello world"]))[0], self.expected[0])

    def test_output_may_be_chosen(self):
        self.assert_expected(self.embedder.embed(TEXTS, output="arrow"), range(len(TEXTS)))
        np.testing.assert_array_equal(self.embedder.embed(pa.array(TEXTS), output="numpy"), self.expected)
        with self.assertRaisesRegex(ValueError, "'torch'"):
            self.embedder.embed(TEXTS, output="torch")

    def test_arrow_output_is_valid(self):
        vectors = self.embedder.embed(pa.array(TEXTS))
        vectors.validate(full=True)
        self.assertEqual(vectors.type, pa.list_(pa.field("item", pa.float32(), nullable=False), DIM))

    def test_several_columns_and_vectors_of_tokens(self):
        embedder = vecmill.load(MODEL, layers={"first": "0", "tokens": "last:none"}, threads=1)
        columns, accounts = embedder.embed(pa.array(TEXTS), accounts=True)
        self.assertEqual(list(columns), ["first", "tokens"])
        columns["tokens"].validate(full=True)
        lengths = [None if tokens is None else len(tokens) for tokens in columns["tokens"].to_pylist()]
        self.assertEqual([length or 0 for length in lengths], accounts.tokens.tolist())
        self.assertIsNone(lengths[1])
        as_numpy = embedder.embed(TEXTS)["tokens"]
        self.assertEqual([vectors.shape for vectors in as_numpy], [(length or 0, DIM) for length in lengths])

    def test_accounts(self):
        _, accounts = self.embedder.embed(pa.array([b"a", None, b"\xff", b"a " * 100]), accounts=True)
        self.assertEqual(accounts.tokens.tolist(), [3, 0, 2, self.embedder.max_seq_length])
        self.assertEqual(accounts.truncated.tolist(), [False, False, False, True])
        self.assertEqual([error is None for error in accounts.error], [True, True, False, True])

    def test_long_rows_may_be_errors(self):
        embedder = vecmill.load(MODEL, long="error")
        vectors, accounts = embedder.embed(pa.array(["a", "a " * 100]), accounts=True)
        self.assertEqual(vectors.is_valid().to_pylist(), [True, False])
        self.assertEqual(accounts.error, [None, "too long: 102 tokens"])
        with self.assertRaisesRegex(ValueError, "expected .truncate. or .error."):
            vecmill.load(MODEL, long="chunk")

    def test_what_is_no_text_is_refused(self):
        for column, why in ((pa.array([1]), "format 'l'"), ([1], "row 0 is of type int"), ("text", "one str"),
                            (5, "one int"), (pa.array([["a"]]), "list|'\\+l'")):  # fmt: skip
            with self.subTest(column), self.assertRaisesRegex((TypeError, ValueError), why):
                self.embedder.embed(column)

    def test_many_windows_make_the_same_bits(self):
        texts = [f"{word} {i % 700}" for i in range(9000) for word in ("hello", "world")]
        all_at_once = self.embedder.embed(texts)
        np.testing.assert_array_equal(all_at_once[5000:5100], self.embedder.embed(texts[5000:5100]))
        np.testing.assert_array_equal(all_at_once[-1], self.embedder.embed(texts[-1:])[0])


class EncodeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.embedder = vecmill.load(MODEL, threads=1)

    def test_one_and_several(self):
        one = self.embedder.encode("hello world")
        self.assertEqual(one.shape, (DIM,))
        np.testing.assert_array_equal(self.embedder.encode(["hello world", "a"], batch_size=1)[0], one)
        self.assertIsInstance(self.embedder.encode(["a"], convert_to_numpy=False), list)

    def test_options_of_a_call(self):
        cut = self.embedder.encode("hello world", truncate_dim=5, normalize_embeddings=True)
        self.assertEqual(cut.shape, (5,))
        self.assertAlmostEqual(float(np.linalg.norm(cut)), 1.0, places=6)
        with_prompt = self.embedder.encode("world", prompt="hello ")
        np.testing.assert_array_equal(with_prompt, self.embedder.encode("hello world"))
        np.testing.assert_array_equal(self.embedder.encode_query("a"), self.embedder.encode("a"))
        with self.assertRaisesRegex(ValueError, "truncate dim: 49"):
            self.embedder.encode("a", truncate_dim=DIM + 1)

    def test_what_is_not_implemented_is_refused(self):
        for options in (dict(precision="int4"), dict(output_value="token_embeddings"), dict(device="cuda")):
            with self.subTest(options), self.assertRaises(ValueError):
                self.embedder.encode("a", **options)
        with self.assertRaisesRegex(ValueError, "no prompt 'poem'"):
            self.embedder.encode("a", prompt_name="poem")


class ProcessTest(unittest.TestCase):
    def test_errors_say_what_and_where(self):
        with self.assertRaisesRegex(vecmill.Error, "/no/such/folder: "):
            vecmill.load("/no/such/folder")

    def test_other_threads_run_meanwhile(self):
        embedder = vecmill.load(MODEL, threads=1)
        texts = [f"the quick brown fox {i}" for i in range(3000)]
        running = threading.Thread(target=embedder.embed, args=(texts,))
        running.start()
        num_turns = 0
        while running.is_alive():
            num_turns += 1
            time.sleep(0.001)
        self.assertGreater(num_turns, 10)

    def test_import_and_load_start_no_thread(self):
        code = f"""
import os, vecmill
embedder = vecmill.load({str(MODEL)!r}, threads=2)
before = len(os.listdir("/proc/self/task"))
embedder.embed(["a"])
print(before, len(os.listdir("/proc/self/task")))
"""
        made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                              env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})  # fmt: skip
        self.assertEqual(made.stdout.split(), ["1", "3"])

    def test_ctrl_c_ends_a_call(self):
        code = f"""
import threading, time, vecmill
embedder = vecmill.load({str(MODEL)!r}, threads=1)
print("ready", flush=True)
try:
    embedder.embed([f"the quick brown fox {{i}} " * 20 for i in range(2000000)])
except KeyboardInterrupt:
    print("stopped", embedder.embed(["a"]).shape)
"""
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        self.assertEqual(child.stdout.readline(), "ready\n")
        time.sleep(3)
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.communicate(timeout=60)[0], f"stopped (1, {DIM})\n")

    def test_forks_while_busy(self):
        embedder = vecmill.load(MODEL, threads=2)
        expected = embedder.embed(["hello world"])
        stop = threading.Event()

        def keep_busy():
            while not stop.is_set():
                embedder.embed([f"the quick brown fox {i}" for i in range(50)])

        busy = threading.Thread(target=keep_busy)
        busy.start()
        for _ in range(int(os.environ.get("VECMILL_TEST_FORKS", "50"))):
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                os._exit(0 if np.array_equal(embedder.embed(["hello world"]), expected) else 1)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
        stop.set()
        busy.join()

    def test_threads_come_from_the_environment(self):
        for value, threads in (("3", "3"), ("2,1", "2")):
            code = f"import vecmill; print(vecmill.load({str(MODEL)!r}).description['threads'])"
            made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                                  env={**os.environ, "OMP_NUM_THREADS": value})  # fmt: skip
            self.assertEqual(made.stdout.strip(), threads)


if __name__ == "__main__":
    unittest.main()
