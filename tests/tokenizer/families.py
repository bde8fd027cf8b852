"""tokenizer.json files as the model families have them, with vocabularies trained on the spot."""
import base64
import json

import charsmaps
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]
MASK = AddedToken("<mask>", lstrip=True, special=True, normalized=False)
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")  # fmt: skip
QWEN2 = LLAMA3.replace("{1,3}", "")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def train(model, trainer, texts, **stages):
    tokenizer = Tokenizer(model)
    for name, stage in stages.items():
        setattr(tokenizer, name, stage)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def bpe(texts, vocab_size, options=None, alphabet=(), **stages):
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=SPECIALS, show_progress=False,
                                  initial_alphabet=list(alphabet), **(options or {}))  # fmt: skip
    model = models.BPE(unk_token=None if alphabet else "<unk>", **(options or {}))
    return train(model, trainer, texts, **stages)


def byte_level(texts, vocab_size=4000, **stages):
    return bpe(texts, vocab_size, alphabet=pre_tokenizers.ByteLevel.alphabet(),
               pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False), **stages)  # fmt: skip


def unigram(texts, vocab_size=3000, **stages):
    trainer = trainers.UnigramTrainer(vocab_size=vocab_size, special_tokens=SPECIALS, unk_token="<unk>",
                                      show_progress=False)  # fmt: skip
    return train(models.Unigram(), trainer, texts, **stages)


def around(first, last):
    return processors.TemplateProcessing(single=f"{first[0]} $A {last[0]}", special_tokens=[first, last])


def sequence(*stages):
    of = normalizers if isinstance(stages[0], normalizers.Normalizer) else pre_tokenizers
    return of.Sequence(list(stages))


def with_spaces(texts):
    """Runs of spaces, so that vocabularies have tokens of them."""
    return [t.replace(" ", "  ", 1) if i % 7 == 0 else t for i, t in enumerate(texts)]


def file_of(tokenizer, change=None, mask=True):
    if mask:
        tokenizer.add_special_tokens([MASK])
    file = json.loads(tokenizer.to_str())
    if change is not None:
        change(file)
    return file


def with_model(**options):
    return lambda file: file["model"].update(options)


def roberta(texts, vocab_size=4000):
    tokenizer = byte_level(with_spaces(texts), vocab_size)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


def precompiled(charsmap):
    return normalizers.Precompiled(base64.b64decode(charsmap))


def xlm_roberta(texts, charsmap, vocab_size=3000):
    words = sequence(pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace())
    tokenizer = unigram(texts, vocab_size, normalizer=precompiled(charsmap), pre_tokenizer=words)
    tokenizer.post_processor = around(("<s>", 0), ("</s>", 2))
    return tokenizer


def modern_bert(texts, vocab_size=4000):
    tokenizer = byte_level(with_spaces(texts), vocab_size, normalizer=normalizers.NFC())
    tokenizer.add_tokens([AddedToken(" " * k, normalized=True) for k in range(24, 1, -1)])
    tokenizer.post_processor = around(("<s>", 0), ("</s>", 2))
    return tokenizer


def albert(texts, charsmap, vocab_size=3000):
    n = normalizers
    quotes = [n.Replace("``", '"'), n.Replace("''", '"'), n.NFKD(), n.StripAccents(), n.Lowercase()]
    words = sequence(pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace())
    steps = sequence(*quotes, precompiled(charsmap))
    tokenizer = unigram(texts, vocab_size, normalizer=steps, pre_tokenizer=words)
    tokenizer.post_processor = around(("<s>", 0), ("</s>", 2))
    return tokenizer


def golden_files(texts, charsmap):
    """{name: file} with small vocabularies."""
    return {
        "roberta": file_of(roberta(texts, 500)),
        "modern_bert": file_of(modern_bert(texts, 500)),
        "xlm_roberta": file_of(xlm_roberta(texts, charsmap, 1200)),
        "albert": file_of(albert(texts, charsmap, 1200)),
    }


def main_files(texts):
    """{name: file} for all texts."""
    charsmap = charsmaps.charsmap(charsmaps.rules())
    return {
        "RoBERTa": file_of(roberta(texts)),
        "XLM-RoBERTa": file_of(xlm_roberta(texts, charsmap)),
    }


