#include "tests/sim/story.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::sim {
using protocol::OutcomeKind;
using protocol::Verb;
using reconcile::Phase;

namespace {

bool runs(const testing::FakeContainerEngine& engine, const std::string& id) {
  const auto* seen = engine.find(id);
  return seen->phase == Phase::running || seen->phase == Phase::paused;
}

// It stands still because the node is suspended that way.
bool is_frozen(const Vm& vm, const std::string& id, const reconcile::State& state) {
  const bool freezes = state.node.suspension && state.node.suspension->mode == "freeze";
  return freezes && vm.engine.find(id)->phase == Phase::paused;
}

// A container that an agent with a poor memory does not know as its own is a stranger to it.
bool is_known(const Vm& vm, const reconcile::Workload& workload, const std::string& id) {
  if (!vm.forgetful) return true;
  return std::any_of(workload.containers.begin(), workload.containers.end(),
                     [&](const auto& one) { return one.id == id; });
}

bool is_forever(const testing::FakeScript& script) { return !script.runs_ms; }

}  // namespace

Story::Story(const Plot& plot) : plot_(plot), world_(plot.seed, plot.tracing), control_(world_) {
  Random& random = world_.random;
  control_.next_heartbeat_s = static_cast<int>(random.pick<std::int64_t>({3600, 7200, 14400}));
  control_.long_poll = random.one_in(16);
  control_.on_command = [this](const std::string&) {
    for (const auto& vm : vms_) {
      if (vm->agent_up()) vm->life().link.command_waits();
    }
  };
  auto& vm = *vms_.emplace_back(std::make_unique<Vm>(world_, control_, "vm1", node_id, plot.folder + "/vm1"));
  const std::vector<std::string> names{"db", "web", "crawler", "nightly"};
  const auto count = static_cast<std::size_t>(random.between(1, 4));
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& name = names[i];
    workloads_.push_back(name);
    testing::FakeScript script;
    script.stops_in_ms = random.pick<std::int64_t>({0, 200, 3 * second, 25 * second});
    script.obeys_stop = !random.one_in(5);
    if (name == "crawler") script.runs_ms = random.between(2 * hour, 30 * hour);
    if (name == "crawler") script.exit_code = random.one_in(2) ? 1 : 0;
    if (name == "nightly") script.runs_ms = random.between(minute, hour);
    script.output = {"ready"};
    scripts_[name] = script;
    declare(vm, name);
  }
  draw_kinds();
  vm.host.instance_id = "i-1";
  vm.host.on_ask = [this, &vm](const ports::SystemRequest& request) { return machine_asked(vm, request); };
  vm.compact_after = static_cast<int>(random.pick<std::int64_t>({8, 50, store::compact_after_records}));
  vm.engine.live_restore = random.one_in(2);
  vm.power_on();
  for (WorldMs at = random.between(0, mean_pause_); at < plot.days * day; at += random.between(1, 2 * mean_pause_)) {
    world_.at(at, [this] { schedule_next(); });
  }
}

Story::~Story() { world_.cancel_all(); }

