// What befalls the machines of a story. Each kind is drawn or left out for a whole story, so that some stories
// have few kinds of trouble, often.
#include "tests/sim/story.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace aura::sim {
namespace {

constexpr std::int64_t year_ms = 365LL * 24 * 3600 * 1000;

Error engine_error() {
  Error error;
  error.code = Errc::internal;
  error.message = "server error";
  error.http_status = 500;
  return error;
}

}  // namespace

const std::vector<Story::Kind>& Story::kinds() {
  static const std::vector<Kind> all{
      {"the agent is killed at any suspension point", &Story::agent_killed},
      {"the agent is killed in the middle of a write", &Story::agent_killed_in_a_write},
      {"the agent is away for a while", &Story::agent_stopped_for_a_while},
      {"the machine loses power, unsynced sectors are lost or torn", &Story::power_lost},
      {"the machine is rebooted", &Story::machine_rebooted},
      {"the machine is paused for hours by its hypervisor", &Story::machine_paused},
      {"the wall clock jumps by years, either way", &Story::wall_clock_jumps},
      {"Docker restarts", &Story::docker_restarts},
      {"Docker is away for a while", &Story::docker_away},
      {"Docker hangs", &Story::docker_hangs},
      {"Docker answers 500", &Story::docker_fails},
      {"Docker's replies are lost", &Story::docker_replies_lost},
      {"Docker is slow", &Story::docker_slow},
      {"Docker forgets a container", &Story::docker_forgets},
      {"Docker refuses to start a container for a while", &Story::start_refused},
      {"a container crashes", &Story::container_crashes},
      {"a container crashes many times in a row", &Story::container_crashes_in_a_row},
      {"the kernel kills a container for memory", &Story::container_oom},
      {"a human stops a container", &Story::human_stops},
      {"somebody else runs containers, also with our labels", &Story::foreign_container},
      {"the disk is full", &Story::disk_full},
      {"the disk is read-only", &Story::disk_read_only},
      {"the disk fails to sync", &Story::disk_does_not_sync},
      {"the ledger is deleted", &Story::ledger_deleted},
      {"the ledger is damaged", &Story::ledger_damaged},
      {"the control plane is away", &Story::control_away},
      {"the control plane answers 401, 500 or 503", &Story::control_refuses},
      {"the control plane's answers are nonsense", &Story::control_talks_nonsense},
      {"the network loses, doubles, delays and reorders", &Story::network_lossy},
      {"an operator gives an order", &Story::operator_orders},
      {"an operator gives many orders at once", &Story::operator_orders_many},
      {"the node is suspended, and resumed later", &Story::operator_suspends_and_resumes},
      {"somebody gives an order on the machine", &Story::somebody_local},
      {"a workload's spec changes", &Story::spec_changes},
      {"a workload is withdrawn, and comes back later", &Story::workload_withdrawn},
      {"the machine is cloned", &Story::machine_cloned},
  };
  return all;
}

void Story::draw_kinds() {
  Random& random = world_.random;
  mean_pause_ = random.pick<std::int64_t>({hour, 4 * hour, 8 * hour, 16 * hour, 24 * hour});
  const bool few = random.one_in(3);
  for (const Kind& kind : kinds()) {
    const bool order = kind.befall == &Story::operator_orders || kind.befall == &Story::agent_killed;
    if (order || (few ? random.one_in(6) : !random.one_in(3))) drawn_.push_back(kind);
  }
}

void Story::schedule_next() {
  const Kind& kind = world_.random.pick(drawn_);
  ++world_.counts[kind.name];
  if (world_.tracing()) world_.say("story", kind.name);
  (this->*kind.befall)();
}

Vm& Story::a_vm() {
  return *vms_[static_cast<std::size_t>(world_.random.between(0, static_cast<std::int64_t>(vms_.size()) - 1))];
}
std::string Story::a_workload() { return world_.random.pick(workloads_); }

// -- the agent and its machine

void Story::agent_killed() {
  Vm& vm = a_vm();
  if (world_.random.one_in(2)) operator_orders();
  vm.kill_within(world_.random.between(1, 120));
}

void Story::agent_killed_in_a_write() {
  Vm& vm = a_vm();
  if (!world_.random.one_in(3)) operator_orders();
  vm.kill_on_disk(static_cast<std::uint64_t>(world_.random.between(1, 30)));
}

void Story::agent_stopped_for_a_while() {
  Vm& vm = a_vm();
  vm.kill_agent();
  world_.after(a_while(), [&vm] { vm.start_agent(); });
}

void Story::power_lost() {
  Vm& vm = a_vm();
  if (!vm.on()) return;
  vm.lose_power();
  world_.after(a_while(), [&vm] {
    if (!vm.on()) vm.power_on();
  });
}

