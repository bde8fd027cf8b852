#!/usr/bin/env python3
"""Write real labelled text as Parquet: the package descriptions of this machine's Debian.

    tools/make_texts.py FOLDER           (with .venv/bin/python, which has pyarrow)

FOLDER/short.parquet   one-line descriptions, about 63,000 rows of 12 word pieces
FOLDER/long.parquet    full descriptions, about 67,000 rows of 91 word pieces

    tools/make_texts.py FOLDER LISTS

FOLDER/multilingual.parquet, one-line descriptions in the other languages of LISTS, as many of each,
with a column language as well. To fetch them, into a folder of their own:
    mkdir -p LISTS/partial && apt-get -o Dir::State::lists=$PWD/LISTS \\
      -o Acquire::Languages=de,es,fr,it,ja,ko,nl,pl,pt_BR,ru,zh_CN update

Columns package, section (a label), text; rows shuffled, always in the same order. The texts come
out of apt's lists as they are on the machine; nothing is installed or fetched.
"""

import collections
import pathlib
import random
import re
import shutil
import subprocess
import sys
import urllib.parse

import pyarrow
import pyarrow.parquet

LISTS = pathlib.Path("/var/lib/apt/lists")
APT_HELPER = "/usr/lib/apt/apt-helper"  # cat-file reads lists in whatever way apt compressed them
SHUFFLE_SEED = 1
ROW_GROUP_ROWS = 4096

NOT_DEBIAN = """make_texts: no apt here, so there are no package descriptions to take texts from.
Any table with a text column does as well: vecmill embed YOUR.csv -o out.parquet --column NAME --model FOLDER"""
NO_LISTS = f"""make_texts: {{what}} not in {LISTS}. Fetch them as root, then try again:
    apt-get -o Acquire::Languages=en update"""


def output_of(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode("utf-8", "replace")


def stanzas(text):
    """The stanzas of a deb822 text (deb-control(5)) as dicts, continuation lines kept."""
    for block in text.split("\n\n"):
        fields = re.findall(r"^([^\s:]+):[ \t]*(.*(?:\n .*)*)", block, re.MULTILINE)
        if fields:
            yield dict(fields)


def one_paragraph(description):
    """A whole Description field on one line; the lone dots that stand for empty lines are dropped."""
    lines = (line.strip() for line in description.split("\n"))
    return " ".join("" if line == "." else line for line in lines)


def short_rows():
    rows = []
    for package in stanzas(output_of("apt-cache", "dumpavail")):
        description = package.get("Description-en") or package.get("Description", "")
        rows.append((package["Package"], package.get("Section", ""), description.split("\n")[0].strip()))
    if not rows:
        sys.exit(NO_LISTS.format(what="The package lists are"))
    return rows


def long_rows(sections):
    paths = sorted(LISTS.glob("*_main_i18n_Translation-en*"))
    if not paths:
        sys.exit(NO_LISTS.format(what="The English descriptions are"))
    return [
        (package["Package"], sections.get(package["Package"], ""), one_paragraph(package["Description-en"]))
        for path in paths
        for package in stanzas(output_of(APT_HELPER, "cat-file", str(path)))
    ]


def multilingual_rows(lists):
    """The same number of rows in each language, as many as the smallest list has."""
    rows = collections.defaultdict(list)
    for path in sorted(lists.glob("*_main_i18n_Translation-*")):
        language = urllib.parse.unquote(path.name.split("Translation-")[1]).split(".")[0]
        if language == "en":
            continue
        for package in stanzas(output_of(APT_HELPER, "cat-file", str(path))):
            text = package.get(f"Description-{language}", "").split("\n")[0].strip()
            if text:
                rows[language].append((package["Package"], "", text, language))
    smallest = min(map(len, rows.values()), default=0)
    return [row for found in rows.values() for row in random.Random(SHUFFLE_SEED).sample(found, smallest)]


def write(path, rows):
    rows = [row for row in rows if row[2]]
    random.Random(SHUFFLE_SEED).shuffle(rows)
    columns = dict(zip(("package", "section", "text", "language"), map(list, zip(*rows))))
    pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=ROW_GROUP_ROWS)
    print(f"{path}: {len(rows):,} rows")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    if not shutil.which("apt-cache") or not pathlib.Path(APT_HELPER).exists():
        sys.exit(NOT_DEBIAN)
    folder = pathlib.Path(sys.argv[1])
    if len(sys.argv) == 3:
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / "multilingual.parquet", multilingual_rows(pathlib.Path(sys.argv[2])))
        return
    short = short_rows()
    long = long_rows({package: section for package, section, _ in short})
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "short.parquet", short)
    write(folder / "long.parquet", long)


if __name__ == "__main__":
    main()
