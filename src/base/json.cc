// Parsing is nlohmann's event interface (iterative, so nesting costs no stack) feeding a builder of
// our own values. Their document type is not used: it keeps the last of two equal keys in silence,
// sorts members, and would show a third-party type to every room.
#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/check.h"
#include "base/utf8.h"

namespace vecmill {
namespace {

// Longest string that Describe() shows.
constexpr size_t kMaxShownBytes = 60;

[[noreturn]] void ThrowAt(const std::string& where, int64_t byte, const std::string& what) {
  throw Error(ErrorCode::kCorrupt, where + ": byte " + std::to_string(byte) + ": " + what);
}

// nlohmann says "[json.exception...] parse error at line 1, column 2: WHAT; last read: 'TEXT';
// expected X", where TEXT may be the whole document. This is "WHAT; expected X".
std::string SyntaxMessage(std::string what) {
  if (size_t column = what.find("column "); column != std::string::npos) {
    if (size_t colon = what.find(": ", column); colon != std::string::npos) {
      what.erase(0, colon + 2);
    }
  } else if (size_t bracket = what.find("] "); bracket != std::string::npos) {
    what.erase(0, bracket + 2);
  }
  size_t read = what.find("; last read: ");
  if (read == std::string::npos) return what;
  size_t expected = what.rfind("; expected ");
  bool follows = expected != std::string::npos && expected > read;
  return what.substr(0, read) + (follows ? what.substr(expected) : "");
}

// An input iterator that tells how far the lexer has read: events carry no position.
struct CountingIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  const char** read_to;

  reference operator*() const { return *at; }
  CountingIterator& operator++() {
    *read_to = ++at;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return at == other.at; }
  bool operator!=(const CountingIterator& other) const { return at != other.at; }
};

// Builds the value from nlohmann's events. The method names are theirs.
// NOLINTBEGIN(readability-identifier-naming)
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(std::string_view text, const std::string& where, int max_depth)
      : text_(text), where_(where), max_depth_(max_depth), read_to_(text.data()) {}

  CountingIterator begin() { return {text_.data(), &read_to_}; }
  CountingIterator end() { return {text_.data() + text_.size(), &read_to_}; }
  Json Take() { return std::move(root_); }

  bool null() override { return Add(Json()); }
  bool boolean(bool v) override { return Add(v); }
  bool number_integer(number_integer_t v) override { return Add(v); }
  bool number_unsigned(number_unsigned_t v) override {
    return v <= INT64_MAX ? Add(static_cast<int64_t>(v)) : Add(static_cast<double>(v));
  }
  bool number_float(number_float_t v, const string_t&) override { return Add(v); }
  bool string(string_t& v) override { return Add(std::move(v)); }
  bool binary(binary_t&) override { return false; }  // no such thing in JSON text

  bool start_object(std::size_t) override { return Open(); }
  bool start_array(std::size_t) override { return Open(); }
  bool end_object() override {
    Json::Object members = std::move(open_.back().members);
    open_.pop_back();
    return Add(std::move(members));
  }
  bool end_array() override {
    Json::Array elements = std::move(open_.back().elements);
    open_.pop_back();
    return Add(std::move(elements));
  }
  bool key(string_t& name) override {
    if (!open_.back().names.insert(name).second) {
      ThrowAt(where_, BytesRead() - 1, "the key " + Json(name).Describe() + " appears twice");
    }
    open_.back().key = std::move(name);
    open_.back().is_object = true;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception& e) override {
    // Their position counts the bytes read, the offending one (or the end) included.
    ThrowAt(where_, static_cast<int64_t>(position) - 1, SyntaxMessage(e.what()));
  }

 private:
  struct Container {
    bool is_object = false;
    std::string key;  // of the member whose value comes next
    Json::Array elements;
    Json::Object members;
    std::unordered_set<std::string> names;
  };

  int64_t BytesRead() const { return read_to_ - text_.data(); }

