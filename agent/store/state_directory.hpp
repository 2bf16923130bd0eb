// The directory that belongs to one daemon: its lock, the ledger's file, the marker of a suspension.
//
// Every error names the directory and says which user must be able to write to it.
#pragma once

#include "common/error.hpp"

#include <cstdint>
#include <string>

namespace aura::store {

class StateDirectory {
 public:
  // Makes the directory (0700) where it is missing and takes its lock (flock(2) on the file `lock`, which holds
  // the pid for people), kept until destruction or the end of the process. locked: another daemon has it.
  static Result<StateDirectory> open(const std::string& path);

  StateDirectory(StateDirectory&& other) noexcept;
  StateDirectory& operator=(StateDirectory&&) = delete;
  ~StateDirectory();

  const std::string& path() const { return path_; }

  // The ledger's file, made empty with mode 0600 where it is missing: SQLite gives its log the same mode, and
  // both hold environment variables.
  Result<std::string> ledger_file() const;

  // The marker file; a suspension found by a daemon that cannot read its ledger. Setting it on a full disk works
  // because a spare file is renamed. Durable on return.
  bool marked_suspended() const;
  Result<void> mark_suspended() const;
  Result<void> unmark_suspended() const;

  // The file `schema`, for the package's own look.
  Result<void> note_schema(std::int64_t version) const;

  // Makes the spare file of the marker if both are missing; best done while there is space.
  Result<void> prepare_marker() const;

  // The same error with the directory and the remedy.
  Error explain(const Error& error) const;

 private:
  StateDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_;
};

std::string suspended_marker_path(const std::string& state_dir);

}  // namespace aura::store
