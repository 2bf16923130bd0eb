#include "agent/config/trusted_file.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aura::config {
namespace {

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string why(int error_number) { return std::strerror(error_number); }

// "" if nobody else may change it.
std::string untrusted(const struct stat& status, const char* what) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return fmt::format("is refused: the {} belongs to user {}, not to root: chown root it", what, status.st_uid);
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fmt::format("is refused: the {} may be written by group or others: chmod go-w it", what);
  }
  return "";
}

}  // namespace

TrustedRead read_trusted_file(const std::string& path, std::size_t max_bytes) {
  using Kind = TrustedRead::Kind;
  // O_NONBLOCK: a FIFO must not hold us up before it is seen to be none of ours.
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (fd.get() < 0) {
    if (errno == ENOENT) return {Kind::absent, "", ""};
    if (errno == ELOOP) return {Kind::refused, "", "is refused: it is a symlink: put the file itself here"};
    return {Kind::refused, "", fmt::format("cannot be opened: {}", why(errno))};
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return {Kind::refused, "", fmt::format("cannot be looked at: {}", why(errno))};
  if (!S_ISREG(status.st_mode)) return {Kind::refused, "", "is refused: it is no regular file: remove it"};
  if (std::string reason = untrusted(status, "file"); !reason.empty()) return {Kind::refused, "", std::move(reason)};
  std::string text;
  char buffer[16 * 1024];
  while (true) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {Kind::refused, "", fmt::format("cannot be read: {}", why(errno))};
    if (count == 0) return {Kind::read, std::move(text), ""};
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > max_bytes) {
      return {Kind::refused, "", fmt::format("is refused: it is longer than {} KiB: shorten it", max_bytes / 1024)};
    }
  }
}

TrustedListing list_trusted_folder(const std::string& dir) {
  using Kind = TrustedRead::Kind;
  const int fd = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return {Kind::absent, {}, ""};
    return {Kind::refused, {}, fmt::format("cannot be opened: {}", why(errno))};
  }
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    const int error_number = errno;
    ::close(fd);
    return {Kind::refused, {}, fmt::format("cannot be looked at: {}", why(error_number))};
  }
  if (std::string reason = untrusted(status, "folder"); !reason.empty()) {
    ::close(fd);
    return {Kind::refused, {}, std::move(reason)};
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), &::closedir);
  if (!stream) {
    ::close(fd);
    return {Kind::refused, {}, "cannot be read: out of memory"};
  }
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name(entry->d_name);
    if (!name.starts_with('.') && name.ends_with(".toml")) names.emplace_back(name);
  }
  if (errno != 0) return {Kind::refused, {}, fmt::format("cannot be read to its end: {}", why(errno))};
  std::sort(names.begin(), names.end());
  return {Kind::read, std::move(names), ""};
}

}  // namespace aura::config
