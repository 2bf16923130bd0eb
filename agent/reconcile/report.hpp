// The node's words, folded from state and the last plan.
#pragma once

#include "agent/reconcile/plan.hpp"

namespace aura::reconcile {

// What neither state nor plan knows.
struct Surroundings {
  std::string agent_version, tenant;
  protocol::HostReport host;
  std::string docker;  // for people
  bool docker_known = false;
  std::string control, tailnet;  // for people
  bool control_heard = false;
  std::optional<protocol::TailnetReport> tailnet_facts;
  std::vector<std::string> troubles;  // degraded reasons: ledger, configuration files
  bool reconciled = false;            // the first complete pass is done
};

protocol::Report make_report(const State& state, const Plan& plan, const InFlight& in_flight,
                             const Surroundings& around, const Now& now);

// The same without what always moves (host figures, ages, progress): equal means nothing to tell.
protocol::Report without_motion(protocol::Report report);

}  // namespace aura::reconcile
