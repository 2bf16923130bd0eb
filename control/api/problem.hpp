// A refusal of the API as a value: which status, which stable code, why.
#pragma once

#include "common/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace aura::control {

struct Problem {
  int status = 500;
  std::string code;
  std::string message;                      // one sentence: cause and remedy
  std::string path;                         // JSON path where a body is at fault
  std::optional<std::uint64_t> last_epoch;  // with stale_epoch
  int retry_after_s = 0;                    // 0: no Retry-After
};

// As for Error: asking a failed result for its value is a bug.
[[noreturn]] void throw_exception_from_error(const Problem& problem, const boost::source_location& where);

template <class T>
using Answer = boost::system::result<T, Problem>;

// A store that cannot be written is 503: nothing was done, the caller may try again.
Problem store_problem(const Error& error);

}  // namespace aura::control
