// Redirects are followed here, one request each, and not by libcurl: so it is this file that
// decides which origin is sent the token, and a test can hold it to that.
#include "hub/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <exception>
#include <iterator>

#include "base/check.h"
#include "base/hex.h"
#include "vecmill/error.h"
#include "vecmill/version.h"

namespace vecmill {
namespace {

constexpr int kMaxRedirects = 10;
constexpr size_t kMaxHeaders = 200;

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::optional<std::string> UrlPart(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string copy = text;
  curl_free(text);
  return copy;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool IsTransientStatus(int status) {
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501);
}

// Those that come back however often one asks.
bool IsTransientFailure(CURLcode code) {
  constexpr CURLcode kLasting[] = {CURLE_PEER_FAILED_VERIFICATION,
                                   CURLE_SSL_CACERT_BADFILE,
                                   CURLE_UNSUPPORTED_PROTOCOL,
                                   CURLE_URL_MALFORMAT,
                                   CURLE_OUT_OF_MEMORY,
                                   CURLE_NOT_BUILT_IN};
  return std::find(std::begin(kLasting), std::end(kLasting), code) == std::end(kLasting);
}

std::string EndpointOrigin(const std::string& endpoint) {
  if (auto origin = OriginOf(endpoint)) return *origin;
  throw Error(ErrorCode::kInvalidArgument,
              "the hub's endpoint (HF_ENDPOINT) is no URL that begins with https:// or http://");
}

void CheckToken(const std::string& token) {
  const bool ok =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (ok) return;
  throw Error(ErrorCode::kInvalidArgument,
              "the token (HF_TOKEN or the file `token` in HF_HOME) holds a space, a control "
              "character or a character that is not ASCII; a token is one word");
}

void StartCurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  VECMILL_CHECK(code == CURLE_OK);
}

}  // namespace

// What libcurl's callbacks see.
struct HttpClient::Transfer {
  CURL* curl = nullptr;
  char message[CURL_ERROR_SIZE] = {};
  HttpResponse response;
  const BodySink* sink = nullptr;
  std::exception_ptr exception;

  ~Transfer() { curl_easy_cleanup(curl); }

  void OnHeader(std::string_view line) {
    // A status line begins each answer; one may follow a "100 Continue" or a proxy's.
    if (line.starts_with("HTTP/")) {
      response.headers.clear();
      return;
    }
    const size_t colon = line.find(':');
    if (colon == line.npos || response.headers.size() >= kMaxHeaders) return;
    response.headers[LowerCase(line.substr(0, colon))] = Trimmed(line.substr(colon + 1));
  }

  void OnBody(std::span<const std::byte> bytes) {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    if (response.ok()) (*sink)(response, bytes);
  }

  static size_t HeaderCallback(char* data, size_t size, size_t count, void* self) noexcept try {
    static_cast<Transfer*>(self)->OnHeader({data, size * count});
    return size * count;
  } catch (...) {
    static_cast<Transfer*>(self)->exception = std::current_exception();
    return 0;
  }

  static size_t BodyCallback(char* data, size_t size, size_t count, void* self) noexcept try {
    static_cast<Transfer*>(self)->OnBody(std::as_bytes(std::span(data, size * count)));
    return size * count;
  } catch (...) {
    static_cast<Transfer*>(self)->exception = std::current_exception();
    return 0;  // libcurl ends the transfer
  }
};

std::string HttpResponse::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

HttpClient::HttpClient(const HubOptions& options)
    : options_(options), endpoint_origin_(EndpointOrigin(options.endpoint)) {
  CheckToken(options_.token);
  StartCurl();
  transfer_ = std::make_unique<Transfer>();
  transfer_->curl = curl_easy_init();
  VECMILL_CHECK(transfer_->curl != nullptr);
}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::Get(const std::string& url, int64_t first_byte, const BodySink& sink) {
  std::string next = url;
  for (int i = 0; i <= kMaxRedirects; ++i) {
    std::string redirect;
    HttpResponse response = GetOnce(next, first_byte, sink, &redirect);
    if (!response.failure.empty() || redirect.empty()) return response;
    const std::string from = OriginOf(next).value_or("");
    const std::optional<std::string> to = OriginOf(redirect);
    if (!to || (from.starts_with("https:") && !to->starts_with("https:"))) {
      response.failure = from + " redirects to " + to.value_or("what is no http or https URL") +
                         ", which is not followed";
      return response;
    }
    next = redirect;
  }
  return {.failure =
              endpoint_origin_ + ": more than " + std::to_string(kMaxRedirects) + " redirects"};
}

HttpResponse HttpClient::GetOnce(const std::string& url, int64_t first_byte, const BodySink& sink,
                                 std::string* redirect) {
  Transfer& transfer = *transfer_;
  CURL* curl = transfer.curl;
  curl_easy_reset(curl);  // options only: connections stay
  transfer.response = {};
  transfer.message[0] = '\0';
  transfer.sink = &sink;
  transfer.exception = nullptr;

  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "vecmill/" VECMILL_VERSION);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer.message);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options_.timeout_seconds));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.timeout_seconds));
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, options_.ca_file.c_str());
  }
  const std::string range = std::to_string(first_byte) + "-";
  if (first_byte > 0) curl_easy_setopt(curl, CURLOPT_RANGE, range.c_str());

  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr, curl_slist_free_all);
  if (!options_.token.empty() && OriginOf(url) == endpoint_origin_) {
    headers.reset(curl_slist_append(nullptr, ("Authorization: Bearer " + options_.token).c_str()));
    if (headers == nullptr) throw std::bad_alloc();
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  }
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &Transfer::HeaderCallback);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::BodyCallback);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);

  const CURLcode code = curl_easy_perform(curl);
  if (transfer.exception) std::rethrow_exception(transfer.exception);
  HttpResponse response = std::move(transfer.response);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  if (code != CURLE_OK) {
    response.failure = transfer.message[0] != '\0' ? transfer.message : curl_easy_strerror(code);
    response.transient = IsTransientFailure(code);
    return response;
  }
  response.transient = IsTransientStatus(response.status);
  const char* location = nullptr;
  curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location);
  if (IsRedirect(response.status) && location != nullptr) *redirect = location;
  return response;
}

std::optional<std::string> OriginOf(const std::string& url) {
  const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
  if (parsed == nullptr) throw std::bad_alloc();
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return std::nullopt;
  const auto scheme = UrlPart(parsed.get(), CURLUPART_SCHEME);
  const auto host = UrlPart(parsed.get(), CURLUPART_HOST);
  const auto port = UrlPart(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (!scheme || !host || !port || (*scheme != "http" && *scheme != "https")) return std::nullopt;
  return *scheme + "://" + LowerCase(*host) + ":" + *port;
}

std::string PercentEncode(std::string_view text, std::string_view kept) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || std::string_view("-._~").find(c) != std::string_view::npos ||
        kept.find(c) != kept.npos) {
      encoded += c;
    } else {
      encoded += '%' + Hex(std::as_bytes(std::span(&c, 1)));
    }
  }
  return encoded;
}

}  // namespace vecmill
