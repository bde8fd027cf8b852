#include "engine/model.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"
#include "engine/chunk_context.h"
#include "tokenizer/chunk_cutter.h"
#include "vecmill/error.h"
#include "weights/model_folder.h"

namespace vecmill {
namespace {

// Ids of the tokenizer index the word embeddings, and special tokens must leave room for text.
void CheckTokenizerFits(const Tokenizer& tokenizer, const ModelFolder& folder) {
  if (tokenizer.vocab_size() > folder.config.vocab) {
    throw Error(ErrorCode::kCorrupt, folder.tokenizer_file + ": has ids up to " +
                                         std::to_string(tokenizer.vocab_size() - 1) +
                                         ", but the model's vocab_size is " +
                                         std::to_string(folder.config.vocab));
  }
  if (!folder.has_special_tokens) return;  // a row without tokens has the zero vector
  std::vector<int32_t> ids;
  tokenizer.Encode("", folder.max_seq_length, &ids);
  if (ids.empty()) {
    throw Error(ErrorCode::kUnsupported,
                folder.tokenizer_file +
                    ": adds no special tokens, so an empty row would have no token to pool");
  }
}

std::unique_ptr<const Tokenizer> LoadTokenizer(const ModelFolder& folder) {
  auto tokenizer = Tokenizer::Load(folder.tokenizer_file, folder.has_special_tokens
                                                              ? Tokenizer::SpecialTokens::kAdded
                                                              : Tokenizer::SpecialTokens::kLeftOut);
  CheckTokenizerFits(*tokenizer, folder);
  return tokenizer;
}

std::string FindPrompt(const ModelFolder& folder, const EmbedderOptions& options) {
  if (options.prompt) return *options.prompt;
  std::string name = options.prompt_name;
  const auto is_named = [&](const NamedPrompt& prompt) { return prompt.name == name; };
  const std::vector<NamedPrompt>& prompts = folder.prompts;
  if (name.empty() && options.is_query) {
    name = "query";
    if (std::none_of(prompts.begin(), prompts.end(), is_named)) name.clear();
  }
  if (name.empty()) name = folder.default_prompt_name;
  if (name.empty()) return "";
  const auto found = std::find_if(prompts.begin(), prompts.end(), is_named);
  if (found != prompts.end()) return found->text;
  std::string known;
  for (const NamedPrompt& prompt : prompts) known += (known.empty() ? "" : ", ") + prompt.name;
  throw Error(ErrorCode::kInvalidArgument,
              folder.path + ": has no prompt '" + name + "'" +
                  (known.empty() ? "; the model brings none" : "; it has " + known));
}

// Tokens of `prompt` as sentence_transformers counts them to leave them out: the special tokens
// before it included, the one behind it not.
int64_t CountPromptTokens(const Tokenizer& tokenizer, const std::string& prompt,
                          int64_t max_seq_length) {
  std::vector<int32_t> of_nothing;
  std::vector<int32_t> of_prompt;
  tokenizer.Encode("", max_seq_length, &of_nothing);
  tokenizer.Encode(prompt, max_seq_length, &of_prompt);
  const auto num_tokens = static_cast<int64_t>(of_prompt.size());
  return num_tokens - (of_prompt.back() == of_nothing.back() ? 1 : 0);
}

// The columns asked for. The head belongs to the folder's own vector: the last layer, pooled as the
// folder says.
std::vector<VectorColumn> MakeColumns(const EmbedderOptions& options, const ModelFolder& folder,
                                      const Network& network, const SentenceHead& head) {
  const int64_t hidden = network.hidden();
  std::vector<VectorColumn> columns;
  for (const ColumnOptions& asked : options.columns) {
    LayerExpr expr = LayerExpr::Parse(asked.layers, network.num_layers());
    if (network.pools_tokens() && !expr.poolings.empty() && expr.poolings != folder.poolings) {
      throw Error(ErrorCode::kInvalidArgument,
                  "layers: " + asked.layers + ": this " + folder.config.model_type +
                      " pools its tokens itself, " + PoolingNames(folder.poolings) +
                      "; no other pooling is possible");
    }
    const Poolings& poolings = expr.poolings.empty() ? folder.poolings : expr.poolings;
    const int64_t width = expr.root.width * static_cast<int64_t>(poolings.size());
    if (width > std::numeric_limits<int32_t>::max() / hidden) {
      throw Error(ErrorCode::kInvalidArgument,
                  "layers: " + asked.layers + " makes vectors of " + std::to_string(width) + " x " +
                      std::to_string(hidden) + " values, more than a table can hold");
    }
    for (const VectorColumn& other : columns) {
      if (other.description().name != asked.name) continue;
      throw Error(ErrorCode::kInvalidArgument,
                  "layers: two columns are called '" + asked.name + "'");
    }
    const bool per_token = poolings.front() == Pooling::kNone;
    const LayerExpr::Node& root = expr.root;
    const bool is_folders_own = root.op == LayerExpr::Op::kLayer && root.weight == 1.0f &&
                                root.layer == network.num_layers() && poolings == folder.poolings;
    const bool has_head = is_folders_own && !head.empty();
    const int64_t full_dim = has_head ? head.out() : width * hidden;
    const int64_t folder_dim = std::min(folder.truncate_dim.value_or(full_dim), full_dim);
    const int64_t dim = per_token ? full_dim : options.truncate_dim.value_or(folder_dim);
    if (dim < 1 || dim > full_dim) {
      throw Error(ErrorCode::kInvalidArgument,
                  "truncate dim: " + std::to_string(dim) + " is not a number from 1 to " +
                      std::to_string(full_dim) + ", the values of column '" + asked.name + "'");
    }
    const bool as_folder = folder.normalize && !per_token;
    columns.emplace_back(
        std::move(expr), hidden, has_head ? &head : nullptr,
        VectorColumn::Scaling{.full = as_folder && options.normalize.value_or(true),
                              .kept = options.normalize.value_or(false)},
        ColumnDescription{
            .name = asked.name,
            .layers = asked.layers,
            .poolings = poolings,
            .normalized = options.normalize.value_or(as_folder && dim == full_dim),
            .normalized_before_cut = as_folder && !options.normalize && dim < full_dim,
            .dim = dim});
  }
  return columns;
}

}  // namespace

ModelParts::ModelParts(const std::string& path, const std::string& weight_cache)
    : folder(ModelFolder::Open(path)),
      tokenizer(LoadTokenizer(folder)),
      weights(LoadModelWeights(folder, weight_cache)) {}

Model::Model(std::shared_ptr<const ModelParts> parts, const EmbedderOptions& options)
    : parts_(std::move(parts)) {
  const ModelFolder& folder = parts_->folder;
  const Network& network = *parts_->weights.network;
  columns_ = MakeColumns(options, folder, network, *parts_->weights.head);
  is_read_.resize(static_cast<size_t>(network.num_layers() + 1));
  description_ = {
      .path = folder.path,
      .architecture = folder.config.model_type,
      .weights_sha256 = parts_->weights.sha256,
      .columns = {},
      .prompt = FindPrompt(folder, options),
      .prompts = {},
      .similarity = folder.similarity,
      .hidden = network.hidden(),
      .num_layers = network.num_layers(),
      .max_seq_length = folder.max_seq_length,
      .weight_bytes = network.weight_bytes(),
      .weight_cache_file = parts_->weights.place.file,
      .weight_cache_problem = parts_->weights.place.problem,
  };
  for (const NamedPrompt& prompt : folder.prompts) {
    description_.prompts.emplace_back(prompt.name, prompt.text);
  }
  if (options.chunks) SetChunks(*options.chunks);
  if (!folder.pools_prompt && !description_.prompt.empty()) {
    num_unpooled_tokens_ =
        CountPromptTokens(*parts_->tokenizer, description_.prompt, folder.max_seq_length);
  }
  for (const VectorColumn& column : columns_) {
    description_.columns.push_back(column.description());
    for (int64_t layer : column.expr().Layers()) {
      is_read_[static_cast<size_t>(layer)] = true;
      last_layer_ = std::max(last_layer_, layer);
    }
  }
  description_.flop_per_token = network.FlopPerToken(last_layer_);
  description_.flop_per_row = network.FlopPerRow();
  description_.pools_tokens = network.pools_tokens();
}

void Model::SetChunks(const ChunkOptions& options) {
  std::vector<int32_t> of_nothing;
  parts_->tokenizer->Encode("", std::numeric_limits<int64_t>::max(), &of_nothing);
  num_special_tokens_ = static_cast<int64_t>(of_nothing.size());
  num_prompt_tokens_ = CountTokens("");
  const int64_t max_tokens = options.max_tokens.value_or(description_.max_seq_length);
  if (max_tokens > description_.max_seq_length || max_tokens <= num_prompt_tokens_) {
    throw Error(ErrorCode::kInvalidArgument,
                "chunk tokens: " + std::to_string(max_tokens) + " is not a number from " +
                    std::to_string(num_prompt_tokens_ + 1) +
                    " (special tokens, prompt and one more) to " +
                    std::to_string(description_.max_seq_length) + ", which the model takes");
  }
  const int64_t text_tokens = max_tokens - num_prompt_tokens_;
  const int64_t overlap_tokens = options.overlap_tokens.value_or(text_tokens / 10);
  if (overlap_tokens < 0 || overlap_tokens >= text_tokens) {
    throw Error(ErrorCode::kInvalidArgument,
                "chunk overlap: " + std::to_string(overlap_tokens) + " is not a number from 0 to " +
                    std::to_string(text_tokens - 1) + ", less than the " +
                    std::to_string(text_tokens) + " tokens of text in a chunk");
  }
  description_.chunk_tokens = max_tokens;
  description_.chunk_overlap_tokens = overlap_tokens;
  if (options.context == ChunkContext::kRow) SetRowContext(options);
}

void Model::SetRowContext(const ChunkOptions& options) {
  if (description_.num_layers == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "chunk context: tokens of this " + description_.architecture +
                    " do not see one another, or the network pools them itself, so a chunk of a "
                    "row has no context; give each chunk alone (--chunk-context chunk)");
  }
  if (!options.max_tokens) {
    throw Error(ErrorCode::kInvalidArgument,
                "chunk context: the tokens of a chunk are not given, and chunks of the " +
                    std::to_string(description_.max_seq_length) +
                    " that the model takes leave no room for a context; give fewer "
                    "(--chunk-tokens)");
  }
  for (const VectorColumn& column : columns_) {
    for (const Pooling pooling : column.description().poolings) {
      if (pooling != Pooling::kCls && pooling != Pooling::kLast) continue;
      throw Error(ErrorCode::kInvalidArgument,
                  "chunk context: column '" + column.description().name + "' takes one token (" +
                      std::string(PoolingName(pooling)) +
                      ") for the whole row, which most chunks of a row do not have; pool tokens "
                      "(mean, max, ...) or give each chunk alone (--chunk-context chunk)");
    }
  }
  std::vector<int32_t> of_nothing;
  std::vector<int32_t> of_letter;
  parts_->tokenizer->Encode("", std::numeric_limits<int64_t>::max(), &of_nothing);
  parts_->tokenizer->Encode("a", std::numeric_limits<int64_t>::max(), &of_letter);
  const auto [trailing, letter] =
      std::mismatch(of_nothing.begin(), of_nothing.end(), of_letter.begin(), of_letter.end());
  num_trailing_tokens_ = of_nothing.end() - trailing;
  description_.chunk_context = ChunkContext::kRow;
}

