// The sign of life: regular, at once on news, and the way by which events and outcomes leave the node.
//
// Beats come every next_heartbeat_s the control plane dictates (10 % jitter), and 200 ms after news. Failures back
// off: exponential with full jitter from 1 s to 5 min, Retry-After where given, 1 to 5 min where the control plane
// does not know us. Nothing here ever touches a workload but through wanted and commands. A reply is written to the
// ledger only where it changes something.
#pragma once

#include "agent/loops/beat.hpp"
#include "agent/loops/commands.hpp"
#include "agent/loops/enrolment.hpp"
#include "agent/loops/parts.hpp"
#include "agent/loops/wakeup.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace aura::loops {

inline constexpr std::int64_t coalesce_ms = 200;
inline constexpr std::int64_t report_every_ms = 300'000;
inline constexpr std::int64_t retry_first_ms = 1'000;
inline constexpr std::int64_t retry_soon_ms = 1'000;  // after try_again()
inline constexpr std::int64_t retry_max_ms = 300'000;
inline constexpr std::int64_t unknown_to_control_first_ms = 60'000;  // after 401, 403, a stale epoch

class Heartbeat {
 public:
  struct Options {
    int first_interval_s = 60;  // until the control plane says otherwise
    std::string agent_version;
    bool start_recorded = true;   // false: this start is not in the ledger; epoch is sent as null
    bool ledger_readable = true;  // false: ledger_id is sent as null
    std::function<protocol::Report()> report;
    std::function<void(protocol::Report&)> add_usage;  // to a report that goes along; its figures are no news
    // Of each reply: the control plane's clock (0: none told), and when ours asked.
    std::function<void(WallMs server_time, WallMs asked_at)> clock_told;
  };
  Heartbeat(Parts parts, ports::ControlPlane& control, Enrolment& enrolment, CommandDesk& desk, Options options);

  boost::asio::awaitable<void> run();

  // Something may be news.
  void changed() {
    report_changed_ = true;
    wakeup_.notify();
  }
  // What kept us from asking may be over (the tailnet is back): ends a back-off that no answer caused, within a second.
  void try_again() { retry_.notify(); }
  // These could not be taken; the next beat says so, soon.
  void defer(std::vector<protocol::Deferred> deferred);

  // One more beat, at once; true once an answer to it has confirmed all there is to tell.
  boost::asio::awaitable<bool> say_last(BootMs deadline);

  // The control plane offers long polls, and we may take commands.
  bool long_poll() const { return long_poll_; }
  // Called when long_poll() becomes true.
  void on_long_poll(std::function<void()> listener) { on_long_poll_ = std::move(listener); }

  // When the control plane last answered well; before the first time, when this loop was made.
  BootMs silent_from() const { return heard_at_.value_or(made_at_); }

  // The control plane answers: the last beat was taken.
  bool heard_well() const { return heard_at_.has_value() && problem_.empty(); }
  // "ok, heard 12 s ago" | "away for 3 min: …" | "approval pending"
  std::string words() const;

 private:
  boost::asio::awaitable<std::optional<Error>> beat_once();
  boost::asio::awaitable<void> wait_for_next();
  boost::asio::awaitable<void> back_off(Error error);
  protocol::Heartbeat make_beat();
  void answered(const protocol::Heartbeat& beat, const protocol::HeartbeatReply& reply);
  void refused(const Error& error);
  void end_boot_wait();
  void take_reply(const protocol::HeartbeatReply& reply);
  bool news();

  Parts parts_;
  ports::ControlPlane& control_;
  Enrolment& enrolment_;
  CommandDesk& desk_;
  Options options_;
  Wakeup wakeup_, retry_;
  Broadcast beaten_;   // a beat was answered
  bool last_ = false;  // say_last() was asked for and no beat has gone out since
  std::function<void()> on_long_poll_;

  Told told_;
  std::vector<protocol::Deferred> deferred_;  // until a beat with them is answered
  std::uint64_t seq_ = 0;
  int interval_s_;
  std::uint32_t failures_ = 0;
  bool long_poll_ = false;
  bool hurried_ = false;          // it enrolled anew without a wait, and was not answered well since
  bool report_changed_ = false;   // since the last beat was made, perhaps
  bool events_stalled_ = false;   // the same events were not confirmed twice: no hurry with more
  std::uint64_t stalled_at_ = 0;  // the first of the events that were not confirmed; 0: they were
  std::optional<BootMs> heard_at_;
  BootMs away_since_ = 0;
  BootMs made_at_ = 0;
  std::string problem_;
};

}  // namespace aura::loops
