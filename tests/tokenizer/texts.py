"""Texts that a tokenizer may get wrong. The same for every run on the same machine."""
import itertools
import pathlib
import random
import subprocess
import sys
import unicodedata

SEED = 20240229
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
ASSIGNED = [c for c in SCALARS if unicodedata.category(chr(c)) not in ("Cn", "Co")]
MARKS = [c for c in ASSIGNED if unicodedata.category(chr(c)).startswith("M")]

# One line each of scripts and habits that differ in case, accents, spacing or joining.
DATA = pathlib.Path(__file__).resolve().parent.parent / "data/tokenizer"
MULTILINGUAL = (DATA / "multilingual.txt").read_text("utf-8").splitlines()

CONTROLS = "".join(map(chr, itertools.chain(range(0x20), range(0x7F, 0xA1)))) + (
    "\xad\u0600\u061c\u06dd\u070f\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202e"
    "\u2060\u2061\u2066\u206f\u3000\u1680\u2000\u200a\u202f\u205f\ufeff\ufff9\ufffc\ufffd\ufffe"
    "\uffff\ue000\uf8ff\U000e0001\U000e007f\U000f0000\U0010ffff"
)
SPECIALS = [
    "[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "[sep]", "[Cls]", "[ SEP ]", "[SEP", "SEP]",
    "[[SEP]]", "[CLS][SEP]", "[MASK]x", "a[CLS]b", "[MASK] ", "[unused0]", "##s", "## s", "[S\u200bEP]",
    "[SE\u0301P]", "[MA", "SK]", "\u0301[SEP]\u0301", "\uff3bSEP\uff3d",
]  # fmt: skip


def debian_texts():
    """Descriptions of Debian packages, if apt's lists are there."""
    try:
        dump = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    lines = dump.decode("utf-8", "replace").split("\n")
    short = [x.split(": ", 1)[1] for x in lines if x.startswith("Description") and ": " in x]
    for file in sorted(pathlib.Path("/var/lib/apt/lists").glob("*Translation-en")):
        for paragraph in file.read_text("utf-8", "replace").split("\n\n"):
            short.append(paragraph.split("Description-en:", 1)[-1].strip())
    return short


def installed_texts():
    """Lines of the text files that a machine with Python has."""
    folders = [pathlib.Path(p) for p in ("/usr/share/dict", "/usr/share/common-licenses")]
    files = [f for folder in folders if folder.is_dir() for f in sorted(folder.iterdir())]
    for path in map(pathlib.Path, sys.path):
        if path.is_dir():
            files += sorted(path.glob("*.py")) + sorted(path.glob("*.dist-info/METADATA"))
    lines = []
    for file in files:
        if file.is_file():
            lines += file.read_text("utf-8", "replace").splitlines()
    return lines


def real_texts(count):
    """`count` texts or fewer, and words on where they are from."""
    for name, texts in (("Debian package descriptions", debian_texts()),
                        ("installed text files", installed_texts())):  # fmt: skip
        texts = sorted({t for t in texts if t.strip()})
        if len(texts) > 1000:
            return random.Random(SEED).sample(texts, min(count, len(texts))), name
    return [], "none found"


def code_points_alone():
    skipped = ("CJK UNIFIED", "HANGUL SYL", "CJK COMPAT")
    return [chr(c) for c in ASSIGNED if not unicodedata.name(chr(c), "").startswith(skipped)]


def code_points_in_context():
    """Each assigned code point alone, between letters, after and before a mark and a Hangul vowel."""
    for c in map(chr, ASSIGNED):
        yield f"{c} a{c}b e\u0301{c}\u0301z {c}\u302e\u1b44{c} B{c}{c}\u1161 A\u0323{c}\u0307"


def other_code_points():
    """All others, 40 in a text."""
    rest = sorted(set(SCALARS) - set(ASSIGNED))
    for i in range(0, len(rest), 40):
        yield " ".join(f"a{chr(c)}b{chr(c)}" for c in rest[i : i + 40])


def long_words():
    for length in (1, 2, 49, 50, 51, 99, 100, 101, 102, 150, 199, 200, 201, 300, 1024, 2047, 2048, 5000):
        for unit in ("a", "\u00e9", "e\u0301", "\u044f", "\u0905", "\uac00", "\u0130", "\U00010400",
                     "\U0001d160", "\u1b44\u302e", "ab\u0308", "the", "\u4e2d", "-", "\u200b", "a\u200d"):  # fmt: skip
            word = unit * length
            yield word
            yield f"x {word} y"
            yield f"{word}\u0301 {word}. {word[:-1]} tail"
            yield word[:100] + " " + word[:101] + "," + word[:99]