  bool Open() {
    if (static_cast<int64_t>(open_.size()) >= max_depth_) {
      ThrowAt(where_, BytesRead() - 1,
              "nested deeper than the " + std::to_string(max_depth_) + " levels allowed");
    }
    open_.emplace_back();
    return true;
  }

  bool Add(Json v) {
    if (open_.empty()) {
      root_ = std::move(v);
    } else if (open_.back().is_object) {
      open_.back().members.emplace_back(std::move(open_.back().key), std::move(v));
    } else {
      open_.back().elements.push_back(std::move(v));
    }
    return true;
  }

  std::string_view text_;
  const std::string& where_;
  int max_depth_;
  const char* read_to_;
  std::vector<Container> open_;  // outermost first
  Json root_;
};
// NOLINTEND(readability-identifier-naming)

template <typename Number>
void AppendNumber(Number v, std::string* out) {
  char digits[32];
  char* end = std::to_chars(digits, digits + sizeof(digits), v).ptr;
  out->append(digits, end);
}

// The shortest digits, marked as a double so that they do not read back as an integer.
void AppendDouble(double v, std::string* out) {
  if (!std::isfinite(v)) {
    *out += "null";
    return;
  }
  size_t begin = out->size();
  AppendNumber(v, out);
  if (out->find_first_of(".e", begin) == std::string::npos) *out += ".0";
}

void AppendQuoted(const std::string& text, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  *out += '"';
  for (char c : ReplaceInvalidUtf8(text)) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (c == '\n') {
      *out += "\\n";
    } else if (c == '\t') {
      *out += "\\t";
    } else if (byte < 0x20) {
      *out += "\\u00";
      *out += kHex[byte >> 4];
      *out += kHex[byte & 15];
    } else {
      *out += c;
    }
  }
  *out += '"';
}

void AppendLineBreak(int indent, int depth, std::string* out) {
  if (indent == 0) return;
  *out += '\n';
  out->append(static_cast<size_t>(indent) * static_cast<size_t>(depth), ' ');
}

void AppendJson(const Json& json, int indent, int depth, std::string* out) {
  const char* separator = "";
  if (json.is_object()) {
    *out += '{';
    for (const auto& [key, value] : json.object()) {
      *out += separator;
      AppendLineBreak(indent, depth + 1, out);
      AppendQuoted(key, out);
      *out += indent > 0 ? ": " : ":";
      AppendJson(value, indent, depth + 1, out);
      separator = ",";
    }
    if (!json.object().empty()) AppendLineBreak(indent, depth, out);
    *out += '}';
  } else if (json.is_array()) {
    *out += '[';
    for (const Json& value : json.array()) {
      *out += separator;
      AppendLineBreak(indent, depth + 1, out);
      AppendJson(value, indent, depth + 1, out);
      separator = ",";
    }
    if (!json.array().empty()) AppendLineBreak(indent, depth, out);
    *out += ']';
  } else if (json.is_string()) {
    AppendQuoted(json.string(), out);
  } else if (json.is_int()) {
    AppendNumber(json.integer(), out);
  } else if (json.is_number()) {
    AppendDouble(json.number(), out);
  } else if (json.is_bool()) {
    *out += json.boolean() ? "true" : "false";
  } else {
    *out += "null";
  }
}

// The member `key` if `is_type` holds for it, else kCorrupt.
const Json& Member(const Json& json, std::string_view key, std::string_view where,
                   bool (Json::*is_type)() const, const char* expected) {
  const Json* member = json.Find(key);
  if (member != nullptr && (member->*is_type)()) return *member;
  throw Error(ErrorCode::kCorrupt, std::string(where) + ": " + std::string(key) + ": expected " +
                                       expected + ", found " +
                                       (member == nullptr ? "nothing" : member->Describe()));
}

bool IsMissing(const Json* member) { return member == nullptr || member->is_null(); }

}  // namespace

bool Json::boolean() const {
  VECMILL_CHECK(is_bool());
  return std::get<bool>(value_);
}

int64_t Json::integer() const {
  VECMILL_CHECK(is_int());
  return std::get<int64_t>(value_);
}

