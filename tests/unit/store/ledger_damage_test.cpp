#include "agent/store/database.hpp"
#include "agent/store/ledger.hpp"
#include "tests/unit/store/scratch.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace aura::store {
namespace {

using test::Scratch;
namespace fs = std::filesystem;

constexpr int records = 300;

// A ledger with a snapshot and records after it, closed in order.
reconcile::State make_ledger(const std::string& directory) {
  const auto ledger = Ledger::open(directory).value();
  for (int i = 1; i <= compact_after_records + records; ++i) REQUIRE(ledger->record(test::noted(i)));
  return ledger->state();
}

Errc code_of_open(const std::string& directory) {
  const auto ledger = Ledger::open(directory);
  REQUIRE_FALSE(ledger);
  CHECK(ledger.error().message.find(directory) != std::string::npos);
  return ledger.error().code;
}

TEST_CASE("a truncated ledger is corrupt, whatever is left of it") {
  const Scratch scratch;
  const auto before = make_ledger(scratch.path());
  const auto file = scratch.path() + "/ledger.db";
  const auto size = fs::file_size(file);
  // The end of the last page is free space: nothing is lost with it.
  fs::resize_file(file, size - 1);
  CHECK(Ledger::open(scratch.path()).value()->state() == before);
  for (const std::uintmax_t left :
       {size / 4 * 3, size / 2, std::uintmax_t{4096}, std::uintmax_t{100}, std::uintmax_t{0}}) {
    INFO(left);
    fs::resize_file(file, left);
    CHECK(code_of_open(scratch.path()) == Errc::corrupt);
  }
}

TEST_CASE("a file that is no ledger is corrupt, and the error says how to begin anew") {
  const Scratch scratch;
  std::ofstream(scratch.path() + "/ledger.db") << std::string(5000, 'x');
  const auto ledger = Ledger::open(scratch.path());
  REQUIRE_FALSE(ledger);
  CHECK(ledger.error().code == Errc::corrupt);
  CHECK(ledger.error().message.find("move ledger.db and ledger.db-wal away") != std::string::npos);
}

TEST_CASE("a flipped bit is either harmless or found") {
  const Scratch scratch;
  const auto before = make_ledger(scratch.path());
  const auto file = scratch.path() + "/ledger.db";
  std::string good;
  {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    good = all.str();
  }
  int found = 0, tried = 0;
  // A stride that falls on headers, cells and free pages alike.
  for (std::size_t at = 16; at < good.size(); at += 8'209, ++tried) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (tried % 8)));
    const Scratch copy;
    std::ofstream(copy.path() + "/ledger.db", std::ios::binary) << bad;
    const auto ledger = Ledger::open(copy.path());
    INFO("byte " << at);
    if (ledger) {
      CHECK((*ledger)->state() == before);
    } else {
      CHECK(ledger.error().code == Errc::corrupt);
      ++found;
    }
  }
  CHECK(tried > 100);
  CHECK(found > 8);
}

// Runs SQL on the closed ledger.
void tamper(const std::string& directory, const char* sql) {
  auto database = Database::open(directory + "/ledger.db");
  REQUIRE(database);
  REQUIRE(database->exec(sql));
}

TEST_CASE("a changed or missing record is corrupt") {
  const Scratch whole;
  make_ledger(whole.path());
  for (const char* sql : {"UPDATE records SET body = replace(body, 'number 700', 'number 701')",
                          "UPDATE records SET sum = sum + 1 WHERE seq = 600", "DELETE FROM records WHERE seq = 600",
                          "DELETE FROM snapshot", "UPDATE snapshot SET body = '{}'"}) {
    const Scratch scratch;
    fs::copy_file(whole.path() + "/ledger.db", scratch.path() + "/ledger.db");
    INFO(sql);
    tamper(scratch.path(), sql);
    CHECK(code_of_open(scratch.path()) == Errc::corrupt);
  }
}

TEST_CASE("the ledger of a newer version is not supported") {
  const Scratch scratch;
  { REQUIRE(Ledger::open(scratch.path())); }
  tamper(scratch.path(), "UPDATE meta SET value = '999' WHERE key = 'schema_version'");
  CHECK(code_of_open(scratch.path()) == Errc::not_supported);
}

}  // namespace
}  // namespace aura::store
