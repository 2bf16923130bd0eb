// Who is at the other end of a connection, by this machine's tailscaled: nodes by their device, operators by grant.
//
// Over the tailnet is what comes from a tailnet address, and, where tailscaled is in userspace mode, what comes from
// loopback through it. Nobody is believed whom it cannot vouch for now. A request that a trusted proxy passes on never
// has a tailnet identity.
#pragma once

#include "common/http/server.hpp"
#include "common/rate_limit.hpp"
#include "common/tailnet/watch.hpp"
#include "control/api/roles.hpp"
#include "control/fleet/records.hpp"

#include <boost/asio/awaitable.hpp>

#include <set>
#include <string>
#include <string_view>

namespace aura::control {

inline constexpr const char* default_capability = "aura.dev/cap/control";
inline constexpr double requests_per_second = 100;  // of one device
inline constexpr std::size_t max_peers_counted = 16'384;
inline constexpr std::size_t connections_per_peer = 8;

// Who sends a request, as far as the network tells. Empty: it did not come over the tailnet.
struct Caller {
  Sender sender;
  Operator granted;  // by the tailnet; without a grant its role is none
};

// What whois says of a peer, judged: 403 where it is not to be trusted whatever it is granted. Words of a grant that
// are no roles come back in `unknown`. Pure.
Answer<Caller> judge_peer(const tailnet::Identity& who, const tailnet::Device& self, const std::string& capability,
                          std::set<std::string>& unknown);

class TailnetPeers {
 public:
  struct Options {
    std::string capability = default_capability;
    std::string trusted_proxy;  // its address
  };
  // `watch` must outlive this.
  TailnetPeers(tailnet::Watch& watch, Options options);

  // 403: a peer that is not trusted; 503: tailscaled cannot tell who it is.
  boost::asio::awaitable<Answer<Caller>> recognise(const http::Peer& peer);

  // False: this device, or, where it is not known, this tailnet address, asks too often.
  bool in_time(const http::Peer& peer, const Answer<Caller>& caller);

  // For the server's door: a device's connections count together; operators and local peers may use the reserve.
  boost::asio::awaitable<std::optional<http::Admission>> admit(const http::Peer& peer);

  // Is this one of this device's tailnet names or addresses? `host` in lower case.
  bool is_own_name(std::string_view host) const;

 private:
  bool may_be_tailnet(const http::Peer& peer) const;
  bool knows_mode() const;
  void tell_unknown(const tailnet::Identity& who, const std::set<std::string>& words);

  tailnet::Watch& watch_;
  const Options options_;
  RateLimit requests_;
  std::set<std::string> told_;  // words that are no roles, each told once
};

}  // namespace aura::control
