// tailscaled's LocalAPI over its Unix socket, the few verbs that are used here.
//
// Any local user may read (ipn/ipnserver, Permissions). A request that comes before tailscaled is up waits there, so
// every call has a deadline. Errors: unavailable (nobody listens), forbidden (the socket may not be opened), timeout,
// bad_reply (not what tailscaled says), not_found (whois: the address is nobody's), too_large.
#pragma once

#include "common/error.hpp"
#include "common/http/client.hpp"
#include "common/tailnet/facts.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace aura::tailnet {

inline constexpr long local_call_ms = 3'000;
inline constexpr long bus_life_ms = 300'000;  // then the stream is opened anew: a gap, as any other

class LocalApi {
 public:
  // The client must outlive this.
  LocalApi(http::Client& client, std::string socket);

  boost::asio::awaitable<Result<Status>> status();

  // By MagicDNS name, its first label, or literal address; not_found: the tailnet shows no such device.
  boost::asio::awaitable<Result<Device>> find(std::string name);

  // Port 0: whose address it is. Else: who is behind that TCP connection, which userspace networking needs.
  boost::asio::awaitable<Result<Identity>> whois(std::string address, std::uint16_t port);

  // Calls `changed` for each message of the bus until it ends, which it does at the latest after bus_life_ms. What a
  // message says is not looked at: its form is not stable, it only says that something may be different.
  boost::asio::awaitable<Result<void>> watch(std::function<void()> changed);

  const std::string& socket() const { return socket_; }

 private:
  boost::asio::awaitable<Result<http::Response>> get(std::string path, std::size_t max_body_bytes);
  Error told_apart(Error error) const;

  http::Client& client_;
  const std::string socket_;
};

}  // namespace aura::tailnet
