#include "agent/reconcile/report.hpp"

#include "agent/reconcile/events.hpp"
#include "agent/reconcile/pass.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

using protocol::Intent;
using protocol::NodeWord;
using protocol::Report;
using protocol::WorkloadReport;
using protocol::WorkloadWord;

// States on the way to where they should be: no reason to call the node degraded.
bool on_the_way(WorkloadWord word) {
  return word == WorkloadWord::pulling || word == WorkloadWord::created || word == WorkloadWord::starting ||
         word == WorkloadWord::stopping || word == WorkloadWord::absent || word == WorkloadWord::held;
}

struct Words {
  std::vector<std::pair<NodeWord, std::string>> found;
  void add(NodeWord word, std::string reason) { found.emplace_back(word, std::move(reason)); }
};

void add_node_words(Words& words, const State& state, const Surroundings& around, bool any_up, bool any_frozen) {
  const Node& node = state.node;
  if (node.cloned)
    words.add(NodeWord::cloned,
              "This machine is a clone of the node: nothing is started. aura-node adopt --instance makes it the node.");
  if (node.fenced_by)
    words.add(
        NodeWord::fenced,
        fmt::format(
            "The control plane knows epoch {} of this node, ours is {}: no command is taken until it is re-enrolled.",
            *node.fenced_by, state.epoch));
  if (node.decommission) {
    words.add(NodeWord::decommissioned,
              fmt::format("Decommissioned by {}{}{}.", node.decommission->actor,
                          node.decommission->reason.empty() ? "" : ": ", node.decommission->reason));
    if (node.decommission->trouble)
      words.add(NodeWord::degraded, fmt::format("The node cannot leave: {}", node.decommission->trouble->detail));
  }
  if (const auto drain = drain_of(state)) words.add(NodeWord::stopping, drain->why);
  for (const std::string& trouble : around.troubles) words.add(NodeWord::degraded, trouble);
  if (around.reconciled && !around.docker_known)
    words.add(NodeWord::degraded, fmt::format("Docker: {}", around.docker));
  if (node.suspension) {
    words.add(any_up       ? NodeWord::stopping
              : any_frozen ? NodeWord::frozen
                           : NodeWord::suspended,
              fmt::format("Suspended by {}: {}", node.suspension->actor, node.suspension->reason));
  }
  if (node.intent == Intent::stopped && !node.suspension) {
    words.add(any_up ? NodeWord::stopping : NodeWord::stopped,
              any_up ? "The node is being stopped." : "The node is stopped on request.");
  }
  if (node.hold) words.add(NodeWord::held, fmt::format("Held by {}: the agent keeps its hands off.", node.hold->actor));
  if (node.locked) words.add(NodeWord::locked, "Locked by root: no remote command but resume is taken.");
  if (node.stage && node.stage->name == "failed")
    words.add(NodeWord::degraded, fmt::format("Provisioning failed: {}", node.stage->reason));
  else if (node.stage)
    words.add(NodeWord::provisioning, fmt::format("Provisioning stage {}.", node.stage->name));
  if (node.fresh_until) words.add(NodeWord::booting, "A new node: it waits for the control plane's first decision.");
  if (node.boot_wait_until)
    words.add(NodeWord::booting, "The host has booted; the control plane is asked first, for a moment.");
  if (!around.reconciled) words.add(NodeWord::booting, "The first look at Docker is not done yet.");
  if (!state.removal_held.empty()) {
    words.add(NodeWord::degraded,
              "declaration_missing: workload files are gone; containers go on. If that is meant: aura-node reload "
              "--allow-removal.");
  }
}

void add_workload_words(Words& words, const State& state, const Plan& plan) {
  for (const auto& [name, finding] : plan.findings) {
    if (finding.as_intended || finding.word == WorkloadWord::unknown) continue;
    const bool moving = on_the_way(finding.word);
    if (moving && !finding.reason.empty())
      words.add(NodeWord::running, fmt::format("{} is {}: {}", name, to_string(finding.word), finding.reason));
    if (!moving)
      words.add(NodeWord::degraded, fmt::format("{} is {}: {}", name, to_string(finding.word), finding.reason));
  }
  for (const auto& [name, workload] : state.workloads) {
    if (!workload.refused) continue;
    words.add(NodeWord::degraded,
              fmt::format("spec_refused: {} runs as before its file was changed: {} When that is mended: "
                          "aura-node reload.",
                          name, workload.refused->why));
  }
  for (const std::string& conflict : plan.conflicts)
    words.add(NodeWord::degraded, fmt::format("conflict: {}", conflict));
  for (const auto& [name, finding] : plan.findings) {
    if (finding.word == WorkloadWord::unknown && !state.workloads.at(name).containers.empty()) {
      words.add(NodeWord::degraded, fmt::format("{} is unknown: {}", name, finding.reason));
    }
  }
}

