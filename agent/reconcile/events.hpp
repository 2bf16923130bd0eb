// The outbox: numbered events, bounded, kept until the control plane confirms them.
#pragma once

#include "agent/reconcile/record.hpp"

#include <string>
#include <string_view>

namespace aura::reconcile {

// Appends an event with the next number and the record's time; its text is cut at 4 KiB. Beyond max_outbox_events or
// max_outbox_bytes the oldest event of the workload that takes most of it gives way (the node's own count as one
// more workload), so that a noisy one does not push out the others'. All that gave way is folded into one event
// "events_dropped" with `count` and `to` (the last number among them); it has the number of the first of them, so
// that a gap never comes before its announcement.
void emit(State& state, const Record& record, protocol::Event event);

// Cuts a text so that it has at most so many bytes, between characters, and ends with "…".
void shorten(std::string& text, std::size_t max_bytes);

// The kind of the event with a run's last lines; its data names the run: container_id, started_at.
inline constexpr std::string_view log_tail_kind = "log_tail";

// A rough upper bound of an event as JSON: escapes may double text. The log tail counts.
std::size_t event_bytes(const protocol::Event& event);

// Forgets what is confirmed but for the last history_events. A number that was never told is from a later life of a
// ledger that went back in time: the events since this start are numbered on from there, so that none passes for one
// that the control plane has.
void confirm_events(State& state, std::uint64_t seq);

// "ended by itself with exit code 0", "killed by SIGKILL (exit code 137)", "command not found in the image (…)".
std::string exit_meaning(int exit_code, bool oom);

// "SIGKILL" for 137 and so on; "" for codes that no signal explains.
std::string exit_signal(int exit_code);

}  // namespace aura::reconcile
