// Listening sockets and who connects to them, as plain system calls; private to common/http.
#pragma once

#include "common/error.hpp"
#include "common/http/server.hpp"

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

namespace aura::http {

// A bound, listening, non-blocking, close-on-exec socket. The caller owns `fd`.
struct Listening {
  int fd = -1;
  int family = 0;       // AF_UNIX, AF_INET or AF_INET6
  std::string address;  // TCP, as it was given
  std::uint16_t port = 0;
  std::string path;  // Unix: the socket file, and which one it is
  dev_t device = 0;
  ino_t inode = 0;
};

// As Server::listen_unix() and listen_tcp() say.
Result<Listening> open_unix_listener(const std::string& path, mode_t mode, const std::optional<std::string>& group);
Result<Listening> open_tcp_listener(const std::string& address, std::uint16_t port, const std::string& device);

// Removes the socket file, unless another process has put its own there since.
void remove_socket_file(const Listening& listening);

// Switches Nagle's algorithm off on an accepted TCP socket: a head and its first piece are two writes, and the
// second would wait for the peer's delayed acknowledgement of the first (40 ms on Linux).
void send_without_delay(int fd, int family);

// Who is at the other end of the connected socket `fd`.
Peer identify_peer(int fd, int family);

}  // namespace aura::http
