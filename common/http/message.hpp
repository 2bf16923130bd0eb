// HTTP/1.1 messages as plain values (RFC 9110, RFC 9112). No library type shows through.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aura::http {

// In order of arrival; names compare without case.
class Headers {
 public:
  void set(std::string name, std::string value);      // replaces the first of that name or appends
  std::string_view get(std::string_view name) const;  // first of that name, "" if none
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  std::string method = "GET";
  std::string target;  // server side: path and query as received; client side: the whole URL
  Headers headers;
  std::string body;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

// Path and decoded query of a request target: "/v1/events?after=3".
struct Target {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;

  std::string_view get(std::string_view name) const;  // first value of that name, "" if none
  bool has(std::string_view name) const;
};

// Percent-decodes path segments and query; a malformed escape stays as it is.
Target parse_target(std::string_view target);

// Percent-encodes everything but unreserved characters (RFC 3986 2.3).
std::string percent_encode(std::string_view text);

}  // namespace aura::http
