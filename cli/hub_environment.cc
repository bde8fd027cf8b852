#include "hub_environment.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/mapped_file.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// "" if not set.
std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// With "~" as the shell has it: files that set variables for containers leave it as it stands.
std::string Path(const char* name) {
  const std::string path = Variable(name);
  const bool home = path == "~" || path.starts_with("~/");
  return home ? Variable("HOME") + path.substr(1) : path;
}

bool IsTrue(std::string value) {
  std::transform(value.begin(), value.end(), value.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string HubHome() {
  if (std::string home = Path("HF_HOME"); !home.empty()) return home;
  const std::string cache = Path("XDG_CACHE_HOME");
  return (cache.empty() ? Variable("HOME") + "/.cache" : cache) + "/huggingface";
}

// HF_TOKEN, or what `huggingface-cli login` keeps in a file.
std::string Token() {
  if (std::string token(Trimmed(Variable("HF_TOKEN"))); !token.empty()) return token;
  std::string path = Path("HF_TOKEN_PATH");
  if (path.empty()) path = HubHome() + "/token";
  try {
    return std::string(Trimmed(MappedFile(path).text()));
  } catch (const Error& e) {
    if (e.code() == ErrorCode::kNotFound) return "";
    throw;
  }
}

int TimeoutSeconds(int fallback) {
  constexpr int kMaxSeconds = 24 * 60 * 60;
  const std::string text = Variable("HF_HUB_DOWNLOAD_TIMEOUT");
  if (text.empty()) return fallback;
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size() && seconds >= 1 &&
      seconds <= kMaxSeconds) {
    return seconds;
  }
  throw Error(ErrorCode::kInvalidArgument,
              "HF_HUB_DOWNLOAD_TIMEOUT: expected seconds, 1 to 86400, found '" + text + "'");
}

}  // namespace

std::string HubCacheFromEnvironment() {
  const std::string cache = Path("HF_HUB_CACHE");
  return cache.empty() ? HubHome() + "/hub" : cache;
}

HubOptions HubOptionsFromEnvironment() {
  HubOptions options = {
      .cache = HubCacheFromEnvironment(),
      .token = Token(),
      .ca_file = Path("SSL_CERT_FILE"),
      .offline = IsTrue(Variable("HF_HUB_OFFLINE")) || IsTrue(Variable("TRANSFORMERS_OFFLINE"))};
  if (const std::string endpoint = Variable("HF_ENDPOINT"); !endpoint.empty()) {
    options.endpoint = endpoint;
  }
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  options.timeout_seconds = TimeoutSeconds(options.timeout_seconds);
  return options;
}

}  // namespace vecmill
