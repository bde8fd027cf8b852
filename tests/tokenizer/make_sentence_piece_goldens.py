#!/usr/bin/env python3
"""Write the goldens of SentencePiece models, for a test that does without the wheel.

    pip install sentencepiece==0.2.3    # in an environment of its own; the build does not need it
    tests/tokenizer/make_sentence_piece_goldens.py

Writes into tests/data/tokenizer/sentence_piece two models trained on multilingual.txt, unigram.model
(with a small table of replacements) and bpe.model (without, and with byte pieces), goldens.jsonl with
texts and their ids by the wheel, and MANIFEST.md.
"""
import hashlib
import io
import json
import pathlib
import random

import sentencepiece
import texts

SEED = 7
OUT = texts.DATA / "sentence_piece"
# Characters and their replacements, as code points in hexadecimal: a full-width A, a ligature, e with an
# accent in two parts, a zero-width space that goes away, a no-break space.
RULES = "FF21\t41\nFB01\t66 69\n65 301\tE9\n200B\t\nA0\t20\nA\t20\n9\t20\n"


def train(path, **options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts.MULTILINGUAL * 3), model_writer=model, hard_vocab_limit=False,
        num_threads=1, minloglevel=2, character_coverage=0.98, **options)
    path.write_bytes(model.getvalue())
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def golden_texts(rng):
    chosen = ["", " ", "  \t\n", "\u2581", "a\u2581b", "\x00", "a\x00b", "\ufb01x \uff21 e\u0301 \u200b \xa0 q"]
    chosen += texts.MULTILINGUAL
    chosen += rng.sample([t for t in texts.long_words() if 90 < len(t) < 300], 10)
    chosen += [f"a{c}b {c} c" for c in texts.CONTROLS]
    chosen += [*texts.SPECIALS, *texts.mark_stacks(rng, 20)]
    chosen += [t for t in texts.random_scalars(rng, 20)]
    chosen += [t for t in texts.mixes(rng, 40, texts.MULTILINGUAL + texts.SPECIALS) if len(t) < 400]
    return chosen


def main():
    OUT.mkdir(exist_ok=True)
    rules = OUT / "rules.tsv"
    rules.write_text(RULES)
    models = {
        "unigram.model": train(OUT / "unigram.model", vocab_size=700, model_type="unigram",
                               normalization_rule_tsv=str(rules)),
        "bpe.model": train(OUT / "bpe.model", vocab_size=900, model_type="bpe", byte_fallback=True,
                           normalization_rule_name="identity", bos_id=-1),
    }
    rules.unlink()
    with open(OUT / "goldens.jsonl", "w", encoding="utf-8") as file:
        for name, model in models.items():
            for text in golden_texts(random.Random(SEED)):
                ids = model.encode(text)
                file.write(json.dumps({"model": name, "text": text, "ids": ids}) + "\n")
    lines = [f"Written by `tests/tokenizer/make_sentence_piece_goldens.py` with sentencepiece "
             f"{sentencepiece.__version__}, seed {SEED}.", ""]
    for name in (*models, "goldens.jsonl"):
        lines.append(f"    {hashlib.sha256((OUT / name).read_bytes()).hexdigest()}  {name}")
    (OUT / "MANIFEST.md").write_text("# SentencePiece goldens\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
