#include "control/serve_tailnet.hpp"

#include "common/log.hpp"

#include <utility>

namespace aura::control {
namespace {

// A fleet asks: many devices, and after a start all of them at once.
constexpr tailnet::WatchLimits fleet_limits{65'536, 256};
constexpr long kept_connections = 32;  // to tailscaled

}  // namespace

TailnetSide::TailnetSide(boost::asio::io_context& context, const Config& config)
    : context_(context),
      client_(context, kept_connections),
      watch_(context, client_, config.tailscale_socket.value_or(default_tailscale_socket), fleet_limits),
      peers_(watch_, {config.capability, config.trusted_proxy}),
      push_options_{static_cast<std::uint16_t>(config.node_port), config.socks5} {
  watch_.start();
}

void TailnetSide::open(http::Server& server, std::uint16_t port) {
  doors_.emplace_back(context_, server, watch_, port).start();
  watch_.on_change([this, told = std::string(), &door = doors_.back()]() mutable {
    const bool userspace = watch_.status().state == tailnet::State::running && !watch_.status().tun;
    std::string words = userspace ? "closed: tailscaled is in userspace mode, listen on 127.0.0.1" : door.words();
    // What it opens and closes it tells itself.
    if (words != std::exchange(told, words) && door.open().empty()) log::notice("the tailnet listener is " + words);
  });
}

void TailnetSide::push_for(Plane& plane, Push::Clock clock) {
  push_.emplace(context_, plane, watch_, push_options_, std::move(clock));
}

void TailnetSide::wake(std::string_view topic) {
  if (push_) push_->wake(topic);
}

}  // namespace aura::control
