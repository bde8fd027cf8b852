"""Test that memory does not grow with rows: embed a small and a large table, compare the peaks.

    memory_test.py --vecmill FILE --model FOLDER --work FOLDER SMALL_ROWS LARGE_ROWS

Peaks are the kernel's account of the finished process (wait4's ru_maxrss). Fails if either is beyond the
model's size + 600 MB, or the large table's beyond 1.1 times the small one's.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import time

ROOM_BYTES = 600_000_000
MAX_GROWTH = 1.1


def make_table(work, num_rows):
    """A table of so many rows, made by a process of its own."""
    path = work / f"rows_{num_rows}.parquet"
    generator = pathlib.Path(__file__).with_name("make_rows.py")
    subprocess.run([sys.executable, generator, str(num_rows), path], check=True)
    return path


def embed(vecmill, model, table):
    """Run the command; peak resident bytes and seconds."""
    output = table.with_name(f"{table.stem}_embedded.parquet")
    start = time.monotonic()
    process = subprocess.Popen(
        [vecmill, "embed", table, "-o", output, "--model", model, "--restart", "--progress", "none"]
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"memory: vecmill embed ended with code {process.returncode}")
    return output, usage.ru_maxrss * 1024, seconds


def check_rows(output, num_rows):
    # Not imported earlier: a child process begins with its parent's peak.
    import pyarrow.parquet

    written = pyarrow.parquet.read_metadata(output).num_rows
    output.unlink()
    if written != num_rows:
        sys.exit(f"memory: {num_rows} rows in, {written} out")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vecmill", required=True, type=pathlib.Path)
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("rows", nargs=2, type=int)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)

    model_bytes = sum(f.stat().st_size for f in arguments.model.rglob("*") if f.is_file())
    bound = model_bytes + ROOM_BYTES
    print(f"memory: {'rows':>9} {'peak':>9} {'seconds':>8} {'rows/s':>8}   allowed {bound / 1e6:.0f} MB")
    peaks, outputs = [], []
    for num_rows in arguments.rows:
        table = make_table(arguments.work, num_rows)
        output, peak, seconds = embed(arguments.vecmill, arguments.model, table)
        print(f"memory: {num_rows:9,} {peak / 1e6:6.1f} MB {seconds:8.1f} {num_rows / seconds:8,.0f}", flush=True)
        table.unlink()
        outputs.append(output)
        peaks.append(peak)

    growth = peaks[1] / peaks[0]
    print(f"memory: the peak of {arguments.rows[1]:,} rows is {growth:.3f} times that of {arguments.rows[0]:,}")
    for output, num_rows in zip(outputs, arguments.rows):
        check_rows(output, num_rows)
    if max(peaks) > bound:
        sys.exit(f"memory: peak of {max(peaks) / 1e6:.1f} MB, {bound / 1e6:.1f} MB allowed")
    if growth > MAX_GROWTH:
        sys.exit(f"memory: grew by a factor of {growth:.3f} with the rows, {MAX_GROWTH} allowed")


main()