std::vector<TextChunk> Model::CutIntoChunks(std::string_view text) const {
  std::vector<int32_t> ids;
  const auto count_piece = [&](std::string_view piece) {
    ids.clear();
    parts_->tokenizer->Encode(ReplaceInvalidUtf8(piece), std::numeric_limits<int64_t>::max(), &ids);
    return static_cast<int64_t>(ids.size()) - num_special_tokens_;
  };
  // Of a text that is cut, one token more than fit.
  const auto count_chunk = [&](std::string_view chunk) {
    ids.clear();
    const bool is_cut = Encode(ReplaceInvalidUtf8(chunk), description_.chunk_tokens, &ids);
    return static_cast<int64_t>(ids.size()) - num_prompt_tokens_ + (is_cut ? 1 : 0);
  };
  const std::vector<TextSpan> spans =
      vecmill::CutIntoChunks(text, {.max_tokens = description_.chunk_tokens - num_prompt_tokens_,
                                    .overlap_tokens = description_.chunk_overlap_tokens,
                                    .count_piece = count_piece,
                                    .count_chunk = count_chunk});
  const auto fits = [&](std::string_view context) {
    ids.clear();
    return !Encode(ReplaceInvalidUtf8(context), &ids);
  };
  std::vector<TextSpan> contexts;
  if (description_.chunk_context == ChunkContext::kRow) contexts = ContextsOf(text, spans, fits);
  std::vector<TextChunk> chunks;
  chunks.reserve(spans.size());
  for (size_t i = 0; i < spans.size(); ++i) {
    chunks.push_back({.span = spans[i], .context = contexts.empty() ? spans[i] : contexts[i]});
  }
  return chunks;
}

