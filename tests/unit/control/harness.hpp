// A control plane in the test's own process: real store in a folder of its own, a clock that the test moves.
#pragma once

#include "common/http/message.hpp"
#include "control/api/plane.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aura::control::test {

class TemporaryDir {
 public:
  TemporaryDir();
  ~TemporaryDir();
  TemporaryDir(const TemporaryDir&) = delete;
  TemporaryDir& operator=(const TemporaryDir&) = delete;
  std::string file(std::string_view name) const;

 private:
  std::string path_;
};

class ControlPlane {
 public:
  ControlPlane() { start(); }
  // Forgets everything that is not stored, as a new process would.
  void restart() { start(); }
  void pass_s(std::int64_t seconds);

  // Enrols with a fresh code and returns the key.
  std::string enrolled(const std::string& id, const std::string& ledger = "L1", const std::string& instance = "");
  Answer<protocol::HeartbeatReply> beat(const protocol::Heartbeat& beat, const std::string& id = "vm-1");
  // As an operator; fails the test if it is refused.
  CommandView sent(const std::string& verb, const std::string& target = "node", const std::string& reason = "");
  std::vector<std::string> event_kinds();
  NodeView shown(const std::string& id = "vm-1");

  TemporaryDir dir;
  Moment now;
  std::unique_ptr<Store> store;
  std::unique_ptr<Plane> plane;
  std::vector<std::string> woken;

 private:
  void start();
};

protocol::Heartbeat beat_of(std::uint64_t epoch, const std::string& boot = "boot-1");
protocol::Event event_of(std::uint64_t seq);
protocol::Outcome outcome_of(const std::string& command_id);

}  // namespace aura::control::test
