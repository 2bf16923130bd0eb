// Carries out what the reconciler decided, one coroutine an action, and records what came of it.
//
// At most one action a workload (the reconciler sees to it) and one pull an image. Every action ends: what Docker
// refused becomes TroubleMet with a time to try again, what it could not stop becomes StuckMet, and where Docker
// could not be asked nothing is recorded but a start, since the next observation tells. Afterwards the container is
// looked at anew and `finished` is called.
#pragma once

#include "agent/loops/observer.hpp"
#include "agent/loops/parts.hpp"
#include "agent/loops/prepare.hpp"
#include "agent/loops/puller.hpp"
#include "agent/loops/timed.hpp"
#include "agent/loops/wakeup.hpp"
#include "agent/ports/hook_caller.hpp"
#include "agent/reconcile/plan.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace aura::loops {

// How long a removal that failed is left alone.
inline constexpr std::int64_t idle_after_failure_ms = 30'000;

class Actor {
 public:
  struct Options {
    MountCheck check_mounts;
    std::string runtime_dir;
    std::function<void()> finished;
    std::int64_t pull_reserve_bytes = Puller::default_reserve_bytes;
    ports::HookCaller* hooks = nullptr;  // outlives the actor; nullptr: stop hooks fail
  };
  Actor(Parts parts, Observer& observer, Secrets& secrets, Options options);

  // Starts the action. One that failed a moment ago and cannot be told from new is left out until retry_at().
  void begin(reconcile::Action action);

  const reconcile::InFlight& in_flight() const { return in_flight_; }
  // The next moment at which one that is left alone may be tried again; never one that has passed.
  std::optional<BootMs> retry_at() const;
  // Containers made so far: a listing that was asked for before the last one was made may not show it.
  std::uint64_t creates() const { return creates_; }

  void engine_event(const ports::EngineEvent& event);
  // Docker is away: what was made sure of once must be made sure of again, and starts that a Docker on its way down
  // refused are tried at once when it is back.
  void engine_lost();

 private:
  using Task = boost::asio::awaitable<void>;
  Task run(reconcile::Action action);
  Task create(reconcile::action::Create action);
  Task start(reconcile::action::Start action);
  Task stop(reconcile::action::Stop action);
  Task hasten(reconcile::action::Hasten action);
  Task ask_hook(reconcile::action::AskHook action);
  Task freeze(reconcile::action::Freeze action);
  Task thaw(reconcile::action::Thaw action);
  Task remove(reconcile::action::Remove action);
  Task update(reconcile::action::Update action);
  Task ask_system(reconcile::action::AskSystem action);

  // A network that is looked for once, until something says that it may be gone.
  struct OwnNetwork {
    ports::Network network;
    bool there = false;
  };
  OwnNetwork& node_network();
  boost::asio::awaitable<Result<void>> ensure_network(OwnNetwork& own);
  boost::asio::awaitable<Result<void>> open_tailnet(std::string container_id);
  boost::asio::awaitable<Result<void>> finish_stop(reconcile::action::Stop action);
  boost::asio::awaitable<ports::HookAnswer> answer_of_hook(reconcile::action::AskHook action);
  void break_off_hook(const std::string& container_id);
  boost::asio::awaitable<bool> still_runs(reconcile::Instance instance);
  void trouble(const std::string& workload, std::string code, const Error& error, bool at_once = false);
  void leave_alone(const std::string& container_id, std::int64_t for_ms);
  const reconcile::Workload* workload(const std::string& name) const;

  Parts parts_;
  Observer& observer_;
  Secrets& secrets_;
  Options options_;
  reconcile::InFlight in_flight_;
  Puller puller_;
  OwnNetwork node_network_;
  OwnNetwork tailnet_network_{{std::string(reconcile::tailnet_network), std::string(reconcile::tailnet_bridge)}, false};
  bool making_network_ = false;
  Broadcast network_made_;
  std::uint64_t creates_ = 0;
  std::set<std::string> name_conflicts_;                       // nonces whose create met a taken name once
  std::map<std::string, reconcile::action::Hasten> hastened_;  // the last of each workload
  std::map<std::string, BootMs> left_alone_until_;             // by container id
  std::map<std::string, Wakeup*> awaiting_exit_;               // by container id
  std::map<std::string, Breakable*> asking_;                   // stop hooks, by container id
};

}  // namespace aura::loops
