#include "weights/model_folder.h"

#include <sys/stat.h>

#include <filesystem>

#include "weights/model_fixture.h"

namespace vecmill {
namespace {

namespace fs = std::filesystem;

class ModelFolderTest : public testing::Test {
 protected:
  ModelFolder Open() const { return ModelFolder::Open(folder_.path()); }

  void Write(const std::string& name, std::string_view text) {
    fs::create_directories((folder_ / name).parent_path());
    WriteBytes(folder_ / name, text);
  }

  void Remove(const std::string& name) { fs::remove_all(folder_ / name); }

  // Replace text of a file, which must hold it.
  void Edit(const std::string& name, const std::string& from, const std::string& to) {
    std::string text = ReadBytes(folder_ / name);
    ASSERT_NE(text.find(from), std::string::npos) << name << ": " << text;
    Write(name, text.replace(text.find(from), from.size(), to));
  }

  void ExpectOpenError(ErrorCode code, std::initializer_list<std::string_view> parts) const {
    ExpectError(code, parts, [&] { Open(); });
  }

  // A chain of Transformer and Pooling, and what else is given.
  void WriteModules(const std::string& transformer, const std::string& pooling,
                    const std::string& more = "") {
    Write("modules.json", R"([{"idx":0,"name":"0","path":"","type":")" + transformer +
                              R"("},{"idx":1,"name":"1","path":"1_Pooling","type":")" + pooling +
                              R"("})" + more + "]");
  }

  const TempFolder folder_{"tiny_bert"};
};

TEST_F(ModelFolderTest, ReadsASentenceTransformersFolder) {
  const ModelFolder model = Open();
  EXPECT_EQ(model.path, folder_.path());
  EXPECT_EQ(model.transformer_folder, folder_.path());
  EXPECT_EQ(model.tokenizer_file, folder_ / "tokenizer.json");
  EXPECT_EQ(model.config.model_type, "bert");
  EXPECT_EQ(model.config.hidden, 48);
  EXPECT_EQ(model.poolings, Poolings{Pooling::kMean});
  EXPECT_TRUE(model.normalize);
  EXPECT_EQ(model.max_seq_length, 32);
}

TEST_F(ModelFolderTest, ReadsAPlainTransformersFolder) {
  Remove("modules.json");
  const ModelFolder model = Open();
  EXPECT_EQ(model.poolings, Poolings{Pooling::kMean});
  EXPECT_FALSE(model.normalize);
  EXPECT_EQ(model.max_seq_length, 64) << "sentence_bert_config.json counts only with modules.json";
  Edit("config.json", "BertModel", "BertForCausalLM");
  ExpectOpenError(ErrorCode::kUnsupported, {"BertForCausalLM", "last token"});
}

TEST_F(ModelFolderTest, ReadsModulesInEverySpelling) {
  const std::string old = "sentence_transformers.models.";
  const std::string base = "sentence_transformers.base.modules.";
  const std::string own = "sentence_transformers.sentence_transformer.modules.";
  for (const auto& [transformer, pooling] :
       {std::pair(old + "Transformer", old + "Pooling"),
        std::pair(base + "transformer.Transformer", own + "pooling.Pooling"),
        std::pair(own + "Transformer", own + "Pooling")}) {
    WriteModules(transformer, pooling);
    EXPECT_FALSE(Open().normalize);
    for (const std::string& normalize :
         {old + "Normalize", base + "normalize.Normalize", own + "normalize.Normalize"}) {
      WriteModules(transformer, pooling,
                   R"(,{"name":"2","path":"2_Normalize","type":")" + normalize + R"("})");
      EXPECT_TRUE(Open().normalize);
    }
  }
}

TEST_F(ModelFolderTest, ReadsATransformerInItsOwnFolder) {
  Edit("modules.json", R"("path": "",)", R"("path": "0_Transformer",)");
  fs::create_directory(folder_ / "0_Transformer");
  for (const char* name :
       {"config.json", "tokenizer.json", "tokenizer_config.json", "sentence_bert_config.json"}) {
    fs::rename(folder_ / name, folder_ / "0_Transformer" / name);
  }
  const ModelFolder model = Open();
  EXPECT_EQ(model.transformer_folder, folder_ / "0_Transformer");
  EXPECT_EQ(model.tokenizer_file, folder_ / "0_Transformer/tokenizer.json");
  EXPECT_EQ(model.max_seq_length, 32);
}

