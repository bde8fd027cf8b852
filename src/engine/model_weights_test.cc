#include "engine/model_weights.h"

#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <span>
#include <string>

#include "base/checksum.h"

namespace vecmill {
namespace {

struct Packed {
  const char* model;
  uint64_t checksum;
};

// Files of a weight cache are found by model_weights.cc's kPackingVersion, so what networks put
// into their arrays may not change without it. If this fails and the change is meant, raise the
// version and put the checksums here that the test prints.
TEST(ModelWeightsTest, ArraysAreThoseOfThePackingVersion) {
  const Packed all[] = {
      {"micro_bert", 0x1f2cb2dacc7f80e3},       {"tiny_albert", 0x6a15cb90d0f8c57c},
      {"tiny_bert", 0xd17c712af3db5d3a},        {"tiny_distilbert", 0xd94fb684bd26f166},
      {"tiny_electra", 0x4d54ae4d42d00f4d},     {"tiny_modernbert", 0x0086ce30efcc82f6},
      {"tiny_mpnet", 0xf9d5ca8816520fa6},       {"tiny_nomic_bert", 0x60c1811878e69bdf},
      {"tiny_roberta", 0xb21289e7d6ef3845},     {"tiny_use", 0xd261cd2b2cbc6397},
      {"tiny_xlm-roberta", 0xd6296fe82326ce8d},
  };
  for (const auto& [name, expected] : all) {
    const ModelFolder folder = ModelFolder::Open(std::string(VECMILL_TEST_DATA "/models/") + name);
    PrivateArrays store;
    Network::Load(folder, Checkpoint::Open(folder.transformer_folder), store);
    std::string listed;
    for (const PrivateArrays::Array& array : store.arrays()) {
      const std::span bytes(array.bytes.get(), static_cast<size_t>(array.num_bytes));
      listed += array.name + " " + std::to_string(Checksum64(bytes)) + "\n";
    }
    char actual[17];
    std::snprintf(actual, sizeof actual, "%016" PRIx64,
                  Checksum64(std::as_bytes(std::span(listed))));
    char wanted[17];
    std::snprintf(wanted, sizeof wanted, "%016" PRIx64, expected);
    EXPECT_STREQ(actual, wanted) << name;
  }
}

}  // namespace
}  // namespace vecmill
