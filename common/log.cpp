#include "common/log.hpp"

#include <fmt/format.h>
#include <systemd/sd-journal.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <iterator>
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

Level& threshold() {
  static Level level = Level::info;
  return level;
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
  entries.reserve(fields.size() + 2);
  entries.push_back(fmt::format("PRIORITY={}", static_cast<int>(level)));
  entries.push_back(fmt::format("MESSAGE={}", message));
  for (const auto& [key, value] : fields) {
    if (!value.empty()) entries.push_back(fmt::format("{}={}", key, value));
  }
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
    if (value.empty()) continue;
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

}  // namespace

void set_level(Level level) { threshold() = level; }

void write(Level level, std::string_view message, Fields fields) {
  if (level > threshold()) return;
  static const Sink sink = choose_sink();
  if (sink == Sink::journal && write_journal(level, message, fields)) return;
  write_stderr(level, message, fields, sink == Sink::coloured);
}

}  // namespace aura::log