TEST_F(ModelFolderTest, RefusesOtherModulesByName) {
  const std::string old = "sentence_transformers.models.";
  for (const std::string& module :
       {old + "CNN", old + "Dropout", std::string("custom.code.Normalize"), old + "Pooling"}) {
    WriteModules(old + "Transformer", old + "Pooling",
                 R"(,{"name":"2","path":"2_X","type":")" + module + R"("})");
    ExpectOpenError(ErrorCode::kUnsupported, {"modules.json", "Transformer, Pooling"});
  }
  WriteModules(old + "WordEmbeddings", old + "Pooling");
  ExpectOpenError(ErrorCode::kUnsupported, {"modules.json: module 0", "WordEmbeddings"});
  WriteModules("sentence_transformers.sparse_encoder.models.Transformer", old + "Pooling");
  ExpectOpenError(ErrorCode::kUnsupported, {"modules.json: module 0", "sparse_encoder"});
  Write("modules.json", "[]");
  ExpectOpenError(ErrorCode::kUnsupported, {"modules.json", "0 modules"});
}

TEST_F(ModelFolderTest, RefusesBrokenModules) {
  for (const char* text : {"", "{}", "[3]", "[{}]", R"([{"name":"0","path":3,"type":"x"}])"}) {
    Write("modules.json", text);
    ExpectOpenError(ErrorCode::kCorrupt, {"modules.json"});
  }
  const std::string old = "sentence_transformers.models.";
  WriteModules(old + "Transformer", old + "Pooling",
               R"(,{"name":"1","path":"2_Normalize","type":")" + old + R"(Normalize"})");
  ExpectOpenError(ErrorCode::kCorrupt, {"modules.json: module 2", "\"1\""});
}

TEST_F(ModelFolderTest, RefusesModulePathsThatLeaveTheFolder) {
  const std::string good = R"("path": "1_Pooling")";
  const std::string text = ReadBytes(folder_ / "modules.json");
  for (const char* path :
       {"..", "../x", "a/../../x", "/etc", "1_Pooling/..", "a\\\\b", "1_Pooling\\u0000"}) {
    Write("modules.json", text);
    Edit("modules.json", good, R"("path": ")" + std::string(path) + "\"");
    ExpectOpenError(ErrorCode::kCorrupt, {"modules.json: module 1: path", "inside the model"});
  }
}

TEST_F(ModelFolderTest, ReadsPoolingModesInBothSpellings) {
  const std::string file = "1_Pooling/config.json";
  for (const auto& [text, pooling] :
       {std::pair(R"("pooling_mode_cls_token":true)", Pooling::kCls),
        std::pair(R"("pooling_mode_max_tokens":true,"pooling_mode_mean_tokens":false)",
                  Pooling::kMax),
        std::pair(R"("pooling_mode_mean_tokens":true)", Pooling::kMean),
        std::pair(R"("pooling_mode_cls_token":false)", Pooling::kMean),
        std::pair(R"("pooling_mode":"cls")", Pooling::kCls),
        std::pair(R"("pooling_mode":["max"])", Pooling::kMax),
        std::pair(R"("pooling_mode_mean_sqrt_len_tokens":true)", Pooling::kMeanSqrtLen),
        std::pair(R"("pooling_mode_weightedmean_tokens":true)", Pooling::kWeightedMean),
        std::pair(R"("pooling_mode":"lasttoken")", Pooling::kLast),
        std::pair(R"("pooling_mode":"mean","pooling_mode_cls_token":true)", Pooling::kMean),
        std::pair(R"("pooling_mode":"mean","include_prompt":false)", Pooling::kMean)}) {
    Write(file, R"({"word_embedding_dimension":48,)" + std::string(text) + "}");
    EXPECT_EQ(Open().poolings, Poolings{pooling}) << text;
    Write(file, R"({"embedding_dimension":48,)" + std::string(text) + "}");
    EXPECT_EQ(Open().poolings, Poolings{pooling}) << text;
  }
}

TEST_F(ModelFolderTest, ReadsPoolingsPutTogether) {
  for (const auto& [text, poolings] :
       {std::pair(R"("pooling_mode_mean_tokens":true,"pooling_mode_cls_token":true)",
                  Poolings{Pooling::kCls, Pooling::kMean}),
        std::pair(R"("pooling_mode":["mean","cls"])", Poolings{Pooling::kMean, Pooling::kCls})}) {
    Write("1_Pooling/config.json", R"({"word_embedding_dimension":48,)" + std::string(text) + "}");
    EXPECT_EQ(Open().poolings, poolings) << text;
  }
}

