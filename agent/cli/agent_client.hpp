// The agent's API on its Unix socket, one blocking call at a time (docs/protocol.md, P8).
//
// While an AgentClient lives, SIGINT and SIGTERM do not end the process but the call under way, with Errc::cancelled,
// and every later one. One thread.
#pragma once

#include "common/error.hpp"
#include "common/http/message.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace aura::cli {

class AgentClient {
 public:
  explicit AgentClient(std::string socket);
  ~AgentClient();
  AgentClient(const AgentClient&) = delete;
  AgentClient& operator=(const AgentClient&) = delete;

  // 2xx only. Any other status is an Error with http_status, its message "CODE: sentence" where the agent gave a
  // code ("refused (CODE): sentence" for 409): 403 forbidden, 404 not_found, 409 conflict, 429 and 503 and 507
  // rate_limited, 400 and 413 and 415 invalid_argument. Nobody there is unavailable or timeout, no right to the socket
  // is unauthorized; those messages say what to do. wait_s is what the agent was asked to wait, on top of the call's
  // own deadline.
  Result<http::Response> get(const std::string& path, int wait_s = 0);
  Result<http::Response> post(const std::string& path, std::string json);

  // Hands each piece of a 2xx body to `sink` until that returns false (success) or the body ends.
  Result<http::Response> stream(const std::string& path, const std::function<bool(std::string_view)>& sink);

  // Waits, no longer than until there is something to read from `input` (-1: nothing); false if interrupted.
  bool pause(int milliseconds, int input = -1);
  bool interrupted() const;

  const std::string& socket() const { return socket_; }

 private:
  class Impl;
  std::string socket_;
  std::unique_ptr<Impl> impl_;
};

// Prints "aura-node: MESSAGE" to stderr and returns the exit code that belongs to the error.
int report(const Error& error);

}  // namespace aura::cli
