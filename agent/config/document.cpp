#include "agent/config/document.hpp"

#include <toml++/toml.h>

#include <fmt/core.h>

namespace aura::config {
namespace {

Place place_of(const toml::source_region& region) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

class Converter {
 public:
  explicit Converter(std::string file) : file_(std::move(file)) {}

  // Depth is bounded by the parser (TOML_MAX_NESTED_VALUES).
  Value convert(const toml::node& node, const std::string& key) {
    Value value{place_of(node.source()), OtherKind{}};
    if (const auto* table = node.as_table()) {
      value.data = convert_table(*table, key);
    } else if (const auto* array = node.as_array()) {
      Array items;
      for (const auto& item : *array) items.push_back(convert(item, key));
      value.data = std::move(items);
    } else if (const auto* text = node.as_string()) {
      value.data = checked(text->get(), value.place, key);
    } else if (const auto* integer = node.as_integer()) {
      value.data = integer->get();
    } else if (const auto* real = node.as_floating_point()) {
      value.data = real->get();
    } else if (const auto* boolean = node.as_boolean()) {
      value.data = boolean->get();
    }
    return value;
  }

  std::vector<Problem> take_problems() { return std::move(problems_); }

 private:
  Table convert_table(const toml::table& table, const std::string& prefix) {
    Table members;
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      const std::string path = prefix.empty() ? name : prefix + "." + name;
      const Place place = place_of(key.source());
      members.emplace(checked(name, place, prefix), Member{place, convert(node, path)});
    }
    return members;
  }

  // No option of ours can carry a NUL: the kernel's and Docker's interfaces would cut the text there.
  std::string checked(const std::string& text, Place place, const std::string& key) {
    if (text.find('\0') != std::string::npos) {
      problems_.push_back({file_, place.line, place.column, key, "holds a NUL character: remove it"});
    }
    return text;
  }

  std::string file_;
  std::vector<Problem> problems_;
};

}  // namespace

Document parse_document(std::string_view text, const std::string& file) {
  Document document;
  document.root.data = Table{};
  try {
    const toml::table table = toml::parse(text, std::string_view(file));
    Converter converter(file);
    document.root = converter.convert(table, "");
    document.problems = converter.take_problems();
  } catch (const toml::parse_error& error) {
    const Place place = place_of(error.source());
    document.problems.push_back(
        {file, place.line, place.column, "", fmt::format("is not valid TOML: {}", error.description())});
  }
  return document;
}

std::string_view kind_name(const Value& value) {
  static constexpr std::string_view names[] = {"a table",  "a list",        "text",          "a whole number",
                                               "a number", "true or false", "a date or time"};
  return names[value.data.index()];
}

}  // namespace aura::config
