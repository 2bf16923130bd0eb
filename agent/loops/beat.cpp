#include "agent/loops/beat.hpp"

#include "agent/reconcile/events.hpp"
#include "agent/reconcile/report.hpp"
#include "common/digest.hpp"
#include "common/protocol/codec.hpp"

#include <algorithm>

namespace aura::loops {
namespace {

std::size_t size_of(const protocol::Outcome& outcome) {
  return 500 + 2 * outcome.detail.size() + 400 * outcome.evidence.size();
}

}  // namespace

std::vector<protocol::Event> events_to_send(const reconcile::State& state) {
  std::vector<protocol::Event> events;
  std::size_t bytes = 0;
  const auto first = std::find_if(state.events.begin(), state.events.end(),
                                  [&](const auto& event) { return event.seq > state.confirmed_event_seq; });
  for (auto event = first; event != state.events.end() && events.size() < protocol::max_events_per_beat; ++event) {
    bytes += reconcile::event_bytes(*event);
    if (bytes > event_bytes_per_beat && !events.empty()) break;
    events.push_back(*event);
  }
  return events;
}

std::vector<protocol::Outcome> outcomes_to_send(const reconcile::State& state) {
  std::vector<protocol::Outcome> outcomes;
  std::size_t bytes = 0;
  for (const auto& id : state.settled_order) {
    const auto settled = state.settled.find(id);
    if (settled == state.settled.end() || settled->second.confirmed) continue;
    bytes += size_of(settled->second.outcome);
    if (bytes > outcome_bytes_per_beat && !outcomes.empty()) break;
    outcomes.push_back(settled->second.outcome);
  }
  return outcomes;
}

bool has_news(const reconcile::State& state, const Told& told) {
  if (told.want_report) return true;
  if (state.last_event_seq > std::max(told.event_seq, state.confirmed_event_seq)) return true;
  return std::any_of(state.settled.begin(), state.settled.end(), [&](const auto& entry) {
    return !entry.second.confirmed && !told.outcomes.contains(entry.first);
  });
}

std::string hash_of(const protocol::Report& report) {
  return sha256_hex(protocol::encode(reconcile::without_motion(report)));
}

bool confirms_anything(const reconcile::State& state, const protocol::HeartbeatReply& reply) {
  if (reply.confirmed_event_seq > state.confirmed_event_seq) return true;
  return std::any_of(reply.confirmed_outcomes.begin(), reply.confirmed_outcomes.end(), [&](const std::string& id) {
    const auto settled = state.settled.find(id);
    return settled != state.settled.end() && !settled->second.confirmed;
  });
}

}  // namespace aura::loops
