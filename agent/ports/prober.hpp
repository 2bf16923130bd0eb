// Asks a container how it is. Implemented by probes/Prober and by tests' fake.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace aura::ports {

// Exactly one of url, address and exec is set.
struct ProbeQuestion {
  std::string url;   // http://LITERAL[:PORT]/…: where to connect
  std::string host;  // then: the Host header
  std::string address;
  int port = 0;  // with address: TCP
  std::vector<std::string> exec;
  std::string container_id;  // for exec
  std::int64_t timeout_ms = 0;
};

struct ProbeAnswer {
  // unknown: it could not be asked, for a reason that says nothing about the container.
  enum class Kind { passed, failed, unknown };
  Kind kind = Kind::unknown;
  std::string words;  // "answered 503", "no answer within 5 s": follows the probe's name; may hold the container's text
};

class Prober {
 public:
  virtual ~Prober() = default;

  // Ends within timeout_ms and a moment. http passes on a status of 200 to 299, tcp when the connection stands, exec
  // on exit code 0. Follows no redirect, uses no proxy, reads at most 4 KiB.
  virtual boost::asio::awaitable<ProbeAnswer> ask(ProbeQuestion question) = 0;
};

}  // namespace aura::ports
