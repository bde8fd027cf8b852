#include "hub/http_client.h"

#include <gtest/gtest.h>

#include "vecmill/error.h"

namespace vecmill {
namespace {

TEST(Origin, IsSchemeHostAndPort) {
  EXPECT_EQ(OriginOf("https://huggingface.co"), "https://huggingface.co:443");
  EXPECT_EQ(OriginOf("https://HuggingFace.co:443/a?b#c"), "https://huggingface.co:443");
  EXPECT_EQ(OriginOf("http://user:secret@host:80/x"), "http://host:80");
  // What looks like the host to a careless reader is the user, and the other way round.
  EXPECT_EQ(OriginOf("https://huggingface.co@evil.example/"), "https://evil.example:443");
  EXPECT_NE(OriginOf("https://huggingface.co.evil.example/"), OriginOf("https://huggingface.co"));
  EXPECT_NE(OriginOf("http://huggingface.co:443/"), OriginOf("https://huggingface.co"));
  for (const char* url : {"", "huggingface.co", "ftp://host/", "file:///etc/passwd", "https://"}) {
    EXPECT_EQ(OriginOf(url), std::nullopt) << url;
  }
}

TEST(PercentEncode, KeepsWhatNeedsNoEncoding) {
  EXPECT_EQ(PercentEncode("a-Z_0.9~", ""), "a-Z_0.9~");
  EXPECT_EQ(PercentEncode("refs/pr/1", ""), "refs%2fpr%2f1");
  EXPECT_EQ(PercentEncode("1_Pooling/a b%?#.json", "/"), "1_Pooling/a%20b%25%3f%23.json");
  EXPECT_EQ(PercentEncode("\xc3\xa9", ""), "%c3%a9");
}

std::string RefusalOf(const HubOptions& options) {
  try {
    const HttpClient client(options);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(HttpClient, RefusesOptionsWithoutPrintingThem) {
  EXPECT_EQ(RefusalOf({}), "");
  EXPECT_NE(RefusalOf({.endpoint = "huggingface.co"}).find("HF_ENDPOINT"), std::string::npos);
  for (const char* token : {"secret\r\nX-Header: 1", "secret word", "secret\x01", "secret\xc3"}) {
    const std::string refusal = RefusalOf({.token = token});
    EXPECT_NE(refusal.find("HF_TOKEN"), std::string::npos);
    EXPECT_EQ(refusal.find("secret"), std::string::npos);
  }
}

TEST(HttpClient, SaysWhyNoConnectionWasMade) {
  HttpClient client({.endpoint = "http://127.0.0.1:1"});
  const HttpResponse response = client.Get("http://127.0.0.1:1/", 0, nullptr);
  EXPECT_EQ(response.status, 0);
  EXPECT_FALSE(response.ok());
  EXPECT_TRUE(response.transient);
  EXPECT_NE(response.failure, "");
}

}  // namespace
}  // namespace vecmill
