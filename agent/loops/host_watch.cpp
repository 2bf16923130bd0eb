#include "agent/loops/host_watch.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <utility>

namespace aura::loops {
namespace asio = boost::asio;
namespace rec = reconcile::record;

namespace {

constexpr std::int64_t half_second_ms = 500;

void note(const Parts& parts, std::string kind, std::string text, const std::string& key, std::int64_t ms) {
  rec::Noted noted;
  noted.kind = std::move(kind);
  noted.severity = protocol::Severity::warning;
  noted.text = std::move(text);
  noted.data = {{key, std::to_string(ms)}};
  // A failure is logged by record(); what follows from it does not wait for the disk.
  static_cast<void>(record(parts, std::move(noted)));
}

}  // namespace

HostWatch::HostWatch(Parts parts, LookAnew look_anew) : parts_(std::move(parts)), look_anew_(std::move(look_anew)) {
  const Now now = parts_.clock.now();
  wall_minus_boot_ms_ = now.wall_ms - now.boot_ms;
  parts_.clock.on_wall_set([this] { wall_set_.notify(); });
}

asio::awaitable<void> HostWatch::run() {
  for (;;) {
    const BootMs due = parts_.clock.now().boot_ms + watch_every_ms;
    co_await wall_set_.wait(parts_.clock, due);
    const Now now = parts_.clock.now();
    const std::int64_t late_ms = now.boot_ms - due;
    const bool stood_still = late_ms >= stall_told_ms;
    if (stood_still) {
      note(parts_, "agent_stalled",
           fmt::format("The agent stood still for at least {}: the host slept, or gave it no time or no disk.",
                       human_duration(late_ms / 1000)),
           "for_ms", late_ms);
    }
    const bool moved = check_wall(now);
    if (stood_still || moved) look_anew_(moved);
  }
}

bool HostWatch::check_wall(const Now& now) {
  const std::int64_t wall_minus_boot_ms = now.wall_ms - now.boot_ms;
  const std::int64_t moved_ms = wall_minus_boot_ms - std::exchange(wall_minus_boot_ms_, wall_minus_boot_ms);
  if (offset_ms_) *offset_ms_ += moved_ms;
  if (std::abs(moved_ms) < wall_jump_told_ms) return false;
  note(parts_, "clock_jumped",
       fmt::format("The wall clock was set {} by {}; only displayed times change.", moved_ms > 0 ? "forward" : "back",
                   human_duration(std::abs(moved_ms) / 1000)),
       "by_ms", moved_ms);
  return true;
}

void HostWatch::heard(WallMs server_time, WallMs asked_at) {
  const Now now = parts_.clock.now();
  const std::int64_t took_ms = now.wall_ms - asked_at;
  // A clock that was set between question and reply makes their distance senseless.
  const bool moved = check_wall(now);
  if (moved) look_anew_(true);
  if (server_time == 0 || moved || took_ms < 0 || took_ms > longest_exchange_ms) return;
  const std::int64_t offset_ms = asked_at + took_ms / 2 - (server_time + half_second_ms);
  const std::int64_t uncertain_ms = took_ms / 2 + half_second_ms;
  const std::int64_t behind_ms = offset_ms_ ? *offset_ms_ - offset_ms : 0;
  const bool paused = behind_ms >= pause_told_ms + uncertain_ms + uncertain_ms_;
  offset_ms_ = offset_ms;
  uncertain_ms_ = uncertain_ms;
  if (!paused) return;
  note(parts_, "host_paused",
       fmt::format("The host was paused for about {}: its clock fell behind the control plane's, and nobody set it.",
                   human_duration(behind_ms / 1000)),
       "for_ms", behind_ms);
  look_anew_(false);
}

}  // namespace aura::loops
