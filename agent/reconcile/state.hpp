// What the node has decided and knows: the fold of its records. Changed by evolve() alone.
//
// Times are BootMs of State::boot_id; evolve(AgentStarted) on another boot moves every one of them by the gap
// between the last record and now, so that time switched off counts as zero.
#pragma once

#include "agent/reconcile/observed.hpp"
#include "agent/reconcile/workload.hpp"
#include "common/protocol/command.hpp"
#include "common/protocol/exchange.hpp"
#include "common/protocol/report.hpp"
#include "common/time.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace aura::reconcile {

// Why something of ours was stopped or started; the head of every why-sentence.
enum class Cause {
  none,
  command,
  suspended,
  node_stopped,
  replaced,
  withdrawn,
  crashed,
  exited,
  human,
  docker_restart,
  host_reboot,
  declared,
  dependency,
  shutdown,
  probe,
  backup,        // stopped: its primary is well again; started: that is given up
  disconnected,  // the control plane has not answered for too long
  memory,        // a planned restart, before the kernel takes it for want of memory
  decommissioned,
};
std::string_view to_string(Cause cause);

// A container that the ledger says is ours. Without id: creation is intended, its nonce and name are reserved.
struct OwnedContainer {
  std::string nonce;
  std::string name;
  std::uint32_t n = 0;
  std::string spec_hash;
  std::string id;
  bool remove = false;     // to be removed as soon as it does not run
  std::string seen;        // StartedAt of its last run that is accounted for; "" before the first
  bool runs = false;       // that run has not ended, as far as is recorded
  BootMs since = 0;        // when that run was first seen
  std::string since_boot;  // and in which boot
  bool operator==(const OwnedContainer&) const = default;
};

// How far a stop is with the workload's stop hook; over: the stop itself goes out, or went out.
enum class HookState { due, busy, answered, over };

// Recorded before a stop is sent: whose stop it is and until when its grace runs.
struct StopSent {
  Instance instance;
  Cause cause = Cause::none;
  std::string command_id;
  std::string actor, reason;
  BootMs at = 0;
  int grace_s = 0;
  bool hastens = false;     // another stop of this run was under way with more time
  bool again = false;       // another stop of this run was recorded before, and may have been sent
  std::uint64_t epoch = 0;  // the life of the agent that recorded it
  HookState hook = HookState::over;
  BootMs hook_again_at = 0;          // busy: asked again then
  std::string hook_answer;           // the last one, a sentence's part; "": none yet
  std::optional<BootMs> ordered_at;  // where the hook took a part of the grace: when the stop was ordered
  bool operator==(const StopSent&) const = default;
};

// Recorded before a start is sent; gone once the new instance was seen or the start failed.
struct StartSent {
  std::string container_id;
  std::string after;  // StartedAt of the run before, to tell the new instance from it
  Cause cause = Cause::none;
  std::string command_id;
  BootMs at = 0;
  bool operator==(const StartSent&) const = default;
};

struct Exit {
  Instance instance;
  int code = 0;
  bool oom = false;           // the kernel killed it for want of memory
  bool child_oom = false;     // one of its processes fell to that, which is not what ended it
  bool seen = true;           // the exit code was to be seen
  Cause cause = Cause::none;  // whose doing
  std::string why;            // one sentence
  BootMs at = 0;
  WallMs wall_at = 0;
  bool operator==(const Exit&) const = default;
};

// A failure that retrying may mend: image not to be had, create or start refused.
struct Trouble {
  // "image_unavailable" | "no_space" | "create_failed" | "start_failed" | "update_failed" | "stuck" | …
  std::string code;
  std::string detail;
  std::uint32_t attempts = 0;
  BootMs retry_at = 0;
  bool operator==(const Trouble&) const = default;
};

// The image could not be had; only making a new container needs it.
bool is_pull_trouble(std::string_view code);

struct Hold {
  std::optional<BootMs> until;
  std::string actor;
  bool operator==(const Hold&) const = default;
};

// A changed file on its way: what was declared before, until the new spec has shown itself good.
struct Replacement {
  Declaration before;
  std::optional<BootMs> first_run_at;  // of the container for the new spec
  bool operator==(const Replacement&) const = default;
};

// A changed file that did not show itself good, and is not tried again by itself.
struct RefusedSpec {
  Declaration declaration;
  std::string why;  // one sentence
  bool operator==(const RefusedSpec&) const = default;
};