void Story::machine_rebooted() {
  Vm& vm = a_vm();
  if (vm.on()) vm.reboot();
}

// Taken on, it may come to nothing; refused, nothing happens.
std::optional<Error> Story::machine_asked(Vm& vm, const ports::SystemRequest& request) {
  Random& random = world_.random;
  for (const auto& [id, open] : vm.life().state().open) {
    if (open.asked) vm.asked_in_boot[id] = vm.boots();
  }
  if (!calm_ && random.one_in(5)) return Error{Errc::unavailable, "the machine says no"};
  if (!calm_ && random.one_in(5)) return {};
  // An order that was on its way when the faults ended.
  if (calm_) ends_at_ = std::max(ends_at_, world_.now + calm_for);
  const int boot = vm.boots();
  const bool off = request.verb == protocol::Verb::power_off;
  world_.after(random.between(10, 20 * second), [this, &vm, boot, off] {
    if (!vm.on() || vm.boots() != boot) return;
    if (!off) return vm.reboot();
    vm.power_off();
    world_.after(calm_ ? minute : a_while(), [&vm] {
      if (!vm.on()) vm.power_on();
    });
  });
  return {};
}

void Story::machine_paused() {
  Vm& vm = a_vm();
  if (vm.on()) vm.pause_for(world_.random.between(minute, 10 * hour));
}

void Story::wall_clock_jumps() {
  a_vm().shift_wall(world_.random.between(-30, 30) * year_ms + world_.random.between(0, year_ms));
}

// -- Docker

void Story::docker_restarts() {
  Vm& vm = a_vm();
  // Live-restore keeps the containers; without it a daemon that is killed leaves them, one that is stopped does not.
  vm.engine.down(!vm.engine.live_restore && world_.random.one_in(2));
  world_.after(world_.random.between(100, 20 * second), [&vm] { vm.engine.up(); });
}

void Story::docker_away() {
  Vm& vm = a_vm();
  vm.engine.down(world_.random.one_in(2));
  world_.after(a_while(), [&vm] { vm.engine.up(); });
}

void Story::docker_hangs() {
  Vm& vm = a_vm();
  vm.engine.hang(world_.random.pick<std::string>({"", "stop", "start", "list", "inspect", "create", "kill_seen"}));
  world_.after(a_while(), [&vm] { vm.engine.release(); });
}

void Story::docker_fails() {
  const auto verb =
      world_.random.pick<std::string>({"", "stop", "start", "list", "inspect", "create", "remove", "kill_seen"});
  a_vm().engine.fail_next(verb, static_cast<int>(world_.random.between(1, 6)), engine_error());
  if (world_.random.one_in(2)) operator_orders();
}

void Story::docker_replies_lost() {
  const auto verb = world_.random.pick<std::string>({"", "stop", "start", "create", "remove", "kill"});
  a_vm().engine.lose_reply_next(verb, static_cast<int>(world_.random.between(1, 4)));
  if (world_.random.one_in(2)) spec_changes();
}

void Story::docker_slow() {
  Vm& vm = a_vm();
  const WorldMs slowest = world_.random.pick<std::int64_t>({50, 500, 4 * second});
  vm.engine.delay([this, slowest](const std::string&) { return world_.random.between(0, slowest); });
  world_.after(a_while(), [&vm] { vm.engine.delay({}); });
}

void Story::docker_forgets() {
  Vm& vm = a_vm();
  for (const std::string& id : vm.engine.ids_of(a_workload())) {
    if (!is_foreign(vm, id)) vm.engine.forget(id);
  }
}

void Story::start_refused() {
  Vm& vm = a_vm();
  const std::string name = a_workload();
  testing::FakeScript script = scripts_[name];
  script.start_error = "driver failed programming external connectivity";
  vm.engine.script(name, script);
  world_.after(a_while(), [this, &vm, name] { vm.engine.script(name, scripts_[name]); });
}

// -- containers

void Story::container_crashes() {
  Vm& vm = a_vm();
  const int code = static_cast<int>(world_.random.pick<std::int64_t>({0, 1, 137, 139, 255}));
  for (const std::string& id : vm.engine.ids_of(a_workload())) vm.engine.crash(id, code);
}

void Story::container_crashes_in_a_row() {
  Vm& vm = a_vm();
  const std::string name = a_workload();
  testing::FakeScript script = scripts_[name];
  script.runs_ms = world_.random.between(10, 20 * second);
  script.exit_code = 1;
  vm.engine.script(name, script);
  for (const std::string& id : vm.engine.ids_of(name)) vm.engine.crash(id, 1);
  world_.after(a_while(), [this, &vm, name] { vm.engine.script(name, scripts_[name]); });
}

