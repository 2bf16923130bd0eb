#include "agent/cli/doctor.hpp"

#include "agent/cli/agent_client.hpp"
#include "agent/cli/answers.hpp"
#include "agent/cli/http_probe.hpp"
#include "common/protocol/codec.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace aura::cli {
namespace {

constexpr int least_api_major = 1, least_api_minor = 41;  // Docker 20.10

// "1.47" as (1, 47); (0, 0) for anything else.
std::pair<int, int> api_number(std::string_view text) {
  std::pair<int, int> number{0, 0};
  const std::size_t dot = text.find('.');
  if (dot == text.npos) return {0, 0};
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), text.data() + dot, number.first);
  const auto minor = std::from_chars(text.data() + dot + 1, end, number.second);
  const bool whole = major.ec == std::errc() && minor.ec == std::errc() && minor.ptr == end;
  return whole ? number : std::pair<int, int>{0, 0};
}

}  // namespace

AgentSeen check_agent(const std::string& socket) {
  AgentClient agent(socket);
  const auto answer = agent.get("/v1/status");
  if (!answer) {
    const bool denied = answer.error().code == Errc::unauthorized;
    return {{"agent", Level::bad, answer.error().message,
             denied ? "usermod -aG aura-node USER, then log in again; or run aura-node doctor as root"
                    : "systemctl start aura-node; journalctl -u aura-node says why it ended"},
            {}};
  }
  auto decoded = protocol::decode_report(answer->body);
  if (!decoded) {
    return {{"agent", Level::bad, "The agent's report cannot be read: " + decoded.error().message,
             "systemctl restart aura-node, so that agent and command line are of one version"},
            {}};
  }
  if (decoded->agent_version != AURA_VERSION) {
    return {{"agent", Level::warning,
             fmt::format("The agent that runs is {}, this program {}.", decoded->agent_version, AURA_VERSION),
             "systemctl restart aura-node"},
            std::move(*decoded)};
  }
  return {{"agent", Level::ok,
           fmt::format("The agent {} answers on {}; the node is {}.", decoded->agent_version, socket,
                       protocol::to_string(decoded->state)),
           ""},
          std::move(*decoded)};
}

Finding check_docker(const config::Config& config, const std::optional<protocol::Report>& report) {
  const std::string fix =
      fmt::format("systemctl start docker; or set docker.socket (now {}) in agent.toml", config.docker.socket);
  if (report) {
    if (report->docker_known) return {"docker", Level::ok, "Docker is " + report->docker + ".", ""};
    return {"docker", Level::bad, "Docker is " + report->docker + ".", fix};
  }
  const auto answer = probe("http://localhost/version", config.docker.socket);
  if (!answer) {
    return {"docker", Level::bad,
            fmt::format("Docker does not answer on {}: {}.", config.docker.socket, answer.error().message), fix};
  }
  const auto version = decode_engine_version(answer->body);
  if (!version)
    return {"docker", Level::bad, fmt::format("What answers on {} is not Docker.", config.docker.socket), fix};
  if (api_number(version->api_version) < std::pair{least_api_major, least_api_minor}) {
    return {"docker", Level::bad, fmt::format("Docker {} (API {}) is too old.", version->version, version->api_version),
            "Install Docker 20.10 or later"};
  }
  return {
      "docker", Level::ok,
      fmt::format("Docker {} (API {}) answers on {}.", version->version, version->api_version, config.docker.socket),
      ""};
}

Finding check_control(const config::Config& config, const std::optional<protocol::Report>& report) {
  const auto& control = config.control;
  if (control.url.empty())
    return {"control plane", Level::ok, "None is configured: nothing is reported to anybody.", ""};
  const std::string fix =
      fmt::format("Look at control.url ({}) in agent.toml, at the network, and at aura-control there", control.url);
  if (report) {
    const bool heard = report->control.starts_with("ok");
    return {"control plane", heard ? Level::ok : Level::bad, fmt::format("{}: {}.", control.url, report->control),
            heard ? "" : fix};
  }
  if (control.auth == "tailnet") return check_control_device(config);
  const auto answer = probe(control.url + "/version", "");
  if (!answer)
    return {"control plane", Level::bad, fmt::format("{} does not answer: {}.", control.url, answer.error().message),
            fix};
  if (answer->status != 200) {
    return {"control plane", Level::warning, fmt::format("{} answers {} to /version.", control.url, answer->status),
            fix};
  }
  return {"control plane", Level::ok, control.url + " answers.", ""};
}

}  // namespace aura::cli
