"""What clients of an embedding server get, on the tiny BERT of tests/data. Run as test_embedder.py."""

import os
import pathlib
import re
import signal
import sys
import tempfile
import threading
import unittest
from unittest import mock

import numpy as np
import pyarrow as pa
from serving import DIM, MODEL, TEXTS, WATCHDOG_SECONDS

import vecmill
from vecmill import client, protocol, server_place
from vecmill.client import connect


class AnswersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="vecmill_serve_")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = pathlib.Path(cls.folder.name) / "s.sock"
        cls.remote = cls.connect()
        log = cls.path.with_suffix(".log").read_text()
        cls.addClassCleanup(os.kill, int(re.search(r"(\d+) serves", log)[1]), signal.SIGKILL)
        cls.local = vecmill.load(MODEL, threads=1)

    @classmethod
    def connect(cls, **options):
        remote = connect(MODEL, socket=cls.path, threads=2, **options)
        cls.addClassCleanup(remote.close)
        return remote

    def assert_same(self, found, expected):
        self.assertIs(type(found), type(expected))
        if isinstance(expected, dict):
            self.assertEqual(list(found), list(expected))
            self.assert_same(list(found.values()), list(expected.values()))
        elif isinstance(expected, tuple | list):
            self.assertEqual(len(found), len(expected))
            for one, other in zip(found, expected, strict=True):
                self.assert_same(one, other)
        elif isinstance(expected, np.ndarray):
            self.assertEqual((found.dtype, found.shape), (expected.dtype, expected.shape))
            self.assertEqual(found.tobytes(), expected.tobytes())
        elif isinstance(expected, pa.Array):
            found.validate(full=True)
            self.assertEqual(found.type, expected.type)
            self.assertTrue(found.equals(expected))
        else:
            self.assertEqual(found, expected)

    @staticmethod
    def pandas_columns():
        try:
            import pandas as pd
        except ImportError:
            print("pandas columns are left out: no pandas in this environment")
            return []
        return [pd.Series(TEXTS), pd.Series(["a", pd.NA], dtype=object)]

    def test_every_column_of_text(self):
        strings = pa.array(TEXTS)
        for texts in (TEXTS, tuple(TEXTS), [], [b"a", "a", b"\xff", None], np.array(["a", float("nan")], object),
                      *self.pandas_columns(), pa.nulls(3), strings,
                      strings.slice(2, 3), *(strings.cast(t()) for t in (pa.large_string, pa.string_view, pa.binary)),
                      strings.cast(pa.binary_view()), strings.dictionary_encode(), pa.array([b"\xff", None, b"a"]),
                      pa.array([], pa.string()), pa.chunked_array([], pa.string()),
                      pa.chunked_array([TEXTS[:1], [], TEXTS[1:]], pa.string())):  # fmt: skip
            for output in ("auto", "arrow", "numpy"):
                with self.subTest(texts, output=output):
                    self.assert_same(self.remote.embed(texts, output=output, accounts=True),
                                     self.local.embed(texts, output=output, accounts=True))  # fmt: skip

    def test_every_option(self):
        for options in (dict(normalize=False), dict(long="error"), dict(normalize=True, truncate_dim=5), dict(prompt="hello "),
                        dict(layers="mean(-2:-1)"), dict(layers={"first": "0", "tokens": "last:none"}),
                        dict(layers="-1:none")):  # fmt: skip
            with self.subTest(options):
                remote, local = self.connect(**options), vecmill.load(MODEL, threads=1, **options)
                self.assertEqual(remote.dim, local.dim)
                self.assertEqual({**remote.description, "threads": 1}, local.description)
                for texts in (TEXTS, [], pa.array(TEXTS), pa.array([], pa.string())):
                    self.assert_same(remote.embed(texts), local.embed(texts))

    def test_what_is_wrong_raises_as_without_a_server(self):
        for options in (dict(layers="99"), dict(layers="last:maximum"), dict(truncate_dim=DIM + 1), dict(layers={}),
                        dict(prompt_name="poem"), dict(prompt=5), dict(device="cuda:0")):  # fmt: skip
            with self.subTest(options), self.assertRaises((ValueError, TypeError)):
                self.connect(**options)
        for texts, why in ((pa.array([1]), "type int64"), ([1], "row 0 is of type int"), ("text", "one str"),
                           (5, "one int"), (["\ud800"], "surrogates")):  # fmt: skip
            with self.subTest(texts), self.assertRaisesRegex((TypeError, ValueError), why):
                self.remote.embed(texts)
        with self.assertRaisesRegex(ValueError, "'torch'"):
            self.remote.embed(TEXTS, output="torch")

    def test_another_version_or_model_is_refused(self):
        with self.assertRaisesRegex(vecmill.Error, "sha256 [0-9a-f]{64}, the client expects be50"):
            self.connect(sha256="be50")
        with mock.patch("vecmill.client.__version__", "9.9"), self.assertRaisesRegex(vecmill.Error, "client of 9.9"):
            self.connect()

    def test_many_requests_larger_than_the_buffers_of_a_socket(self):
        texts = [f"{'hello ' * (i % 40)}{i % 700}" for i in range(12000)]
        expected = self.local.embed(texts)
        with mock.patch.object(client, "BATCH_BYTES", 1 << 20):
            self.assert_same(self.remote.embed(texts), expected)
            self.assert_same(self.connect(layers="last:none").embed(texts[:900]),
                             vecmill.load(MODEL, layers="last:none").embed(texts[:900]))  # fmt: skip

    def test_a_client_may_send_ahead_while_it_reads(self):
        with server_place.dial(self.path) as sock:
            sock.settimeout(WATCHDOG_SECONDS)
            stream = protocol.SocketStream(sock, sys.maxsize)
            request = {"version": vecmill.__version__, "layers": [["v", "last"]]}
            schema = protocol.send_schema(stream, [pa.field("t", pa.string())], request)
            batches = [pa.array([f"{i} {'a' * 200} {j}" for j in range(3000)]) for i in range(5)]

            def send():
                for texts in batches:
                    protocol.send_batch(stream, pa.record_batch([texts], schema=schema))
                stream.write(protocol.END_OF_STREAM)

            sender = threading.Thread(target=send)
            sender.start()
            reader, _ = protocol.open_stream(stream)
            self.assertEqual(reader.schema.names, ["v"])
            for texts in batches:
                self.assert_same(reader.read_next_batch().column(0), self.local.embed(texts))
            sender.join()

    def test_threads_share_a_remote_embedder(self):
        texts = [[f"{word} {i}" for i in range(500)] for word in ("hello", "world", "quick", "fox")]
        found = [None] * len(texts)

        def embed(i):
            found[i] = self.remote.embed(texts[i])

        threads = [threading.Thread(target=embed, args=(i,)) for i in range(len(texts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assert_same(found, [self.local.embed(column) for column in texts])

    def test_a_forked_child_has_connections_of_its_own(self):
        expected = self.local.embed(TEXTS)
        children = []
        for _ in range(3):
            children.append(os.fork())
            if children[-1] == 0:
                signal.alarm(WATCHDOG_SECONDS)
                same = [self.remote.embed(TEXTS).tobytes() == expected.tobytes() for _ in range(20)]
                os._exit(0 if all(same) else 1)
        for _ in range(20):
            self.assert_same(self.remote.embed(TEXTS), expected)
        self.assertEqual([os.waitpid(child, 0)[1] for child in children], [0, 0, 0])


if __name__ == "__main__":
    unittest.main()
