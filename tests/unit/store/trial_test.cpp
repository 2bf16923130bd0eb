// A version on trial writes the ledger so that the version before still reads it.
#include "agent/store/database.hpp"
#include "agent/store/ledger.hpp"
#include "agent/store/schema.hpp"
#include "tests/unit/store/scratch.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <string>

namespace aura::store {
namespace {

using test::Scratch;

std::string noted_schema(const std::string& directory) {
  std::ifstream file(directory + "/schema");
  std::string text;
  std::getline(file, text);
  return text;
}

// As the version before left it.
void make_old_ledger(const std::string& directory) {
  {
    const auto ledger = Ledger::open(directory).value();
    REQUIRE(ledger->record(test::created()));
    REQUIRE(ledger->record(test::wanted(2, 7, true)));
  }
  auto database = Database::open(directory + "/ledger.db").value();
  REQUIRE(database.exec("UPDATE meta SET value = '1' WHERE key = 'schema_version'"));
  std::ofstream(directory + "/schema") << "1\n";
}

reconcile::Record asked() { return test::at(3, reconcile::record::SystemAsked{"c1", 0}); }

TEST_CASE("a new ledger is of the newest schema, and says so beside it") {
  const Scratch scratch;
  const auto ledger = Ledger::open(scratch.path()).value();
  CHECK(noted_schema(scratch.path()) == std::to_string(ledger_migrations().size()));
  CHECK(ledger->record(asked()));
  CHECK_FALSE(*ledger->migrate());
}

TEST_CASE("the ledger of the version before stays as it is, is replayed and written") {
  const Scratch scratch;
  make_old_ledger(scratch.path());
  {
    const auto ledger = Ledger::open(scratch.path()).value();
    CHECK(ledger->state().node.generation == 7);
    CHECK(ledger->record(test::noted(4)));
    CHECK(noted_schema(scratch.path()) == "1");
  }
  CHECK(Ledger::open(scratch.path()).value()->state().last_event_seq == 2);
  CHECK(noted_schema(scratch.path()) == "1");
}

TEST_CASE("what the version before could not read is refused until the ledger took its new form") {
  const Scratch scratch;
  make_old_ledger(scratch.path());
  const auto ledger = Ledger::open(scratch.path()).value();
  const auto refused = ledger->record(asked());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::not_supported);
  CHECK(ledger->trouble().empty());
  CHECK(*ledger->migrate());
  CHECK(noted_schema(scratch.path()) == "2");
  CHECK(ledger->record(asked()));
}

TEST_CASE("the new form lasts") {
  const Scratch scratch;
  make_old_ledger(scratch.path());
  { CHECK(*Ledger::open(scratch.path()).value()->migrate()); }
  const auto ledger = Ledger::open(scratch.path()).value();
  CHECK_FALSE(*ledger->migrate());
  CHECK(ledger->state().node.generation == 7);
}

}  // namespace
}  // namespace aura::store
