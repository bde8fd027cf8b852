#include "vecmill/layer_expr.h"

#include <gtest/gtest.h>

#include "vecmill/error.h"

namespace vecmill {
namespace {

using Op = LayerExpr::Op;

constexpr int64_t kNumLayers = 12;

LayerExpr Parse(std::string_view text) { return LayerExpr::Parse(text, kNumLayers); }

std::vector<int64_t> LayersOf(std::string_view text) { return Parse(text).Layers(); }

// The message of a refusal, whose code is checked.
std::string Refusal(std::string_view text) {
  try {
    Parse(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  ADD_FAILURE() << text << " was not refused";
  return "";
}

TEST(LayerExprTest, LayersCountFromBothEnds) {
  for (const auto& [text, layer] : {std::pair("0", 0), std::pair("12", 12), std::pair("-1", 12),
                                    std::pair("-13", 0), std::pair(" last ", 12)}) {
    const LayerExpr expr = Parse(text);
    EXPECT_EQ(expr.root.op, Op::kLayer) << text;
    EXPECT_EQ(expr.root.layer, layer) << text;
    EXPECT_EQ(expr.root.weight, 1.0f) << text;
    EXPECT_TRUE(expr.poolings.empty()) << text;
  }
}

TEST(LayerExprTest, RangesStandForTheirLayers) {
  EXPECT_EQ(LayersOf("mean(-4:-1)"), (std::vector<int64_t>{9, 10, 11, 12}));
  EXPECT_EQ(LayersOf("sum(0, 3:4, last, 4)"), (std::vector<int64_t>{0, 3, 4, 12}));
  EXPECT_EQ(LayersOf("max(5:5)"), (std::vector<int64_t>{5}));
  EXPECT_FLOAT_EQ(Parse("mean(-4:-1)").root.weight, 0.25f);
}

TEST(LayerExprTest, FirstLastIsTheMeanOfTheEmbeddingsAndTheLastLayer) {
  const LayerExpr expr = Parse("first_last:cls");
  EXPECT_EQ(expr.Layers(), (std::vector<int64_t>{0, 12}));
  EXPECT_EQ(expr.root.weight, 0.5f);
  EXPECT_EQ(expr.poolings, Poolings{Pooling::kCls});
}

TEST(LayerExprTest, WeightsMultiply) {
  const LayerExpr expr = Parse("0.5*-1+-2*0.25*(-2)");
  ASSERT_EQ(expr.root.args.size(), 2U);
  EXPECT_EQ(expr.root.args[0].weight, 0.5f);
  EXPECT_EQ(expr.root.args[0].layer, 12);
  EXPECT_EQ(expr.root.args[1].weight, -0.5f);
  EXPECT_EQ(expr.root.args[1].layer, 11);
}

TEST(LayerExprTest, ConcatAddsWidths) {
  EXPECT_EQ(Parse("-1").root.width, 1);
  EXPECT_EQ(Parse("concat(-4:-1)").root.width, 4);
  EXPECT_EQ(Parse("concat(-1, concat(0,1), mean(2:3))").root.width, 4);
  EXPECT_EQ(Parse("0.5*concat(0,1)+concat(2,3)").root.width, 2);
}

TEST(LayerExprTest, EveryPoolingHasItsName) {
  for (const NamedPooling& entry : kPoolings) {
    EXPECT_EQ(Parse("-1:" + std::string(entry.name)).poolings, Poolings{entry.pooling});
  }
  const Poolings three = Parse("-1:max + mean+cls").poolings;
  EXPECT_EQ(three, (Poolings{Pooling::kMax, Pooling::kMean, Pooling::kCls}));
  EXPECT_EQ(Parse("-1:" + PoolingNames(three)).poolings, three);
}

TEST(LayerExprTest, ErrorsPointAtTheCharacter) {
  struct Case {
    const char* text;
    int character;
    const char* why;
  };
  for (const Case& c : {
           Case{"", 1, "expected a layer"},
           Case{"13", 1, "this model has 0 (the embeddings) to 12, or -1 (the last) to -13"},
           Case{"-14", 1, "no such layer"},
           Case{"99999999999999999999", 1, "no such layer"},
           Case{"1.5", 1, "a layer is a whole number"},
           Case{"-", 1, "a layer is a whole number"},
           Case{"mean(1,13)", 8, "no such layer"},
           Case{"mean(-4:-1", 11, "expected ')'"},
           Case{"mean()", 6, "expected a layer"},
           Case{"mean(-1:-4)", 6, "from the lower layer to the higher"},
           Case{"-4:-1", 4, "a range stands within mean()"},
           Case{"-1:average", 4, "expected a pooling: mean, cls, max, last"},
           Case{"-1:mean:cls", 8, "or the end"},
           Case{"-1:mean+", 9, "expected a pooling"},
           Case{"-1:mean+none", 9, "none stands alone"},
           Case{"-1:none+cls", 9, "none stands alone"},
           Case{"-1 -2", 4, "expected '+'"},
           Case{"average(1,2)", 1, "found 'average'"},
           Case{"0.5*", 5, "expected a layer"},
           Case{"1..5*2", 1, "expected a number"},
           Case{"-1+concat(0,1)", 1, "different lengths: 1 and 2"},
           Case{"max(concat(0,1),2)", 1, "different lengths: 2 and 1"},
       }) {
    const std::string message = Refusal(c.text);
    EXPECT_NE(message.find(c.why), std::string::npos) << message;
    const std::string caret = "\n  " + std::string(static_cast<size_t>(c.character - 1), ' ') + "^";
    EXPECT_TRUE(message.ends_with("\n  " + std::string(c.text) + caret)) << message;
    EXPECT_NE(message.find("character " + std::to_string(c.character) + ":"), std::string::npos)
        << message;
  }
}

TEST(LayerExprTest, DeepNestingIsRefused) {
  const std::string deep = std::string(100000, '(') + "1" + std::string(100000, ')');
  EXPECT_NE(Refusal(deep).find("too many parentheses"), std::string::npos);
}

TEST(LayerExprTest, ANetworkWithoutLayersHasItsEmbeddings) {
  EXPECT_EQ(LayerExpr::Parse("last", 0).root.layer, 0);
  EXPECT_THROW(LayerExpr::Parse("1", 0), Error);
}

}  // namespace
}  // namespace vecmill