TEST_F(ModelFolderTest, ReadsLayerNormsAndRefusesThoseThatDoNotFit) {
  const std::string old = "sentence_transformers.models.";
  WriteModules(old + "Transformer", old + "Pooling",
               R"(,{"name":"2","path":"2_LayerNorm","type":")" + old + R"(LayerNorm"})");
  fs::create_directory(folder_ / "2_LayerNorm");
  const std::string file = "2_LayerNorm/config.json";
  Write(file, R"({"dimension":48})");
  ASSERT_EQ(Open().head.size(), 1U);
  EXPECT_EQ(Open().head[0].kind, HeadModule::Kind::kLayerNorm);
  Write("1_Pooling/config.json",
        R"({"word_embedding_dimension":48,"pooling_mode":["mean","cls"]})");
  ExpectOpenError(ErrorCode::kCorrupt, {"2_LayerNorm", "dimension is 48", "gives 96 values"});
  Write(file, R"({"dimension":0})");
  ExpectOpenError(ErrorCode::kCorrupt, {file, "found 0"});
  Write(file, R"({"dimension":96,"eps":1e-3})");
  ExpectOpenError(ErrorCode::kUnsupported, {file, "eps"});
}

TEST_F(ModelFolderTest, RefusesOtherPoolingByName) {
  const std::string file = "1_Pooling/config.json";
  for (const auto& [text, named] :
       {std::pair(R"("pooling_mode":["mean","first_last"])", "first_last"),
        std::pair(R"("pooling_mode":"first_last")", "first_last"),
        std::pair(R"("pooling_mode_new":true)", "pooling_mode_new")}) {
    Write(file, R"({"word_embedding_dimension":48,)" + std::string(text) + "}");
    ExpectOpenError(ErrorCode::kUnsupported, {file, named});
  }
  Write(file, R"({"embedding_dimension":48,"pooling_mode":[]})");
  ExpectOpenError(ErrorCode::kCorrupt, {file, "pooling_mode", "none"});
  Write(file, R"({"pooling_mode":"mean"})");
  ExpectOpenError(ErrorCode::kCorrupt, {file, "word_embedding_dimension", "nothing"});
  Write(file, R"({"pooling_mode":"mean","embedding_dimension":384})");
  ExpectOpenError(ErrorCode::kCorrupt, {"384", "48"});
}

// The expected lengths are what SentenceTransformer(...).max_seq_length gives for such a folder,
// except that rows are never longer than the model has positions.
TEST_F(ModelFolderTest, FindsMaxSeqLengthAsSentenceTransformersDoes) {
  const std::string sentence = "sentence_bert_config.json";
  for (const auto& [text, length] :
       {std::pair(R"({"max_seq_length":17})", 17), std::pair(R"({"max_seq_length":2})", 2),
        std::pair(R"({"max_seq_length":100})", 64), std::pair(R"({"max_seq_length":null})", 64),
        std::pair("{}", 64)}) {
    Write(sentence, text);
    EXPECT_EQ(Open().max_seq_length, length) << text;
  }
  Write("sentence_roberta_config.json", R"({"max_seq_length":18})");
  EXPECT_EQ(Open().max_seq_length, 18) << "the first file is empty";
  Remove("sentence_roberta_config.json");
  Remove(sentence);
  for (const auto& [text, length] :
       {std::pair(R"({"model_max_length":20})", 20), std::pair(R"({"max_len":21})", 21),
        std::pair(R"({"model_max_length":1000000000000000019884624838656})", 64),
        std::pair(R"({"do_lower_case":true})", 64)}) {
    Write("tokenizer_config.json", text);
    EXPECT_EQ(Open().max_seq_length, length) << text;
  }
  Remove("tokenizer_config.json");
  EXPECT_EQ(Open().max_seq_length, 64);
}

TEST_F(ModelFolderTest, RefusesSenselessLengths) {
  for (const char* length : {"0", "1", "-5", "1e300", "\"32\""}) {
    Write("sentence_bert_config.json", R"({"max_seq_length":)" + std::string(length) + "}");
    ExpectOpenError(ErrorCode::kCorrupt, {"sentence_bert_config.json", "max_seq_length"});
  }
  Remove("sentence_bert_config.json");
  for (const char* length : {"0", "-5", "\"32\""}) {
    Write("tokenizer_config.json", R"({"model_max_length":)" + std::string(length) + "}");
    ExpectOpenError(ErrorCode::kCorrupt, {"tokenizer_config.json", "model_max_length"});
  }
}

