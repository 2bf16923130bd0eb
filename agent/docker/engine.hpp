// ports::ContainerEngine on the Docker Engine API (docs.docker.com/reference/api/engine), Docker 20.10 and later,
// over the engine's Unix socket. Containers are named by their full id only: a shorter text could be the head of
// another one's. Never sets a restart policy: restarts are the agent's.
#pragma once

#include "agent/docker/api.hpp"
#include "agent/ports/container_engine.hpp"

#include <string>

namespace aura::docker {

class DockerEngine final : public ports::ContainerEngine {
 public:
  // `client` must outlive the engine; the engine must outlive its calls. One thread.
  DockerEngine(http::Client& client, std::string socket, Deadlines deadlines = {});

  ports::Async<ports::EngineVersion> ping() override;
  ports::Async<ports::EngineConfig> config() override;
  ports::Async<std::vector<ports::ListedContainer>> list() override;
  ports::Async<reconcile::Container> inspect(const std::string& id) override;
  ports::Async<std::string> create(const ports::CreateRequest& request) override;
  ports::Async<void> start(const std::string& id) override;
  ports::Async<void> stop(const std::string& id, int grace_s) override;
  ports::Async<void> kill(const std::string& id, const std::string& signal) override;
  ports::Async<void> remove(const std::string& id) override;
  ports::Async<void> pause(const std::string& id) override;
  ports::Async<void> unpause(const std::string& id) override;
  ports::Async<void> update(const std::string& id, const reconcile::Resources& resources) override;
  ports::Async<ports::ImageInfo> image(const std::string& reference) override;
  ports::Async<void> pull(const ports::PullRequest& request,
                          std::function<void(const protocol::PullProgress&)> progress) override;
  ports::Async<ports::DiskSpace> disk() override;
  ports::Async<void> remove_image(const std::string& reference) override;
  ports::Async<void> ensure_network(const ports::Network& network) override;
  ports::Async<void> connect(const std::string& id, const std::string& network) override;
  // Before `connected` the engine was asked and answered; what happens between that and the opening of the stream
  // is replayed by the engine, so that nothing after `connected` is missed unless the stream breaks.
  ports::Async<void> events(std::int64_t since_ns, std::function<void()> connected,
                            std::function<void(const ports::EngineEvent&)> on_event) override;
  ports::Async<ports::KillSeen> kill_seen(const reconcile::Instance& instance) override;
  ports::Async<ExecResult> exec(const std::string& id, const std::vector<std::string>& argv,
                                std::int64_t timeout_ms) override;
  ports::Async<bool> exec_runs(const std::string& exec_id) override;
  ports::Async<void> logs(const std::string& id, LogRequest request,
                          std::function<bool(std::string_view)> sink) override;

 private:
  ports::Async<http::Response> get(std::string path, std::size_t max_body_bytes);
  // POST or DELETE /containers/ID…: 2xx, and 304 too, is success.
  ports::Async<void> change(std::string method, std::string id, std::string rest, std::string body, long timeout_ms);

  Api api_;
  Deadlines deadlines_;
  std::string data_root_;  // the engine's folder on this machine; "": not asked yet
};

}  // namespace aura::docker
