// The last runs of a workload with their why, kept in its state: what `aura-node why` tells.
#pragma once

#include "agent/reconcile/record.hpp"

#include <string>
#include <vector>

namespace aura::reconcile {

// Bounds of what is kept of one workload; the newest win. Texts beyond theirs are cut.
inline constexpr std::size_t max_runs = 10;
inline constexpr std::size_t max_run_text_bytes = 512;   // of one sentence
inline constexpr std::size_t kept_tail_bytes = 1024;     // of one run's last lines
inline constexpr std::size_t max_runs_bytes = 8 * 1024;  // of all: older tails give way, then older runs

// `why` is a sentence.
void run_began(Workload& workload, const Instance& instance, WallMs at, std::string why);
// A run whose beginning was never seen gets its entry here. `stop`: the stop that ended it, if one of ours did.
void run_ended(Workload& workload, const Exit& exit, const std::optional<StopSent>& stop);
// Docker refused to make or start it; one entry for as long as it does so for the same reason.
void run_refused(Workload& workload, WallMs at, const Trouble& trouble);
void run_said(Workload& workload, const Instance& instance, const std::vector<std::string>& log_tail);

// Newest first; with the whole log tail where its event is still there.
protocol::Why tell_why(const State& state, const std::string& workload);

}  // namespace aura::reconcile
