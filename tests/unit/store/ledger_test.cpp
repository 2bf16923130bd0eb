#include "agent/store/ledger.hpp"
#include "tests/unit/store/scratch.hpp"

#include <catch2/catch_test_macros.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace aura::store {
namespace {

using test::Scratch;
namespace record = reconcile::record;

TEST_CASE("what was recorded is there after the next open, and equals the fold of the records") {
  const Scratch scratch;
  reconcile::State before, folded;
  std::string key;
  {
    const auto ledger = Ledger::open(scratch.path() + "/state").value();
    CHECK(ledger->is_new());
    for (const auto& one : {test::created(), test::declared(2, "web"), test::noted(3), test::wanted(4, 7, true)}) {
      REQUIRE(ledger->record(one));
      reconcile::evolve(folded, one);
    }
    CHECK(ledger->trouble().empty());
    before = ledger->state();
    key = ledger->secret_key();
  }
  const auto ledger = Ledger::open(scratch.path() + "/state").value();
  CHECK_FALSE(ledger->is_new());
  CHECK(ledger->state() == before);
  CHECK(ledger->state() == folded);
  CHECK(ledger->state().node.suspension.has_value());
  CHECK(ledger->state().workloads.contains("web"));
  CHECK(key.size() == 64);
  CHECK(ledger->secret_key() == key);
}

TEST_CASE("only its owner can read what the ledger writes") {
  const Scratch scratch;
  const auto ledger = Ledger::open(scratch.path() + "/state").value();
  REQUIRE(ledger->record(test::created()));
  const auto mode = [&](const std::string& name) {
    struct stat found {};
    REQUIRE(::stat((scratch.path() + "/state" + name).c_str(), &found) == 0);
    return found.st_mode & 0777;
  };
  CHECK(mode("") == 0700);
  CHECK(mode("/ledger.db") == 0600);
  CHECK(mode("/ledger.db-wal") == 0600);
  CHECK_FALSE(std::filesystem::exists(scratch.path() + "/state/ledger.db-shm"));
}

TEST_CASE("a second daemon on the same directory is refused and told who has it") {
  const Scratch scratch;
  auto first = Ledger::open(scratch.path()).value();
  const auto second = Ledger::open(scratch.path());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::locked);
  CHECK(second.error().message.find(scratch.path()) != std::string::npos);
  CHECK(second.error().message.find("pid " + std::to_string(::getpid())) != std::string::npos);
  first.reset();
  CHECK(Ledger::open(scratch.path()));
}

TEST_CASE("compaction changes neither the state nor what the next open finds") {
  const Scratch scratch;
  reconcile::State before;
  {
    const auto ledger = Ledger::open(scratch.path()).value();
    for (int i = 1; i <= 2 * compact_after_records + 10; ++i) REQUIRE(ledger->record(test::noted(i)));
    before = ledger->state();
  }
  CHECK(before.last_time == 2 * compact_after_records + 10);
  const auto ledger = Ledger::open(scratch.path()).value();
  CHECK(ledger->state() == before);
  // Two compactions keep the file near its first size.
  CHECK(std::filesystem::file_size(scratch.path() + "/ledger.db") < 4 * reserve_bytes);
}

TEST_CASE("the listener hears of every change after it is stored") {
  const Scratch scratch;
  const auto ledger = Ledger::open(scratch.path()).value();
  BootMs heard = 0;
  ledger->on_change([&] { heard = ledger->state().last_time; });
  REQUIRE(ledger->record(test::noted(5)));
  CHECK(heard == 5);
}

TEST_CASE("the marker of a suspension is there from before its record until after its end") {
  const Scratch scratch;
  const auto ledger = Ledger::open(scratch.path()).value();
  CHECK_FALSE(Ledger::suspended_marker(scratch.path()));
  REQUIRE(ledger->record(test::wanted(1, 5, true)));
  REQUIRE(ledger->state().node.suspension);
  CHECK(Ledger::suspended_marker(scratch.path()));
  REQUIRE(ledger->record(test::noted(2)));
  CHECK(Ledger::suspended_marker(scratch.path()));
  REQUIRE(ledger->record(test::wanted(3, 6, false)));
  CHECK_FALSE(ledger->state().node.suspension);
  CHECK_FALSE(Ledger::suspended_marker(scratch.path()));
}

