#include "agent/controlplane/tailnet_hop.hpp"

#include "common/tailnet/address.hpp"
#include "common/tailnet/identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace aura::controlplane {
namespace {

constexpr std::chrono::milliseconds first_look_ms{tailnet::local_call_ms};

std::string listed(const std::vector<std::string>& tags) {
  std::string text;
  for (const std::string& tag : tags) text += (text.empty() ? "" : " or ") + tag;
  return text;
}

// Of a family that this node has itself; IPv4 first, as tailscaled lists them.
std::string reachable_address(const tailnet::Device& device, const tailnet::Device& self) {
  const auto is_v6 = [](const std::string& address) { return address.find(':') != std::string::npos; };
  for (const std::string& address : device.addresses) {
    const bool usable = std::any_of(self.addresses.begin(), self.addresses.end(),
                                    [&](const std::string& own) { return is_v6(own) == is_v6(address); });
    if (usable) return address;
  }
  return {};
}

}  // namespace

TailnetHop::TailnetHop(tailnet::Watch& watch, std::string host, std::vector<std::string> expect_tags,
                       std::string socks5, Stranger stranger)
    : watch_(watch),
      host_(std::move(host)),
      expect_tags_(std::move(expect_tags)),
      socks5_(std::move(socks5)),
      stranger_(std::move(stranger)) {}

Error TailnetHop::refused(std::string why) {
  vouched_.reset();
  if (std::exchange(told_, why) != why) stranger_(why);
  return {Errc::forbidden, std::move(why)};
}

ports::Async<tailnet::Device> TailnetHop::look_up() {
  if (watch_.status().state == tailnet::State::unknown) co_await watch_.changed(first_look_ms);
  const tailnet::State state = watch_.status().state;
  if (state != tailnet::State::running) {
    co_return Error{Errc::unavailable, fmt::format("tailscaled is {}: {}", tailnet::to_string(state), remedy(state))};
  }
  const BootMs now = boot_now();
  const std::uint64_t change = watch_.changes();
  if (found_ && found_at_change_ == change && now - found_at_ < device_life_ms) co_return *found_;
  auto device = co_await watch_.find(host_);
  if (!device) co_return device.error();
  found_ = *device;
  found_at_ = now;
  found_at_change_ = change;
  co_return std::move(*device);
}

ports::Async<Hop> TailnetHop::find() {
  auto device = co_await look_up();
  if (device) co_return co_await vouch(std::move(*device));
  found_.reset();
  vouched_.reset();
  co_return device.error();
}

ports::Async<Hop> TailnetHop::vouch(tailnet::Device device) {
  const tailnet::Status& status = watch_.status();
  Hop hop;
  hop.address = reachable_address(device, status.self);
  hop.device = device.id;
  if (!tailnet::is_tailnet_address(hop.address)) {
    co_return refused(
        fmt::format("{} has no address of the tailnet that this node could reach; nothing is sent", host_));
  }
  if (status.tun) {
    hop.from = status.self.addresses;
  } else {
    hop.socks5 = socks5_;
    if (socks5_.empty()) {
      co_return Error{Errc::invalid_argument,
                      "tailscaled is in userspace mode: set tailscale.socks5 to the address of its SOCKS5 server"};
    }
  }
  const auto identity = co_await watch_.whois(hop.address, 0);
  if (!identity) {
    vouched_.reset();
    co_return with_context(identity.error(), "nobody vouches for the control plane");
  }
  const tailnet::Device& who = identity->device;
  if (who.id != device.id || who.expired || who.shared || !tailnet::has_any_tag(who, expect_tags_)) {
    co_return refused(
        fmt::format("{} is {}, which is not a control plane of this tailnet ({}): nothing is sent, and "
                    "nothing it says is believed",
                    host_, tailnet::describe(who), "needs " + listed(expect_tags_)));
  }
  told_.clear();
  vouched_ = std::move(device);
  co_return hop;
}

}  // namespace aura::controlplane
