// tokenizer/protobuf_reader.h: the fields of a protobuf message, one after the other.
//
// Source: protobuf.dev/programming-guides/encoding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vecmill {

class ProtobufReader {
 public:
  struct Field {
    int64_t number = 0;    // 1 to 2^29 - 1
    uint64_t integer = 0;  // of a varint
    std::string_view
        bytes;  // of a string, a message, or a number of fixed width: part of `message`
  };

  // `where` names the message, which must outlive the reader, in errors.
  ProtobufReader(std::string_view message, std::string where)
      : rest_(message), size_(message.size()), where_(std::move(where)) {}

  // The next field; nothing at the end. Errors: kCorrupt, naming the byte.
  std::optional<Field> Next();

 private:
  uint64_t TakeVarint();
  std::string_view Take(uint64_t num_bytes);
  [[noreturn]] void Fail(const std::string& what) const;

  std::string_view rest_;
  size_t size_;
  std::string where_;
};

}  // namespace vecmill
