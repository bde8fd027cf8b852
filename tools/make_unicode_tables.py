#!/usr/bin/env python3
"""Write src/tokenizer/unicode_*.cc: what the tokenizers wheel does to every code point.

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
  word          \\w of single_word and Whitespace, of a version later than 14; not that of Split
  combining     M* of Unicode 13 or so, as the normal forms: what StripAccents removes
  numeric       N* of a version later than that of \\p{N}: U+11DE0-11DE9 and three more
  clusters      UAX 29 with conjuncts (GB9c), so of Unicode 15.1 or later; asked for by a charsmap
                that makes Z of every string, which takes clusters of less than six bytes as a whole

Lists are stored as the differences between the code points at which membership changes.
With --check nothing is written; exit status 1 if the committed file differs.
"""
import argparse
import pathlib
import struct
import sys
import unicodedata

from tokenizers import AddedToken, Regex, Tokenizer, __version__, models, normalizers, pre_tokenizers

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "src/tokenizer"
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


def probe_regex(regex):
    split = pre_tokenizers.Split(Regex(regex), "removed").pre_tokenize_str
    return {c for c in CODE_POINTS if not split(chr(c))}


def probe_letters_and_numbers(spaces):
    """Those of the pattern of ByteLevel, which are those of Split."""
    split = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str
    letters = {c for c in CODE_POINTS if len(split("a" + chr(c))) == 1}
    numbers = {c for c in CODE_POINTS if len(split("1" + chr(c))) == 1}
    others = {c for c in CODE_POINTS if len(split("!" + chr(c))) == 1}
    assert len(letters) + len(numbers) + len(others) + len(spaces) == len(CODE_POINTS)
    assert letters == probe_regex(r"\p{L}") and numbers == probe_regex(r"\p{N}")
    assert spaces == probe_regex(r"\s")
    return letters, numbers


def probe_numeric():
    split = pre_tokenizers.Digits(individual_digits=True).pre_tokenize_str
    return {c for c in CODE_POINTS if len(split("a" + chr(c))) == 2}


def cluster_counter():
    """A function that puts Z for each cluster of less than six bytes, and each code point of others."""
    units = [256 << 10] + [0] * 1023
    for byte in range(1, 256):  # child 256 ^ byte of the root, its leaf 512 + byte
        units[256 ^ byte] = ((256 ^ byte) ^ (512 + byte)) << 10 | 1 << 8 | byte
        units[512 + byte] = 1 << 31
    blob = struct.pack("<1025I", 4 * len(units), *units) + b"Z\0"
    normalize = normalizers.Precompiled(blob).normalize_str
    return lambda text: len(normalize(text))


def probe_clusters():
    """{name of a set: code points}"""
    count = cluster_counter()
    acute, virama, ka, joiner, sign = "\u0301", "\u094d", "\u0915", "\u200d", "\u00a9"
    attached = {c for c in CODE_POINTS if count("a" + chr(c)) == 1}
    controls = {c for c in CODE_POINTS if count(chr(c) + 2 * acute) == 2}
    rest = [c for c in CODE_POINTS if c not in attached and c not in controls]
    check_hangul_clusters(count)
    return {
        "kClusterControls": controls,
        "kClusterAttached": attached,
        "kClusterPrepended": {c for c in rest if count(chr(c) + "a") == 1},
        "kPictographs": {c for c in rest if count(sign + joiner + chr(c) + acute) == 4},
        "kPictographExtenders": {
            c for c in attached if count(sign + chr(c) + joiner + sign + acute) == 5
        },
        "kConjunctConsonants": {c for c in rest if count(chr(c) + virama + ka + acute) == 4},
        "kConjunctLinkers": {c for c in attached if count(ka + chr(c) + ka + acute) == 4},
        "kConjunctExtenders": {
            c for c in attached if count(ka + chr(c) + virama + ka + acute) == 5
        },
    }  # fmt: skip


def check_hangul_clusters(count):
    """The classes that grapheme.cc knows by heart."""
    classes = {
        "L": [*range(0x1100, 0x1160), *range(0xA960, 0xA97D)],
        "V": [*range(0x1160, 0x11A8), *range(0xD7B0, 0xD7C7)],
        "T": [*range(0x11A8, 0x1200), *range(0xD7CB, 0xD7FC)],
        "LV": [c for c in HANGUL if (c - 0xAC00) % 28 == 0],
        "LVT": [c for c in HANGUL if (c - 0xAC00) % 28],
    }
    joins = {"L": ("L", "V", "LV", "LVT"), "V": ("V", "T"), "T": ("T",), "LV": ("V", "T"), "LVT": ("T",)}
    for a in classes:
        for b in classes:
            for first, second in [(c, classes[b][0]) for c in classes[a]] + [
                (classes[a][0], c) for c in classes[b]
            ]:
                joined = count(chr(first) + chr(second) + "\u0301") == 3
                assert joined == (b in joins[a]), (hex(first), hex(second))


