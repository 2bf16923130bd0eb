// Which of the images that we pulled may go.
#pragma once

#include "agent/reconcile/record.hpp"

#include <string>
#include <vector>

namespace aura::reconcile {

struct CollectPolicy {
  int disk_percent = 85;                            // fuller than this: all that is unused may go
  std::int64_t unused_ms = 7LL * 24 * 3600 * 1000;  // unused for longer: may go whatever the disk says
};

struct Collectable {
  std::string image;
  bool for_room = false;  // goes only while the disk is too full
  std::string why;        // "it was not used for 8 days"
  bool operator==(const Collectable&) const = default;
};

// A declared workload, one whose container is kept, an apply under way (what it wants and what it may go back to) or a
// pull names it.
bool is_image_needed(const State& state, const std::string& reference);

// What changed of the use of images, as records.
std::vector<Record> image_uses(const State& state, const Now& now);

// Those that may go, the longest unused first. disk_percent: how full Docker's disk is; 0: not known.
std::vector<Collectable> collectable(const State& state, const CollectPolicy& policy, int disk_percent, const Now& now);

}  // namespace aura::reconcile
