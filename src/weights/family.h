// weights/family.h: the model families, one file each: FAMILY.cc says what its config.json means
// and how its tensors are called.
#pragma once

#include <string>

#include "base/json.h"
#include "weights/checkpoint.h"
#include "weights/encoder_tensors.h"
#include "weights/network_config.h"

namespace vecmill {

struct Family {
  // All but model_type. See ReadNetworkConfig.
  NetworkConfig (*read_config)(const Json& config, const std::string& where);
  EncoderNames names;  // of those that are encoders like BERT
};

extern const Family kAlbertFamily;
extern const Family kBertFamily;
extern const Family kDistilBertFamily;
extern const Family kElectraFamily;
extern const Family kModernBertFamily;
extern const Family kMpnetFamily;
extern const Family kNomicBertFamily;
extern const Family kRobertaFamily;
extern const Family kUseFamily;

// The family of a model_type. Errors: kUnsupported, naming those that run.
const Family& FindFamily(const std::string& model_type, const std::string& where);

}  // namespace vecmill