TEST_F(ModelFolderTest, ReadsTransformerSettingsOfNewVersions) {
  Write("sentence_bert_config.json",
        R"({"transformer_task":"feature-extraction","modality_config":{"text":{"method":"forward",)"
        R"("method_output_name":"last_hidden_state"}},"module_output_name":"token_embeddings"})");
  Write("2_Normalize/config.json", R"({"module_input_name":"sentence_embedding",)"
                                   R"("module_output_name":"sentence_embedding"})");
  Write("config_sentence_transformers.json",
        R"({"model_type":"SentenceTransformer","prompts":{"query":"q: "},)"
        R"("default_prompt_name":null,"similarity_fn_name":"cosine"})");
  EXPECT_EQ(Open().max_seq_length, 64);
  EXPECT_TRUE(Open().normalize);
}

TEST_F(ModelFolderTest, ReadsPromptsTruncationAndSimilarity) {
  const std::string file = "config_sentence_transformers.json";
  EXPECT_TRUE(Open().prompts.empty());
  Write(file, R"({"prompts":{"query":"q: ","document":""},"default_prompt_name":"query",)"
              R"("truncate_dim":24,"similarity_fn_name":"dot"})");
  Write("1_Pooling/config.json", R"({"word_embedding_dimension":48,"include_prompt":false})");
  const ModelFolder folder = Open();
  ASSERT_EQ(folder.prompts.size(), 2U);
  EXPECT_EQ(folder.prompts[0].name, "query");
  EXPECT_EQ(folder.prompts[0].text, "q: ");
  EXPECT_EQ(folder.default_prompt_name, "query");
  EXPECT_FALSE(folder.pools_prompt);
  EXPECT_EQ(folder.truncate_dim, 24);
  EXPECT_EQ(folder.similarity, Similarity::kDot);

  Write(file, R"({"prompts":{"query":7}})");
  ExpectOpenError(ErrorCode::kCorrupt, {file, "query", "7"});
  Write(file, R"({"default_prompt_name":"query"})");
  ExpectOpenError(ErrorCode::kCorrupt, {file, "default_prompt_name", "query"});
  Write(file, R"({"truncate_dim":0})");
  ExpectOpenError(ErrorCode::kCorrupt, {file, "truncate_dim"});
}

TEST_F(ModelFolderTest, RefusesSettingsThatChangeVectors) {
  const auto expect_refused = [&](const std::string& file, const std::string& text,
                                  std::string_view named) {
    const bool existed = fs::exists(folder_ / file);
    const std::string before = existed ? ReadBytes(folder_ / file) : "";
    Write(file, text);
    ExpectOpenError(ErrorCode::kUnsupported, {file, named});
    existed ? Write(file, before) : Remove(file);
  };
  const std::string sentence = "sentence_bert_config.json";
  expect_refused(sentence, R"({"transformer_task":"fill-mask"})", "fill-mask");
  expect_refused(sentence, R"({"modality_config":{"text":{"method":"get_text_features"}}})",
                 "get_text_features");
  expect_refused(sentence, R"({"processing_kwargs":{"text":{"max_length":9}}})",
                 "processing_kwargs");
  expect_refused(sentence, R"({"tokenizer_args":{"model_max_length":9}})", "tokenizer_args");
  expect_refused(sentence, R"({"query_length":9})", "query_length");
  expect_refused(sentence, R"({"something_new":1})", "something_new");
  const std::string model = "config_sentence_transformers.json";
  expect_refused(model, R"({"similarity_fn_name":"jaccard"})", "jaccard");
  expect_refused(model, R"({"model_type":"CrossEncoder"})", "CrossEncoder");
  expect_refused("2_Normalize/config.json", R"({"module_input_name":"token_embeddings"})",
                 "token_embeddings");
}

TEST_F(ModelFolderTest, RefusesTokenizerFilesThatDisagree) {
  const std::string config = "tokenizer_config.json";
  for (const auto& [text, named] :
       {std::pair(R"({"do_lower_case":false})", "do_lower_case false"),
        std::pair(R"({"strip_accents":false})", "strip_accents false"),
        std::pair(R"({"tokenize_chinese_chars":false})", "tokenize_chinese_chars false")}) {
    Write(config, text);
    ExpectOpenError(ErrorCode::kUnsupported, {"tokenizer.json: normalizer", named});
  }
  Write(config, R"({"do_lower_case":false,"tokenizer_class":"PreTrainedTokenizerFast"})");
  EXPECT_EQ(Open().max_seq_length, 32) << "this class takes tokenizer.json as it is";
  Write(config, "{}");
  Edit("tokenizer.json", R"("lowercase": true)", R"("lowercase": false)");
  ExpectOpenError(ErrorCode::kUnsupported, {"lowercase is false", "do_lower_case true"});
}

