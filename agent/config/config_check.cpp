#include "agent/config/config_fields.hpp"
#include "agent/config/section.hpp"
#include "agent/config/words.hpp"
#include "common/ids.hpp"

#include <fmt/core.h>

#include <algorithm>

#include <sys/un.h>

namespace aura::config {
namespace {

bool is_word(std::string_view text, std::string_view also, std::size_t max) {
  return !text.empty() && text.size() <= max && std::all_of(text.begin(), text.end(), [also](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  });
}

class Checker {
 public:
  explicit Checker(const Loaded& loaded) : loaded_(loaded), config_(loaded.config) {}

  std::vector<Problem> run() {
    check_node();
    check_control();
    check_api();
    check_tailscale();
    check_paths();
    return std::move(problems_);
  }

 private:
  // A value that stands in a file has the origin "FILE:LINE"; one from a flag or a default has no file.
  void add(const std::string& key, std::string message) {
    const std::string& origin = loaded_.origin.at(key);
    Problem problem{"", 0, 0, key, std::move(message)};
    if (const auto colon = origin.rfind(':'); colon != std::string::npos) {
      problem.file = origin.substr(0, colon);
      problem.line = static_cast<int>(parse_whole(origin.substr(colon + 1), 1 << 30).value_or(0));
    }
    problems_.push_back(std::move(problem));
  }

  void check_node() {
    if (config_.node.id.empty()) {
      add("node.id", "this machine has no machine id to derive one from: set node.id or run systemd-machine-id-setup");
    } else if (!is_node_id(config_.node.id)) {
      add("node.id", fmt::format("{} is no node id: 1 to 63 of a-z, 0-9 and \"-\", beginning with a letter or digit",
                                 quoted(config_.node.id)));
    }
    if (!config_.node.tenant.empty() && !is_word(config_.node.tenant, "-_.", 63)) {
      add("node.tenant", "must be 1 to 63 of letters, digits, \"-\", \"_\", \".\", or empty");
    }
  }

  void check_control() {
    const auto& control = config_.control;
    if (control.auth != "tailnet" && control.auth != "token") {
      add("control.auth", fmt::format("must be \"tailnet\" or \"token\", not {}", quoted(control.auth)));
    }
    check_tags("control.expect_tags", control.expect_tags);
    if (control.url.empty()) return;
    const auto url = parse_url(control.url);
    if (!url || url->path.find('?') != std::string::npos) {
      add("control.url", fmt::format("{} is no address of a control plane: write http:// or https://, a host, and at "
                                     "most a port and a path",
                                     quoted(control.url)));
    } else if (control.auth == "token" && url->scheme != "https" && !is_loopback_address(url->host)) {
      add("control.url",
          "must begin with https:// or name a literal loopback address where control.auth is \"token\", "
          "since the node key alone identifies the node");
    }
  }

  void check_api() {
    const auto& api = config_.api;
    if (api.listen != "tailnet" && api.listen != "none" && !is_loopback_address(api.listen)) {
      add("api.listen", fmt::format("must be \"tailnet\", \"none\" or a literal loopback address, not {}: the API is "
                                    "never opened to a public network",
                                    quoted(api.listen)));
    }
    if (!is_word(api.capability, "-_./", 128)) add("api.capability", "must be a name such as aura.dev/cap/node");
    check_tags("api.allow_tags", api.allow_tags);
  }

  void check_tags(const std::string& key, const std::vector<std::string>& tags) {
    for (const std::string& tag : tags) {
      if (!tag.starts_with("tag:") || !is_word(tag.substr(4), "-", 63)) {
        add(key, fmt::format("{} is no tag: write \"tag:NAME\"", quoted(tag)));
      }
    }
  }

  void check_tailscale() {
    const std::string& socks5 = config_.tailscale.socks5;
    if (socks5.empty()) return;
    // The node key goes through it in the clear.
    const auto proxy = parse_address_port(socks5);
    if (!proxy || !is_loopback_address(proxy->address)) {
      add("tailscale.socks5",
          fmt::format("{} must be a literal loopback address with a port such as 127.0.0.1:1055", quoted(socks5)));
    }
  }

  void check_paths() {
    for (const Field& field : config_fields()) {
      const bool socket = field.key == "socket";
      if (field.table != "paths" && !socket) continue;
      Config copy = config_;
      const Slot slot = field.slot(copy);
      const std::string& path = *std::get<std::string*>(slot);
      if (path.empty() && field.name() == "paths.credentials") continue;
      if (!normal_path(path)) {
        add(field.name(), fmt::format("{} must be an absolute path without \".\" and \"..\"", quoted(path)));
      } else if (socket && path.size() >= sizeof(sockaddr_un::sun_path)) {
        add(field.name(), fmt::format("is {} characters long, a socket's path may have {}: choose a shorter one",
                                      path.size(), sizeof(sockaddr_un::sun_path) - 1));
      }
    }
  }

  const Loaded& loaded_;
  const Config& config_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> check_config(const Loaded& loaded) { return Checker(loaded).run(); }

}  // namespace aura::config
