// base/json.h: JSON documents as values, strictly read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace vecmill {

// One JSON value. Objects keep the order of their members. Integers that fit int64 stay integers,
// others become doubles.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;  // null
  // NOLINTBEGIN(google-explicit-constructor): a literal stands for its value, {{"rows", 3}}.
  Json(bool v) : value_(v) {}
  Json(int v) : value_(static_cast<int64_t>(v)) {}
  Json(int64_t v) : value_(v) {}
  Json(double v) : value_(v) {}
  Json(const char* v) : value_(std::string(v)) {}
  Json(std::string v) : value_(std::move(v)) {}
  Json(Array v) : value_(std::move(v)) {}
  Json(Object v) : value_(std::move(v)) {}
  // NOLINTEND(google-explicit-constructor)

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<int64_t>(value_); }
  bool is_number() const { return is_int() || std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }

  // REQUIRES: the matching is_x(). VECMILL_CHECKed.
  bool boolean() const;
  int64_t integer() const;
  double number() const;
  const std::string& string() const;
  const Array& array() const;
  const Object& object() const;

  // Member of an object, or nullptr; nullptr too when this is not an object.
  const Json* Find(std::string_view key) const;

  // Member `key`, which must be there and have the named type; integers count as numbers.
  // `where` names this value in messages: "tokenizer.json: added_tokens[3]".
  // Errors: kCorrupt, "WHERE: KEY: expected a string, found 3" ("found nothing" when not there).
  bool GetBool(std::string_view key, std::string_view where) const;
  int64_t GetInt(std::string_view key, std::string_view where) const;
  double GetNumber(std::string_view key, std::string_view where) const;
  const std::string& GetString(std::string_view key, std::string_view where) const;
  const Array& GetArray(std::string_view key, std::string_view where) const;
  const Json& GetObject(std::string_view key, std::string_view where) const;

  // The same; `fallback` when the member is not there or null, as Python writes None.
  bool GetBool(std::string_view key, std::string_view where, bool fallback) const;
  int64_t GetInt(std::string_view key, std::string_view where, int64_t fallback) const;
  double GetNumber(std::string_view key, std::string_view where, double fallback) const;
  std::string GetString(std::string_view key, std::string_view where,
                        std::string_view fallback) const;

  // Append a member. REQUIRES: is_object(), no member of that name. The first is VECMILL_CHECKed.
  void Set(std::string key, Json value);
  // Remove a member, if it is there. REQUIRES: is_object(), VECMILL_CHECKed.
  void Remove(std::string_view key);

  // What messages name as found: "null", "true", "3", the string in quotes or, when
  // long, "a string of 90 bytes"; "an array of 5", "an object of 2".
  std::string Describe() const;

  // Compact text, UTF-8; doubles print the shortest digits that read back as the same double, and
  // infinities and NaN, which JSON lacks, as null. Invalid UTF-8 is replaced as ReplaceInvalidUtf8
  // does. indent > 0 spreads lines.
  std::string Dump(int indent = 0) const;

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, Array, Object> value_;
};

struct JsonLimits {
  int64_t max_bytes = 64 << 20;
  int max_depth = 64;
};

// Parse one document. Refuses (kCorrupt, naming `where` and the byte): syntax errors, invalid
// UTF-8, duplicate keys, nesting deeper than max_depth, text longer than max_bytes, anything after
// the value.
Json ParseJson(std::string_view text, const std::string& where, const JsonLimits& limits = {});

}  // namespace vecmill
