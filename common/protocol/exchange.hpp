// The exchanges between node and control plane: enrolment, heartbeat, long poll. docs/protocol.md, clauses P1, P2.
#pragma once

#include "common/protocol/command.hpp"
#include "common/protocol/report.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aura::protocol {

// POST /v1/enroll
struct EnrollRequest {
  std::string node_id;
  std::string code;               // "" : wait for an operator's approval
  std::string cloud_instance_id;  // "" : unknown
  std::string ledger_id;
};
struct EnrollReply {
  std::string node_key;  // "" : 202, pending
};

// The node's intent as the control plane last decided it.
struct Wanted {
  Intent intent = Intent::running;
  bool suspended = false;
  std::string mode;  // "stop" | "freeze", where suspended
  std::string reason;
  std::string actor;
  std::uint64_t generation = 0;
  bool operator==(const Wanted&) const = default;
};

// A command the node could not take now; the control plane delivers it again after retry_after_s.
struct Deferred {
  std::string command_id;
  std::string code;  // busy | rate_limited | no_space
  int retry_after_s = 0;
  bool operator==(const Deferred&) const = default;
};

// POST /v1/nodes/{node_id}/heartbeat
struct Heartbeat {
  std::string ledger_id;  // "" is sent as null: the ledger cannot be read
  std::string boot_id;
  std::optional<std::uint64_t> epoch;  // nullopt: this start could not be recorded
  std::string cloud_instance_id;
  std::uint64_t seq = 0;  // beats of this epoch, from 1
  std::string agent_version;
  NodeWord state = NodeWord::booting;
  Intent intent = Intent::running;
  bool suspended = false;
  std::uint64_t generation = 0;       // highest accepted for any target
  std::uint64_t node_generation = 0;  // highest accepted for the node
  std::string state_hash;             // of the report without what always moves
  std::optional<Report> report;
  std::vector<Event> events;      // at most max_events_per_beat, oldest first
  std::vector<Outcome> outcomes;  // until confirmed
  std::vector<Deferred> deferred;
};

// A command in a reply that this version cannot read. The rest of the reply holds; the node tells of this one in an
// event and never carries it out.
struct UnreadableCommand {
  std::string id;       // "" if even that cannot be read
  std::string code;     // unknown_verb | invalid
  std::string message;  // starts with the JSON path
  bool operator==(const UnreadableCommand&) const = default;
};

struct HeartbeatReply {
  WallMs server_time = 0;
  int next_heartbeat_s = 60;  // 1..86400
  bool long_poll = false;
  bool want_report = false;
  std::uint64_t confirmed_event_seq = 0;
  std::vector<std::string> confirmed_outcomes;
  std::optional<Wanted> wanted;
  std::vector<Command> commands;
  std::vector<UnreadableCommand> unreadable;  // never sent
};

// GET /v1/nodes/{node_id}/commands?cursor=…&wait_s=…
struct PollReply {
  std::uint64_t cursor = 0;
  std::vector<Command> commands;              // empty: 204
  std::vector<UnreadableCommand> unreadable;  // never sent
};

}  // namespace aura::protocol