void Story::container_oom() {
  Vm& vm = a_vm();
  for (const std::string& id : vm.engine.ids_of(a_workload())) vm.engine.oom(id);
}

void Story::human_stops() {
  Vm& vm = a_vm();
  for (const std::string& id : vm.engine.ids_of(a_workload())) vm.engine.human_stop(id);
}

void Story::foreign_container() {
  Vm& vm = a_vm();
  reconcile::Labels labels;
  if (world_.random.one_in(2)) labels = {node_id, a_workload(), strangers_nonce, "v1:other"};
  foreign_.insert(vm.name + vm.engine.add_foreign(fmt::format("theirs-{}", foreign_.size()), "nginx", labels));
}

// -- the disk

void Story::disk_full() {
  Vm& vm = a_vm();
  vm.disk.free_bytes = 0;
  world_.after(a_while(), [&vm] {
    vm.disk.free_bytes = 1LL << 30;
    vm.disk_is_well();
  });
}

void Story::disk_read_only() {
  Vm& vm = a_vm();
  vm.disk.read_only = true;
  if (world_.random.one_in(2)) container_crashes();
  world_.after(a_while(), [&vm] {
    vm.disk.read_only = false;
    vm.disk_is_well();
  });
}

void Story::disk_does_not_sync() {
  Vm& vm = a_vm();
  vm.disk.sync_fails = vm.unsure = true;
  world_.after(a_while(), [&vm] {
    vm.disk.sync_fails = false;
    // As after any failed sync: only a new start knows what the disk holds.
    vm.kill_agent();
    vm.start_agent();
  });
}

void Story::ledger_deleted() {
  Vm& vm = *vms_.front();
  const bool was_on = vm.on();
  vm.kill_agent();
  vm.lose_ledger();
  control_.node(node_id).forgetful = true;
  control_.reenroll(node_id);
  if (was_on) vm.start_agent();
}

void Story::ledger_damaged() {
  Vm& vm = *vms_.front();
  vm.kill_agent();
  vm.unsure = true;
  vm.stops_on_record.clear();
  control_.node(node_id).forgetful = true;
  for (const std::string& file : vm.disk.files()) {
    for (int flips = 0; flips < 200; ++flips) {
      vm.disk.flip_bit(file, static_cast<std::size_t>(world_.random.between(0, 200'000)));
    }
  }
  vm.start_agent();
  // The engineer follows the error's remedy.
  world_.after(a_while(), [this, &vm] {
    if (vm.agent_up() && !vm.life().opened.in_memory) return;
    vm.kill_agent();
    vm.lose_ledger();
    control_.reenroll(node_id);
    vm.start_agent();
  });
}

// -- the control plane and the way to it

void Story::control_away() {
  Vm& vm = a_vm();
  vm.weather.cut = true;
  world_.after(a_while(), [&vm] { vm.weather.cut = false; });
}

void Story::control_refuses() {
  Vm& vm = a_vm();
  vm.weather.refuses = static_cast<int>(world_.random.pick<std::int64_t>({401, 500, 503}));
  world_.after(a_while(), [&vm] { vm.weather.refuses = 0; });
}

void Story::control_talks_nonsense() {
  Vm& vm = a_vm();
  vm.weather.nonsense = true;
  world_.after(a_while(), [&vm] { vm.weather.nonsense = false; });
}

void Story::network_lossy() {
  Vm& vm = a_vm();
  const auto percent = [this] { return static_cast<int>(world_.random.between(0, 40)); };
  vm.weather.lost_requests = percent();
  vm.weather.lost_replies = percent();
  vm.weather.doubled = percent();
  vm.weather.slowest = world_.random.pick<std::int64_t>({50, 2 * second, 40 * second});
  world_.after(a_while(), [&vm] {
    vm.weather.lost_requests = vm.weather.lost_replies = vm.weather.doubled = 0;
    vm.weather.slowest = 50;
  });
}

// A copy of the disk boots on another instance: it must start nothing and disturb nobody.
void Story::machine_cloned() {
  if (vms_.size() > 1 || !vms_.front()->on()) return;
  Vm& original = *vms_.front();
  original.kill_agent();
  auto& copy = *vms_.emplace_back(std::make_unique<Vm>(world_, control_, "clone", node_id, plot_.folder + "/clone"));
  copy.take_disk_of(original);
  copy.host.instance_id = "i-2";
  copy.forgetful = original.forgetful;
  for (const std::string& name : workloads_) declare(copy, name);
  original.start_agent();
  copy.power_on();
}

}  // namespace aura::sim
