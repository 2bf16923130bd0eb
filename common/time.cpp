#include "common/time.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <ctime>
#include <limits>

#include <fcntl.h>
#include <unistd.h>

namespace aura {
namespace {

constexpr std::int64_t ms_per_s = 1000;
constexpr std::int64_t minute_s = 60;
constexpr std::int64_t hour_s = 60 * minute_s;
constexpr std::int64_t day_s = 24 * hour_s;

std::int64_t clock_ms(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * ms_per_s + now.tv_nsec / 1'000'000;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes exactly `digits` digits, at least `low` and at most `high`, from the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits, int low, int high) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  if (value < low || value > high) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// ".123456": milliseconds, further digits are dropped; 0 where there is no fraction.
std::optional<int> take_fraction_ms(std::string_view& text) {
  if (!take(text, '.')) return 0;
  int value = 0;
  std::size_t digits = 0;
  while (!text.empty() && is_digit(text.front())) {
    if (digits < 3) value = value * 10 + (text.front() - '0');
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 3; ++digits) value *= 10;
  return value;
}

// "Z" or "+02:00": seconds east of UTC.
std::optional<int> take_offset_s(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return 0;
  const bool east = take(text, '+');
  if (!east && !take(text, '-')) return std::nullopt;
  const auto hours = take_number(text, 2, 0, 23);
  if (!hours || !take(text, ':')) return std::nullopt;
  const auto minutes = take_number(text, 2, 0, 59);
  if (!minutes) return std::nullopt;
  const int offset_s = *hours * 3600 + *minutes * 60;
  return east ? offset_s : -offset_s;
}

}  // namespace

BootMs boot_now() { return clock_ms(CLOCK_BOOTTIME); }
WallMs wall_now() { return clock_ms(CLOCK_REALTIME); }

std::string read_boot_id() {
  const int fd = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  char buffer[64];
  const ssize_t size = ::read(fd, buffer, sizeof buffer);
  ::close(fd);
  std::string id(buffer, size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

std::string to_rfc3339(WallMs time) {
  // Floor, so that a moment before 1970 does not round into the next second.
  const std::int64_t second = time >= 0 ? time / ms_per_s : -((-time + ms_per_s - 1) / ms_per_s);
  const auto seconds = static_cast<std::time_t>(second);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::optional<WallMs> parse_rfc3339(std::string_view text) {
  std::tm parts{};
  const auto year = take_number(text, 4, 0, 9999);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2, 1, 12);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2, 1, 31);
  if (!day || !(take(text, 'T') || take(text, 't') || take(text, ' '))) return std::nullopt;
  const auto hour = take_number(text, 2, 0, 23);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2, 0, 59);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_number(text, 2, 0, 60);  // 60: a leap second
  if (!second) return std::nullopt;
  const auto fraction_ms = take_fraction_ms(text);
  if (!fraction_ms) return std::nullopt;
  const auto offset_s = take_offset_s(text);
  if (!offset_s || !text.empty()) return std::nullopt;

  parts.tm_year = *year - 1900;
  parts.tm_mon = *month - 1;
  parts.tm_mday = *day;
  parts.tm_hour = *hour;
  parts.tm_min = *minute;
  parts.tm_sec = *second;
  const std::time_t seconds = ::timegm(&parts);
  // timegm() turns a 31st of February into March; such a date is not one.
  if (parts.tm_mday != *day && *second != 60) return std::nullopt;
  return (static_cast<std::int64_t>(seconds) - *offset_s) * ms_per_s + *fraction_ms;
}

std::optional<std::int64_t> parse_duration_s(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || value < 0) return std::nullopt;
  std::int64_t unit_s = 1;
  if (rest != end) {
    if (rest + 1 != end) return std::nullopt;
    switch (*rest) {
      case 's': break;
      case 'm': unit_s = minute_s; break;
      case 'h': unit_s = hour_s; break;
      case 'd': unit_s = day_s; break;
      default: return std::nullopt;
    }
  }
  if (value > std::numeric_limits<std::int64_t>::max() / unit_s) return std::nullopt;
  return value * unit_s;
}

std::string human_duration(std::int64_t seconds) {
  if (seconds < 2 * minute_s) return fmt::format("{} s", seconds);
  if (seconds < 2 * hour_s) return fmt::format("{} min", seconds / minute_s);
  if (seconds < 2 * day_s) return fmt::format("{} h", seconds / hour_s);
  return fmt::format("{} d", seconds / day_s);
}

}  // namespace aura
