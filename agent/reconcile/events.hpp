// The outbox: numbered events, bounded, kept until the control plane confirms them.
#pragma once

#include "agent/reconcile/record.hpp"

#include <string>

namespace aura::reconcile {

// Appends an event with the next number and the record's time. Beyond max_outbox_events the oldest are folded into
// one event "events_dropped" that says how many, so that no gap is unseen.
void emit(State& state, const Record& record, protocol::Event event);

// Forgets what is confirmed but for the last history_events.
void confirm_events(State& state, std::uint64_t seq);

// "ended by itself with exit code 0", "killed by SIGKILL (exit code 137)", "command not found in the image (…)".
std::string exit_meaning(int exit_code, bool oom);

// "SIGKILL" for 137 and so on; "" for codes that no signal explains.
std::string exit_signal(int exit_code);

}  // namespace aura::reconcile
