// Docker in memory: the port's contract with containers that follow a script, and faults on order. Held to the
// same cases as the real thing by tests/contract. Time is what advance_to() says (FakeClock::attach).
#pragma once

#include "agent/ports/container_engine.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/signal.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace aura::testing {

// What a program run inside a container does, whatever its name.
struct FakeExec {
  int exit_code = 0;
  std::string output = {};
  std::int64_t takes_ms = 0;
};

// What a container does when it is started.
struct FakeScript {
  std::optional<std::int64_t> runs_ms;  // ends by itself after so long; nullopt: never
  int exit_code = 0;                    // then
  bool obeys_stop = true;               // ends on the stop signal
  std::int64_t stops_in_ms = 0;         // so long after it
  int stop_exit_code = 143;
  std::vector<std::string> output;  // log lines of each start
  std::string start_error;          // not empty: start fails with this
  FakeExec exec;
};

struct FakePull {
  std::int64_t takes_ms = 1'000;
  std::uint64_t bytes = 10'000'000;
  int layers = 3;
  std::string digest = "sha256:" + std::string(64, 'd');
  std::optional<Error> error;  // at the end, instead of the image
};

class FakeContainerEngine final : public ports::ContainerEngine, public TimeSource {
 public:
  // A call that is hung ends with timeout after this; a pull after pull_idle_ms.
  static constexpr std::int64_t call_deadline_ms = 10'000;
  static constexpr std::int64_t pull_idle_ms = 60'000;

  // ports::ContainerEngine
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
  ports::Async<void> events(std::int64_t since_ns, std::function<void()> connected,
                            std::function<void(const ports::EngineEvent&)> on_event) override;
  ports::Async<ports::KillSeen> kill_seen(const reconcile::Instance& instance) override;
  ports::Async<ExecResult> exec(const std::string& id, const std::vector<std::string>& argv,
                                std::int64_t timeout_ms) override;
  ports::Async<bool> exec_runs(const std::string& exec_id) override;
  ports::Async<void> logs(const std::string& id, LogRequest request,
                          std::function<bool(std::string_view)> sink) override;

  // TimeSource
  std::optional<BootMs> next_due() const override;
  void advance_to(BootMs now) override;

  // -- the world: scripts, images, and what others do
  // Containers whose aura.workload label or name is `who` follow this from their next start on.
  void script(const std::string& who, FakeScript script) { scripts_[who] = std::move(script); }
  void add_image(const std::string& reference, const std::string& digest = "");
  void lose_image(const std::string& reference) { images_.erase(reference); }
  bool has_image(const std::string& reference) const { return images_.contains(reference); }
  void set_disk(ports::DiskSpace space) { disk_ = space; }
  // The login that came with the last pull.
  const std::string& login() const { return login_; }
  void add_pullable(const std::string& reference, FakePull pull = {}) { pullable_[reference] = std::move(pull); }
  // A running container of somebody else; returns its id.
  std::string add_foreign(const std::string& name, const std::string& image, reconcile::Labels labels = {},
                          std::vector<std::string> writable_mounts = {});
  void crash(const std::string& id, int exit_code);  // ends by itself now
  void oom(const std::string& id);                   // oom event, then exit 137
  void child_oom(const std::string& id);             // the kernel kills one of its processes, not the main one
  void human_stop(const std::string& id);            // docker stop of an obedient container
  void human_kill(const std::string& id);            // docker kill: SIGKILL
  void forget(const std::string& id);                // gone without an event
  void print(const std::string& id, const std::string& line);
  void set_health(const std::string& id, const std::string& word);  // its HEALTHCHECK's

  bool live_restore = false;  // what config() says