TEST_CASE("a suspend command sets the marker too") {
  const Scratch scratch;
  const auto ledger = Ledger::open(scratch.path()).value();
  record::Accepted suspend;
  suspend.command.id = "c1";
  suspend.command.verb = protocol::Verb::suspend;
  suspend.command.generation = 3;
  suspend.command.reason = "unpaid";
  REQUIRE(ledger->record(test::at(1, suspend)));
  REQUIRE(ledger->state().node.suspension);
  CHECK(Ledger::suspended_marker(scratch.path()));
}

TEST_CASE("a marker out of step is repaired at start") {
  const Scratch scratch;
  const std::string marker = scratch.path() + "/suspended";
  { REQUIRE(Ledger::open(scratch.path()).value()->record(test::wanted(1, 5, true))); }
  std::filesystem::remove(marker);
  {
    const auto ledger = Ledger::open(scratch.path()).value();
    CHECK(Ledger::suspended_marker(scratch.path()));
    REQUIRE(ledger->record(test::wanted(2, 6, false)));
  }
  std::ofstream(marker) << "left by a crash";
  CHECK(Ledger::open(scratch.path()));
  CHECK_FALSE(Ledger::suspended_marker(scratch.path()));
}

TEST_CASE("a marker that a new ledger finds stays until the suspension it stands for is lifted") {
  const Scratch scratch;
  std::ofstream(scratch.path() + "/suspended") << "from the ledger that was lost";
  {
    const auto ledger = Ledger::open(scratch.path()).value();
    CHECK(ledger->is_new());
    REQUIRE(ledger->record(test::created()));
    CHECK(Ledger::suspended_marker(scratch.path()));
  }
  const auto ledger = Ledger::open(scratch.path()).value();
  CHECK(Ledger::suspended_marker(scratch.path()));
  record::AgentStarted started;
  started.epoch = 1;
  started.suspended_marker = true;
  REQUIRE(ledger->record(test::at(2, started)));
  REQUIRE(ledger->state().node.suspension);
  REQUIRE(ledger->record(test::wanted(3, 1, false)));
  CHECK_FALSE(ledger->state().node.suspension);
  CHECK_FALSE(Ledger::suspended_marker(scratch.path()));
}

TEST_CASE("a ledger in memory follows the world and decides nothing") {
  const auto ledger = Ledger::in_memory("the ledger is damaged");
  CHECK(ledger->trouble() == "the ledger is damaged");
  REQUIRE(ledger->record(test::declared(1, "web")));
  CHECK(ledger->state().workloads.contains("web"));
  const auto refused = ledger->record(test::wanted(2, 5, true));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::no_space);
  CHECK(refused.error().message.find("the ledger is damaged") != std::string::npos);
  CHECK_FALSE(ledger->state().node.suspension);
}

// The child records until it is killed; each number goes into the pipe once its record was acknowledged.
BootMs kill_writer_after(const std::string& directory, int acknowledged) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto ledger = Ledger::open(directory);
    if (!ledger) ::_exit(1);
    for (BootMs i = (*ledger)->state().last_time + 1;; ++i) {
      if (!(*ledger)->record(test::noted(i)) || ::write(ends[1], &i, sizeof i) != sizeof i) ::_exit(1);
    }
  }
  ::close(ends[1]);
  BootMs last = 0;
  for (int i = 0; i < acknowledged; ++i) REQUIRE(::read(ends[0], &last, sizeof last) == sizeof last);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  for (BootMs more = 0; ::read(ends[0], &more, sizeof more) == sizeof more;) last = more;
  ::close(ends[0]);
  return last;
}

TEST_CASE("a writer killed at any moment loses nothing that was acknowledged") {
  const Scratch scratch;
  for (const int after : {1, 2, 50, 137, 950, 20}) {
    const BootMs last = kill_writer_after(scratch.path(), after);
    const auto ledger = Ledger::open(scratch.path());
    REQUIRE(ledger);
    // At most the one whose acknowledgement did not get out any more.
    CHECK((*ledger)->state().last_time >= last);
    CHECK((*ledger)->state().last_time <= last + 1);
    CHECK((*ledger)->state().last_event_seq == static_cast<std::uint64_t>((*ledger)->state().last_time));
  }
}

}  // namespace
}  // namespace aura::store
