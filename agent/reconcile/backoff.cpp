#include "agent/reconcile/backoff.hpp"

#include <algorithm>

namespace aura::reconcile {

namespace {

constexpr std::int64_t first_delay_ms = 1'000;
constexpr std::int64_t trouble_floor_ms = 500;
constexpr std::int64_t trouble_max_ms = 300'000;

std::int64_t ceiling_ms(std::uint32_t step, std::int64_t max_ms) {
  const std::int64_t doubled = first_delay_ms << std::min<std::uint32_t>(step, 30);
  return std::min(max_ms, doubled);
}

// Whose doing the exit was decides whether the restart policy is asked at all.
bool by_itself(Cause cause) {
  return cause == Cause::crashed || cause == Cause::exited || cause == Cause::human || cause == Cause::probe ||
         cause == Cause::memory;
}

bool policy_forbids(const Restart& policy, const Exit& exit) {
  if (exit.cause == Cause::human) return false;
  // The exit code is our stop's, not the workload's own word.
  const bool by_our_stop = exit.cause == Cause::probe || exit.cause == Cause::memory;
  if (by_our_stop) return policy.policy == RestartPolicy::never;
  if (std::find(policy.never_on_exit.begin(), policy.never_on_exit.end(), exit.code) != policy.never_on_exit.end()) {
    return true;
  }
  if (policy.policy == RestartPolicy::never) return true;
  return policy.policy == RestartPolicy::on_failure && exit.code == 0;
}

}  // namespace

std::int64_t jittered_delay_ms(std::uint32_t step, std::int64_t max_ms, std::uint64_t entropy) {
  const auto span = static_cast<std::uint64_t>(std::max<std::int64_t>(ceiling_ms(step, max_ms), 0)) + 1;
  return static_cast<std::int64_t>(entropy % span);
}

std::int64_t trouble_delay_ms(std::uint32_t attempts, std::uint64_t entropy) {
  const std::uint32_t step = attempts > 0 ? attempts - 1 : 0;
  return trouble_floor_ms + jittered_delay_ms(step, trouble_max_ms - trouble_floor_ms, entropy);
}

double destructive_tokens(const State& state, BootMs now) {
  const double burst = state.limits.destructive_burst;
  // A state that never spent any has the full burst.
  if (state.destructive_at == 0) return burst;
  const double minutes = static_cast<double>(std::max<BootMs>(now - state.destructive_at, 0)) / 60'000.0;
  return std::min(burst, state.destructive_tokens + minutes * state.limits.destructive_per_minute);
}

void judge_exit(const Workload& workload, std::int64_t ran_ms, const Now& now, record::Exited& exited) {
  const Restart& policy = workload.declared.spec.restart;
  exited.reset_backoff = ran_ms >= std::int64_t{policy.reset_after_s} * 1000;
  // A Docker that goes down ends its containers by SIGTERM or SIGKILL; any other code is the workload's own word.
  const int code = exited.exit.code;
  const bool taken_along = code == 143 || code == 137 || code == 255;
  if (exited.exit.cause == Cause::docker_restart && !taken_along &&
      policy_forbids(workload.declared.spec.restart, exited.exit)) {
    exited.never_again = true;
    return;
  }
  if (!by_itself(exited.exit.cause)) {
    // An end by other hands proves nothing: the loop goes on where it was.
    exited.crash_loop = workload.crash_loop && !exited.reset_backoff;
    return;
  }
  if (policy_forbids(policy, exited.exit)) {
    exited.never_again = true;
    return;
  }
  exited.crash = true;
  const BootMs window_start = now.boot_ms - std::int64_t{policy.give_up_within_s} * 1000;
  const auto recent =
      std::count_if(workload.restarts.begin(), workload.restarts.end(), [&](BootMs at) { return at > window_start; });
  const std::int64_t max_ms = std::int64_t{policy.backoff_max_s} * 1000;
  // Once in the loop only a long enough run (or an operator's start) leads out of it.
  const bool still_looping = workload.crash_loop && !exited.reset_backoff;
  if (still_looping || recent + 1 >= policy.give_up_restarts) {
    exited.crash_loop = true;
    exited.retry_in_ms = max_ms;
    return;
  }
  const std::uint32_t step = exited.reset_backoff ? 0 : workload.backoff_step;
  exited.retry_in_ms = step == 0 ? std::min<std::int64_t>(policy.backoff_first_ms, max_ms)
                                 : jittered_delay_ms(step - 1, max_ms, now.entropy);
}

}  // namespace aura::reconcile
