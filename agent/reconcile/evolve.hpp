// The only way State changes.
#pragma once

#include "agent/reconcile/record.hpp"

namespace aura::reconcile {

// Folds one record into the state, events into the outbox included. Total and deterministic: any record on any
// state is taken, a record about something unknown changes nothing but last_time. Never fails.
void evolve(State& state, const Record& record);

}  // namespace aura::reconcile
