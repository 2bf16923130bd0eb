// The real ports::HookCaller: HTTP through libcurl, exec through the container engine.
#pragma once

#include "agent/ports/container_engine.hpp"
#include "agent/ports/hook_caller.hpp"
#include "common/http/client.hpp"

#include <optional>
#include <string_view>

namespace aura::probes {

class StopHookCaller final : public ports::HookCaller {
 public:
  // Both outlive it.
  StopHookCaller(http::Client& client, ports::ContainerEngine& engine) : client_(client), engine_(engine) {}

  boost::asio::awaitable<ports::HookAnswer> ask(ports::HookQuestion question) override;

 private:
  boost::asio::awaitable<ports::HookAnswer> ask_http(ports::HookQuestion question);
  boost::asio::awaitable<ports::HookAnswer> ask_exec(ports::HookQuestion question);

  http::Client& client_;
  ports::ContainerEngine& engine_;
};

// What a JSON answer says; nullopt: it is no JSON object, or says nothing of being busy.
std::optional<ports::HookAnswer> busy_by_json(std::string_view text);

// When to ask again by a JSON answer, in ms; nullopt: it does not say.
std::optional<std::int64_t> again_by_json(std::string_view text);

}  // namespace aura::probes
