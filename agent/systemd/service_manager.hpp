// What we ask systemd: sd_notify(3), the state of docker.service and of the system, over the system bus.
//
// The bus is opened at the first question that needs it and closed again, so a machine without systemd, or a
// socket that is not systemd's, costs nothing. A call waits at most bus_timeout_ms.
// Source: org.freedesktop.systemd1(5), Unit.ActiveState, Socket.Listen, Manager.SystemState.
#pragma once

#include <string>

namespace aura::systemd {

inline constexpr int bus_timeout_ms = 500;
inline constexpr int notify_wait_ms = 1'000;

// The protocol of sd_notify(3). Waits for a manager whose queue is full at most notify_wait_ms, with WATCHDOG=1 not at
// all; then it hears nothing. Nothing happens without NOTIFY_SOCKET.
void notify(const std::string& state);

class ServiceManager {
 public:
  // `engine_socket`: the configured path of Docker's socket.
  explicit ServiceManager(std::string engine_socket);

  // False: docker.socket listens on our path and docker.service is inactive, so connecting would start it.
  // True in every other case, also when systemd cannot be asked.
  bool may_connect_to_engine();

  // True if the manager's SystemState is "stopping".
  bool shutting_down();

 private:
  bool socket_may_be_activated();

  std::string engine_socket_;
};

}  // namespace aura::systemd
