// What a pull's message stream says (Engine API, ImageCreate): progress a layer, and errors inside a 200.
#pragma once

#include "common/error.hpp"
#include "common/protocol/report.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace aura::docker {

class PullMessages {
 public:
  explicit PullMessages(std::string image) { progress_.image = std::move(image); }

  enum class News { none, moved, failed, malformed };

  // Takes one line. moved: progress() changed or the engine works on; none: it only waits to try again; failed:
  // error() says why, and what follows does not matter; malformed: not a message.
  News take(std::string_view line);

  const protocol::PullProgress& progress() const { return progress_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  struct Layer {
    std::uint64_t bytes = 0, total_bytes = 0;
    bool done = false;
  };
  void count();

  protocol::PullProgress progress_;
  std::map<std::string, Layer> layers_;
  std::optional<Error> error_;
};

// The kind of failure that the engine's text describes: no_space, unavailable (the registry cannot be reached),
// unauthorized (it wants a login, or another one), not_found (it has no such image, or not for us), else internal. The
// message is kept.
Error pull_error(std::string message);

}  // namespace aura::docker
