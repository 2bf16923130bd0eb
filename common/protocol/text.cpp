#include "common/protocol/text.hpp"

#include <algorithm>

namespace aura::protocol {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

bool in(unsigned char byte, unsigned char low, unsigned char high) { return byte >= low && byte <= high; }

// Length of the well-formed sequence at the start of `text`, 0 if there is none (RFC 3629, section 4).
std::size_t sequence_length(std::string_view text) {
  auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : '\0'; };
  auto tail = [&](std::size_t i) { return in(at(i), 0x80, 0xBF); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  if (in(first, 0xC2, 0xDF)) return tail(1) ? 2 : 0;
  if (in(first, 0xE0, 0xEF)) {
    const unsigned char low = first == 0xE0 ? 0xA0 : 0x80;   // no over-long form
    const unsigned char high = first == 0xED ? 0x9F : 0xBF;  // no surrogate
    return in(at(1), low, high) && tail(2) ? 3 : 0;
  }
  if (in(first, 0xF0, 0xF4)) {
    const unsigned char low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xF4 ? 0x8F : 0xBF;
    return in(at(1), low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > 0; });
  if (plain) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = text.front() == '\0' ? 0 : sequence_length(text);
    out += length == 0 ? replacement : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    // C1 is U+0080 to U+009F: C2 80 to C2 9F.
    if (byte == 0xC2 && i + 1 < text.size() && in(static_cast<unsigned char>(text[i + 1]), 0x80, 0x9F)) return true;
  }
  return false;
}

}  // namespace aura::protocol
