#include "base/array_store.h"

#include "base/aligned_buffer.h"

namespace vecmill {

std::shared_ptr<const std::byte> PrivateArrays::TakeBytes(
    const std::string& name, int64_t num_bytes, const std::function<void(std::byte*)>& fill) {
  const auto buffer = std::make_shared<AlignedBuffer<std::byte>>(num_bytes);
  fill(buffer->data());
  arrays_.push_back({name, num_bytes, {buffer, buffer->data()}});
  return arrays_.back().bytes;
}

}  // namespace vecmill
