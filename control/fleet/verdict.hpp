// The one published rule that folds a node's separate lights into one word. Pure.
//
// The first that holds is the verdict, the rest are reasons:
//   unheard   enrolled, but no heartbeat has ever come
//   offline   3 promised intervals without a heartbeat
//   suspect   2 promised intervals without a heartbeat
//   cloned    one epoch was heard from two boots or two cloud instances
//   unknown   not heard since this control plane started
//   degraded  the node could not record its start
//   and then the word that the node itself reported.
#pragma once

#include "control/fleet/liveness.hpp"
#include "control/fleet/records.hpp"

#include <string>
#include <vector>

namespace aura::control::fleet {

struct Verdict {
  std::string word;
  std::vector<std::string> reasons;  // one sentence each, gravest first
};

Verdict judge_node(const NodeRecord& node, const StatusRecord& status, const Liveness& liveness);

// What each light shows: "ok", "bad" or "unknown", never good where nothing is known.
struct Lights {
  std::string heartbeat, docker, tailnet, cloud_api, workloads;
};
// `over_tailnet`: the last heartbeat came over the tailnet, which proves it whatever an older report says.
Lights judge_lights(const StatusRecord& status, const Liveness& liveness, bool over_tailnet = false);

}  // namespace aura::control::fleet
