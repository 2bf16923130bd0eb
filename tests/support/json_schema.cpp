#include "tests/support/json_schema.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <map>
#include <regex>

namespace aura::support {
namespace {

namespace json = boost::json;

// Code points, as minLength and maxLength count.
std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool has_type(const json::value& value, std::string_view type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "null") return value.is_null();
  if (type == "integer") return value.is_int64() || value.is_uint64();
  return type == "number" && value.is_number();
}

const std::regex& compiled(std::string_view pattern) {
  static std::map<std::string, std::regex, std::less<>> known;
  const auto found = known.find(pattern);
  if (found != known.end()) return found->second;
  return known.emplace(pattern, std::regex(std::string(pattern), std::regex::ECMAScript)).first->second;
}

class Checker {
 public:
  Checker(const json::value& document, Unknown unknown) : document_(document), unknown_(unknown) {}

  void check(const json::value& schema, const json::value& value, const std::string& path) {
    const json::object* rules = schema.if_object();
    if (rules == nullptr) {  // true or false
      if (schema == json::value(false)) note(path, "is not allowed");
      return;
    }
    const bool closed = unknown_ == Unknown::refused && rules->contains("type") && rules->contains("properties");
    if (closed && !rules->contains("additionalProperties")) {
      check_object_rule(*rules, "additionalProperties", false, value, path);
    }
    for (const auto& rule : *rules) check_rule(*rules, rule.key(), rule.value(), value, path);
  }

  std::vector<std::string> take() { return std::move(found_); }

  void note(const std::string& path, std::string_view what) { found_.push_back(path + ": " + std::string(what)); }

 private:
  bool holds(const json::value& schema, const json::value& value) {
    Checker other(document_, unknown_);
    other.check(schema, value, "$");
    return other.found_.empty();
  }

  void check_rule(const json::object& rules, std::string_view name, const json::value& rule, const json::value& value,
                  const std::string& path) {
    if (name == "description" || name == "then") return;  // "then" goes with "if"
    if (name == "$ref") {
      boost::system::error_code missing;
      const json::value* target = document_.find_pointer(std::string_view(rule.as_string()).substr(1), missing);
      if (target == nullptr) return note(path, "refers to nothing: " + json::serialize(rule));
      return check(*target, value, path);
    }
    if (name == "type") return check_type(rule, value, path);
    if (name == "const" && value != rule) return note(path, "is not " + json::serialize(rule));
    if (name == "enum" && std::find(rule.as_array().begin(), rule.as_array().end(), value) == rule.as_array().end()) {
      return note(path, "is not one of " + json::serialize(rule));
    }
    if (name == "allOf") {
      for (const json::value& part : rule.as_array()) check(part, value, path);
      return;
    }
    if (name == "anyOf") {
      const auto& parts = rule.as_array();
      if (std::none_of(parts.begin(), parts.end(), [&](const json::value& part) { return holds(part, value); })) {
        note(path, "is none of the kinds allowed");
      }
      return;
    }
    if (name == "if") {
      if (holds(rule, value)) check(rules.at("then"), value, path);
      return;
    }
    if (name == "const" || name == "enum") return;
    if (check_object_rule(rules, name, rule, value, path)) return;
    if (check_scalar_rule(name, rule, value, path)) return;
    note(path, "the schema uses a keyword that is not checked: " + std::string(name));
  }

  void check_type(const json::value& rule, const json::value& value, const std::string& path) {
    bool fits = false;
    if (rule.is_string()) {
      fits = has_type(value, rule.as_string());
    } else {
      for (const json::value& one : rule.as_array()) fits = fits || has_type(value, one.as_string());
    }
    if (!fits) note(path, "is not of type " + json::serialize(rule));
  }

  bool check_object_rule(const json::object& rules, std::string_view name, const json::value& rule,
                         const json::value& value, const std::string& path) {
    const json::object* object = value.if_object();
    if (name == "properties") {
      if (object == nullptr) return true;
      for (const auto& property : rule.as_object()) {
        const json::value* field = object->if_contains(property.key());
        if (field != nullptr) check(property.value(), *field, path + "." + std::string(property.key()));
      }
      return true;
    }
    if (name == "required") {
      if (object == nullptr) return true;
      for (const json::value& key : rule.as_array()) {
        if (!object->contains(key.as_string())) note(path + "." + std::string(key.as_string()), "is missing");
      }
      return true;
    }
    if (name == "additionalProperties") {
      if (object == nullptr) return true;
      const json::value* known = rules.if_contains("properties");
      for (const auto& field : *object) {
        if (known != nullptr && known->as_object().contains(field.key())) continue;
        check(rule, field.value(), path + "." + std::string(field.key()));
      }
      return true;
    }
    if (name == "propertyNames") {
      if (object == nullptr) return true;
      for (const auto& field : *object) check(rule, json::value(json::string(field.key())), path);
      return true;
    }
    return false;
  }

  bool check_scalar_rule(std::string_view name, const json::value& rule, const json::value& value,
                         const std::string& path) {
    if (name == "items" || name == "maxItems") {
      const json::array* array = value.if_array();
      if (array == nullptr) return true;
      if (name == "maxItems") {
        if (array->size() > rule.to_number<std::size_t>()) note(path, "has too many entries");
        return true;
      }
      for (std::size_t i = 0; i < array->size(); ++i) check(rule, (*array)[i], path + "[" + std::to_string(i) + "]");
      return true;
    }
    if (name == "minimum" || name == "maximum") {
      if (!value.is_number()) return true;
      const double number = value.to_number<double>();
      const double bound = rule.to_number<double>();
      if (name == "minimum" ? number < bound : number > bound) note(path, "is out of range");
      return true;
    }
    if (name == "minLength" || name == "maxLength") {
      if (!value.is_string()) return true;
      const std::size_t length = length_of(value.get_string());
      const auto bound = rule.to_number<std::size_t>();
      if (name == "minLength" ? length < bound : length > bound) note(path, "is too short or too long");
      return true;
    }
    if (name == "pattern") {
      if (!value.is_string()) return true;
      if (!std::regex_search(std::string(value.get_string()), compiled(rule.as_string())))
        note(path, "does not match the pattern");
      return true;
    }
    return false;
  }

  const json::value& document_;
  Unknown unknown_;
  std::vector<std::string> found_;
};

}  // namespace

struct JsonSchemas::Document {
  json::value value;
};

JsonSchemas::JsonSchemas(std::string_view document)
    : document_(std::make_unique<Document>(Document{json::parse(json::string_view(document))})) {}
JsonSchemas::~JsonSchemas() = default;

std::vector<std::string> JsonSchemas::violations(std::string_view pointer, std::string_view instance,
                                                 Unknown unknown) const {
  boost::system::error_code failure;
  const json::value value = json::parse(json::string_view(instance), failure);
  if (failure) return {"$: not JSON: " + failure.message()};
  const json::value* schema = document_->value.find_pointer(json::string_view(pointer), failure);
  if (schema == nullptr) return {"document: nothing at " + std::string(pointer)};
  Checker checker(document_->value, unknown);
  checker.check(*schema, value, "$");
  return checker.take();
}

}  // namespace aura::support
