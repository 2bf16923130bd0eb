#include "common/http/message.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura::http;

TEST_CASE("header names compare without case and set replaces") {
  Headers headers;
  headers.set("Content-Type", "a");
  headers.set("content-type", "b");
  CHECK(headers.get("CONTENT-TYPE") == "b");
  CHECK(headers.all().size() == 1);
  CHECK(headers.get("Other").empty());
}

TEST_CASE("a target is split into a decoded path and its query") {
  const Target target = parse_target("/v1/a%20b/c?after=3&x=%26+1&flag&=&after=4");
  CHECK(target.path == "/v1/a b/c");
  CHECK(target.get("after") == "3");
  CHECK(target.get("x") == "& 1");
  CHECK(target.has("flag"));
  CHECK(target.get("flag").empty());
  CHECK_FALSE(target.has("none"));
}

TEST_CASE("a malformed escape stays as it is") {
  CHECK(parse_target("/a%2").path == "/a%2");
  CHECK(parse_target("/a%zz%").path == "/a%zz%");
}

TEST_CASE("percent-encoding keeps unreserved characters only and decodes back") {
  CHECK(percent_encode("aZ09-._~") == "aZ09-._~");
  CHECK(percent_encode("{\"a\":[\"b c\"]}/?&=+") == "%7B%22a%22%3A%5B%22b%20c%22%5D%7D%2F%3F%26%3D%2B");
  CHECK(parse_target("/?q=" + percent_encode("a+b&c=\xc3\xa4")).get("q") == "a+b&c=\xc3\xa4");
}
