#include "common/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <ostream>
#include <system_error>

namespace aura {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::invalid_argument: return "invalid_argument";
    case Errc::not_found: return "not_found";
    case Errc::conflict: return "conflict";
    case Errc::unavailable: return "unavailable";
    case Errc::timeout: return "timeout";
    case Errc::unauthorized: return "unauthorized";
    case Errc::forbidden: return "forbidden";
    case Errc::rate_limited: return "rate_limited";
    case Errc::too_large: return "too_large";
    case Errc::bad_reply: return "bad_reply";
    case Errc::no_space: return "no_space";
    case Errc::read_only: return "read_only";
    case Errc::corrupt: return "corrupt";
    case Errc::locked: return "locked";
    case Errc::cancelled: return "cancelled";
    case Errc::not_supported: return "not_supported";
    case Errc::internal: return "internal";
  }
  return "internal";
}

std::ostream& operator<<(std::ostream& out, const Error& error) {
  return out << to_string(error.code) << ": " << error.message;
}

Error with_context(Error error, std::string_view context) {
  error.message = fmt::format("{}: {}", context, error.message);
  return error;
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  fmt::print(stderr, "bug: value() of an error at {}:{}: {}: {}\n", where.file_name(), where.line(),
             to_string(error.code), error.message);
  std::terminate();
}

Error errno_error(int error_number, std::string_view context) {
  Error error;
  switch (error_number) {
    case ENOSPC:
    case EDQUOT: error.code = Errc::no_space; break;
    case EROFS: error.code = Errc::read_only; break;
    case ENOENT: error.code = Errc::not_found; break;
    case EACCES:
    case EPERM: error.code = Errc::forbidden; break;
    default: error.code = Errc::internal; break;
  }
  error.message = fmt::format("{}: {}", context, std::generic_category().message(error_number));
  return error;
}

}  // namespace aura
