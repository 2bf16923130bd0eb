#include "control/fleet/intake.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace aura::control::fleet {

using protocol::Event;
using protocol::Heartbeat;

BeatJudgement judge_beat(const NodeRecord& node, const Heartbeat& beat) {
  if (!beat.ledger_id.empty() && beat.ledger_id != node.ledger_id) return {BeatVerdict::new_ledger, false, false};
  const bool other_instance = !node.cloud_instance_id.empty() && !beat.cloud_instance_id.empty() &&
                              node.cloud_instance_id != beat.cloud_instance_id;
  // Also where it could not record its start: another machine's outcomes are not this node's.
  if (other_instance) return {BeatVerdict::taken, true, false};
  if (!beat.epoch || beat.ledger_id.empty()) return {};
  if (node.epoch && *beat.epoch < *node.epoch) return {BeatVerdict::stale_epoch, false, false};
  const bool is_clone = node.epoch == beat.epoch && node.boot_id != beat.boot_id;
  return {BeatVerdict::taken, is_clone, !is_clone};
}

NodeRecord after_beat(NodeRecord node, const Heartbeat& beat, const BeatJudgement& judgement) {
  node.key_used = true;
  if (judgement.is_clone) {
    // What another machine counts must not fence the one that the node id is bound to.
    node.cloned = true;
    return node;
  }
  if (beat.epoch && node.epoch != beat.epoch) {
    node.epoch = beat.epoch;
    node.boot_id = beat.boot_id;
    node.cloned = false;
  }
  if (node.cloud_instance_id.empty()) node.cloud_instance_id = beat.cloud_instance_id;
  node.reported_generation = std::max(node.reported_generation, beat.generation);
  if (beat.epoch) node.node_generation = beat.node_generation;
  return node;
}

namespace {

// The last number that the node says it dropped; 0 for any other event.
std::uint64_t dropped_to(const Event& event) {
  const auto to = event.data.find("to");
  if (event.kind != "events_dropped" || to == event.data.end()) return 0;
  std::uint64_t number = 0;
  const std::string& text = to->second;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} ? number : 0;
}

}  // namespace

EventIntake judge_events(std::uint64_t confirmed, std::uint64_t announced_to, std::optional<std::uint64_t> gap_at,
                         const std::vector<Event>& events) {
  EventIntake intake;
  intake.confirmed = confirmed;
  intake.announced_to = announced_to;
  for (const Event& event : events) {
    if (event.seq <= intake.confirmed) continue;
    const std::uint64_t missing = event.seq - intake.confirmed - 1;
    if (missing > 0 && event.seq - 1 > intake.announced_to) {
      const bool first = &event == &events.front();
      if (first && gap_at != event.seq) {
        intake.gap_at = event.seq;
        break;
      }
      EventIntake::Lost lost = intake.lost.value_or(EventIntake::Lost{0, intake.confirmed + 1, 0});
      lost.count += missing;
      lost.last = event.seq - 1;
      intake.lost = lost;
    }
    intake.announced_to = std::max(intake.announced_to, dropped_to(event));
    intake.taken.push_back(&event);
    intake.confirmed = event.seq;
  }
  return intake;
}

bool same_claimant(const NodeRecord& node, const protocol::EnrollRequest& request) {
  if (!node.cloud_instance_id.empty() && !request.cloud_instance_id.empty()) {
    return node.cloud_instance_id == request.cloud_instance_id;
  }
  return node.ledger_id == request.ledger_id;
}

}  // namespace aura::control::fleet
