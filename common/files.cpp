#include "common/files.hpp"

#include "common/ids.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aura {
namespace {

constexpr std::size_t read_chunk = 16 * 1024;  // bytes

// Closes a descriptor at the end of a scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> sync_folder(const std::string& folder) {
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return errno_error(errno, fmt::format("cannot open {}", folder));
  if (::fsync(directory.get()) != 0) return errno_error(errno, fmt::format("cannot sync {}", folder));
  return {};
}

Result<void> write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno_error(errno, fmt::format("cannot write {}", path));
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> write_temporary(const std::string& path, std::string_view content, mode_t mode) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return errno_error(errno, fmt::format("cannot create {}", path));
  if (auto written = write_all(file.get(), content, path); !written) return written;
  // fchmod, because open()'s mode is cut by the umask.
  if (::fchmod(file.get(), mode) != 0) return errno_error(errno, fmt::format("cannot set the mode of {}", path));
  if (::fsync(file.get()) != 0) return errno_error(errno, fmt::format("cannot sync {}", path));
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.valid()) return errno_error(errno, fmt::format("cannot open {}", path));
  std::string content;
  while (true) {
    const std::size_t had = content.size();
    content.resize(had + read_chunk);
    const ssize_t got = ::read(file.get(), content.data() + had, read_chunk);
    const int error_number = errno;
    content.resize(had + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got < 0) {
      if (error_number == EINTR) continue;
      return errno_error(error_number, fmt::format("cannot read {}", path));
    }
    if (content.size() > max_bytes) {
      return Error{Errc::too_large, fmt::format("{} is larger than {} bytes", path, max_bytes)};
    }
    if (got == 0) return content;
  }
}

Result<void> write_file_durably(const std::string& path, std::string_view content, mode_t mode) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, random_hex(6));
  Result<void> result = write_temporary(temporary, content, mode);
  if (result && ::rename(temporary.c_str(), path.c_str()) != 0) {
    result = errno_error(errno, fmt::format("cannot rename to {}", path));
  }
  if (!result) {
    ::unlink(temporary.c_str());
    return result;
  }
  return sync_folder(folder_of(path));
}

Result<void> remove_file_durably(const std::string& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return errno_error(errno, fmt::format("cannot remove {}", path));
  }
  return sync_folder(folder_of(path));
}

}  // namespace aura
