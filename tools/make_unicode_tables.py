#!/usr/bin/env python3
"""Write src/tokenizer/unicode_tables.cc: what the tokenizers wheel does to every code point.

    .venv/bin/python tools/make_unicode_tables.py [--check]

The wheel mixes Unicode versions: each of its crates carries its own tables. So nothing is taken
from a Unicode version here; every code point is put through the wheel and its answer is recorded.
Seen with tokenizers 0.23.3, against the unicodedata of Python 3.11 (Unicode 14):

  white space   White_Space, 25 code points; the set of BertPreTokenizer and of lstrip/rstrip
  control       Cc, Cf and Co of an old version plus U+FFFD; unassigned code points are kept
  punctuation   P* of an old version plus ASCII symbols: 104 code points of Unicode 14 are missing,
                U+166D and U+111C9, which lost the category since, are there
  ideograph     the seven ranges of BERT, U+2B820-2B91F not among them
  mark          Mn of the same old version: 384 of Unicode 14 are missing and stay when accents are
                stripped; U+1734, no longer Mn, goes
  decomposition canonical, of Unicode 13 or so (U+11938 is not decomposed)
  lower case    of a version later than 14 (U+1C89, U+A7CB, U+10D50 ...); by single characters: a
                final sigma is no exception, and U+0130 alone becomes two code points
  word          \\w of the wheel's regular expressions, of a version later than 14

Lists are stored as the differences between the code points at which membership changes.
With --check nothing is written; exit status 1 if the committed file differs.
"""
import argparse
import pathlib
import sys
import unicodedata

from tokenizers import AddedToken, Tokenizer, __version__, models, normalizers, pre_tokenizers

TARGET = pathlib.Path(__file__).resolve().parent.parent / "src/tokenizer/unicode_tables.cc"
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)
SEQUENCE = 0x110000  # targets from here on are indices of kSequences


def bert_step(**chosen):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**off, **chosen}).normalize_str


def single_word_tokenizer():
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.add_tokens([AddedToken("zq", single_word=True, normalized=False)])
    return tokenizer


def map_all(step):
    """{code point: replacement} for those that `step` changes between two letters."""
    changed = {}
    for c in CODE_POINTS:
        result = step("a" + chr(c) + "b")
        assert result[0] == "a" and result[-1] == "b", hex(c)
        if result[1:-1] != chr(c):
            changed[c] = result[1:-1]
    return changed


def probe_spaces_and_punctuation():
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    spaces, punctuation = set(), set()
    for c in CODE_POINTS:
        pieces = [piece for piece, _ in split("a" + chr(c) + "b")]
        if pieces == ["a", "b"]:
            spaces.add(c)
        elif pieces == ["a", chr(c), "b"]:
            punctuation.add(c)
        else:
            assert pieces == ["a" + chr(c) + "b"], hex(c)
    return spaces, punctuation


def probe_marks(stripped):
    """Code points of nonzero combining class, and {code point: class} of those never stripped."""
    nfd = normalizers.NFD().normalize_str
    # U+302E has class 224, U+1B44 class 9: they change places unless a starter is between them.
    first = {c: ord(nfd(chr(c))[0]) for c in CODE_POINTS}
    reordered = {c for c in CODE_POINTS if nfd("\u302e" + chr(first[c]) + "\u1b44")[0] != "\u302e"}
    kept = {c: unicodedata.combining(chr(c)) for c in reordered if c not in stripped}
    for a in kept:
        for b in kept:
            swapped = nfd(chr(a) + chr(b)) != chr(a) + chr(b)
            assert swapped == (kept[a] > kept[b]), (hex(a), hex(b))
    return reordered, kept


