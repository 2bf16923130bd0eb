// The machine loses power at every single write of the ledger, and the disk keeps whatever it likes of what was not
// synced: nothing, everything, or any sectors of it (torn pages).
#include "agent/reconcile/evolve.hpp"
#include "tests/support/fault_log.hpp"
#include "tests/support/simulated_disk.hpp"
#include "tests/unit/store/scratch.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fmt/format.h>
#include <filesystem>
#include <random>

namespace aura::store {
namespace {

using reconcile::State;
using testing::SimulatedDisk;

// A ledger on a disk of its own, and a second machine that gets copies of it.
struct TwoMachines {
  test::Scratch scratch;
  std::string folder = scratch.path() + "/state", copy_folder = scratch.path() + "/copy";
  SimulatedDisk disk{folder};
  std::uint64_t cuts = 0, violations = 0;

  // What a power loss at this moment leaves, as a new process finds it.
  Result<State> after_power_loss(const std::function<bool()>& survives) {
    std::filesystem::remove_all(copy_folder);
    std::filesystem::create_directories(copy_folder);
    SimulatedDisk copy(copy_folder);
    copy.copy_from(disk);
    copy.lose_power(survives);
    ++cuts;
    auto ledger = Ledger::open(copy_folder);
    if (!ledger) return ledger.error();
    return (*ledger)->state();
  }
};

}  // namespace

TEST_CASE(
    "power lost at any write, with torn pages: the ledger replays to what was acknowledged, or to one record more") {
  testing::FaultLog fault("unit", "the machine loses power in the middle of a write of the ledger",
                          "cut after every write, with none, all or half of the unsynced sectors kept");
  TwoMachines machines;
  const auto ledger = Ledger::open(machines.folder).value();
  REQUIRE(ledger->record(test::created()));
  // So many that the compaction is among those that are cut.
  BootMs at = 1;
  while (at < compact_after_records - 8) REQUIRE(ledger->record(test::noted(++at)));

  std::mt19937 random(4711);
  State acknowledged = ledger->state(), with_next;
  std::string first_violation;
  machines.disk.after_each = [&] {
    const std::function<bool()> policies[] = {[] { return false; }, [] { return true; },
                                              [&] { return random() % 2 == 0; }};
    for (const auto& survives : policies) {
      const auto found = machines.after_power_loss(survives);
      const bool holds = found && (*found == acknowledged || *found == with_next);
      if (holds) continue;
      ++machines.violations;
      const std::string what = found ? fmt::format("last record at {}", found->last_time) : found.error().message;
      if (first_violation.empty()) first_violation = fmt::format("write {}: {}", machines.disk.operations(), what);
    }
  };
  for (int i = 0; i < 16; ++i) {
    const auto record = i % 5 == 2 ? test::wanted(++at, static_cast<std::uint64_t>(i), i == 7)
                                   : test::declared(++at, "w" + std::to_string(i % 3));
    with_next = acknowledged;
    reconcile::evolve(with_next, record);
    REQUIRE(ledger->record(record));
    acknowledged = ledger->state();
  }
  machines.disk.after_each = nullptr;
  INFO(first_violation);
  CHECK(machines.violations == 0);
  CHECK(machines.cuts > 100);
  fault.ran(static_cast<std::int64_t>(machines.cuts));
  fault.held(machines.violations == 0);
  fault.observed("the ledger replayed to the last acknowledged record or one more; nothing had to be repaired");
}

}  // namespace aura::store
