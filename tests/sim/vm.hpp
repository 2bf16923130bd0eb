// One machine of a story: its disk, its Docker, its clock, and the agent that lives on it from time to time.
#pragma once

#include "agent/loops/command_listener.hpp"
#include "agent/loops/declarations.hpp"
#include "agent/loops/status_board.hpp"
#include "agent/run_start.hpp"
#include "tests/sim/checked_engine.hpp"
#include "tests/sim/link.hpp"
#include "tests/support/fake_hook_caller.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/simulated_disk.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aura::sim {

// Workloads that answer their stop hooks as chance has it: at once or late, busy, not at all.
class DrawnHooks final : public ports::HookCaller {
 public:
  DrawnHooks(testing::FakeClock& clock, Random& random) : hooks_(clock), random_(random) {}
  boost::asio::awaitable<ports::HookAnswer> ask(ports::HookQuestion question) override;

 private:
  testing::FakeHookCaller hooks_;
  Random& random_;
};

// The process of the agent: the real loops on this machine's parts. Destroyed where it stands, as by SIGKILL.
class Life {
 public:
  Life(World& world, Control& control, class Vm& vm);
  ~Life();

  boost::asio::io_context io;  // destroyed last
  OpenedLedger opened;
  CheckedEngine engine;
  Link link;
  loops::Parts parts;
  loops::Secrets secrets;
  loops::Observer observer;
  DrawnHooks hooks;
  loops::Actor actor;
  loops::Supervisor supervisor;
  loops::EngineEvents engine_events;
  loops::Declarations declarations;
  loops::CommandDesk desk;
  loops::StatusBoard board;
  std::optional<loops::Enrolment> enrolment;
  std::optional<loops::Heartbeat> heartbeat;
  std::optional<loops::CommandListener> listener;

  const reconcile::State& state() const { return opened.ledger->state(); }

 private:
  void changed();

  World& world_;
  Vm& vm_;
};

class Vm {
 public:
  Vm(World& world, Control& control, std::string name, std::string node, std::string folder);
  ~Vm();

  // -- the machine
  void power_on();
  // The agent, every container and everything not synced are gone; `survives` draws for each sector.
  void lose_power();
  void reboot();  // in good order, as far as containers go
  void power_off();
  void pause_for(WorldMs time);  // by its hypervisor: its clocks stand still
  WorldMs awake_at() const { return booted_at_ + clock_.boot_ms(); }
  bool on() const { return on_; }
  int boots() const { return boots_; }
  void shift_wall(WorldMs by) { clock_.shift_wall(by); }
  void lose_ledger();            // and everything else in its state directory but the marker
  void take_disk_of(Vm& other);  // a copy, of a machine whose agent is not up

  // -- the agent
  void start_agent();
  void kill_agent();
  void kill_within(std::int64_t handlers);      // at one of the next suspension points
  void kill_on_disk(std::uint64_t operations);  // in the middle of one of the next writes
  void disk_is_well();
  bool agent_up() const { return life_ != nullptr; }
  Life& life() { return *life_; }

  // -- time
  std::optional<WorldMs> next_due() const;
  void run_to(WorldMs when);

  // -- declarations
  loops::DeclarationsRead declared;
  void reload();  // what the operator does after changing them

  const std::string name, node, state_dir;
  testing::SimulatedDisk disk;
  testing::FakeContainerEngine engine;
  testing::FakeHost host;
  Weather weather;
  bool starts_again = true;  // the service manager brings the agent back
  CheckedEngine::Runs stops_on_record;
  int compact_after = store::compact_after_records;
  bool forgetful = false;  // its ledger was lost, or could not keep something at some time
  std::map<std::string, std::map<std::string, reconcile::Instance>> must_go;  // restart id -> workload -> what ran
  std::map<std::string, int> asked_in_boot;  // reboot or power_off -> the boot in which the machine was asked
  bool unsure = false;  // its disk failed to sync, or its ledger was damaged: nothing is known of what it holds

 private:
  friend class Life;
  void settle_death();
  void compare_with(const OpenedLedger& opened);
  bool marked() const;

  World& world_;
  Control& control_;
  boost::asio::io_context nobody_;  // the clock's while no agent runs
  testing::FakeClock clock_;
  WorldMs booted_at_ = 0;  // world time when boot time was 0
  bool on_ = false;
  int boots_ = 0;
  std::unique_ptr<Life> life_;
  std::optional<std::int64_t> handlers_left_;
  std::int64_t handlers_in_a_row_ = 0;
  BootMs handlers_at_ = 0;

  // What the disk must hold when the agent comes back: the last state that was durable, and where a write was cut
  // short, the one after it.
  std::optional<reconcile::State> kept_, kept_or_;
  bool marked_at_death_ = false, died_in_write_ = false;
};

}  // namespace aura::sim
