// weights/config_checks.h: what the families check alike in config.json.
//
// `where` names config.json in messages. Errors: kCorrupt for a value that makes no sense,
// kUnsupported, naming the setting, for one that does and is not implemented.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/json.h"
#include "weights/network_config.h"

namespace vecmill {

inline constexpr int64_t kMaxHidden = 65536;
inline constexpr int64_t kMaxLayers = 1000;
inline constexpr int64_t kMaxFfn = 4 * kMaxHidden;
inline constexpr int64_t kMaxVocab = 16 << 20;
inline constexpr int64_t kMaxPositions = 1 << 20;
inline constexpr int64_t kMaxTypes = 1024;

// A whole number from 1 to `max`, which must be there.
int64_t ReadSize(const Json& config, const char* key, int64_t max, const std::string& where);

// Refuse `key` unless it is absent or `expected`.
void RequireSetting(const Json& config, const char* key, int64_t expected,
                    const std::string& where);
void RequireSetting(const Json& config, const char* key, const char* expected,
                    const std::string& where);
void RequireSetting(const Json& config, const char* key, bool expected, const std::string& where);

// Refuse `keys` unless they are absent or null.
void RefuseSet(const Json& config, std::initializer_list<const char*> keys,
               const std::string& where);

Activation ReadActivation(const Json& config, const char* key, const std::string& where);

// What layer norms add to the variance.
float ReadEpsilon(const Json& config, const char* key, double fallback, const std::string& where);

// The base of rotary positions, from 1 up.
double ReadTheta(const Json& config, const char* key, double fallback, const std::string& where);

// Refuse what no family runs: decoders, pruned heads, quantised weights.
void RefuseVariants(const Json& config, const std::string& where);

// Refuse a model that brings Python code of its own, unless the name of its class ends in
// `known_class`, which a family here stands for.
void RefuseCode(const Json& config, const std::string& where, std::string_view known_class = "");

// What a family calls the sizes; most take the names that BERT gave them.
struct SizeKeys {
  const char* hidden = "hidden_size";
  const char* layers = "num_hidden_layers";
  const char* heads = "num_attention_heads";
  const char* ffn = "intermediate_size";
};

// The sizes under `keys` and vocab_size, with heads that divide the hidden states evenly; after
// RefuseVariants. The embedding is as wide as the hidden states.
NetworkConfig ReadSizes(const Json& config, const SizeKeys& keys, const std::string& where);

// RefuseCode, then the keys as BERT calls them: the sizes, hidden_act and layer_norm_eps.
NetworkConfig ReadBertKeys(const Json& config, const std::string& where);

// Rotary positions turn pairs of numbers. REQUIRES: head_dim is set.
void RequireEvenHeads(const NetworkConfig& config, const std::string& where);

// max_position_embeddings and what it leaves for tokens when positions count from pad_id + 1.
// REQUIRES: pad_id is set.
void ReadPositions(const Json& config, const std::string& where, NetworkConfig& result);

}  // namespace vecmill
