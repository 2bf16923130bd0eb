#include "agent/config/mount_check.hpp"

#include "agent/config/policy.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace aura::config {
namespace {

// Says which component is the symlink; also the whole check where openat2 is not to be had (a seccomp filter
// answers ENOSYS or EPERM). 0 and `at` of the component otherwise.
int walk(const std::string& source, std::string& at) {
  int parent = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (parent < 0) return errno;
  std::size_t from = 1;
  while (from < source.size()) {
    const auto slash = source.find('/', from);
    const auto end = slash == std::string::npos ? source.size() : slash;
    const std::string name = source.substr(from, end - from);
    at = source.substr(0, end);
    from = end + 1;
    if (name.empty()) continue;
    const int next = ::openat(parent, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    const int error_number = errno;
    ::close(parent);
    if (next < 0) return error_number;
    parent = next;
    struct stat status {};
    if (::fstat(parent, &status) == 0 && S_ISLNK(status.st_mode)) {
      ::close(parent);
      return ELOOP;
    }
  }
  ::close(parent);
  return 0;
}

int open_without_symlinks(const std::string& source) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  const long fd = ::syscall(SYS_openat2, AT_FDCWD, source.c_str(), &how, sizeof how);
  if (fd < 0) return errno;
  ::close(static_cast<int>(fd));
  return 0;
}

}  // namespace

std::optional<std::string> mount_problem(const std::string& source) {
  const int error_number = open_without_symlinks(source);
  if (error_number == 0) return std::nullopt;
  std::string at = source;
  const int found = walk(source, at);
  switch (found) {
    case 0:
      // The walk is the judge where openat2 is not available.
      if (error_number == ENOSYS || error_number == EPERM) return std::nullopt;
      return fmt::format("mount source {} changed while it was looked at: try again", source);
    case ELOOP:
      return fmt::format("mount source {} goes through the symlink {}: write the path that it leads to", source, at);
    case ENOENT: return fmt::format("mount source {} does not exist: create {}", source, at);
    case ENOTDIR:
      return fmt::format("mount source {} goes through {}, which is no folder: correct the path", source,
                         at.substr(0, at.rfind('/')));
    default:
      return fmt::format("mount source {} cannot be looked at: {}: make it accessible", source, std::strerror(found));
  }
}

std::optional<std::string> shared_mount_problem(const std::string& name, const reconcile::Mount& mount,
                                                const std::map<std::string, const reconcile::WorkloadSpec*>& others) {
  for (const auto& [other_name, other] : others) {
    if (other_name == name) continue;
    for (const reconcile::Mount& theirs : other->mounts) {
      if (theirs.read_only || !path_within(mount.source, theirs.source)) continue;
      if (mount.source != theirs.source) {
        return fmt::format("mount source {} lies inside {}, which workload {} may write: mount a folder outside it",
                           mount.source, theirs.source, other_name);
      }
      if (!mount.read_only) {
        return fmt::format(
            "mount source {} is mounted writable by workload {} too: give each a folder of its own, or "
            "make one read_only",
            mount.source, other_name);
      }
    }
  }
  return std::nullopt;
}

}  // namespace aura::config
