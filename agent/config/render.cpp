#include "agent/config/config_fields.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/core.h>

namespace aura::config {

std::string render_config(const Loaded& loaded) {
  std::string text;
  std::string_view table;
  for (const Field& field : config_fields()) {
    if (field.table != table) {
      text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", field.table);
      table = field.table;
    }
    text += fmt::format("{:<60} # {}\n", fmt::format("{} = {}", field.key, field_toml(field, loaded.config)),
                        loaded.origin.at(field.name()));
  }
  return text;
}

std::string render_config_json(const Loaded& loaded) {
  boost::json::object result;
  for (const Field& field : config_fields()) {
    Config copy = loaded.config;
    const Slot slot = field.slot(copy);
    boost::json::value value;
    if (const auto* text = std::get_if<std::string*>(&slot)) {
      value = boost::json::string(**text);
    } else if (const auto* number = std::get_if<int*>(&slot)) {
      value = **number;
    } else {
      boost::json::array items;
      for (const std::string& item : *std::get<std::vector<std::string>*>(slot)) items.emplace_back(item);
      value = std::move(items);
    }
    boost::json::object entry;
    entry["value"] = std::move(value);
    entry["origin"] = loaded.origin.at(field.name());
    result[field.name()] = std::move(entry);
  }
  return boost::json::serialize(result);
}

}  // namespace aura::config