def mark_stacks(rng, count):
    movable = [0x302E, 0x302F, 0x1B44, 0x1BAA, 0xA953, 0x1D165, 0x1D16D, 0x1D16E, 0x111C0, 0x8D4, 0x1E000, 0x16FF0]
    for _ in range(count):
        marks = rng.choices(MARKS if rng.random() < 0.5 else movable + MARKS[:200], k=rng.randint(1, 30))
        text = "".join(
            chr(m) if rng.random() < 0.9 else rng.choice("ae \u00e9\uac00\u0b95\ufb1d\U0001d15f[SEP]") for m in marks
        )
        yield rng.choice(("", "a", "e ", "\uac00", "[SEP]")) + text + rng.choice(("", "z", " z"))


def random_scalars(rng, count):
    blocks = [SCALARS, ASSIGNED, MARKS, range(0x20, 0x7F), range(0xA0, 0x250), range(0x370, 0x530),
              range(0x590, 0x780), range(0x900, 0xE00), range(0x1100, 0x1200), range(0x1E00, 0x2100),
              range(0x2000, 0x3100), range(0x3040, 0x3200), range(0x4E00, 0x5000), range(0xAC00, 0xAD00),
              range(0xF900, 0x10000), range(0x1D100, 0x1D200), range(0x1F300, 0x1F700)]  # fmt: skip
    for _ in range(count):
        block = rng.choice(blocks)
        yield "".join(chr(c) for c in rng.choices(block, k=rng.randint(1, 60)))


def seams(parts):
    """What may go wrong where a reader that works in pieces of some kilobytes cuts."""
    for part in parts:
        for size in range(2048 - 24, 2048 + 4):
            filler = ("word " * 500)[:size]
            yield filler + part + " end " + filler[:2000] + part
            yield "\u0301" * (size // 2) + part + " end"


def mixes(rng, count, parts):
    """Bits of everything, with and without spaces, now and then long."""
    for _ in range(count):
        k = rng.randint(1, 8) if rng.random() < 0.97 else rng.randint(100, 400)
        text = ""
        for _ in range(k):
            kind = rng.random()
            if kind < 0.45:
                part = rng.choice(parts)
                begin = rng.randrange(len(part) + 1)
                text += part[begin : begin + rng.randint(1, 40)]
            elif kind < 0.6:
                text += rng.choice(SPECIALS)
            elif kind < 0.7:
                text += rng.choice(CONTROLS) * rng.choice((1, 1, 2, 50))
            elif kind < 0.8:
                text += chr(rng.choice(ASSIGNED))
            elif kind < 0.9:
                text += rng.choice((" ", "\n", "\t ", ", ", "  "))
            else:
                text += chr(rng.choice(MARKS)) * rng.choice((1, 2, 120))
        yield text


def all_texts():
    """{kind: texts}, and where the real ones are from."""
    rng = random.Random(SEED)
    real, source = real_texts(110_000)
    parts = MULTILINGUAL + SPECIALS + real[:2000]
    kinds = {
        "real": real,
        "multilingual": MULTILINGUAL + [line.upper() for line in MULTILINGUAL]
        + [unicodedata.normalize(f, line) for line in MULTILINGUAL for f in ("NFC", "NFD", "NFKD")],
        "alone": code_points_alone(),
        "context": list(code_points_in_context()),
        "others": list(other_code_points()),
        "long words": list(long_words()),
        "controls": [f"a{c}b {c} c{c}{d}d" for c in CONTROLS for d in CONTROLS],
        "specials": [p.format(a=a, b=b) for a in SPECIALS for b in SPECIALS
                     for p in ("{a}{b}", "{a} {b}", "x{a}y{b}z", " {a}, {b} ", "{a}\u0301{b}")],
        "seams": list(seams(["[SEP]", "[MASK]x", "e\u0301\u0301", "\u302e\u1b44\u302e", "unaffable",
                             "\u4e2d\u6587", "\uac01", "x" * 120, "a  b", "\U0001f600"])),
        "marks": list(mark_stacks(rng, 15_000)),
        "random": list(random_scalars(rng, 20_000)),
        "mixes": list(mixes(rng, 30_000, parts)),
    }  # fmt: skip
    if missing := 300_000 - sum(map(len, kinds.values())):
        kinds["more mixes"] = list(mixes(rng, max(0, missing), parts))
    return kinds, source
