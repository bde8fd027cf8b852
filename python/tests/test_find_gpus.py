"""vecmill-find-gpus beside a driver's command that says what a test wants it to."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest


class FindGpusTest(unittest.TestCase):
    def find(self, script, **environment):
        with tempfile.TemporaryDirectory() as folder:
            if script is not None:
                driver = pathlib.Path(folder, "nvidia-smi")
                driver.write_text(f"#!/bin/sh\n{script}\n")
                driver.chmod(0o755)
            environment = {"PATH": f"{folder}:/usr/bin:/bin", "PYTHONPATH": os.environ.get("PYTHONPATH", ""), **environment}
            command = [sys.executable, "-m", "vecmill.find_gpus"]
            return subprocess.run(command, env=environment, capture_output=True, text=True)

    def addresses(self, *args, **environment):
        found = json.loads(self.find(*args, **environment).stdout)
        self.assertEqual(found["name"], "gpu")
        return found["addresses"]

    def test_gpus_of_the_driver(self):
        two = "printf '0, GPU-aa\\n1, GPU-bb\\n'"
        self.assertEqual(self.addresses(two), ["0", "1"])
        self.assertEqual(self.addresses(two, CUDA_VISIBLE_DEVICES="1"), ["1"])
        self.assertEqual(self.addresses(two, CUDA_VISIBLE_DEVICES="GPU-aa"), ["0"])
        self.assertEqual(self.addresses(two, CUDA_VISIBLE_DEVICES=""), [])

    def test_no_driver_means_no_gpu(self):
        self.assertEqual(self.addresses(None), [])

    def test_a_driver_that_fails_is_an_error(self):
        done = self.find("echo 'no devices were found'; exit 6")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no devices were found", done.stderr)


if __name__ == "__main__":
    unittest.main()
