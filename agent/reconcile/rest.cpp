// What is meant to run and rests for now: everything in a drain, a backup whose primary is well, and a workload whose
// [disconnect] stops it.
#include "agent/reconcile/pass.hpp"

#include "common/time.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

// So many attempts that Docker or a registry refused in a row, then a workload counts as absent.
constexpr std::uint32_t attempts_before_backup = 3;
// A primary that came back must have been well for so long before its backup goes.
constexpr std::int64_t proven_after_ms = 10'000;

// Trying goes on, or waits for a human, with nothing to be expected soon.
bool is_given_up(const Workload& workload) {
  if (workload.crash_loop) return true;
  if (workload.never_again) return !workload.last_exit || workload.last_exit->code != 0;
  return workload.trouble && workload.trouble->attempts >= attempts_before_backup;
}

// When a primary that is healthy now has been so for long enough; nullopt: it is not healthy.
std::optional<BootMs> proven_at(const Pass& pass, const std::string& name, const Workload& workload) {
  if (!is_healthy(pass, name, workload)) return {};
  return target_of(workload)->since + proven_after_ms;
}

std::optional<Rest> backup_rest(const Pass& pass, const std::string& name, const Workload& workload) {
  std::string well;
  for (const auto& [primary, other] : pass.state.workloads) {
    if (other.declared.spec.backup != name || other.withdrawn_at) continue;
    if (!should_run(pass.state, other) || is_cut_off(pass, other)) {
      if (well.empty()) well = fmt::format("It is the backup of {}, which is meant to be stopped.", primary);
      continue;
    }
    const auto proven = proven_at(pass, primary, other);
    if (proven && *proven <= pass.now.boot_ms) {
      well = fmt::format("It is the backup of {}, which is well.", primary);
      continue;
    }
    if (is_given_up(other) || is_up(pass, workload)) return {};
    well = fmt::format("It is the backup of {}, which is not given up.", primary);
  }
  if (well.empty()) return {};
  return Rest{.cause = Cause::backup, .why = well};
}

// When [disconnect] stops or freezes it, where it does and the control plane is silent.
std::optional<BootMs> cut_off_at(const Pass& pass, const Workload& workload) {
  const auto& disconnect = workload.declared.spec.disconnect;
  if (!disconnect || disconnect->action == DisconnectAction::keep) return {};
  if (!pass.state.reports || !pass.state.node.silent_since) return {};
  return *pass.state.node.silent_since + std::int64_t{disconnect->after_s} * 1000;
}

}  // namespace

bool is_cut_off(const Pass& pass, const Workload& workload) {
  const auto at = cut_off_at(pass, workload);
  return at && *at <= pass.now.boot_ms;
}

bool should_freeze(const Pass& pass, const Workload& workload) {
  const Node& node = pass.state.node;
  const bool by_suspension = node.suspension && node.suspension->mode == "freeze";
  const auto& disconnect = workload.declared.spec.disconnect;
  const bool by_silence = should_run(pass.state, workload) && disconnect &&
                          disconnect->action == DisconnectAction::freeze && is_cut_off(pass, workload);
  return (by_suspension || by_silence) && node.live_restore && !workload.withdrawn_at &&
         workload.intent == protocol::Intent::running && node.intent == protocol::Intent::running && !node.cloned;
}

std::optional<Rest> rest_of(const Pass& pass, const Workload& workload) {
  if (pass.drain) return Rest{.cause = Cause::shutdown, .why = pass.drain->why};
  if (is_cut_off(pass, workload)) {
    const std::int64_t silent_ms = pass.now.boot_ms - *pass.state.node.silent_since;
    return Rest{.cause = Cause::disconnected,
                .why = fmt::format("The control plane has not answered for {}; it runs again when that is back.",
                                   human_duration(silent_ms / 1000))};
  }
  return backup_rest(pass, workload.declared.name, workload);
}

bool is_backup(const Pass& pass, const std::string& name) {
  return std::any_of(pass.state.workloads.begin(), pass.state.workloads.end(), [&](const auto& entry) {
    return entry.second.declared.spec.backup == name && !entry.second.withdrawn_at;
  });
}

bool may_run(const Pass& pass, const Workload& workload) {
  return should_run(pass.state, workload) && !rest_of(pass, workload);
}

void wake_for_rest(Pass& pass, const std::string& name, const Workload& workload) {
  if (const auto at = cut_off_at(pass, workload); at && *at > pass.now.boot_ms) pass.wake(*at);
  if (!is_up(pass, workload)) return;
  for (const auto& [primary, other] : pass.state.workloads) {
    if (other.declared.spec.backup != name || other.withdrawn_at) continue;
    if (const auto at = proven_at(pass, primary, other); at && *at > pass.now.boot_ms) pass.wake(*at);
  }
}

void find_silence(Pass& pass) {
  const auto& from = pass.observed.silent_from;
  const auto& since = pass.state.node.silent_since;
  if (!pass.state.reports && since) {
    // No control plane is configured any more.
    pass.fact(record::ControlHeard{});
    return;
  }
  if (!from || !pass.state.reports) return;
  if (since) {
    // What is not recorded would be lost with a reboot, in which only recorded time counts.
    const BootMs due = pass.state.last_time + silence_noted_every_ms;
    if (due <= pass.now.boot_ms)
      pass.fact(record::ControlSilent{*since});
    else
      pass.wake(due);
    return;
  }
  std::optional<std::int64_t> told_after_ms;
  for (const auto& [name, workload] : pass.state.workloads) {
    const auto& disconnect = workload.declared.spec.disconnect;
    if (!disconnect || disconnect->action == DisconnectAction::keep || workload.withdrawn_at) continue;
    const std::int64_t after_ms = std::min(std::int64_t{disconnect->after_s} * 1000, silence_told_after_ms);
    told_after_ms = std::min(told_after_ms.value_or(after_ms), after_ms);
  }
  if (!told_after_ms) return;
  if (*from + *told_after_ms <= pass.now.boot_ms)
    pass.fact(record::ControlSilent{*from});
  else
    pass.wake(*from + *told_after_ms);
}

}  // namespace aura::reconcile
