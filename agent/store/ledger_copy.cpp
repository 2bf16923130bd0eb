#include "agent/store/ledger_copy.hpp"

#include "common/files.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include <sys/stat.h>

namespace aura::store {
namespace {

constexpr mode_t runtime_dir_mode = 0755;

Result<void> copy(const std::string& from, const std::string& to) {
  const auto content = read_file(from, max_copied_bytes);
  if (!content) return content.error();
  // In a folder that only we may enter (mkdtemp: 0700).
  std::ofstream out(to, std::ios::binary);
  out << *content;
  out.close();
  if (!out) return Error{Errc::no_space, "cannot write " + to};
  return {};
}

}  // namespace

Result<LedgerCopy> LedgerCopy::make(const std::string& state_dir, const std::string& scratch_dir) {
  const std::string from = state_dir + "/ledger.db";
  struct stat ledger {};
  if (::stat(from.c_str(), &ledger) != 0 || ledger.st_size == 0) return Error{Errc::not_found, "there is no " + from};
  if (::mkdir(scratch_dir.c_str(), runtime_dir_mode) != 0 && errno != EEXIST) {
    return errno_error(errno, "cannot make " + scratch_dir);
  }
  std::string folder = scratch_dir + "/ledger-copy-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return errno_error(errno, "cannot make a folder in " + scratch_dir);
  LedgerCopy made(std::move(folder));
  if (auto done = copy(from, made.file()); !done) return done.error();
  struct stat log {};
  if (::stat((from + "-wal").c_str(), &log) == 0) {
    if (auto done = copy(from + "-wal", made.file() + "-wal"); !done) return done.error();
  }
  return made;
}

LedgerCopy::LedgerCopy(LedgerCopy&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}

LedgerCopy::~LedgerCopy() {
  if (folder_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace aura::store
