#!/usr/bin/env python3
"""Pull models from a hub that this test imitates, faults and all, and embed with them.

    hub_test.py --vecmill BUILD/vecmill --model FOLDER
"""

import argparse
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import pyarrow.parquet as pq
from fake_hub import FakeHub, Fault, Repository

OPTIONS = None  # of the command line
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = "model.safetensors"
TOKEN = "hf_very-secret-token"


def model_files():
    """The model folder's files and what else a repository holds."""
    root = pathlib.Path(OPTIONS.model)
    files = {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    for other in ("README.md", "pytorch_model.bin", "onnx/model.onnx", "tf_model.h5", "run.py"):
        files[other] = b"not for vecmill"
    return files


class HubTest(unittest.TestCase):
    def setUp(self):
        self.hub = FakeHub()
        self.addCleanup(self.hub.stop)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.cache = self.folder / "home" / "hub"
        self.entry = self.cache / "models--tests--tiny"
        self.snapshot = self.entry / "snapshots" / COMMIT
        self.repository = Repository(model_files(), COMMIT)
        self.hub.repositories["tests/tiny"] = self.repository
        self.weights = self.repository.files[WEIGHTS]

    def environment(self, **variables):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "TRANSFORMERS_"))}
        kept = {k: v for k, v in kept.items() if not k.lower().endswith("_proxy")}
        ours = {
            "HF_HOME": str(self.folder / "home"),
            "HF_ENDPOINT": self.hub.endpoint,
            "HF_HUB_DOWNLOAD_TIMEOUT": "30",
        }
        return {**kept, **ours, **variables}

    def start(self, *arguments, preexec_fn=None, **variables):
        return subprocess.Popen(
            [OPTIONS.vecmill, *arguments],
            env=self.environment(**variables),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=preexec_fn,
        )

    def finish(self, process):
        stdout, stderr = process.communicate(timeout=120)
        self.assertNotIn(TOKEN, stdout + stderr)
        self.assertNotIn("S3CRET", stdout + stderr)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def run_vecmill(self, *arguments, **options):
        return self.finish(self.start(*arguments, **options))

    def pull(self, model="tests/tiny", **options):
        return self.run_vecmill("pull", model, "--progress", "none", **options)

    def pull_well(self, model="tests/tiny", **options):
        result = self.pull(model, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        self.assert_whole()
        return result

    def pull_badly(self, *messages, model="tests/tiny", code=1, **options):
        result = self.pull(model, **options)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        for message in messages:
            self.assertIn(message, result.stderr)
        return result

    def assert_whole(self):
        """The snapshot holds the needed files, as links to blobs called by their hashes."""
        needed = {p.relative_to(OPTIONS.model) for p in pathlib.Path(OPTIONS.model).rglob("*")}
        needed = {p.as_posix() for p in needed if (pathlib.Path(OPTIONS.model) / p).is_file()}
        found = {p.relative_to(self.snapshot).as_posix() for p in self.snapshot.rglob("*")}
        found = {p for p in found if not (self.snapshot / p).is_dir()}
        self.assertEqual(found, needed)
        for path in found:
            self.assertEqual((self.snapshot / path).read_bytes(), self.repository.files[path])
            target = "../" * (2 + path.count("/")) + "blobs/" + self.repository.hash(path)
            self.assertEqual(os.readlink(self.snapshot / path), target)
        blobs = {self.repository.hash(path) for path in found}
        self.assertEqual({p.name for p in (self.entry / "blobs").iterdir()}, blobs)

    def embed(self, *arguments, model="tests/tiny", **options):
        (self.folder / "in.csv").write_text("text\nhello world\nanother row\n")
        return self.run_vecmill(
            *("embed", "in.csv", "-o", "out.parquet", "--restart", "--progress", "none"),
            *("--model", model, *arguments),
            **options,
        )

    def wait_for(self, is_so):
        for _ in range(6000):
            if is_so():
                return
            time.sleep(0.01)
        self.fail("did not happen within a minute")

    def test_a_pulled_model_embeds_like_its_folder(self):
        result = self.pull_well()
        self.assertEqual(result.stdout, f"{self.snapshot}\n")
        self.assertEqual((self.entry / "refs" / "main").read_text(), COMMIT)
        served = [p for p in self.hub.paths("hub") + self.hub.paths("store")]
        self.assertFalse([p for p in served if p.endswith((".bin", ".onnx", ".md", ".h5", ".py"))])

        self.hub.stop()  # from here on the cache is all there is
        result = self.embed(model=OPTIONS.model)
        self.assertEqual(result.returncode, 0, result.stderr)
        expected = pq.read_table(self.folder / "out.parquet")
        for model in ("tests/tiny", f"tests/tiny@{COMMIT}", "tests/tiny@main"):
            result = self.embed(model=model)
            self.assertEqual(result.returncode, 0, result.stderr)
            table = pq.read_table(self.folder / "out.parquet")
            self.assertTrue(table.equals(expected))
            footer = table.schema.metadata or pq.read_schema(self.folder / "out.parquet").metadata
            self.assertEqual(footer[b"vecmill.model"], b"tests/tiny")
            self.assertEqual(footer[b"vecmill.revision"], COMMIT.encode())
        result = self.run_vecmill("search", "out.parquet", "hello", "--model", "tests/tiny")
        self.assertEqual(result.returncode, 0, result.stderr)
        result = self.run_vecmill("info", "tests/tiny")
        self.assertIn(f"hub         tests/tiny at {COMMIT}\n", result.stdout)

    def test_a_second_pull_fetches_nothing(self):
        self.pull_well()
        before = len(self.hub.requests)
        self.pull_well()
        self.assertEqual(
            [p for _, p, _ in self.hub.requests[before:]],
            ["/api/models/tests/tiny/revision/main?blobs=true"],
        )

    def test_progress_and_summary(self):
        result = self.run_vecmill("pull", "tests/tiny", "--progress", "json")
        total = sum(f.stat().st_size for f in (self.entry / "blobs").iterdir())
        self.assertRegex(result.stderr, rf'"bytes":{total},"total_bytes":{total},')
        self.assertRegex(result.stderr, rf"tests/tiny at {COMMIT}: \d+ files, .* verified; fetched")

    def test_branches_tags_and_commits(self):
        self.repository.refs["refs/pr/1"] = COMMIT
        self.pull_well("tests/tiny@refs/pr/1")
        self.assertEqual((self.entry / "refs/refs/pr/1").read_text(), COMMIT)
        self.pull_well(f"tests/tiny@{COMMIT}")
        self.assertFalse((self.entry / "refs" / COMMIT).exists())
        self.assertEqual(self.embed().returncode, 1)  # main was never pulled
        self.assertEqual(self.embed(model="tests/tiny@refs/pr/1").returncode, 0)

    def test_main_moves_on_and_old_files_stay(self):
        self.pull_well()
        newer = "f" * 40
        self.repository.refs = {"main": newer, newer: newer}
        self.repository.files["config_sentence_transformers.json"] = b"{}"
        self.assertEqual(self.pull().returncode, 0)
        self.assertEqual((self.entry / "refs" / "main").read_text(), newer)
        self.assertEqual(len(self.hub.ranges(WEIGHTS)), 1)
        self.assertEqual(self.embed(model=f"tests/tiny@{COMMIT}").returncode, 0)
        self.assertEqual(self.embed().returncode, 0)

    def test_a_bare_name_means_sentence_transformers(self):
        self.hub.repositories["sentence-transformers/tiny"] = self.repository
        result = self.pull("tiny")
        self.assertIn("models--sentence-transformers--tiny", result.stdout)
        self.assertEqual(self.embed(model="tiny").returncode, 0)

    def test_a_folder_goes_before_the_hub(self):
        (self.folder / "tests" / "tiny").mkdir(parents=True)
        self.pull_well()
        result = self.embed()
        self.assertIn("tests/tiny/config.json: no such file", result.stderr)

    def test_a_model_that_was_not_pulled(self):
        result = self.embed()
        self.assertEqual(result.returncode, 1)
        self.assertIn("`vecmill pull tests/tiny`", result.stderr)
        self.assertEqual(self.hub.requests, [])

    def test_a_token_stays_with_the_hub(self):
        self.repository.token = TOKEN
        self.pull_well(HF_TOKEN=TOKEN)
        for server, path, headers in self.hub.requests:
            expected = f"Bearer {TOKEN}" if server == "hub" else None
            self.assertEqual(headers.get("Authorization"), expected, path)
        self.assertIn("store", {server for server, _, _ in self.hub.requests})

    def test_a_token_from_the_file_follows_a_renamed_model(self):
        self.repository.token = TOKEN
        self.hub.repositories["tests/old"] = moved = Repository({})
        moved.moved_to = "tests/tiny"
        (self.folder / "home").mkdir()
        (self.folder / "home" / "token").write_text(TOKEN + "\n")
        result = self.pull("tests/old")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("models--tests--old", result.stdout)

    def test_no_access_is_explained_without_the_token(self):
        self.repository.token = "hf_other"
        self.pull_badly("no such model, or it is private", "set HF_TOKEN")
        self.pull_badly("HF_TOKEN", "gives no access", HF_TOKEN=TOKEN)
        self.pull_badly("no such model", "sentence-transformers/NAME", model="tests/none")
        self.assertFalse(self.cache.exists())

    def test_a_gated_model(self):
        self.repository.gated = True
        self.pull_badly("tests/tiny: modules.json: is gated", "set HF_TOKEN")
        self.pull_badly("is gated", "gives no access", HF_TOKEN=TOKEN)

    def test_a_revision_that_is_not_there(self):
        self.pull_badly("no revision 'v9'", model="tests/tiny@v9")

    def test_what_is_no_model(self):
        for model in ("../../etc", "a/b/c", "tests/tiny@../x", ""):
            self.pull_badly("expected ORG/NAME", model=model, code=2)
        self.assertEqual(self.hub.requests, [])

    def test_a_cut_connection_goes_on_where_it_stopped(self):
        self.hub.faults[WEIGHTS] = [Fault(after=30000, then="cut"), Fault(after=40000, then="cut")]
        self.pull_well()
        self.assertEqual(self.hub.ranges(WEIGHTS), [None, "bytes=30000-", "bytes=70000-"])

    def test_a_server_without_ranges_starts_again(self):
        self.hub.faults[WEIGHTS] = [Fault(after=30000, then="cut"), Fault(no_range=True)]
        self.pull_well()
        self.assertEqual(self.hub.ranges(WEIGHTS), [None, "bytes=30000-"])

    def test_a_stalled_connection_is_given_up(self):
        stall = Fault(after=50000, then="stall")
        self.hub.faults[WEIGHTS] = [stall]
        self.pull_well(HF_HUB_DOWNLOAD_TIMEOUT="2")
        self.assertTrue(stall.reached.is_set())
        self.assertIn("bytes=50000-", self.hub.ranges(WEIGHTS))

    def test_what_came_is_kept_for_the_next_pull(self):
        cuts = [Fault(after=20000, then="cut")] + [Fault(then="cut") for _ in range(4)]
        self.hub.faults[WEIGHTS] = cuts
        self.pull_badly(WEIGHTS, "the next pull goes on")
        self.assertFalse(self.snapshot.exists())
        self.assertIn("`vecmill pull tests/tiny`", self.embed().stderr)
        self.pull_well()
        self.assertEqual(self.hub.ranges(WEIGHTS), [None] + 5 * ["bytes=20000-"])

    def test_errors_of_the_server_pass(self):
        self.hub.faults["listing"] = [Fault(status=503), Fault(status=502)]
        self.hub.faults[WEIGHTS] = [Fault(status=429, headers={"Retry-After": "1"})]
        self.hub.faults["vocab.txt"] = [Fault(status=500)]
        self.pull_well()

    def test_errors_of_the_server_that_stay(self):
        faults = [Fault(status=503, headers={"X-Error-Message": "busy\x1b"}) for _ in range(5)]
        self.hub.faults["listing"] = faults
        self.pull_badly("tests/tiny: ", "answers 503 (busy?)")
        self.assertEqual(len(self.hub.requests), 5)

    def test_no_network(self):
        self.hub.stop()
        self.pull_badly("tests/tiny: cannot fetch from http://127.0.0.1:", "HF_ENDPOINT")

    def test_wrong_content_is_not_kept(self):
        self.hub.faults[WEIGHTS] = [Fault(after=1000, then="other")]
        self.pull_badly(WEIGHTS, "SHA-256", self.repository.hash(WEIGHTS), "nothing of it was kept")
        self.assertFalse((self.entry / "blobs" / self.repository.hash(WEIGHTS)).exists())
        self.assertFalse(self.snapshot.exists())
        self.pull_well()
        self.assertEqual(self.hub.ranges(WEIGHTS), [None, None])

    def test_wrong_content_of_a_small_file(self):
        self.hub.faults["modules.json"] = [Fault(after=10, then="other")]
        self.pull_badly("modules.json", "git hash", self.repository.hash("modules.json"))
        self.pull_well()

    def test_wrong_content_in_the_cache_is_replaced(self):
        self.pull_well()
        blob = self.entry / "blobs" / self.repository.hash(WEIGHTS)
        blob.write_bytes(bytes(len(self.weights)))
        vocab = self.entry / "blobs" / self.repository.hash("vocab.txt")
        vocab.unlink()
        blob.with_name(blob.name + ".incomplete").write_bytes(b"rubbish")
        self.pull_well()

    def test_more_content_than_announced(self):
        self.repository.listed[WEIGHTS] = {
            "lfs": {"size": 1000, "sha256": self.repository.hash(WEIGHTS)}
        }
        self.pull_badly(WEIGHTS, "more than the 1000 bytes")

    def test_names_that_leave_the_folder(self):
        self.repository.files["../../../evil/config.json"] = b"{}"
        self.pull_badly_for_modules(b'[{"path": "../../../evil"}]', "is not a folder below")
        self.pull_badly_for_modules(b'[{"path": "/etc"}]', "is not a folder below")
        self.pull_badly_for_modules(b'{"path": ""}', "expected an array")
        self.repository.refs["main"] = "../../../evil"
        self.pull_badly("expected a commit")
        self.repository.refs["main"] = COMMIT
        self.repository.listed["config.json"] = {"blobId": "../../../evil"}
        self.pull_badly("expected 40 hex digits")
        self.assertEqual([p for p in self.folder.rglob("*") if "evil" in p.name], [])

    def pull_badly_for_modules(self, content, message):
        self.repository.files["modules.json"] = content
        self.pull_badly("tests/tiny: modules.json", message)

    def test_a_listing_without_hashes(self):
        self.repository.listed["config.json"] = {"blobId": None, "size": None}
        self.pull_badly("config.json: the hub lists it without a hash")

    def test_a_model_without_safetensors_or_tokenizer(self):
        del self.repository.files["tokenizer.json"]
        self.pull_badly("no tokenizer.json", ".save('FOLDER')")
        del self.repository.files[WEIGHTS]
        self.pull_badly("no weights in safetensors files", ".save('FOLDER')")
        self.assertEqual(self.hub.paths("store"), [])

    def test_offline(self):
        self.pull_badly("HF_HUB_OFFLINE", HF_HUB_OFFLINE="1")
        self.assertEqual(self.hub.requests, [])
        self.pull_well()
        before = len(self.hub.requests)
        self.assertEqual(self.pull(HF_HUB_OFFLINE="yes").stdout, f"{self.snapshot}\n")
        self.assertEqual(self.embed(HF_HUB_OFFLINE="1").returncode, 0)
        self.assertEqual(len(self.hub.requests), before)

    def test_variables_that_make_no_sense(self):
        self.pull_badly("HF_HUB_DOWNLOAD_TIMEOUT", code=2, HF_HUB_DOWNLOAD_TIMEOUT="soon")
        self.pull_badly("HF_ENDPOINT", code=2, HF_ENDPOINT="huggingface")
        self.pull_badly("HF_TOKEN", code=2, HF_TOKEN=f"{TOKEN}\x7f")

    def test_two_pulls_at_once_fetch_once(self):
        stall = Fault(after=30000, then="stall")
        self.hub.faults[WEIGHTS] = [stall]
        first = self.start("pull", "tests/tiny", "--progress", "none")
        self.assertTrue(stall.reached.wait(60))
        others = [self.start("pull", "tests/tiny", "--progress", "none") for _ in range(3)]
        stall.release.set()
        for process in (first, *others):
            result = self.finish(process)
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_whole()
        self.assertEqual(self.hub.ranges(WEIGHTS), [None, "bytes=30000-"])

    def test_killed_and_run_again(self):
        for names in (["modules.json"], [WEIGHTS, "tokenizer.json"]):
            stalls = [Fault(after=100, then="stall") for _ in names]
            self.hub.faults = {name: [stall] for name, stall in zip(names, stalls, strict=True)}
            process = self.start("pull", "tests/tiny", "--progress", "none")
            for name in names:
                blob = self.entry / "blobs" / (self.repository.hash(name) + ".incomplete")
                self.wait_for(lambda blob=blob: blob.exists() and blob.stat().st_size == 100)
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
            self.assertIn("`vecmill pull tests/tiny`", self.embed().stderr)
            for stall in stalls:
                stall.release.set()
        self.pull_well()
        self.assertEqual(self.hub.ranges(WEIGHTS), [None, "bytes=100-"])

    def test_a_snapshot_of_single_files_is_not_taken_for_the_model(self):
        self.pull_well()
        (self.snapshot / "modules.json").unlink()
        result = self.embed()
        self.assertEqual(result.returncode, 1)
        self.assertIn("only some files", result.stderr)
        self.assertIn("`vecmill pull tests/tiny`", result.stderr)
        self.pull_well()
        self.assertEqual(self.embed().returncode, 0)

    def test_a_model_without_modules(self):
        for path in ("modules.json", "1_Pooling/config.json", "sentence_bert_config.json"):
            del self.repository.files[path]
        self.assertEqual(self.pull().returncode, 0)
        self.assertTrue((self.entry / ".no_exist" / COMMIT / "modules.json").exists())
        self.assertEqual(self.embed().returncode, 0)

    def test_shards(self):
        shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
        del self.repository.files[WEIGHTS]
        for path in (*shards, "model.safetensors.index.json"):
            self.repository.files[path] = path.encode()
        self.assertEqual(self.pull().returncode, 0)
        self.assertEqual((self.snapshot / shards[1]).read_text(), shards[1])

    def test_no_room(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        self.pull_badly(".incomplete: cannot write", "HF_HUB_CACHE", preexec_fn=limit)
        self.pull_well()
        self.assertEqual(self.hub.ranges(WEIGHTS)[1], "bytes=100000-")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--vecmill", required=True)
    parser.add_argument("--model", required=True)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
