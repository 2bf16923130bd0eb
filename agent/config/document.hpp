// A TOML text as a plain tree, so that the parser's headers are met in one .cpp only.
#pragma once

#include "agent/config/finding.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace aura::config {

struct Place {
  int line = 0, column = 0;  // from 1
};

struct Value;
struct Member;
using Array = std::vector<Value>;
using Table = std::map<std::string, Member, std::less<>>;

// What TOML can say and we never use (dates and times).
struct OtherKind {};

struct Value {
  Place place;
  std::variant<Table, Array, std::string, std::int64_t, double, bool, OtherKind> data;
};

struct Member {
  Place key;
  Value value;
};

struct Document {
  Value root;                     // a Table
  std::vector<Problem> problems;  // at most one: the parser stops at the first syntax error
};

// `file` names the text in the problem. Strings that hold a NUL are a problem too.
Document parse_document(std::string_view text, const std::string& file);

// "a table", "a list", "text", "a whole number", …: for messages.
std::string_view kind_name(const Value& value);

}  // namespace aura::config
