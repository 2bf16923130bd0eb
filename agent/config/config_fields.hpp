// Every key of agent.toml in one table: how it is read, shown and found in Config.
#pragma once

#include "agent/config/config.hpp"

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace aura::config {

using Slot = std::variant<std::string*, int*, std::vector<std::string>*>;

struct Field {
  std::string_view table, key;
  Slot (*slot)(Config& config);
  int min = 0, max = 0;   // of an int
  bool duration = false;  // an int of seconds that may be written "5m"

  std::string name() const { return std::string(table) + "." + std::string(key); }
};

std::span<const Field> config_fields();

// Text that stands in Config under `field`, as it may stand in a TOML file.
std::string field_toml(const Field& field, const Config& config);

// What is wrong with the values of `loaded` and how they fit together; each at its origin.
std::vector<Problem> check_config(const Loaded& loaded);

}  // namespace aura::config
