// Every event of the node, once, as a line of the process's log.
#pragma once

#include "agent/reconcile/state.hpp"

namespace aura::loops {

class EventLog {
 public:
  // What is in `state` already was told by an earlier life.
  explicit EventLog(const reconcile::State& state) : last_seq_(state.last_event_seq) {}

  // Writes what is new.
  void follow(const reconcile::State& state);

 private:
  std::uint64_t last_seq_;
};

}  // namespace aura::loops
