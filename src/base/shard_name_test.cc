#include "base/shard_name.h"

#include <gtest/gtest.h>

namespace vecmill {
namespace {

TEST(IsShardName, TakesTheNamesOfShards) {
  EXPECT_TRUE(IsShardName("model-00001-of-00003.safetensors"));
  EXPECT_TRUE(IsShardName("model-99999-of-99999.safetensors"));
}

TEST(IsShardName, TakesNothingElse) {
  for (const char* name : {"", "model.safetensors", "model-00001-of-00003.safetensor",
                           "model-0001-of-0003.safetensors", "model-00001-of-00003.safetensors2",
                           "model-0000a-of-00003.safetensors", "model-#####-of-#####.safetensors",
                           "../model-00001-of-00003.safetensors"}) {
    EXPECT_FALSE(IsShardName(name)) << name;
  }
}

}  // namespace
}  // namespace vecmill
