// How much room the engine has: statvfs(3) of its folder, which is on this machine as its socket is.
#include "agent/docker/engine.hpp"
#include "agent/docker/engine_json.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/statvfs.h>

namespace aura::docker {

ports::Async<ports::DiskSpace> DockerEngine::disk() {
  if (data_root_.empty()) {
    constexpr std::size_t max_info_bytes = 4u << 20;
    std::string path = "/info";
    const auto answer = co_await get(std::move(path), max_info_bytes);
    if (!answer) co_return answer.error();
    auto root = parse_data_root(answer->body);
    if (!root) co_return root.error();
    data_root_ = std::move(*root);
  }
  struct statvfs seen {};
  if (::statvfs(data_root_.c_str(), &seen) != 0) {
    const std::string why = std::strerror(errno);
    co_return Error{Errc::not_supported, "the room in " + data_root_ + " cannot be seen: " + why};
  }
  ports::DiskSpace space;
  space.total_bytes = std::uint64_t{seen.f_blocks} * seen.f_frsize;
  space.available_bytes = std::uint64_t{seen.f_bavail} * seen.f_frsize;
  co_return space;
}

}  // namespace aura::docker
