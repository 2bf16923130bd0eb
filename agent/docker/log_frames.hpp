// Takes the frames off a container's log stream. Without a TTY Docker multiplexes stdout and stderr: an 8-byte
// head {stream, 0, 0, 0, length as 32 bits big endian}, then the payload (Engine API, ContainerAttach).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace aura::docker {

// Holds at most one head: payloads are passed on as they come, however long a frame claims to be.
class LogFrames {
 public:
  enum class Step { more, ended, malformed };

  // Passes the payload in `chunk` to sink. ended: sink returned false. malformed: a head that is none.
  Step feed(std::string_view chunk, const std::function<bool(std::string_view)>& sink);

 private:
  std::array<unsigned char, 8> head_{};
  std::size_t head_bytes_ = 0;
  std::uint32_t payload_left_ = 0;
};

}  // namespace aura::docker
