#include "control/setup.hpp"

#include "common/files.hpp"
#include "common/ids.hpp"
#include "common/tailnet/address.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace aura::control {
namespace {

constexpr std::size_t token_bytes = 32;
constexpr mode_t others_bits = 077;

}  // namespace

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) ::close(fd_);
}

std::string state_dir_of(const ServeOptions& options) {
  if (!options.state_dir.empty()) return options.state_dir;
  const char* given = std::getenv("STATE_DIRECTORY");  // systemd.exec(5)
  return given != nullptr && *given != '\0' ? given : default_state_dir;
}

Result<Config> effective_config(const ServeOptions& options) {
  Config config;
  if (!options.config_path.empty()) {
    auto read = read_config(options.config_path);
    if (read.has_error()) return read.error();
    config = std::move(*read);
  }
  if (!options.listen.empty()) config.listen = options.listen;
  if (options.tailscale_socket) config.tailscale_socket = options.tailscale_socket;
  if (options.db) config.db = *options.db;
  if (options.heartbeat_s) config.heartbeat_s = *options.heartbeat_s;
  return config;
}

Result<std::string> database_path(const Config& config, const std::string& state_dir) {
  constexpr std::string_view sqlite = "sqlite:";
  if (config.db.empty()) return state_dir + "/control.db";
  if (config.db.starts_with(sqlite) && config.db.size() > sqlite.size() && config.db.find('"') == config.db.npos) {
    return config.db.substr(sqlite.size());
  }
  return Error{Errc::not_supported, "the database must be sqlite:PATH; others are not supported by this version"};
}

Result<DirectoryLock> take_state_dir(const std::string& state_dir) {
  std::error_code failure;
  const bool made = std::filesystem::create_directories(state_dir, failure);
  if (failure) return errno_error(failure.value(), "cannot make the state directory " + state_dir);
  if (made) std::filesystem::permissions(state_dir, std::filesystem::perms::owner_all, failure);
  const std::string path = state_dir + "/lock";
  const int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return errno_error(errno, "cannot write in the state directory " + state_dir);
  DirectoryLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return Error{Errc::locked, "another aura-control uses " + state_dir + "; stop it or give another --state-dir"};
  }
  return lock;
}

Result<std::vector<Token>> load_tokens(const std::string& state_dir) {
  const std::string path = state_dir + "/" + token_file_name;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return errno_error(errno, "cannot read " + path);
    const auto written = write_file_durably(path, random_hex(token_bytes) + "\n", 0600);
    if (written.has_error()) return written.error();
  } else if ((info.st_mode & others_bits) != 0) {
    return Error{Errc::forbidden, path + " may be read by others; chmod 600 it, and renew the token in it"};
  }
  const auto text = read_file(path, max_token_file_bytes);
  if (text.has_error()) return text.error();
  auto tokens = parse_tokens(*text);
  if (tokens.has_error()) return with_context(tokens.error(), path);
  return tokens;
}

Result<std::vector<Endpoint>> endpoints_of(const Config& config) {
  std::vector<Endpoint> out;
  if (config.listen.size() > max_listeners) {
    return Error{Errc::invalid_argument, "listen: at most " + std::to_string(max_listeners) + " can be given"};
  }
  for (const std::string& text : config.listen) {
    auto endpoint = parse_endpoint(text);
    if (endpoint.has_error()) return with_context(endpoint.error(), "listen");
    out.push_back(std::move(*endpoint));
  }
  if (config.socks5.empty()) return out;
  const auto proxy = parse_endpoint(config.socks5);
  // Commands go through it in the clear.
  const auto network =
      proxy.has_error() || proxy->tailnet ? Result<Network>(Network::other) : network_of(proxy->address);
  if (network.has_error() || *network != Network::loopback) {
    return Error{Errc::invalid_argument, "socks5: \"" + config.socks5 + "\" must be a loopback ADDRESS:PORT"};
  }
  return out;
}

Result<AccessConfig> access_for(const Config& config, const std::vector<Endpoint>& endpoints,
                                std::vector<Token> tokens) {
  if (!config.trusted_proxy.empty()) {
    const auto proxy = network_of(config.trusted_proxy);
    if (proxy.has_error()) return with_context(proxy.error(), "trusted_proxy");
  }
  AccessConfig access;
  access.tokens = std::move(tokens);
  access.names = config.names;
  access.trusted_proxy = config.trusted_proxy;
  access.networks.clear();
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.tailnet) {
      access.networks.insert(Network::tailnet);
      continue;
    }
    const auto network = network_of(endpoint.address);
    if (network.has_error()) return with_context(network.error(), "listen");
    if (*network == Network::other && config.trusted_proxy.empty()) {
      return Error{Errc::invalid_argument,
                   "listen: " + endpoint.address +
                       " is neither loopback nor a tailnet address; give one of those or tailnet:PORT, or name the "
                       "proxy in front of it as trusted_proxy in the configuration"};
    }
    access.names.insert(endpoint.address);
    access.networks.insert(*network);
  }
  return access;
}

bool uses_tailnet(const Config& config, const std::vector<Endpoint>& endpoints) {
  if (config.tailscale_socket) return true;
  return std::any_of(endpoints.begin(), endpoints.end(), [](const Endpoint& endpoint) {
    return endpoint.tailnet || tailnet::is_tailnet_address(endpoint.address);
  });
}

}  // namespace aura::control
