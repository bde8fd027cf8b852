// Encodes the texts on standard input, for parity.py.
//
//   tokenizer_ids TOKENIZER_JSON < requests > answers
//
// Request: int64 max_tokens, int64 size, bytes. Answer: int32 cut (0 or 1), int32 count, int32 ids.
// Numbers are as the machine has them.
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace {

bool Read(void* dst, size_t size) { return std::fread(dst, 1, size, stdin) == size; }

int EncodeAll(const vecmill::Tokenizer& tokenizer) {
  int64_t request[2];
  std::string text;
  std::vector<int32_t> answer;
  while (Read(request, sizeof(request))) {
    text.resize(static_cast<size_t>(request[1]));
    if (!Read(text.data(), text.size())) return 1;
    answer.assign(2, 0);
    answer[0] = tokenizer.Encode(text, request[0], &answer) ? 1 : 0;
    answer[1] = static_cast<int32_t>(answer.size() - 2);
    std::fwrite(answer.data(), sizeof(int32_t), answer.size(), stdout);
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: tokenizer_ids TOKENIZER_JSON < requests > answers\n");
    return 2;
  }
  try {
    return EncodeAll(*vecmill::Tokenizer::Load(argv[1]));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "tokenizer_ids: %s\n", e.what());
    return 1;
  }
}
