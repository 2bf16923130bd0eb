#include "agent/cli/redact.hpp"

#include "common/files.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iterator>

namespace aura::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t max_secret_bytes = 1 << 20;  // systemd's bound for credentials
constexpr std::string_view mask = "***";

std::string in_json(std::string_view text) {
  const std::string quoted = json::serialize(json::value(json::string(text)));
  return quoted.substr(1, quoted.size() - 2);
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) {
    if (std::isalnum(c) != 0 || std::string_view("-._~").find(static_cast<char>(c)) != std::string_view::npos)
      out.push_back(static_cast<char>(c));
    else
      fmt::format_to(std::back_inserter(out), "%{:02X}", c);
  }
  return out;
}

std::string hex(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) fmt::format_to(std::back_inserter(out), "{:02x}", c);
  return out;
}

// The characters of base64 (RFC 4648) that `text` alone decides when so many bytes, modulo 3, stand before it.
std::string base64_core(std::string_view text, std::size_t before, bool url) {
  constexpr std::string_view standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::string_view for_urls = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const std::string_view digits = url ? for_urls : standard;
  std::string out;
  const std::size_t first_bit = before * 8, end_bit = first_bit + text.size() * 8;
  for (std::size_t bit = (first_bit + 5) / 6 * 6; bit + 6 <= end_bit; bit += 6) {
    unsigned value = 0;
    for (std::size_t i = bit; i < bit + 6; ++i) {
      const auto byte = static_cast<unsigned char>(text[(i - first_bit) / 8]);
      value = value << 1 | (byte >> (7 - (i - first_bit) % 8) & 1U);
    }
    out.push_back(digits[value]);
  }
  return out;
}

bool is_token(unsigned char c) {
  return std::isalnum(c) != 0 || std::string_view("-._~+/=").find(static_cast<char>(c)) != std::string_view::npos;
}

// What follows the word and looks like a token.
void mask_after(std::string& text, std::string_view word) {
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at)) {
    at += word.size();
    std::size_t end = at;
    while (end < text.size() && is_token(static_cast<unsigned char>(text[end]))) ++end;
    if (end - at < Redactor::shortest_masked) continue;
    text.replace(at, end - at, mask);
    at += mask.size();
  }
}

// scheme://USER:PASSWORD@host
void mask_userinfo(std::string& text) {
  constexpr std::string_view slashes = "://";
  for (auto at = text.find(slashes); at != text.npos; at = text.find(slashes, at)) {
    at += slashes.size();
    const std::size_t end = text.find_first_of("/ \t\r\n\"'<>@", at);
    if (end == text.npos || text[end] != '@') continue;
    const std::size_t colon = text.find(':', at);
    if (colon >= end) continue;
    text.replace(colon + 1, end - colon - 1, mask);
  }
}

}  // namespace

void Redactor::add_part(std::string_view part) {
  if (part.size() < shortest_masked || !secrets_.emplace(part).second) return;
  forms_.emplace(part);
  forms_.insert(in_json(part));
  forms_.insert(percent_encoded(part));
  forms_.insert(hex(part));
  for (const std::size_t before : {0U, 1U, 2U}) {
    for (const bool url : {false, true}) {
      // The edges are shared with what stands beside it; short cores would be found everywhere.
      std::string core = base64_core(part, before, url);
      if (core.size() > shortest_masked) forms_.insert(std::move(core));
    }
  }
}

void Redactor::add(std::string_view secret) {
  while (!secret.empty() && std::isspace(static_cast<unsigned char>(secret.back())) != 0) secret.remove_suffix(1);
  add_part(secret);
  for (std::size_t from = 0; from < secret.size();) {
    const std::size_t end = std::min(secret.find('\n', from), secret.size());
    const std::string_view line = secret.substr(from, end - from);
    from = end + 1;
    // Lines such as "{" or a key's header say nothing.
    if (line.size() >= 2 * shortest_masked && !line.starts_with("-----")) add_part(line);
  }
  boost::system::error_code failed;
  const json::value value = json::parse({secret.data(), secret.size()}, failed);
  if (!failed && value.is_object()) {
    for (const auto& [key, one] : value.get_object()) {
      if (one.is_string() && key != "username") add_part(one.get_string());
    }
    return;
  }
  const std::size_t colon = secret.find(':');
  if (colon != secret.npos && secret.find('\n') == secret.npos) add_part(secret.substr(colon + 1));
}

bool Redactor::add_file(const std::string& path) {
  const auto content = read_file(path, max_secret_bytes);
  if (!content) return content.error().code == Errc::not_found;
  add(*content);
  return true;
}

bool Redactor::add_folder(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::exists(path, failed)) return !failed;
  bool all = true;
  auto entry = std::filesystem::recursive_directory_iterator(path, failed);
  if (failed) return false;
  for (const auto end = std::filesystem::recursive_directory_iterator(); entry != end; entry.increment(failed)) {
    if (failed) return false;
    if (entry->is_regular_file(failed)) all = add_file(entry->path().string()) && all;
  }
  return all;
}

std::string Redactor::clean(std::string text) const {
  for (const std::string& form : forms_) {
    for (auto at = text.find(form); at != text.npos; at = text.find(form, at + mask.size())) {
      text.replace(at, form.size(), mask);
    }
  }
  for (const std::string_view word : {"tskey-", "Bearer ", "bearer ", "Basic ", "X-Registry-Auth: "})
    mask_after(text, word);
  mask_userinfo(text);
  return text;
}

bool names_a_secret(std::string_view variable) {
  std::string upper(variable);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  for (const char* word : {"TOKEN", "SECRET", "PASS", "KEY", "AUTH", "CREDENTIAL", "PRIVATE"}) {
    if (upper.find(word) != upper.npos) return true;
  }
  return false;
}

}  // namespace aura::cli
