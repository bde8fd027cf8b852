#!/usr/bin/env python3
"""Check the direction of includes against the table below; ARCHITECTURE.md explains it.

    tools/check_layers.py [ROOT]

Reads the #include lines of src/ROOM, include/vecmill, cli, python and tests, prints every violation as
FILE:LINE: TEXT and exits 1 if there is one.
"""

import pathlib
import re
import sys

# What each room may include beside itself, the standard library, the system and the public headers.
BELOW_NETS = ["base", "ops", "weights", "batch"]
ROOMS = {
    "base": [],
    "tokenizer": ["base"],
    "weights": ["base"],
    "ops": ["base"],
    "batch": ["base"],
    "table": ["base"],
    "hub": ["base"],
    "nets": BELOW_NETS,
    "engine": [*BELOW_NETS, "tokenizer", "nets"],
    "run": ["base", "engine", "table"],
    "cli": ["base", "run", "hub"],
    "python": [],
    "vecmill": [],
}
ROOMS["tests"] = [room for room in ROOMS if room != "tests"]

# The one room of each third-party library, by the first folder of its headers or the one header it
# has; KINDS says in which
# files of the room. Public and room headers stay free of them, so that a library can be replaced.
LIBRARIES = {
    "nlohmann": ("base", "source"),
    "openssl": ("base", "source"),
    "sentencepiece_processor.h": ("tokenizer", "source"),
    "zip.h": ("weights", "source"),
    "hwy": ("ops", "any"),
    "arrow": ("table", "any"),
    "parquet": ("table", "any"),
    "curl": ("hub", "source"),
    "CLI": ("cli", "any"),
    "nanobind": ("python", "any"),
    "oneapi": ("ops", "check"),
    "gtest": ("*", "test"),
    "gmock": ("*", "test"),
    "benchmark": ("*", "bench"),
}
KINDS = {
    "any": ("header", "source", "test", "bench"),
    "source": ("source",),
    "check": ("test", "bench"),
    "test": ("test",),
    "bench": ("bench",),
}

# Headers of the system beside the C++ library's, which have no ".h".
SYSTEM = re.compile(
    r"(sys|linux|netinet)/\w+\.h|(dirent|dlfcn|fcntl|glob|grp|poll|pthread|pwd|sched|signal|"
    r"termios|time|unistd|immintrin|cpuid|arm_neon)\.h"
)
STANDARD = re.compile(r"[a-z_0-9]+")
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_of(path):
    """The room of a file given by its path from the root."""
    parts = path.parts
    if parts[0] == "include":
        return parts[1]
    return parts[1] if parts[0] == "src" else parts[0]


def kind_of(path):
    if path.parts[0] == "tests" or path.stem.endswith(("_test", "_fixture")):
        return "test"
    if path.stem.endswith("_bench"):
        return "bench"
    return "header" if path.suffix == ".h" else "source"


def library_refusal(room, kind, library):
    owner, where = LIBRARIES[library]
    if owner not in ("*", room):
        return f"room {room} may not include {library} (allowed: room {owner})"
    if kind not in KINDS[where]:
        return f"a {kind} file may not include {library} (allowed: {', '.join(KINDS[where])} files)"
    return None


def refusal(path, bracket, target):
    """Why the file may not include the target; None if it may."""
    room, kind = room_of(path), kind_of(path)
    if room not in ROOMS:
        return f"room {room} is not in the table of tools/check_layers.py"
    if STANDARD.fullmatch(target):
        return None
    first = target.split("/")[0] if "/" in target or target in LIBRARIES else None
    if first in LIBRARIES and room != "vecmill":
        return library_refusal(room, kind, first)
    if first in ROOMS:
        if first in (room, "vecmill", *ROOMS[room]):
            return None
        allowed = ", ".join(ROOMS[room]) or "itself only"
        return f"room {room} may not include {first} (allowed: {allowed})"
    if room == "vecmill":
        return f"a public header may not include {target} (allowed: the standard library, vecmill/)"
    if SYSTEM.fullmatch(target):
        return None
    if bracket == '"' and first is None and path.parts[0] in ("cli", "tests"):
        return None  # a neighbour in the same folder, which is no room of src
    return f"{target} has no owner in the table of tools/check_layers.py"


def violations(root):
    files = [f for top in ("src", "include", "cli", "python", "tests") for f in (root / top).rglob("*")]
    for file in sorted(f for f in files if f.suffix in (".h", ".cc")):
        path = file.relative_to(root)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if match := INCLUDE.match(line):
                if why := refusal(path, *match.groups()):
                    yield f"{path}:{number}: {why}"


def main():
    default = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    found = list(violations(root))
    print("\n".join(found) or "layers: every include goes down")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