void take_verdict(Words& words, Report& report) {
  std::stable_sort(words.found.begin(), words.found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  report.state = words.found.empty() ? NodeWord::running : words.found.front().first;
  for (auto& [word, reason] : words.found) {
    const bool told = std::find(report.reasons.begin(), report.reasons.end(), reason) != report.reasons.end();
    if (!told) report.reasons.push_back(std::move(reason));
  }
}

WorkloadReport report_workload(const std::string& name, const Workload& workload, const Plan& plan,
                               const InFlight& in_flight, const Now& now) {
  WorkloadReport report;
  report.name = name;
  report.source = workload.declared.source == Source::file ? "file" : "applied";
  report.spec_hash = workload.declared.spec_hash;
  report.image = workload.declared.spec.image;
  report.image_digest = workload.image_digest;
  report.intent = workload.intent;
  if (const auto it = plan.findings.find(name); it != plan.findings.end()) {
    report.state = it->second.word;
    report.reason = it->second.reason;
    report.health = it->second.health;
    if (it->second.container) {
      report.container_id = it->second.container->id;
      report.container_name = it->second.container->name;
      report.started_at = it->second.container->started_at;
    }
  }
  report.restarts = workload.restarts_total;
  const Restart& policy = workload.declared.spec.restart;
  const BootMs window = now.boot_ms - std::int64_t{policy.give_up_within_s} * 1000;
  report.budget_used = static_cast<std::uint32_t>(
      std::count_if(workload.restarts.begin(), workload.restarts.end(), [&](BootMs at) { return at > window; }));
  report.budget = static_cast<std::uint32_t>(policy.give_up_restarts);
  if (workload.retry_at && *workload.retry_at > now.boot_ms)
    report.retry_in_s = (*workload.retry_at - now.boot_ms + 999) / 1000;
  if (workload.last_exit) {
    const Exit& exit = *workload.last_exit;
    report.last_exit = protocol::LastExit{.code = exit.code,
                                          .meaning = exit_meaning(exit.code, exit.oom),
                                          .signal = exit_signal(exit.code),
                                          .oom = exit.oom,
                                          .why = exit.why,
                                          .at = exit.wall_at};
  }
  if (const auto it = in_flight.pulls.find(report.image); it != in_flight.pulls.end()) report.pull = it->second;
  return report;
}

void report_commands(const State& state, Report& report) {
  for (const std::string& id : state.order) {
    const OpenCommand& open = state.open.at(id);
    report.commands.push_back({.id = id,
                               .verb = open.command.verb,
                               .target = open.command.target,
                               .actor = open.command.actor,
                               .reason = open.command.reason,
                               .accepted_at = open.wall_accepted_at,
                               .waiting_for = open.begun ? "the world to show it" : "Docker to be known"});
  }
}

}  // namespace

Report make_report(const State& state, const Plan& plan, const InFlight& in_flight, const Surroundings& around,
                   const Now& now) {
  Report report;
  report.node_id = state.node_id;
  report.tenant = around.tenant;
  report.ledger_id = state.ledger_id;
  report.boot_id = now.boot_id;
  report.agent_version = around.agent_version;
  report.epoch = state.epoch;
  report.intent = state.node.intent;
  report.generation = state.node.generation;
  report.node_generation = state.node.node_generation;
  report.locked = state.node.locked;
  if (state.node.suspension) {
    const Suspension& suspension = *state.node.suspension;
    report.suspension =
        protocol::SuspensionInfo{suspension.mode, suspension.reason, suspension.actor, suspension.since};
  }
  if (state.node.hold && state.node.hold->until)
    report.held_for_s = std::max<std::int64_t>(0, (*state.node.hold->until - now.boot_ms + 999) / 1000);
  report.host = around.host;
  report.docker = around.docker;
  report.docker_known = around.docker_known;
  report.control = around.control;
  report.control_heard = around.control_heard;
  report.tailnet = around.tailnet;
  report.tailnet_facts = around.tailnet_facts;
  bool any_up = false, any_frozen = false;
  for (const auto& [name, workload] : state.workloads) {
    report.workloads.push_back(report_workload(name, workload, plan, in_flight, now));
    const auto finding = plan.findings.find(name);
    const bool frozen =
        finding != plan.findings.end() && finding->second.word == WorkloadWord::frozen && finding->second.as_intended;
    any_frozen = any_frozen || frozen;
    any_up = any_up || (!frozen && std::any_of(workload.containers.begin(), workload.containers.end(),
                                               [](const auto& owned) { return owned.runs; }));
  }
  report_commands(state, report);
  for (const auto& [image, progress] : in_flight.pulls) report.pulls.push_back(progress);
  Words words;
  add_node_words(words, state, around, any_up, any_frozen);
  add_workload_words(words, state, plan);
  take_verdict(words, report);
  return report;
}

Report without_motion(Report report) {
  report.host = {};
  report.held_for_s.reset();
  report.control.clear();
  report.control_heard = false;
  if (report.tailnet_facts) {
    report.tailnet_facts->control_path.clear();
    report.tailnet_facts->control_via.clear();
    report.tailnet_facts->health.clear();
  }
  report.pulls.clear();
  for (WorkloadReport& workload : report.workloads) {
    workload.retry_in_s.reset();
    workload.pull.reset();
    workload.usage.reset();
    workload.budget_used = 0;
    // A reason may count seconds down; the state word beside it says what matters.
    if (workload.state == WorkloadWord::backoff || workload.state == WorkloadWord::crash_loop) workload.reason.clear();
  }
  std::erase_if(report.reasons,
                [](const std::string& reason) { return reason.find(" is tried again in ") != std::string::npos; });
  return report;
}

}  // namespace aura::reconcile
