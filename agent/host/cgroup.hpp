// The cgroup of a Docker container: where it is, and its small files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::host {

struct Roots {  // of the kernel's file systems; a test has its own
  std::string cgroup = "/sys/fs/cgroup";
  std::string proc = "/proc";
};

// A container's cgroup, of version 2 (one folder, Documentation/admin-guide/cgroup-v2.rst) or of version 1 (one folder
// a controller, Documentation/admin-guide/cgroup-v1/). It is where /proc/PID/cgroup (cgroups(7)) says, which holds
// under any cgroup parent; a pid that is another process's by now is noticed, because the path names the container.
// Without a pid, or where that says nothing, it is where Docker's drivers systemd and cgroupfs put it by default.
// Looked for in the constructor; files are read anew each time.
class Cgroup {
 public:
  // `pid` 0: not known. A `container_id` that is not of hexadecimal digits is nowhere.
  Cgroup(const Roots& roots, const std::string& container_id, int pid);

  bool unified() const { return !unified_.empty(); }  // version 2
  // /proc/PID/cgroup says that this pid is the container's, so the rest of /proc/PID is, too.
  bool pid_is_its() const { return pid_is_its_; }

  // A file of version 2, or of a controller of version 1; nullopt: no such cgroup or file, or one beyond
  // max_cgroup_file_bytes.
  std::optional<std::string> read(std::string_view file) const;
  std::optional<std::string> read(std::string_view controller, std::string_view file) const;

 private:
  void ask_process(int pid);
  // Where it may be below the root of version 2 (controller "") or of a controller, the surest place first.
  std::vector<std::string> places(std::string_view controller) const;

  const Roots roots_;
  const std::string id_;
  std::string unified_;  // folder; "": not version 2
  std::map<std::string, std::string, std::less<>>
      told_;  // by controller ("": version 2), the path /proc/PID/cgroup told
  bool pid_is_its_ = false;
};

inline constexpr std::size_t max_cgroup_file_bytes = 256 * 1024;  // io.stat of a thousand disks and partitions

// The whole of `text` up to a line's end as a number; nullopt: it is none.
std::optional<std::uint64_t> number_in(std::string_view text);
// Of lines "KEY VALUE": the value of the first with this key and a number.
std::optional<std::uint64_t> keyed_number(std::string_view text, std::string_view key);
// Cuts the first line off, without its end.
std::string_view next_line(std::string_view& text);

// How many processes in the cgroup of a running container the kernel has killed for want of memory, since the
// container's start: oom_kill of memory.events, or of memory.oom_control of version 1 (since Linux 4.13). nullopt: it
// is not there, or does not say.
std::optional<std::uint64_t> oom_kills(const Roots& roots, const std::string& container_id, int pid);
std::optional<std::uint64_t> oom_kills(const Cgroup& cgroup);

}  // namespace aura::host
