// hub/http_client.h: HTTP GET with redirects and one place for the token, by libcurl.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hub/hub_options.h"

namespace vecmill {

struct HttpResponse {
  int status = 0;          // of the last answer; 0: none came
  std::string failure;     // why the transfer broke off; empty when the body is whole
  bool transient = false;  // another attempt may go better
  std::map<std::string, std::string> headers;  // of the last answer, names in lower case

  bool ok() const { return failure.empty() && status >= 200 && status < 300; }
  std::string Header(const std::string& name) const;
};

// Part of a body; `head` has status and headers. What it throws ends the transfer and leaves Get.
using BodySink = std::function<void(const HttpResponse& head, std::span<const std::byte> bytes)>;

// One connection at a time, kept open between requests: one client a thread. The token of the
// options goes to the endpoint's scheme, host and port and nowhere else, whatever redirects say;
// redirects from https to http are not followed. Proxies are those of the environment, as libcurl
// reads it (https_proxy, no_proxy).
class HttpClient {
 public:
  // Errors: kInvalidArgument if the endpoint is no http or https URL or the token no header can
  // hold, without printing either; kInternal if libcurl cannot start.
  explicit HttpClient(const HubOptions& options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // GET `url` from byte `first_byte` on; whether the server did so is in the status (206) and in
  // content-range. The body goes to `sink` if the status is 2xx, and nowhere otherwise.
  // Errors: only those of `sink`; others are in the response.
  HttpResponse Get(const std::string& url, int64_t first_byte, const BodySink& sink);

 private:
  struct Transfer;
  HttpResponse GetOnce(const std::string& url, int64_t first_byte, const BodySink& sink,
                       std::string* redirect);

  const HubOptions options_;
  const std::string endpoint_origin_;
  std::unique_ptr<Transfer> transfer_;
};

// "https://host:443" of a URL, without user, path and query, so fit for messages; nullopt if it is
// no http or https URL. Read by the parser that connects.
std::optional<std::string> OriginOf(const std::string& url);

// Bytes other than letters, digits, "-._~" and those of `kept` as %XX.
std::string PercentEncode(std::string_view text, std::string_view kept);

}  // namespace vecmill
