#include "agent/systemd/service_manager.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

namespace aura::systemd {
namespace {

constexpr const char* manager_service = "org.freedesktop.systemd1";
constexpr const char* manager_path = "/org/freedesktop/systemd1";
constexpr const char* socket_path = "/org/freedesktop/systemd1/unit/docker_2esocket";
constexpr const char* service_path = "/org/freedesktop/systemd1/unit/docker_2eservice";

struct CloseBus {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
};
using Bus = std::unique_ptr<sd_bus, CloseBus>;

Bus open_bus() {
  sd_bus* bus = nullptr;
  if (sd_bus_open_system(&bus) < 0) return nullptr;
  sd_bus_set_method_call_timeout(bus, static_cast<std::uint64_t>(bus_timeout_ms) * 1000);
  return Bus(bus);
}

// "" where it cannot be asked.
std::string text_property(sd_bus* bus, const char* path, const char* interface, const char* name) {
  char* text = nullptr;
  sd_bus_error error = SD_BUS_ERROR_NULL;
  const int done = sd_bus_get_property_string(bus, manager_service, path, interface, name, &error, &text);
  sd_bus_error_free(&error);
  const std::unique_ptr<char, decltype(&std::free)> owned(text, &std::free);
  return done < 0 || text == nullptr ? std::string() : std::string(text);
}

std::string real_path(const std::string& path) {
  char resolved[PATH_MAX];
  return ::realpath(path.c_str(), resolved) == nullptr ? path : std::string(resolved);
}

// True if docker.socket's Listen property, a(ss), names `path`.
bool listens_on(sd_bus* bus, const std::string& path) {
  sd_bus_message* raw = nullptr;
  sd_bus_error error = SD_BUS_ERROR_NULL;
  const int done = sd_bus_get_property(bus, manager_service, socket_path, "org.freedesktop.systemd1.Socket", "Listen",
                                       &error, &raw, "a(ss)");
  sd_bus_error_free(&error);
  if (done < 0) return false;
  const std::unique_ptr<sd_bus_message, decltype(&sd_bus_message_unref)> reply(raw, &sd_bus_message_unref);
  bool found = false;
  if (sd_bus_message_enter_container(raw, SD_BUS_TYPE_ARRAY, "(ss)") < 0) return false;
  const char* type = nullptr;
  const char* address = nullptr;
  while (sd_bus_message_read(raw, "(ss)", &type, &address) > 0) found = found || real_path(address) == path;
  return found;
}

// False where the queue is full; any other failure is the manager's own.
bool sent(int fd, const std::string& state) {
  return ::send(fd, state.data(), state.size(), MSG_NOSIGNAL) >= 0 || errno != EAGAIN;
}

}  // namespace

// Not sd_notify(3): it waits for ever while the socket's queue is full, and a PID 1 that froze would freeze us with it.
void notify(const std::string& state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (*path != '/' && *path != '@')) return;
  sockaddr_un address{};
  const std::size_t length = std::strlen(path);
  if (length >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, length);
  if (*path == '@') address.sun_path[0] = '\0';  // an abstract name, unix(7)
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(fd, to, size) == 0 && !sent(fd, state) && !state.starts_with("WATCHDOG=")) {
    pollfd room{fd, POLLOUT, 0};
    if (::poll(&room, 1, notify_wait_ms) > 0) static_cast<void>(sent(fd, state));
  }
  ::close(fd);
}

ServiceManager::ServiceManager(std::string engine_socket) : engine_socket_(std::move(engine_socket)) {}

// Only systemd's own socket units live under /run; a machine that was not booted with systemd has none.
bool ServiceManager::socket_may_be_activated() {
  return sd_booted() > 0 && real_path(engine_socket_).starts_with("/run/");
}

bool ServiceManager::may_connect_to_engine() {
  if (!socket_may_be_activated()) return true;
  const Bus bus = open_bus();
  if (!bus || !listens_on(bus.get(), real_path(engine_socket_))) return true;
  if (text_property(bus.get(), socket_path, "org.freedesktop.systemd1.Unit", "ActiveState") != "active") return true;
  const std::string state = text_property(bus.get(), service_path, "org.freedesktop.systemd1.Unit", "ActiveState");
  return state != "inactive" && state != "failed" && state != "deactivating";
}

bool ServiceManager::shutting_down() {
  if (sd_booted() <= 0) return false;
  const Bus bus = open_bus();
  if (!bus) return false;
  return text_property(bus.get(), manager_path, "org.freedesktop.systemd1.Manager", "SystemState") == "stopping";
}

}  // namespace aura::systemd
