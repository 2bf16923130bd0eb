// Waits at the control plane for commands, where it offers long polls; they take the same way in as all others.
#pragma once

#include "agent/loops/commands.hpp"
#include "agent/loops/heartbeat.hpp"
#include "agent/loops/parts.hpp"
#include "agent/loops/timed.hpp"
#include "agent/ports/control_plane.hpp"

#include <optional>

namespace aura::loops {

inline constexpr int poll_wait_s = 55;
inline constexpr std::int64_t empty_spacing_ms = 1'000;  // after an empty answer that came at once
inline constexpr std::int64_t poll_spacing_ms = 20;      // between two polls that were answered at once

class CommandListener {
 public:
  CommandListener(Parts parts, ports::ControlPlane& control, CommandDesk& desk, Heartbeat& heartbeat);

  boost::asio::awaitable<void> run();

  // A poll under way is asked anew at once: its connection may be dead without anybody having noticed.
  void reconnect() { poll_.break_off(); }

 private:
  boost::asio::awaitable<void> ask(std::optional<Result<protocol::PollReply>>& answer);
  boost::asio::awaitable<void> back_off(Error error);

  Parts parts_;
  ports::ControlPlane& control_;
  CommandDesk& desk_;
  Heartbeat& heartbeat_;
  Wakeup offered_;
  Breakable poll_;
  std::uint64_t cursor_ = 0;
  std::uint32_t failures_ = 0;
};

}  // namespace aura::loops
