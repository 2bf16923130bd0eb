// A machine as a test says it is.
#pragma once

#include "agent/ports/host.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace aura::testing {

class FakeHost final : public ports::Host {
 public:
  protocol::HostReport figures() override { return {}; }
  std::string cloud_instance_id() override { return instance_id; }
  std::optional<std::string> credential(const std::string& name) override {
    const auto found = credentials.find(name);
    return found == credentials.end() ? std::nullopt : std::optional<std::string>(found->second);
  }
  bool may_connect_to_engine() override { return may_connect; }
  bool shutting_down() override { return false; }
  std::optional<std::uint64_t> oom_kills(const std::string& container_id, int) override {
    const auto found = oom_killed.find(container_id);
    return found == oom_killed.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<ports::ContainerUsage> usage(const std::string& container_id, int pid) override {
    last_pid = pid;
    ++looks;
    const auto found = uses.find(container_id);
    return found == uses.end() ? std::nullopt : std::optional(found->second);
  }
  boost::asio::awaitable<Result<void>> ask(ports::SystemRequest request) override {
    if (on_ask) refusal = on_ask(request);
    asked.push_back(std::move(request));
    if (refusal) co_return *refusal;
    co_return Result<void>();
  }
  std::optional<reconcile::UpgradeResult> upgrade_result() override { return upgraded; }
  void notify(const std::string& state) override { notifications.push_back(state); }

  std::string instance_id;
  std::map<std::string, std::string> credentials;
  std::map<std::string, std::uint64_t> oom_killed;    // by container id
  std::map<std::string, ports::ContainerUsage> uses;  // by container id; one that is not there is not to be seen
  int last_pid = 0;                                   // that usage() was asked with
  std::vector<ports::SystemRequest> asked;
  std::optional<Error> refusal;                                             // of everything that is asked
  std::function<std::optional<Error>(const ports::SystemRequest&)> on_ask;  // says what refusal is, if it is there
  std::optional<reconcile::UpgradeResult> upgraded;
  int looks = 0;  // calls of usage()
  bool may_connect = true;
  std::vector<std::string> notifications;
};

}  // namespace aura::testing
