#include "agent/store/schema.hpp"

#include "common/ids.hpp"

#include <fmt/format.h>
#include <boost/crc.hpp>

#include <array>

namespace aura::store {
namespace {

constexpr std::size_t secret_key_bytes = 32;

Result<void> create_tables(Database& database) {
  const auto created = database.exec(
      "CREATE TABLE records(seq INTEGER PRIMARY KEY, body TEXT NOT NULL, sum INTEGER NOT NULL);"
      "CREATE TABLE snapshot(id INTEGER PRIMARY KEY CHECK(id = 1), seq INTEGER NOT NULL, body TEXT NOT NULL,"
      " sum INTEGER NOT NULL);");
  if (!created) return created;
  auto insert = database.prepare("INSERT INTO meta(key, value) VALUES('secret_key', ?)");
  if (!insert) return insert.error();
  return insert->bind(1, random_hex(secret_key_bytes)).run();
}

// Version 2: records of what the machine is asked for, and of the host's going down. The tables are the same.
Result<void> take_machine_records(Database&) { return {}; }

// One step leads to each version; the package reads the number of them here.
constexpr std::array<Migration, 2> steps_of_ledger = {&create_tables, &take_machine_records};

Result<void> migrate_one(Database& database, Migration step, std::int64_t to_version) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  const auto meta = database.exec("CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL)");
  if (!meta) return meta;
  if (auto done = step(database); !done) return done;
  auto noted = database.prepare("INSERT OR REPLACE INTO meta(key, value) VALUES('schema_version', ?)");
  if (!noted) return noted.error();
  if (auto done = noted->bind(1, std::to_string(to_version)).run(); !done) return done;
  return transaction->commit();
}

}  // namespace

Result<std::int64_t> version_of(Database& database) {
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  if (*tables == 0) return 0;
  const auto version = database.number("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'schema_version'");
  // Any other failure to find it: these are not our tables.
  if (!version) return Error{Errc::corrupt, "it holds no schema version"};
  return *version;
}

std::int64_t version_for(const reconcile::RecordBody& body) {
  using namespace reconcile::record;
  const bool since_2 = std::holds_alternative<HostStopping>(body) || std::holds_alternative<SystemAsked>(body) ||
                       std::holds_alternative<SystemRefused>(body);
  return since_2 ? 2 : 1;
}

std::span<const Migration> ledger_migrations() { return steps_of_ledger; }

Result<void> migrate(Database& database, std::span<const Migration> steps) {
  return migrate(database, steps, static_cast<std::int64_t>(steps.size()));
}

Result<void> migrate(Database& database, std::span<const Migration> steps, std::int64_t to) {
  const auto version = version_of(database);
  if (!version) return version.error();
  const auto newest = static_cast<std::int64_t>(steps.size());
  if (*version > newest || *version < 0) {
    return Error{Errc::not_supported,
                 fmt::format("its schema is version {}, this aura-node knows up to {}: install the newer aura-node",
                             *version, newest)};
  }
  for (auto at = *version; at < to; ++at) {
    const auto done = migrate_one(database, steps[static_cast<std::size_t>(at)], at + 1);
    if (!done) return with_context(done.error(), fmt::format("cannot migrate the schema to version {}", at + 1));
  }
  return {};
}

std::int64_t checksum(std::int64_t seq, std::string_view body) {
  boost::crc_32_type sum;
  const std::string number = std::to_string(seq) + ":";
  sum.process_bytes(number.data(), number.size());
  sum.process_bytes(body.data(), body.size());
  return sum.checksum();
}

}  // namespace aura::store
