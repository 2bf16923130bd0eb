// What Docker says now. Unknown is never absent: a listing that is not complete is no listing.
#pragma once

#include "agent/reconcile/workload.hpp"
#include "common/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aura::reconcile {

// One run of a container; compared for equality only. started_at is Docker's State.StartedAt, verbatim.
struct Instance {
  std::string container_id;
  std::string started_at;
  bool operator==(const Instance&) const = default;
};

enum class Phase { unknown, created, running, paused, restarting, removing, exited, dead };

// Labels that aura-node sets on what it makes. They only nominate; the ledger decides (docs/architecture.md).
struct Labels {
  std::string node;       // aura.node: the node id
  std::string workload;   // aura.workload
  std::string nonce;      // aura.nonce
  std::string spec_hash;  // aura.spec
  bool operator==(const Labels&) const = default;
};

struct Container {
  std::string id;     // 64 hex digits
  std::string name;   // without the leading slash
  std::string image;  // as it was asked for
  std::string image_id;
  Labels labels;
  int pid = 0;                          // on the host, of its first process; 0: it does not run, or not known
  Phase phase = Phase::unknown;         // unknown: listed, but could not be inspected
  std::string started_at, finished_at;  // Docker's, verbatim; "0001-…" before the first start
  int exit_code = 0;
  bool oom_killed = false;                   // the kernel killed one of this run's processes for want of memory
  bool oom_at_end = true;                    // and the last time right before its end, as far as is known
  std::string error;                         // State.Error
  std::string health;                        // "none" | "starting" | "healthy" | "unhealthy"
  std::string address;                       // literal, on its first network; "": it has none of its own
  std::optional<Resources> resources;        // of ours, from inspect
  std::vector<std::string> writable_mounts;  // host paths
  bool killed = false;                // a kill or stop was asked of this instance by anybody (Docker's kill event)
  bool stop_called = false;           // and it was a stop (docker stop), which came to its end
  int kill_signal = 0;                // the first one asked for; 0: not known
  bool sigkill_sent = false;          // SIGKILL was among them
  BootMs killed_at = 0;               // when we learnt of that; 0: from Docker's history
  BootMs ended_at = 0;                // when we learnt of its end; 0: from a listing
  std::vector<std::string> log_tail;  // of an exited one of ours, captured at the exit; escaped

  Instance instance() const { return {id, started_at}; }
  bool operator==(const Container&) const = default;
};

// What the probes found of one run. Facts: what follows from them is decided by the core.
struct Health {
  Instance instance;
  bool started = false;  // startup has passed; without a startup probe: liveness, or else readiness, has
  bool ready = false;    // readiness passes; without a readiness probe: as started
  bool live = true;      // false: liveness failed so often in a row that it acts
  std::string trouble;   // the last answer of the probe that failed last, one sentence; "" while none fails
  bool operator==(const Health&) const = default;
};

// How much memory a run uses that the kernel cannot take back: its working set, usage less inactive file pages.
struct MemoryUse {
  Instance instance;
  std::int64_t used_bytes = 0;  // the smaller of the last two looks: a peak of a moment counts for nothing
  bool operator==(const MemoryUse&) const = default;
};

// What the last upgrade came to, as the unit that carries it out says.
struct UpgradeResult {
  std::uint64_t serial = 0;  // one more with each
  std::string version;       // that was asked for
  bool installed = false;    // and proven; false: the version before runs, or nothing was changed
  std::string code, detail;  // of a failure; detail is a sentence's part where it is installed
  bool operator==(const UpgradeResult&) const = default;
};

struct Observed {
  std::optional<std::vector<Container>> containers;  // nullopt: Docker cannot be asked
  std::string unknown_reason;                        // then: one sentence
  std::map<std::string, Health> health;              // by workload; of those that Plan::probed asked for
  std::map<std::string, MemoryUse> memory;           // by workload; of those with a memory policy that run
  // When the control plane last answered, or this process began; nullopt: none is configured.
  std::optional<BootMs> silent_from;
  std::optional<UpgradeResult> upgrade;  // looked for while an upgrade is open; nullopt: there was none yet
  bool after_gap = false;   // the first complete listing of this process after Docker could not be asked for a while
  bool first_look = false;  // the first complete listing of this process
};

}  // namespace aura::reconcile
