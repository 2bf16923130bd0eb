#include "agent/config/words.hpp"

#include <algorithm>

namespace aura::config {
namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_letter_or_digit(char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

// Words of [a-z0-9] with ".", "_", "__" or any number of "-" between them.
bool is_path_component(std::string_view text) {
  std::size_t at = 0;
  const auto word = [&] {
    const std::size_t from = at;
    while (at < text.size() && is_lower_or_digit(text[at])) ++at;
    return at > from;
  };
  if (!word()) return false;
  while (at < text.size()) {
    if (text[at] == '.') {
      ++at;
    } else if (text[at] == '_') {
      at += text.substr(at).starts_with("__") ? 2 : 1;
    } else if (text[at] == '-') {
      while (at < text.size() && text[at] == '-') ++at;
    } else {
      return false;
    }
    if (!word()) return false;
  }
  return true;
}

bool is_registry(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos && !text.ends_with(']')) {
    const auto port = parse_whole(text.substr(colon + 1), 65535);
    if (!port || *port == 0) return false;
    text = text.substr(0, colon);
  }
  if (text.starts_with('[') && text.ends_with(']')) return is_address(text.substr(1, text.size() - 2));
  return !text.empty() && is_letter_or_digit(text.front()) && is_letter_or_digit(text.back()) &&
         text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-'; });
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= 128 && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_digest(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view algorithm = text.substr(0, colon);
  const std::string_view hex = text.substr(colon + 1);
  const bool length = (algorithm == "sha256" && hex.size() == 64) || (algorithm == "sha512" && hex.size() == 128);
  return length &&
         std::all_of(hex.begin(), hex.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// The first component is a registry only if it cannot be a user of the default one.
bool names_registry(std::string_view first) {
  return first == "localhost" || first.find_first_of(".:[") != std::string_view::npos ||
         std::any_of(first.begin(), first.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string_view without_tag(std::string_view name) {
  const auto slash = name.rfind('/');
  const auto colon = name.rfind(':');
  const bool tagged = colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  return tagged ? name.substr(0, colon) : name;
}

}  // namespace

bool is_image_reference(std::string_view text) {
  const auto at = text.find('@');
  if (at != std::string_view::npos && !is_digest(text.substr(at + 1))) return false;
  std::string_view name = text.substr(0, at);
  const std::string_view bare = without_tag(name);
  if (bare.size() < name.size() && !is_tag(name.substr(bare.size() + 1))) return false;
  name = bare;
  if (name.empty() || name.size() > 255) return false;
  const auto slash = name.find('/');
  if (slash != std::string_view::npos && names_registry(name.substr(0, slash))) {
    if (!is_registry(name.substr(0, slash))) return false;
    name = name.substr(slash + 1);
  }
  while (true) {
    const auto next = name.find('/');
    if (!is_path_component(name.substr(0, next))) return false;
    if (next == std::string_view::npos) return true;
    name = name.substr(next + 1);
  }
}

ImageName image_name(std::string_view reference) {
  const std::string_view name = without_tag(reference.substr(0, reference.find('@')));
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) return {"docker.io", "library/" + std::string(name)};
  if (!names_registry(name.substr(0, slash))) return {"docker.io", std::string(name)};
  const std::string_view host = name.substr(0, slash);
  std::string path(name.substr(slash + 1));
  // The old name of the same registry.
  if (host != "docker.io" && host != "index.docker.io") return {std::string(host), path};
  if (path.find('/') == std::string::npos) path = "library/" + path;
  return {"docker.io", path};
}

std::optional<AddressPort> parse_address_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view address = text.substr(0, colon);
  const bool bracketed = address.size() > 2 && address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  if ((address.find(':') != std::string_view::npos) != bracketed || !is_address(address)) return std::nullopt;
  const auto port = parse_whole(text.substr(colon + 1), 65535);
  if (!port || *port == 0) return std::nullopt;
  return AddressPort{std::string(address), static_cast<int>(*port)};
}

std::optional<Url> parse_url(std::string_view text) {
  Url url;
  for (const std::string_view scheme : {"http", "https"}) {
    if (text.starts_with(scheme) && text.substr(scheme.size()).starts_with("://")) url.scheme = scheme;
  }
  if (url.scheme.empty()) return std::nullopt;
  text.remove_prefix(url.scheme.size() + 3);
  const bool odd = std::any_of(text.begin(), text.end(), [](char c) {
    return c <= ' ' || c == 0x7f || c == '"' || c == '\\' || c == '#' || c == '<' || c == '>';
  });
  if (odd) return std::nullopt;
  const auto end = text.find_first_of("/?");
  std::string_view authority = text.substr(0, end);
  if (end != std::string_view::npos) url.path = text.substr(end);
  if (authority.find('@') != std::string_view::npos) return std::nullopt;
  if (const auto colon = authority.rfind(':'); colon != std::string_view::npos && !authority.ends_with(']')) {
    const auto port = parse_whole(authority.substr(colon + 1), 65535);
    if (!port || *port == 0) return std::nullopt;
    url.port = static_cast<int>(*port);
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']')) {
    authority = authority.substr(1, authority.size() - 2);
    if (!is_address(authority)) return std::nullopt;
  } else if (!is_registry(authority) || authority.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  for (const char c : authority) url.host.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  return url;
}

}  // namespace aura::config
