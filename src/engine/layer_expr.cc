// A recursive descent, one function for each line of the grammar in vecmill/layer_expr.h.
#include "vecmill/layer_expr.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "vecmill/error.h"

namespace vecmill {
namespace {

using Node = LayerExpr::Node;
using Op = LayerExpr::Op;

constexpr int kMaxDepth = 32;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameChar(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

class Parser {
 public:
  Parser(std::string_view text, int64_t num_layers) : text_(text), num_layers_(num_layers) {}

  LayerExpr Parse() {
    LayerExpr expr{.text = std::string(text_), .root = ParseSum(), .poolings = {}};
    if (TakeIf(':')) expr.poolings = ParsePoolings();
    if (Peek() != '\0') Fail(pos_, "expected '+', ':' and a pooling, or the end");
    return expr;
  }

 private:
  Node ParseSum() {
    if (++depth_ > kMaxDepth) Fail(pos_, "too many parentheses");
    const size_t begin = pos_;
    Node sum{.op = Op::kSum};
    do {
      sum.args.push_back(ParseTerm());
    } while (TakeIf('+'));
    --depth_;
    if (sum.args.size() == 1) return std::move(sum.args.front());
    SetWidth(begin, sum);
    return sum;
  }

  Node ParseTerm() {
    float weight = 1.0f;
    while (const std::optional<float> factor = TakeWeight()) weight *= *factor;
    Node node = ParseFactor();
    node.weight *= weight;
    return node;
  }

  // A number and the '*' behind it; nothing is taken if either is missing.
  std::optional<float> TakeWeight() {
    SkipSpaces();
    const size_t begin = pos_;
    const std::string_view number = TakeNumber();
    if (number.empty() || !TakeIf('*')) {
      pos_ = begin;
      return std::nullopt;
    }
    float weight = 0;
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), weight);
    if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size()) {
      Fail(begin, "expected a number such as 0.5 before '*'");
    }
    return weight;
  }

  Node ParseFactor() {
    if (TakeIf('(')) {
      Node inner = ParseSum();
      Expect(')');
      return inner;
    }
    if (!IsNameChar(Peek())) return ParseLayer();
    const size_t begin = pos_;
    const std::string_view name = TakeName();
    if (name == "last") return LayerNode(num_layers_);
    if (name == "first_last") {
      return {.op = Op::kSum, .weight = 0.5f, .args = {LayerNode(0), LayerNode(num_layers_)}};
    }
    return ParseCall(begin, name);
  }

  Node ParseCall(size_t begin, std::string_view name) {
    Node call;
    if (name == "mean" || name == "sum") {
      call.op = Op::kSum;
    } else if (name == "max") {
      call.op = Op::kMax;
    } else if (name == "concat") {
      call.op = Op::kConcat;
    } else {
      Fail(begin,
           "expected a layer number, last, first_last, mean(), sum(), max() or concat(), "
           "found '" +
               std::string(name) + "'");
    }
    Expect('(');
    do {
      ParseArgument(call.args);
    } while (TakeIf(','));
    Expect(')');
    if (name == "mean") call.weight = 1.0f / static_cast<float>(call.args.size());
    SetWidth(begin, call);
    return call;
  }

  // A sum, or each layer of a range.
  void ParseArgument(std::vector<Node>& args) {
    SkipSpaces();
    const size_t begin = pos_;
    if (!TakeNumber().empty() && TakeIf(':')) {
      pos_ = begin;
      const int64_t first = ParseLayer().layer;
      Expect(':');
      const int64_t last = ParseLayer().layer;
      if (first > last) Fail(begin, "a range runs from the lower layer to the higher");
      for (int64_t layer = first; layer <= last; ++layer) args.push_back(LayerNode(layer));
      return;
    }
    pos_ = begin;
    args.push_back(ParseSum());
  }

