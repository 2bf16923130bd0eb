// ports::ControlPlane over HTTP, as docs/protocol.md says (clauses P1 and P2).
//
// Every call has a deadline and reads at most 1 MiB of reply. 401 -> unauthorized, 403 -> forbidden, 409 ->
// conflict with message "CODE …" ("stale_epoch 17"), 429 and 503 -> rate_limited with retry_after_s, 413 ->
// too_large, any other status -> unavailable; a 2xx body that is not the protocol's -> bad_reply. The node key goes
// into the Authorization header and nowhere else.
#pragma once

#include "agent/ports/control_plane.hpp"
#include "common/http/client.hpp"

#include <functional>
#include <string>
#include <vector>

namespace aura::controlplane {

inline constexpr long call_timeout_ms = 20'000;
inline constexpr long poll_slack_ms = 10'000;       // beyond wait_s of a long poll
inline constexpr int longest_retry_after_s = 3600;  // a longer wish is cut to this

// Where the control plane is at this moment, known to be it.
struct Hop {
  std::string address;  // literal; "": as the URL's host resolves
  std::string socks5;   // proxy on the way there; "": none
  std::string device;   // stable node id
  // Our own addresses one of which the connection must come from; empty: any.
  std::vector<std::string> from;
  bool operator==(const Hop&) const = default;
};
// Finds and vouches for it; an error means that nothing is sent. Asked before every call and again before its reply is
// believed.
using FindHop = std::function<ports::Async<Hop>()>;

class HttpControlPlane final : public ports::ControlPlane {
 public:
  // `url`: scheme and authority, a trailing slash is fine. The client must outlive this.
  // Without `find_hop` the URL is called as it is.
  HttpControlPlane(http::Client& client, std::string url, std::string node_id, FindHop find_hop = {});

  ports::Async<protocol::EnrollReply> enroll(const protocol::EnrollRequest& request) override;
  void use_key(const std::string& node_key) override;
  ports::Async<protocol::HeartbeatReply> heartbeat(const protocol::Heartbeat& beat) override;
  ports::Async<protocol::PollReply> poll(std::uint64_t cursor, int wait_s) override;

 private:
  ports::Async<http::Response> send(http::Call what);
  http::Call call(std::string method, const std::string& path, std::string body, long timeout_ms) const;

  http::Client& client_;
  std::string url_, node_id_;
  std::string bearer_;
  FindHop find_hop_;
};

}  // namespace aura::controlplane
