// Calls of the Docker Engine API over one Unix socket: version negotiation, deadlines, error answers.
#pragma once

#include "agent/ports/container_engine.hpp"
#include "common/http/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace aura::docker {

// How long the engine may take. Defaults are the product's; tests shorten them.
struct Deadlines {
  long ping_ms = 5'000;
  long read_ms = 10'000;         // list, inspect, image, kill_seen, logs without follow
  long change_ms = 60'000;       // create, start, kill, remove, update, pause, networks
  long stop_margin_ms = 30'000;  // stop: grace and this
  long pull_idle_ms = 60'000;    // pull: so long without news
};

struct ApiCall {
  std::string method = "GET";
  std::string path;           // from "/containers" on, encoded, with its query; the version is put in front
  std::string body;           // JSON; may hold secrets, never logged
  std::string registry_auth;  // X-Registry-Auth, never logged
  long timeout_ms = 0;        // 0: none
  std::size_t max_body_bytes = 1 << 20;
};

// Paths of the Engine API's version `v1.N` are used with N = min(the engine's, newest_minor), but not below what
// the engine still speaks. The version is asked for (GET /_ping) before the first call and again after a call
// found the engine unavailable.
inline constexpr int newest_minor = 47;
inline constexpr int oldest_minor = 24;

class Api {
 public:
  Api(http::Client& client, std::string socket) : client_(client), socket_(std::move(socket)) {}

  // A fresh negotiation; not_supported if the engine is too old for us.
  ports::Async<ports::EngineVersion> ping(long timeout_ms);

  // Any status is a Response. Errors: unavailable, timeout, too_large, cancelled, bad_reply, not_supported.
  ports::Async<http::Response> send(ApiCall call, long ping_timeout_ms);

  // As http::Client::stream().
  ports::Async<http::Response> stream(ApiCall call, http::Client::Sink sink, long ping_timeout_ms);

 private:
  ports::Async<void> negotiate(long ping_timeout_ms);
  http::Call make_call(ApiCall call, bool versioned) const;
  Error note(Error error);

  http::Client& client_;
  std::string socket_;
  ports::EngineVersion version_;  // api_version empty: not known
};

// What an answer that is no success means: not_found only where Docker itself says that the container or image is
// not there, conflict 409, unavailable 503, no_space where its message says so, else internal; bad_reply if the
// body is not Docker's.
Error status_error(const http::Response& response);

// "28.1.1" of "Docker/28.1.1 (linux)"; the text itself if it is of another form.
std::string engine_version_of(std::string_view server_header);

}  // namespace aura::docker
