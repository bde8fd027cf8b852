#include "hub/http_error.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

#include "vecmill/error.h"

namespace vecmill {
namespace {

constexpr int kMaxFailures = 5;
constexpr std::chrono::milliseconds kFirstWait{250};  // doubled each time: 3.75 s in all
constexpr std::chrono::seconds kMaxRetryAfter{60};

// What the server says of the error, fit for a terminal; "" if nothing, or if it repeats the token.
std::string ServerMessage(const HttpResponse& response, const std::string& token) {
  constexpr size_t kMaxLength = 300;
  std::string message = response.Header("x-error-message");
  if (!token.empty() && message.find(token) != message.npos) return "";
  std::replace_if(
      message.begin(), message.end(), [](char c) { return c < ' ' || c >= 0x7f; }, '?');
  if (message.size() > kMaxLength) message.resize(kMaxLength);
  return message.empty() ? "" : " (" + message + ")";
}

std::string TokenAdvice(bool has_token) {
  return has_token ? "; the token given (HF_TOKEN, or the file `token` in HF_HOME) gives no access"
                   : "; set HF_TOKEN to a token of an account that may read it";
}

std::chrono::milliseconds RetryAfter(const HttpResponse& response) {
  const std::string text = response.Header("retry-after");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || seconds < 0) return {};
  return std::min<std::chrono::seconds>(std::chrono::seconds(seconds), kMaxRetryAfter);
}

}  // namespace

void ThrowHttpError(const HttpResponse& response, const ModelId& id, const std::string& what,
                    const HubOptions& options) {
  const std::string hub = OriginOf(options.endpoint).value_or("the hub");
  const std::string where = id.Text() + (what.empty() ? "" : ": " + what);
  const std::string code = response.Header("x-error-code");
  const bool has_token = !options.token.empty();
  const int status = response.status;
  if (!response.failure.empty()) {
    throw Error(ErrorCode::kIo,
                where + ": cannot fetch from " + hub + ": " + response.failure +
                    (what.empty() ? "" : "; what came is kept, and the next pull goes on from it") +
                    " (HF_ENDPOINT names another hub, https_proxy a proxy)");
  }
  if (code == "RevisionNotFound") {
    throw Error(ErrorCode::kNotFound, id.repository + ": " + hub + " has no revision '" +
                                          id.revision + "' of it: no such branch, tag or commit");
  }
  if (code == "GatedRepo") {
    throw Error(ErrorCode::kIo, where + ": is gated: accept its conditions on its page of the hub" +
                                    TokenAdvice(has_token) +
                                    ServerMessage(response, options.token));
  }
  if (code == "EntryNotFound" || (status == 404 && !what.empty())) {
    throw Error(ErrorCode::kNotFound, where + ": " + hub + " lists this file, but has not got it");
  }
  // The hub answers 401 for a model that is not there, too, so as not to betray private ones.
  if (status == 404 || code == "RepoNotFound" || (status == 401 && !has_token)) {
    throw Error(ErrorCode::kNotFound,
                where + ": " + hub + " has no such model, or it is private" +
                    TokenAdvice(has_token) +
                    ". Models are called ORG/NAME; a bare NAME means sentence-transformers/NAME");
  }
  if (status == 401 || status == 403) {
    throw Error(ErrorCode::kIo, where + ": " + hub + " answers " + std::to_string(status) +
                                    TokenAdvice(has_token) +
                                    ServerMessage(response, options.token));
  }
  throw Error(ErrorCode::kIo, where + ": " + hub + " answers " + std::to_string(status) +
                                  ServerMessage(response, options.token) + "; try again later");
}

bool Attempts::Again(const HttpResponse& response, bool came_further) {
  failures_ = came_further ? 1 : failures_ + 1;
  if (!response.transient || failures_ >= kMaxFailures) return false;
  std::this_thread::sleep_for(std::max(RetryAfter(response), kFirstWait * (1 << (failures_ - 1))));
  return true;
}

}  // namespace vecmill
