"""A standalone Spark cluster on this machine: a master, and two workers that stand for nodes."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pyspark

SPARK_CLASS = str(pathlib.Path(pyspark.__file__).parent / "bin/spark-class")
CORES = 2


class Cluster:
    """Ends with close(). Each node has a cache of its own, and a GPU that is none."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self._processes = []
        self.url = self._start_master()
        self.nodes = [self._start_node(i) for i in range(2)]

    def close(self):
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(30)

    def _start(self, name, arguments, environment):
        environment = os.environ | {"SPARK_NO_DAEMONIZE": "1"} | environment
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes.append(subprocess.Popen([SPARK_CLASS, *arguments], env=environment, stdout=log, stderr=log))

    def _wait_for(self, name, pattern):
        for _ in range(600):
            text = (self.folder / f"{name}.log").read_text()
            if found := re.search(pattern, text):
                return found.group(1)
            time.sleep(0.2)
        raise TimeoutError(f"{name} did not say {pattern!r}:\n{text}")

    def _start_master(self):
        master = ["org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
        self._start("master", master, {})
        return self._wait_for("master", r"Starting Spark master at (spark://\S+)")

    def _start_node(self, i):
        """The node's cache."""
        name = f"node{i}"
        cache = self.folder / name
        cache.mkdir(mode=0o700)
        script = self.folder / f"{name}-gpus"
        script.write_text(f'#!/bin/sh\necho \'{{"name": "gpu", "addresses": ["{i}"]}}\'\n')
        script.chmod(0o755)
        gpus = f"-Dspark.worker.resource.gpu.amount=1 -Dspark.worker.resource.gpu.discoveryScript={script}"
        worker = ["org.apache.spark.deploy.worker.Worker", self.url, "--host", "127.0.0.1", "--webui-port", "0"]
        worker += ["--cores", str(CORES), "--memory", "1g", "--work-dir", str(self.folder / f"{name}-work")]
        environment = {"VECMILL_CACHE": str(cache), "XDG_RUNTIME_DIR": str(cache), "SPARK_WORKER_OPTS": gpus}
        self._start(name, worker, environment)
        self._wait_for(name, r"(Successfully registered with master)")
        return cache


def processes():
    """By process id: (parent, command line)."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        found[int(folder.name)] = (parent, command)
    return found


def executors(cluster):
    """The process ids of the cluster's executors."""
    url = cluster.folder.name
    return [
        pid
        for pid, (_, command) in processes().items()
        if "CoarseGrainedExecutorBackend" in command and url in os.readlink(f"/proc/{pid}/cwd")
    ]


def python_workers(cluster):
    """The process ids of Python workers: the children of their executors' daemons."""
    known, of = processes(), set(executors(cluster))
    daemons = {pid for pid, (parent, command) in known.items() if parent in of and "pyspark.daemon" in command}
    return [pid for pid, (parent, _) in known.items() if parent in daemons]


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        print(f"process {pid} was gone already", file=sys.stderr)
