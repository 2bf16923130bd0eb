// Every event of the node, once, as an entry of the process's log.
#pragma once

#include "agent/reconcile/state.hpp"

#include <string_view>

namespace aura::loops {

// What an event is looked up as: its kind, but an end of a workload by who ended it. See message_ids.hpp.
std::string_view journal_kind(const protocol::Event& event);

class EventLog {
 public:
  // What is in `state` already was told by an earlier life.
  explicit EventLog(const reconcile::State& state)
      : last_seq_(state.last_event_seq), suspended_(state.node.suspension.has_value()) {}

  // Writes what is new, and a suspension that came or went, whoever decided it.
  void follow(const reconcile::State& state);

 private:
  void follow_suspension(const reconcile::Node& node);

  std::uint64_t last_seq_;
  bool suspended_;
};

}  // namespace aura::loops
