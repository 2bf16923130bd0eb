#include "agent/run_tailnet.hpp"

#include "agent/config/words.hpp"
#include "common/log.hpp"
#include "common/tailnet/address.hpp"

#include <fmt/format.h>

#include <utility>

namespace aura {
namespace {

constexpr std::size_t reserved_connections = 8;  // for peers with a grant
constexpr std::size_t connections_per_peer = 8;
constexpr int connection_life_s = 600;
constexpr std::int64_t ms_per_day = 24LL * 3600 * 1000;
constexpr double strangers_per_second = 1.0 / 600;
constexpr double strangers_at_once = 3;

bool finds_control(const config::Config& config) {
  return !config.control.url.empty() && config.control.auth == "tailnet";
}

std::optional<std::int64_t> days_left(const tailnet::Device& self, const Now& now) {
  if (!self.key_expiry) return std::nullopt;
  return (*self.key_expiry - now.wall_ms) / ms_per_day;
}

}  // namespace

RunTailnet::RunTailnet(boost::asio::io_context& io, http::Client& client, const config::Config& config,
                       loops::Parts parts)
    : io_(io), config_(config), parts_(parts), strangers_told_(strangers_per_second, strangers_at_once, 1) {
  const bool listens = config.api.listen != "none";
  if (!listens && !finds_control(config)) return;
  watch_.emplace(io, client, config.tailscale.socket);
  if (listens) {
    api::TailnetAccess::Options options;
    options.capability = config.api.capability;
    options.allow_tags = config.api.allow_tags;
    if (finds_control(config)) options.control_tags = config.control.expect_tags;
    access_.emplace(*watch_, std::move(options), [this](reconcile::record::Noted noted) {
      static_cast<void>(loops::record(parts_, std::move(noted)));
    });
  }
  if (!finds_control(config)) return;
  const auto url = config::parse_url(config.control.url);
  hop_.emplace(*watch_, url ? url->host : std::string(), config.control.expect_tags, config.tailscale.socks5,
               [this](const std::string& why) {
                 if (strangers_told_.take("", boot_now())) note("control_stranger", why + ".");
               });
}

controlplane::FindHop RunTailnet::find_hop() {
  if (!hop_) return {};
  return [this] { return hop_->find(); };
}

bool RunTailnet::start(http::Handler handler) {
  if (!watch_) return true;
  watch_->on_change([this] { tell_key_expiry(); });
  watch_->start();
  if (!access_) return true;
  http::ServerLimits limits;
  limits.connections = static_cast<std::size_t>(config_.limits.connections);
  limits.connections_per_key = connections_per_peer;
  limits.reserved_connections = std::min(reserved_connections, limits.connections / 2);
  limits.connection_life_s = connection_life_s;
  limits.admit = [this](const http::Peer& peer) { return access_->admit(peer); };
  server_.emplace(io_, std::move(limits), std::move(handler));
  const auto port = static_cast<std::uint16_t>(config_.api.port);
  if (config_.api.listen == "tailnet") {
    doors_.emplace(io_, *server_, *watch_, port);
    doors_->start();
    return true;
  }
  const auto listening = server_->listen_tcp(config_.api.listen, port);
  if (!listening) log::error(listening.error().message + "; choose another api.port");
  return listening.has_value();
}

void RunTailnet::stop() {
  if (server_) server_->stop();
}

void RunTailnet::on_change(std::function<void()> listener) {
  if (watch_) watch_->on_change(std::move(listener));
}

void RunTailnet::look_anew() {
  if (watch_) watch_->look_anew();
}

void RunTailnet::note(std::string kind, std::string text, std::map<std::string, std::string> data) {
  reconcile::record::Noted noted;
  noted.kind = std::move(kind);
  noted.severity = protocol::Severity::warning;
  noted.text = std::move(text);
  noted.data = std::move(data);
  static_cast<void>(loops::record(parts_, std::move(noted)));
}

// Once a day from two weeks ahead on.
void RunTailnet::tell_key_expiry() {
  const tailnet::Status& status = watch_->status();
  const auto days = days_left(status.self, parts_.clock.now());
  const bool near = status.state == tailnet::State::running && days && *days < key_expiry_told_days;
  if (!near || expiry_told_at_days_ == days) return;
  expiry_told_at_days_ = days;
  note("tailnet_key_expiring",
       fmt::format(
           "This node's key in the tailnet expires on {}: after that nobody reaches it there. Disable key expiry "
           "for it, give it a tag, or run tailscale up --force-reauth.",
           to_rfc3339(*status.self.key_expiry)),
       {{"expires", to_rfc3339(*status.self.key_expiry)}});
}

std::string RunTailnet::words() const {
  const tailnet::Status& status = watch_->status();
  if (status.state != tailnet::State::running) {
    std::string text(tailnet::to_string(status.state));
    if (!status.trouble.empty()) text += ": " + status.trouble;
    const auto what_to_do = tailnet::remedy(status.state);
    return what_to_do.empty() ? text : text + "; " + std::string(what_to_do);
  }
  std::string text = "ok, " + (status.self.name.empty() ? status.self.id : status.self.short_name());
  for (const std::string& address : status.self.addresses) text += " " + address;
  if (!status.tun) text += ", userspace";
  const auto days = days_left(status.self, parts_.clock.now());
  if (days && *days < key_expiry_told_days) text += fmt::format("; its key expires in {} d", *days);
  if (!status.health.empty()) text += "; " + status.health.front();
  return text;
}

std::string RunTailnet::loopback_words() const {
  if (!access_) return "closed: api.listen = \"none\"";
  const tailnet::Status& status = watch_->status();
  if (status.state == tailnet::State::running && status.tun) {
    return "closed for the tailnet: tailscaled has a network device, set api.listen = \"tailnet\"";
  }
  return "open on " + tailnet::join(config_.api.listen, static_cast<unsigned>(config_.api.port));
}

loops::TailnetTold RunTailnet::told() const {
  if (!watch_) return {"not used", {}};
  const tailnet::Status& status = watch_->status();
  protocol::TailnetReport facts;
  facts.state = tailnet::to_string(status.state);
  facts.name = status.self.name;
  facts.addresses = status.self.addresses;
  facts.health = status.health;
  facts.key_expiry = status.self.key_expiry.value_or(0);
  if (doors_)
    facts.listening = doors_->words();
  else
    facts.listening = loopback_words();
  if (hop_ && hop_->device()) {
    facts.control_path = hop_->device()->path();
    facts.control_via = facts.control_path == "direct" ? hop_->device()->direct_address : hop_->device()->relay;
  }
  return {words(), std::move(facts)};
}

}  // namespace aura
