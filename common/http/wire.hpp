// Bytes to requests and responses to bytes, in plain functions (RFC 9112); private to common/http. The only user
// of Beast, which is slow to compile.
#pragma once

#include "common/http/message.hpp"
#include "common/http/server.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace aura::http {

// Parses one request as its bytes arrive.
class RequestReader {
 public:
  enum class Progress {
    more,               // needs further bytes
    continue_expected,  // the peer waits for "100 Continue" before it sends the body; feed again afterwards
    complete,           // take() it
    failed,             // answer with failure_status() and close
  };

  // `limits` must outlive the reader.
  explicit RequestReader(const ServerLimits& limits);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  // Takes what it can use from the front of `bytes`; what belongs to the next request stays there.
  Progress feed(std::string& bytes);

  int failure_status() const;  // 400, 413 or 431
  std::string_view failure_message() const;

  bool keep_alive() const;          // the peer is ready for another request on this connection
  bool understands_chunks() const;  // false for HTTP/1.0

  Request take();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// How the body of a response is delimited.
enum class BodyFraming { content_length, chunked, until_close, none };

// The status line and header of `response` with the empty line that ends it. Content-Length, Transfer-Encoding,
// Connection and Date are set here and nowhere else; control characters in header values are left out.
std::string response_head(const Response& response, BodyFraming framing, bool keep_alive);

}  // namespace aura::http
