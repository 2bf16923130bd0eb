#include "agent/store/journal.hpp"

#include "agent/reconcile/evolve.hpp"
#include "agent/store/codec.hpp"
#include "agent/store/ledger.hpp"
#include "agent/store/schema.hpp"
#include "common/fault_point.hpp"
#include "common/log.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <sys/statvfs.h>

namespace aura::store {
namespace {

// Pages of the log after which it is copied into the database and reused: well below the reserve, so that a
// snapshot fits behind them.
constexpr int checkpoint_pages = 100;

// Exclusive locking must come before WAL, then SQLite needs no -shm file. Debian's SQLite overwrites deleted
// content by default, which would write every freed page: FAST does it only where the page is written anyway.
constexpr const char* set_up =
    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=FULL; PRAGMA cache_size=-256; PRAGMA mmap_size=0;"
    "PRAGMA temp_store=MEMORY; PRAGMA secure_delete=FAST;";

Result<void> set_up_wal(Database& database) {
  if (auto done = database.exec(set_up); !done) return done;
  const auto mode = database.text("PRAGMA journal_mode=WAL");
  if (!mode) return mode.error();
  if (*mode != "wal") return Error{Errc::internal, fmt::format("its journal mode stays {}", *mode)};
  database.keep_wal();
  return {};
}

Result<void> check(Database& database) {
  const auto verdict = database.text("PRAGMA quick_check(1)");
  if (!verdict) return verdict.error();
  if (*verdict != "ok") return Error{Errc::corrupt, fmt::format("its check says: {}", *verdict)};
  return {};
}

Result<bool> has_reserve(Database& database) {
  if (database.log_file_bytes() < reserve_bytes) return false;
  const auto free_pages = database.number("PRAGMA freelist_count");
  if (!free_pages) return free_pages.error();
  const auto page_bytes = database.number("PRAGMA page_size");
  if (!page_bytes) return page_bytes.error();
  // Records since the last snapshot live in it, so half of it is as it should be.
  return *free_pages * *page_bytes >= reserve_bytes / 2;
}

// Room in the log and in the database, and some for others.
bool has_room(const std::string& file) {
  struct statvfs disk {};
  return ::statvfs(file.c_str(), &disk) == 0 && disk.f_bavail * disk.f_frsize >= 3UL * reserve_bytes;
}

// Two transactions: pages freed in the one that took them would never be written. Not tried on a nearly full disk:
// a log that cannot be copied into the database would use up what is left of the reserve.
Result<void> make_reserve(Database& database, const std::string& file) {
  const auto there = has_reserve(database);
  if (!there) return there.error();
  if (*there) return {};
  if (!has_room(file)) return Error{Errc::no_space, "the disk is nearly full"};
  const std::string fill = fmt::format(
      "BEGIN; DROP TABLE IF EXISTS reserve; CREATE TABLE reserve(bytes BLOB);"
      "INSERT INTO reserve VALUES(zeroblob({})); COMMIT",
      reserve_bytes);
  auto done = database.exec(fill.c_str());
  // Also after a failure: the transaction may be open still, or the table left by a process that was killed.
  if (!done) static_cast<void>(database.exec("ROLLBACK"));
  if (auto freed = database.exec("DROP TABLE IF EXISTS reserve"); done && !freed) done = freed;
  if (auto copied = database.checkpoint(); done && !copied) done = copied;
  return done;
}

Error damaged(std::int64_t seq, std::string_view what) {
  return Error{Errc::corrupt, fmt::format("record {} {}", seq, what)};
}

}  // namespace

Journal::Journal(Database database, Statement insert, std::string secret_key, std::int64_t version)
    : database_(std::move(database)),
      insert_(std::move(insert)),
      secret_key_(std::move(secret_key)),
      version_(version) {}

Result<Journal> Journal::open(const std::string& file) {
  auto database = Database::open(file);
  if (!database) return database.error();
  if (auto done = set_up_wal(*database); !done) return done.error();
  if (auto done = check(*database); !done) return done.error();
  fault_point("ledger.before.migration");
  const auto version = version_of(*database);
  if (!version) return version.error();
  const auto newest = static_cast<std::int64_t>(ledger_migrations().size());
  const std::int64_t wanted = *version == 0 ? newest : std::max(*version, oldest_kept);
  if (auto done = store::migrate(*database, ledger_migrations(), wanted); !done) return done.error();
  fault_point("ledger.after.migration");
  if (auto done = make_reserve(*database, file); !done) {
    log::warning(fmt::format("the ledger has no reserve for a full disk: {}", done.error().message));
  }
  auto key = database->text("SELECT value FROM meta WHERE key = 'secret_key'");
  if (!key) return key.error().code == Errc::not_found ? Error{Errc::corrupt, "it holds no secret key"} : key.error();
  auto insert = database->prepare("INSERT INTO records(seq, body, sum) VALUES(?, ?, ?)");
  if (!insert) return insert.error();
  return Journal(std::move(*database), std::move(*insert), std::move(*key), wanted);
}

Result<void> Journal::migrate() {
  if (auto done = store::migrate(database_, ledger_migrations()); !done) return done;
  version_ = static_cast<std::int64_t>(ledger_migrations().size());
  return {};
}

Result<reconcile::State> Journal::replay() {
  reconcile::State state;
  auto snapshot = database_.prepare("SELECT seq, body, sum FROM snapshot");
  if (!snapshot) return snapshot.error();
  auto row = snapshot->step();
  if (!row) return row.error();
  if (*row) {
    seq_ = snapshot->number(0);
    if (checksum(seq_, snapshot->text(1)) != snapshot->number(2)) return damaged(seq_, "(snapshot) is damaged");
    auto decoded = decode_state(snapshot->text(1));
    if (!decoded) return with_context(decoded.error(), "snapshot");
    state = std::move(*decoded);
  }
  auto records = database_.prepare("SELECT seq, body, sum FROM records ORDER BY seq");
  if (!records) return records.error();
  while (true) {
    row = records->step();
    if (!row) return row.error();
    if (!*row) return state;
    if (auto done = replay_record(*records, state); !done) return done.error();
  }
}

Result<void> Journal::replay_record(const Statement& row, reconcile::State& state) {
  const std::int64_t seq = row.number(0);
  if (seq != seq_ + 1) return damaged(seq_ + 1, "is missing");
  if (checksum(seq, row.text(1)) != row.number(2)) return damaged(seq, "is damaged");
  const auto record = decode_record(row.text(1));
  if (!record) return with_context(record.error(), fmt::format("record {}", seq));
  reconcile::evolve(state, *record);
  seq_ = seq;
  ++records_;
  return {};
}

Result<void> Journal::append(std::string_view body) {
  const std::int64_t seq = seq_ + 1;
  if (auto done = insert_.bind(1, seq).bind(2, body).bind(3, checksum(seq, body)).run(); !done) return done;
  seq_ = seq;
  ++records_;
  checkpoint_if_due();
  return {};
}

Result<void> Journal::compact(std::string_view state, int unrecorded) {
  fault_point("compaction.before.checkpoint");
  // The log's whole reserve for the one large transaction; where this fails the transaction says why.
  static_cast<void>(database_.checkpoint());
  fault_point("compaction.after.checkpoint");
  const std::int64_t seq = seq_ + unrecorded;
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  if (auto done = database_.exec("DELETE FROM snapshot; DELETE FROM records"); !done) return done;
  auto insert = database_.prepare("INSERT INTO snapshot(id, seq, body, sum) VALUES(1, ?, ?, ?)");
  if (!insert) return insert.error();
  if (auto done = insert->bind(1, seq).bind(2, state).bind(3, checksum(seq, state)).run(); !done) return done;
  fault_point("compaction.before.commit");
  if (auto done = transaction->commit(); !done) return done;
  fault_point("compaction.after.commit");
  seq_ = seq;
  records_ = 0;
  checkpoint_if_due();
  return {};
}

Result<void> Journal::try_disk() {
  return database_.exec(
      "INSERT OR REPLACE INTO meta(key, value) VALUES('tried', 1 + coalesce((SELECT value FROM meta WHERE key = "
      "'tried'), 0))");
}

void Journal::checkpoint_if_due() {
  // What a failed checkpoint leaves is in the log, and the next commit tries again.
  if (database_.wal_pages() >= checkpoint_pages) static_cast<void>(database_.checkpoint());
}

}  // namespace aura::store
