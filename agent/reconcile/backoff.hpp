// When to try again: pure arithmetic with the caller's random bits.
#pragma once

#include "agent/reconcile/record.hpp"

namespace aura::reconcile {

// Full jitter: a uniform draw from [0, min(max_ms, 1 s doubled `step` times)].
std::int64_t jittered_delay_ms(std::uint32_t step, std::int64_t max_ms, std::uint64_t entropy);

// Delay before attempt `attempts` + 1 of something Docker or a registry refused: at least half a second, exponential
// with jitter to five minutes.
std::int64_t trouble_delay_ms(std::uint32_t attempts, std::uint64_t entropy);

// Fills the verdict of an exit (crash, never_again, crash_loop, reset_backoff, retry_in_ms) from the restart
// policy. `ran_ms`: how long that run lasted as far as we saw.
void judge_exit(const Workload& workload, std::int64_t ran_ms, const Now& now, record::Exited& exited);

// What is left of the rate limit of destructive verbs: it fills up to the burst as time passes.
double destructive_tokens(const State& state, BootMs now);

}  // namespace aura::reconcile
