"""Time vecmill beside its peers on the same texts, or only verify its vectors; bench/run_peers calls this.

For each set of texts: every contender becomes a process of its own, the graph engines choose their best
setting on a quarter of the texts, every contender's vectors are compared with sentence-transformers in
fp32, row by row, and only then rounds begin: A B C A B C ... Times run from strings in memory to vectors
in memory; the contender `vecmill embed` is the whole command, files read and written, its loading of the
model reported apart. Prints a table and writes JSON to bench/results/. Exits 1 if vectors differ.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import struct
import subprocess
import sys

import numpy
import pyarrow
import pyarrow.parquet

import report
import workers

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
# Of the environment, not an option: a result records its options, and this is a path of one machine.
PEERS_PYTHON = pathlib.Path(os.environ["VECMILL_PEERS_VENV"], "bin/python")
REFERENCE = "sentence-transformers"
PEERS = (REFERENCE, "onnxruntime", "openvino", "openvino-latency")
MAX_DIFFERENCE = 1e-5
MIN_COSINE = 0.999999


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=ROOT / "build/bench", type=pathlib.Path, help="folder of the preset bench")
    parser.add_argument("--model", default=ROOT / "demo/all-MiniLM-L6-v2", type=pathlib.Path)
    parser.add_argument("--texts", default=ROOT / "demo/texts", type=pathlib.Path)
    parser.add_argument("--work", default=ROOT / "build/peers-work", type=pathlib.Path)
    parser.add_argument("--case", nargs=2, action="append", metavar=("TEXTS", "ROWS"), dest="cases",
                        help="texts of TEXTS.parquet (default: short 4000, long 1200)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--verify-only", action="store_true", help="compare the vectors, time nothing")
    parser.add_argument("--results", default=ROOT / "bench/results", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.cases = [(name, int(rows)) for name, rows in arguments.cases or (("short", 4000), ("long", 1200))]
    return arguments


def take_texts(arguments, name, rows):
    """The first `rows` texts, repeats left out (vecmill would compute them once), as TEXTS file and table."""
    texts = pyarrow.parquet.read_table(arguments.texts / f"{name}.parquet", columns=["text"])["text"]
    texts = list(dict.fromkeys(texts.to_pylist()))[:rows]
    table, raw = arguments.work / f"{name}.parquet", arguments.work / f"{name}.texts"
    pyarrow.parquet.write_table(pyarrow.table({"text": texts}), table)
    with open(raw, "wb") as file:
        for text in map(str.encode, texts):
            file.write(struct.pack("<I", len(text)) + text)
    return texts, raw, table


def start(arguments, raw, table):
    """All contenders, by name. Nothing is timed yet."""
    contenders = {"vecmill": workers.Worker([arguments.build / "peers_ours", arguments.model, raw, arguments.threads])}
    if not arguments.verify_only:
        options = ("--model", arguments.model, "--threads", arguments.threads)
        contenders["vecmill embed"] = workers.Command(arguments.build / "vecmill", table, options)
    for peer in (REFERENCE,) if arguments.verify_only else PEERS:
        contenders[peer] = workers.Worker(
            [PEERS_PYTHON, HERE / "peer_worker.py", peer, arguments.model, raw, arguments.work,
             arguments.threads]
        )
    return contenders


def vectors_of(contender, path):
    """The vectors of the contender's last run, [N, dim] f32."""
    if isinstance(contender, workers.Command):
        column = pyarrow.parquet.read_table(contender.output)["embedding"].combine_chunks()
        return column.flatten().to_numpy().reshape(len(column), -1)
    contender.ask(f"save {path}")
    return numpy.fromfile(path, numpy.float32)


