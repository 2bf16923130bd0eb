// What next: the reconciler.
#pragma once

#include "agent/reconcile/observed.hpp"
#include "agent/reconcile/record.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace aura::reconcile {

namespace action {
// Effects, each safe to repeat. `workload` is the key of in-flight bookkeeping.
struct Create {
  std::string workload;
  OwnedContainer container;
  bool operator==(const Create&) const = default;
};
struct Start {
  std::string workload, container_id;
  bool operator==(const Start&) const = default;
};
// resume: the stop was sent before by an earlier life of the agent; grace_s is what is left of it.
struct Stop {
  std::string workload;
  Instance instance;
  int grace_s = 0;
  bool resume = false;
  bool operator==(const Stop&) const = default;
};
// A stop is under way; a newer order gives it less time. Goes out beside it: to Docker a second stop with a shorter
// grace takes effect.
struct Hasten {
  std::string workload;
  Instance instance;
  int grace_s = 0;
  bool operator==(const Hasten&) const = default;
};
// The workload's stop hook, before the stop: HookAnswered tells what it said.
struct AskHook {
  std::string workload;
  Instance instance;
  std::string address;      // Container::address
  StopHook hook;            // of the spec that this container was made for
  std::vector<Port> ports;  // of that, too
  std::string id;           // the same each time one stop asks
  Cause cause = Cause::none;
  std::int64_t timeout_ms = 0;
  int grace_s = 0;  // what is left of it
  bool operator==(const AskHook&) const = default;
};
// Its processes stand still and keep their memory.
struct Freeze {
  std::string workload;
  Instance instance;
  bool operator==(const Freeze&) const = default;
};
struct Thaw {
  std::string workload;
  Instance instance;
  bool operator==(const Thaw&) const = default;
};
struct Remove {
  std::string workload, container_id;
  bool operator==(const Remove&) const = default;
};
struct Update {
  std::string workload, container_id;
  Resources resources;
  bool operator==(const Update&) const = default;
};
// Single-flight per image; workload stays empty.
struct Pull {
  std::string image;
  std::string registry_auth = {};  // name of the credential for its registry; "": none
  bool unless_here = false;        // nothing is fetched where the engine has it
  std::string workload = {};
  bool operator==(const Pull&) const = default;
};
// Nobody wants it any more; workload stays empty.
struct EndPull {
  std::string image;
  std::string workload = {};
  bool operator==(const EndPull&) const = default;
};
// The machine is asked for what a command wants of it: reboot, power_off, upgrade, or, for decommission, to leave.
// Once in a life of the agent; workload stays empty.
struct AskSystem {
  std::string command_id;
  protocol::Verb verb = protocol::Verb::reboot;
  std::string version;  // upgrade
  std::string workload = {};
  bool operator==(const AskSystem&) const = default;
};
}  // namespace action
using Action =
    std::variant<action::Create, action::Start, action::Stop, action::Hasten, action::AskHook, action::Freeze,
                 action::Thaw, action::Remove, action::Update, action::Pull, action::EndPull, action::AskSystem>;

// The workload an action belongs to; for a Pull "".
const std::string& workload_of(const Action& action);

struct InFlight {
  std::set<std::string> workloads;                      // have an action under way
  std::map<std::string, protocol::PullProgress> pulls;  // by image
  std::set<std::string> asked;                          // commands that the machine was asked for in this life
};

// What a pass finds of one workload, for status and reports.
struct Finding {
  protocol::WorkloadWord word = protocol::WorkloadWord::unknown;
  std::string reason;  // one sentence; empty when as intended
  bool as_intended = false;
  std::string health;                  // "none" | "starting" | "healthy" | "unhealthy"
  std::optional<Container> container;  // the current one, as observed
  bool operator==(const Finding&) const = default;
};

// A run whose probes are to be asked.
struct Probed {
  Instance instance;
  BootMs since = 0;           // when that run was first seen
  std::string address;        // Container::address
  std::string docker_health;  // Container::health
  bool assumed = false;       // it ran for longer than its start grace before it was first asked: taken as healthy
  bool operator==(const Probed&) const = default;
};

struct Plan {
  std::vector<Record> facts;      // to be recorded in order; then plan again before acting
  std::vector<Action> actions;    // only when facts is empty
  std::optional<BootMs> wake_at;  // plan again then even if nothing happens
  std::map<std::string, Finding> findings;
  bool drained = false;                  // the host goes down and nothing of ours is left to be stopped
  std::map<std::string, Probed> probed;  // by workload; for everything else probes stand still
  std::vector<std::string> conflicts;    // containers that carry our label but are not ours: "NAME: why"
};

// Pure and total: never acts on what is unknown, never touches a container the ledger does not know, at most one
// action in flight per workload, nothing started unless intended. Facts come before actions: while a plan has
// facts it has no actions.
Plan reconcile(const State& state, const Observed& observed, const InFlight& in_flight, const Now& now);

// Where a use of memory stands by the workload's memory policy; low without one. middle: below the warning, and not so
// far below it that a warning is over.
enum class MemoryLevel { low, middle, high, restart };
MemoryLevel memory_level(const WorkloadSpec& spec, std::int64_t used_bytes);

// True if the workload should run now: declared, not held back by node intent, suspension, fresh wait, boot wait,
// clone, decommission. A drain is not among them: intents stay.
bool should_run(const State& state, const Workload& workload);

// "aura-<first 8 hex digits of SHA-256 of the node id>": head of container names, name of the node's network.
std::string name_prefix(const std::string& node_id);

// The second network of workloads with tailnet = true, one a machine. Its bridge is what a firewall knows them by; its
// name comes before the node's network, since a container's default route is that of its first network by name.
inline constexpr std::string_view tailnet_network = "aura--tailnet";
inline constexpr std::string_view tailnet_bridge = "aura-tailnet";

// Whether its containers join that network. Those in the host's own network need none.
bool opens_tailnet(const WorkloadSpec& spec);

}  // namespace aura::reconcile
