// What a heartbeat and an enrolment mean. Pure: values in, a decision out.
#pragma once

#include "control/fleet/records.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace aura::control::fleet {

enum class BeatVerdict {
  taken,
  stale_epoch,  // an older start of this node: it must fence itself
  new_ledger,   // another ledger than the enrolled one: it must enrol again
};

struct BeatJudgement {
  BeatVerdict verdict = BeatVerdict::taken;
  bool is_clone = false;     // this beat is the second voice of an epoch
  bool may_command = false;  // commands and `wanted` may go out with the reply
};

// Another machine than the one the node id is bound to is a clone, whatever it counts. Else a null epoch or ledger id
// is judged by nothing: such a node is shown degraded and given nothing.
BeatJudgement judge_beat(const NodeRecord& node, const protocol::Heartbeat& beat);

// The node's record after that beat was taken: epoch, boot, clone mark, generations; an unknown cloud instance id
// is learnt. Events are not counted here.
NodeRecord after_beat(NodeRecord node, const protocol::Heartbeat& beat, const BeatJudgement& judgement);

// Which of a beat's events are new. Doubled ones are ignored. A beat holds the node's outbox from its first
// unconfirmed event on, in order: a gap inside it is what the node no longer has. A gap before its first event is
// not believed at once, unless the node has announced it (event "events_dropped", `to`): the reply confirms what is
// known, which asks for the missing ones. A node that then begins at the same number again no longer has them (this
// store was restored). Gaps that were not announced are named lost.
struct EventIntake {
  struct Lost {
    std::uint64_t count = 0, first = 0, last = 0;
  };
  std::vector<const protocol::Event*> taken;  // point into the beat
  std::uint64_t confirmed = 0;                // after these are committed
  std::uint64_t announced_to = 0;             // gaps up to here were announced by the node
  std::optional<std::uint64_t> gap_at;        // first number after an unbelieved gap: hand it in next time
  std::optional<Lost> lost;                   // all gaps of this beat that nobody announced
};
EventIntake judge_events(std::uint64_t confirmed, std::uint64_t announced_to, std::optional<std::uint64_t> gap_at,
                         const std::vector<protocol::Event>& events);

// Is who asks to enrol the one that the node id is bound to? By cloud instance where both are known, else by
// ledger id.
bool same_claimant(const NodeRecord& node, const protocol::EnrollRequest& request);

}  // namespace aura::control::fleet
