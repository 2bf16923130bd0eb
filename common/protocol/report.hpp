// What a node tells of itself: state words, events, the full report. docs/protocol.md, clauses P5 to P7.
#pragma once

#include "common/protocol/command.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::protocol {

// Gravest first: the first that holds is the verdict, the others are reasons.
enum class NodeWord {
  cloned,
  fenced,
  decommissioned,
  degraded,
  suspended,
  frozen,
  stopping,
  stopped,
  held,
  locked,
  provisioning,
  booting,
  running,
};
std::string_view to_string(NodeWord word);
std::optional<NodeWord> parse_node_word(std::string_view text);

enum class WorkloadWord {
  absent,
  pulling,
  created,
  starting,
  running,
  unhealthy,
  stopping,
  stopped,
  frozen,
  backoff,
  crash_loop,
  failed,
  stuck,
  conflict,
  held,
  unknown,
};
std::string_view to_string(WorkloadWord word);
std::optional<WorkloadWord> parse_workload_word(std::string_view text);

enum class Intent { running, stopped };
std::string_view to_string(Intent intent);
std::optional<Intent> parse_intent(std::string_view text);

enum class Severity { info, notice, warning, error };
std::string_view to_string(Severity severity);
std::optional<Severity> parse_severity(std::string_view text);

// Something that happened. Numbered from 1 without gaps per ledger id.
struct Event {
  std::uint64_t seq = 0;
  WallMs time = 0;  // display only
  std::string boot_id;
  BootMs boot_ms = 0;
  std::string kind;  // "workload_exited", "command_accepted", …
  Severity severity = Severity::info;
  std::string workload;  // "" where it concerns the node
  std::string command_id;
  std::string actor;
  std::string text;  // one sentence for a person
  std::map<std::string, std::string> data;
  std::vector<std::string> log_tail;  // escaped, at most 20 lines of 1 KiB, 8 KiB in all
  bool operator==(const Event&) const = default;
};

struct LastExit {
  int code = 0;
  std::string meaning;  // "killed by SIGKILL (9)"
  std::string signal;
  bool oom = false;
  std::string why;  // one sentence: who, which command, why
  WallMs at = 0;
  bool operator==(const LastExit&) const = default;
};

// One run of a workload: why it began and why it ended. Also an attempt that Docker refused: without started_at.
struct Run {
  std::string container_id, started_at;  // the instance
  WallMs began = 0;                      // when it was first seen; 0: not known, or it did not begin
  std::string began_why;                 // one sentence
  WallMs ended = 0;                      // 0: it goes on
  std::string ended_why;                 // one sentence
  std::string cause;                     // of the end, a word: "crashed", "command", "human", …
  std::optional<int> exit_code;          // of the end; nullopt: it was not to be seen
  std::string signal;                    // that the exit code stands for
  bool oom = false;                      // the kernel ended it for want of memory
  bool child_oom = false;                // one of its processes fell to that, which is not what ended it
  std::string command_id, actor;         // of the end
  std::uint32_t attempts = 0;            // that Docker refused in a row
  std::vector<std::string> log_tail;     // its last lines; escaped
  bool operator==(const Run&) const = default;
};

// The body of GET /v1/workloads/NAME/why.
struct Why {
  std::string workload;
  std::vector<Run> runs;  // newest first, at most 10
  bool operator==(const Why&) const = default;
};

struct PullProgress {
  std::string image;
  std::uint64_t bytes = 0, total_bytes = 0;  // total 0: not known yet
  int layers_done = 0, layers = 0;
  std::uint64_t rate_bytes_per_s = 0;  // of late; 0: not known
  std::optional<std::int64_t> left_s;  // an estimate for the download
  bool operator==(const PullProgress&) const = default;
};

// What the current run of a workload uses, by the kernel's count; counters since its start.
struct WorkloadUsage {
  std::uint64_t memory_bytes = 0;        // the working set: all that is charged without page cache that goes first
  std::uint64_t memory_limit_bytes = 0;  // 0: none
  std::uint64_t cpu_us = 0;
  std::optional<double> cpu_percent;  // since the agent last looked; 100: one CPU wholly; nullopt: the first look
  std::uint64_t pids = 0;             // processes and threads
  std::uint64_t oom_kills = 0;
  std::uint64_t block_read_bytes = 0, block_write_bytes = 0;
  std::optional<std::uint64_t> network_receive_bytes, network_transmit_bytes;  // nullopt: it has the host's network
  bool operator==(const WorkloadUsage&) const = default;
};

