// What the running workloads use, read when somebody asks: nothing here runs by itself.
#pragma once

#include "agent/loops/parts.hpp"
#include "agent/reconcile/plan.hpp"

#include <map>
#include <optional>
#include <string>

namespace aura::loops {

// Looks nearer to each other than this say little of how busy a CPU is.
inline constexpr std::int64_t cpu_look_apart_ms = 1'000;

class UsageBoard {
 public:
  explicit UsageBoard(Parts parts) : parts_(std::move(parts)) {}

  // Adds the figures of every workload whose container the kernel tells of. `plan`: where its container is, as it was
  // last seen. cpu_percent is since the last look, whoever asked, and absent at the first of a run.
  void add(protocol::Report& report, const reconcile::Plan& plan);

 private:
  struct Look {
    std::string started_at;
    BootMs at = 0;
    std::uint64_t cpu_us = 0;
    std::optional<double> percent;  // at the look before
  };
  std::optional<double> percent(const reconcile::Container& container, std::uint64_t cpu_us);

  Parts parts_;
  std::map<std::string, Look> looks_;  // by container id
};

}  // namespace aura::loops