  Node ParseLayer() {
    SkipSpaces();
    const size_t begin = pos_;
    const std::string_view number = TakeNumber();
    if (number.empty())
      Fail(begin, "expected a layer: a number, last, or a function such as mean(");
    int64_t layer = 0;
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), layer);
    if (parsed.ptr != number.data() + number.size()) {
      Fail(begin, "a layer is a whole number; a weight is followed by '*'");
    }
    if (layer < 0) layer += num_layers_ + 1;
    if (parsed.ec != std::errc() || layer < 0 || layer > num_layers_) {
      if (num_layers_ == 0) {
        Fail(begin, "no such layer: this model has only 0, which is -1 and last as well");
      }
      Fail(begin, "no such layer: this model has 0 (the embeddings) to " +
                      std::to_string(num_layers_) + ", or -1 (the last) to -" +
                      std::to_string(num_layers_ + 1));
    }
    return LayerNode(layer);
  }

  Poolings ParsePoolings() {
    Poolings poolings;
    do {
      SkipSpaces();
      const size_t begin = pos_;
      poolings.push_back(ParsePooling());
      const bool is_none = poolings.front() == Pooling::kNone || poolings.back() == Pooling::kNone;
      if (is_none && poolings.size() > 1) Fail(begin, "none stands alone");
    } while (TakeIf('+'));
    return poolings;
  }

  Pooling ParsePooling() {
    SkipSpaces();
    const size_t begin = pos_;
    if (IsDigit(Peek()) || Peek() == '-') {
      Fail(begin, "a range stands within mean(), sum(), max() or concat()");
    }
    const std::string_view name = TakeName();
    std::string known;
    for (const NamedPooling& entry : kPoolings) {
      if (entry.name == name) return entry.pooling;
      known += (known.empty() ? "" : ", ") + std::string(entry.name);
    }
    Fail(begin, "expected a pooling: " + known);
  }

  static Node LayerNode(int64_t layer) { return {.op = Op::kLayer, .layer = layer}; }

  // The width that the parts of `node` give it; `begin` is where it stands.
  void SetWidth(size_t begin, Node& node) const {
    node.width = 0;
    for (const Node& arg : node.args) {
      if (node.op == Op::kConcat) {
        node.width += arg.width;
      } else if (arg.width != node.args.front().width) {
        Fail(begin,
             "its parts are of different lengths: " + std::to_string(node.args.front().width) +
                 " and " + std::to_string(arg.width) + " layers put together by concat()");
      } else {
        node.width = arg.width;
      }
    }
  }

  void SkipSpaces() {
    while (pos_ < text_.size() && text_[pos_] == ' ') ++pos_;
  }

  // The next character that is no space; NUL at the end.
  char Peek() {
    SkipSpaces();
    return pos_ < text_.size() ? text_[pos_] : '\0';
  }

  bool TakeIf(char c) {
    if (Peek() != c) return false;
    ++pos_;
    return true;
  }

  void Expect(char c) {
    if (!TakeIf(c)) Fail(pos_, std::string("expected '") + c + "'");
  }

  std::string_view TakeNumber() {
    SkipSpaces();
    const size_t begin = pos_;
    if (pos_ < text_.size() && text_[pos_] == '-') ++pos_;
    while (pos_ < text_.size() && (IsDigit(text_[pos_]) || text_[pos_] == '.')) ++pos_;
    return text_.substr(begin, pos_ - begin);
  }

  std::string_view TakeName() {
    const size_t begin = pos_;
    while (pos_ < text_.size() && IsNameChar(text_[pos_])) ++pos_;
    return text_.substr(begin, pos_ - begin);
  }

  [[noreturn]] void Fail(size_t at, const std::string& why) const {
    throw Error(ErrorCode::kInvalidArgument, "layers: at character " + std::to_string(at + 1) +
                                                 ": " + why + "\n  " + std::string(text_) + "\n  " +
                                                 std::string(at, ' ') + "^");
  }

  const std::string_view text_;
  const int64_t num_layers_;
  size_t pos_ = 0;
  int depth_ = 0;
};

void CollectLayers(const Node& node, std::set<int64_t>& layers) {
  if (node.op == Op::kLayer) layers.insert(node.layer);
  for (const Node& arg : node.args) CollectLayers(arg, layers);
}

}  // namespace

LayerExpr LayerExpr::Parse(std::string_view text, int64_t num_layers) {
  return Parser(text, num_layers).Parse();
}

std::vector<int64_t> LayerExpr::Layers() const {
  std::set<int64_t> layers;
  CollectLayers(root, layers);
  return {layers.begin(), layers.end()};
}

}  // namespace vecmill
