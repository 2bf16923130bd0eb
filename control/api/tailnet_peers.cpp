#include "control/api/tailnet_peers.hpp"

#include "common/log.hpp"
#include "common/tailnet/address.hpp"
#include "common/tailnet/identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace aura::control {
namespace asio = boost::asio;
namespace {

constexpr std::size_t max_actor_bytes = 200;
constexpr std::size_t max_told_words = 100;
constexpr std::size_t max_word_bytes = 64;
constexpr int ask_again_s = 2;
constexpr std::chrono::milliseconds first_answer{1'000};  // so long the first question to tailscaled may take

// The tailnet's names are for people: nothing in them may end a line or steer a terminal.
std::string one_line(const std::string& text, std::size_t max_bytes) {
  std::string out = text.substr(0, max_bytes);
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return out;
}

std::string name_of(const tailnet::Identity& who) {
  const tailnet::Device& device = who.device;
  if (device.tags.empty() && !who.login.empty()) return one_line(who.login, max_actor_bytes);
  return one_line(device.name.empty() ? device.id : device.short_name(), max_actor_bytes);
}

std::string address_of(const tailnet::Device& device) {
  const auto found = std::find_if(device.addresses.begin(), device.addresses.end(), tailnet::is_tailnet_address);
  return found == device.addresses.end() ? std::string() : *found;
}

}  // namespace

Answer<Caller> judge_peer(const tailnet::Identity& who, const tailnet::Device& self, const std::string& capability,
                          std::set<std::string>& unknown) {
  if (who.device.id == self.id && !self.id.empty()) {
    return Problem{403, "peer_refused", "this is the control plane's own machine: ask it over loopback"};
  }
  const std::string objection = tailnet::objection(who.device, self);
  if (!objection.empty()) return Problem{403, "peer_refused", objection};
  Caller caller;
  caller.sender.device = who.device.id;
  caller.sender.name = one_line(who.device.short_name(), max_actor_bytes);
  caller.sender.address = address_of(who.device);
  caller.granted.actor = "operator:" + name_of(who);
  const tailnet::Granted granted = tailnet::granted(who, capability, "roles");
  for (const std::string& word : granted.words) {
    if (const auto role = parse_role(word))
      caller.granted.role = std::max(caller.granted.role, *role);
    else
      unknown.insert(one_line(word, max_word_bytes));
  }
  if (granted.unreadable) unknown.insert("a value that is not {\"roles\":[…]}");
  return caller;
}

TailnetPeers::TailnetPeers(tailnet::Watch& watch, Options options)
    : watch_(watch),
      options_(std::move(options)),
      requests_(requests_per_second, requests_per_second, max_peers_counted) {}

bool TailnetPeers::may_be_tailnet(const http::Peer& peer) const {
  if (tailnet::is_tailnet_address(peer.address)) return peer.address != options_.trusted_proxy;
  // While tailscaled is away or begins anew, it is taken to be in the mode that it was in.
  return tailnet::is_loopback(peer.address) && (!knows_mode() || !watch_.status().tun);
}

bool TailnetPeers::knows_mode() const { return !watch_.status().version.empty(); }

asio::awaitable<Answer<Caller>> TailnetPeers::recognise(const http::Peer& peer) {
  if (watch_.status().state == tailnet::State::unknown) co_await watch_.changed(first_answer);
  if (!may_be_tailnet(peer)) co_return Caller{};
  const auto who = co_await watch_.whois(peer.address, peer.port, peer.connection);
  if (who.has_error()) {
    const bool nobody = who.error().code == Errc::not_found;
    // How a connection from this machine itself looks in userspace mode; without a tailscaled there is no other.
    const bool away = who.error().code == Errc::unavailable;
    if (tailnet::is_loopback(peer.address) && (nobody || away || !knows_mode())) co_return Caller{};
    if (nobody) co_return Problem{403, "peer_refused", "the tailnet knows nobody of this address"};
    co_return Problem{503, "identity_unknown", "it cannot be told who this is: " + who.error().message, {},
                      {},  ask_again_s};
  }
  std::set<std::string> unknown;
  auto caller = judge_peer(*who, watch_.status().self, options_.capability, unknown);
  if (!unknown.empty()) tell_unknown(*who, unknown);
  // Where the packets come from is where they can go.
  if (caller.has_value() && tailnet::is_tailnet_address(peer.address)) caller->sender.address = peer.address;
  co_return caller;
}

bool TailnetPeers::in_time(const http::Peer& peer, const Answer<Caller>& caller) {
  if (caller.has_error()) return requests_.take(peer.address, boot_now());
  return !caller->sender.over_tailnet() || requests_.take(caller->sender.device, boot_now());
}

asio::awaitable<std::optional<http::Admission>> TailnetPeers::admit(const http::Peer& peer) {
  http::Admission admission;
  const auto caller = co_await recognise(peer);
  if (caller.has_error()) {
    // The request will be answered with the reason.
    admission.key = peer.address;
    co_return admission;
  }
  admission.key = caller->sender.device;
  admission.may_reserved = !caller->sender.over_tailnet() || caller->granted.role != Role::none;
  co_return admission;
}

bool TailnetPeers::is_own_name(std::string_view host) const {
  const tailnet::Device& self = watch_.status().self;
  if (host.empty()) return false;
  if (host == self.name || host == self.short_name()) return true;
  return std::find(self.addresses.begin(), self.addresses.end(), host) != self.addresses.end();
}

void TailnetPeers::tell_unknown(const tailnet::Identity& who, const std::set<std::string>& words) {
  for (const std::string& word : words) {
    if (told_.size() >= max_told_words || !told_.insert(word).second) continue;
    log::warning(fmt::format("a grant of {} for {} holds {}, which is no role and is ignored: viewer, operator, admin",
                             options_.capability, one_line(tailnet::describe(who.device), max_actor_bytes), word));
  }
}

}  // namespace aura::control
