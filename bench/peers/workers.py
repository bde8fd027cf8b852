"""Benchmarked processes, seen from outside: they wait idle until asked, so only one computes at a time."""

import json
import os
import pathlib
import subprocess

TICKS = os.sysconf("SC_CLK_TCK")


def machine_cpu_seconds():
    """CPU time the whole machine has spent busy, time stolen by other guests included."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(
        int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / TICKS


class Worker:
    """A process that answers lines with JSON lines; `about` is what it says of itself when ready."""

    def __init__(self, command):
        self.command = [str(word) for word in command]
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.about = self.read()

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        return self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"bench: ended early, code {self.process.wait()}: {' '.join(self.command)}")
        return json.loads(line)

    def run(self):
        """Ask for a run; its answer plus `disturbance`, the share of the machine that others used meanwhile."""
        own, everybody = self.cpu_seconds(), machine_cpu_seconds()
        answer = self.ask("run")
        others = (machine_cpu_seconds() - everybody) - (self.cpu_seconds() - own)
        answer["disturbance"] = max(0.0, others) / answer["seconds"] / os.cpu_count()
        return answer

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def peak_memory_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Command:
    """The whole command `vecmill embed`, a new process each run; file reading and writing included."""

    about = {"versions": {}}

    def __init__(self, vecmill, table, options):
        self.output = table.with_name(f"{table.stem}_embedded.parquet")
        self.stats = table.with_name(f"{table.stem}_stats.json")
        self.command = [str(w) for w in (vecmill, "embed", table, "-o", self.output, "--stats", self.stats,
                                         "--restart", "--progress", "none", *options)]
        self.memory = 0

    def run(self):
        everybody, own = machine_cpu_seconds(), sum(os.times()[2:4])
        subprocess.run(self.command, check=True)
        stats = json.loads(self.stats.read_text())
        self.memory = max(self.memory, stats["peak_memory_bytes"])
        others = (machine_cpu_seconds() - everybody) - (sum(os.times()[2:4]) - own)
        whole = stats["embed_seconds"] + stats["load_seconds"]
        return {
            "seconds": stats["embed_seconds"],
            "load_seconds": stats["load_seconds"],
            "disturbance": max(0.0, others) / whole / os.cpu_count(),
        }

    def peak_memory_bytes(self):
        return self.memory

    def close(self):
        pass
