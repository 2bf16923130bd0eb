// Keeps an HTTP server's listeners on this device's tailnet addresses, and nowhere else.
//
// Bound to the address and to the network device that has it (SO_BINDTODEVICE, socket(7); no privilege is needed for a
// socket that is not bound yet, Linux 5.7): a neighbour on the LAN with a route, or a container, could reach the
// address alone. With tailscaled not running, or in userspace mode, there is no listener. A listener whose address is
// gone is closed with its connections.
#pragma once

#include "common/http/server.hpp"
#include "common/tailnet/watch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <set>
#include <string>

namespace aura::tailnet {

class Doors {
 public:
  // port 0: any free one, of the first address. All outlive this.
  Doors(boost::asio::io_context& context, http::Server& server, Watch& watch, std::uint16_t port);

  // Follows the watch from now on.
  void start();

  // "open on 100.64.0.2:9414 and [fd7a:…]:9414", "closed: …".
  std::string words() const;
  const std::set<std::string>& open() const { return open_; }

 private:
  void update();

  http::Server& server_;
  Watch& watch_;
  std::uint16_t port_;
  std::set<std::string> open_;  // addresses
  std::string problem_;         // of those that should be open
  boost::asio::steady_timer again_;
};

}  // namespace aura::tailnet