void Story::declare(Vm& vm, const std::string& name) {
  const int version = versions_[name];
  reconcile::Declaration declaration;
  declaration.name = name;
  declaration.spec.image = fmt::format("{}:{}", name, version % 3);
  declaration.spec.stop.grace_s = version % 2 == 0 ? 10 : 30;
  if (name == "web") declaration.spec.depends_on["db"] = reconcile::DependencyNeed::started;
  if (name != "db" && world_.random.one_in(2)) declaration.spec.stop.hook = reconcile::StopHook{.exec = {"ready"}};
  if (name == "nightly") declaration.spec.restart.policy = reconcile::RestartPolicy::on_failure;
  declaration.spec_hash = fmt::format("v1:{}/{}", name, version);
  vm.engine.script(name, scripts_[name]);
  vm.engine.add_pullable(declaration.spec.image, {world_.random.between(second, minute), 1'000, 1, "sha256:d", {}});
  vm.declared.set.complete = true;
  vm.declared.set.good[name] = std::move(declaration);
}

std::string Story::run() {
  while (world_.broken().empty() && world_.now < plot_.days * day) step();
  if (world_.broken().empty()) calm_down();
  for (const auto& vm : vms_) vm->run_to(world_.now);
  while (world_.broken().empty() && world_.now < ends_at_) step();
  if (world_.broken().empty()) check_end();
  return world_.broken();
}

void Story::step() {
  WorldMs next = std::min(world_.next(), ends_at_ > 0 ? ends_at_ : plot_.days * day);
  Vm* first = nullptr;
  for (const auto& vm : vms_) {
    const auto due = vm->next_due();
    if (due && *due < next) next = *due, first = vm.get();
  }
  world_.now = next;
  if (first != nullptr) {
    first->run_to(next);
    check(*first);
    return;
  }
  for (const auto& vm : vms_) vm->run_to(next);
  if (world_.next() <= next) world_.happen();
  for (const auto& vm : vms_) {
    vm->run_to(next);
    check(*vm);
  }
}

void Story::check(Vm& vm) {
  Watched& watched = watched_[vm.name];
  if (vm.agent_up()) check_settled(vm);
  if (watched.calls == vm.engine.calls().size()) return;
  const bool a_copy = &vm != vms_.front().get() && !vm.forgetful;
  for (; watched.calls < vm.engine.calls().size(); ++watched.calls) {
    const std::string& call = vm.engine.calls()[watched.calls];
    if (a_copy && call.starts_with("start ")) world_.violation(vm.name, "a clone asks Docker: " + call);
  }
  for (const std::string& name : workloads_) {
    int running = 0;
    for (const std::string& id : vm.engine.ids_of(name)) running += runs(vm.engine, id) && !is_foreign(vm, id) ? 1 : 0;
    if (running > 1) world_.violation(vm.name, fmt::format("{} containers of {} run at once", running, name));
  }
}

// A command that has just got its outcome: the world must show it.
void Story::check_settled(Vm& vm) {
  const reconcile::State& state = vm.life().state();
  Watched& watched = watched_[vm.name];
  for (auto it = state.settled_order.rbegin(); it != state.settled_order.rend(); ++it) {
    if (!watched.settled.insert(*it).second) break;
    if (state.open.contains(*it)) world_.violation(vm.name, "command " + *it + " is open and settled");
    const protocol::Outcome& outcome = state.settled.at(*it).outcome;
    if (world_.tracing()) {
      world_.say(vm.name, fmt::format("settles {}: {} {} {}", *it, protocol::to_string(outcome.kind), outcome.code,
                                      outcome.detail));
    }
    if (outcome.kind != OutcomeKind::succeeded) continue;
    const auto asked = vm.asked_in_boot.find(*it);
    if (asked != vm.asked_in_boot.end() && asked->second == vm.boots())
      world_.violation(vm.name, *it + " succeeded and the machine has not booted since it was asked");
    const bool whole_node = outcome.target.kind == protocol::Target::Kind::node;
    for (const auto& [name, workload] : state.workloads) {
      if (!whole_node && outcome.target.name != name) continue;
      const auto ids = vm.engine.ids_of(name);
      const bool up = std::any_of(ids.begin(), ids.end(), [&](const auto& one) {
        return runs(vm.engine, one) && !is_frozen(vm, one, state) && !is_foreign(vm, one) &&
               is_known(vm, workload, one);
      });
      const bool stops = outcome.verb == Verb::stop || outcome.verb == Verb::suspend;
      if (stops && up) world_.violation(vm.name, fmt::format("{} succeeded but {} runs", *it, name));
      if (outcome.verb != Verb::restart || workload.withdrawn_at || !vm.must_go[*it].contains(name)) continue;
      const reconcile::Instance& old = vm.must_go[*it].at(name);
      const auto* seen = vm.engine.find(old.container_id);
      if (!is_known(vm, workload, old.container_id)) continue;
      if (seen != nullptr && seen->phase == Phase::running && seen->instance() == old) {
        world_.violation(vm.name, fmt::format("restart {} succeeded but {} is the one that ran before", *it, name));
      }
    }
  }
}

// No more faults: what is broken is repaired, whoever was sent away comes back.
void Story::calm_down() {
  world_.say("story", "no more faults");
  calm_ = true;
  world_.cancel_all();
  control_.next_heartbeat_s = 600;
  ends_at_ = world_.now + calm_for;
  // The operator removes the copy.
  while (vms_.size() > 1) vms_.pop_back();
  for (const auto& vm : vms_) {
    ends_at_ = std::max(ends_at_, vm->awake_at() + calm_for);
    vm->weather = Weather{};
    vm->disk.read_only = vm->disk.sync_fails = false;
    vm->disk.free_bytes = 1LL << 30;
    vm->engine.release();
    vm->engine.delay({});
    vm->engine.clear_faults();
    vm->engine.up();
    for (const std::string& name : workloads_) vm->engine.script(name, scripts_[name]);
    vm->starts_again = true;
    if (!vm->on()) vm->power_on();
    // A disk that failed to sync or a ledger that cannot be used is mended by a new start.
    vm->kill_agent();
    vm->start_agent();
    if (vm->life().opened.in_memory) {
      vm->kill_agent();
      vm->lose_ledger();
      control_.node(node_id).forgetful = true;
      control_.reenroll(node_id);
      vm->start_agent();
    }
    vm->reload();
    for (const Verb verb : {Verb::unlock, Verb::release}) {
      protocol::Command command;
      command.id = fmt::format("calm-{}-{}", vm->name, ++local_commands_);
      command.verb = verb;
      command.actor = "local:root";
      vm->life().desk.deliver(command, reconcile::Origin::local_root);
    }
    for (const std::string& name : workloads_) {
      protocol::Command command;
      command.id = fmt::format("calm-{}-{}", vm->name, ++local_commands_);
      command.verb = Verb::release;
      command.target = *protocol::parse_target("workload:" + name);
      command.actor = "local:root";
      vm->life().desk.deliver(command, reconcile::Origin::local_root);
    }
  }
}

void Story::check_end() {
  Control::Node& known = control_.node(node_id);
  for (const auto& vm : vms_) {
    const reconcile::State& state = vm->life().state();
    if (!vm->life().opened.ledger->trouble().empty()) world_.violation(vm->name, "its ledger is still in trouble");
    for (const auto& [name, workload] : state.workloads) check_workload(*vm, name, workload);
    if (state.node.cloned) world_.violation(vm->name, "it takes itself for a clone at the end");
    if (state.node.fenced_by) world_.violation(vm->name, "it is fenced at the end");
    for (const auto& id : state.order) {
      world_.violation(vm->name, fmt::format("command {} ({} {}) is still open", id,
                                             protocol::to_string(state.open.at(id).command.verb),
                                             protocol::to_string(state.open.at(id).command.target)));
    }
    if (known.record.ledger_id != state.ledger_id) continue;
    if (known.record.confirmed_event_seq != state.last_event_seq) {
      world_.violation(vm->name, fmt::format("the control plane has events up to {} of {}",
                                             known.record.confirmed_event_seq, state.last_event_seq));
    }
    for (const auto& id : known.open) {
      world_.violation("control", fmt::format("command {} ({}) has no outcome", id,
                                              protocol::to_string(known.commands[id].command.verb)));
    }
    if (known.record.wanted && known.record.wanted->generation > state.node.node_generation) {
      world_.violation(vm->name, "what the control plane wants was never taken");
    }
    const bool decided_there = known.record.wanted && known.record.wanted->generation == state.node.node_generation;
    if (decided_there && known.record.wanted->suspended && !state.node.suspension) {
      world_.violation(vm->name, "it is wanted suspended and is not");
    }
  }
}

// Something that carries our label and is not in the ledger keeps the workload from being started: as it should be,
// where there was somebody else, or the ledger has forgotten.
bool Story::in_conflict(Vm& vm, const std::string& name) const {
  const auto& findings = vm.life().supervisor.plan().findings;
  const auto finding = findings.find(name);
  return finding != findings.end() && (vm.forgetful || !foreign_.empty()) &&
         finding->second.reason.find("not in the ledger") != std::string::npos;
}

void Story::check_workload(Vm& vm, const std::string& name, const reconcile::Workload& workload) {
  const reconcile::State& state = vm.life().state();
  int up = 0;
  bool current = false;
  for (const std::string& id : vm.engine.ids_of(name)) {
    if (!runs(vm.engine, id) || is_frozen(vm, id, state) || is_foreign(vm, id) || !is_known(vm, workload, id)) continue;
    ++up;
    current = vm.engine.request_of(id)->labels.spec_hash == workload.declared.spec_hash;
  }
  if (!must_run(state, workload)) {
    if (up > 0) world_.violation(vm.name, name + " runs at the end and must not");
    return;
  }
  const auto needs = workload.declared.spec.depends_on.find("db");
  if (needs != workload.declared.spec.depends_on.end()) {
    const auto db = state.workloads.find("db");
    if (db == state.workloads.end() || !must_run(state, db->second) || in_conflict(vm, "db")) return;
  }
  if (!is_forever(scripts_[name])) return;
  const auto finding = vm.life().supervisor.plan().findings.find(name);
  const std::string why = finding == vm.life().supervisor.plan().findings.end() ? "" : finding->second.reason;
  if (in_conflict(vm, name)) return;
  const std::string word = finding == vm.life().supervisor.plan().findings.end()
                               ? "no finding"
                               : std::string(protocol::to_string(finding->second.word));
  if (up == 1 && vm.engine.find(vm.engine.ids_of(name).back())->phase == Phase::paused)
    world_.violation(vm.name, name + " must run at the end and is still frozen");
  if (up != 1) world_.violation(vm.name, fmt::format("{} must run at the end, {} run, {}: {}", name, up, word, why));
  if (up == 1 && !current)
    world_.violation(vm.name, fmt::format("{} runs an old spec at the end, {}: {}", name, word, why));
}

}  // namespace aura::sim
