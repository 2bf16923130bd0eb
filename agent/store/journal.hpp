// The ledger's file: appends encoded records, replaces them by a snapshot, replays.
//
// Keeps commits going on a full disk: the write-ahead log and the free list are grown to the reserve at open and
// never shrink, the log is reused from its start after each checkpoint, and no -shm file exists.
#pragma once

#include "agent/reconcile/state.hpp"
#include "agent/store/database.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace aura::store {

class Journal {
 public:
  // Opens, checks (PRAGMA quick_check), brings the schema to oldest_kept (schema.hpp) at least, a new file to the
  // newest, and makes the reserve; a disk too full for the reserve is logged, not an error. Errors: as Database,
  // corrupt, not_supported.
  static Result<Journal> open(const std::string& file);

  // The version of its schema, and the way to the newest.
  std::int64_t version() const { return version_; }
  Result<void> migrate();

  // The snapshot and all records after it, folded. corrupt: a gap, a wrong checksum, a record nobody knows.
  Result<reconcile::State> replay();

  // One record in one transaction, durable on return.
  Result<void> append(std::string_view body);

  // In one transaction: `state` stands for everything up to the last record plus `unrecorded` ones that were never
  // appended; the records are deleted.
  Result<void> compact(std::string_view state, int unrecorded);

  // Whether the disk takes a commit now, at the price of a small one: a refused snapshot costs much more.
  Result<void> try_disk();

  // Since the snapshot.
  int records() const { return records_; }
  // True before the first record ever.
  bool empty() const { return seq_ == 0; }
  const std::string& secret_key() const { return secret_key_; }

 private:
  Journal(Database database, Statement insert, std::string secret_key, std::int64_t version);
  Result<void> replay_record(const Statement& row, reconcile::State& state);
  void checkpoint_if_due();

  Database database_;
  Statement insert_;
  std::string secret_key_;
  std::int64_t version_;
  std::int64_t seq_ = 0;
  int records_ = 0;
};

}  // namespace aura::store