TEST_F(ModelFolderTest, LowerCasingTwiceIsLowerCasingOnce) {
  Write("sentence_bert_config.json", R"({"max_seq_length":32,"do_lower_case":true})");
  EXPECT_EQ(Open().max_seq_length, 32);
  Edit("tokenizer.json", R"("lowercase": true)", R"("lowercase": false)");
  Write("tokenizer_config.json", R"({"do_lower_case":false})");
  ExpectOpenError(ErrorCode::kUnsupported, {"do_lower_case", "keeps capitals"});
}

TEST_F(ModelFolderTest, NamesMissingFiles) {
  for (const char* name : {"tokenizer.json", "1_Pooling/config.json", "config.json"}) {
    Remove(name);
    ExpectOpenError(ErrorCode::kNotFound, {name});
  }
  ExpectError(ErrorCode::kNotFound, {"no/such/folder"},
              [] { ModelFolder::Open("no/such/folder"); });
  ExpectError(ErrorCode::kInvalidArgument, {"modules.json", "not a folder"},
              [&] { ModelFolder::Open(folder_ / "modules.json"); });
}

TEST_F(ModelFolderTest, RefusesWhatIsNoRegularFile) {
  for (const char* name : {"tokenizer.json", "1_Pooling/config.json", "config.json",
                           "sentence_bert_config.json", "tokenizer_config.json", "modules.json"}) {
    const std::string before = ReadBytes(folder_ / name);
    Remove(name);
    fs::create_directory(folder_ / name);
    ExpectOpenError(ErrorCode::kIo, {name});
    Remove(name);
    ASSERT_EQ(mkfifo((folder_ / name).c_str(), 0600), 0);
    ExpectOpenError(ErrorCode::kIo, {name});
    Remove(name);
    Write(name, before);
  }
}

TEST_F(ModelFolderTest, NamesGitLfsPointers) {
  Write("tokenizer.json", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n");
  ExpectOpenError(ErrorCode::kCorrupt, {"tokenizer.json", "Git LFS pointer", "git lfs pull"});
}

TEST_F(ModelFolderTest, FollowsLinksOnlyInside) {
  const TempFolder outside;
  fs::rename(folder_ / "config.json", folder_ / "real.json");
  fs::create_symlink("real.json", folder_ / "config.json");
  EXPECT_EQ(Open().config.hidden, 48);

  fs::remove(folder_ / "config.json");
  fs::rename(folder_ / "real.json", outside / "config.json");
  fs::create_symlink(outside / "config.json", folder_ / "config.json");
  ExpectOpenError(ErrorCode::kCorrupt, {"config.json", outside.path(), "outside the model folder"});

  fs::remove(folder_ / "config.json");
  fs::create_symlink("nowhere", folder_ / "config.json");
  ExpectOpenError(ErrorCode::kNotFound, {"config.json"});

  fs::remove(folder_ / "config.json");
  fs::create_directory_symlink(outside.path(), folder_ / "0_Transformer");
  Edit("modules.json", R"("path": "",)", R"("path": "0_Transformer",)");
  ExpectOpenError(ErrorCode::kCorrupt, {"0_Transformer", "outside the model folder"});
}

TEST_F(ModelFolderTest, ReadsAHubCache) {
  const TempFolder cache;
  const fs::path entry = cache / "models--org--tiny";
  const fs::path snapshot = entry / "snapshots/0123456789abcdef";
  fs::create_directories(entry / "blobs");
  fs::create_directories(snapshot / "1_Pooling");
  int number = 0;
  for (const std::string name : {"config.json", "modules.json", "sentence_bert_config.json",
                                 "tokenizer.json", "1_Pooling/config.json"}) {
    const std::string blob = "blobs/" + std::to_string(number++);
    fs::copy_file(folder_ / name, entry / blob);
    const fs::path up = name.starts_with("1_Pooling") ? "../../.." : "../..";
    fs::create_symlink(up / blob, snapshot / name);
  }
  EXPECT_EQ(ModelFolder::Open(snapshot).max_seq_length, 32);

  fs::remove(snapshot / "config.json");
  fs::copy_file(folder_ / "config.json", cache / "config.json");
  fs::create_symlink("../../../config.json", snapshot / "config.json");
  ExpectError(ErrorCode::kCorrupt, {"config.json", "outside"},
              [&] { ModelFolder::Open(snapshot); });
}

TEST_F(ModelFolderTest, MayItselfBeALink) {
  const TempFolder elsewhere;
  fs::create_directory_symlink(folder_.path(), elsewhere / "link");
  EXPECT_EQ(ModelFolder::Open(elsewhere / "link").max_seq_length, 32);
}

}  // namespace
}  // namespace vecmill
