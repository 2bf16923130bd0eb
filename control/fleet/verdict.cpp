#include "control/fleet/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::control::fleet {
namespace {

using protocol::Intent;
using protocol::WorkloadReport;
using protocol::WorkloadWord;

bool as_intended(const WorkloadReport& workload, bool node_runs) {
  if (!node_runs || workload.intent == Intent::stopped) {
    return workload.state == WorkloadWord::stopped || workload.state == WorkloadWord::absent ||
           workload.state == WorkloadWord::created || workload.state == WorkloadWord::frozen;
  }
  return workload.state == WorkloadWord::running;
}

bool is_fresh(const Liveness& liveness) { return liveness.heard == Heard::ok; }

}  // namespace

Verdict judge_node(const NodeRecord& node, const StatusRecord& status, const Liveness& liveness) {
  Verdict verdict;
  const auto hold = [&verdict](std::string_view word, std::string reason) {
    if (verdict.word.empty()) verdict.word = word;
    verdict.reasons.push_back(std::move(reason));
  };
  if (liveness.heard == Heard::never) hold("unheard", "enrolled, but no heartbeat has come yet");
  if (liveness.heard == Heard::offline) {
    hold("offline",
         fmt::format("no heartbeat for {} promised intervals of {} s", offline_after_intervals, status.promised_s));
  }
  if (liveness.heard == Heard::suspect) {
    hold("suspect",
         fmt::format("no heartbeat for {} promised intervals of {} s", suspect_after_intervals, status.promised_s));
  }
  if (node.cloned) {
    hold("cloned", "two machines report as this node; no command is given until one of them is gone or re-enrolled");
  }
  if (liveness.heard == Heard::awaited) hold("unknown", "not heard since this control plane started");
  if (liveness.heard != Heard::never && !status.recorded) {
    hold("degraded", "the node could not record its start; it is given no commands");
  }
  if (verdict.word.empty()) verdict.word = to_string(status.state);
  if (status.report) {
    verdict.reasons.insert(verdict.reasons.end(), status.report->reasons.begin(), status.report->reasons.end());
  }
  return verdict;
}

Lights judge_lights(const StatusRecord& status, const Liveness& liveness, bool over_tailnet) {
  Lights lights{"unknown", "unknown", "unknown", "unknown", "unknown"};
  if (liveness.heard == Heard::ok) lights.heartbeat = "ok";
  if (liveness.heard == Heard::suspect || liveness.heard == Heard::offline) lights.heartbeat = "bad";
  if (!is_fresh(liveness)) return lights;
  if (over_tailnet) lights.tailnet = "ok";
  if (!status.report) return lights;
  const protocol::Report& report = *status.report;
  if (report.docker_known) lights.docker = "ok";
  if (report.docker_known) {
    const bool node_runs = report.intent == Intent::running && !report.suspension;
    const bool good = std::all_of(report.workloads.begin(), report.workloads.end(),
                                  [node_runs](const auto& workload) { return as_intended(workload, node_runs); });
    lights.workloads = good ? "ok" : "bad";
  }
  const bool told =
      !report.tailnet.empty() && !report.tailnet.starts_with("not used") && !report.tailnet.starts_with("unknown");
  if (told && !over_tailnet) lights.tailnet = report.tailnet.starts_with("ok") ? "ok" : "bad";
  return lights;
}

}  // namespace aura::control::fleet
