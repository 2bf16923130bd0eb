// The memory policy: a warning, then a planned restart, before the kernel ends a workload for want of memory.
#include "agent/reconcile/pass.hpp"

#include "common/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

constexpr int eased_below_warning_percent = 5;  // points below warn_percent: then the warning is over
constexpr std::int64_t between_restarts_ms = 6LL * 3600 * 1000;

int percent_of(const WorkloadSpec& spec, std::int64_t used_bytes) {
  return static_cast<int>(std::min<std::int64_t>(used_bytes * 100 / spec.resources.memory_bytes, 1000));
}

// nullopt: not known of this run, or no policy measures it.
std::optional<std::int64_t> used_by(const Pass& pass, const std::string& name, const Workload& workload,
                                    const Instance& instance) {
  const WorkloadSpec& spec = workload.declared.spec;
  const auto use = pass.observed.memory.find(name);
  const bool measured = spec.memory && spec.resources.memory_bytes > 0 && use != pass.observed.memory.end();
  if (!measured || !(use->second.instance == instance)) return {};
  return use->second.used_bytes;
}

// A planned restart counts as one: it must not be the one that makes a crash loop.
bool budget_allows(const Pass& pass, const Workload& workload) {
  const Restart& policy = workload.declared.spec.restart;
  if (workload.crash_loop || policy.policy == RestartPolicy::never) return false;
  const BootMs window_start = pass.now.boot_ms - std::int64_t{policy.give_up_within_s} * 1000;
  const auto recent =
      std::count_if(workload.restarts.begin(), workload.restarts.end(), [&](BootMs at) { return at > window_start; });
  return recent + 1 < policy.give_up_restarts;
}

}  // namespace

MemoryLevel memory_level(const WorkloadSpec& spec, std::int64_t used_bytes) {
  if (!spec.memory || spec.resources.memory_bytes <= 0) return MemoryLevel::low;
  const int percent = percent_of(spec, used_bytes);
  if (percent >= spec.memory->restart_percent) return MemoryLevel::restart;
  if (percent >= spec.memory->warn_percent) return MemoryLevel::high;
  const int eased =
      std::max(spec.memory->warn_percent - eased_below_warning_percent, spec.memory->warn_percent / 2 + 1);
  return percent < eased ? MemoryLevel::low : MemoryLevel::middle;
}

bool find_memory(Pass& pass, const std::string& name, const Workload& workload) {
  const OwnedContainer* target = target_of(workload);
  const Container* container = target == nullptr ? nullptr : pass.find(target->id);
  if (container == nullptr || container->phase != Phase::running || !is_known_run(*target, *container)) return false;
  const auto used_bytes = used_by(pass, name, workload, container->instance());
  if (!used_bytes) return false;
  const std::int64_t limit_bytes = workload.declared.spec.resources.memory_bytes;
  const MemoryLevel level = memory_level(workload.declared.spec, *used_bytes);
  const bool warned = workload.memory_high == container->instance();
  if (!warned && level >= MemoryLevel::high) {
    pass.fact(record::MemoryHigh{name, container->instance(), *used_bytes, limit_bytes});
    return true;
  }
  if (warned && level == MemoryLevel::low) {
    pass.fact(record::MemoryEased{name, *used_bytes, limit_bytes});
    return true;
  }
  return false;
}

std::optional<StopOrder> memory_order(Pass& pass, const std::string& name, const Workload& workload,
                                      const Container& container) {
  const WorkloadSpec& spec = workload.declared.spec;
  const auto used_bytes = used_by(pass, name, workload, container.instance());
  if (!used_bytes || memory_level(spec, *used_bytes) != MemoryLevel::restart) return {};
  if (!budget_allows(pass, workload)) return {};
  if (workload.memory_restart_at) {
    const BootMs again_at = *workload.memory_restart_at + between_restarts_ms;
    if (again_at > pass.now.boot_ms) {
      pass.wake(again_at);
      return {};
    }
  }
  return StopOrder{.cause = Cause::memory,
                   .reason = fmt::format("it used {} % of its limit of {}", percent_of(spec, *used_bytes),
                                         human_bytes(static_cast<std::uint64_t>(spec.resources.memory_bytes))),
                   .grace_s = spec.stop.grace_s};
}

}  // namespace aura::reconcile
