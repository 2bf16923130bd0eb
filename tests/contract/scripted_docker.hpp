// A server on a Unix socket that answers with exactly the bytes a test says: what no real Docker does on request.
#pragma once

#include "agent/docker/engine.hpp"
#include "common/async/spawn.hpp"
#include "tests/support/result_text.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::contract {

// What to send for one request, in pieces that leave one by one, and whether to close after them.
struct Script {
  std::vector<std::string> pieces;
  bool hold = false;  // keep the connection open and say no more
};

// A whole answer with a right Content-Length.
Script answer(int status, std::string_view body, std::string_view more_headers = "");
// An answer to /_ping of an engine of that API version.
Script pong(std::string_view api_version);
// The head of an endless answer, then its pieces as chunks; `ended`: the last chunk comes.
Script chunked(std::vector<std::string> pieces, bool ended);

// The server, a client and an engine on it with short deadlines. One connection a request.
class ScriptedDocker {
 public:
  // Gets "METHOD TARGET"; /_ping is answered by the server itself, as API 1.41, unless own_ping is set.
  using Answer = std::function<Script(const std::string& request)>;

  explicit ScriptedDocker(Answer script, bool own_ping = false);
  ~ScriptedDocker();
  ScriptedDocker(const ScriptedDocker&) = delete;
  ScriptedDocker& operator=(const ScriptedDocker&) = delete;

  docker::DockerEngine& engine();
  const std::vector<std::string>& requests() const;  // "METHOD TARGET" in order, pings too
  const std::string& last_body() const;              // of the last request that had one

  template <class T>
  Result<T> run(ports::Async<T> call) {
    const auto result = std::make_shared<std::optional<Result<T>>>();
    spawn(context_.get_executor(), "scripted", keep(std::move(call), result));
    run_until([&] { return result->has_value(); });
    REQUIRE(result->has_value());
    return **result;
  }

 private:
  template <class T>
  static boost::asio::awaitable<void> keep(ports::Async<T> call, std::shared_ptr<std::optional<Result<T>>> to) {
    auto result = co_await std::move(call);
    to->emplace(std::move(result));
  }
  void run_until(const std::function<bool()>& done);

  boost::asio::io_context context_;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace aura::contract
