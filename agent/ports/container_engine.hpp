// The container engine in our own verbs. Implemented by docker/DockerEngine and by tests' FakeContainerEngine.
//
// Every call but events() and logs() has a deadline and returns within it. Errors: unavailable or timeout mean
// the engine could not be asked: nothing is known. not_found: no such container or image. conflict: name taken,
// or the state forbids it. no_space: the engine's disk is full. Everything else: internal with its message.
// Calls that ask for a state which is already so succeed (304 of start and stop, 404 of remove).
#pragma once

#include "agent/reconcile/observed.hpp"
#include "common/error.hpp"
#include "common/protocol/report.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::ports {

template <class T>
using Async = boost::asio::awaitable<Result<T>>;

// What a listing tells of one container, cheap: no start time, no exit code.
struct ListedContainer {
  std::string id;
  std::string name;
  std::string image;
  reconcile::Labels labels;
  reconcile::Phase phase = reconcile::Phase::unknown;
  std::vector<std::string> writable_mounts;
};

// A bridge network of ours. `bridge` is its interface on the host; "": Docker names it.
struct Network {
  std::string name, bridge;
};

struct CreateRequest {
  std::string name;
  reconcile::Labels labels;
  reconcile::WorkloadSpec spec;
  std::map<std::string, std::string> env;       // spec.env and the values of spec.secrets; never logged
  std::vector<reconcile::Mount> secret_mounts;  // spec.secret_files, read-only
  std::string network;                          // exists; the container's alias there is the workload name
};

struct EngineEvent {
  std::string action;  // start | die | kill | stop | oom | destroy | pause | unpause | create | rename | health_status
  std::string container_id;
  std::int64_t time_ns = 0;  // the engine's clock
  int exit_code = 0;         // of die
  int signal = 0;            // of kill; 0: it was not told
};

// What the engine remembers of one run: who asked for its end, and what the kernel did to it.
struct KillSeen {
  bool asked = false;       // a kill or stop was asked for, by anybody
  bool stopped = false;     // a stop (docker stop) came to its end
  int signal = 0;           // of the first kill; 0: none, or not told
  bool sigkill = false;     // SIGKILL was among them
  std::int64_t oom_ns = 0;  // when the kernel last killed one of its processes for want of memory; 0: it did not

  // One more event of the run, in order.
  void take(const EngineEvent& event) {
    const bool kill = event.action == "kill";
    if (kill && signal == 0) signal = event.signal;
    if (kill && event.signal == 9) sigkill = true;
    if (event.action == "stop") stopped = true;
    if (kill || event.action == "stop") asked = true;
    if (event.action == "oom") oom_ns = event.time_ns;
  }
};

struct EngineVersion {
  std::string version, api_version;
};

// How the engine is configured (GET /info).
struct EngineConfig {
  bool live_restore = false;  // its containers go on while it restarts
};

struct ImageInfo {
  std::string id;
  std::string digest;  // repository digest, "" for an image that never was in a registry
};

struct PullRequest {
  std::string reference;
  std::string login;  // {"username","password"} for its registry, as the credential holds it; "": none. Never logged
};

// Of the file system that holds the engine's images.
struct DiskSpace {
  std::uint64_t total_bytes = 0, available_bytes = 0;
};

class ContainerEngine {
 public:
  virtual ~ContainerEngine() = default;

  virtual Async<EngineVersion> ping() = 0;
  virtual Async<EngineConfig> config() = 0;

  // Every container, running or not; complete or an error.
  virtual Async<std::vector<ListedContainer>> list() = 0;
  virtual Async<reconcile::Container> inspect(const std::string& id) = 0;

  virtual Async<std::string> create(const CreateRequest& request) = 0;  // the id; not_found: the image is not there
  // conflict: the engine holds an earlier run of it that it cannot end, and will never start this container again.
  virtual Async<void> start(const std::string& id) = 0;
  // Stop signal, then SIGKILL after grace_s. Returns when it has ended, at the latest grace_s + 30 s later.
  virtual Async<void> stop(const std::string& id, int grace_s) = 0;
  virtual Async<void> kill(const std::string& id, const std::string& signal) = 0;
  virtual Async<void> remove(const std::string& id) = 0;  // never forces; volumes stay
  // Both succeed where it is so already; conflict: it does not run.
  virtual Async<void> pause(const std::string& id) = 0;
  virtual Async<void> unpause(const std::string& id) = 0;
  virtual Async<void> update(const std::string& id, const reconcile::Resources& resources) = 0;

  virtual Async<ImageInfo> image(const std::string& reference) = 0;
  // Ends when the image is there; timeout when nothing moved for 60 s; unavailable or not_found where the
  // registry says so, unauthorized where it wants another login, invalid_argument for a login that is none. progress is
  // called as it moves. Cancelling it ends the pull in the engine.
  virtual Async<void> pull(const PullRequest& request, std::function<void(const protocol::PullProgress&)> progress) = 0;

  // not_supported where it cannot be seen from here.
  virtual Async<DiskSpace> disk() = 0;
  // One name of it; never forces. conflict: a container is made of it.
  virtual Async<void> remove_image(const std::string& reference) = 0;

  virtual Async<void> ensure_network(const Network& network) = 0;  // idempotent
  // A second network, which exists, for a container that does not run; idempotent. not_found: no such container. Of a
  // network that does not exist Docker 20.10 says so with 500, and lists it for the container all the same.
  virtual Async<void> connect(const std::string& id, const std::string& network) = 0;

  // Calls on_event for what happens from `since_ns` on (engine clock; 0: from now) until the stream breaks; then
  // returns the error. connected is called when the stream is open, and again where an event was too large to be read:
  // what happened before is for a fresh list(). An event may come twice. bad_reply: the stream talks nonsense, and
  // would again if replayed.
  virtual Async<void> events(std::int64_t since_ns, std::function<void()> connected,
                             std::function<void(const EngineEvent&)> on_event) = 0;

  // Of this container since that start, as far as the engine remembers: its memory ends with its process.
  virtual Async<KillSeen> kill_seen(const reconcile::Instance& instance) = 0;

  struct ExecResult {
    std::optional<int> exit_code;  // nullopt: the time was over; it goes on, which no engine can end
    std::string output;            // the head of stdout and stderr, at most max_exec_output_bytes
    std::string id;                // for exec_runs()
  };
  static constexpr std::size_t max_exec_output_bytes = 4096;
  // Runs a program inside a running container, as its user, and waits for its end, at most timeout_ms. conflict: the
  // container does not run or is paused. internal: the program could not be run.
  virtual Async<ExecResult> exec(const std::string& id, const std::vector<std::string>& argv,
                                 std::int64_t timeout_ms) = 0;
  // False also where the engine does not know it any more.
  virtual Async<bool> exec_runs(const std::string& exec_id) = 0;

  struct LogRequest {
    int tail = 20;             // lines; -1: all
    std::int64_t since_s = 0;  // Unix time; 0: no bound
    bool follow = false;
  };
  // Raw text of stdout and stderr as it comes (frames removed); sink returns false to end it.
  virtual Async<void> logs(const std::string& id, LogRequest request, std::function<bool(std::string_view)> sink) = 0;
};

}  // namespace aura::ports
