#include "agent/host/machine.hpp"

#include "common/files.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sys/statvfs.h>
#include <unistd.h>

namespace aura::host {
namespace {

constexpr std::size_t proc_bytes = 16 * 1024;

// What aura-node.service gives: a credential of that very name; one that was imported; a file of a folder that
// LoadCredential= or LoadCredentialEncrypted= names, to which systemd puts ID and "_" in front.
constexpr std::array<std::string_view, 4> credential_prefixes = {"", "aura-node.", "aura-node_",
                                                                 "aura-node-encrypted_"};

// "MemTotal:  16384 kB" -> bytes; 0 if the line is not there.
std::uint64_t meminfo_bytes(const std::string& text, std::string_view key) {
  const auto at = text.find(key);
  if (at == text.npos) return 0;
  return std::strtoull(text.c_str() + at + key.size(), nullptr, 10) * 1024;
}

}  // namespace

protocol::HostReport figures(const std::string& state_dir) {
  protocol::HostReport host;
  if (const auto load = read_file("/proc/loadavg", proc_bytes)) host.load1 = std::strtod(load->c_str(), nullptr);
  if (const auto memory = read_file("/proc/meminfo", proc_bytes)) {
    host.memory_bytes = meminfo_bytes(*memory, "MemTotal:");
    host.memory_available_bytes = meminfo_bytes(*memory, "MemAvailable:");
  }
  struct statvfs disk {};
  if (::statvfs(state_dir.c_str(), &disk) == 0) {
    host.disk_bytes = static_cast<std::uint64_t>(disk.f_blocks) * disk.f_frsize;
    host.disk_available_bytes = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  }
  host.cpus = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  return host;
}

std::optional<std::string> credential(const std::string& credentials_dir, const std::string& name) {
  if (credentials_dir.empty() || name.empty() || name.front() == '.' || name.find('/') != name.npos) return {};
  for (const std::string_view prefix : credential_prefixes) {
    auto content = read_file(fmt::format("{}/{}{}", credentials_dir, prefix, name), max_credential_bytes);
    if (!content) continue;
    if (!content->empty() && content->back() == '\n') content->pop_back();
    return std::move(*content);
  }
  return {};
}

}  // namespace aura::host
