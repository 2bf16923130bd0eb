#include "common/http/listener.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace aura::http {
namespace {

constexpr int listen_backlog = 128;
constexpr std::size_t group_buffer_bytes = 16 * 1024;
constexpr int socket_flags = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

const sockaddr* as_sockaddr(const void* address) { return static_cast<const sockaddr*>(address); }

// Closes the descriptor unless it has been handed on.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Error listen_error(int error_number, const std::string& place) {
  Error error = errno_error(error_number, fmt::format("cannot listen on {}", place));
  if (error_number == EADDRINUSE) error.code = Errc::conflict;
  if (error_number == EADDRNOTAVAIL) error.code = Errc::unavailable;
  return error;
}

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Error{Errc::invalid_argument, fmt::format("the socket path {} is empty or too long", path)};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

// Makes way for a new socket file: a dead one goes, anything else at that path is a conflict.
Result<void> remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return listen_error(errno, path);
  }
  if (!S_ISSOCK(status.st_mode)) return Error{Errc::conflict, fmt::format("{} exists and is no socket", path)};
  const Descriptor probe(::socket(AF_UNIX, socket_flags, 0));
  if (probe.get() < 0) return listen_error(errno, path);
  const int connected = ::connect(probe.get(), as_sockaddr(&address), sizeof address);
  // EAGAIN: alive, with a full backlog.
  if (connected == 0 || errno != ECONNREFUSED) {
    return Error{Errc::conflict, fmt::format("another process answers on {}", path)};
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return listen_error(errno, path);
  return {};
}

Result<gid_t> find_group(const std::string& name) {
  std::vector<char> buffer(group_buffer_bytes);
  group entry{};
  group* found = nullptr;
  const int error = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (error != 0) return errno_error(error, fmt::format("cannot look up the group {}", name));
  if (found == nullptr) return Error{Errc::not_found, fmt::format("there is no group {}", name)};
  return entry.gr_gid;
}

void read_peer_groups(int fd, Peer& peer) {
  socklen_t bytes = 0;
  // With no room it fails and says how much it needs.
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, nullptr, &bytes) == 0 || errno != ERANGE) return;
  std::vector<gid_t> groups(bytes / sizeof(gid_t));
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes) != 0) return;
  groups.resize(bytes / sizeof(gid_t));
  peer.groups = std::move(groups);
}

}  // namespace

Result<Listening> open_unix_listener(const std::string& path, mode_t mode, const std::optional<std::string>& group) {
  const auto address = unix_address(path);
  if (!address) return address.error();
  std::optional<gid_t> owner;
  if (group) {
    const auto found = find_group(*group);
    if (!found) return with_context(found.error(), fmt::format("cannot listen on {}", path));
    owner = *found;
  }
  if (auto cleared = remove_stale(path, *address); !cleared) return cleared.error();

  Descriptor socket(::socket(AF_UNIX, socket_flags, 0));
  if (socket.get() < 0) return listen_error(errno, path);
  // Nobody else may connect before group and mode are right.
  const mode_t old_mask = ::umask(0177);
  const int bound = ::bind(socket.get(), as_sockaddr(&*address), sizeof *address);
  const int bind_error = errno;
  ::umask(old_mask);
  if (bound != 0) return listen_error(bind_error, path);
  if (owner && ::chown(path.c_str(), static_cast<uid_t>(-1), *owner) != 0) {
    return errno_error(errno, fmt::format("cannot give {} to its group", path));
  }
  if (::chmod(path.c_str(), mode) != 0) return errno_error(errno, fmt::format("cannot set the mode of {}", path));
  if (::listen(socket.get(), listen_backlog) != 0) return listen_error(errno, path);

  Listening listening;
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    listening.device = status.st_dev;
    listening.inode = status.st_ino;
  }
  listening.family = AF_UNIX;
  listening.path = path;
  listening.fd = socket.release();
  return listening;
}

Result<Listening> open_tcp_listener(const std::string& address, std::uint16_t port, const std::string& device) {
  const std::string place = fmt::format("{} port {}", address, port);
  sockaddr_storage storage{};
  socklen_t size = 0;
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    size = sizeof *v6;
  } else {
    return Error{Errc::invalid_argument, fmt::format("{} is no literal address", address)};
  }

  Descriptor socket(::socket(storage.ss_family, socket_flags, 0));
  if (socket.get() < 0) return listen_error(errno, place);
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (storage.ss_family == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  // Before bind(2): without it the address alone would be reachable for a moment.
  if (!device.empty() && ::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, device.data(),
                                      static_cast<socklen_t>(device.size())) != 0) {
    return with_context(listen_error(errno, place), "device " + device);
  }
  if (::bind(socket.get(), as_sockaddr(&storage), size) != 0) return listen_error(errno, place);
  if (::listen(socket.get(), listen_backlog) != 0) return listen_error(errno, place);
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return listen_error(errno, place);
  }

  Listening listening;
  listening.family = storage.ss_family;
  listening.address = address;
  listening.port = ntohs(storage.ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
  listening.fd = socket.release();
  return listening;
}

void remove_socket_file(const Listening& listening) {
  struct stat status {};
  if (listening.path.empty() || ::lstat(listening.path.c_str(), &status) != 0) return;
  if (status.st_dev == listening.device && status.st_ino == listening.inode) ::unlink(listening.path.c_str());
}

void send_without_delay(int fd, int family) {
  if (family == AF_UNIX) return;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Peer identify_peer(int fd, int family) {
  Peer peer;
  if (family == AF_UNIX) {
    peer.is_unix = true;
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
      peer.uid = credentials.uid;
      peer.gid = credentials.gid;
    }
    read_peer_groups(fd, peer);
    return peer;
  }
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return peer;
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    peer.port = ntohs(v4.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    peer.port = ntohs(v6.sin6_port);
  }
  peer.address = text;
  return peer;
}

}  // namespace aura::http