double Json::number() const {
  VECMILL_CHECK(is_number());
  return is_int() ? static_cast<double>(integer()) : std::get<double>(value_);
}

const std::string& Json::string() const {
  VECMILL_CHECK(is_string());
  return std::get<std::string>(value_);
}

const Json::Array& Json::array() const {
  VECMILL_CHECK(is_array());
  return std::get<Array>(value_);
}

const Json::Object& Json::object() const {
  VECMILL_CHECK(is_object());
  return std::get<Object>(value_);
}

const Json* Json::Find(std::string_view key) const {
  if (!is_object()) return nullptr;
  auto member =
      std::find_if(object().begin(), object().end(), [&](const auto& m) { return m.first == key; });
  return member == object().end() ? nullptr : &member->second;
}

bool Json::GetBool(std::string_view key, std::string_view where) const {
  return Member(*this, key, where, &Json::is_bool, "true or false").boolean();
}

int64_t Json::GetInt(std::string_view key, std::string_view where) const {
  return Member(*this, key, where, &Json::is_int, "an integer").integer();
}

double Json::GetNumber(std::string_view key, std::string_view where) const {
  return Member(*this, key, where, &Json::is_number, "a number").number();
}

const std::string& Json::GetString(std::string_view key, std::string_view where) const {
  return Member(*this, key, where, &Json::is_string, "a string").string();
}

const Json::Array& Json::GetArray(std::string_view key, std::string_view where) const {
  return Member(*this, key, where, &Json::is_array, "an array").array();
}

const Json& Json::GetObject(std::string_view key, std::string_view where) const {
  return Member(*this, key, where, &Json::is_object, "an object");
}

bool Json::GetBool(std::string_view key, std::string_view where, bool fallback) const {
  return IsMissing(Find(key)) ? fallback : GetBool(key, where);
}

int64_t Json::GetInt(std::string_view key, std::string_view where, int64_t fallback) const {
  return IsMissing(Find(key)) ? fallback : GetInt(key, where);
}

double Json::GetNumber(std::string_view key, std::string_view where, double fallback) const {
  return IsMissing(Find(key)) ? fallback : GetNumber(key, where);
}

std::string Json::GetString(std::string_view key, std::string_view where,
                            std::string_view fallback) const {
  return IsMissing(Find(key)) ? std::string(fallback) : GetString(key, where);
}

void Json::Remove(std::string_view key) {
  VECMILL_CHECK(is_object());
  std::erase_if(std::get<Object>(value_), [&](const auto& member) { return member.first == key; });
}

void Json::Set(std::string key, Json value) {
  VECMILL_CHECK(is_object());
  std::get<Object>(value_).emplace_back(std::move(key), std::move(value));
}

std::string Json::Describe() const {
  if (is_array()) return "an array of " + std::to_string(array().size());
  if (is_object()) return "an object of " + std::to_string(object().size());
  if (is_string() && string().size() > kMaxShownBytes) {
    return "a string of " + std::to_string(string().size()) + " bytes";
  }
  return Dump();
}

std::string Json::Dump(int indent) const {
  std::string out;
  AppendJson(*this, indent, /*depth=*/0, &out);
  return out;
}

Json ParseJson(std::string_view text, const std::string& where, const JsonLimits& limits) {
  if (static_cast<int64_t>(text.size()) > limits.max_bytes) {
    throw Error(ErrorCode::kCorrupt, where + ": " + std::to_string(text.size()) +
                                         " bytes of JSON, expected at most " +
                                         std::to_string(limits.max_bytes));
  }
  // nlohmann takes a NUL for the end of the text; no JSON text contains one.
  if (size_t nul = text.find('\0'); nul != std::string_view::npos) {
    ThrowAt(where, static_cast<int64_t>(nul), "a NUL byte");
  }
  Builder builder(text, where, limits.max_depth);
  VECMILL_CHECK(nlohmann::json::sax_parse(builder.begin(), builder.end(), &builder));
  return builder.Take();
}

}  // namespace vecmill
