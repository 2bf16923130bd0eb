#include "agent/config/json_document.hpp"

#include <boost/json.hpp>

#include <limits>

namespace aura::config {
namespace json = boost::json;
namespace {

Value from_json(const json::value& in);

Table table_of(const json::object& in) {
  Table table;
  for (const auto& member : in) table.emplace(std::string(member.key()), Member{{}, from_json(member.value())});
  return table;
}

Value from_json(const json::value& in) {
  Value out;
  switch (in.kind()) {
    case json::kind::object: out.data = table_of(in.get_object()); break;
    case json::kind::array: {
      Array items;
      for (const json::value& item : in.get_array()) items.push_back(from_json(item));
      out.data = std::move(items);
      break;
    }
    case json::kind::string: out.data = std::string(in.get_string()); break;
    case json::kind::int64: out.data = in.get_int64(); break;
    case json::kind::uint64: out.data = static_cast<double>(in.get_uint64()); break;
    case json::kind::double_: out.data = in.get_double(); break;
    case json::kind::bool_: out.data = in.get_bool(); break;
    case json::kind::null: out.data = OtherKind{}; break;
  }
  return out;
}

json::value to_value(const Value& in);

json::object object_of(const Table& in) {
  json::object out;
  for (const auto& [key, member] : in) out.emplace(key, to_value(member.value));
  return out;
}

struct Writer {
  json::value operator()(const Table& table) const { return object_of(table); }
  json::value operator()(const Array& items) const {
    json::array out;
    for (const Value& item : items) out.push_back(to_value(item));
    return out;
  }
  json::value operator()(const std::string& text) const { return json::string(text); }
  json::value operator()(std::int64_t number) const { return number; }
  json::value operator()(double number) const { return number; }
  json::value operator()(bool flag) const { return flag; }
  json::value operator()(const OtherKind&) const { return json::string("a date or time"); }
};

json::value to_value(const Value& in) { return std::visit(Writer{}, in.data); }

}  // namespace

Document parse_json_document(std::string_view text, const std::string& file) {
  Document document;
  document.root.data = Table{};
  boost::system::error_code failed;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), failed);
  if (failed || !value.is_object())
    document.problems.push_back({file, 0, 0, "", "is no JSON object"});
  else if (text.find("\\u0000") != std::string_view::npos)
    document.problems.push_back({file, 0, 0, "", "holds a NUL character: remove it"});
  else
    document.root.data = table_of(value.get_object());
  return document;
}

std::string to_json(const Document& document) { return json::serialize(to_value(document.root)); }

}  // namespace aura::config
