#!/usr/bin/env python3
"""Write a tiny random model of each family and the hidden states that the tests compare with.

    (the environment of export_goldens.py)
    goldens/bin/python tools/export_family_goldens.py [FAMILY ...]

Writes, below the repository root, for each family (by default all):
  tests/data/models/tiny_FAMILY/           a transformers folder, random weights, fixed seed
  tests/golden/tiny_FAMILY.json            texts, ids
  tests/golden/tiny_FAMILY.safetensors     per text I: I.hidden.L [T, H] for L = 0 (embedding output)
                                           to the number of layers
  tests/golden/FAMILIES.md                 versions, seed, tolerances
Nothing of this is needed to build, test or run vecmill.
"""
import argparse
import hashlib
import json
import pathlib
import re
import shutil
import tempfile

import numpy as np
import safetensors.numpy
import tokenizers
import torch
import transformers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ROOT / "tests/data/models"
GOLDEN = ROOT / "tests/golden"
SEED = 20240229
MAX_LENGTH = 32  # tokens of a text, fewer than any of these models has positions

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
WORDS = "the quick brown fox jumps over lazy dog text table vector of a in token".split()
BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
FAIRSEQ_SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]

TEXTS = [
    "",
    "the quick brown fox",
    "Hello, World! 3.14",
    "caf\u00e9 na\u00efve \u6771\u4eac",
    "a {pad} in the {pad} text {mask}",
    "one two three four five six seven eight nine ten " * 3,
]

# Sizes are awkward on purpose: 24 is no multiple of 16, a head is 12 wide, 40 is no multiple of 24.
BERT_LIKE = {
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 40,
    "max_position_embeddings": 40,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}


def specials(tokenizer, names, cls, sep):
    tokenizer.add_special_tokens(
        [tokenizers.AddedToken(name, lstrip=name in ("<mask>",), special=True) for name in names]
    )
    ids = [(name, tokenizer.token_to_id(name)) for name in (cls, sep)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}", pair=f"{cls} $A {sep} $B:1 {sep}:1", special_tokens=ids
    )
    return tokenizer


def word_piece(names, unk, cls, sep):
    pieces = names + list("!,.") + list(LETTERS) + ["##" + c for c in LETTERS] + WORDS[:8]
    vocab = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = tokenizers.Tokenizer(models.WordPiece(vocab, unk_token=unk))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return specials(tokenizer, names, cls, sep)


def byte_level():
    pieces = FAIRSEQ_SPECIALS + sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("t", "h"), ("th", "e"), ("\u0120", "the"), ("o", "n"), ("\u0120", "f"), ("e", "n")]
    pieces += [a + b for a, b in merges]
    vocab = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = tokenizers.Tokenizer(models.BPE(vocab, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer = specials(tokenizer, FAIRSEQ_SPECIALS, "<s>", "</s>")
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    return tokenizer


def unigram(names, unk, cls, sep, lowercase):
    pieces = [(name, 0.0) for name in names]
    pieces += [("\u2581", -2.0)] + [(c, -5.0 - i / 8) for i, c in enumerate(LETTERS + "!,.")]
    pieces += [("\u2581" + word, -4.0 - i / 4) for i, word in enumerate(WORDS)]
    tokenizer = tokenizers.Tokenizer(models.Unigram(pieces, unk_id=names.index(unk)))
    if lowercase:
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.Lowercase()])
    else:
        tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return specials(tokenizer, names, cls, sep)


def bert_tokenizer():
    return word_piece(BERT_SPECIALS, "[UNK]", "[CLS]", "[SEP]")


