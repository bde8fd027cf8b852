"""What the tests of embedding servers share."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from vecmill import server_place
from vecmill.client import connect

MODEL = pathlib.Path(__file__).parents[2] / "tests/data/models/tiny_bert"
DIM = 48
TEXTS = ["hello world", None, "", "the quick brown fox", "caf\u00e9 \u65e5\u672c \U0001f600", "a " * 100]
WATCHDOG_SECONDS = 60


def wait_until(condition):
    deadline = time.monotonic() + WATCHDOG_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("what was waited for did not happen")
        time.sleep(0.02)


class ServingTest(unittest.TestCase):
    """Gives each test a private folder, and ends the servers that it started there."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vecmill_serve_"))
        self.path = self.folder / "s.sock"
        self.addCleanup(self.clean_up)

    def clean_up(self):
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder)

    def log(self):
        path = self.path.with_suffix(".log")
        return path.read_text() if path.exists() else ""

    def pids(self):
        """The servers that came to serve, in the order in which they did."""
        return [int(pid) for pid in re.findall(r"(\d+) serves", self.log())]

    def start(self, *arguments):
        """A server of one's own, which serves when this returns."""
        command = [sys.executable, "-m", "vecmill.serve", "--socket", self.path, "--threads", "1"]
        with open(self.path.with_suffix(".log"), "a") as log:
            server = subprocess.Popen([*command, *arguments, MODEL], stderr=log)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        wait_until(lambda: f"{server.pid} serves" in self.log())
        return server

    def connect(self, **options):
        remote = connect(MODEL, socket=self.path, **options)
        self.addCleanup(remote.close)
        return remote

    def dial(self):
        sock = server_place.dial(self.path)
        self.addCleanup(sock.close)
        sock.settimeout(WATCHDOG_SECONDS)
        return sock
