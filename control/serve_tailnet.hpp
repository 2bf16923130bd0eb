// The tailnet's part of `aura-control serve`: who calls, listeners that follow the tailnet, commands pushed to nodes.
#pragma once

#include "common/http/client.hpp"
#include "common/http/server.hpp"
#include "common/tailnet/doors.hpp"
#include "common/tailnet/watch.hpp"
#include "control/api/push.hpp"
#include "control/api/tailnet_peers.hpp"
#include "control/config.hpp"

#include <boost/asio/io_context.hpp>

#include <list>
#include <optional>
#include <string_view>

namespace aura::control {

class TailnetSide {
 public:
  // Begins to follow tailscaled. Must outlive the io_context's run.
  TailnetSide(boost::asio::io_context& context, const Config& config);

  TailnetPeers& peers() { return peers_; }
  tailnet::Watch& watch() { return watch_; }

  // From now on listens on this device's tailnet addresses.
  void open(http::Server& server, std::uint16_t port);

  // From now on pushes what `plane` can deliver; until then topics are passed over.
  void push_for(Plane& plane, Push::Clock clock);
  void wake(std::string_view topic);

 private:
  boost::asio::io_context& context_;
  http::Client client_;  // for tailscaled
  tailnet::Watch watch_;
  TailnetPeers peers_;
  Push::Options push_options_;
  std::optional<Push> push_;
  std::list<tailnet::Doors> doors_;  // their places do not move
};

}  // namespace aura::control
