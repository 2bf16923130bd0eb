// Asks a workload to get ready for its stop. Implemented by probes/StopHookCaller and by tests' fake.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace aura::ports {

// Either url or exec is set.
struct HookQuestion {
  std::string url;     // http://LITERAL[:PORT]/…: where to connect
  std::string host;    // then: the Host header
  std::string bearer;  // then: the secret of its Authorization header; "": none is sent
  std::string body;    // then: JSON
  std::vector<std::string> exec;
  std::string container_id;  // for exec
  std::int64_t timeout_ms = 0;
};

struct HookAnswer {
  enum class Kind { ready, busy, failed };
  Kind kind = Kind::failed;
  std::int64_t again_in_ms = 0;  // busy
  std::string words;             // "busy: 2 turns are running", "answered 500"; may hold the container's text
};

class HookCaller {
 public:
  virtual ~HookCaller() = default;

  // Ends within timeout_ms and a moment, and when it is cancelled (Asio cancellation, terminal). Follows no redirect,
  // uses no proxy, reads at most 64 KiB (exec: 4 KiB).
  //
  // POST: 200 to 299 is ready, unless a JSON answer (or the object "payload" in it) has the status "busy" or
  // "draining", or begins one and is too large to be read; 429 and 503 are busy. exec: exit code 0 is ready, unless its
  // output is such JSON; 75 (EX_TEMPFAIL of sysexits.h) is busy. When to ask again: "retry_after_s" or "retryAfterMs"
  // beside the status (or in the object "error"), the header Retry-After in seconds, else 5 s; between 1 s and 5 min.
  // Anything else is failed.
  virtual boost::asio::awaitable<HookAnswer> ask(HookQuestion question) = 0;
};

}  // namespace aura::ports
