#include "tests/property/situation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace aura::testing {

using namespace aura::reconcile;
using protocol::Verb;

namespace {

const std::array<std::string, 3> names{"db", "web", "worker"};

WorkloadSpec spec_of(const std::string& name, std::uint32_t version) {
  WorkloadSpec spec = simple_spec(fmt::format("{}:{}", name, version % 3 == 2 ? "2" : "1"));
  spec.restart.give_up_restarts = 4;
  if (name == "db") spec.liveness = Probe{.tcp = "127.0.0.1:80"};
  if (name == "db" && version % 5 >= 3) spec.backup = "worker";
  if (name == "web" && version % 7 >= 5) spec.disconnect = Disconnect{.after_s = 600, .action = DisconnectAction::stop};
  if (name == "web") {
    spec.depends_on["db"] = version % 2 == 0 ? DependencyNeed::started : DependencyNeed::healthy;
    spec.on_dependency_restart = version % 4 < 2 ? OnDependencyRestart::restart : OnDependencyRestart::none;
    spec.readiness = Probe{.tcp = "127.0.0.1:80"};
  }
  if (name == "worker") spec.restart.policy = version % 2 == 0 ? RestartPolicy::on_failure : RestartPolicy::always;
  return spec;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Step& step) {
  return out << static_cast<int>(step.kind) << "/" << step.a << "/" << step.b;
}

Situation::Situation() : agent(true) {
  for (const std::string& name : names) {
    docker.images.insert(name + ":1");
    agent.declare(name, spec_of(name, 0));
  }
}

std::string Situation::pick_ours(std::uint32_t draw) const {
  std::vector<std::string> ours;
  for (const auto& [id, container] : docker.containers) {
    if (!foreign_.contains(id)) ours.push_back(id);
  }
  return ours.empty() ? std::string{} : ours[draw % ours.size()];
}

void Situation::check_plan() {
  std::set<std::string> seen;
  for (const Action& action : agent.plan.actions) {
    // A hastening goes beside the stop under way.
    if (std::holds_alternative<action::Pull>(action) || std::holds_alternative<action::Hasten>(action)) continue;
    const std::string& name = workload_of(action);
    if (!seen.insert(name).second) broken = "two actions at once for " + name;
    if (agent.in_flight.workloads.contains(name)) broken = "an action while one is in flight for " + name;
    if (!docker.reachable) broken = "an action on " + name + " while Docker is unknown";
    std::string id;
    if (const auto* start = std::get_if<action::Start>(&action)) {
      id = start->container_id;
      if (!should_run(agent.state, agent.state.workloads.at(name)))
        broken = name + " is started though it should not run";
    }
    if (const auto* stop = std::get_if<action::Stop>(&action)) id = stop->instance.container_id;
    if (const auto* remove = std::get_if<action::Remove>(&action)) id = remove->container_id;
    if (foreign_.contains(id)) broken = "a foreign container would be touched";
    if (const auto* stop = std::get_if<action::Stop>(&action)) {
      const auto& sent = agent.state.workloads.at(name).stop_sent;
      if (!sent || !(sent->instance == stop->instance)) broken = "a stop of " + name + " is not recorded";
    }
  }
}

void Situation::check_always() {
  for (const auto& [id, made] : foreign_as_made_) {
    const auto it = docker.containers.find(id);
    if (it == docker.containers.end() || !(it->second == made)) broken = "a foreign container was touched";
  }
  for (const auto& [id, settled] : agent.state.settled) {
    const auto [it, fresh] = first_outcome_.try_emplace(id, settled.outcome.kind);
    if (!fresh && it->second != settled.outcome.kind) broken = "command " + id + " has two outcomes";
    if (agent.state.open.contains(id)) broken = "command " + id + " is open and settled";
  }
  for (const std::string& id : accepted_) {
    if (!agent.state.open.contains(id) && !agent.state.settled.contains(id)) broken = "command " + id + " was lost";
  }
  State replayed;
  for (const Record& each : agent.ledger) evolve(replayed, each);
  if (!(replayed == agent.state)) broken = "replay of the ledger gives another state";
}

// Each action draws its fate: done, done but its record lost, refused, or never sent.
void Situation::plan_and_act(std::uint32_t draw) {
  agent.think(docker);
  docker.after_gap = false;
  check_plan();
  const std::vector<Action> actions = agent.plan.actions;
  for (const Action& action : actions) {
    const std::uint32_t fate = draw % 4;
    draw = draw * 1664525U + 1013904223U;
    const std::string name = workload_of(action);
    if (fate == 0) {
      agent.perform(docker, action);
    } else if (fate == 1) {
      ModelAgent shadow = agent;
      shadow.perform(docker, action);  // the world changes, the record of it is lost
    } else if (fate == 2 && !name.empty()) {
      if (std::holds_alternative<action::Stop>(action))
        agent.record(record::StuckMet{name, "Docker says no", 1'000});
      else
        agent.record(record::TroubleMet{name, "start_failed", "Docker says no", 1'000});
    }
  }
}

void Situation::send_command(const Step& step) {
  static constexpr std::array verbs{Verb::start, Verb::stop, Verb::restart, Verb::suspend, Verb::resume};
  const Verb verb = verbs[step.a % verbs.size()];
  const bool node_only = verb == Verb::suspend || verb == Verb::resume;
  const std::string target = node_only || step.b % 2 == 0 ? "node" : "workload:" + names[step.b % names.size()];
  const auto made = command(fmt::format("c{}", commands_++), verb, target, ++generation_);
  const auto answer = agent.deliver(made);
  if (answer.kind == Acceptance::Kind::accepted || answer.kind == Acceptance::Kind::refused) accepted_.insert(made.id);
  if (step.b % 5 == 0 && answer.kind == Acceptance::Kind::accepted &&
      agent.deliver(made).kind != Acceptance::Kind::known) {
    broken = "a command delivered again was not recognised";
  }
}

void Situation::take(const Step& step) {
  const std::string ours = pick_ours(step.a);
  switch (step.kind) {
    case Step::Kind::plan_and_act: plan_and_act(step.a); break;
    case Step::Kind::time: agent.pass_time(static_cast<std::int64_t>(step.a % 400) * 1'000); break;
    case Step::Kind::crash:
      if (!ours.empty()) docker.exit(ours, static_cast<int>(step.b % 3));
      break;
    case Step::Kind::human_stop:
      if (!ours.empty()) docker.exit(ours, 143, true);
      break;
    case Step::Kind::human_start:
      if (!ours.empty()) docker.start(ours);
      break;
    case Step::Kind::human_remove:
      if (!ours.empty()) docker.remove(ours);
      break;
    case Step::Kind::foreign_comes: {
      const std::string id = docker.foreign(fmt::format("other-{}", step.a % 100), step.b % 2 == 0);
      foreign_.insert(id);
      foreign_as_made_[id] = docker.containers.at(id);
      break;
    }
    case Step::Kind::probe_turns: {
      const std::string& name = names[step.a % names.size()];
      auto& set = step.b % 2 == 0 ? docker.failing : docker.unready;
      if (!set.erase(name)) set.insert(name);
      break;
    }
    case Step::Kind::docker_away: docker.reachable = false; break;
    case Step::Kind::docker_back:
      docker.after_gap = docker.after_gap || !docker.reachable;
      docker.reachable = true;
      break;
    case Step::Kind::control_silent:
      if (!docker.silent_from) docker.silent_from = agent.now.boot_ms;
      break;
    case Step::Kind::control_answers:
      docker.silent_from.reset();
      if (agent.state.node.silent_since) agent.record(record::ControlHeard{});
      break;
    case Step::Kind::command: send_command(step); break;
    case Step::Kind::wanted: {
      const protocol::Wanted wanted{step.a % 2 == 0 ? protocol::Intent::running : protocol::Intent::stopped,
                                    step.b % 3 == 0,
                                    "stop",
                                    "drawn",
                                    "",
                                    ++generation_};
      if (const auto record = accept_wanted(agent.state, wanted, agent.now)) agent.record(record->body);
      break;
    }
    case Step::Kind::declare_other: {
      const std::string& name = names[step.a % names.size()];
      agent.declare(name, spec_of(name, step.b));
      break;
    }
    case Step::Kind::withdraw:
      if (agent.state.workloads.contains(names[step.a % names.size()]))
        agent.record(record::Withdrawn{names[step.a % names.size()]});
      break;
    case Step::Kind::declare_again:
      agent.declare(names[step.a % names.size()], spec_of(names[step.a % names.size()], 0));
      break;
    case Step::Kind::agent_dies:
      agent.die_and_return();
      if (docker.silent_from) docker.silent_from = agent.now.boot_ms;
      break;
    case Step::Kind::reboot:
      agent.reboot(docker);
      if (docker.silent_from) docker.silent_from = agent.now.boot_ms;
      // It ends everybody's containers.
      for (auto& [id, made] : foreign_as_made_) made = docker.containers.at(id);
      break;
    case Step::Kind::count_: break;
  }
  check_always();
}

void Situation::calm_down() {
  take({Step::Kind::docker_back});
  take({Step::Kind::control_answers});
  docker.failing.clear();
  docker.unready.clear();
  for (int round = 0; round < 60 && broken.empty(); ++round) {
    agent.settle(docker);
    check_plan();
    check_always();
    agent.pass_time(60'000);
  }
}

}  // namespace aura::testing
