// The disk full and read-only, on a small file system of its own; without the right to mount these are skipped.
#include "agent/store/ledger.hpp"
#include "tests/support/fault_log.hpp"
#include "tests/unit/store/scratch.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>

namespace aura::store {
namespace {

using test::Tmpfs;

std::string ballast(const Tmpfs& disk) { return disk.path() + "/ballast"; }

void fill(const Tmpfs& disk) {
  std::ofstream out(ballast(disk), std::ios::binary);
  const std::string block(4096, 'x');
  while (out << block && out.flush()) {}
  REQUIRE(std::filesystem::space(disk.path()).available == 0);
}

void free_some(const Tmpfs& disk) { std::filesystem::remove(ballast(disk)); }

#define REQUIRE_MOUNTED(disk) \
  if (!(disk).mounted()) SKIP("needs the right to mount a tmpfs")

TEST_CASE("the reserve takes 3,000 records on a full disk, compactions and a suspension included") {
  const Tmpfs disk("4m");
  REQUIRE_MOUNTED(disk);
  const std::string state_dir = disk.path() + "/state";
  reconcile::State before;
  {
    const auto ledger = Ledger::open(state_dir).value();
    REQUIRE(ledger->record(test::created()));
    fill(disk);
    for (int i = 2; i <= 3000; ++i) {
      const auto recorded = ledger->record(test::at(i, reconcile::record::Confirmed{0, {"some-outcome"}}));
      if (!recorded) FAIL(i << ": " << recorded.error().message);
    }
    REQUIRE(ledger->record(test::wanted(3001, 4, true)));
    CHECK(Ledger::suspended_marker(state_dir));
    CHECK(ledger->trouble().empty());
    before = ledger->state();
  }
  const auto ledger = Ledger::open(state_dir);
  REQUIRE(ledger);
  CHECK((*ledger)->state() == before);
  CHECK((*ledger)->state().last_time == 3001);
  REQUIRE((*ledger)->record(test::wanted(3002, 5, false)));
  CHECK_FALSE(Ledger::suspended_marker(state_dir));
}

// Records until the disk refuses, in memory from then on; the last boot_ms that is durable.
BootMs use_up(Ledger& ledger, BootMs at) {
  const std::string text(8000, 't');
  while (ledger.trouble().empty()) {
    REQUIRE(at < 2000);
    REQUIRE(ledger.record(test::at(++at, reconcile::record::Noted{"test", {}, "", text, {}, {}})));
  }
  return at - 1;
}

TEST_CASE("beyond the reserve supervision goes on in memory, decisions get no_space, and space heals it") {
  const Tmpfs disk("4m");
  REQUIRE_MOUNTED(disk);
  const std::string state_dir = disk.path() + "/state";
  reconcile::State before;
  {
    const auto ledger = Ledger::open(state_dir).value();
    REQUIRE(ledger->record(test::created()));
    fill(disk);
    const BootMs at = use_up(*ledger, 1) + 1;
    CHECK(ledger->trouble().find("disk full since 2023-11-1") == 0);
    CHECK(ledger->trouble().find(state_dir) != std::string::npos);

    const auto unchanged = ledger->state();
    const auto refused = ledger->record(test::wanted(at + 1, 9, true));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::no_space);
    CHECK(ledger->state() == unchanged);
    CHECK_FALSE(Ledger::suspended_marker(state_dir));

    REQUIRE(ledger->record(test::declared(at + 2, "in-memory")));
    CHECK_FALSE(ledger->trouble().empty());
    CHECK(ledger->state().workloads.contains("in-memory"));

    free_some(disk);
    REQUIRE(ledger->record(test::wanted(at + 3, 9, true)));
    CHECK(ledger->trouble().empty());
    CHECK(Ledger::suspended_marker(state_dir));
    REQUIRE(ledger->record(test::noted(at + 4)));
    before = ledger->state();
  }
  const auto ledger = Ledger::open(state_dir).value();
  CHECK(ledger->state() == before);
  CHECK(ledger->state().workloads.contains("in-memory"));
  CHECK(ledger->state().node.suspension);
}

TEST_CASE("space that comes back heals without a new record, and what was in memory is stored then") {
  testing::FaultLog fault("unit", "the ledger's reserve is used up", "a real tmpfs, full, then with space again");
  fault.observed("kept in memory, whole on disk as soon as the disk takes it");
  const Tmpfs disk("4m");
  REQUIRE_MOUNTED(disk);
  const std::string state_dir = disk.path() + "/state";
  reconcile::State before;
  {
    const auto ledger = Ledger::open(state_dir).value();
    REQUIRE(ledger->record(test::created()));
    fill(disk);
    const BootMs at = use_up(*ledger, 1);
    ledger->catch_up();
    CHECK_FALSE(ledger->trouble().empty());
    // Further ones do not try the disk each time, and none is lost.
    for (int i = 2; i < 50; ++i) REQUIRE(ledger->record(test::noted(at + i)));
    free_some(disk);
    int changes = 0;
    ledger->on_change([&] { ++changes; });
    ledger->catch_up();
    CHECK(ledger->trouble().empty());
    CHECK(changes == 1);
    ledger->catch_up();
    CHECK(changes == 1);
    before = ledger->state();
  }
  CHECK(Ledger::open(state_dir).value()->state() == before);
}

TEST_CASE("what the disk never took is gone after a crash, what it took is not") {
  const Tmpfs disk("4m");
  REQUIRE_MOUNTED(disk);
  const std::string state_dir = disk.path() + "/state";
  BootMs durable = 0;
  {
    const auto ledger = Ledger::open(state_dir).value();
    REQUIRE(ledger->record(test::created()));
    fill(disk);
    durable = use_up(*ledger, 1);
  }
  free_some(disk);
  CHECK(Ledger::open(state_dir).value()->state().last_time == durable);
}

TEST_CASE("a new ledger on a full disk is no_space, one on a read-only disk is read_only") {
  const Tmpfs disk("4m");
  REQUIRE_MOUNTED(disk);
  fill(disk);
  const auto full = Ledger::open(disk.path() + "/state");
  REQUIRE_FALSE(full);
  CHECK(full.error().code == Errc::no_space);
  free_some(disk);
  REQUIRE(disk.read_only(true));
  const auto fixed = Ledger::open(disk.path() + "/state");
  REQUIRE_FALSE(fixed);
  CHECK(fixed.error().code == Errc::read_only);
  CHECK(fixed.error().message.find(disk.path() + "/state") != std::string::npos);
  CHECK(fixed.error().message.find("writable by user") != std::string::npos);
}

TEST_CASE("a ledger whose disk was remounted read-only is read_only and opens again afterwards") {
  const Tmpfs disk("8m");
  REQUIRE_MOUNTED(disk);
  { REQUIRE(Ledger::open(disk.path()).value()->record(test::noted(7))); }
  REQUIRE(disk.read_only(true));
  CHECK(Ledger::open(disk.path()).error().code == Errc::read_only);
  REQUIRE(disk.read_only(false));
  CHECK(Ledger::open(disk.path()).value()->state().last_time == 7);
}

TEST_CASE("a ledger on a disk that cannot be written is remembered from a copy, which leaves nothing behind") {
  const Tmpfs disk("8m");
  const test::Scratch scratch;
  REQUIRE_MOUNTED(disk);
  reconcile::State before;
  std::string key;
  {
    const auto ledger = Ledger::open(disk.path()).value();
    REQUIRE(ledger->record(test::created()));
    REQUIRE(ledger->record(test::declared(2, "web")));
    REQUIRE(ledger->record(test::wanted(3, 4, true)));
    before = ledger->state();
    key = ledger->secret_key();
  }
  REQUIRE(disk.read_only(true));
  const auto ledger = Ledger::remembered(disk.path(), scratch.path() + "/run", "read-only").value();
  CHECK(ledger->state() == before);
  CHECK(ledger->secret_key() == key);
  CHECK(ledger->trouble() == "read-only");
  CHECK(std::filesystem::is_empty(scratch.path() + "/run"));
  CHECK_FALSE(ledger->behind());
  REQUIRE(ledger->record(test::noted(5)));
  // Told now, it would be told once more and differently when the disk is back.
  CHECK(ledger->behind());
  CHECK(ledger->record(test::wanted(6, 5, false)).error().code == Errc::no_space);
  ledger->catch_up();
  CHECK(ledger->trouble() == "read-only");
}

TEST_CASE("where there is no ledger nothing is remembered") {
  const test::Scratch scratch;
  CHECK(Ledger::remembered(scratch.path(), scratch.path() + "/run", "gone").error().code == Errc::not_found);
}

}  // namespace
}  // namespace aura::store
