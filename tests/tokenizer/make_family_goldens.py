#!/usr/bin/env python3
"""Write the goldens of the model families, for tests that do without the wheel.

    .venv/bin/python tests/tokenizer/make_family_goldens.py

Writes into tests/data/tokenizer/families: a tokenizer.json for each of four families, with a small
vocabulary trained on multilingual.txt; goldens.jsonl, texts and their ids by the wheel; MANIFEST.md.
"""
import hashlib
import json
import random

import charsmaps
import families
import make_goldens
import parity
import texts
import tokenizers

SEED = 11
FOLDER = texts.DATA / "families"


def small_charsmap():
    """Rules for what Latin texts need: a table of all is ten times the rest of the file."""
    return charsmaps.charsmap({t: r for t, r in charsmaps.rules().items() if max(map(ord, t)) < 0x2200})


def main():
    rng = random.Random(SEED)
    strings = make_goldens.golden_texts(rng)
    files = families.golden_files(texts.MULTILINGUAL, small_charsmap())
    lines = []
    for number, (name, file) in enumerate(files.items()):
        chosen = strings[number :: len(files)]
        limits = [rng.choice((2, 3, 7, 20, 64, 4096, 4096, 4096)) for _ in chosen]
        for text, limit, (ids, cut) in zip(chosen, limits, parity.encode_with_wheel(file, chosen, limits)):
            lines.append(json.dumps({"file": name, "text": text, "max_tokens": limit, "ids": ids, "cut": cut}))
    outputs = {f"{name}.json": json.dumps(file) + "\n" for name, file in files.items()}
    outputs["goldens.jsonl"] = "\n".join(lines) + "\n"
    manifest = [
        "# Tokenizer goldens of the model families\n",
        f"Written by `tests/tokenizer/make_family_goldens.py`: {len(lines)} texts, seed {SEED}, vocabularies and ids"
        f" by tokenizers {tokenizers.__version__}.\n",
    ]
    FOLDER.mkdir(exist_ok=True)
    for name, content in outputs.items():
        (FOLDER / name).write_text(content, "utf-8")
        manifest.append(f"    {hashlib.sha256(content.encode()).hexdigest()}  {name}")
    (FOLDER / "MANIFEST.md").write_text("\n".join(manifest) + "\n", "utf-8")
    print(f"{len(lines)} goldens, {sum(map(len, outputs.values()))} bytes")


if __name__ == "__main__":
    main()
