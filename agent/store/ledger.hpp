// The node's durable memory: records on SQLite, and the State they fold to.
//
// One process, one writer. Opening takes a lock on the state directory (locked if another daemon has it). The
// database is WAL with synchronous=FULL and locking_mode=EXCLUSIVE (no -shm file); WAL and free list are grown
// once to the reserve, so that commits go on when the disk is full (docs/architecture.md, "Ledger").
#pragma once

#include "agent/reconcile/evolve.hpp"
#include "common/error.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace aura::store {

// Records since the last snapshot after which the ledger is compacted.
inline constexpr int compact_after_records = 500;
// Bytes set aside so that commits succeed on a full disk.
inline constexpr int reserve_bytes = 1 << 20;

class Ledger {
 public:
  // Opens or creates the ledger in `state_dir` (made with mode 0700 if its parent allows) and replays it.
  // Errors: locked (another daemon), forbidden/read_only/no_space (directory not writable; message names the
  // directory and the needed owner), corrupt (integrity check or replay failed), not_supported (schema of a newer
  // version).
  static Result<std::unique_ptr<Ledger>> open(const std::string& state_dir);

  // Brings the ledger to the newest schema; the version before this program's does not read it afterwards. True if it
  // was older. Until then records that only the newest schema has are refused with not_supported. The version stands,
  // as a decimal number, in the file `schema` beside it, for the package to look at before it is replaced.
  Result<bool> migrate();

  // What a ledger that cannot be written knows, in memory only and otherwise as in_memory(): its files are copied to
  // `scratch_dir`, replayed there and removed again, so that the intents it holds are kept. Errors as of open(), and
  // not_found where there is none.
  static Result<std::unique_ptr<Ledger>> remembered(const std::string& state_dir, const std::string& scratch_dir,
                                                    std::string reason);

  // A ledger in memory only, for a daemon that runs degraded: record() takes supervision, refuses intent
  // (accepted commands, wanted) with no_space. trouble() is `reason`. It knows no directory and no marker: its
  // maker asks suspended_marker().
  static std::unique_ptr<Ledger> in_memory(std::string reason);

  ~Ledger();

  const reconcile::State& state() const;

  // Appends, commits durably, evolves the state, calls on_change. Synchronous. A failed commit changes nothing
  // and returns no_space, read_only, corrupt or internal (only where the disk failed to sync, a record refused so
  // may be found after a crash), except for records of supervision (is_supervision), which are
  // then folded in memory alone so that what is already intended goes on; the first commit that succeeds again
  // writes a snapshot with them.
  Result<void> record(const reconcile::Record& record);

  // Called after every change, from record() or catch_up(). One listener.
  void on_change(std::function<void()> listener);

  // Why nothing is durable (degraded), empty when all is well: "disk full since …".
  const std::string& trouble() const;

  // Memory holds what the disk does not: supervision that a failed commit left in memory. What is known only here is
  // gone after a crash, so nobody outside may be told of it.
  bool behind() const;

  // Where the last write failed, tries the disk and stores what is in memory alone, so that trouble() ends without a
  // new record; else does nothing, and writes nothing.
  void catch_up();

  // A snapshot after so many records instead of compact_after_records: a simulated week has too few of them.
  void compact_after(int records);

  // True if it began without any record.
  bool is_new() const;

  // 32 random bytes as hex, made with the ledger: the HMAC key for digests of secrets (spec_codec.hpp).
  const std::string& secret_key() const;

  // The marker file `suspended` beside the ledger, readable without it. record() sets it before the commit that
  // suspends and removes it after the commit that lifts it. One that a new ledger finds stays; its suspension
  // enters the state with AgentStarted::suspended_marker.
  static bool suspended_marker(const std::string& state_dir);

 private:
  class Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Records that only follow the world or carry out what is intended already; the rest decide something new. A
// declaration counts as supervision: its file is read again at every start.
bool is_supervision(const reconcile::RecordBody& body);

}  // namespace aura::store
