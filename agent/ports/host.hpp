// The machine and its service manager.
#pragma once

#include "common/protocol/report.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace aura::ports {

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
  // seen.
  virtual std::optional<std::uint64_t> oom_kills(const std::string& container_id) = 0;
  // sd_notify(3); without NOTIFY_SOCKET nothing happens.
  virtual void notify(const std::string& state) = 0;
};

}  // namespace aura::ports
