// The links of the tailnet, in the order in which they depend on each other.
#include "agent/cli/doctor.hpp"

#include "agent/cli/http_probe.hpp"
#include "agent/config/words.hpp"
#include "common/async/spawn.hpp"
#include "common/http/client.hpp"
#include "common/tailnet/identity.hpp"
#include "common/tailnet/local_api.hpp"

#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace aura::cli {
namespace {

constexpr const char* subject = "tailnet";
constexpr std::string_view not_wanted = "closed: api.listen = \"none\"";
constexpr std::int64_t ms_per_day = 24LL * 3600 * 1000;
constexpr std::int64_t key_expiry_warned_days = 14;

bool needs_tailnet(const config::Config& config) {
  return !config.control.url.empty() && config.control.auth == "tailnet";
}

template <class T>
boost::asio::awaitable<void> put_answer(boost::asio::awaitable<Result<T>> asked, std::optional<Result<T>>& out) {
  out = co_await std::move(asked);
}

// One question to tailscaled, with the deadline of LocalApi.
template <class T, class Ask>
Result<T> ask_tailscaled(const config::Config& config, Ask ask) {
  boost::asio::io_context context{1};
  http::Client client(context);
  tailnet::LocalApi api(client, config.tailscale.socket);
  std::optional<Result<T>> out;
  spawn(context.get_executor(), "tailscaled", put_answer<T>(ask(api), out));
  while (!out && context.run_one() > 0) {}
  if (!out) return Error{Errc::internal, "the event loop ended early"};
  return std::move(*out);
}

std::string remedy_of(std::string_view state) {
  using tailnet::State;
  for (const State one : {State::absent, State::denied, State::no_answer, State::starting, State::needs_login,
                          State::needs_approval, State::stopped}) {
    if (state == to_string(one)) return std::string(remedy(one));
  }
  return "";
}

}  // namespace

protocol::TailnetReport tailnet_seen(const config::Config& config, std::string& trouble) {
  protocol::TailnetReport seen;
  const auto status = ask_tailscaled<tailnet::Status>(config, [](auto& api) { return api.status(); });
  if (!status) {
    trouble = status.error().message;
    const Errc code = status.error().code;
    seen.state = to_string(code == Errc::forbidden     ? tailnet::State::denied
                           : code == Errc::unavailable ? tailnet::State::absent
                                                       : tailnet::State::no_answer);
    return seen;
  }
  seen.state = to_string(status->state);
  seen.name = status->self.name;
  seen.addresses = status->self.addresses;
  seen.health = status->health;
  seen.key_expiry = status->self.key_expiry.value_or(0);
  return seen;
}

Finding judge_tailnet(const protocol::TailnetReport& seen, std::string_view trouble, bool needed, WallMs now) {
  if (seen.state != to_string(tailnet::State::running)) {
    std::string text = fmt::format("tailscaled is {}", seen.state);
    if (!trouble.empty()) text += fmt::format(": {}", trouble);
    text += needed ? "; the control plane cannot be reached." : "; nobody reaches the node's API over the tailnet.";
    return {subject, needed ? Level::bad : Level::warning, std::move(text), remedy_of(seen.state)};
  }
  if (seen.listening.starts_with("closed") && seen.listening != not_wanted) {
    const bool to_set = seen.listening.find("api.listen") != std::string::npos;
    return {subject, Level::warning, fmt::format("The node's API is not open on the tailnet: {}.", seen.listening),
            to_set ? "Set it in agent.toml, then systemctl restart aura-node" : "journalctl -u aura-node says why"};
  }
  if (seen.key_expiry != 0 && seen.key_expiry - now < key_expiry_warned_days * ms_per_day) {
    return {subject, Level::warning,
            fmt::format("This node's key in the tailnet expires on {}.", to_rfc3339(seen.key_expiry)),
            "Disable key expiry for it, give it a tag, or run tailscale up --force-reauth"};
  }
  if (!seen.health.empty())
    return {subject, Level::warning, "tailscaled says: " + seen.health.front(), "Look at tailscale status"};
  std::string addresses;
  for (const std::string& address : seen.addresses) addresses += " " + address;
  return {subject, Level::ok, fmt::format("This node is {}{} in the tailnet.", seen.name, addresses), ""};
}

Finding check_tailnet(const config::Config& config, const std::optional<protocol::Report>& report) {
  const bool needed = needs_tailnet(config);
  if (!needed && config.api.listen == "none") return {subject, Level::ok, "It is not used.", ""};
  std::string trouble;
  const auto seen = report && report->tailnet_facts ? *report->tailnet_facts : tailnet_seen(config, trouble);
  return judge_tailnet(seen, trouble, needed, wall_now());
}

Finding check_control_device(const config::Config& config) {
  constexpr const char* control = "control plane";
  const auto url = config::parse_url(config.control.url);
  const std::string host = url ? url->host : std::string();
  const auto device = ask_tailscaled<tailnet::Device>(config, [&](auto& api) { return api.find(host); });
  if (!device) {
    return {control, Level::bad, fmt::format("{}: {}.", config.control.url, device.error().message),
            "Look at control.url, and at the tailnet's grants: the node needs one for that device and port"};
  }
  if (!tailnet::has_any_tag(*device, config.control.expect_tags)) {
    return {control, Level::bad,
            fmt::format("{} is {}, which has no tag of control.expect_tags: nothing is sent to it.", host,
                        tailnet::describe(*device)),
            "Give the control plane's device that tag, or set control.expect_tags"};
  }
  return {control, Level::ok,
          fmt::format("{} is {} ({}); whether it answers is seen when the agent runs.", host,
                      tailnet::describe(*device), device->path()),
          ""};
}

}  // namespace aura::cli
