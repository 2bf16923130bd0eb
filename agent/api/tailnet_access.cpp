#include "agent/api/tailnet_access.hpp"

#include "common/protocol/command.hpp"
#include "common/tailnet/address.hpp"
#include "common/tailnet/identity.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace aura::api {
namespace asio = boost::asio;
namespace {

// Of one peer once in ten minutes, of all together one a minute on the long run.
constexpr double told_per_second_each = 1.0 / 600;
constexpr double told_per_second_all = 1.0 / 60;
constexpr double told_burst_all = 10;
constexpr const char* everybody = "*";  // no device has this id

bool is_known_verb(std::string_view word) {
  return word == "read" || word == "logs" || protocol::parse_verb(word).has_value();
}

std::string name_of(const tailnet::Identity& identity) {
  const auto& device = identity.device;
  if (device.tags.empty() && !identity.login.empty()) return identity.login;
  return device.name.empty() ? device.id : device.short_name();
}

}  // namespace

TailnetAccess::TailnetAccess(tailnet::Watch& watch, Options options, Note note)
    : watch_(watch),
      options_(std::move(options)),
      note_(std::move(note)),
      requests_(requests_per_second, requests_per_second, max_peers_counted),
      refusals_told_(told_per_second_each, 1, max_peers_counted),
      unknown_told_(told_per_second_all, told_burst_all, 1) {}

asio::awaitable<Recognised> TailnetAccess::recognise(const http::Peer& peer) {
  Recognised who;
  const bool loopback = tailnet::is_loopback(peer.address);
  who.health = loopback;
  if (loopback && (watch_.status().tun || watch_.status().state != tailnet::State::running)) {
    who.why = "this connection did not come through the tailnet; use the node's Unix socket";
    co_return who;
  }
  if (!loopback && !tailnet::is_tailnet_address(peer.address)) {
    who.why = "this address is not of the tailnet";
    co_return who;
  }
  const auto identity = co_await watch_.whois(peer.address, peer.port, peer.connection);
  if (identity) {
    who = judge(*identity);
  } else if (identity.error().code == Errc::not_found) {
    who.why = "the tailnet knows nobody of that address";
  } else {
    who.status = 503;
    who.why = "it cannot be told who this is: " + identity.error().message;
  }
  co_return who;
}

Recognised TailnetAccess::judge(const tailnet::Identity& identity) {
  Recognised who;
  who.why = tailnet::objection(identity.device, watch_.status().self);
  if (!who.why.empty()) return who;
  Caller caller;
  caller.id = identity.device.id;
  caller.actor = "tailnet:" + name_of(identity);
  const bool control = tailnet::has_any_tag(identity.device, options_.control_tags);
  caller.origin = control ? reconcile::Origin::control : reconcile::Origin::peer;
  caller.every_verb = tailnet::has_any_tag(identity.device, options_.allow_tags);
  const auto granted = tailnet::granted(identity, options_.capability, "verbs");
  std::set<std::string> unknown;
  for (const std::string& word : granted.words) {
    if (is_known_verb(word))
      caller.verbs.insert(word);
    else
      unknown.insert(word);
  }
  if (granted.unreadable || !unknown.empty()) tell_unknown(identity, unknown, granted.unreadable);
  who.caller = std::move(caller);
  return who;
}

asio::awaitable<std::optional<http::Admission>> TailnetAccess::admit(const http::Peer& peer) {
  const Recognised who = co_await recognise(peer);
  http::Admission admission;
  admission.key = who.caller ? who.caller->id : peer.address;
  admission.may_reserved = who.caller && (who.caller->every_verb || !who.caller->verbs.empty());
  co_return admission;
}

bool TailnetAccess::in_time(const http::Peer& peer, const Recognised& who) {
  return requests_.take(who.caller ? who.caller->id : peer.address, boot_now());
}

void TailnetAccess::tell_refused(const http::Peer& peer, const Recognised& who, const std::string& what) {
  const BootMs now = boot_now();
  if (!refusals_told_.take(who.caller ? who.caller->id : peer.address, now)) return;
  if (!unknown_told_.take(everybody, now)) return;
  reconcile::record::Noted noted;
  noted.kind = "peer_refused";
  noted.severity = protocol::Severity::warning;
  const std::string name = who.caller ? who.caller->actor : peer.address;
  noted.text = who.caller
                   ? fmt::format("{} ({}) was refused {}: the tailnet does not grant it.", name, peer.address, what)
                   : fmt::format("{} was refused {}: {}.", name, what, who.why);
  noted.data = {{"peer", name}, {"address", peer.address}};
  if (who.caller) noted.data["device"] = who.caller->id;
  note_(std::move(noted));
}

void TailnetAccess::tell_unknown(const tailnet::Identity& identity, const std::set<std::string>& words,
                                 bool unreadable) {
  constexpr std::size_t most_words = 5;
  constexpr std::size_t longest_word = 64;
  const BootMs now = boot_now();
  const std::string key = "grant of " + identity.device.id;
  if (!refusals_told_.take(key, now) || !unknown_told_.take(everybody, now)) return;
  std::string list;
  std::size_t listed = 0;
  for (const std::string& word : words) {
    if (++listed > most_words) break;
    list += (list.empty() ? "" : ", ") + word.substr(0, longest_word);
  }
  reconcile::record::Noted noted;
  noted.kind = "grant_not_understood";
  noted.severity = protocol::Severity::warning;
  noted.text = fmt::format(
      "A grant of {} for {} has {}; that part is ignored.", options_.capability, tailnet::describe(identity.device),
      unreadable ? "a value that is not {\"verbs\":[…]}" : "verbs that are not known here: " + list);
  noted.data = {{"device", identity.device.id}, {"verbs", list}};
  note_(std::move(noted));
}

std::vector<std::string> TailnetAccess::own_names() const {
  const tailnet::Device& self = watch_.status().self;
  std::vector<std::string> names = self.addresses;
  if (!self.name.empty()) {
    names.push_back(self.name);
    names.push_back(self.short_name());
  }
  return names;
}

asio::awaitable<void> TailnetAccess::changed() { return watch_.changed(std::chrono::milliseconds(look_again_ms)); }

}  // namespace aura::api
