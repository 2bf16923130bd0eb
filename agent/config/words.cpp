#include "agent/config/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstring>

#include <arpa/inet.h>

namespace aura::config {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

// capabilities(7), all of Linux 6.1.
constexpr std::array<std::string_view, 41> capabilities{"AUDIT_CONTROL",   "AUDIT_READ",   "AUDIT_WRITE",
                                                        "BLOCK_SUSPEND",   "BPF",          "CHECKPOINT_RESTORE",
                                                        "CHOWN",           "DAC_OVERRIDE", "DAC_READ_SEARCH",
                                                        "FOWNER",          "FSETID",       "IPC_LOCK",
                                                        "IPC_OWNER",       "KILL",         "LEASE",
                                                        "LINUX_IMMUTABLE", "MAC_ADMIN",    "MAC_OVERRIDE",
                                                        "MKNOD",           "NET_ADMIN",    "NET_BIND_SERVICE",
                                                        "NET_BROADCAST",   "NET_RAW",      "PERFMON",
                                                        "SETFCAP",         "SETGID",       "SETPCAP",
                                                        "SETUID",          "SYSLOG",       "SYS_ADMIN",
                                                        "SYS_BOOT",        "SYS_CHROOT",   "SYS_MODULE",
                                                        "SYS_NICE",        "SYS_PACCT",    "SYS_PTRACE",
                                                        "SYS_RAWIO",       "SYS_RESOURCE", "SYS_TIME",
                                                        "SYS_TTY_CONFIG",  "WAKE_ALARM"};

// SIGRTMIN+n and SIGRTMAX-n with n up to 30 (signal(7): 34 to 64).
bool is_realtime_signal(std::string_view name) {
  if (name == "RTMIN" || name == "RTMAX") return true;
  if (!name.starts_with("RTMIN+") && !name.starts_with("RTMAX-")) return false;
  return parse_whole(name.substr(6), 30).has_value();
}

}  // namespace

std::optional<std::int64_t> parse_whole(std::string_view text, std::int64_t max) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > max) return std::nullopt;
  return number;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    std::int64_t factor;
  };
  constexpr Unit units[] = {
      {"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}, {"TiB", 1LL << 40},    {"kB", 1000},
      {"KB", 1000},       {"MB", 1000000},    {"GB", 1000000000}, {"TB", 1000000000000}, {"B", 1}};
  constexpr std::int64_t max = 1LL << 60;
  std::int64_t factor = 1;
  for (const Unit& unit : units) {
    if (text.ends_with(unit.suffix)) {
      factor = unit.factor;
      text.remove_suffix(unit.suffix.size());
      break;
    }
  }
  const auto number = parse_whole(text, max / factor);
  if (!number) return std::nullopt;
  return *number * factor;
}

std::optional<std::string> normal_signal(std::string_view text) {
  std::string name = upper(text);
  if (name.starts_with("SIG")) name.erase(0, 3);
  if (is_realtime_signal(name)) return "SIG" + name;
  for (int number = 1; number < 32; ++number) {
    const char* known = sigabbrev_np(number);
    if (known != nullptr && name == known) return "SIG" + name;
  }
  return std::nullopt;
}

std::optional<std::string> normal_capability(std::string_view text) {
  std::string name = upper(text);
  if (name.starts_with("CAP_")) name.erase(0, 4);
  if (name == "ALL" || std::find(capabilities.begin(), capabilities.end(), name) != capabilities.end()) return name;
  return std::nullopt;
}

bool is_address(std::string_view text) {
  const std::string name(text);
  in6_addr address;
  return inet_pton(AF_INET, name.c_str(), &address) == 1 || inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

bool is_loopback_address(std::string_view text) {
  const std::string name(text);
  in_addr v4;
  if (inet_pton(AF_INET, name.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, name.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::optional<std::string> normal_path(std::string_view text) {
  if (text.empty() || text.front() != '/') return std::nullopt;
  std::string result;
  while (!text.empty()) {
    text.remove_prefix(1);
    const auto slash = text.find('/');
    const std::string_view part = text.substr(0, slash);
    if (part == "." || part == "..") return std::nullopt;
    if (!part.empty()) result.append("/").append(part);
    text = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  }
  return result.empty() ? "/" : result;
}

bool is_plain_name(std::string_view text) {
  if (text.empty() || text.size() > 128 || text == "." || text == "..") return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
}

std::string with_tenant(std::string_view text, std::string_view tenant) {
  constexpr std::string_view placeholder = "{tenant}";
  std::string result;
  for (auto at = text.find(placeholder); at != text.npos; at = text.find(placeholder)) {
    result.append(text.substr(0, at)).append(tenant);
    text.remove_prefix(at + placeholder.size());
  }
  return result.append(text);
}

bool is_credential_name(std::string_view text) { return is_plain_name(with_tenant(text, "t")); }

std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  std::size_t best_distance = 3;
  for (const std::string& candidate : known) {
    // Levenshtein's distance, one row at a time.
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j < row.size(); ++j) {
        const std::size_t above = row[j];
        row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (word[i - 1] == candidate[j - 1] ? 0U : 1U)});
        diagonal = above;
      }
    }
    if (row.back() < best_distance && row.back() * 2 < candidate.size()) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

std::string one_of(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += "\"" + words[i] + "\"";
  }
  return text;
}

}  // namespace aura::config
