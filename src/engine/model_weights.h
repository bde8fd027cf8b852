// engine/model_weights.h: the weights of a model folder, packed or mapped from a weight cache.
//
// Tested by model_weights_test.cc.
#pragma once

#include <memory>
#include <string>

#include "nets/network.h"
#include "nets/sentence_head.h"
#include "weights/model_folder.h"
#include "weights/weight_cache.h"

namespace vecmill {

struct ModelWeights {
  std::string sha256;  // hex; of the weight files of network and head
  std::unique_ptr<const Network> network;
  std::unique_ptr<const SentenceHead> head;
  WeightCache::Place place;
};

// `cache_folder` "" for none. Errors: as Checkpoint::Open, Network::Load and SentenceHead.
ModelWeights LoadModelWeights(const ModelFolder& folder, const std::string& cache_folder);

}  // namespace vecmill
