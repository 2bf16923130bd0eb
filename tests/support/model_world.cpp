#include "tests/support/model_world.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace aura::testing {

using namespace aura::reconcile;

namespace {
constexpr const char* never = "0001-01-01T00:00:00Z";
}

Observed ModelDocker::observe() const {
  Observed observed;
  if (!reachable) {
    observed.unknown_reason = "Docker does not answer.";
    return observed;
  }
  observed.containers.emplace();
  for (const auto& [id, container] : containers) {
    observed.containers->push_back(container);
    const std::string& name = container.labels.workload;
    if (name.empty() || container.phase != Phase::running) continue;
    const bool ready = !unready.contains(name);
    const bool live = !failing.contains(name);
    observed.health[name] = {container.instance(), ready, ready, live, ready && live ? "" : "the probe answered 503"};
  }
  for (const auto& [name, used] : memory) {
    for (const auto& [id, container] : containers) {
      if (container.labels.workload == name && container.phase == Phase::running) {
        observed.memory[name] = {container.instance(), used};
      }
    }
  }
  observed.after_gap = after_gap;
  observed.first_look = first_look;
  observed.silent_from = silent_from;
  observed.upgrade = upgrade;
  return observed;
}

bool ModelDocker::create(const std::string& node_id, const action::Create& create, const WorkloadSpec& spec) {
  if (!images.contains(spec.image)) return false;
  for (const auto& [id, container] : containers) {
    if (container.name == create.container.name) return false;
  }
  Container container;
  container.id = fmt::format("{:064x}", next_id_++);
  container.name = create.container.name;
  container.image = spec.image;
  container.labels = {node_id, create.workload, create.container.nonce, create.container.spec_hash};
  container.phase = Phase::created;
  container.started_at = container.finished_at = never;
  for (const Mount& mount : spec.mounts) {
    if (!mount.read_only) container.writable_mounts.push_back(mount.source);
  }
  containers[container.id] = container;
  return true;
}

bool ModelDocker::start(const std::string& id) {
  const auto it = containers.find(id);
  if (it == containers.end()) return false;
  if (it->second.phase == Phase::running) return true;
  it->second.phase = Phase::running;
  it->second.started_at = fmt::format("start-{}", next_start_++);
  it->second.killed = false;
  it->second.exit_code = 0;
  ++starts[id];
  return true;
}

void ModelDocker::exit(const std::string& id, int code, bool killed) {
  Container& container = containers.at(id);
  if (container.phase != Phase::running && container.phase != Phase::paused) return;
  container.phase = Phase::exited;
  container.exit_code = code;
  container.killed = killed;
}

void ModelDocker::stop(const std::string& id) {
  if (containers.contains(id)) exit(id, 143, true);
}

bool ModelDocker::remove(const std::string& id) {
  const auto it = containers.find(id);
  if (it == containers.end() || it->second.phase == Phase::running) return false;
  containers.erase(it);
  return true;
}

std::string ModelDocker::foreign(const std::string& name, bool runs, std::vector<std::string> writable_mounts) {
  Container container;
  container.id = fmt::format("f{:063x}", next_id_++);
  container.name = name;
  container.phase = runs ? Phase::running : Phase::exited;
  container.started_at = fmt::format("start-{}", next_start_++);
  container.writable_mounts = std::move(writable_mounts);
  containers[container.id] = container;
  return container.id;
}

std::vector<std::string> ModelDocker::running() const {
  std::vector<std::string> result;
  for (const auto& [id, container] : containers) {
    if (container.phase == Phase::running) result.push_back(id);
  }
  return result;
}

ModelAgent::ModelAgent(bool reports) {
  record(record::LedgerCreated{"ledger-1", "node-1", ""});
  record(record::AgentStarted{.epoch = 1, .agent_version = "test", .reports = reports});
}

void ModelAgent::record(RecordBody body) {
  ledger.push_back(make_record(now, std::move(body)));
  evolve(state, ledger.back());
}

void ModelAgent::declare(const std::string& name, const WorkloadSpec& spec) {
  // The hash only has to differ when the spec does.
  std::string hash = fmt::format("v1:{}/{}/{}", spec.image, fmt::format("{}", spec.env.size()), spec.mounts.size());
  record(record::Declared{Declaration{name, Source::file, spec, hash}});
}

Acceptance ModelAgent::deliver(const protocol::Command& command, Origin origin, const Applied* applied) {
  Acceptance acceptance = accept(state, command, origin, now, applied);
  if (acceptance.record) {
    ledger.push_back(*acceptance.record);
    evolve(state, ledger.back());
  }
  return acceptance;
}

