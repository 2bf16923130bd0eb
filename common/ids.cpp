#include "common/ids.hpp"

#include "common/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstdlib>

#include <sys/random.h>

namespace aura {
namespace {

constexpr std::size_t ulid_length = 26;
constexpr std::size_t node_id_max = 63;
constexpr std::size_t workload_name_max = 41;
constexpr std::size_t command_id_max = 64;

// getrandom(2) fails only for reasons that no program survives (no such call, a bad pointer).
void fill_random(unsigned char* out, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::getrandom(out, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();
    }
    out += got;
    size -= static_cast<std::size_t>(got);
  }
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_character(char c) { return is_lower(c) || is_digit(c) || c == '-'; }

}  // namespace

std::string new_id() {
  static constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::array<unsigned char, 16> bytes{};
  auto time = static_cast<std::uint64_t>(wall_now());
  for (int i = 5; i >= 0; --i) {
    bytes[static_cast<std::size_t>(i)] = static_cast<unsigned char>(time & 0xff);
    time >>= 8;
  }
  fill_random(bytes.data() + 6, bytes.size() - 6);

  // 26 digits of 5 bits are 130 bits: the first digit carries only the upper three of the 128.
  std::string id;
  id.reserve(ulid_length);
  for (int shift = 125; shift >= 0; shift -= 5) {
    unsigned digit = 0;
    for (int bit = shift + 4; bit >= shift; --bit) {
      const bool set = bit < 128 && ((bytes[static_cast<std::size_t>((127 - bit) / 8)] >> (bit % 8)) & 1) != 0;
      digit = (digit << 1) | (set ? 1U : 0U);
    }
    id.push_back(alphabet[digit]);
  }
  return id;
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  fill_random(reinterpret_cast<unsigned char*>(raw.data()), raw.size());
  std::string text;
  text.reserve(bytes * 2);
  for (const char c : raw) fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  fill_random(reinterpret_cast<unsigned char*>(&value), sizeof value);
  return value;
}

bool is_node_id(std::string_view text) {
  return !text.empty() && text.size() <= node_id_max && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), is_name_character);
}

bool is_workload_name(std::string_view text) {
  return !text.empty() && text.size() <= workload_name_max && is_lower(text.front()) && text != "node" &&
         std::all_of(text.begin(), text.end(), is_name_character);
}

bool is_command_id(std::string_view text) {
  return !text.empty() && text.size() <= command_id_max && std::all_of(text.begin(), text.end(), [](char c) {
    return is_lower(c) || is_upper(c) || is_digit(c) || c == '_' || c == '.' || c == ':' || c == '-';
  });
}

}  // namespace aura
