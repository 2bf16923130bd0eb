#include "agent/host/usage.hpp"

#include "common/files.hpp"

#include <fmt/format.h>

#include <limits>
#include <set>
#include <string_view>

#include <sys/stat.h>

namespace aura::host {
namespace {

using ports::ContainerUsage;

constexpr std::size_t max_net_dev_bytes = 256 * 1024;
constexpr std::uint64_t ns_per_us = 1000;
// Version 1 tells "no limit" as the largest whole number of pages; nothing near that is a limit.
constexpr std::uint64_t no_limit_from_bytes = std::uint64_t{1} << 62;

std::uint64_t number(const std::optional<std::string>& text) { return text ? number_in(*text).value_or(0) : 0; }
std::uint64_t keyed(const std::optional<std::string>& text, std::string_view key) {
  return text ? keyed_number(*text, key).value_or(0) : 0;
}

// A sum of counters that are not to be believed blindly stays at the top.
void add(std::uint64_t& sum, std::uint64_t more) {
  const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - sum;
  sum += std::min(room, more);
}

// The next word, parted by spaces, cut off; "" at the end.
std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

// "253:0 rbytes=1 wbytes=2 rios=3 …"
void read_io_stat(std::string_view text, ContainerUsage& usage) {
  constexpr std::string_view read = "rbytes=", written = "wbytes=";
  while (!text.empty()) {
    std::string_view line = next_line(text);
    for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
      if (word.starts_with(read)) add(usage.block_read_bytes, number_in(word.substr(read.size())).value_or(0));
      if (word.starts_with(written)) add(usage.block_write_bytes, number_in(word.substr(written.size())).value_or(0));
    }
  }
}

// "253:0 Read 1", a line a device and kind
void read_service_bytes(std::string_view text, ContainerUsage& usage) {
  while (!text.empty()) {
    std::string_view line = next_line(text);
    next_word(line);
    const std::string_view kind = next_word(line);
    const std::uint64_t bytes = number_in(next_word(line)).value_or(0);
    if (kind == "Read") add(usage.block_read_bytes, bytes);
    if (kind == "Write") add(usage.block_write_bytes, bytes);
  }
}

void read_version_2(const Cgroup& cgroup, ContainerUsage& usage) {
  usage.memory_bytes = number(cgroup.read("memory.current"));
  usage.memory_limit_bytes = number(cgroup.read("memory.max"));  // "max": none
  usage.inactive_file_bytes = keyed(cgroup.read("memory.stat"), "inactive_file");
  usage.cpu_us = keyed(cgroup.read("cpu.stat"), "usage_usec");
  usage.pids = number(cgroup.read("pids.current"));
  if (const auto text = cgroup.read("io.stat")) read_io_stat(*text, usage);
}

// False: there is no such cgroup.
bool read_version_1(const Cgroup& cgroup, ContainerUsage& usage) {
  const auto memory = cgroup.read("memory", "memory.usage_in_bytes");
  const auto cpu = cgroup.read("cpuacct", "cpuacct.usage");
  if (!memory && !cpu) return false;
  usage.memory_bytes = number(memory);
  usage.memory_limit_bytes = number(cgroup.read("memory", "memory.limit_in_bytes"));
  usage.inactive_file_bytes = keyed(cgroup.read("memory", "memory.stat"), "total_inactive_file");
  usage.cpu_us = number(cpu) / ns_per_us;
  usage.pids = number(cgroup.read("pids", "pids.current"));
  auto block = cgroup.read("blkio", "blkio.throttle.io_service_bytes_recursive");
  if (!block) block = cgroup.read("blkio", "blkio.throttle.io_service_bytes");
  if (block) read_service_bytes(*block, usage);
  return true;
}

struct Interfaces {
  std::set<std::string, std::less<>> names;
  ContainerUsage::Network sum;
};

// Two lines of headings, then "  eth0: RECEIVED packets errs drop fifo frame compressed multicast TRANSMITTED …"
std::optional<Interfaces> interfaces_of(const std::string& file) {
  const auto content = read_file(file, max_net_dev_bytes);
  if (!content) return std::nullopt;
  constexpr int words_between = 7;
  Interfaces found;
  std::string_view text = *content;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view before = line.substr(0, colon);
    const std::string_view name = next_word(before);
    if (name.empty() || name == "lo") continue;
    found.names.emplace(name);
    line.remove_prefix(colon + 1);
    add(found.sum.receive_bytes, number_in(next_word(line)).value_or(0));
    for (int i = 0; i < words_between; ++i) next_word(line);
    add(found.sum.transmit_bytes, number_in(next_word(line)).value_or(0));
  }
  return found;
}

// With network = "host" the interfaces' counters are those of the whole machine.
std::optional<ContainerUsage::Network> network_of(const Roots& roots, int pid) {
  const std::string process = fmt::format("{}/{}", roots.proc, pid);
  const std::string self = roots.proc + "/self";
  const auto its = interfaces_of(process + "/net/dev");
  if (!its) return std::nullopt;
  struct stat its_space {
  }, our_space{};
  if (::stat((process + "/ns/net").c_str(), &its_space) == 0 && ::stat((self + "/ns/net").c_str(), &our_space) == 0) {
    const bool same = its_space.st_dev == our_space.st_dev && its_space.st_ino == our_space.st_ino;
    return same ? std::nullopt : std::optional(its->sum);
  }
  // Which namespace another's process is in takes CAP_SYS_PTRACE (namespaces(7)). A host that runs containers in
  // networks of their own has interfaces of other names.
  const auto ours = interfaces_of(self + "/net/dev");
  return !ours || ours->names == its->names ? std::nullopt : std::optional(its->sum);
}

}  // namespace

std::optional<ContainerUsage> usage(const Roots& roots, const std::string& container_id, int pid) {
  const Cgroup cgroup(roots, container_id, pid);
  ContainerUsage usage;
  if (cgroup.unified()) {
    read_version_2(cgroup, usage);
  } else if (!read_version_1(cgroup, usage)) {
    return std::nullopt;
  }
  if (usage.memory_limit_bytes >= no_limit_from_bytes) usage.memory_limit_bytes = 0;
  usage.oom_kills = oom_kills(cgroup).value_or(0);
  usage.working_set_bytes = usage.memory_bytes - std::min(usage.memory_bytes, usage.inactive_file_bytes);
  if (cgroup.pid_is_its()) usage.network = network_of(roots, pid);
  return usage;
}

}  // namespace aura::host