def probe_forms():
    """C++ of the normal forms: decompositions, classes, compositions."""
    nfd, nfkd = normalizers.NFD().normalize_str, normalizers.NFKD().normalize_str
    nfc = normalizers.NFC().normalize_str
    syllables = set(HANGUL)
    canonical = {c: to for c in CODE_POINTS if c not in syllables and (to := nfd(chr(c))) != chr(c)}
    compatibility = {
        c: to for c in CODE_POINTS
        if c not in syllables and (to := nfkd(chr(c))) != canonical.get(c, chr(c))
    }  # fmt: skip
    first = {c: canonical.get(c, chr(c))[0] for c in CODE_POINTS}
    marks = [c for c in CODE_POINTS if nfd("\u302e" + first[c] + "\u1b44")[0] != "\u302e"
             and c not in canonical]  # fmt: skip
    classes = {c: unicodedata.combining(chr(c)) for c in marks}
    one_of_each = {classes[c]: chr(c) for c in marks}
    for c in marks:
        for other, mark in one_of_each.items():
            assert (nfd(chr(c) + mark) != chr(c) + mark) == (classes[c] > other), hex(c)
    compositions = []
    for c in canonical:
        pair = "".join(chr(int(x, 16)) for x in unicodedata.decomposition(chr(c)).split())
        if nfc(pair) == chr(c):
            assert len(pair) == 2, hex(c)
            compositions.append((*map(ord, pair), c))
    ranges = [
        (a, b, ccc)
        for ccc in set(classes.values())
        for a, b in runs(c for c in classes if classes[c] == ccc)
    ]

    def targets(table):
        for c in sorted(table):
            *head, last = map(ord, table[c])
            yield from (f"{x:#x}" for x in head)
            yield f"{last | 1 << 31:#x}"

    return [
        array("uint32_t", "kCanonical", inversion_list(canonical), "Decompose canonically."),
        array("uint32_t", "kCanonicalTargets", targets(canonical), "What they become."),
        array("uint32_t", "kCompatibility", inversion_list(compatibility), "Decompose for NFKD."),
        array("uint32_t", "kCompatibilityTargets", targets(compatibility), "What they become."),
        array("MarkClass", "kAllMarkClasses",
              [f"{{{a:#x},{b:#x},{ccc}}}" for a, b, ccc in sorted(ranges)],
              "Canonical combining classes that are not zero."),
        array("Composition", "kCompositions",
              [f"{{{a:#x},{b:#x},{c:#x}}}" for a, b, c in sorted(compositions)],
              "Pairs and what they compose to."),
    ]  # fmt: skip


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


def probe_tables():
    """C++ of the properties of single code points."""
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
    split = pre_tokenizers.Whitespace().pre_tokenize_str
    assert words == {c for c in CODE_POINTS if split("a" + chr(c))[0][0] == "a" + chr(c)}
    letters, numbers = probe_letters_and_numbers(spaces)
    combining = map_all(normalizers.StripAccents().normalize_str)
    assert not any(combining.values())
    assert map_all(normalizers.Lowercase().normalize_str) == {**lower, 0x130: "i\u0307"}

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
        ("kCombining", combining, "Are removed by StripAccents."),
        ("kNumeric", probe_numeric(), "Are split off by Digits."),
        ("kLetters", letters, r"\p{L}."),
        ("kNumbers", numbers, r"\p{N}."),
        *((name, set_, "For grapheme.cc.") for name, set_ in probe_clusters().items()),
    ]
    by_class = [
        (first, last, ccc)
        for ccc in sorted(set(classes.values()))
        for first, last in runs(c for c in classes if classes[c] == ccc)
    ]
    return [array("uint32_t", name, inversion_list(set_), text) for name, set_, text in lists] + [
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


def render(parts):
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
    check = parser.parse_args().check
    for name, probe in (("unicode_tables_data.cc", probe_tables), ("unicode_forms_data.cc", probe_forms)):
        text = render(probe())
        if check and (FOLDER / name).read_text() != text:
            sys.exit(f"{name} differs")
        if not check:
            (FOLDER / name).write_text(text)
        print(f"{name}: {text.count(chr(10))} lines, {len(text)} bytes")


if __name__ == "__main__":
    main()
