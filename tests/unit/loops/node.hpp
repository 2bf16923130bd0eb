// A whole node on fakes: the real loops, core and ledger, a Docker and a control plane in memory, virtual time.
#pragma once

#include "agent/loops/command_listener.hpp"
#include "agent/loops/host_watch.hpp"
#include "agent/loops/memory_watch.hpp"
#include "agent/loops/probes.hpp"
#include "agent/loops/status_board.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_container_engine.hpp"
#include "tests/support/fake_control_plane.hpp"
#include "tests/support/fake_hook_caller.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/fake_prober.hpp"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace aura::testing {

// A folder that is gone with the object.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Node {
 public:
  // `folder` outlives the node; a second node on the same folder is the same one after a restart.
  Node(const Folder& folder, boost::asio::io_context& context, FakeClock& fake_clock, FakeContainerEngine& fake_engine,
       bool reports = false);

  void declare(const std::string& name, reconcile::WorkloadSpec spec);
  void undeclare(const std::string& name, bool allow_removal);
  void supervise();  // starts supervisor, engine events and host watch
  void report_to(FakeControlPlane& control);
  reconcile::Acceptance command(protocol::Command command, reconcile::Origin origin = reconcile::Origin::local_root);

  long events(const std::string& kind) const;
  const reconcile::State& state() const { return ledger->state(); }
  protocol::WorkloadWord word(const std::string& workload) const;
  std::string reason(const std::string& workload) const;
  bool has_event(const std::string& kind) const;

  FakeHost host;
  FakeClock& clock;
  FakeContainerEngine& engine;
  std::unique_ptr<store::Ledger> ledger;
  loops::DeclarationsRead declared;  // what the folder says
  std::string mount_trouble;         // the mount check fails with this
  loops::Parts parts;
  loops::Secrets secrets;
  loops::Observer observer;
  FakeHookCaller hooks;
  loops::Actor actor;
  FakeProber prober;
  loops::Probes probes;
  loops::Supervisor supervisor;
  loops::EngineEvents engine_events;
  loops::Declarations declarations;
  loops::CommandDesk desk;
  loops::StatusBoard board;
  loops::HostWatch host_watch;
  loops::MemoryWatch memory_watch;
  std::optional<loops::Enrolment> enrolment;
  std::optional<loops::Heartbeat> heartbeat;
  std::optional<loops::CommandListener> listener;
  int reloads = 0;

 private:
  std::string folder_;
};

// What a node needs around it: time, and a Docker with the image "app:1" and nothing else.
struct EmptyWorld {
  EmptyWorld();
  Folder folder;
  boost::asio::io_context io;
  FakeContainerEngine engine;
  FakeClock clock{io};
};

// A node in it, and a control plane that it may report to.
struct NodeWorld : EmptyWorld {
  FakeControlPlane control{io.get_executor()};
  Node node{folder, io, clock, engine, true};
};

// The workload "web" supervised for two seconds; the node does not report yet.
struct SupervisedWorld : NodeWorld {
  SupervisedWorld();
};

Error error_of(Errc code, std::string message = "no", int retry_after_s = 0);

// As an earlier life of the agent left it: a running container of `name`, in Docker and in the node's ledger. The
// node has declared it and does not supervise. Returns its instance.
reconcile::Instance leave_running(Node& node, const std::string& name);

// A stop that the earlier life had recorded and sent for command `id`, and Docker carries out.
void leave_stopping(Node& node, const std::string& name, const reconcile::Instance& instance, int grace_s,
                    const std::string& id);

protocol::Command make_command(protocol::Verb verb, const std::string& target, const std::string& id);

// Image "app:1" and nothing else.
reconcile::WorkloadSpec app();

}  // namespace aura::testing