void ModelAgent::think(const ModelDocker& docker) {
  const Observed observed = docker.observe();
  for (int round = 0; round < 100; ++round) {
    plan = reconcile::reconcile(state, observed, in_flight, now);
    if (plan.facts.empty()) return;
    if (!plan.actions.empty()) throw std::logic_error("a plan with facts has actions");
    for (const Record& fact : plan.facts) {
      ledger.push_back(fact);
      evolve(state, fact);
    }
  }
  throw std::logic_error(fmt::format("facts without end: {}", record_name(plan.facts.front().body)));
}

void ModelAgent::perform(ModelDocker& docker, const Action& action) {
  if (const auto* asking = std::get_if<action::AskSystem>(&action)) {
    asked.push_back(*asking);
    in_flight.asked.insert(asking->command_id);
    if (refusal.empty()) return;
    if (asking->verb == protocol::Verb::decommission) in_flight.asked.erase(asking->command_id);
    record(record::SystemRefused{asking->command_id, "forbidden", refusal, 60'000});
  } else if (const auto* create = std::get_if<action::Create>(&action)) {
    const WorkloadSpec& spec = state.workloads.at(create->workload).declared.spec;
    if (docker.create(state.node_id, *create, spec)) {
      for (const auto& [id, container] : docker.containers) {
        if (container.labels.nonce == create->container.nonce)
          record(record::Created{create->workload, create->container.nonce, id});
      }
    } else if (!docker.images.contains(spec.image)) {
      record(record::ImageMissing{create->workload});
    }
  } else if (const auto* start = std::get_if<action::Start>(&action)) {
    docker.start(start->container_id);
  } else if (const auto* stop = std::get_if<action::Stop>(&action)) {
    docker.stop(stop->instance.container_id);
  } else if (const auto* hasten = std::get_if<action::Hasten>(&action)) {
    docker.stop(hasten->instance.container_id);
  } else if (const auto* ask = std::get_if<action::AskHook>(&action)) {
    docker.asked.push_back(*ask);
    const auto said = docker.hooks.find(ask->workload);
    record::HookAnswered answer;
    answer.answer = "ready";
    if (said != docker.hooks.end()) answer = said->second;
    answer.workload = ask->workload;
    answer.instance = ask->instance;
    record(std::move(answer));
  } else if (const auto* freeze = std::get_if<action::Freeze>(&action)) {
    docker.containers.at(freeze->instance.container_id).phase = Phase::paused;
  } else if (const auto* thaw = std::get_if<action::Thaw>(&action)) {
    docker.containers.at(thaw->instance.container_id).phase = Phase::running;
  } else if (const auto* remove = std::get_if<action::Remove>(&action)) {
    docker.remove(remove->container_id);
  } else if (const auto* update = std::get_if<action::Update>(&action)) {
    docker.containers.at(update->container_id).resources = update->resources;
  } else if (const auto* pull = std::get_if<action::Pull>(&action)) {
    if (pull->image.starts_with("missing")) {
      record(record::PullFailed{pull->image, "image_unavailable", "the registry does not know it",
                                trouble_delay_ms(1, now.entropy)});
    } else {
      docker.images.insert(pull->image);
      record(record::ImagePresent{pull->image, "sha256:1"});
    }
  }
}

void ModelAgent::settle(ModelDocker& docker, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    think(docker);
    docker.after_gap = false;
    if (plan.actions.empty()) return;
    const std::vector<Action> actions = plan.actions;
    for (const Action& action : actions) perform(docker, action);
  }
}

void ModelAgent::die_and_return() {
  State replayed;
  for (const Record& each : ledger) evolve(replayed, each);
  if (!(replayed == state)) throw std::logic_error("replay of the ledger gives another state");
  in_flight = {};
  record(record::AgentStarted{.epoch = state.epoch + 1, .agent_version = "test", .reports = state.reports});
}

void ModelAgent::reboot(ModelDocker& docker) {
  for (const auto& [id, container] : docker.containers) {
    if (container.phase == Phase::running || container.phase == Phase::paused) docker.exit(id, 255);
  }
  now.boot_id += "x";
  now.boot_ms = 500;
  die_and_return();
}

const protocol::Outcome* ModelAgent::outcome(const std::string& id) const {
  const auto it = state.settled.find(id);
  return it == state.settled.end() ? nullptr : &it->second.outcome;
}

int ModelAgent::events(const std::string& kind) const {
  int count = 0;
  for (const auto& event : state.events) count += event.kind == kind ? 1 : 0;
  return count;
}

WorkloadSpec simple_spec(const std::string& image) {
  WorkloadSpec spec;
  spec.image = image;
  return spec;
}

protocol::Command command(std::string id, protocol::Verb verb, const std::string& target,
                          std::optional<std::uint64_t> generation, std::string reason) {
  protocol::Command made;
  made.id = std::move(id);
  made.verb = verb;
  made.target = *protocol::parse_target(target);
  made.generation = generation;
  made.reason = std::move(reason);
  made.actor = "operator:test";
  return made;
}

}  // namespace aura::testing
