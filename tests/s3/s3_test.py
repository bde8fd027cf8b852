#!/usr/bin/env python3
"""Embed tables from and to S3: a server of the moto package on the loopback interface.

    s3_test.py --vecmill BUILD/vecmill --model FOLDER
"""

import argparse
import gzip
import logging
import os
import socket
import subprocess
import sys
import tempfile
import unittest

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
from moto.server import ThreadedMotoServer

OPTIONS = None  # of the command line
BUCKET = "tables"
TEXTS = ["the first text", None, "", "another one", "the first text"]


class S3Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        cls.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        cls.server.start()
        host, port = cls.server.get_host_and_port()
        cls.parameters = f"?endpoint_override={host}:{port}&scheme=http&region=us-east-1"
        cls.s3 = boto3.client(
            "s3",
            endpoint_url=f"http://{host}:{port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        cls.s3.create_bucket(Bucket=BUCKET)
        cls.table = pa.table({"id": range(len(TEXTS)), "text": pa.array(TEXTS, pa.string())})
        cls.folder = tempfile.TemporaryDirectory()
        cls.local = os.path.join(cls.folder.name, "in.parquet")
        pq.write_table(cls.table, cls.local)
        with open(cls.local, "rb") as file:
            cls.parquet = file.read()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.folder.cleanup()

    def uri(self, key, credentials=""):
        return f"s3://{credentials}{BUCKET}/{key}{self.parameters}"

    def put(self, key, content):
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)

    def get(self, key):
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def keys(self, prefix):
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", [])]

    def embed(self, *arguments, key="test"):
        command = [OPTIONS.vecmill, "embed", *arguments, "--model", OPTIONS.model]
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return subprocess.run(
            [*command, "--progress", "none"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def embed_well(self, *arguments):
        result = self.embed(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        # What Arrow says when its S3 is not shut down in order.
        self.assertNotRegex(result.stderr, "(?i)finalize|leak|warning")

    def embedded(self, key):
        return pq.read_table(pa.BufferReader(self.get(key)))

    def expected(self):
        output = os.path.join(self.folder.name, "local.parquet")
        if not os.path.exists(output):
            self.embed_well(self.local, "-o", output)
        return pq.read_table(output)

    def test_a_table_from_s3_to_s3(self):
        self.put("in/a.parquet", self.parquet)
        self.embed_well(self.uri("in/a.parquet"), "-o", self.uri("out/a.parquet"))
        self.assertTrue(self.embedded("out/a.parquet").equals(self.expected()))
        self.assertEqual(self.keys("out/"), ["out/a.parquet"])

    def test_from_s3_to_a_local_file_and_back(self):
        self.put("in/a.parquet", self.parquet)
        output = os.path.join(self.folder.name, "from_s3.parquet")
        self.embed_well(self.uri("in/a.parquet"), "-o", output)
        self.assertTrue(pq.read_table(output).equals(self.expected()))
        self.embed_well(self.local, "-o", self.uri("to_s3/a.parquet"))
        self.assertTrue(self.embedded("to_s3/a.parquet").equals(self.expected()))

    def test_every_data_file_below_a_prefix_in_order(self):
        self.put("many/2.csv", b"id,text\n2,two\n")
        self.put("many/1.csv.gz", gzip.compress(b"id,text\n1,one\n"))
        self.put("many/deep/3.csv", b"id,text\n3,three\n")
        self.put("many/_SUCCESS", b"")
        self.put("many/README.md", b"not data")
        for pattern in ("many", "many/", "many/**/*.cs*"):
            with self.subTest(pattern):
                self.embed_well(
                    self.uri(pattern), "-o", self.uri("out/many.parquet"), "--restart"
                )
                table = self.embedded("out/many.parquet")
                self.assertEqual(table["text"].to_pylist(), ["one", "two", "three"])

    def test_keys_are_taken_as_they_stand(self):
        self.put("odd/a b%20c+d.parquet", self.parquet)
        self.embed_well(self.uri("odd/a b%20c+d.parquet"), "-o", self.uri("out/odd %41.parquet"))
        self.assertEqual(self.keys("out/odd"), ["out/odd %41.parquet"])

    def test_an_object_that_exists_is_refused_or_replaced(self):
        self.put("out/taken.parquet", b"precious")
        result = self.embed(self.local, "-o", self.uri("out/taken.parquet"))
        self.assertEqual(result.returncode, 2)
        self.assertIn(f"s3://{BUCKET}/out/taken.parquet: exists already", result.stderr)
        self.assertEqual(self.get("out/taken.parquet"), b"precious")
        self.embed_well(self.local, "-o", self.uri("out/taken.parquet"), "--restart")
        self.assertTrue(self.embedded("out/taken.parquet").equals(self.expected()))

    def test_what_is_not_there_is_named_without_the_secret(self):
        uri = self.uri("none/a.parquet", credentials="KEY:SECRET@")
        result = self.embed(uri, "-o", self.uri("out/none.parquet"))
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"s3://{BUCKET}/none/a.parquet: no such object", result.stderr)
        self.assertNotIn("SECRET", result.stderr)

    def test_a_run_that_fails_leaves_neither_object_nor_upload(self):
        damaged = bytearray(self.parquet)
        damaged[20:60] = bytes(40)  # pages; the footer is whole
        self.put("in/damaged.parquet", bytes(damaged))
        self.put("in/a.parquet", self.parquet)
        result = self.embed(
            self.uri("in/a.parquet"),
            self.uri("in/damaged.parquet"),
            "-o",
            self.uri("out/failed.parquet"),
        )
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(f"s3://{BUCKET}/in/damaged.parquet: row group 0: ", result.stderr)
        self.assertEqual(self.keys("out/failed"), [])
        uploads = self.s3.list_multipart_uploads(Bucket=BUCKET)
        self.assertEqual(uploads.get("Uploads", []), [])

    def test_a_bucket_that_is_not_there(self):
        uri = f"s3://nowhere/a.parquet{self.parameters}"
        result = self.embed(uri, "-o", self.uri("out/nowhere.parquet"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("s3://nowhere/a.parquet: ", result.stderr)

    def test_a_server_that_does_not_answer_ends_the_run(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        parameters = f"?endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1"
        result = self.embed(f"s3://{BUCKET}/a.parquet{parameters}", "-o", self.uri("out/x.parquet"))
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"s3://{BUCKET}/a.parquet: cannot look up", result.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--vecmill", required=True)
    parser.add_argument("--model", required=True)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
