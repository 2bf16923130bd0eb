// What aura-control knows of a node, a command and a claim: plain values, shared by fleet, store and api.
#pragma once

#include "common/protocol/exchange.hpp"
#include "common/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace aura::control {

// One moment. Intervals are judged on mono_ms (CLOCK_MONOTONIC: it stands still while this host sleeps, so that
// nobody looks offline afterwards); ages that survive a restart on now.boot_ms; the wall clock is display.
struct Moment {
  std::int64_t mono_ms = 0;
  Now now;
};

// The tailnet device that a node's call came from. All empty: it did not come over the tailnet.
struct Sender {
  std::string device;   // stable node id: no other device ever gets it
  std::string name;     // of the device, display only
  std::string address;  // in the tailnet

  bool over_tailnet() const { return !device.empty(); }
};

// Identity and decisions of an enrolled node. All of it is durable.
struct NodeRecord {
  std::string id;
  std::string ledger_id;
  std::string cloud_instance_id;  // "" : unknown
  WallMs enrolled_at = 0;
  std::string key_hash;                   // SHA-256 of the node key, hex
  bool key_used = false;                  // a heartbeat came under this key
  bool reenroll_open = false;             // an operator lets another claimant in
  std::optional<std::uint64_t> epoch;     // highest heard on this ledger
  std::string boot_id;                    // of that epoch
  bool cloned = false;                    // that epoch was heard from two boots or two instances
  std::uint64_t generation = 0;           // highest given out
  std::uint64_t reported_generation = 0;  // highest the node accepted for any target
  std::uint64_t node_generation = 0;      // highest the node accepted for itself
  std::optional<protocol::Wanted> wanted;
  std::uint64_t confirmed_event_seq = 0;
  std::uint64_t last_number = 0;    // last delivery number
  std::string stage, stage_reason;  // of provisioning, as the node told it
  std::string device;               // stable id of the tailnet device it is bound to; "": to none yet
  std::string device_name;          // display only

  bool operator==(const NodeRecord&) const = default;
};

// What the last heartbeat said. Written in batches; a crash may lose the last second of it.
struct StatusRecord {
  WallMs heard_at = 0;  // display only; 0: never
  int promised_s = 60;
  std::string agent_version;
  protocol::NodeWord state = protocol::NodeWord::booting;
  protocol::Intent intent = protocol::Intent::running;
  bool suspended = false;
  bool recorded = true;    // false: the node could not record its start (epoch null)
  std::string state_hash;  // of `report`
  std::optional<protocol::Report> report;

  bool operator==(const StatusRecord&) const = default;
};

// A command and where it is on its way.
struct CommandRecord {
  protocol::Command command;  // age_s is 0 here
  std::string node_id;
  WallMs made_at = 0;
  std::string made_boot_id;  // with made_boot_ms: when, on a clock that never jumps
  BootMs made_boot_ms = 0;
  std::uint64_t number = 0;   // delivery number; the node's cursor
  WallMs delivered_at = 0;    // first delivery; 0: never
  std::string deferred_code;  // "" : not deferred
  bool settled = false;

  bool operator==(const CommandRecord&) const = default;
};

// Somebody who asked to be a node without a code.
struct ClaimRecord {
  std::string node_id, ledger_id, cloud_instance_id;
  WallMs asked_at = 0;
  bool approved = false;
  std::string device, device_name, address;  // it asked from; "": not over the tailnet
};

// A one-time enrolment code, known by its hash alone.
struct CodeRecord {
  std::string hash;  // SHA-256, hex
  std::string node_id;
  WallMs made_at = 0;
  std::string spent_by_ledger;  // "" : unspent
};

}  // namespace aura::control
