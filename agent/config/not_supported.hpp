// What a workload file may say but this version does not act on: refused, never ignored.
#pragma once

#include "agent/reconcile/workload.hpp"

#include <array>
#include <string_view>

namespace aura::config {

struct NotSupported {
  std::string_view key;      // where the problem is shown
  std::string_view message;  // begins with "not_supported_yet"
  bool (*used)(const reconcile::WorkloadSpec& spec);
};

// The one list: what a version learns to do leaves it.
extern const std::array<NotSupported, 1> not_supported;

}  // namespace aura::config
