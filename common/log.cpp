#include "common/log.hpp"

#include "common/log_limit.hpp"
#include "common/time.hpp"

#include <fmt/format.h>
#include <systemd/sd-journal.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace aura::log {
namespace {

enum class Sink { journal, plain, coloured };

// JOURNAL_STREAM is "device:inode" of what systemd connected to stderr (systemd.exec(5)); a redirected stderr
// differs from it.
bool stderr_is_journal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  if (stream == nullptr) return false;
  struct stat status {};
  if (::fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

Sink choose_sink() {
  if (stderr_is_journal()) return Sink::journal;
  const char* const no_color = std::getenv("NO_COLOR");
  const bool colour_wanted = no_color == nullptr || *no_color == '\0';
  return colour_wanted && ::isatty(STDERR_FILENO) == 1 ? Sink::coloured : Sink::plain;
}

constexpr std::string_view message_id = "MESSAGE_ID";
constexpr std::int64_t left_out_told_after_ms = 60'000;

struct Settings {
  Level threshold = Level::info;
  std::vector<std::string> common;  // KEY=value
  MessageIds ids = nullptr;
  std::optional<LogLimit> limit;
};

Settings& settings() {
  static Settings settings;
  return settings;
}

std::int64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1'000LL + now.tv_nsec / 1'000'000;
}

std::string_view field(Fields fields, std::string_view wanted) {
  for (const auto& [key, value] : fields) {
    if (key == wanted) return value;
  }
  return {};
}

// "workload_exited, web" | "heartbeat.cpp:219": it stands in the sentence about what was left out.
std::string cause_of(Fields fields, const Where& where) {
  const std::string_view event = field(fields, "AURA_EVENT"), workload = field(fields, "AURA_WORKLOAD");
  if (!event.empty()) return workload.empty() ? std::string(event) : fmt::format("{}, {}", event, workload);
  std::string_view file = where.file_name();
  file = file.substr(file.rfind('/') + 1);
  return fmt::format("{}:{}", file, where.line());
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::error: return "error";
    case Level::warning: return "warning";
    case Level::notice: return "notice";
    case Level::info: return "info";
    case Level::debug: return "debug";
  }
  return "info";
}

std::string_view colour_of(Level level) {
  switch (level) {
    case Level::error: return "\x1b[31m";
    case Level::warning: return "\x1b[33m";
    case Level::notice: return "\x1b[1m";
    case Level::info: return "";
    case Level::debug: return "\x1b[2m";
  }
  return "";
}

// One line stays one line, and nothing from outside can move the cursor of a terminal.
void append_printable(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out.push_back(c);
    }
  }
}

bool write_journal(Level level, std::string_view message, Fields fields) {
  std::vector<std::string> entries;
  const std::vector<std::string>& common = settings().common;
  entries.reserve(fields.size() + common.size() + 3);
  entries.push_back(fmt::format("PRIORITY={}", static_cast<int>(level)));
  entries.push_back(fmt::format("MESSAGE={}", message));
  for (const auto& [key, value] : fields) {
    if (!value.empty()) entries.push_back(fmt::format("{}={}", key, value));
  }
  entries.insert(entries.end(), common.begin(), common.end());
  const MessageIds ids = field(fields, message_id).empty() ? settings().ids : nullptr;
  const std::string_view id = ids == nullptr ? std::string_view() : ids(field(fields, "AURA_EVENT"));
  if (!id.empty()) entries.push_back(fmt::format("{}={}", message_id, id));
  std::vector<iovec> parts;
  parts.reserve(entries.size());
  for (std::string& entry : entries) parts.push_back({entry.data(), entry.size()});
  return ::sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) == 0;
}

void write_stderr(Level level, std::string_view message, Fields fields, bool coloured) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  const std::string_view colour = coloured ? colour_of(level) : "";
  std::string line =
      fmt::format("{:02}:{:02}:{:02} {}{:<7}", parts.tm_hour, parts.tm_min, parts.tm_sec, colour, name_of(level));
  line += ' ';
  append_printable(line, message);
  for (const auto& [key, value] : fields) {
    if (value.empty() || key == message_id) continue;
    line += ' ';
    line += key;
    line += '=';
    append_printable(line, value);
  }
  if (!colour.empty()) line += "\x1b[0m";
  line += '\n';

  // A full or closed stderr must not stop the program; the rest of the line is lost then.
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void put(Level level, std::string_view message, Fields fields) {
  static const Sink sink = choose_sink();
  if (sink == Sink::journal && write_journal(level, message, fields)) return;
  write_stderr(level, message, fields, sink == Sink::coloured);
}

void tell_left_out(std::int64_t now, std::int64_t waited_ms) {
  if (!settings().limit) return;
  for (const auto& one : settings().limit->due(now, waited_ms)) {
    const std::string count = std::to_string(one.count);
    const std::string text = fmt::format("{} more entries like this were left out within {}: {}.", count,
                                         human_duration((now - one.since_ms) / 1000),
                                         one.cause.empty() ? std::string_view("of many causes") : one.cause);
    put(Level::notice, text, {{"AURA_EVENT", "log_limited"}, {"AURA_LEFT_OUT", count}});
  }
}

}  // namespace

void set_level(Level level) { settings().threshold = level; }

void set_common(Fields fields) {
  std::vector<std::string>& common = settings().common;
  common.clear();
  for (const auto& [key, value] : fields) {
    if (!value.empty()) common.push_back(fmt::format("{}={}", key, value));
  }
}

void set_message_ids(MessageIds ids) { settings().ids = ids; }

void limit(double burst, double per_hour) { settings().limit.emplace(burst, per_hour); }

void tell_left_out() { tell_left_out(now_ms(), 0); }

void write(Level level, std::string_view message, Fields fields, Where where) {
  if (level > settings().threshold) return;
  if (settings().limit) {
    const std::int64_t now = now_ms();
    tell_left_out(now, left_out_told_after_ms);
    if (!settings().limit->take(cause_of(fields, where), now)) return;
  }
  put(level, message, fields);
}

}  // namespace aura::log
