#include "agent/store/node_key.hpp"

#include "common/files.hpp"

#include <algorithm>

namespace aura::store {
namespace {

constexpr std::size_t max_key_bytes = 512;
constexpr mode_t key_mode = 0600;

std::string path_of(const std::string& state_dir) { return state_dir + "/node-key"; }

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= max_key_bytes &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

Result<std::optional<std::string>> read_node_key(const std::string& state_dir) {
  auto content = read_file(path_of(state_dir), max_key_bytes + 1);
  if (!content) {
    if (content.error().code == Errc::not_found) return std::optional<std::string>();
    return content.error();
  }
  if (content->ends_with('\n')) content->pop_back();
  if (!is_key(*content)) return Error{Errc::corrupt, path_of(state_dir) + " holds no node key; enrol the node anew"};
  return std::optional<std::string>(std::move(*content));
}

Result<void> write_node_key(const std::string& state_dir, std::string_view key) {
  if (!is_key(key)) return Error{Errc::invalid_argument, "the node key is empty, too long or not printable"};
  return write_file_durably(path_of(state_dir), std::string(key) + "\n", key_mode);
}

}  // namespace aura::store
