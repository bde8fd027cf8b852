#!/usr/bin/env python3
"""Write tests/golden/quantize.json: what sentence-transformers' quantize_embeddings makes of some vectors.

    goldens/bin/python tools/export_quantize_goldens.py      (the environment of export_goldens.py)

The first CALIBRATION_ROWS vectors give the ranges; of the others some lie outside of them. DIM is no multiple of
eight, so that the last byte of the signs is filled up. Nothing of this is needed to build, test or run vecmill.
"""

import json
import pathlib

import numpy
import sentence_transformers

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/golden/quantize.json"
SEED = 5
ROWS, CALIBRATION_ROWS, DIM = 120, 100, 13
CONSTANT = 3  # a place whose values in the calibration rows are all the same
PRECISIONS = ("int8", "uint8", "binary", "ubinary")


def make_vectors():
    vectors = numpy.random.default_rng(SEED).normal(0, 0.1, (ROWS, DIM)).astype(numpy.float32)
    vectors[:CALIBRATION_ROWS, CONSTANT] = numpy.float32(0.1)
    special = [0.0, -0.0, 1e-45, -1e-45, 0.5, -0.5, 65519.0, -65519.0, 6e-8, 2.9e-8, 0.1, 1.0, -1.0]
    vectors[CALIBRATION_ROWS] = special
    vectors[CALIBRATION_ROWS + 1] = special[::-1]
    vectors[CALIBRATION_ROWS + 2] = vectors[:CALIBRATION_ROWS].min(axis=0)
    vectors[CALIBRATION_ROWS + 3] = vectors[:CALIBRATION_ROWS].max(axis=0)
    return vectors


def main():
    vectors = make_vectors()
    calibration = vectors[:CALIBRATION_ROWS]
    ranges = numpy.stack([calibration.min(axis=0), calibration.max(axis=0)])
    quantized = {
        precision: sentence_transformers.quantize_embeddings(
            vectors, precision=precision, calibration_embeddings=calibration
        )
        for precision in PRECISIONS
    }
    quantized["float16"] = vectors.astype(numpy.float16).view(numpy.uint16)
    golden = {
        "made_by": f"sentence_transformers {sentence_transformers.__version__}, numpy {numpy.__version__}, seed {SEED}",
        "calibration_rows": CALIBRATION_ROWS,
        "vectors": vectors.tolist(),
        "ranges": ranges.tolist(),
        **{name: values.tolist() for name, values in quantized.items()},
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items()]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


main()
