// The machine and its service manager.
#pragma once

#include "agent/reconcile/observed.hpp"
#include "common/error.hpp"
#include "common/protocol/report.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace aura::ports {

// What a running container uses, by the kernel's count. A figure that the kernel does not tell is 0.
struct ContainerUsage {
  struct Network {  // since its start, all its interfaces but lo
    std::uint64_t receive_bytes = 0, transmit_bytes = 0;
    bool operator==(const Network&) const = default;
  };
  std::uint64_t memory_bytes = 0;         // all that is charged to it, page cache too
  std::uint64_t inactive_file_bytes = 0;  // of that, page cache that goes first when memory is short
  std::uint64_t working_set_bytes = 0;    // memory_bytes without inactive_file_bytes, as `docker stats` counts
  std::uint64_t memory_limit_bytes = 0;   // 0: none of its own
  std::uint64_t cpu_us = 0;               // CPU time since its start
  std::uint64_t pids = 0;                 // processes and threads now
  std::uint64_t oom_kills = 0;            // of its processes, by the kernel for want of memory, since its start
  std::uint64_t block_read_bytes = 0, block_write_bytes = 0;  // since its start; what reached a block device
  std::optional<Network> network;                             // nullopt: the host's own network, or not to be seen
  bool operator==(const ContainerUsage&) const = default;
};

// What a command asks of the machine itself.
struct SystemRequest {
  protocol::Verb verb = protocol::Verb::reboot;  // reboot | power_off | upgrade | decommission (leave the tailnet, go)
  std::string version;                           // upgrade
};

class Host {
 public:
  virtual ~Host() = default;

  virtual protocol::HostReport figures() = 0;  // cheap: a few small files of /proc, statvfs
  // v1.instance_id of /run/cloud-init/instance-data.json; "" where there is none.
  virtual std::string cloud_instance_id() = 0;
  // Content of a systemd credential by name (CREDENTIALS_DIRECTORY/NAME); nullopt: not there.
  virtual std::optional<std::string> credential(const std::string& name) = 0;
  // False: systemd manages the Docker socket and docker.service is deliberately inactive, so connecting would
  // start it. True in every other case, also when systemd cannot be asked.
  virtual bool may_connect_to_engine() = 0;
  // True: systemd says the host is going down (SystemState "stopping").
  virtual bool shutting_down() = 0;
  // Processes of a running container that the kernel killed for want of memory, since its start; nullopt: not to be
  // seen. `pid`: of its first process, 0 where it is not known; then only the usual places are looked at.
  virtual std::optional<std::uint64_t> oom_kills(const std::string& container_id, int pid) = 0;
  // What a running container uses now, from a handful of small files; nullopt: not to be seen. `pid` as above;
  // without it nothing is known of its network.
  virtual std::optional<ContainerUsage> usage(const std::string& container_id, int pid) = 0;
  // Asks logind or systemd. Done: it was taken on; what comes of it shows later. A host that goes down already has
  // taken a reboot on. Errors: forbidden (the polkit rule is missing), not_found (no such unit), unavailable (no bus,
  // no logind), timeout.
  virtual boost::asio::awaitable<Result<void>> ask(SystemRequest request) = 0;
  // What the last upgrade came to; nullopt: there was none, or what is there cannot be read.
  virtual std::optional<reconcile::UpgradeResult> upgrade_result() = 0;
  // sd_notify(3); without NOTIFY_SOCKET nothing happens.
  virtual void notify(const std::string& state) = 0;
};

}  // namespace aura::ports
