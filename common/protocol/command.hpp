// Commands and their outcomes: the part of protocol version 1 that control plane, node and command line share.
// Meaning of each verb and field: docs/protocol.md, clauses P3 and P4.
#pragma once

#include "common/error.hpp"
#include "common/time.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::protocol {

inline constexpr int version = 1;
inline constexpr std::size_t max_body_bytes = 64 * 1024;
inline constexpr std::size_t max_heartbeat_bytes = 1024 * 1024;
inline constexpr std::size_t max_events_per_beat = 100;

enum class Verb {
  start,
  stop,
  restart,
  suspend,
  resume,
  reboot,
  power_off,
  apply,
  pull,
  upgrade,
  decommission,
  cancel,
  // Local verbs: taken on the Unix socket only.
  hold,
  release,
  lock,
  unlock,
  adopt,
  reload,
  stage,
  collect,
};
std::string_view to_string(Verb verb);
std::optional<Verb> parse_verb(std::string_view text);
bool is_local_verb(Verb verb);
bool is_destructive(
    Verb verb);  // counted by the rate limit: stop restart suspend reboot power_off apply upgrade decommission
bool has_generation(Verb verb);  // start stop restart suspend resume
bool expires(Verb verb);         // restart reboot power_off apply pull upgrade

// Of provisioning a machine, in their order; failed ends it from any of them.
inline constexpr std::array<std::string_view, 6> stages = {"queued",      "provisioning", "networking",
                                                           "configuring", "running",      "failed"};

// "node", "workload:NAME", "image:REF" or "command:ID".
struct Target {
  enum class Kind { node, workload, image, command };
  Kind kind = Kind::node;
  std::string name;  // empty for node
  bool operator==(const Target&) const = default;
};
std::string to_string(const Target& target);
// nullopt: another prefix, an impossible workload name, an empty or over-long (512 bytes) reference.
std::optional<Target> parse_target(std::string_view text);

// What belongs to one verb. A key that the verb does not know is refused by the codec.
struct CommandArgs {
  std::optional<int> grace_s;                    // stop, restart, suspend: 0..86400
  std::string mode;                              // suspend: "stop" (default) or "freeze"
  std::string then;                              // stop of the node: "power_off"
  std::map<std::string, std::string> workloads;  // apply: name -> spec as a workload file says it, canonical JSON text
  bool dry_run = false;                          // apply, collect: tell what would be done, and do nothing
  std::string version;                           // upgrade
  std::int64_t for_s = 0;                        // hold: seconds, 1..604800
  bool instance = false;                         // adopt: this cloud instance
  bool allow_removal = false;                    // reload, apply: workloads that are missing are meant to be gone
  std::string stage;                             // stage
  bool operator==(const CommandArgs&) const = default;
};

struct Command {
  std::string id;
  Verb verb = Verb::start;
  Target target;
  std::optional<std::uint64_t> generation;
  std::optional<std::int64_t> expires_in_s;  // last moment to begin, counted from its making
  std::int64_t age_s = 0;                    // seconds since its making when it was sent
  CommandArgs args;
  bool force = false;
  std::string reason;  // at most 1,024 bytes
  std::string actor;   // at most 256 bytes; "dashboard:alice@example.com", "local:root"
  bool operator==(const Command&) const = default;
};

// True if both say the same thing: everything but age_s and actor.
bool same_content(const Command& a, const Command& b);

enum class OutcomeKind { succeeded, failed, refused, superseded, expired, cancelled };
std::string_view to_string(OutcomeKind kind);
std::optional<OutcomeKind> parse_outcome_kind(std::string_view text);

// What was seen of one workload when a command ended.
struct Evidence {
  std::string workload;
  std::string state;  // state word (report.hpp)
  std::optional<int> exit_code;
  std::string signal;  // "SIGTERM", "" if none
  bool oom = false;
  std::optional<std::int64_t> duration_ms;  // of the stop
  std::string hook;                         // what its stop hook said; "" where it has none
  std::string container_id;
  std::string started_at;  // the instance that runs now, as Docker says it
  bool operator==(const Evidence&) const = default;
};

// One field of a workload's spec that an apply changes; values as JSON, those of env as "***".
struct Change {
  std::string workload;
  std::string field;     // "image", "resources.memory_bytes"; "": the whole workload
  std::string from, to;  // "": the default; for a whole workload "absent" | "declared"
  bool operator==(const Change&) const = default;
};

struct Outcome {
  std::string command_id;
  Verb verb = Verb::start;
  Target target;
  OutcomeKind kind = OutcomeKind::succeeded;
  std::string code;                              // for refused and failed: "stale_generation", "stuck", …
  std::string detail;                            // one sentence
  std::optional<std::uint64_t> node_generation;  // with stale_generation: the number the node has
  WallMs started_at = 0;                         // display only
  WallMs finished_at = 0;
  std::string actor;
  std::vector<Evidence> evidence;
  std::vector<Change> changes;  // apply: what differs from what was declared before
  bool operator==(const Outcome&) const = default;
};

// The command as it is kept and shown: of each spec its digest, {"sha256":"…"}, since a spec's environment may hold
// secrets, and specs are kept where they are declared.
Command without_specs(Command command);

// The stable codes of refusals and transient answers, as they stand in JSON.
namespace code {
inline constexpr std::string_view stale_generation = "stale_generation";
inline constexpr std::string_view id_reused = "id_reused";
inline constexpr std::string_view node_stopped = "node_stopped";
inline constexpr std::string_view suspended = "suspended";
inline constexpr std::string_view unknown_workload = "unknown_workload";
inline constexpr std::string_view unknown_command = "unknown_command";
inline constexpr std::string_view unknown_verb = "unknown_verb";
inline constexpr std::string_view reason_required = "reason_required";
inline constexpr std::string_view not_supported_yet = "not_supported_yet";
inline constexpr std::string_view generation_not_allowed = "generation_not_allowed";
inline constexpr std::string_view generation_required = "generation_required";
inline constexpr std::string_view invalid = "invalid";
inline constexpr std::string_view locked = "locked";
inline constexpr std::string_view fenced = "fenced";
inline constexpr std::string_view cloned = "cloned";
inline constexpr std::string_view decommissioned = "decommissioned";
inline constexpr std::string_view degraded = "degraded";
inline constexpr std::string_view freeze_unavailable = "freeze_unavailable";
inline constexpr std::string_view policy = "policy";
inline constexpr std::string_view removal_held = "removal_held";
inline constexpr std::string_view local_only = "local_only";
inline constexpr std::string_view root_only = "root_only";
inline constexpr std::string_view busy = "busy";                  // transient
inline constexpr std::string_view rate_limited = "rate_limited";  // transient
inline constexpr std::string_view no_space = "no_space";          // transient
inline constexpr std::string_view forbidden = "forbidden";
}  // namespace code

}  // namespace aura::protocol