struct Workload {
  Declaration declared;
  std::optional<Replacement> replacing;
  std::optional<RefusedSpec> refused;
  std::optional<BootMs> withdrawn_at;  // its declaration vanished; container kept for retention
  protocol::Intent intent = protocol::Intent::running;
  std::uint64_t generation = 0;
  std::optional<Hold> hold;

  std::vector<OwnedContainer> containers;  // oldest first; the last is the newest n
  std::uint32_t next_n = 1;

  std::optional<StartSent> start_sent;
  std::optional<StopSent> stop_sent;
  std::optional<Instance> frozen;  // the run that we paused, or are about to; until it runs on or ends
  std::optional<Exit> last_exit;

  std::vector<BootMs> restarts;    // counted ones within the give-up window, oldest first
  std::uint32_t backoff_step = 0;  // restarts since the last long enough run
  std::optional<BootMs> retry_at;  // not before
  bool crash_loop = false;
  bool never_again = false;  // exit code in never_on_exit, or policy says no more
  std::uint32_t restarts_total = 0;

  std::optional<Instance> memory_high;      // the run that was warned of
  std::optional<BootMs> memory_restart_at;  // the last planned restart

  bool image_missing = false;  // Docker said so at create; a pull is due
  std::string image_digest;
  std::optional<Trouble> trouble;
  bool stuck = false;  // Docker could not stop it; trouble says when to try again

  std::vector<protocol::Run> runs;  // the last ones, oldest first, bounded by runs.hpp
  bool operator==(const Workload&) const = default;
};

// What an apply changed of one workload, and what it takes to undo that.
struct ApplyItem {
  std::optional<Declaration> before;       // nullopt: it is new
  std::optional<BootMs> withdrawn_before;  // of `before`
  std::optional<BootMs> first_run_at;      // of the container for the new spec
  bool operator==(const ApplyItem&) const = default;
};

// An apply under way: images first, then all declarations at once, then each workload shows itself healthy in order of
// dependency, or all go back.
struct Apply {
  std::map<std::string, Declaration> wanted;
  std::vector<protocol::Change> changes;
  std::set<std::string> images;            // of `wanted`, that are here
  bool declared = false;                   // `wanted` is what is declared
  std::map<std::string, ApplyItem> items;  // those that it changed
  std::string undone;                      // why all go back; "": they do not
  BootMs undone_at = 0;
  bool cancelled = false;  // undone because somebody cancelled it
  bool operator==(const Apply&) const = default;
};

// The machine was asked, or is about to be, for what a command wants of it: a reboot, the install of a version.
struct SystemAsk {
  std::string boot_id;       // in which boot
  std::uint64_t epoch = 0;   // and in which life of the agent: a later one asks again
  std::uint32_t times = 0;   // so often
  BootMs at = 0;             // the first time
  std::uint64_t serial = 0;  // upgrade: of the last result that was there before
  bool operator==(const SystemAsk&) const = default;
};

struct OpenCommand {
  protocol::Command command;
  BootMs accepted_at = 0;
  WallMs wall_accepted_at = 0;
  std::optional<BootMs> begin_by;  // expiry, until it has begun
  bool begun = false;
  std::string begun_boot;  // reboot, power_off: the boot in which it began
  bool done = false;       // adopt: taken over; only its outcome is missing
  // restart: the instances that must go; workload -> instance (none listed: nothing ran)
  std::map<std::string, Instance> must_go;
  bool image_present = false;      // pull: it is there
  std::optional<Trouble> trouble;  // pull: it failed; reboot, power_off, upgrade: the machine refused
  std::optional<SystemAsk> asked;  // reboot, power_off, upgrade, stop with then = power_off
  // stop, suspend, restart: what the stops showed so far
  std::map<std::string, protocol::Evidence> evidence;
  std::optional<Apply> apply;
  bool operator==(const OpenCommand&) const = default;
};

struct SettledCommand {
  protocol::Command command;  // to recognise a repeated or reused id
  protocol::Outcome outcome;
  bool confirmed = false;
  bool operator==(const SettledCommand&) const = default;
};

struct Suspension {
  std::string mode = "stop";
  std::string reason;
  std::string actor;
  std::string command_id;  // "" where it came as wanted
  WallMs since = 0;
  bool operator==(const Suspension&) const = default;
};