TokenRange Model::TokensOf(std::string_view text, TextSpan span,
                           std::span<const int32_t> ids) const {
  VECMILL_CHECK(0 <= span.begin && span.begin <= span.end &&
                span.end <= static_cast<int64_t>(text.size()));
  const auto encode_begin = [&](std::string_view begin) {
    std::vector<int32_t> of_begin;
    Encode(begin, std::numeric_limits<int64_t>::max(), &of_begin);
    of_begin.resize(of_begin.size() - static_cast<size_t>(num_trailing_tokens_));
    return of_begin;
  };
  if (IsValidUtf8(text))
    return vecmill::TokensOf(text, span, ids, num_trailing_tokens_, encode_begin);
  const std::string repaired = ReplaceInvalidUtf8(text);
  const auto place_in_repaired = [&](int64_t byte) {
    const std::string before = ReplaceInvalidUtf8(text.substr(0, static_cast<size_t>(byte)));
    return static_cast<int64_t>(std::min(before.size(), repaired.size()));
  };
  return vecmill::TokensOf(repaired, {place_in_repaired(span.begin), place_in_repaired(span.end)},
                           ids, num_trailing_tokens_, encode_begin);
}

TokenRange Model::StatesOf(const PackedBatch& batch, int64_t i) const {
  if (parts_->weights.network->pools_tokens()) return {i, i + 1};
  return {batch.offsets[static_cast<size_t>(i)], batch.offsets[static_cast<size_t>(i) + 1]};
}

