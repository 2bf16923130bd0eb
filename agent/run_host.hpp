// ports::Host of a real machine.
#pragma once

#include "agent/ports/host.hpp"
#include "agent/systemd/service_manager.hpp"

#include <optional>
#include <string>

namespace aura {

class RunHost final : public ports::Host {
 public:
  RunHost(std::string state_dir, std::string credentials_dir, std::string engine_socket);

  protocol::HostReport figures() override;
  std::string cloud_instance_id() override;  // read once
  std::optional<std::string> credential(const std::string& name) override;
  bool may_connect_to_engine() override;
  bool shutting_down() override;
  std::optional<std::uint64_t> oom_kills(const std::string& container_id, int pid) override;
  std::optional<ports::ContainerUsage> usage(const std::string& container_id, int pid) override;
  boost::asio::awaitable<Result<void>> ask(ports::SystemRequest request) override;
  std::optional<reconcile::UpgradeResult> upgrade_result() override;
  void notify(const std::string& state) override;
  void notify_reloading();  // systemd.service(5), Type=notify-reload, asks for the moment, too

 private:
  std::string state_dir_, credentials_dir_;
  systemd::ServiceManager manager_;
  std::optional<std::string> cloud_instance_id_;
};

}  // namespace aura