  // -- faults; `verb` is a method's name, "" any
  void fail_next(const std::string& verb, int calls, Error error);
  void lose_reply_next(const std::string& verb, int calls);  // done, but the caller sees unavailable
  void hang(const std::string& verb = "") { hung_ = verb; }  // calls wait for release() or their deadline
  // Each way of each call (request, answer) takes as many ms as this says; without it they take none.
  void delay(std::function<std::int64_t(const std::string& verb)> ms) { delay_ = std::move(ms); }
  // The process that called is dead, its requests and streams with it. A stop under way goes on; if `forgets`, the
  // kill at the end of its grace does not come (as Docker does where a client hangs up).
  void caller_died(bool forgets);
  void release();
  void clear_faults() { failures_.clear(), lost_replies_.clear(); }  // of fail_next and lose_reply_next
  // Everything is unavailable, streams break, remembered events are lost; running containers end if asked.
  void down(bool containers_end);
  void up();

  // -- what a test asks
  // Every call in order: "start <workload or name>", "pull <reference>", "list".
  const std::vector<std::string>& calls() const { return calls_; }
  int starts(const std::string& id) const;
  // stop() was called for this run, and the engine remembers it.
  bool was_stopped(const std::string& id) const;
  int starts_of(const std::string& workload) const;  // over all its containers, removed ones too
  std::vector<std::string> ids_of(const std::string& workload) const;
  const reconcile::Container* find(const std::string& id) const;
  const ports::CreateRequest* request_of(const std::string& id) const;
  bool has_network(const std::string& name) const { return networks_.contains(name); }

 private:
  struct Item {
    ports::CreateRequest request;
    reconcile::Container seen;
    FakeScript script;
    int starts = 0;
    int stopped_run = 0;                        // the value of starts when stop() was last called
    std::optional<BootMs> exits_at, killed_at;  // by itself or the stop signal; by the end of a grace
    int exits_with = 0;
    std::vector<std::pair<std::string, std::int64_t>> started;  // started_at -> engine time
    std::vector<std::pair<std::int64_t, std::string>> log;      // engine time, line
  };
  struct Fault {
    std::string verb;
    int calls = 0;
    Error error;
  };

  ports::Async<void> enter(std::string verb, std::string subject, std::int64_t deadline_ms = call_deadline_ms);
  bool reply_lost(const std::string& verb);
  // What every call does last: the effect is there, the answer still on its way.
  ports::Async<void> leave(std::string verb);
  boost::asio::awaitable<void> on_the_way(const std::string& verb);
  boost::asio::awaitable<void> wait_for_change() { return changed_.wait(); }
  void changed() { changed_.notify(); }
  ports::Async<Item*> take(std::string verb, std::string id);
  Item* item(const std::string& id);
  std::string subject_of(const std::string& id) const;

  std::int64_t stamp();  // engine time, ns; every call a later one
  static std::string timestamp(std::int64_t time_ns);
  void emit(const std::string& action, const std::string& id, int exit_code = 0, int signal = 0);
  void begin(Item& item);
  void end(Item& item, int exit_code);
  void ask_to_stop(Item& item);
  static bool is_running(const Item& item);

  Signal changed_;
  std::function<std::int64_t(const std::string&)> delay_;
  BootMs now_ms_ = 0;
  std::int64_t last_stamp_ns_ = 0;
  std::map<std::string, Item> items_;
  std::vector<std::string> order_;  // ids, oldest first
  std::map<std::string, FakeScript> scripts_;
  std::map<std::string, ports::ImageInfo> images_;
  std::map<std::string, FakePull> pullable_;
  ports::DiskSpace disk_{100ULL << 30, 50ULL << 30};
  std::string login_;
  std::set<std::string> networks_;
  std::map<std::string, int> starts_of_;
  std::deque<ports::EngineEvent> ring_;  // the last events
  std::uint64_t ring_end_ = 0;           // number of the event after the last
  std::uint64_t outage_ = 0;             // counts down()
  bool down_ = false;
  std::optional<std::string> hung_;
  std::vector<Fault> failures_, lost_replies_;
  std::multiset<BootMs> deadlines_;                              // of calls that wait
  std::map<std::string, std::pair<std::string, BootMs>> execs_;  // id -> container, end
  std::vector<std::string> calls_;
  std::uint64_t made_ = 0;
};

}  // namespace aura::testing
