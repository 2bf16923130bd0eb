// Failures of the outside world as values.
//
// Every function that can fail because of something outside the program returns Result<T>. A bug is not an
// Error: it asserts and ends the process. Error::message is one sentence for a person and names the cause;
// each layer that knows more puts its context in front with with_context().
#pragma once

#include <boost/system/result.hpp>

#include <iosfwd>
#include <string>
#include <string_view>

namespace aura {

// What kind of failure it was; callers branch on this, never on the message.
enum class Errc {
  invalid_argument,  // the input is malformed or outside its limits
  not_found,         // the thing named does not exist
  conflict,          // it exists already, or its state forbids the call
  unavailable,       // the peer refused, is gone, or broke off: try again later
  timeout,           // no answer within the deadline
  unauthorized,      // the peer does not know us (401)
  forbidden,         // the peer knows us and will not (403)
  rate_limited,      // the peer asks for patience (429, 503); Error::retry_after_s may say how much
  too_large,         // an answer or a body beyond its limit
  bad_reply,         // an answer that is not what the protocol says
  no_space,          // the disk is full
  read_only,         // the disk cannot be written
  corrupt,           // stored data fails its check
  locked,            // another process holds it
  cancelled,         // given up on request
  not_supported,     // known, but not done by this version or this peer
  internal,          // everything else; a log line says more
};

// The snake_case name of a code, as it stands in logs and JSON.
std::string_view to_string(Errc code);

struct Error {
  Errc code = Errc::internal;
  std::string message;
  int http_status = 0;    // the peer's status where there was one, else 0
  int retry_after_s = 0;  // seconds the peer asked us to wait, 0 where it did not
};

// "code: message", for test reports.
std::ostream& operator<<(std::ostream& out, const Error& error);

// The same error with "context: " in front of its message.
Error with_context(Error error, std::string_view context);

// Found by boost::system::result::value(); a value() on an error is a bug and ends in std::terminate.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

template <class T>
using Result = boost::system::result<T, Error>;

// An Error from errno, with the context in front: ENOSPC, EDQUOT -> no_space, EROFS -> read_only,
// ENOENT -> not_found, EACCES, EPERM -> forbidden, everything else -> internal.
Error errno_error(int error_number, std::string_view context);

}  // namespace aura
