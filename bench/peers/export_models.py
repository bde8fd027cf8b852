"""Export a sentence-transformers folder (mean pooling, unit length) for the peers, pooling included.

    export_models.py MODEL WORK

WORK/openvino.xml       from torch directly, with its fused attention: faster in OpenVINO than through ONNX
WORK/onnxruntime.onnx   with plain attention, which ONNX Runtime's BERT optimiser recognises and fuses
"""

import json
import pathlib
import sys

import onnxruntime.transformers.optimizer
import openvino
import torch
import transformers

INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class PooledEncoder(torch.nn.Module):
    def __init__(self, model, attention):
        super().__init__()
        self.net = transformers.AutoModel.from_pretrained(model, attn_implementation=attention).eval()

    def forward(self, input_ids, attention_mask, token_type_ids):
        hidden = self.net(input_ids, attention_mask, token_type_ids).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(mean, dim=1)


def sample():
    """Two rows of different lengths, so that the exporters see the mask at work."""
    ids = torch.tensor([[101, 7592, 102, 0], [101, 7592, 2088, 102]])
    return {"input_ids": ids, "attention_mask": (ids != 0).long(), "token_type_ids": torch.zeros_like(ids)}


def export_openvino(model, path):
    graph = openvino.convert_model(PooledEncoder(model, "sdpa"), example_input=sample())
    openvino.save_model(graph, path, compress_to_fp16=False)


def export_onnxruntime(model, path):
    raw = path.with_suffix(".raw.onnx")
    axes = {name: {0: "rows", 1: "tokens"} for name in INPUTS}
    torch.onnx.export(
        PooledEncoder(model, "eager"), tuple(sample().values()), raw, opset_version=17, dynamo=False,
        input_names=list(INPUTS), output_names=["vectors"], dynamic_axes={**axes, "vectors": {0: "rows"}},
    )
    config = json.loads((model / "config.json").read_text())
    optimized = onnxruntime.transformers.optimizer.optimize_model(
        str(raw), "bert", num_heads=config["num_attention_heads"], hidden_size=config["hidden_size"],
        opt_level=1, only_onnxruntime=False,
    )
    print("export: ONNX Runtime fused", {k: n for k, n in optimized.get_fused_operator_statistics().items() if n})
    optimized.save_model_to_file(str(path))
    raw.unlink()


def main():
    model, work = map(pathlib.Path, sys.argv[1:])
    work.mkdir(parents=True, exist_ok=True)
    export_openvino(model, work / "openvino.xml")
    export_onnxruntime(model, work / "onnxruntime.onnx")


main()
