"""The programs of docs/engines.md, as they stand there: each gives the vectors of vecmill.load(...).embed."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import vecmill

ROOT = pathlib.Path(__file__).parents[2]
MODEL = ROOT / "tests/data/models/tiny_bert"
# Before a program: a machine of two CPUs and little memory, to Ray.
SETUP = {
    "Ray Data": "import ray\nray.init(num_cpus=2, object_store_memory=100_000_000, include_dashboard=False)\n",
}

# Imported by every Python process at its start: notes each model that is loaded, with the threads it is to have.
NOTE_LOADS = """
import os, vecmill
load = vecmill.load
def noted(*args, **options):
    with open("{folder}/loads", "a") as file:
        file.write(os.environ.get("OMP_NUM_THREADS", "") + "\\n")
    return load(*args, **options)
vecmill.load = noted
"""


def programs():
    """The Python programs of the page, by the heading that each stands under."""
    sections = re.split(r"^## ", (ROOT / "docs/engines.md").read_text(), flags=re.MULTILINE)
    found = {section.split("\n")[0]: re.search(r"^```python\n(.*?)^```", section, re.S | re.M) for section in sections}
    return {heading: program[1] for heading, program in found.items() if program}


def texts(n):
    """N texts of many lengths; every 17th is null, every 23rd is empty."""
    words = "the quick brown fox jumps over a lazy dog caf\u00e9 \u65e5\u672c hello world of paper and glass".split()
    made = [" ".join(words[(i * 31 + j * j) % len(words)] for j in range((i * 7919) % 31)) for i in range(n)]
    return [None if i % 17 == 0 else "" if i % 23 == 0 else text for i, text in enumerate(made)]


class EnginesTest(unittest.TestCase):
    def run_program(self, heading):
        """Texts, and what the program makes of them: (id, text, vector) by id; and OMP_NUM_THREADS at each load."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="vecmill-engines-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        (folder / "model").symlink_to(MODEL)
        rows = texts(5000)
        columns = [pa.array(range(len(rows))), pa.array(rows, pa.string())]
        pq.write_table(pa.table(columns, ["id", "text"]), folder / "texts.parquet", row_group_size=700)
        (folder / "program.py").write_text(SETUP.get(heading, "") + programs()[heading])
        (folder / "sitecustomize.py").write_text(NOTE_LOADS.format(folder=folder))
        path = os.pathsep.join([str(ROOT / "build/release/python"), str(folder)])
        environment = os.environ | {"PYTHONPATH": path, "RAY_USAGE_STATS_ENABLED": "0"}
        ran = subprocess.run(
            [sys.executable, "program.py"], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertNotIn("nanobind: leaked", ran.stderr)
        files = [str(file) for file in folder.glob("embedded*/*.parquet")] or [str(folder / "embedded.parquet")]
        # By DuckDB: pyarrow before 26 reads no null vectors of a fixed size.
        read = duckdb.read_parquet(files).project("id, text, embedding::FLOAT[]").order("id")
        return rows, read.fetchall(), (folder / "loads").read_text().splitlines()

    def check(self, heading, threads=""):
        """The program gives the engine's vectors, and loads the model once."""
        rows, made, loads = self.run_program(heading)
        self.assertEqual(loads, [threads])
        self.assertEqual([(row_id, text) for row_id, text, _ in made], list(enumerate(rows)))
        expected = vecmill.load(MODEL).embed(rows, output="arrow").to_pylist()
        for (_, _, vector), wanted in zip(made, expected, strict=True):
            self.assertEqual(None if vector is None else list(vector), wanted)

    def test_ray_data(self):
        self.check("Ray Data", threads="1")

    def test_daft(self):
        self.check("Daft")

    def test_duckdb(self):
        self.check("DuckDB")

    def test_polars(self):
        self.check("Polars")

    def test_every_program_has_a_test(self):
        self.assertEqual(programs().keys(), {"Ray Data", "Daft", "DuckDB", "Polars"})


if __name__ == "__main__":
    unittest.main()
