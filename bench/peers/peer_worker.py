"""A peer's side of the benchmark: strings in memory to vectors in memory, on request.

    peer_worker.py PEER MODEL TEXTS WORK THREADS

PEER is sentence-transformers, onnxruntime, openvino or openvino-latency; WORK holds what export_models.py made; TEXTS is
the file of ours.cc, which speaks the same protocol. Prints a JSON line about itself, then answers each
line of stdin with a JSON line:

    tune        time every setting on a quarter of the texts and keep the fastest;
                {"setting": {...}, "tried": [...]}
    run         embed all texts; {"seconds": S}, wall clock from strings to vectors
    save PATH   write the vectors of the last run, raw f32 [N, dim]

A setting: `batch` rows of similar length at once, `streams` batches beside each other that share the threads.
"""

import concurrent.futures
import importlib.metadata
import json
import os
import pathlib
import struct
import sys
import threading
import time

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy
import tokenizers

TUNE_STRIDE = 4
TUNE_RUNS = 2


def read_texts(path):
    data, texts, at = pathlib.Path(path).read_bytes(), [], 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        at += 4 + length
        texts.append(data[at - length : at].decode())
    return texts


class SentenceTransformers:
    packages = ("sentence-transformers", "transformers", "torch")
    settings = tuple({"streams": 1, "batch": batch} for batch in (16, 32, 64))

    def __init__(self, model, work, threads):
        import sentence_transformers
        import torch

        torch.set_num_threads(threads)
        self.model = sentence_transformers.SentenceTransformer(model, device="cpu")

    def configure(self, setting):
        self.batch = setting["batch"]

    def embed(self, texts):
        return self.model.encode(texts, batch_size=self.batch, convert_to_numpy=True)


class Graph:
    """An engine that runs a graph on padded batches: tokenize, sort by length, feed."""

    settings = (
        *({"streams": 1, "batch": batch} for batch in (32, 64, 128)),
        *({"streams": 2, "batch": batch} for batch in (8, 16, 32, 64)),
    )

    def __init__(self, model, work, threads):
        self.work, self.threads = pathlib.Path(work), threads
        self.dim = json.loads(pathlib.Path(model, "config.json").read_text())["hidden_size"]
        length = json.loads(pathlib.Path(model, "sentence_bert_config.json").read_text())["max_seq_length"]
        self.tokenizer = tokenizers.Tokenizer.from_file(f"{model}/tokenizer.json")
        self.tokenizer.enable_truncation(length)
        self.tokenizer.no_padding()
        self.feeders = None

    def configure(self, setting):
        self.batch = setting["batch"]
        self.compile(setting["streams"])
        if self.feeders:
            self.feeders.shutdown()
        self.feeders = concurrent.futures.ThreadPoolExecutor(setting["streams"])

    def embed(self, texts):
        encoded = self.tokenizer.encode_batch_fast(texts)
        lengths = numpy.array([len(e) for e in encoded])
        vectors = numpy.empty((len(texts), self.dim), numpy.float32)
        order = numpy.argsort(-lengths, kind="stable")

        def feed(begin):
            rows = order[begin : begin + self.batch]
            ids = numpy.zeros((len(rows), lengths[rows[0]]), numpy.int64)
            for i, row in enumerate(rows):
                ids[i, : lengths[row]] = encoded[row].ids
            mask = (numpy.arange(ids.shape[1]) < lengths[rows, None]).astype(numpy.int64)
            vectors[rows] = self.infer(
                {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
            )

        for _ in self.feeders.map(feed, range(0, len(texts), self.batch)):
            pass
        return vectors


class OnnxRuntime(Graph):
    packages = ("onnxruntime", "tokenizers")

    def compile(self, streams):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = max(1, self.threads // streams)
        path = str(self.work / "onnxruntime.onnx")
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.names = {i.name for i in self.session.get_inputs()}

    def infer(self, inputs):
        (vectors,) = self.session.run(None, {k: v for k, v in inputs.items() if k in self.names})
        return vectors


class OpenVino(Graph):
    packages = ("openvino", "tokenizers")

    def compile(self, streams):
        import openvino

        # Left alone it computes in bf16 where the CPU can.
        config = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": self.threads}
        config |= (
            {"PERFORMANCE_HINT": "LATENCY"}
            if streams == 1
            else {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": streams}
        )
        self.compiled = openvino.Core().compile_model(self.work / "openvino.xml", "CPU", config)
        self.names = [i.get_any_name() for i in self.compiled.inputs]
        self.of_thread = threading.local()

    def infer(self, inputs):
        if not hasattr(self.of_thread, "request"):
            self.of_thread.request = self.compiled.create_infer_request()
        self.of_thread.request.infer({name: inputs[name] for name in self.names}, share_inputs=True)
        return self.of_thread.request.get_output_tensor(0).data


class OpenVinoLatency(OpenVino):
    """One batch at a time on all threads: how OpenVINO is used where nobody tunes it."""

    settings = tuple(setting for setting in Graph.settings if setting["streams"] == 1)


PEERS = {
    "sentence-transformers": SentenceTransformers,
    "onnxruntime": OnnxRuntime,
    "openvino": OpenVino,
    "openvino-latency": OpenVinoLatency,
}


def seconds_of(peer, texts):
    start = time.perf_counter()
    vectors = peer.embed(texts)
    return time.perf_counter() - start, vectors


def tune(peer, texts):
    tried = []
    for setting in peer.settings:
        peer.configure(setting)
        peer.embed(texts)
        best = min(seconds_of(peer, texts)[0] for _ in range(TUNE_RUNS))
        tried.append({**setting, "rows_per_second": round(len(texts) / best, 1)})
    fastest = max(range(len(tried)), key=lambda i: tried[i]["rows_per_second"])
    peer.configure(peer.settings[fastest])
    return {"setting": peer.settings[fastest], "tried": tried}


def main():
    name, model, texts_path, work, threads = sys.argv[1:]
    texts = read_texts(texts_path)
    peer = PEERS[name](model, work, int(threads))
    peer.configure(peer.settings[0])
    vectors = None

    def answer(text):
        print(json.dumps(text), flush=True)

    answer({"versions": {package: importlib.metadata.version(package) for package in peer.packages}})
    for line in map(str.rstrip, sys.stdin):
        if line == "tune":
            answer(tune(peer, texts[::TUNE_STRIDE]))
        elif line == "run":
            seconds, vectors = seconds_of(peer, texts)
            answer({"seconds": seconds})
        elif line.startswith("save "):
            numpy.asarray(vectors, numpy.float32).tofile(line.removeprefix("save "))
            answer({})
        else:
            sys.exit(f"peer_worker: '{line}' is not tune, run or save")


main()