struct WorkloadReport {
  std::string name;
  std::string source;  // "file" or "applied"
  std::string spec_hash;
  std::string image;
  std::string image_digest;
  Intent intent = Intent::running;
  WorkloadWord state = WorkloadWord::unknown;
  std::string reason;  // one sentence: why that state
  std::string container_id;
  std::string container_name;
  std::string started_at;                     // with container_id: the instance
  std::string health;                         // "none" | "starting" | "healthy" | "unhealthy"
  std::uint32_t restarts = 0;                 // by the agent, all time
  std::uint32_t budget_used = 0, budget = 0;  // restarts within give_up.within_s, and its limit
  std::optional<std::int64_t> retry_in_s;
  std::optional<LastExit> last_exit;
  std::optional<PullProgress> pull;
  std::optional<WorkloadUsage> usage;  // nullopt: it does not run, or was not asked for
  bool operator==(const WorkloadReport&) const = default;
};

struct HostReport {
  double load1 = 0;
  std::uint64_t memory_bytes = 0, memory_available_bytes = 0;
  std::uint64_t disk_bytes = 0, disk_available_bytes = 0;  // of the state directory's file system
  int cpus = 0;
  // The node's wall clock minus the control plane's, good to a second; nullopt: no reply was heard yet.
  std::optional<std::int64_t> clock_offset_ms;
  bool operator==(const HostReport&) const = default;
};

struct SuspensionInfo {
  std::string mode;  // "stop" | "freeze"
  std::string reason;
  std::string actor;
  WallMs since = 0;
  bool operator==(const SuspensionInfo&) const = default;
};

struct OpenCommandInfo {
  std::string id;
  Verb verb = Verb::start;
  Target target;
  std::string actor, reason;
  WallMs accepted_at = 0;
  std::string waiting_for;  // one sentence
  bool operator==(const OpenCommandInfo&) const = default;
};

// The node's place in the tailnet. docs/protocol.md, P7.
struct TailnetReport {
  std::string state;      // "running", "absent", "denied", "no_answer", "starting", "needs_login", "needs_approval",
                          // "stopped", "unknown"
  std::string name;       // MagicDNS name
  std::string listening;  // "open on 100.64.0.2:9414", "closed: …"
  std::vector<std::string> addresses;
  std::vector<std::string> health;  // tailscaled's own warnings
  WallMs key_expiry = 0;            // 0: its key does not expire
  std::string control_path;         // "direct", "relayed", "idle" (no packet lately); "": not known
  std::string control_via;          // the address or the relay's region of that path
  bool operator==(const TailnetReport&) const = default;
};

// The full picture; also the body of GET /v1/status.
struct Report {
  std::string node_id, tenant, ledger_id, boot_id, agent_version;
  std::uint64_t epoch = 0;
  NodeWord state = NodeWord::booting;
  std::vector<std::string> reasons;  // one sentence each, gravest first; empty when all is as intended
  Intent intent = Intent::running;
  std::optional<SuspensionInfo> suspension;
  std::uint64_t generation = 0, node_generation = 0;
  bool locked = false;
  std::optional<std::int64_t> held_for_s;
  HostReport host;
  std::string docker;  // "ok 20.10.24 (API 1.41)" | "unknown: …"
  bool docker_known = false;
  std::string control;                         // "ok, heard 12 s ago" | "none configured" | "away for 3 min: …"
  std::string tailnet;                         // "ok, node7 (100.64.0.2); …" | "absent: …" | "not used"
  std::optional<TailnetReport> tailnet_facts;  // nullopt: the tailnet is not used
  bool control_heard = false;                  // the last heartbeat was answered well
  std::vector<WorkloadReport> workloads;
  std::vector<OpenCommandInfo> commands;
  std::vector<PullProgress> pulls;  // under way, each image once, whoever wants it
  bool operator==(const Report&) const = default;
};

}  // namespace aura::protocol
