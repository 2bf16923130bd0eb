#include "common/tailnet/doors.hpp"

#include "common/log.hpp"
#include "common/tailnet/address.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace aura::tailnet {
namespace {

// A new IPv6 address cannot be bound until the kernel has made sure that it is nobody else's (RFC 4862 5.4).
constexpr std::chrono::seconds try_again{1};

std::set<std::string> wanted_addresses(const Status& status) {
  std::set<std::string> wanted;
  if (status.state != State::running || !status.tun) return wanted;
  for (const std::string& address : status.self.addresses) {
    if (is_tailnet_address(address)) wanted.insert(address);
  }
  return wanted;
}

}  // namespace

Doors::Doors(boost::asio::io_context& context, http::Server& server, Watch& watch, std::uint16_t port)
    : server_(server), watch_(watch), port_(port), again_(context) {}

void Doors::start() {
  watch_.on_change([this] { update(); });
  update();
}

void Doors::update() {
  const auto wanted = wanted_addresses(watch_.status());
  for (auto it = open_.begin(); it != open_.end();) {
    if (wanted.contains(*it)) {
      ++it;
      continue;
    }
    server_.close_tcp(*it, port_);
    log::notice("no longer listening on " + join(*it, port_));
    it = open_.erase(it);
  }
  std::string problem;
  for (const std::string& address : wanted) {
    if (open_.contains(address)) continue;
    const auto device = device_with(address);
    if (!device) {
      problem = fmt::format("no network device has {} yet", address);
      continue;
    }
    const auto port = server_.listen_tcp(address, port_, *device);
    if (!port) {
      problem = port.error().message;
      continue;
    }
    port_ = *port;
    open_.insert(address);
    log::notice(fmt::format("listening on {}, device {}", join(address, port_), *device));
  }
  if (!problem.empty() && problem != problem_) log::warning(problem);
  problem_ = std::move(problem);
  again_.cancel();
  if (problem_.empty()) return;
  again_.expires_after(try_again);
  again_.async_wait([this](const boost::system::error_code& error) {
    if (!error) update();
  });
}

std::string Doors::words() const {
  std::string text;
  for (const std::string& address : open_) text += (text.empty() ? "open on " : " and ") + join(address, port_);
  if (!problem_.empty()) text += (text.empty() ? "closed: " : "; ") + problem_;
  if (!text.empty()) return text;
  if (watch_.status().state == State::running && !watch_.status().tun) {
    return "closed: tailscaled is in userspace mode, set api.listen = \"127.0.0.1\"";
  }
  return "closed: tailscaled is " + std::string(to_string(watch_.status().state));
}

}  // namespace aura::tailnet
