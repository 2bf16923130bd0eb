// Reading and writing of JSON objects field by field, for codec files (this folder's and control/api's).
//
// Reading goes on after an error with default values; the Problem keeps the first error with its path, so that
// a reader is a plain list of fields and asks once at its end. Paths are chains of stack frames and are only
// spelled out when something is wrong.
#pragma once

#include "common/error.hpp"
#include "common/protocol/text.hpp"
#include "common/time.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aura::protocol::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

inline constexpr std::size_t max_depth = 32;
// The largest whole number that every JSON reader keeps exact (RFC 8259, section 6).
inline constexpr std::uint64_t max_number = (1ULL << 53) - 1;
inline constexpr std::size_t any_length = std::numeric_limits<std::size_t>::max();

// Where a value stands: "$.events[3].seq". Refers to its parent, which must outlive it.
class Path {
 public:
  Path() = default;
  Path(const Path& parent, std::string_view key) : parent_(&parent), key_(key) {}
  Path(const Path& parent, std::size_t index) : parent_(&parent), index_(index) {}

  std::string text() const {
    if (parent_ == nullptr) return "$";
    if (key_.data() == nullptr) return parent_->text() + "[" + std::to_string(index_) + "]";
    return parent_->text() + spelled(key_);
  }

 private:
  // A key from outside may be anything; only a plain one is written as it is.
  static std::string spelled(std::string_view key) {
    constexpr std::size_t max_shown_bytes = 64;
    constexpr auto plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (!key.empty() && key.size() <= max_shown_bytes && key.find_first_not_of(plain) == key.npos) {
      return "." + std::string(key);
    }
    const std::string shown = valid_utf8(key.substr(0, max_shown_bytes));
    return "[" + boost::json::serialize(boost::json::string(shown)) + "]";
  }

  const Path* parent_ = nullptr;
  std::string_view key_;
  std::size_t index_ = 0;
};

