// What a delivered command means.
#pragma once

#include "agent/reconcile/record.hpp"

#include <optional>
#include <string>

namespace aura::reconcile {

// By which path a command came and what its sender may say.
enum class Origin {
  control,      // the control plane: may give generation and actor
  local_root,   // Unix socket, uid 0: every verb, exempt from the rate limit
  local_admin,  // Unix socket, group aura-node: every verb but lock, unlock, adopt
  peer,         // tailnet peer with a grant for the verb
};

struct Acceptance {
  enum class Kind {
    accepted,   // record must be committed; the outcome follows
    refused,    // record must be committed; it holds the outcome
    known,      // delivered before: nothing to record, what is known holds
    id_reused,  // the id names another command: nothing recorded, the first outcome stands
    deferred,   // transient: nothing recorded, may come again after retry_after_s
  };
  Kind kind = Kind::accepted;
  std::optional<Record> record;
  std::string code;     // of refused, id_reused and deferred (protocol::code)
  std::string message;  // one sentence with the remedy
  int retry_after_s = 0;
};

// What the specs of an apply mean here: read, checked against the policy and one another, and compared.
struct Applied {
  std::map<std::string, Declaration> declarations;
  std::vector<protocol::Change> changes;
  std::string refusal;  // not empty: they cannot be taken; one or more sentences
};

// Does `newer`, accepted after `older`, end it while it is open? A decision about the node ends those about the node
// and its workloads, one about a workload those about that workload; never one that the control plane made later
// (a higher generation). Pulls, holds and the like go on.
bool supersedes(const protocol::Command& newer, const protocol::Command& older);

// Judges one command. Pure. `command.actor` and `generation` are taken as given only from Origin::control; for
// other origins the caller has written the actor. Workload declarations to check a target against are in state.
// For an apply `applied` must be given.
Acceptance accept(const State& state, const protocol::Command& command, Origin origin, const Now& now,
                  const Applied* applied = nullptr);

// The node's intent as the control plane repeats it: a record if it is news (its generation is above
// node_generation, and the node is neither fenced, cloned, nor locked unless it lifts a suspension), else nullopt.
std::optional<Record> accept_wanted(const State& state, const protocol::Wanted& wanted, const Now& now);

}  // namespace aura::reconcile
