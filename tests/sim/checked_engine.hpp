// Docker as the agent of a story sees it: every call is held against what the agent has recorded and what is true.
//
// What must never happen is judged at the moment the agent asks for it: a start that is not intended, a stop that
// nobody ordered, an effect without its record, a container of somebody else touched, a second container made.
#pragma once

#include "agent/store/ledger.hpp"
#include "tests/sim/world.hpp"
#include "tests/support/fake_container_engine.hpp"

#include <set>
#include <string>

namespace aura::sim {

// What somebody else's containers carry that bear our other labels.
inline constexpr const char* strangers_nonce = "somebody";

// The design's sentence, written a second time: the core's own should_run() is what is being judged.
bool must_run(const reconcile::State& state, const reconcile::Workload& workload);

class CheckedEngine final : public ports::ContainerEngine {
 public:
  // All outlive it. `forgetful`: its ledger could not keep everything at some time, so that containers of its own may
  // be strangers to it. `stops_on_record`: runs whose stop was recorded durably when it was sent, in whatever life.
  using Runs = std::set<std::pair<std::string, std::string>>;
  CheckedEngine(World& world, testing::FakeContainerEngine& truth, const store::Ledger& ledger, std::string who,
                const bool& forgetful, Runs& stops_on_record)
      : world_(world),
        truth_(truth),
        ledger_(ledger),
        who_(std::move(who)),
        forgetful_(forgetful),
        stops_on_record_(stops_on_record) {}

  ports::Async<ports::EngineVersion> ping() override { return truth_.ping(); }
  ports::Async<ports::EngineConfig> config() override { return truth_.config(); }
  ports::Async<std::vector<ports::ListedContainer>> list() override { return truth_.list(); }
  ports::Async<reconcile::Container> inspect(const std::string& id) override { return truth_.inspect(id); }
  ports::Async<std::string> create(const ports::CreateRequest& request) override;
  ports::Async<void> start(const std::string& id) override;
  ports::Async<void> stop(const std::string& id, int grace_s) override;
  ports::Async<void> kill(const std::string& id, const std::string& signal) override;
  ports::Async<void> remove(const std::string& id) override;
  ports::Async<void> pause(const std::string& id) override;
  ports::Async<void> unpause(const std::string& id) override;
  ports::Async<void> update(const std::string& id, const reconcile::Resources& resources) override {
    return truth_.update(id, resources);
  }
  ports::Async<ports::ImageInfo> image(const std::string& reference) override { return truth_.image(reference); }
  ports::Async<void> pull(const ports::PullRequest& request,
                          std::function<void(const protocol::PullProgress&)> progress) override {
    return truth_.pull(request, std::move(progress));
  }
  ports::Async<ports::DiskSpace> disk() override { return truth_.disk(); }
  ports::Async<void> remove_image(const std::string& reference) override { return truth_.remove_image(reference); }
  ports::Async<void> ensure_network(const ports::Network& network) override { return truth_.ensure_network(network); }
  ports::Async<void> connect(const std::string& id, const std::string& network) override {
    return truth_.connect(id, network);
  }
  ports::Async<void> events(std::int64_t since_ns, std::function<void()> connected,
                            std::function<void(const ports::EngineEvent&)> on_event) override {
    return truth_.events(since_ns, std::move(connected), std::move(on_event));
  }
  ports::Async<ports::KillSeen> kill_seen(const reconcile::Instance& instance) override;
  ports::Async<ExecResult> exec(const std::string& id, const std::vector<std::string>& argv,
                                std::int64_t timeout_ms) override {
    return truth_.exec(id, argv, timeout_ms);
  }
  ports::Async<bool> exec_runs(const std::string& exec_id) override { return truth_.exec_runs(exec_id); }
  ports::Async<void> logs(const std::string& id, LogRequest request,
                          std::function<bool(std::string_view)> sink) override {
    return truth_.logs(id, request, std::move(sink));
  }

 private:
  struct Owner {
    std::string name;
    const reconcile::Workload* workload = nullptr;
    const reconcile::OwnedContainer* container = nullptr;
  };
  void trace(const char* verb, const std::string& id) const;
  Owner owner_of(const std::string& id) const;
  void check_stop(const std::string& id, const char* verb, bool ends_a_stop);
  bool may_stop(const Owner& owner, const reconcile::Instance& instance) const;
  void wrong(const std::string& what) { world_.violation(who_, what); }

  World& world_;
  testing::FakeContainerEngine& truth_;
  const store::Ledger& ledger_;
  std::string who_;
  const bool& forgetful_;
  Runs& stops_on_record_;
  Runs untold_;  // runs of which Docker did not say whether they were stopped
};

}  // namespace aura::sim
