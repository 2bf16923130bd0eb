#include "control/config.hpp"

#include "common/files.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <charconv>

namespace aura::control {
namespace {

constexpr std::size_t max_config_bytes = 64 * 1024;

Error at(const std::string& path, const toml::source_region& where, std::string_view message) {
  return {Errc::invalid_argument, fmt::format("{}:{}: {}", path, where.begin.line, message)};
}

// One key of [serve] into `config`; false for a wrong type or value, `expected` then says what it must be.
bool read_key(std::string_view key, const toml::node& node, Config& config, std::string& expected) {
  if (key == "heartbeat_s") {
    const auto value = node.value<std::int64_t>();
    expected = fmt::format("a whole number from 1 to {}", max_heartbeat_s);
    if (!node.is_integer() || !value || *value < 1 || *value > max_heartbeat_s) return false;
    config.heartbeat_s = static_cast<int>(*value);
    return true;
  }
  if (key == "names") {
    expected = "a list of host names";
    const toml::array* list = node.as_array();
    if (list == nullptr) return false;
    for (const toml::node& item : *list) {
      if (!item.is_string()) return false;
      config.names.insert(item.as_string()->get());
    }
    return true;
  }
  expected = "a string";
  if (!node.is_string()) return false;
  const std::string text = node.as_string()->get();
  if (key == "listen")
    config.listen = text;
  else if (key == "db")
    config.db = text;
  else if (key == "trusted_proxy")
    config.trusted_proxy = text;
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
  const Error wrong{Errc::invalid_argument, "\"" + text + "\" must be ADDRESS:PORT or [ADDRESS]:PORT"};
  const auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return wrong;
  Endpoint out;
  out.address = text.substr(0, colon);
  if (out.address.front() == '[' && out.address.back() == ']')
    out.address = out.address.substr(1, out.address.size() - 2);
  else if (out.address.find(':') != out.address.npos)
    return wrong;
  const char* begin = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(begin, end, out.port);
  if (failure != std::errc() || stop != end || begin == end) return wrong;
  return out;
}

}  // namespace aura::control
