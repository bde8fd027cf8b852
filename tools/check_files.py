#!/usr/bin/env python3
"""Check what no compiler checks: files under 500 lines, ASCII only, a newline at the end.

    tools/check_files.py [ROOT]

Prints every violation as FILE:LINE: TEXT and exits 1 if there is one. tests/data is data.
"""

import pathlib
import sys

MAX_LINES = 500
FOLDERS = ("src", "include", "cli", "python", "examples", "tests", "bench", "tools", "cmake", ".ci")
SUFFIXES = (".h", ".cc", ".py", ".cmake", ".sh", ".txt", ".in", "")
# Written by programs (pip-compile, generators of tables), or data.
EXEMPT = ("tests/data/", "tests/golden/", "tools/requirements", "_data.cc", ".inc")


def violations_of(path, text):
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        yield f"{path}:{MAX_LINES}: {len(lines) - 1} lines, under {MAX_LINES} allowed: split it"
    for number, line in enumerate(lines, 1):
        if not line.isascii():
            odd = next(c for c in line if not c.isascii())
            yield f"{path}:{number}: U+{ord(odd):04X} is not ASCII: write it as an escape"
    if text and not text.endswith("\n"):
        yield f"{path}:{len(lines)}: no newline at the end"


def violations(root):
    files = [f for folder in FOLDERS for f in (root / folder).rglob("*")]
    for file in sorted(f for f in files if f.is_file() and f.suffix in SUFFIXES):
        path = file.relative_to(root).as_posix()
        if "__pycache__" not in path and not any(e in path for e in EXEMPT):
            yield from violations_of(path, file.read_text(encoding="utf-8"))


def main():
    default = pathlib.Path(__file__).resolve().parent.parent
    found = list(violations(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default))
    print("\n".join(found) or "files: sizes and characters are in order")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
