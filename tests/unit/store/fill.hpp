// Fills described structs so that no member has its default, for tests of what is stored.
#pragma once

#include "agent/store/json_visit.hpp"

#include <string>

namespace aura::store::test {

class Filler {
 public:
  explicit Filler(std::uint64_t first) : next_(first) {}

  // Afterwards every member, at any depth, differs from its default; two containers' elements differ too.
  template <class T>
  void fill(T& out) {
    const std::uint64_t n = next_++;
    if constexpr (std::is_same_v<T, bool>) {
      out = !out;
    } else if constexpr (std::is_floating_point_v<T>) {
      out = static_cast<T>(n) + 1.0 / 3;
    } else if constexpr (std::is_integral_v<T>) {
      out = static_cast<T>(n % 30'000 + 1);
    } else if constexpr (std::is_enum_v<T>) {
      // All have at least two words, counted from 0, and the first is the default.
      constexpr auto words = boost::mp11::mp_size<boost::describe::describe_enumerators<T>>::value;
      out = static_cast<T>(1 + n % (words - 1));
    } else if constexpr (json::Text<T>) {
      out = "text " + std::to_string(n) + " \"\n\\ \xc3\xa9";
    } else if constexpr (json::is_optional<T>) {
      fill(out.emplace());
    } else if constexpr (json::TextMap<T>) {
      for (int i = 0; i < 2; ++i) fill(out["key " + std::to_string(n) + std::to_string(i)]);
    } else if constexpr (json::Sequence<T>) {
      for (int i = 0; i < 2; ++i) {
        typename T::value_type one{};
        fill(one);
        out.insert(out.end(), std::move(one));
      }
    } else {
      boost::mp11::mp_for_each<json::Members<T>>([&](auto member) { fill(out.*member.pointer); });
    }
  }

 private:
  std::uint64_t next_;
};

// Names of members that have their default.
template <class T>
std::string unfilled(const T& in) {
  std::string names;
  const T normal{};
  boost::mp11::mp_for_each<json::Members<T>>([&](auto member) {
    if (in.*member.pointer == normal.*member.pointer) names += std::string(member.name) + " ";
  });
  return names;
}

}  // namespace aura::store::test
