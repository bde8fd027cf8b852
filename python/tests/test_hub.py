"""Models by their name on a hub, from a cache in huggingface_hub's layout; nothing leaves this machine."""

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

MODEL = pathlib.Path(__file__).parents[2] / "tests/data/models/tiny_bert"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        repository = self.folder / "models--org--tiny"
        shutil.copytree(MODEL, repository / "snapshots" / COMMIT)
        (repository / "refs").mkdir()
        (repository / "refs/main").write_text(COMMIT)

    def run_python(self, code, **environment):
        environment = os.environ | {"HF_HUB_CACHE": str(self.folder), "HF_HUB_OFFLINE": "1"} | environment
        command = [sys.executable, "-c", f"import vecmill; {code}"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=self.folder)

    @unittest.skipUnless(importlib.util.find_spec("huggingface_hub"), "no huggingface_hub in this environment")
    def test_a_model_of_the_cache(self):
        for name in ("org/tiny", "org/tiny@main", f"org/tiny@{COMMIT}"):
            with self.subTest(name):
                done = self.run_python(f"print(vecmill.load({name!r}).dim)")
                self.assertEqual((done.stdout, done.returncode), ("48\n", 0), done.stderr)

    def test_a_folder_of_that_name_comes_first(self):
        shutil.copytree(MODEL, self.folder / "org/tiny")
        done = self.run_python("print(vecmill.load('org/tiny').description['path'])")
        self.assertEqual(done.stdout, "org/tiny\n", done.stderr)

    def test_what_is_nowhere(self):
        done = self.run_python("vecmill.load('org/other')")
        self.assertIn("vecmill.Error: org/other: no such folder", done.stderr)
        done = self.run_python("import sys; sys.modules['huggingface_hub'] = None; vecmill.load('org/tiny')")
        self.assertIn("vecmill.Error: org/tiny: no such folder; to load a model of the hub", done.stderr)


if __name__ == "__main__":
    unittest.main()
