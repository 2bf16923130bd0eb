// Who a peer on TCP is, by tailscaled's word, and what the tailnet grants it here.
//
// A peer may do the verbs of the capability in all grants that hold for it, or, with one of `allow_tags`, every verb.
// Nobody is trusted whom tailscaled cannot vouch for now. What is refused, and what a grant says that is not
// understood, becomes an event, seldom enough that nobody can fill the outbox with it.
#pragma once

#include "agent/api/access.hpp"
#include "agent/reconcile/record.hpp"
#include "common/rate_limit.hpp"
#include "common/tailnet/watch.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aura::api {

inline constexpr std::int64_t look_again_ms = 10'000;    // at the right of who reads a stream
inline constexpr std::int64_t stream_life_ms = 600'000;  // then its reader connects anew
inline constexpr double requests_per_second = 100;       // of one peer
inline constexpr std::size_t max_peers_counted = 256;

// A peer that was looked at. Without a caller it is served nothing, or `/health` alone.
struct Recognised {
  std::optional<Caller> caller;
  bool health = false;  // without a caller: /health is served nevertheless
  int status = 403;     // without a caller: of the refusal
  std::string why;      // likewise, one sentence
};

class TailnetAccess {
 public:
  struct Options {
    std::string capability;                 // "aura.dev/cap/node"
    std::vector<std::string> allow_tags;    // these may do everything
    std::vector<std::string> control_tags;  // these are the control plane: they may say who ordered, and generations
  };
  using Note = std::function<void(reconcile::record::Noted)>;
  // `watch` outlives this.
  TailnetAccess(tailnet::Watch& watch, Options options, Note note);

  boost::asio::awaitable<Recognised> recognise(const http::Peer& peer);

  // For the server's door: a peer's connections count together, and one with any grant may use the reserve.
  boost::asio::awaitable<std::optional<http::Admission>> admit(const http::Peer& peer);

  // False: this peer asks too often (requests_per_second).
  bool in_time(const http::Peer& peer, const Recognised& who);

  // Tells of a refusal: `what` was asked for ("the verb \"stop\"").
  void tell_refused(const http::Peer& peer, const Recognised& who, const std::string& what);

  // This device's names and addresses in the tailnet, lower case.
  std::vector<std::string> own_names() const;

  // Completes when somebody's right may have changed, at the latest after look_again_ms.
  boost::asio::awaitable<void> changed();

 private:
  Recognised judge(const tailnet::Identity& identity);
  void tell_unknown(const tailnet::Identity& identity, const std::set<std::string>& words, bool unreadable);

  tailnet::Watch& watch_;
  Options options_;
  Note note_;
  RateLimit requests_, refusals_told_, unknown_told_;
};

}  // namespace aura::api
