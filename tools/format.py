#!/usr/bin/env python3
"""Format the C++ sources with the clang-format of .venv, whose version tools/requirements.in pins.

    tools/format.py            rewrite them
    tools/format.py --check    only name those that differ; exit 1 if any, 77 without clang-format
"""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    check = "--check" in sys.argv[1:]
    clang_format = ROOT / ".venv/bin/clang-format"
    if not clang_format.exists():
        print(f"format: skipped, no {clang_format}; tools/setup installs it")
        sys.exit(77)
    folders = ("src", "include", "cli", "python", "tests", "bench")
    files = sorted(f for folder in folders for f in (ROOT / folder).rglob("*.[ch]*"))
    files = [str(f.relative_to(ROOT)) for f in files if f.suffix in (".h", ".cc")]
    how = ["--dry-run", "-Werror"] if check else ["-i"]
    result = subprocess.run([clang_format, *how, *files], cwd=ROOT)
    if result.returncode != 0:
        sys.exit("format: the places above differ from .clang-format; make fmt corrects them")
    print(f"format: {len(files)} files " + ("are formatted" if check else "formatted"))


if __name__ == "__main__":
    main()
