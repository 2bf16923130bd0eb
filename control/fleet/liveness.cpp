#include "control/fleet/liveness.hpp"

#include <array>

namespace aura::control::fleet {
namespace {

constexpr std::array<std::string_view, 5> heard_words = {"never", "awaited", "ok", "suspect", "offline"};
constexpr std::int64_t ms_per_s = 1000;

}  // namespace

std::string_view to_string(Heard heard) { return heard_words[static_cast<std::size_t>(heard)]; }

std::optional<Heard> parse_heard(std::string_view text) {
  for (std::size_t place = 0; place < heard_words.size(); ++place) {
    if (heard_words[place] == text) return static_cast<Heard>(place);
  }
  return std::nullopt;
}

Liveness judge_liveness(const Hearing& hearing, std::int64_t started_mono_ms, std::int64_t now_mono_ms) {
  if (!hearing.ever) return {};
  const std::int64_t interval_ms = hearing.promised_s * ms_per_s;
  const std::int64_t since_ms = hearing.mono_ms.value_or(started_mono_ms);
  const std::int64_t suspect_at = since_ms + suspect_after_intervals * interval_ms;
  const std::int64_t offline_at = since_ms + offline_after_intervals * interval_ms;
  Liveness liveness;
  liveness.due_in_ms = since_ms + interval_ms - now_mono_ms;
  if (now_mono_ms >= offline_at) {
    liveness.heard = Heard::offline;
  } else if (now_mono_ms >= suspect_at) {
    liveness.heard = Heard::suspect;
    liveness.changes_at_ms = offline_at;
  } else {
    liveness.heard = hearing.mono_ms ? Heard::ok : Heard::awaited;
    liveness.changes_at_ms = suspect_at;
  }
  return liveness;
}

}  // namespace aura::control::fleet