bool Model::Encode(std::string_view text, std::vector<int32_t>* ids) const {
  return Encode(text, description_.max_seq_length, ids);
}

int64_t Model::CountTokens(std::string_view text) const {
  std::vector<int32_t> ids;
  Encode(text, std::numeric_limits<int64_t>::max(), &ids);
  return static_cast<int64_t>(ids.size());
}

bool Model::Encode(std::string_view text, int64_t max_tokens, std::vector<int32_t>* ids) const {
  if (description_.prompt.empty()) return parts_->tokenizer->Encode(text, max_tokens, ids);
  return parts_->tokenizer->Encode(description_.prompt + std::string(text), max_tokens, ids);
}

const LayerStates& Model::Forward(const PackedBatch& batch, Workspace& workspace,
                                  StageSeconds& seconds) const {
  workspace.kept_.resize(is_read_.size());
  workspace.states_.assign(is_read_.size(), nullptr);
  const auto keep = [&](int64_t layer, ConstMatrix hidden) {
    const auto i = static_cast<size_t>(layer);
    if (!is_read_[i] || layer == last_layer_) return;
    AlignedBuffer<float>& kept = workspace.kept_[i];
    const int64_t size = hidden.rows * hidden.cols;
    kept.Reserve(size);
    std::copy_n(hidden.data, size, kept.data());
    workspace.states_[i] = kept.data();
  };
  const float* last =
      parts_->weights.network->Forward(batch, last_layer_, workspace.network_, seconds, keep);
  workspace.states_[static_cast<size_t>(last_layer_)] = last;
  return workspace.states_;
}

}  // namespace vecmill
