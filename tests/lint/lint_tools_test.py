"""The checks of tools/ find what they are for, in small trees that break the rules."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"


def run(tool, files):
    """Exit code and lines printed by a tool for a tree {path: text}."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            file = pathlib.Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        result = subprocess.run(
            [sys.executable, TOOLS / tool, root], capture_output=True, text=True, check=False
        )
    return result.returncode, result.stdout.splitlines()


class CheckLayersTest(unittest.TestCase):
    def expect_violation(self, path, include, message):
        code, lines = run("check_layers.py", {path: f"#pragma once\n#include {include}\n"})
        self.assertEqual((code, lines), (1, [f"{path}:2: {message}"]))

    def expect_allowed(self, path, include):
        code, lines = run("check_layers.py", {path: f"#include {include}\n"})
        self.assertEqual(code, 0, lines)

    def test_includes_go_down(self):
        self.expect_allowed("src/nets/bert.cc", '"ops/gelu.h"')
        self.expect_allowed("src/nets/bert.cc", '"nets/bert.h"')
        self.expect_allowed("src/ops/gelu.cc", '"vecmill/error.h"')
        self.expect_violation(
            "src/ops/gelu.cc",
            '"nets/bert.h"',
            "room ops may not include nets (allowed: base)",
        )
        self.expect_violation(
            "src/base/json.cc",
            '"ops/gelu.h"',
            "room base may not include ops (allowed: itself only)",
        )

    def test_siblings_are_strangers(self):
        self.expect_violation(
            "src/weights/shard.h",
            '"tokenizer/tokenizer.h"',
            "room weights may not include tokenizer (allowed: base)",
        )

    def test_a_library_has_one_room(self):
        self.expect_allowed("src/base/json.cc", "<nlohmann/json.hpp>")
        self.expect_violation(
            "src/run/embed.cc",
            "<arrow/table.h>",
            "room run may not include arrow (allowed: room table)",
        )
        self.expect_violation(
            "src/base/json.h",
            "<nlohmann/json.hpp>",
            "a header file may not include nlohmann (allowed: source files)",
        )

    def test_a_library_for_tests_stays_there(self):
        self.expect_allowed("src/ops/gelu_test.cc", "<gtest/gtest.h>")
        self.expect_allowed("src/weights/model_fixture.h", "<gtest/gtest.h>")
        self.expect_allowed("src/ops/gemm_bench.cc", "<oneapi/dnnl/dnnl.hpp>")
        self.expect_violation(
            "src/ops/gemm.cc",
            "<oneapi/dnnl/dnnl.hpp>",
            "a source file may not include oneapi (allowed: test, bench files)",
        )

    def test_public_headers_are_free_of_everything(self):
        self.expect_allowed("include/vecmill/embedder.h", "<span>")
        self.expect_allowed("include/vecmill/embedder.h", '"vecmill/error.h"')
        self.expect_violation(
            "include/vecmill/embedder.h",
            "<unistd.h>",
            "a public header may not include unistd.h (allowed: the standard library, vecmill/)",
        )
        self.expect_violation(
            "include/vecmill/embedder.h",
            '"base/json.h"',
            "room vecmill may not include base (allowed: itself only)",
        )

    def test_what_is_unknown_is_refused(self):
        self.expect_allowed("src/base/mapped_file.cc", "<sys/mman.h>")
        self.expect_violation(
            "src/table/csv.cc",
            "<zstd.h>",
            "zstd.h has no owner in the table of tools/check_layers.py",
        )
        self.expect_violation(
            "src/ops/gelu.cc",
            '"gelu.h"',
            "gelu.h has no owner in the table of tools/check_layers.py",
        )
        self.expect_violation(
            "src/attic/x.cc",
            "<span>",
            "room attic is not in the table of tools/check_layers.py",
        )


class CheckFilesTest(unittest.TestCase):
    def test_a_tree_in_order(self):
        self.assertEqual(run("check_files.py", {"src/base/x.cc": "int x;\n" * 499})[0], 0)

    def test_violations(self):
        code, lines = run(
            "check_files.py",
            {
                "src/base/long.cc": "int x;\n" * 500,
                "src/base/odd.cc": "// fine\n// caf\u00e9\n",
                "src/base/open.cc": "int x;",
                "tests/data/text.txt": "caf\u00e9",
            },
        )
        self.assertEqual(code, 1)
        self.assertEqual(
            lines,
            [
                "src/base/long.cc:500: 500 lines, under 500 allowed: split it",
                "src/base/odd.cc:2: U+00E9 is not ASCII: write it as an escape",
                "src/base/open.cc:1: no newline at the end",
            ],
        )


if __name__ == "__main__":
    unittest.main()
