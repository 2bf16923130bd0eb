#include "control/config.hpp"

#include "common/files.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <charconv>

namespace aura::control {
namespace {

constexpr std::size_t max_config_bytes = 64 * 1024;
constexpr int max_port = 65'535;

Error at(const std::string& path, const toml::source_region& where, std::string_view message) {
  return {Errc::invalid_argument, fmt::format("{}:{}: {}", path, where.begin.line, message)};
}

// A list of texts that are not empty.
bool read_texts(const toml::node& node, std::vector<std::string>& out) {
  out.clear();
  const toml::array* list = node.as_array();
  if (list == nullptr) return false;
  for (const toml::node& item : *list) {
    if (!item.is_string() || item.as_string()->get().empty()) return false;
    out.push_back(item.as_string()->get());
  }
  return true;
}

bool read_number(const toml::node& node, int max, int& out, std::string& expected) {
  const auto value = node.value<std::int64_t>();
  expected = fmt::format("a whole number from 1 to {}", max);
  if (!node.is_integer() || !value || *value < 1 || *value > max) return false;
  out = static_cast<int>(*value);
  return true;
}

// One key of [serve] into `config`; false for a wrong type or value, `expected` then says what it must be.
bool read_key(std::string_view key, const toml::node& node, Config& config, std::string& expected) {
  if (key == "heartbeat_s") return read_number(node, max_heartbeat_s, config.heartbeat_s, expected);
  if (key == "node_port") return read_number(node, max_port, config.node_port, expected);
  if (key == "names") {
    expected = "a list of host names";
    std::vector<std::string> names;
    if (!read_texts(node, names)) return false;
    config.names.insert(names.begin(), names.end());
    return true;
  }
  if (key == "listen" && node.is_array()) {
    expected = fmt::format("ADDRESS:PORT or tailnet:PORT, or a list of 1 to {} of them", max_listeners);
    return read_texts(node, config.listen) && !config.listen.empty() && config.listen.size() <= max_listeners;
  }
  expected = "a string";
  if (!node.is_string()) return false;
  const std::string text = node.as_string()->get();
  if (key == "listen")
    config.listen = {text};
  else if (key == "db")
    config.db = text;
  else if (key == "trusted_proxy")
    config.trusted_proxy = text;
  else if (key == "tailscale_socket")
    config.tailscale_socket = text;
  else if (key == "capability")
    config.capability = text;
  else if (key == "socks5")
    config.socks5 = text;
  else
    expected = "left out: it is not a key that is known here";
  return !expected.starts_with("left out");
}

Result<Config> read_table(const std::string& path, const toml::table& root) {
  Config config;
  for (const auto& [table_name, node] : root) {
    if (table_name != "serve" || !node.is_table()) {
      return at(path, node.source(), fmt::format("{} is not known here; the one table is [serve]", table_name.str()));
    }
    for (const auto& [key, value] : *node.as_table()) {
      std::string expected;
      if (!read_key(key.str(), value, config, expected)) {
        return at(path, value.source(), fmt::format("serve.{} must be {}", key.str(), expected));
      }
    }
  }
  return config;
}

}  // namespace

Result<Config> read_config(const std::string& path) {
  auto text = read_file(path, max_config_bytes);
  if (text.has_error()) return text.error();
  try {
    return read_table(path, toml::parse(*text, path));
  } catch (const toml::parse_error& error) {
    return at(path, error.source(), error.description());
  }
}

Result<Endpoint> parse_endpoint(const std::string& text) {
  const Error wrong{Errc::invalid_argument, "\"" + text + "\" must be ADDRESS:PORT, [ADDRESS]:PORT or tailnet:PORT"};
  const auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return wrong;
  Endpoint out;
  out.address = text.substr(0, colon);
  if (out.address.front() == '[' && out.address.back() == ']')
    out.address = out.address.substr(1, out.address.size() - 2);
  else if (out.address.find(':') != out.address.npos)
    return wrong;
  out.tailnet = out.address == "tailnet";
  if (out.tailnet) out.address.clear();
  const char* begin = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(begin, end, out.port);
  if (failure != std::errc() || stop != end || begin == end) return wrong;
  return out;
}

}  // namespace aura::control
