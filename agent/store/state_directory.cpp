#include "agent/store/state_directory.hpp"

#include "common/fault_point.hpp"
#include "common/files.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aura::store {
namespace {

constexpr mode_t private_directory = 0700;
constexpr mode_t private_file = 0600;
constexpr mode_t readable_file = 0644;
constexpr std::size_t max_pid_bytes = 32;
constexpr std::string_view marker_text =
    "This node is suspended while this file is named \"suspended\". aura-node keeps it; resume the node instead of "
    "removing it.\n";

std::string user_name() {
  const passwd* user = ::getpwuid(::geteuid());
  return user != nullptr ? user->pw_name : fmt::format("uid {}", ::geteuid());
}

Error explained(const Error& error, const std::string& directory) {
  std::string remedy;
  if (error.code == Errc::forbidden || error.code == Errc::not_found) {
    remedy = fmt::format(": the directory must be writable by user {}", user_name());
  } else if (error.code == Errc::read_only) {
    remedy = fmt::format(
        ": its file system is read-only; remount it writable, the directory must be writable by user {}", user_name());
  } else if (error.code == Errc::no_space) {
    remedy = ": the disk is full; free some space";
  } else if (error.code == Errc::corrupt) {
    remedy = ": to begin with a new ledger, stop aura-node and move ledger.db and ledger.db-wal away";
  }
  return Error{error.code == Errc::not_found ? Errc::forbidden : error.code,
               fmt::format("state directory {}: {}{}", directory, error.message, remedy)};
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string spare_path(const std::string& directory) { return directory + "/suspended.spare"; }

Result<void> rename_durably(const std::string& from, const std::string& to, const std::string& directory) {
  if (::rename(from.c_str(), to.c_str()) != 0) return errno_error(errno, fmt::format("cannot rename {}", from));
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno_error(errno, fmt::format("cannot open {}", directory));
  const int synced = ::fsync(fd);
  const int error_number = errno;
  ::close(fd);
  if (synced != 0) return errno_error(error_number, fmt::format("cannot sync {}", directory));
  return {};
}

// The pid is for people: a full disk that cannot take it is no reason to stop.
void write_pid(int fd) {
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) == 0 && ::pwrite(fd, pid.data(), pid.size(), 0) < 0) static_cast<void>(::ftruncate(fd, 0));
}

Error locked_by_other(const std::string& directory, const std::string& file) {
  auto pid = read_file(file, max_pid_bytes);
  std::string who = pid ? *pid : "";
  while (!who.empty() && who.back() == '\n') who.pop_back();
  return Error{Errc::locked, fmt::format("state directory {} is in use by another aura-node{}", directory,
                                         who.empty() ? "" : fmt::format(" (pid {})", who))};
}

Result<void> make_directory(const std::string& path) {
  std::error_code failure;
  const auto parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, failure);
  // A parent that could not be made shows in mkdir's own error.
  if (::mkdir(path.c_str(), private_directory) == 0 || errno == EEXIST) return {};
  return errno_error(errno, "cannot make it");
}

}  // namespace

std::string suspended_marker_path(const std::string& state_dir) { return state_dir + "/suspended"; }

Result<StateDirectory> StateDirectory::open(const std::string& path) {
  if (auto made = make_directory(path); !made) return explained(made.error(), path);
  const std::string file = path + "/lock";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, private_file);
  if (fd < 0) return explained(errno_error(errno, fmt::format("cannot open {}", file)), path);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error_number = errno;
    ::close(fd);
    if (error_number == EWOULDBLOCK) return locked_by_other(path, file);
    return explained(errno_error(error_number, fmt::format("cannot lock {}", file)), path);
  }
  write_pid(fd);
  return StateDirectory(path, fd);
}

StateDirectory::StateDirectory(StateDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

StateDirectory::~StateDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

Result<std::string> StateDirectory::ledger_file() const {
  const std::string file = path_ + "/ledger.db";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, private_file);
  if (fd < 0) return explain(errno_error(errno, fmt::format("cannot open {}", file)));
  struct stat ledger {
  }, log{};
  const bool emptied =
      ::fstat(fd, &ledger) == 0 && ledger.st_size == 0 && ::stat((file + "-wal").c_str(), &log) == 0 && log.st_size > 0;
  ::close(fd);
  // A log without its database: somebody truncated the file, and a new ledger would forget what it decided.
  if (emptied) return explain(Error{Errc::corrupt, fmt::format("{} is empty beside its log", file)});
  return file;
}

bool StateDirectory::marked_suspended() const { return exists(suspended_marker_path(path_)); }

Result<void> StateDirectory::mark_suspended() const {
  const std::string marker = suspended_marker_path(path_);
  fault_point("marker.before.set");
  auto marked = exists(spare_path(path_)) ? rename_durably(spare_path(path_), marker, path_)
                                          : write_file_durably(marker, marker_text, readable_file);
  fault_point("marker.after.set");
  return marked;
}

Result<void> StateDirectory::unmark_suspended() const {
  if (!marked_suspended()) return {};
  fault_point("marker.before.remove");
  auto removed = rename_durably(suspended_marker_path(path_), spare_path(path_), path_);
  fault_point("marker.after.remove");
  return removed;
}

Result<void> StateDirectory::prepare_marker() const {
  if (marked_suspended() || exists(spare_path(path_))) return {};
  return write_file_durably(spare_path(path_), marker_text, readable_file);
}

Error StateDirectory::explain(const Error& error) const { return explained(error, path_); }

Result<void> StateDirectory::note_schema(std::int64_t version) const {
  const std::string file = path_ + "/schema", text = fmt::format("{}\n", version);
  const auto there = read_file(file, max_pid_bytes);
  if (there && *there == text) return {};
  return write_file_durably(file, text, private_file);
}

}  // namespace aura::store