def check_hangul(stripped):
    for c in HANGUL:
        i = c - HANGUL.start
        jamo = [0x1100 + i // 588, 0x1161 + i % 588 // 28] + [0x11A7 + i % 28] * (i % 28 > 0)
        assert stripped.pop(c) == "".join(map(chr, jamo)), hex(c)


def array(element, name, values, comment):
    """C++ that defines the span `name`, which unicode_tables.h declares."""
    lines, line = [], " "
    for value in values:
        text = f"{value},"
        if len(line) + len(text) > 100:
            lines.append(line)
            line = " "
        line += text
    body = "\n".join([*lines, line])
    return (
        f"// {comment}\nstatic constexpr {element} {name}Data[] = {{\n{body}\n}};\n"
        f"constinit const std::span<const {element}> {name} = {name}Data;\n"
    )


def runs(members):
    """[first, last] of each run of consecutive members."""
    out = []
    for c in sorted(members):
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def inversion_list(members):
    changes = [x for first, last in runs(members) for x in (first, last + 1)]
    return [b - a for a, b in zip([0, *changes], changes)]


def lower_rules(lower):
    """[first, last, stride, difference]: every stride-th code point is moved by the difference."""
    rules = []
    for c in sorted(lower):
        difference = ord(lower[c]) - c
        if rules and rules[-1][3] == difference:
            first, last, stride, _ = rules[-1]
            if c - last == stride or (first == last and c - last <= 2):
                rules[-1][1:3] = [c, c - last]
                continue
        rules.append([c, c, 1, difference])
    return rules


def render():
    spaces, punctuation = probe_spaces_and_punctuation()
    cleaned = map_all(bert_step(clean_text=True))
    control = {c for c, to in cleaned.items() if to == ""}
    assert {c for c, to in cleaned.items() if to != ""} == spaces - control - {ord(" ")}
    ideographs = map_all(bert_step(handle_chinese_chars=True))
    assert all(to == f" {chr(c)} " for c, to in ideographs.items())
    stripped = map_all(bert_step(strip_accents=True))
    check_hangul(stripped)
    marks = {c for c, to in stripped.items() if to == ""}
    reordered, classes = probe_marks(marks)
    lower = map_all(bert_step(lowercase=True))
    assert lower.pop(0x130) == "i\u0307" and all(len(to) == 1 for to in lower.values())
    encode = single_word_tokenizer().encode
    words = {c for c in CODE_POINTS if 1 not in encode(chr(c) + "zq").ids}

    decomposed = {c: to for c, to in stripped.items() if to}
    sequences = sorted({to for to in decomposed.values() if len(to) > 1})
    targets = [
        ord(to) if len(to) == 1 else SEQUENCE + sequences.index(to)
        for _, to in sorted(decomposed.items())
    ]
    assert max(map(len, sequences)) == 3
    lists = [
        ("kWhiteSpace", spaces, "Separate words."),
        ("kPunctuation", punctuation, "Are words of their own."),
        ("kControl", control, "Are removed by clean_text."),
        ("kIdeographs", ideographs, "Get spaces around them by handle_chinese_chars."),
        ("kMarks", marks, "Are removed by strip_accents."),
        ("kReordered", reordered, "Canonical combining class is not zero."),
        ("kDecomposed", decomposed, "Are replaced by strip_accents, Hangul syllables aside."),
        ("kWord", words, "Count as letters where an added token must be a single word."),
    ]
    by_class = [
        (first, last, ccc)
        for ccc in sorted(set(classes.values()))
        for first, last in runs(c for c in classes if classes[c] == ccc)
    ]
    parts = [array("uint32_t", name, inversion_list(set_), text) for name, set_, text in lists] + [
        array("MarkClass", "kMarkClasses", [f"{{{a:#x},{b:#x},{c}}}" for a, b, c in by_class],
              "Combining classes of the code points in kReordered that are not in kMarks."),
        array("LowerRule", "kLowerRules",
              [f"{{{a:#x},{b:#x},{c},{d}}}" for a, b, c, d in lower_rules(lower)],
              "Lower case, but for U+0130, by first code point."),
        array("uint32_t", "kTargets", [f"{t:#x}" for t in targets],
              "What those in kDecomposed become, in order; 0x110000 + i stands for kSequences[i]."),
        array("Sequence", "kSequences",
              ["{" + ",".join(f"{ord(x):#x}" for x in s) + "}" for s in sequences],
              "Longer results, padded with zeros."),
    ]
    return (
        f"// Generated by tools/make_unicode_tables.py from tokenizers {__version__}.\n"
        '#include "tokenizer/unicode_tables.h"\n\n'
        "// clang-format off\nnamespace vecmill::unicode_tables {\n\n"
        + "\n".join(parts)
        + "\n}  // namespace vecmill::unicode_tables\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    text = render()
    if parser.parse_args().check:
        sys.exit(TARGET.read_text() != text)
    TARGET.write_text(text)
    print(f"{TARGET}: {text.count(chr(10))} lines, {len(text)} bytes")


if __name__ == "__main__":
    main()
