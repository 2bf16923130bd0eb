// Brings commands to nodes' own APIs over the tailnet as soon as they can be delivered.
//
// One node's commands go one after another, in the order in which a poll gives them; at most max_pushes at a time.
// Before each, whois must still say that the address is the device that the node id is bound to; the address is
// pinned. What fails is no operator's business, since the long poll brings every command as well: it is counted, and
// logged seldom.
#pragma once

#include "common/http/client.hpp"
#include "common/rate_limit.hpp"
#include "common/tailnet/watch.hpp"
#include "control/api/plane.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace aura::control {

inline constexpr std::size_t max_pushes = 64;
inline constexpr long push_timeout_ms = 5'000;
inline constexpr std::uint16_t default_node_port = 9414;

class Push {
 public:
  struct Options {
    std::uint16_t node_port = default_node_port;
    std::string socks5;  // "ADDRESS:PORT" of tailscaled's proxy; needed in userspace mode
  };
  using Clock = std::function<Moment()>;
  // All must outlive this, and this the io_context's run.
  Push(boost::asio::io_context& context, Plane& plane, tailnet::Watch& watch, Options options, Clock clock);
  Push(const Push&) = delete;
  Push& operator=(const Push&) = delete;

  // A topic of the Plane; those that are not of commands are passed over. Only notes it: nothing is sent meanwhile.
  void wake(std::string_view topic);

  struct Counts {
    std::uint64_t sent = 0, taken = 0, failed = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  void begin();
  boost::asio::awaitable<void> run(std::string node_id);
  boost::asio::awaitable<bool> push_one(const std::string& node_id);
  boost::asio::awaitable<bool> is_still(const PushTarget& target, const std::string& node_id);
  void note_failure(const std::string& node_id, const std::string& why);

  boost::asio::io_context& context_;
  Plane& plane_;
  tailnet::Watch& watch_;
  const Options options_;
  Clock clock_;
  http::Client client_;
  std::set<std::string> waiting_, running_;  // node ids
  Counts counts_;
  RateLimit told_;
};

// What a node's answer to a push means. Pure.
PushResult result_of(int http_status);

}  // namespace aura::control
