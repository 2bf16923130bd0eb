// Notices that time did not go on as everybody here believes: a clock that was set, a host that was paused, a loop that
// stood still. Nothing of it is a workload's failure; all of it makes what was seen before doubtful.
//
// Three signs: the wall clock moved against CLOCK_BOOTTIME (asked when the kernel says that it was set, and every
// watch_every_ms); a timer of ours fired late (SIGSTOP, a hung disk, a host asleep); the wall clock fell behind the
// control plane's although nobody set it (a KVM guest that was paused sees it in neither of its clocks). Each is told
// as one event, then `look_anew` is called once. Wall times are compared here and shown; no deadline ever comes from
// them.
#pragma once

#include "agent/loops/parts.hpp"
#include "agent/loops/wakeup.hpp"

#include <functional>
#include <optional>

namespace aura::loops {

inline constexpr std::int64_t watch_every_ms = 20'000;
inline constexpr std::int64_t stall_told_ms = 5'000;         // a timer so late
inline constexpr std::int64_t wall_jump_told_ms = 2'000;     // slewing (adjtimex(2)) moves less in watch_every_ms
inline constexpr std::int64_t pause_told_ms = 5'000;         // replicas of a control plane may differ by less
inline constexpr std::int64_t longest_exchange_ms = 60'000;  // a reply that took longer tells nothing of clocks

class HostWatch {
 public:
  // clock_moved: time stamps from before are not comparable with those from now on.
  using LookAnew = std::function<void(bool clock_moved)>;
  HostWatch(Parts parts, LookAnew look_anew);

  // Ends only with the io_context.
  boost::asio::awaitable<void> run();

  // A reply of the control plane: its clock, in whole seconds (0: it told none), and when ours sent the question.
  void heard(WallMs server_time, WallMs asked_at);

  // Our wall clock minus the control plane's; nullopt before its first reply.
  std::optional<std::int64_t> clock_offset_ms() const { return offset_ms_; }

 private:
  // True if it moved.
  bool check_wall(const Now& now);

  Parts parts_;
  LookAnew look_anew_;
  Wakeup wall_set_;
  std::int64_t wall_minus_boot_ms_;
  std::optional<std::int64_t> offset_ms_;
  std::int64_t uncertain_ms_ = 0;  // of offset_ms_, both ways
};

}  // namespace aura::loops
