// One engine under test with what the cases need around it: programs to run in containers, waiting, cleaning up.
#pragma once

#include "agent/ports/container_engine.hpp"
#include "common/async/spawn.hpp"
#include "tests/support/result_text.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aura::contract {

// What a container is to do: print lines, then end with a code or wait for its stop signal.
struct Program {
  std::vector<std::string> prints;
  std::optional<int> exits;
  bool ignores_stop = false;  // else it ends with 143
  // What the fake makes of any program run inside it; the real one runs what it is given.
  int exec_exits = 0;
  std::string exec_prints = {};
  int exec_takes_s = 0;
};

class EngineRig {
 public:
  virtual ~EngineRig() = default;

  virtual ports::ContainerEngine& engine() = 0;
  // An engine that is not there (any more).
  virtual ports::ContainerEngine& gone_engine() = 0;
  // Lets time pass and handlers run until `done`; false if that never comes (real: within deadline_s).
  virtual bool run_until(const std::function<bool()>& done) = 0;
  virtual std::string image() = 0;

  // A request for a container of that behaviour, its name and workload unique to this rig.
  ports::CreateRequest request(const std::string& workload, Program program = {});

  template <class T>
  Result<T> run(ports::Async<T> call) {
    const auto result = std::make_shared<std::optional<Result<T>>>();
    spawn(context_.get_executor(), "contract", keep(std::move(call), result));
    REQUIRE(run_until([&] { return result->has_value(); }));
    return **result;
  }

  // Created, and remembered to be removed at the end.
  std::string create(const ports::CreateRequest& request);
  // Created and started, and it has come to its first line of output: from there on it minds its stop signal.
  std::string up(const std::string& workload, Program program = {});
  reconcile::Container inspect(const std::string& id);
  void wait_exited(const std::string& id);
  std::string network_name() const { return "aura-contract-" + tag_; }
  std::string second_network_name() const { return "aura--contract-" + tag_; }  // sorts before the first

  boost::asio::io_context& context() { return context_; }

 protected:
  EngineRig();
  virtual void teach(const std::string& workload, const Program& program, ports::CreateRequest& request) = 0;
  // Ends and removes everything made here; to be called by the destructors.
  void clean_up();

  boost::asio::io_context context_;
  std::string tag_;  // unique in this run of tests and among others on the same engine

 private:
  template <class T>
  static boost::asio::awaitable<void> keep(ports::Async<T> call, std::shared_ptr<std::optional<Result<T>>> to) {
    auto result = co_await std::move(call);
    to->emplace(std::move(result));
  }

  std::vector<std::string> made_;
};

// tests/support's FakeContainerEngine on virtual time.
class FakeRig final : public EngineRig {
 public:
  FakeRig();
  ~FakeRig() override;
  ports::ContainerEngine& engine() override;
  ports::ContainerEngine& gone_engine() override;
  bool run_until(const std::function<bool()>& done) override;
  std::string image() override;

 private:
  void teach(const std::string& workload, const Program& program, ports::CreateRequest& request) override;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// docker/DockerEngine on the Docker that the environment names.
class DockerRig final : public EngineRig {
 public:
  static constexpr int deadline_s = 60;

  DockerRig();
  ~DockerRig() override;
  ports::ContainerEngine& engine() override;
  ports::ContainerEngine& gone_engine() override;
  bool run_until(const std::function<bool()>& done) override;
  std::string image() override;

 private:
  void teach(const std::string& workload, const Program& program, ports::CreateRequest& request) override;
  void remove_networks();
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace aura::contract
