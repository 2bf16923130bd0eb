#include "agent/run_host.hpp"

#include "agent/host/cgroup.hpp"
#include "agent/host/machine.hpp"
#include "agent/host/upgrade_result.hpp"
#include "agent/host/usage.hpp"
#include "agent/systemd/machine.hpp"

#include <fmt/format.h>

#include <ctime>
#include <utility>

namespace aura {
namespace {

constexpr const char* upgrade_result_file = "/var/lib/aura-node-upgrade/result";
constexpr const char* instance_data = "/run/cloud-init/instance-data.json";

}  // namespace

RunHost::RunHost(std::string state_dir, std::string credentials_dir, std::string engine_socket)
    : state_dir_(std::move(state_dir)),
      credentials_dir_(std::move(credentials_dir)),
      manager_(std::move(engine_socket)) {}

protocol::HostReport RunHost::figures() { return host::figures(state_dir_); }

std::string RunHost::cloud_instance_id() {
  if (!cloud_instance_id_) cloud_instance_id_ = host::cloud_instance_id(instance_data);
  return *cloud_instance_id_;
}

std::optional<std::string> RunHost::credential(const std::string& name) {
  return host::credential(credentials_dir_, name);
}

bool RunHost::may_connect_to_engine() { return manager_.may_connect_to_engine(); }
bool RunHost::shutting_down() { return manager_.shutting_down(); }
std::optional<std::uint64_t> RunHost::oom_kills(const std::string& container_id, int pid) {
  return host::oom_kills(host::Roots(), container_id, pid);
}
std::optional<ports::ContainerUsage> RunHost::usage(const std::string& container_id, int pid) {
  return host::usage(host::Roots(), container_id, pid);
}
boost::asio::awaitable<Result<void>> RunHost::ask(ports::SystemRequest request) {
  using protocol::Verb;
  switch (request.verb) {
    case Verb::reboot: co_return co_await systemd::reboot();
    case Verb::power_off: co_return co_await systemd::power_off();
    case Verb::upgrade: break;
    default: {
      std::string leave = "aura-node-leave.service";
      co_return co_await systemd::start_unit(std::move(leave));
    }
  }
  std::string unit = "aura-node-upgrade@" + systemd::escape_instance(request.version) + ".service";
  co_return co_await systemd::start_unit(std::move(unit));
}
std::optional<reconcile::UpgradeResult> RunHost::upgrade_result() { return host::upgrade_result(upgrade_result_file); }
void RunHost::notify(const std::string& state) { systemd::notify(state); }
void RunHost::notify_reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000LL + now.tv_nsec / 1000));
}

}  // namespace aura