# Family: (config, tokenizer, what the checkpoint puts before its names, architecture)
FAMILIES = {
    "distilbert": (
        {
            "dim": 24,
            "n_layers": 3,
            "n_heads": 2,
            "hidden_dim": 40,
            "max_position_embeddings": 40,
            "sinusoidal_pos_embds": True,
            "activation": "gelu",
            "pad_token_id": 0,
        },
        bert_tokenizer,
        "distilbert.",
        "DistilBertForMaskedLM",
    ),
    "roberta": (
        BERT_LIKE | {"type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1},
        byte_level,
        "roberta.",
        "RobertaForMaskedLM",
    ),
    "xlm-roberta": (
        BERT_LIKE | {"type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1},
        lambda: unigram(FAIRSEQ_SPECIALS, "<unk>", "<s>", "</s>", lowercase=False),
        "",
        "XLMRobertaModel",
    ),
    "mpnet": (
        BERT_LIKE
        | {"layer_norm_eps": 1e-5, "pad_token_id": 1, "relative_attention_num_buckets": 32},
        lambda: word_piece(FAIRSEQ_SPECIALS, "<unk>", "<s>", "</s>"),
        "",
        "MPNetModel",
    ),
    "electra": (
        BERT_LIKE | {"type_vocab_size": 2, "embedding_size": 16},
        bert_tokenizer,
        "electra.",
        "ElectraForPreTraining",
    ),
    "modernbert": (
        {
            **{k: v for k, v in BERT_LIKE.items() if k not in ("hidden_act", "layer_norm_eps")},
            "hidden_activation": "gelu",
            "norm_eps": 1e-5,
            "norm_bias": False,
            "attention_bias": False,
            "mlp_bias": False,
            "global_attn_every_n_layers": 3,
            "local_attention": 8,
            "global_rope_theta": 160000.0,
            "local_rope_theta": 10000.0,
        },
        bert_tokenizer,
        "model.",
        "ModernBertForMaskedLM",
    ),
    "nomic_bert": (
        BERT_LIKE
        | {
            "type_vocab_size": 2,
            "hidden_act": "silu",
            "rope_parameters": {"rope_theta": 1000.0, "rope_type": "default"},
        },
        bert_tokenizer,
        "",
        "NomicBertModel",
    ),
    "albert": (
        BERT_LIKE
        | {
            "type_vocab_size": 2,
            "embedding_size": 16,
            "hidden_act": "gelu_new",
            "num_hidden_groups": 1,
            "inner_group_num": 1,
        },
        lambda: unigram(
            ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"], "<unk>", "[CLS]", "[SEP]", True
        ),
        "albert.",
        "AlbertForPreTraining",
    ),
}


def write_json(path, value, indent=1):
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    path.write_text(text + "\n", encoding="utf-8")


def save_tensors(tensors, path, metadata=None):
    safetensors.numpy.save_file(tensors, path, metadata=metadata)
    path.chmod(0o644)


def random_model(config):
    torch.manual_seed(SEED)
    config = transformers.AutoConfig.for_model(**config, attn_implementation="eager")
    model = transformers.AutoModel.from_config(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if getattr(config, "sinusoidal_pos_embds", False) and "position_embeddings" in name:
                continue
            if re.search(r"(layer_?norm|\bnorm|_norm)\.weight", name, re.IGNORECASE):
                parameter.uniform_(0.5, 1.5)
            elif parameter.dim() == 1:
                parameter.normal_(0.0, 0.3)
            else:
                parameter.normal_(0.0, 0.25)
    return model


def export_folder(family):
    config, make_tokenizer, prefix, architecture = FAMILIES[family]
    tokenizer = make_tokenizer()
    config = {
        "architectures": [architecture],
        "model_type": family,
        **config,
        "vocab_size": tokenizer.get_vocab_size(),
    }
    folder = MODELS / f"tiny_{family}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_json(folder / "config.json", config)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    write_json(
        folder / "tokenizer_config.json",
        {"model_max_length": MAX_LENGTH, "tokenizer_class": "PreTrainedTokenizerFast"},
    )
    model = random_model(config)
    with tempfile.TemporaryDirectory() as saved:  # under the names that families publish
        model.save_pretrained(saved)
        tensors = safetensors.numpy.load_file(pathlib.Path(saved) / "model.safetensors")
    weights = {
        prefix + name: tensor
        for name, tensor in sorted(tensors.items())
        if not name.startswith("pooler")
    }
    save_tensors(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return model, tokenizer


def texts_of(tokenizer):
    names = {
        kind: next(n for n in tokenizer.get_vocab() if n.lower()[1:-1] == kind)
        for kind in ("pad", "mask")
    }
    return [text.format(**names) for text in TEXTS]


def export_layers(family, model, tokenizer):
    """Hidden states of all layers of TEXTS; returns the largest |f32 - f64| among them."""
    tokenizer.enable_truncation(MAX_LENGTH)
    tensors, rows, largest = {}, [], 0.0
    for i, text in enumerate(texts_of(tokenizer)):
        ids = tokenizer.encode(text).ids
        rows.append({"text": text, "ids": ids})
        exact = {}
        for dtype, out in ((torch.float32, tensors), (torch.float64, exact)):
            with torch.no_grad():
                result = model.to(dtype)(
                    input_ids=torch.tensor([ids]), output_hidden_states=True, return_dict=True
                )
            states = result.hidden_states
            assert len(states) == model.config.num_hidden_layers + 1
            assert torch.equal(states[-1], result.last_hidden_state)
            for layer, state in enumerate(states):
                out[f"{i}.hidden.{layer}"] = state[0].numpy()
        largest = max(largest, *(np.abs(tensors[k] - exact[k]).max() for k in exact))
        model.to(torch.float32)
    write_json(GOLDEN / f"tiny_{family}.json", rows, indent=None)
    save_tensors(tensors, GOLDEN / f"tiny_{family}.safetensors")
    return float(largest)


def write_manifest(errors):
    """Rows of families that were not made anew are kept."""
    path = GOLDEN / "FAMILIES.md"
    rows = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            match = re.match(r"\| (tiny_\S+) \|", line)
            if match:
                rows[match[1]] = line
    for family, error in errors.items():
        name = f"tiny_{family}"
        digest = hashlib.sha256((GOLDEN / f"{name}.safetensors").read_bytes()).hexdigest()
        rows[name] = f"| {name} | {error:.1e} | {16 * error:.1e} | {digest} |"
    versions = ", ".join(f"{m.__name__} {m.__version__}" for m in (torch, transformers, tokenizers))
    listing = "\n".join(rows[name] for name in sorted(rows))
    path.write_text(f"""# Golden files of the model families

Written by `tools/export_family_goldens.py` on CPU, one text at a time, from the ids in
`tiny_FAMILY.json`. Libraries: {versions}. Seed: {SEED}.

The tolerance is 16 times the largest absolute difference of the reference's f32 from its own f64: sums
in another order, another exp and erf.

| goldens | difference | tolerance | sha256 of the safetensors |
| --- | --- | --- | --- |
{listing}
""", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("families", nargs="*", default=list(FAMILIES))
    args = parser.parse_args()
    torch.set_num_threads(1)
    errors = {}
    for family in args.families:
        model, tokenizer = export_folder(family)
        errors[family] = export_layers(family, model, tokenizer)
        print(family, errors[family])
    write_manifest(errors)


if __name__ == "__main__":
    main()
