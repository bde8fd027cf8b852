#!/usr/bin/env python3
"""Run one command-line test: a data file of commands and what they must print.

    run_cli_test.py --vecmill BUILD/vecmill --model FOLDER FILE.test

Lines of a test file, run top to bottom in an empty folder:

    # a comment
    file NAME           the lines up to a line ---- are written to NAME
    run COMMAND         run by bash; `vecmill` is the binary under test, $MODEL the model folder
    exit N              exit code of the last command
    stdout REGEX        somewhere in what it printed (re.search, multi-line)
    stderr REGEX
    not-stdout REGEX    nowhere
    not-stderr REGEX
    exists NAME         the file or folder is there
    missing GLOB        nothing matches

Every run must be followed by its exit line.
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile


def fail(test, line, message, result=None):
    print(f"{test}:{line}: {message}")
    if result is not None:
        print(f"--- command: {result.args[-1]}\n--- exit: {result.returncode}")
        print(f"--- stdout:\n{result.stdout[-2000:]}\n--- stderr:\n{result.stderr[-2000:]}")
    sys.exit(1)


def check(test, number, verb, rest, result):
    streams = {"stdout": result.stdout, "stderr": result.stderr}
    if verb == "exit" and result.returncode != int(rest):
        fail(test, number, f"exit code {result.returncode}, expected {rest}", result)
    if verb in streams and not re.search(rest, streams[verb], re.M):
        fail(test, number, f"{verb} does not match {rest!r}", result)
    if verb.startswith("not-") and re.search(rest, streams[verb[4:]], re.M):
        fail(test, number, f"{verb[4:]} matches {rest!r}", result)


def run_test(path, environment):
    lines = open(path, encoding="utf-8").read().split("\n")
    result, awaiting_exit, checks, i = None, False, 0, 0
    while i < len(lines):
        number, line = i + 1, lines[i]
        i += 1
        verb, _, rest = line.partition(" ")
        if not line or line.startswith("#"):
            continue
        if awaiting_exit and verb != "exit":
            fail(path, number, "a run line must be followed by its exit line")
        awaiting_exit = verb == "run"
        if verb == "file":
            end = lines.index("----", i)
            with open(rest, "w", encoding="utf-8") as out:
                out.writelines(text + "\n" for text in lines[i:end])
            i = end + 1
        elif verb == "run":
            result = subprocess.run(["bash", "-c", rest], capture_output=True, text=True,
                                    errors="replace", env=environment, timeout=120, check=False)
        elif verb in ("exit", "stdout", "stderr", "not-stdout", "not-stderr"):
            check(path, number, verb, rest, result)
            checks += 1
        elif verb == "exists":
            if not os.path.exists(rest):
                fail(path, number, f"{rest} does not exist; there is {os.listdir('.')}", result)
            checks += 1
        elif verb == "missing":
            if found := glob.glob(rest):
                fail(path, number, f"{found} should not exist", result)
            checks += 1
        else:
            fail(path, number, f"unknown line {line!r}")
    if not checks:
        fail(path, 1, "nothing was checked")
    print(f"{os.path.basename(path)}: {checks} checks passed")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("test")
    parser.add_argument("--vecmill", required=True)
    parser.add_argument("--model", required=True)
    args = parser.parse_args()
    test = os.path.abspath(args.test)
    environment = dict(os.environ, MODEL=os.path.abspath(args.model), LC_ALL="C.UTF-8")
    folders = [os.path.dirname(os.path.abspath(args.vecmill)), os.path.dirname(sys.executable)]
    environment["PATH"] = os.pathsep.join(folders + [environment["PATH"]])
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run_test(test, environment)
        os.chdir("/")


main()
