"""Tables for Precompiled normalizers, in the manner of SentencePiece's nmt_nfkc."""
import base64
import struct
import unicodedata


def rules():
    """{text: replacement}: compatibility forms, white space to spaces, no controls."""
    found = {}
    for c in range(1, 0x110000):
        if 0xD800 <= c < 0xE000:
            continue
        text = chr(c)
        category = unicodedata.category(text)
        normal = unicodedata.normalize("NFKC", text)
        if category in ("Cc", "Cf") and c not in (9, 10, 13, 0x200D):
            found[text] = ""
        elif category in ("Zs", "Zl", "Zp") or c in (9, 10, 13, 0x200D):
            if text != " ":
                found[text] = " "
        elif normal != text:
            found[text] = normal
        decomposed = unicodedata.normalize("NFD", text)
        if len(decomposed) == 2 and unicodedata.normalize("NFC", decomposed) == text:
            found[decomposed] = unicodedata.normalize("NFKC", text)
    return found


def charsmap(found):
    """The base64 of a table with these rules: a double array of units, then the results."""
    root = {}
    results, offsets = bytearray(), {}
    for text, result in sorted(found.items()):
        if result not in offsets:
            offsets[result] = len(results)
            results += result.encode() + b"\0"
        node = root
        for byte in text.encode():
            node = node.setdefault(byte, {})
        node[0] = offsets[result]
    units, used = [0] * 256, [True] + [False] * 255
    open_nodes, first_free = [(root, 0)], 1
    while open_nodes:
        node, pos = open_nodes.pop()
        while used[first_free]:
            first_free += 1
            if first_free == len(used):
                units += [0] * 256
                used += [False] * 256
        low = min(node)
        base = first_free ^ low
        while any(used[base ^ byte] for byte in node):
            base += 1
            if base == len(used):
                units += [0] * 256
                used += [False] * 256
        assert base ^ pos < 1 << 21
        units[pos] |= (base ^ pos) << 10 | (0 in node) << 8
        for byte, child in node.items():
            used[base ^ byte] = True
            units[base ^ byte] = child | 1 << 31 if byte == 0 else byte
            if byte != 0:
                open_nodes.append((child, base ^ byte))
    trie = struct.pack(f"<{len(units) + 1}I", 4 * len(units), *units)
    return base64.b64encode(trie + results).decode()
