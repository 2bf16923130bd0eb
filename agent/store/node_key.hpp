// The node key: the bearer token of every call to the control plane (docs/protocol.md), a file of mode 0600 in the
// state directory. Its value never stands in an error or a log.
#pragma once

#include "common/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace aura::store {

// nullopt where none was given yet. corrupt: empty, over 512 bytes, or bytes that cannot stand in a header.
Result<std::optional<std::string>> read_node_key(const std::string& state_dir);

// Durable on return; replaces an older one. invalid_argument: a key that read_node_key() would refuse.
Result<void> write_node_key(const std::string& state_dir, std::string_view key);

}  // namespace aura::store
