#include "tests/sim/vm.hpp"

#include "common/async/spawn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace aura::sim {
namespace {

constexpr BootMs boot_takes = 500;
constexpr int sectors_survive_of_4 = 2;
// While no time passes. Recovery after a long outage takes some thousands.
constexpr std::int64_t most_handlers_in_a_row = 500'000;
const std::string good_code = "good-code";

OpenedLedger open(const std::string& state_dir) {
  // The copy that a ledger on a broken disk is read from is a file of the real machine: there is none here.
  auto opened = open_ledger(state_dir, "/nonexistent");
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

Result<void> any_mount(const reconcile::WorkloadSpec&) { return {}; }

}  // namespace

boost::asio::awaitable<ports::HookAnswer> DrawnHooks::ask(ports::HookQuestion question) {
  using Kind = ports::HookAnswer::Kind;
  constexpr std::int64_t second_ms = 1'000;
  hooks_.asked.clear();
  hooks_.takes_ms = random_.between(0, random_.one_in(8) ? 60 * second_ms : second_ms);
  ports::HookAnswer answer{random_.pick<Kind>({Kind::ready, Kind::ready, Kind::busy, Kind::failed}), 0, "drawn"};
  if (answer.kind == Kind::busy) answer.again_in_ms = random_.between(second_ms, 60 * second_ms);
  hooks_.answers.assign(1, answer);
  return hooks_.ask(std::move(question));
}

Life::Life(World& world, Control& control, Vm& vm)
    : opened(open(vm.state_dir)),
      engine(world, vm.engine, *opened.ledger, vm.name, vm.forgetful, vm.stops_on_record),
      link(world, control, vm.weather, vm.clock_, vm.node),
      parts{io.get_executor(), vm.clock_, *opened.ledger, engine, vm.host},
      secrets(vm.host),
      observer(engine, vm.host, vm.clock_),
      hooks(vm.clock_, world.random),
      actor(parts, observer, secrets,
            {any_mount, vm.state_dir, [this] { supervisor.wake(); }, loops::Puller::default_reserve_bytes, &hooks}),
      supervisor(parts, observer, actor, secrets,
                 {[this](bool news) {
                    if (news && heartbeat) heartbeat->changed();
                  },
                  {},
                  {},
                  [this] { return heartbeat ? std::optional(heartbeat->silent_from()) : std::nullopt; }}),
      engine_events(parts, observer, actor, supervisor, ""),
      declarations(parts, [&vm] { return vm.declared; }),
      desk(parts, [this](bool allow_removal) { return declarations.reload(allow_removal); }),
      board(parts, supervisor, actor, observer, engine_events, declarations, {"0.1.0", "acme", {}, "", {}}),
      world_(world),
      vm_(vm) {
  vm.clock_.run_on(io);
  vm.compare_with(opened);
  if (opened.in_memory) vm.forgetful = true;
  StartRecords start;
  start.node_id = vm.node;
  start.agent_version = "0.1.0";
  start.reports = true;
  start.state_dir = vm.state_dir;
  const auto recorded = record_start(opened, start, vm.host, vm.clock_);
  if (!recorded) {
    world.violation(vm.name, "the agent cannot start: " + recorded.error().message);
    return;
  }
  if (world.tracing()) {
    world.say(vm.name, fmt::format("ledger {}, epoch {}{}{}", state().ledger_id.substr(0, 8), state().epoch,
                                   state().node.cloned ? ", a clone" : "", opened.in_memory ? ", in memory" : ""));
  }
  opened.ledger->on_change([this] { changed(); });
  opened.ledger->compact_after(vm.compact_after);
  declarations.reload(false);
  enrolment.emplace(parts, link, secrets, vm.state_dir);
  loops::Heartbeat::Options options;
  options.first_interval_s = control.next_heartbeat_s;
  options.agent_version = "0.1.0";
  options.start_recorded = *recorded;
  options.ledger_readable = opened.readable;
  options.report = [this] { return board.report(); };
  heartbeat.emplace(parts, link, *enrolment, desk, std::move(options));
  listener.emplace(parts, link, desk, *heartbeat);
  spawn(parts.executor, "supervisor", supervisor.run());
  spawn(parts.executor, "engine events", engine_events.run());
  spawn(parts.executor, "heartbeat", heartbeat->run());
  spawn(parts.executor, "listener", listener->run());
}

// Coroutines that wait here hand their destruction to the event loop, which goes last. None of them runs again.
Life::~Life() {
  vm_.clock_.run_on(vm_.nobody_);
  vm_.clock_.forget_timers();
  vm_.engine.caller_died(world_.random.one_in(2));
}

void Life::changed() {
  supervisor.ledger_changed();
  if (heartbeat) heartbeat->changed();
  if (!opened.ledger->trouble().empty()) vm_.forgetful = true;
  if (!state().order.empty())
    vm_.must_go.try_emplace(state().order.back(), state().open.at(state().order.back()).must_go);
  // The record whose write was cut short: it may be on the disk, whole, or not.
  if (vm_.died_in_write_ && !vm_.kept_or_) vm_.kept_or_ = state();
}

Vm::Vm(World& world, Control& control, std::string given_name, std::string given_node, std::string folder)
    : name(std::move(given_name)),
      node(std::move(given_node)),
      state_dir(std::move(folder)),
      disk(state_dir),
      world_(world),
      control_(control),
      clock_(nobody_, boot_takes) {
  std::filesystem::create_directories(state_dir);
  clock_.attach(engine);
  clock_.before_each([this] {
    if (!life_) return true;
    if (disk.dead() || !world_.broken().empty()) return false;
    handlers_in_a_row_ = clock_.boot_ms() == handlers_at_ ? handlers_in_a_row_ + 1 : 0;
    handlers_at_ = clock_.boot_ms();
    if (handlers_in_a_row_ > most_handlers_in_a_row) world_.violation(name, "the agent spins");
    return !handlers_left_ || (*handlers_left_)-- > 0;
  });
  host.credentials["enroll-code"] = good_code;
}

Vm::~Vm() {
  life_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(state_dir, ignored);
}

void Vm::power_on() {
  clock_.reboot(boot_takes);
  booted_at_ = world_.now - boot_takes;
  on_ = true;
  ++boots_;
  start_agent();
}

void Vm::lose_power() {
  kill_agent();
  disk.lose_power([this] { return world_.random.between(1, 4) <= sectors_survive_of_4; });
  engine.down(true);
  engine.up();
  on_ = false;
}

void Vm::reboot() {
  power_off();
  power_on();
}

void Vm::power_off() {
  kill_agent();
  engine.down(true);
  engine.up();
  on_ = false;
}

void Vm::pause_for(WorldMs time) {
  // What is due meanwhile comes when it wakes.
  booted_at_ += time;
  clock_.shift_wall(time);
}

void Vm::start_agent() {
  if (life_ || !on_) return;
  if (world_.tracing()) world_.say(name, "the agent starts");
  handlers_left_.reset();
  life_ = std::make_unique<Life>(world_, control_, *this);
}

bool Vm::marked() const { return store::Ledger::suspended_marker(state_dir); }

void Vm::kill_agent() {
  if (!life_) return;
  ++world_.counts["(deaths of the agent)"];
  if (world_.tracing()) world_.say(name, "the agent dies");
  if (!disk.dead()) {
    // Nothing was under way: what it knew is what is durable, unless its disk had refused to take it.
    kept_.reset();
    if (!life_->opened.in_memory && life_->opened.ledger->trouble().empty()) kept_ = life_->state();
    kept_or_ = kept_;
    // What its destructors write does not happen.
    disk.die_at(disk.operations());
  }
  life_.reset();
  if (died_in_write_ && marked() != marked_at_death_) {
    // The doomed process went on for a moment; what it did to the marker did not happen.
    const std::string marker = state_dir + "/suspended", spare = marker + ".spare";
    std::filesystem::rename(marked_at_death_ ? spare : marker, marked_at_death_ ? marker : spare);
  }
  died_in_write_ = false;
  disk.live();
}

void Vm::kill_within(std::int64_t handlers) {
  if (life_ && !handlers_left_) handlers_left_ = handlers;
}

void Vm::kill_on_disk(std::uint64_t operations) {
  if (!life_ || disk.dead()) return;
  disk.die_at(disk.operations() + operations, [this] {
    died_in_write_ = true;
    marked_at_death_ = marked();
    kept_.reset();
    kept_or_.reset();
    // Where memory is ahead of the disk nobody can say what it holds.
    const bool exact = life_ && !life_->opened.in_memory && life_->opened.ledger->trouble().empty();
    if (exact) kept_ = life_->state();
  });
}

// replay(ledger) == state, after every death.
void Vm::compare_with(const OpenedLedger& opened) {
  const auto kept = std::exchange(kept_, std::nullopt);
  const auto kept_or = std::exchange(kept_or_, std::nullopt);
  if (std::exchange(unsure, disk.sync_fails) || !kept) return;
  if (opened.in_memory) {
    const bool excused = disk.read_only || disk.free_bytes < store::reserve_bytes;
    if (!excused) world_.violation(name, "its ledger cannot be read any more: " + opened.ledger->trouble());
    return;
  }
  const reconcile::State& found = opened.ledger->state();
  if (!(found == *kept) && !(kept_or && found == *kept_or)) {
    world_.violation(name, fmt::format("the ledger replays to another state: last record at {}, was {}",
                                       found.last_time, kept->last_time));
  }
}

std::optional<WorldMs> Vm::next_due() const {
  if (!on_) return std::nullopt;
  if (life_ && (disk.dead() || (handlers_left_ && *handlers_left_ <= 0))) return world_.now;
  const auto due = clock_.next_due();
  return due ? std::optional<WorldMs>(std::max(world_.now, *due + booted_at_)) : std::nullopt;
}

void Vm::run_to(WorldMs when) {
  if (!on_) return;
  clock_.advance(std::max<BootMs>(0, when - booted_at_ - clock_.boot_ms()));
  settle_death();
}

// Whoever was to die has reached the point of it.
void Vm::settle_death() {
  const bool reached = life_ && (disk.dead() || (handlers_left_ && *handlers_left_ <= 0));
  if (!reached) return;
  kill_agent();
  if (starts_again) world_.after(world_.random.between(100, 5 * second), [this] { start_agent(); });
}

void Vm::lose_ledger() {
  for (const std::string& file : disk.files()) disk.remove(file);
  for (const char* file : {"/ledger.db", "/node-key"}) std::filesystem::remove(state_dir + file);
  kept_.reset();
  must_go.clear();
  stops_on_record.clear();
  unsure = false;
  forgetful = true;
}

void Vm::take_disk_of(Vm& other) {
  for (const auto& entry : std::filesystem::directory_iterator(other.state_dir)) {
    std::filesystem::copy_file(entry.path(), std::filesystem::path(state_dir) / entry.path().filename());
  }
  disk.copy_from(other.disk);
}

// As the daemon does when its disk takes writes again.
void Vm::disk_is_well() {
  if (!life_ || !ledger_is_back(life_->opened, state_dir)) return;
  kill_agent();
  start_agent();
}

void Vm::reload() {
  if (life_) life_->declarations.reload(true);
}

}  // namespace aura::sim
