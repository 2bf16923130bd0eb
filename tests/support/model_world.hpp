// Docker and the agent's own memory as plain data, for tests of the pure core: no sockets, no time of its own.
//
// ModelDocker holds containers and obeys Actions. ModelAgent folds records, plans, and hands out the actions it
// wants done; a test decides when they are done, how they fail, and when the agent dies.
#pragma once

#include "agent/reconcile/accept.hpp"
#include "agent/reconcile/backoff.hpp"
#include "agent/reconcile/declare.hpp"
#include "agent/reconcile/evolve.hpp"
#include "agent/reconcile/plan.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace aura::testing {

namespace rc_ = aura::reconcile;

class ModelDocker {
 public:
  std::map<std::string, rc_::Container> containers;
  std::map<std::string, int> starts;  // by id
  std::set<std::string> images;       // that are here
  std::set<std::string> failing;      // workloads whose liveness fails
  std::set<std::string> unready;      // workloads that are not ready
  bool reachable = true;
  bool after_gap = false;
  bool first_look = false;
  std::optional<rc_::UpgradeResult> upgrade;               // Observed's
  std::optional<BootMs> silent_from;                       // Observed's
  std::map<std::string, std::int64_t> memory;              // bytes in use, by workload
  std::map<std::string, rc_::record::HookAnswered> hooks;  // what a stop hook says, by workload; ready where none
  std::vector<rc_::action::AskHook> asked;                 // of stop hooks

  rc_::Observed observe() const;
  // Each returns false where Docker would refuse.
  bool create(const std::string& node_id, const rc_::action::Create& create, const rc_::WorkloadSpec& spec);
  bool start(const std::string& id);
  void exit(const std::string& id, int code, bool killed = false);
  void stop(const std::string& id);
  bool remove(const std::string& id);
  // A container of somebody else.
  std::string foreign(const std::string& name, bool runs, std::vector<std::string> writable_mounts = {});
  std::vector<std::string> running() const;

 private:
  int next_id_ = 1;
  int next_start_ = 1;
};

class ModelAgent {
 public:
  rc_::State state;
  std::vector<rc_::Record> ledger;
  Now now{"boot-1", 1'000, 1'700'000'000'000, 7};
  rc_::InFlight in_flight;
  rc_::Plan plan;
  std::vector<rc_::action::AskSystem> asked;  // of the machine
  std::string refusal;                        // what it says to all of them; "": yes

  explicit ModelAgent(bool reports = false);

  void record(rc_::RecordBody body);
  void declare(const std::string& name, const rc_::WorkloadSpec& spec);
  rc_::Acceptance deliver(const protocol::Command& command, rc_::Origin origin = rc_::Origin::control,
                          const rc_::Applied* applied = nullptr);

  // Records facts until there are none, then leaves the plan. Fails the test after 100 rounds.
  void think(const ModelDocker& docker);
  // think(), then does every action at once as Docker would, until nothing is left to do or `rounds` is over.
  void settle(ModelDocker& docker, int rounds = 60);
  // Does one action and records its result; what act.cpp does, without a network.
  void perform(ModelDocker& docker, const rc_::Action& action);
  // The process dies and comes back: what was in flight is forgotten, the ledger is replayed.
  void die_and_return();
  void reboot(ModelDocker& docker);
  void pass_time(std::int64_t ms) {
    now.boot_ms += ms;
    now.wall_ms += ms;
    now.entropy = now.entropy * 6364136223846793005ULL + 1;
  }

  const rc_::Finding& finding(const std::string& name) const { return plan.findings.at(name); }
  const protocol::Outcome* outcome(const std::string& id) const;
  int events(const std::string& kind) const;
};

// A spec that works.
rc_::WorkloadSpec simple_spec(const std::string& image = "web:1");

protocol::Command command(std::string id, protocol::Verb verb, const std::string& target = "node",
                          std::optional<std::uint64_t> generation = {}, std::string reason = "because");

}  // namespace aura::testing
