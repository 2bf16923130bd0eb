// Described structs (describe.hpp) to and from JSON values; for the codec files of this folder only.
//
// Integers, booleans, text, enums (by name), optionals, vectors, deques, sets, maps keyed by text, and structs of
// those. Doubles round-trip to the last bit: those that are not short decimals are written as text, because
// Boost.JSON 1.81 parses numbers to within one unit in the last place only.
#pragma once

#include "agent/store/describe.hpp"
#include "common/error.hpp"

#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include <cassert>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace aura::store::json {

using boost::json::array;
using boost::json::object;
using boost::json::value;

inline constexpr std::size_t max_depth = 64;  // levels of nesting; the deepest record has 8

// What of a struct is written: `full` leaves out only what is empty anyway; `changed` leaves out all that equals
// the default, with keys sorted by byte.
enum class Extent { full, changed };

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
concept TextMap = requires {
  typename T::mapped_type;
};
template <class T>
concept Text = std::is_same_v<T, std::string>;
template <class T>
concept Sequence = !TextMap<T> && !Text<T> && requires(T t) {
  typename T::value_type;
  t.begin();
  t.size();
};

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

// Text that is "" , a container without elements, an optional without a value.
template <class T>
bool blank(const T& in) {
  if constexpr (is_optional<T>) {
    return !in.has_value();
  } else if constexpr (Text<T> || TextMap<T> || Sequence<T>) {
    return in.empty();
  } else {
    return false;
  }
}

template <class T>
const T& default_of() {
  static const T instance{};
  return instance;
}

template <Extent extent, class T>
value write(const T& in);

inline value write_double(double in) {
  constexpr double short_limit = 1e9;
  if (std::abs(in) < short_limit && std::nearbyint(in * 1000) / 1000 == in) return in;
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, in).ptr;
  return boost::json::string(text, static_cast<std::size_t>(end - text));
}

template <Extent extent, class T>
value write_struct(const T& in) {
  const T& normal = default_of<T>();
  std::map<std::string_view, value> sorted;
  object out;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    const auto& field = in.*member.pointer;
    const auto& usual = normal.*member.pointer;
    if constexpr (extent == Extent::changed) {
      if (!(field == usual)) sorted.emplace(member.name, write<extent>(field));
    } else {
      if (!(blank(field) && blank(usual))) out.emplace(member.name, write<extent>(field));
    }
  });
  for (auto& [name, field] : sorted) out.emplace(name, std::move(field));
  return out;
}

template <Extent extent, class T>
value write(const T& in) {
  if constexpr (std::is_floating_point_v<T>) {
    return write_double(in);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return in;
  } else if constexpr (std::is_enum_v<T>) {
    const char* name = boost::describe::enum_to_string(in, nullptr);
    assert(name != nullptr);
    return boost::json::string(name);
  } else if constexpr (Text<T>) {
    return boost::json::string(in);
  } else if constexpr (is_optional<T>) {
    if (!in) return nullptr;
    return write<extent>(*in);
  } else if constexpr (TextMap<T>) {
    object out;
    out.reserve(in.size());
    for (const auto& [key, item] : in) out.emplace(key, write<extent>(item));
    return out;
  } else if constexpr (Sequence<T>) {
    array out;
    out.reserve(in.size());
    for (const auto& item : in) out.push_back(write<extent>(item));
    return out;
  } else {
    return write_struct<extent>(in);
  }
}

// Reads values; the first thing that is wrong ends it and stands in why(), with its path.
class Reader {
 public:
  enum class Unknown { ignored, refused };  // keys that no member has

  explicit Reader(Unknown unknown) : unknown_(unknown) {}

  const std::string& why() const { return why_; }

  // Leaves what `in` does not mention as it is in `out`.
  template <class T>
  bool read(const value& in, T& out) {
    if constexpr (std::is_same_v<T, bool>) {
      return in.is_bool() ? (out = in.get_bool(), true) : fail("must be true or false");
    } else if constexpr (std::is_floating_point_v<T>) {
      return read_double(in, out);
    } else if constexpr (std::is_integral_v<T>) {
      boost::json::error_code failure;
      out = in.to_number<T>(failure);
      return !failure || fail("must be a whole number within its range");
    } else if constexpr (std::is_enum_v<T>) {
      if (!in.is_string()) return fail("must be a word");
      const std::string word(in.get_string());
      return boost::describe::enum_from_string(word.c_str(), out) || fail("unknown word \"" + word + "\"");
    } else if constexpr (Text<T>) {
      return in.is_string() ? (out = in.get_string(), true) : fail("must be text");
    } else if constexpr (is_optional<T>) {
      out.reset();
      return in.is_null() || read(in, out.emplace());
    } else if constexpr (TextMap<T>) {
      return read_map(in, out);
    } else if constexpr (Sequence<T>) {
      return read_sequence(in, out);
    } else {
      return read_struct(in, out);
    }
  }

  bool fail(std::string_view problem) {
    if (why_.empty()) why_ = problem;
    return false;
  }

 private:
  bool at(std::string_view step) {
    why_ = std::string(step) + (why_.find(": ") == std::string::npos ? ": " : ".") + why_;
    return false;
  }

  bool read_double(const value& in, double& out) {
    if (in.is_number()) return out = in.to_number<double>(), true;
    if (!in.is_string()) return fail("must be a number");
    const auto& text = in.get_string();
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
    return (parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size()) || fail("must be a number");
  }

  template <class Map>
  bool read_map(const value& in, Map& out) {
    if (!in.is_object()) return fail("must be an object");
    out.clear();
    for (const auto& field : in.get_object()) {
      if (!read(field.value(), out[std::string(field.key())])) return at(field.key());
    }
    return true;
  }

  template <class Items>
  bool read_sequence(const value& in, Items& out) {
    if (!in.is_array()) return fail("must be a list");
    out.clear();
    for (const value& item : in.get_array()) {
      typename Items::value_type one{};
      if (!read(item, one)) return at(std::to_string(out.size()));
      out.insert(out.end(), std::move(one));
    }
    return true;
  }

  template <class T>
  bool read_struct(const value& in, T& out) {
    if (!in.is_object()) return fail("must be an object");
    const object& fields = in.get_object();
    bool good = true;
    std::size_t known = 0;
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
      const value* field = good ? fields.if_contains(member.name) : nullptr;
      if (field == nullptr) return;
      ++known;
      if (!read(*field, out.*member.pointer)) good = at(member.name);
    });
    if (good && unknown_ == Unknown::refused && known != fields.size()) good = refuse_unknown<T>(fields);
    return good;
  }

  template <class T>
  bool refuse_unknown(const object& fields) {
    for (const auto& field : fields) {
      bool known = false;
      boost::mp11::mp_for_each<Members<T>>([&](auto member) { known = known || field.key() == member.name; });
      if (!known) return fail("unknown key"), at(field.key());
    }
    return true;
  }

  Unknown unknown_;
  std::string why_;
};

// The text as a value that lives in `memory`; bytes that are not UTF-8 are taken as they are, since we wrote them.
inline Result<value> parse(std::string_view text, Errc code, boost::json::storage_ptr memory = {}) {
  boost::json::parse_options options;
  options.max_depth = max_depth;
  options.allow_invalid_utf8 = true;
  boost::json::error_code failure;
  value parsed = boost::json::parse(text, failure, std::move(memory), options);
  if (failure) return Error{code, "not JSON: " + failure.message()};
  return parsed;
}

}  // namespace aura::store::json
