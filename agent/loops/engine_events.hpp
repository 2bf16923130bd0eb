// Keeps Docker's event stream open and tells the others what it says; events only wake, they decide nothing.
//
// On every connect and every break everything is looked at anew. While Docker is away it is asked again after
// 100 ms, doubling to 5 s with jitter, and at once when its socket appears. It is not asked while systemd says that
// somebody stopped docker.service on purpose.
#pragma once

#include "agent/loops/act.hpp"
#include "agent/loops/observer.hpp"
#include "agent/loops/parts.hpp"
#include "agent/loops/socket_watch.hpp"
#include "agent/loops/supervisor.hpp"
#include "agent/loops/timed.hpp"

#include <optional>
#include <string>

namespace aura::loops {

inline constexpr std::int64_t reconnect_first_ms = 100;
inline constexpr std::int64_t reconnect_max_ms = 5'000;
inline constexpr std::int64_t overlap_ns = 5'000'000'000;  // events asked for again after a break

class EngineEvents {
 public:
  // `socket`: path of Docker's socket, "" where there is none to watch.
  EngineEvents(Parts parts, Observer& observer, Actor& actor, Supervisor& supervisor, const std::string& socket);

  boost::asio::awaitable<void> run();

  // The stream is closed and opened again at once: something of ours, or all of the host, stood still meanwhile.
  // clock_moved: Docker's time stamps from before mean nothing any more.
  void reconnect(bool clock_moved);

  // "20.10.24 (API 1.41)"; "" before the first answer.
  const std::string& version() const { return version_; }

 private:
  boost::asio::awaitable<void> follow();
  boost::asio::awaitable<void> listen(bool& was_up, std::optional<Error>& error);
  boost::asio::awaitable<void> pause();
  boost::asio::awaitable<void> learn_config();
  void heard(const ports::EngineEvent& event);

  Parts parts_;
  Observer& observer_;
  Actor& actor_;
  Supervisor& supervisor_;
  Wakeup socket_back_;
  Breakable stream_;
  bool broken_off_ = false;
  SocketWatch watch_;
  std::string version_;
  std::int64_t last_ns_ = 0;
  std::int64_t backoff_ms_ = reconnect_first_ms;
};

}  // namespace aura::loops
