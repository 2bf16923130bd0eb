// Lets Catch2 print a Result: its error, or that it is a success. To be included before results are checked.
#pragma once

#include "common/error.hpp"

#include <catch2/catch_tostring.hpp>

#include <string>

namespace Catch {

template <class T>
struct StringMaker<aura::Result<T>> {
  static std::string convert(const aura::Result<T>& result) {
    if (result.has_value()) return "success";
    return std::string(aura::to_string(result.error().code)) + ": " + result.error().message;
  }
};

template <>
struct StringMaker<aura::Errc> {
  static std::string convert(aura::Errc code) { return std::string(aura::to_string(code)); }
};

}  // namespace Catch
