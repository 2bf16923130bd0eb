// What goes into a heartbeat, and what of it is news.
#pragma once

#include "agent/ports/control_plane.hpp"
#include "agent/reconcile/state.hpp"

#include <set>
#include <string>
#include <vector>

namespace aura::loops {

inline constexpr std::size_t event_bytes_per_beat = 400 * 1024;  // of the 1 MiB a beat may have
inline constexpr std::size_t outcome_bytes_per_beat = 300 * 1024;

// What the control plane is known to have, from its replies.
struct Told {
  std::string state_hash;   // of the last beat that was answered
  std::string report_hash;  // of the last report that was answered
  BootMs report_at = 0;
  std::uint64_t event_seq = 0;     // last event in a beat that was answered
  std::set<std::string> outcomes;  // ids in beats that were answered and that await confirmation
  bool want_report = true;         // the control plane asked for one
};

// Unconfirmed events, oldest first, within their number and size.
std::vector<protocol::Event> events_to_send(const reconcile::State& state);
// Unconfirmed outcomes, oldest first, within their size.
std::vector<protocol::Outcome> outcomes_to_send(const reconcile::State& state);

// True if it asked for a report or there are events or outcomes it has not been told: a beat is due at once.
bool has_news(const reconcile::State& state, const Told& told);

// SHA-256 over the report without what always moves.
std::string hash_of(const protocol::Report& report);

// True if `reply` confirms something that `state` still holds as unconfirmed.
bool confirms_anything(const reconcile::State& state, const protocol::HeartbeatReply& reply);

}  // namespace aura::loops
