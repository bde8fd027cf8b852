#include "tokenizer/protobuf_reader.h"

#include "vecmill/error.h"

namespace vecmill {
namespace {

enum WireType : uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

constexpr uint64_t kMaxFieldNumber = (uint64_t{1} << 29) - 1;

}  // namespace

void ProtobufReader::Fail(const std::string& what) const {
  throw Error(ErrorCode::kCorrupt,
              where_ + ": byte " + std::to_string(size_ - rest_.size()) + ": " + what);
}

uint64_t ProtobufReader::TakeVarint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(Take(1)[0]);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  Fail("found a number of more than 64 bits");
}

std::string_view ProtobufReader::Take(uint64_t num_bytes) {
  if (num_bytes > rest_.size()) {
    Fail("expected " + std::to_string(num_bytes) + " bytes, found " + std::to_string(rest_.size()));
  }
  const std::string_view taken = rest_.substr(0, num_bytes);
  rest_.remove_prefix(num_bytes);
  return taken;
}

std::optional<ProtobufReader::Field> ProtobufReader::Next() {
  if (rest_.empty()) return std::nullopt;
  const uint64_t key = TakeVarint();
  const uint64_t number = key >> 3;
  if (number == 0 || number > kMaxFieldNumber) Fail("found field " + std::to_string(number));
  Field field{.number = static_cast<int64_t>(number)};
  switch (key & 7) {
    case kVarint:
      field.integer = TakeVarint();
      return field;
    case kFixed64:
      field.bytes = Take(8);
      return field;
    case kBytes:
      field.bytes = Take(TakeVarint());
      return field;
    case kFixed32:
      field.bytes = Take(4);
      return field;
    default:
      Fail("found wire type " + std::to_string(key & 7));
  }
}

}  // namespace vecmill
