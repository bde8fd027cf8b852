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

}  // namespace vecmill