def other_files(texts, files):
    """(name, file) for parts of the texts; `files` are those of main_files."""
    charsmap = charsmaps.charsmap(charsmaps.rules())
    n, p = normalizers, pre_tokenizers
    roberta_like, xlm_like = files["RoBERTa"], files["XLM-RoBERTa"]

    def changed(file, **members):
        return {**json.loads(json.dumps(file)), **members}

    llama3 = {"type": "Split", "pattern": {"Regex": LLAMA3}, "behavior": "Isolated", "invert": False}
    qwen2 = {**llama3, "pattern": {"Regex": QWEN2}, "behavior": "Removed", "invert": True}
    gpt2 = {**llama3, "pattern": {"Regex": GPT2}}
    no_regex = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    prefix = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True}

    def of(*steps):
        return {"type": "Sequence", "pretokenizers": list(steps)}

    def step(kind, **members):
        return {"type": kind, **members}

    yield "ModernBERT", file_of(modern_bert(texts))
    yield "RoBERTa, add_prefix_space", changed(roberta_like, pre_tokenizer=prefix)
    yield "RoBERTa, no regex", changed(roberta_like, pre_tokenizer=no_regex)
    yield "Llama 3", changed(roberta_like, pre_tokenizer=of(llama3, no_regex),
                             post_processor={"type": "Sequence", "processors": [
                                 prefix, roberta_like["post_processor"]]},
                             model={**roberta_like["model"], "ignore_merges": True})  # fmt: skip
    yield "Qwen 2", changed(roberta_like, pre_tokenizer=of(qwen2, no_regex), normalizer=step("NFC"))
    yield "GPT-2", changed(roberta_like, pre_tokenizer=of(gpt2, step("Digits", individual_digits=True), no_regex))
    yield "digits, punctuation", changed(roberta_like, pre_tokenizer=of(
        step("Punctuation", behavior="Contiguous"), step("Digits", individual_digits=False), prefix))  # fmt: skip
    shuffled = list(reversed(roberta_like["model"]["merges"]))
    yield "merges in another order", changed(
        roberta_like, model={**roberta_like["model"], "merges": shuffled})
    yield "no post_processor, NFKD", changed(roberta_like, post_processor=None, normalizer=step("NFKD"))

    suffix = bpe(texts, 2000, dict(end_of_word_suffix="</w>"),
                 normalizer=sequence(n.NFD(), n.Lowercase(), n.StripAccents()),
                 pre_tokenizer=sequence(p.Whitespace(), p.Digits(individual_digits=True)))  # fmt: skip
    yield "end_of_word_suffix", file_of(suffix)
    yield "fuse_unk", file_of(suffix, with_model(fuse_unk=True))
    yield "no unknown", file_of(suffix, with_model(unk_token=None))
    yield "continuing_subword_prefix", file_of(
        bpe(texts, 2000, dict(continuing_subword_prefix="##"), normalizer=n.BertNormalizer(lowercase=False),
            pre_tokenizer=sequence(p.WhitespaceSplit(), p.Punctuation())))  # fmt: skip
    bytes_ = [f"<0x{b:02X}>" for b in range(256)]
    plain = bpe(texts, 2000, pre_tokenizer=p.Metaspace(), normalizer=n.NFKC())
    fallback = file_of(plain)
    vocab = fallback["model"]["vocab"]
    for token in bytes_:
        vocab.setdefault(token, len(vocab))
    fallback["model"].update(byte_fallback=True, fuse_unk=True)
    fallback["added_tokens"] = fallback["added_tokens"][:4]
    llama = changed(fallback, pre_tokenizer=None, normalizer={"type": "Sequence", "normalizers": [
        step("Prepend", prepend="\u2581"), step("Replace", pattern={"String": " "}, content="\u2581")]})  # fmt: skip
    yield "Llama 2", llama
    yield "Metaspace, byte_fallback", fallback
    fewer = changed(fallback)
    for token in ("<0xE4>", "<0xCC>", "<0x81>"):
        moved = fewer["model"]["vocab"].pop(token)
        fewer["model"]["vocab"]["gone" + token] = moved
    yield "byte_fallback with gaps", fewer

    for name, scheme in (("first", "first"), ("never", "never")):
        yield f"Unigram, Metaspace {name}", changed(
            xlm_like, normalizer=None, pre_tokenizer=step("Metaspace", replacement="\u2581", prepend_scheme=scheme))
    yield "Unigram, Metaspace without split", changed(
        xlm_like, pre_tokenizer=step("Metaspace", replacement="\u2581", add_prefix_space=True, split=False))
    yield "BGE-M3", changed(
        xlm_like, pre_tokenizer=step("Metaspace", replacement="\u2581", add_prefix_space=True),
        normalizer={"type": "Sequence", "normalizers": [
            step("Precompiled", precompiled_charsmap=charsmap),
            step("Replace", pattern={"Regex": " {2,}"}, content=" ")]})  # fmt: skip
    yield "Unigram, no stages", changed(xlm_like, normalizer=None, pre_tokenizer=None, post_processor=None)
    first = of(step("WhitespaceSplit"), step("Metaspace", replacement="\u2581", prepend_scheme="first"))
    yield "Unigram, words, Metaspace first", changed(
        xlm_like, normalizer=step("NFC"), pre_tokenizer=first)

    albert_file = file_of(albert(texts, charsmap))
    yield "ALBERT", albert_file
    bytes_file = changed(albert_file, normalizer=step("Strip", strip_left=True, strip_right=True))
    bytes_file["added_tokens"] = bytes_file["added_tokens"][:4]
    bytes_file["model"]["vocab"] += [[token, -20.0] for token in bytes_]
    bytes_file["model"]["byte_fallback"] = True
    yield "Unigram, byte_fallback, Strip", bytes_file

    pieces = train(models.WordPiece(unk_token="<unk>"),
                   trainers.WordPieceTrainer(vocab_size=3000, special_tokens=SPECIALS, show_progress=False),
                   texts, normalizer=n.BertNormalizer(), pre_tokenizer=p.BertPreTokenizer())  # fmt: skip
    yield "WordPiece, other stages", file_of(
        pieces, lambda f: f.update(normalizer=step("Lowercase"), pre_tokenizer=of(
            step("Punctuation", behavior="Removed"), step("BertPreTokenizer"))))  # fmt: skip
    yield "WordPiece, no stages", file_of(pieces, lambda f: f.update(normalizer=None, pre_tokenizer=None))
