#!/usr/bin/env python3
"""Write the folders and vectors that tests/golden/sentence_test.cc compares: what sentence-transformers does
behind the network, on the tiny BERT of tools/export_goldens.py, and two static embeddings with its tokenizer.

    goldens/bin/python tools/export_sentence_goldens.py      (the environment of export_goldens.py and model2vec)

Writes below tests/golden/sentence, for each case, the files of the saved folder that are not the tiny BERT's
own (modules.json, 1_Pooling/, 2_Dense/, ...) and case.json: the options as vecmill has them, and `vectors`,
those of the texts in texts.json. Nothing of this is needed to build, test or run vecmill.
"""

import json
import pathlib
import shutil
import tempfile

import model2vec
import numpy
import sentence_transformers
import tokenizers
import torch
from sentence_transformers.sentence_transformer.modules import Dense, LayerNorm, Normalize, Pooling, StaticEmbedding, Transformer

ROOT = pathlib.Path(__file__).resolve().parent.parent
TINY = ROOT / "tests/data/models/tiny_bert"
OUT = ROOT / "tests/golden/sentence"
SEED = 3
HIDDEN = 48
KEPT = ("modules.json", "config_sentence_transformers.json", "sentence_bert_config.json")
TEXTS = ["hello world", "the quick brown fox jumps over the lazy dog", "", "a b c " * 10]
PROMPTS = {"query": "the fox: ", "document": ""}


def trained(norm):
    torch.nn.init.normal_(norm.norm.weight, 1.0, 0.2)
    torch.nn.init.normal_(norm.norm.bias, 0.0, 0.2)
    return norm


# name: (pooling, modules behind it, options of Pooling, options of the model, options of encode, vecmill's options)
CASES = {
    "dense": ("mean", lambda: [Dense(HIDDEN, 20), Normalize()], {}, {}, {}, {}),
    "two_dense": (
        "cls",
        lambda: [
            Dense(HIDDEN, 20, bias=False, activation_function=torch.nn.Identity()),
            Dense(20, 7, activation_function=torch.nn.GELU()),
        ],
        {}, {}, {}, {},
    ),
    "poolings_and_norm": (
        ("max", "cls", "weightedmean"), lambda: [trained(LayerNorm(3 * HIDDEN)), Dense(3 * HIDDEN, 20)], {}, {}, {}, {},
    ),
    "default_prompt": ("mean", lambda: [Normalize()], {}, dict(prompts=PROMPTS, default_prompt_name="query"), {}, {}),
    "prompt_not_pooled": (
        "mean", lambda: [Normalize()], dict(include_prompt=False),
        dict(prompts=PROMPTS, default_prompt_name="query"), {}, {},
    ),
    "cls_behind_prompt": (
        ("cls", "weightedmean", "lasttoken"), lambda: [], dict(include_prompt=False),
        dict(prompts=PROMPTS, default_prompt_name="query"), {}, {},
    ),
    "prompt_by_name": (
        "max", lambda: [], dict(include_prompt=False), dict(prompts=PROMPTS),
        dict(prompt_name="query"), dict(prompt_name="query"),
    ),
    "prompt_given": ("lasttoken", lambda: [], {}, {}, dict(prompt="x y"), dict(prompt="x y")),
    "truncated": ("weightedmean", lambda: [Normalize()], {}, dict(truncate_dim=16), {}, {}),
    "truncated_then_scaled": (
        "mean_sqrt_len_tokens", lambda: [], {}, {},
        dict(truncate_dim=16, normalize_embeddings=True), dict(truncate_dim=16, normalize=True),
    ),
    "scaled_truncated_scaled": (
        "mean", lambda: [Normalize()], {}, dict(truncate_dim=100),
        dict(truncate_dim=7, normalize_embeddings=True), dict(truncate_dim=7, normalize=True),
    ),
    "truncated_to_more": ("cls", lambda: [Normalize()], {}, dict(truncate_dim=100), {}, {}),
}  # fmt: skip


def write_case(name, pooling, modules, pooling_options, model_options, encode_options, options):
    torch.manual_seed(SEED)
    modules = [Transformer(str(TINY)), Pooling(HIDDEN, pooling_mode=pooling, **pooling_options), *modules()]
    folder = OUT / name
    with tempfile.TemporaryDirectory() as saved:
        sentence_transformers.SentenceTransformer(modules=modules, device="cpu", **model_options).save(saved)
        keep_files(saved, folder, lambda relative: len(relative.parts) > 1 or relative.name in KEPT)
        write_vectors(saved, folder, encode_options, options)


def keep_files(saved, folder, is_kept):
    for path in pathlib.Path(saved).rglob("*"):
        relative = path.relative_to(saved)
        if path.is_file() and is_kept(relative):
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / relative)


def write_vectors(saved, folder, encode_options, options):
    vectors = sentence_transformers.SentenceTransformer(str(saved), device="cpu").encode(TEXTS, **encode_options)
    case = {"options": options, "vectors": [[float(x) for x in vector] for vector in vectors]}
    (folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")


def write_static_cases():
    tokenizer = tokenizers.Tokenizer.from_file(str(TINY / "tokenizer.json"))
    numbers = numpy.random.default_rng(SEED)
    vocab = tokenizer.get_vocab_size()
    names = ("modules.json", "model.safetensors", "tokenizer.json")

    with tempfile.TemporaryDirectory() as saved:
        table = numbers.normal(size=(vocab, 12)).astype(numpy.float32)
        modules = [StaticEmbedding(tokenizer, embedding_weights=table), Normalize()]
        sentence_transformers.SentenceTransformer(modules=modules, device="cpu").save(saved)
        keep_files(saved, OUT / "static", lambda relative: relative.name in names)
        write_vectors(saved, OUT / "static", {}, {})

    with tempfile.TemporaryDirectory() as saved:
        model = model2vec.StaticModel(
            numbers.normal(size=(40, 12)).astype(numpy.float32), tokenizer,
            weights=numbers.uniform(0.5, 2.0, size=vocab).astype(numpy.float32),
            token_mapping=numbers.integers(0, 40, size=vocab),
        )  # fmt: skip
        model.max_length = 7  # which it writes into tokenizer.json
        model.save_pretrained(saved)
        keep_files(saved, OUT / "model2vec", lambda relative: relative.name in names)
        write_vectors(saved, OUT / "model2vec", {}, {})


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    (OUT / "texts.json").write_text(json.dumps(TEXTS, indent=1) + "\n")
    for name, case in CASES.items():
        write_case(name, *case)
    write_static_cases()


main()
