#include "tokenizer/component.h"

#include <algorithm>

#include "vecmill/error.h"

namespace vecmill {

void ThrowUnsupported(const std::string& where, std::string_view key, const std::string& found,
                      std::initializer_list<std::string_view> supported) {
  std::string list;
  for (std::string_view name : supported) {
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  throw Error(ErrorCode::kUnsupported,
              where + ": " + std::string(key) + ": " + found + " is not supported, only " + list);
}

const Json& GetComponent(const Json& root, std::string_view key, const std::string& where,
                         std::initializer_list<std::string_view> supported) {
  const Json* component = root.Find(key);
  if (component == nullptr) ThrowUnsupported(where, key, "none", supported);
  if (component->is_null()) ThrowUnsupported(where, key, "null", supported);
  const Json& object = root.GetObject(key, where);
  const std::string& type = object.GetString("type", where + ": " + std::string(key));
  if (std::find(supported.begin(), supported.end(), type) == supported.end()) {
    ThrowUnsupported(where, key, "type " + Json(type).Describe(), supported);
  }
  return object;
}

const std::string& ReadShortString(const Json& json, std::string_view key,
                                   const std::string& where) {
  constexpr size_t kMaxBytes = 256;
  const std::string& text = json.GetString(key, where);
  if (text.size() > kMaxBytes) {
    throw Error(ErrorCode::kUnsupported,
                where + ": " + std::string(key) + ": found " + std::to_string(text.size()) +
                    " bytes, expected at most " + std::to_string(kMaxBytes));
  }
  return text;
}

namespace {

constexpr size_t kMaxSteps = 64;

// Depth is bounded by that of the JSON document.
void AppendSteps(const Json& json, const std::string& items, const std::string& where,
                 std::vector<Component>* steps) {
  if (json.GetString("type", where) != "Sequence") {
    steps->push_back({&json, where});
    if (steps->size() > kMaxSteps) {
      throw Error(ErrorCode::kUnsupported,
                  where + ": found more than " + std::to_string(kMaxSteps) + " steps");
    }
    return;
  }
  int64_t count = 0;
  for (const Json& item : json.GetArray(items, where)) {
    std::string item_where = where;
    item_where.append(": ").append(items).append("[" + std::to_string(count++) + "]");
    if (!item.is_object()) {
      throw Error(ErrorCode::kCorrupt,
                  item_where + ": expected an object, found " + item.Describe());
    }
    AppendSteps(item, items, item_where, steps);
  }
}

}  // namespace

std::vector<Component> FlattenSequence(const Json& root, const std::string& key,
                                       const std::string& items, const std::string& where) {
  std::vector<Component> steps;
  const Json* json = root.Find(key);
  if (json == nullptr || json->is_null()) return steps;
  AppendSteps(root.GetObject(key, where), items, where + ": " + key, &steps);
  return steps;
}

}  // namespace vecmill
