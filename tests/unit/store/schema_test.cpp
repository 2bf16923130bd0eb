#include "agent/store/schema.hpp"
#include "tests/unit/store/scratch.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>

namespace aura::store {
namespace {

Result<void> first(Database& database) { return database.exec("CREATE TABLE things(old TEXT)"); }
Result<void> second(Database& database) { return database.exec("ALTER TABLE things RENAME COLUMN old TO new"); }
Result<void> failing(Database& database) {
  if (auto done = database.exec("DROP TABLE things"); !done) return done;
  return Error{Errc::internal, "made up"};
}

constexpr std::array<Migration, 1> old_version = {&first};
constexpr std::array<Migration, 2> new_version = {&first, &second};
constexpr std::array<Migration, 2> broken_version = {&first, &failing};

std::int64_t version(Database& database) {
  return database.number("SELECT CAST(value AS INTEGER) FROM meta WHERE key='schema_version'").value();
}

TEST_CASE("a database of an older version is migrated with what it holds") {
  const test::Scratch scratch;
  auto database = Database::open(scratch.path() + "/db").value();
  REQUIRE(migrate(database, old_version));
  REQUIRE(database.exec("INSERT INTO things VALUES('kept')"));
  CHECK(version(database) == 1);
  REQUIRE(migrate(database, new_version));
  CHECK(version(database) == 2);
  CHECK(database.text("SELECT new FROM things").value() == "kept");
  REQUIRE(migrate(database, new_version));
}

TEST_CASE("a migration that fails leaves the older version whole") {
  const test::Scratch scratch;
  auto database = Database::open(scratch.path() + "/db").value();
  REQUIRE(migrate(database, old_version));
  REQUIRE(database.exec("INSERT INTO things VALUES('kept')"));
  const auto migrated = migrate(database, broken_version);
  REQUIRE_FALSE(migrated);
  CHECK(migrated.error().message.find("version 2: made up") != std::string::npos);
  CHECK(version(database) == 1);
  CHECK(database.text("SELECT old FROM things").value() == "kept");
}

TEST_CASE("a database of a newer version is not supported and not touched") {
  const test::Scratch scratch;
  auto database = Database::open(scratch.path() + "/db").value();
  REQUIRE(migrate(database, new_version));
  const auto migrated = migrate(database, old_version);
  REQUIRE_FALSE(migrated);
  CHECK(migrated.error().code == Errc::not_supported);
  CHECK(version(database) == 2);
}

TEST_CASE("somebody else's database is corrupt") {
  const test::Scratch scratch;
  auto database = Database::open(scratch.path() + "/db").value();
  REQUIRE(database.exec("CREATE TABLE theirs(a)"));
  CHECK(migrate(database, old_version).error().code == Errc::corrupt);
}

}  // namespace
}  // namespace aura::store
