// The operators' API from a terminal: blocking calls, one at a time.
#pragma once

#include "common/error.hpp"
#include "common/http/message.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace aura::control::cli {

inline constexpr const char* default_url = "http://127.0.0.1:8080";
inline constexpr const char* default_token_file = "/var/lib/aura-control/operator-token";

// Where the control plane is and who asks.
struct Connection {
  std::string url;         // "": $AURA_CONTROL_URL, else default_url
  std::string token_file;  // "": $AURA_CONTROL_TOKEN_FILE, else see token_file_for
  bool json = false;
};

// Whose token goes to that URL; "": none. A file that was named goes where it is told, the default one to this machine
// alone: whoever is asked sees the token.
std::string token_file_for(const Connection& connection, const std::string& url);

class Client {
 public:
  // Reads the token file; an error names the remedy. None is needed where the URL is not of this machine: then the
  // tailnet tells who asks.
  static Result<Client> open(const Connection& connection);
  Client(Client&&) noexcept;
  ~Client();

  // 2xx only; any other status is an Error with http_status and a sentence of cause and remedy.
  Result<http::Response> get(const std::string& path, int timeout_s = 10);
  Result<http::Response> post(const std::string& path, std::string body);
  // Hands each piece of an event stream to `sink` until that returns false or the stream ends.
  Result<void> follow(const std::string& path, const std::function<bool(std::string_view)>& sink);
  // Waits; false if SIGINT or SIGTERM came meanwhile (then the caller ends).
  bool pause(int milliseconds);

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Prints the error to stderr as one sentence and returns the exit code that belongs to it.
int report(const Error& error);
int report_usage(std::string_view message);

}  // namespace aura::control::cli