// The node is given back: nothing is ever started again, and once the control plane has confirmed that, it leaves.
struct Decommission {
  std::string command_id, actor, reason;
  WallMs since = 0;
  std::uint64_t told_seq = 0;      // of its outcome's event; 0: what runs is still being stopped
  std::optional<Trouble> trouble;  // it could not leave
  bool operator==(const Decommission&) const = default;
};

// How far the provisioning of this machine is, as whoever provisions it says; not kept once it is "running".
struct Stage {
  std::string name;    // queued, provisioning, networking, configuring, failed
  std::string reason;  // with failed
  bool operator==(const Stage&) const = default;
};

struct Node {
  protocol::Intent intent = protocol::Intent::running;
  std::optional<Suspension> suspension;
  std::uint64_t generation = 0;         // highest accepted for any target
  std::uint64_t node_generation = 0;    // highest accepted for the node, by command or wanted
  std::uint64_t wanted_generation = 0;  // highest taken as wanted: its own command may still arrive
  std::optional<Hold> hold;
  bool locked = false;
  std::optional<std::uint64_t> fenced_by;  // the epoch the control plane has seen above ours
  bool cloned = false;
  // A new ledger with a control plane configured starts nothing before this, or a decision.
  std::optional<BootMs> fresh_until;
  // After a boot of the host nothing is started before this, or an answer of the control plane, or its failing.
  std::optional<BootMs> boot_wait_until;
  // The control plane has not answered since; kept only where a workload's [disconnect] may act on it.
  std::optional<BootMs> silent_since;
  bool live_restore = false;  // Docker keeps containers over its own restarts: only then is anything frozen
  bool going_down = false;    // the host is: everything is drained until the next start of the agent
  std::optional<Decommission> decommission;
  std::optional<Stage> stage;
  bool operator==(const Node&) const = default;
};

// An image that this agent pulled; others are none of its business.
struct PulledImage {
  std::string digest;
  std::optional<BootMs> unused_since;  // nothing that is declared or may come back needs it
  bool operator==(const PulledImage&) const = default;
};

// What the configuration bounds; told with each start of the agent.
struct Limits {
  std::uint32_t open_commands = 64;
  std::uint32_t destructive_per_minute = 10;
  std::uint32_t destructive_burst = 12;
  std::int64_t withdrawn_kept_ms = 7LL * 24 * 3600 * 1000;
  bool operator==(const Limits&) const = default;
};

struct State {
  std::string ledger_id, node_id;
  std::string cloud_instance_id;  // the machine this ledger belongs to; "" : not checked
  std::string seen_instance_id;   // the machine it was last started on
  std::string boot_id;
  std::uint64_t epoch = 0;
  std::string agent_version;
  bool reports = false;  // a control plane is configured: events wait for confirmation
  BootMs last_time = 0;  // of the last record
  Limits limits;

  Node node;
  std::map<std::string, Workload> workloads;
  std::map<std::string, PulledImage> images;  // by reference
  std::set<std::string> removal_held;         // declarations missing, removal not allowed yet

  std::map<std::string, OpenCommand> open;        // by id; ids sort by arrival through `order`
  std::deque<std::string> order;                  // ids of open commands, oldest first
  std::map<std::string, SettledCommand> settled;  // the last max_settled, by id
  std::deque<std::string> settled_order;

  std::deque<protocol::Event> events;  // unconfirmed ones and the last history_events
  std::size_t outbox_bytes = 0;        // of all of them, by event_bytes()
  std::uint64_t last_event_seq = 0;
  std::uint64_t confirmed_event_seq = 0;
  std::uint64_t events_dropped = 0;

  double destructive_tokens = 0;  // rate limit of destructive verbs
  BootMs destructive_at = 0;
  bool operator==(const State&) const = default;
};

// Limits of the state itself. Counts unless the name has a unit.
inline constexpr std::size_t max_settled = 1000;
inline constexpr std::size_t max_outbox_events = 10'000;
inline constexpr std::size_t max_outbox_bytes = 16 * 1024 * 1024;  // by event_bytes()
inline constexpr std::size_t history_events = 200;
inline constexpr std::size_t max_images = 512;  // pulled ones that are remembered
inline constexpr std::int64_t fresh_wait_ms = 600'000;
inline constexpr std::int64_t boot_wait_ms = 5'000;
inline constexpr std::int64_t silence_told_after_ms = 60'000;    // or after the shortest [disconnect] after_s
inline constexpr std::int64_t silence_noted_every_ms = 300'000;  // so much of it a reboot may forget

}  // namespace aura::reconcile
