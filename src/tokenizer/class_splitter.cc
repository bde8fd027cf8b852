#include "tokenizer/class_splitter.h"

#include "tokenizer/component.h"

namespace vecmill {

ClassSplitter::ClassSplitter(std::string_view type, const Json& json, const std::string& where) {
  if (type == "Digits") {
    bool individual = json.GetBool("individual_digits", where);
    rules_ = {Rule{kIsNumeric, individual ? Group::kAlone : Group::kSecond}};
    return;
  }
  if (type == "Punctuation") {
    std::string behavior = json.GetString("behavior", where, "Isolated");
    if (behavior != "Isolated" && behavior != "Contiguous" && behavior != "Removed") {
      ThrowUnsupported(where, "behavior", Json(behavior).Describe(),
                       {"Isolated", "Contiguous", "Removed"});
    }
    Group group = behavior == "Isolated"     ? Group::kAlone
                  : behavior == "Contiguous" ? Group::kSecond
                                             : Group::kDropped;
    rules_ = {Rule{kIsPunctuation, group}};
    return;
  }
  at_cut_place_ = AtCutPlace::kCuts;
  rules_ = {Rule{kIsWhiteSpace, Group::kDropped}};
  if (type == "BertPreTokenizer") rules_[1] = {kIsPunctuation, Group::kAlone};
  if (type == "Whitespace") {
    rules_[1] = {kIsWord, Group::kFirst};
    others_ = Group::kSecond;
  }
}

ClassSplitter::Group ClassSplitter::GroupOf(char32_t c) const {
  uint16_t properties = code_points_.Properties(c);
  for (const Rule& rule : rules_) {
    if ((properties & rule.properties) != 0) return rule.group;
  }
  return others_;
}

void ClassSplitter::Split(const Words& src, Words* dst) const {
  for (int64_t i = 0; i < src.size(); ++i) {
    std::string_view word = src[i];
    size_t begin = 0;  // of a word that may go on
    Group group = Group::kDropped;
    auto end_word = [&](size_t end) {
      if (group == Group::kDropped) return;
      if (dst->size() == 0 && (i > 0 || begin > 0)) dst->MoveFromTextStart();
      dst->Add(word.substr(begin, end - begin));
    };
    for (size_t pos = 0; pos < word.size();) {
      DecodedCodePoint c = DecodeUtf8(word, static_cast<int64_t>(pos));
      Group next = GroupOf(c.value);
      if (next != group || next == Group::kAlone) {
        end_word(pos);
        group = next;
        begin = pos;
      }
      pos += static_cast<size_t>(c.num_bytes);
    }
    end_word(word.size());
  }
}

}  // namespace vecmill