def verify(contenders, num_rows, work):
    """Compare every row with the reference; largest difference and smallest cosine by contender."""
    contenders[REFERENCE].run()
    reference = vectors_of(contenders[REFERENCE], work / "vectors.f32").reshape(num_rows, -1).astype(numpy.float64)
    accuracy = {}
    for name, contender in contenders.items():
        if name == REFERENCE:
            continue
        contender.run()
        vectors = vectors_of(contender, work / "vectors.f32").reshape(reference.shape).astype(numpy.float64)
        lengths = numpy.linalg.norm(vectors, axis=1) * numpy.linalg.norm(reference, axis=1)
        cosines = (vectors * reference).sum(axis=1) / lengths
        difference = float(numpy.abs(vectors - reference).max())
        cosine = float(cosines.min())
        # Written so that NaN fails.
        equal = difference <= MAX_DIFFERENCE and cosine >= MIN_COSINE
        accuracy[name] = {"max_difference": difference, "min_cosine": cosine, "verified": equal}
    return accuracy


def run_rounds(contenders, num_rounds):
    runs = {name: [] for name in contenders}
    peaks = []
    for _ in range(num_rounds):
        peaks.append(contenders["vecmill"].ask("peak")["gflops"])
        for name, contender in contenders.items():
            runs[name].append(contender.run())
    return runs, peaks


def run_case(arguments, name, rows):
    print(f"\n== {name}: starting every contender, choosing settings, verifying vectors", flush=True)
    texts, raw, table = take_texts(arguments, name, rows)
    contenders = start(arguments, raw, table)
    about = contenders["vecmill"].about
    case = {"texts": name, "rows": len(texts), "tokens": about["tokens"], "token_pairs": about["token_pairs"],
            "flop_per_token": about["flop_per_token"], "contenders": {n: {} for n in contenders}}
    try:
        if not arguments.verify_only:
            for peer in PEERS:
                case["contenders"][peer] |= contenders[peer].ask("tune")
        for contender, accuracy in verify(contenders, len(texts), arguments.work).items():
            case["contenders"][contender] |= accuracy
        report.print_accuracy(case)
        if not arguments.verify_only and report.all_verified(case):
            runs, case["peak_gflops"] = run_rounds(contenders, arguments.rounds)
            for contender, process in contenders.items():
                case["contenders"][contender] |= {
                    "versions": process.about["versions"],
                    "peak_memory_bytes": process.peak_memory_bytes(),
                    "runs": runs[contender],
                    "median_seconds": statistics.median(run["seconds"] for run in runs[contender]),
                }
    finally:
        for process in contenders.values():
            process.close()
    return case


def describe_machine():
    cpu = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    flags = next((line for line in open("/proc/cpuinfo") if line.startswith("flags")), "")
    features = [f for f in ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16") if f" {f} " in flags]
    return {"cpu": cpu[0] if cpu else platform.processor(), "cpus": len(cpu), "features": features,
            "system": platform.platform()}


def describe_model(folder):
    config = json.loads((folder / "config.json").read_text())
    return {"name": folder.name} | {k: config[k] for k in ("hidden_size", "intermediate_size", "num_hidden_layers")}


def git(*words):
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def main():
    arguments = parse_arguments()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if not arguments.verify_only and not (arguments.work / "onnxruntime.onnx").exists():
        subprocess.run([PEERS_PYTHON, HERE / "export_models.py", arguments.model, arguments.work], check=True)
    result = {
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": git("rev-parse", "--short", "HEAD"),
        "uncommitted_changes": bool(git("status", "--porcelain", "--untracked-files=no")),
        "command": sys.argv,
        "machine": describe_machine(),
        "model": describe_model(arguments.model),
        "threads": arguments.threads,
        "cases": [run_case(arguments, name, rows) for name, rows in arguments.cases],
    }
    verified = all(map(report.all_verified, result["cases"]))
    if not arguments.verify_only and verified:
        arguments.results.mkdir(parents=True, exist_ok=True)
        path = arguments.results / f"peers_{result['time'][:10]}_{result['commit']}.json"
        path.write_text(json.dumps(result, indent=1) + "\n")
        report.print_speed(result, path)
    if not verified:
        sys.exit("bench: vectors differ from the reference")


if __name__ == "__main__":
    main()