// The first thing found wrong, if any.
class Problem {
 public:
  void note(const Path& path, std::string_view message, Errc code = Errc::invalid_argument) {
    if (error_) return;
    error_.emplace();
    error_->code = code;
    error_->message = path.text() + ": " + std::string(message);
  }
  bool found() const { return error_.has_value(); }
  Error take() { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

enum class Need {
  required,  // there, and not null
  nullable,  // there, perhaps null
  optional,  // left out or null: nothing
};

// One value as text. NUL is refused: stores end texts there.
inline std::string text_of(const Value& value, const Path& path, Problem& problem, std::size_t max_bytes) {
  if (!value.is_string()) {
    problem.note(path, "must be text");
    return {};
  }
  const auto& text = value.get_string();
  if (text.size() > max_bytes) problem.note(path, "must be at most " + std::to_string(max_bytes) + " bytes");
  if (text.find('\0') != text.npos) problem.note(path, "must not hold NUL");
  return std::string(text);
}

// What a reader read(value, path, problem) gives.
template <class Read>
using Got = std::invoke_result_t<Read, const Value&, const Path&, Problem&>;

// Each entry of a list; a null pointer is an empty one.
template <class Read>
std::vector<Got<Read>> list_of(const Value* value, const Path& path, Problem& problem, std::size_t max_size,
                               Read read) {
  std::vector<Got<Read>> out;
  if (value == nullptr) return out;
  const Array* array = value->if_array();
  if (array == nullptr) problem.note(path, "must be a list");
  if (array == nullptr) return out;
  if (array->size() > max_size) {
    problem.note(path, "must hold at most " + std::to_string(max_size) + " entries");
    return out;
  }
  out.reserve(array->size());
  for (std::size_t i = 0; i < array->size() && !problem.found(); ++i) {
    out.push_back(read((*array)[i], Path(path, i), problem));
  }
  return out;
}

// One JSON object and its place. Missing and ill-typed fields go to the Problem.
class Fields {
 public:
  Fields(const Value& value, const Path& path, Problem& problem)
      : object_(value.if_object()), path_(path), problem_(problem) {
    if (object_ == nullptr) problem_.note(path_, "must be an object");
  }
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  void wrong(std::string_view key, std::string_view message, Errc code = Errc::invalid_argument) const {
    problem_.note(Path(path_, key), message, code);
  }

  // Null where there is nothing to read; a missing field has been noted then.
  const Value* find(std::string_view key, Need need) const {
    const Value* value = object_ == nullptr ? nullptr : object_->if_contains(key);
    if (value == nullptr) {
      if (need != Need::optional) wrong(key, "is missing");
      return nullptr;
    }
    if (!value->is_null()) return value;
    if (need == Need::required) wrong(key, "must not be null");
    return nullptr;
  }

  // Refuses every field that is not in `known`.
  void only(std::initializer_list<std::string_view> known) const {
    if (object_ == nullptr) return;
    for (const auto& field : *object_) {
      const std::string_view key = field.key();
      bool found = false;
      for (const std::string_view name : known) found = found || name == key;
      if (!found) wrong(key, "is not a field that is known here");
    }
  }

  std::string text(std::string_view key, Need need, std::size_t max_bytes = any_length) const {
    const Value* value = find(key, need);
    return value == nullptr ? std::string() : text_of(*value, Path(path_, key), problem_, max_bytes);
  }

  // Text without control characters.
  std::string line(std::string_view key, Need need, std::size_t max_bytes = any_length) const {
    std::string text = this->text(key, need, max_bytes);
    if (has_control(text)) wrong(key, "must not hold control characters");
    return text;
  }

  bool flag(std::string_view key, Need need) const {
    const Value* value = find(key, need);
    if (value == nullptr) return false;
    if (!value->is_bool()) wrong(key, "must be true or false");
    return value->is_bool() && value->get_bool();
  }

  std::optional<std::int64_t> integer(std::string_view key, Need need, std::int64_t min, std::int64_t max) const {
    const Value* value = find(key, need);
    if (value == nullptr) return std::nullopt;
    if (!value->is_int64() && !value->is_uint64()) {
      wrong(key, "must be a whole number");
      return std::nullopt;
    }
    if (value->is_uint64() || value->get_int64() < min || value->get_int64() > max) {
      wrong(key, "must be from " + std::to_string(min) + " to " + std::to_string(max));
      return std::nullopt;
    }
    return value->get_int64();
  }

  std::optional<std::uint64_t> count(std::string_view key, Need need, std::uint64_t min = 0) const {
    const auto number = integer(key, need, static_cast<std::int64_t>(min), static_cast<std::int64_t>(max_number));
    return number ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(*number)) : std::nullopt;
  }

  double real(std::string_view key, Need need) const {
    const Value* value = find(key, need);
    if (value == nullptr) return 0;
    if (!value->is_number()) wrong(key, "must be a number");
    return value->is_number() ? value->to_number<double>() : 0;
  }

  WallMs time(std::string_view key, Need need) const {
    if (find(key, need) == nullptr) return 0;
    const auto parsed = parse_rfc3339(text(key, need));
    if (!parsed) wrong(key, "must be a time such as 2026-11-21T10:54:03Z");
    return parsed.value_or(0);
  }

  template <class Enum>
  Enum word(std::string_view key, std::optional<Enum> (*parse)(std::string_view)) const {
    const std::string text = this->text(key, Need::required);
    const auto parsed = parse(text);
    if (!parsed) wrong(key, "is not a word that is known here");
    return parsed.value_or(Enum{});
  }

  template <class Read>
  std::optional<Got<Read>> nested(std::string_view key, Need need, Read read) const {
    const Value* value = find(key, need);
    if (value == nullptr) return std::nullopt;
    return read(*value, Path(path_, key), problem_);
  }

  template <class Read>
  std::vector<Got<Read>> list(std::string_view key, Need need, std::size_t max_size, Read read) const {
    return list_of(find(key, need), Path(path_, key), problem_, max_size, read);
  }

  std::vector<std::string> texts(std::string_view key, Need need) const {
    return list(key, need, any_length, [](const Value& value, const Path& path, Problem& problem) {
      return text_of(value, path, problem, any_length);
    });
  }

  std::map<std::string, std::string> text_map(std::string_view key) const {
    std::map<std::string, std::string> out;
    const Value* value = find(key, Need::optional);
    if (value == nullptr) return out;
    const Path path(path_, key);
    if (!value->is_object()) problem_.note(path, "must be an object");
    if (!value->is_object()) return out;
    for (const auto& field : value->get_object()) {
      out.emplace(field.key(), text_of(field.value(), Path(path, field.key()), problem_, any_length));
    }
    return out;
  }

 private:
  const Object* object_;
  const Path& path_;
  Problem& problem_;
};

// Parses `text` and reads it as one T; see codec.hpp for what is refused.
template <class Read>
Result<Got<Read>> decode(std::string_view text, Read read) {
  boost::json::parse_options options;
  options.max_depth = max_depth;
  boost::json::parser parser(boost::json::storage_ptr(), options);
  const Path root;
  Problem problem;
  boost::json::error_code failure;
  const std::size_t done = parser.write(text.data(), text.size(), failure);
  if (failure) {
    problem.note(root, "not JSON at byte " + std::to_string(done) + ": " + failure.message());
    return problem.take();
  }
  const Value value = parser.release();
  auto result = read(value, root, problem);
  if (problem.found()) return problem.take();
  return result;
}

// Writing: text is made valid UTF-8, nothing ("" or nullopt or 0 for a time) is left out by the put_some family.
inline boost::json::string text_value(std::string_view text) { return boost::json::string(valid_utf8(text)); }

inline void put(Object& object, std::string_view key, std::string_view text) { object[key] = text_value(text); }

inline void put_some(Object& object, std::string_view key, std::string_view text) {
  if (!text.empty()) put(object, key, text);
}

template <class Number>
void put_some(Object& object, std::string_view key, const std::optional<Number>& number) {
  if (number) object[key] = *number;
}

inline void put_time(Object& object, std::string_view key, WallMs time) { put(object, key, to_rfc3339(time)); }

inline void put_some_time(Object& object, std::string_view key, WallMs time) {
  if (time != 0) put_time(object, key, time);
}

inline Array text_array(const std::vector<std::string>& texts) {
  Array out;
  out.reserve(texts.size());
  for (const std::string& text : texts) out.emplace_back(text_value(text));
  return out;
}

template <class T, class Write>
Array array_of(const std::vector<T>& items, Write write) {
  Array out;
  out.reserve(items.size());
  for (const T& item : items) out.emplace_back(write(item));
  return out;
}

}  // namespace aura::protocol::json
