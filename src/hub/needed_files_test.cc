#include "hub/needed_files.h"

#include <gtest/gtest.h>

#include "vecmill/error.h"

namespace vecmill {
namespace {

using Paths = std::vector<std::string>;

Paths Needed(const Paths& paths, std::optional<std::string_view> modules = std::nullopt) {
  return NeededFiles(paths, ModuleFolders(modules, "modules.json"));
}

TEST(NeededFiles, LeavesOtherProgramsFilesOut) {
  const Paths all = {
      ".gitattributes",     "1_Pooling/config.json", "2_Normalize/README.md",
      "README.md",          "config.json",           "config_sentence_transformers.json",
      "flax_model.msgpack", "model.safetensors",     "modules.json",
      "onnx/config.json",   "onnx/model.onnx",       "openvino/openvino_model.bin",
      "pytorch_model.bin",  "rust_model.ot",         "sentence_bert_config.json",
      "tf_model.h5",        "tokenizer.json",        "train_script.py",
      "vocab.txt"};
  const Paths expected = {
      "1_Pooling/config.json", "config.json",  "config_sentence_transformers.json",
      "model.safetensors",     "modules.json", "sentence_bert_config.json",
      "tokenizer.json",        "vocab.txt"};
  EXPECT_EQ(Needed(all, R"([{"path": ""}, {"path": "1_Pooling"}, {"path": "2_Normalize"}])"),
            expected);
}

TEST(NeededFiles, FollowsModules) {
  const Paths all = {"0_Transformer/config.json",
                     "0_Transformer/model.safetensors",
                     "2_Dense/config.json",
                     "2_Dense/model.safetensors",
                     "2_Dense/pytorch_model.bin",
                     "3_Other/model.safetensors",
                     "config.json",
                     "model.safetensors",
                     "modules.json"};
  const Paths expected = {"0_Transformer/config.json",
                          "0_Transformer/model.safetensors",
                          "2_Dense/config.json",
                          "2_Dense/model.safetensors",
                          "config.json",
                          "modules.json"};
  EXPECT_EQ(Needed(all, R"([{"path": "0_Transformer"}, {"path": "2_Dense/"}])"), expected);
  EXPECT_EQ(Needed({"model.safetensors", "tokenizer.json", "x.py"}, R"([{"path": "."}])"),
            (Paths{"model.safetensors", "tokenizer.json"}));
  // Without modules.json the model is the folder itself.
  EXPECT_EQ(Needed({"0_Transformer/config.json", "config.json"}), Paths{"config.json"});
}

TEST(NeededFiles, ShardsOnlyWithoutSingleFile) {
  const Paths shards = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                        "model.safetensors.index.json"};
  EXPECT_EQ(Needed(shards), shards);
  Paths both = shards;
  both.push_back("model.safetensors");
  both.push_back("model.fp16.safetensors");
  EXPECT_EQ(Needed(both), Paths{"model.safetensors"});
}

TEST(NeededFiles, RefusesModulesThatLeaveTheFolder) {
  for (const char* modules :
       {"", "{}", "[3]", "[{}]", R"([{"path": 3}])", R"([{"path": ".."}])",
        R"([{"path": "../../x"}])", R"([{"path": "/etc"}])", R"([{"path": "a/../../b"}])"}) {
    try {
      Needed({"config.json"}, modules);
      FAIL() << modules;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kCorrupt) << e.what();
    }
  }
}

}  // namespace
}  // namespace vecmill
