// A ledger's files copied to where they can be opened: SQLite replays the log of a database only where it can write.
#pragma once

#include "common/error.hpp"

#include <string>

namespace aura::store {

// Larger files are no ledger of ours, and the copy may stand in memory (a runtime directory is a tmpfs).
inline constexpr std::size_t max_copied_bytes = 64u << 20;

// The copy, readable by us alone because it holds environment variables; gone with the object.
class LedgerCopy {
 public:
  // Copies the database and its log from `state_dir` into a new folder in `scratch_dir` (made 0755 where it is
  // missing). not_found: no database there, or an empty one.
  static Result<LedgerCopy> make(const std::string& state_dir, const std::string& scratch_dir);

  LedgerCopy(LedgerCopy&& other) noexcept;
  LedgerCopy& operator=(LedgerCopy&&) = delete;
  ~LedgerCopy();

  std::string file() const { return folder_ + "/ledger.db"; }

 private:
  explicit LedgerCopy(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

}  // namespace aura::store
