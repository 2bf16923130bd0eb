#include "agent/run.hpp"

#include "agent/api/node_api.hpp"
#include "agent/config/workload_folder.hpp"
#include "agent/controlplane/http_control_plane.hpp"
#include "agent/docker/engine.hpp"
#include "agent/host/boot_clock.hpp"
#include "agent/loops/collector.hpp"
#include "agent/loops/command_listener.hpp"
#include "agent/loops/event_log.hpp"
#include "agent/loops/go_down.hpp"
#include "agent/loops/memory_watch.hpp"
#include "agent/loops/oom_watch.hpp"
#include "agent/loops/probes.hpp"
#include "agent/loops/status_board.hpp"
#include "agent/loops/status_line.hpp"
#include "agent/probes/prober.hpp"
#include "agent/probes/stop_hook_caller.hpp"
#include "agent/run_config.hpp"
#include "agent/run_host.hpp"
#include "agent/run_log.hpp"
#include "agent/run_start.hpp"
#include "agent/run_tailnet.hpp"
#include "agent/run_upkeep.hpp"
#include "common/async/spawn.hpp"
#include "common/digest.hpp"
#include "common/ids.hpp"
#include "common/log.hpp"

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <memory>
#include <optional>
#include <utility>

namespace aura {
namespace asio = boost::asio;

namespace {

constexpr int exit_cannot_start = 1;
constexpr int exit_config = 78;  // EX_CONFIG, sysexits.h
constexpr std::int64_t ledger_look_ms = 10'000;
constexpr mode_t socket_mode = 0666;          // everyone may read; who may act is judged by SO_PEERCRED
constexpr long probe_connections_kept = 128;  // one for each workload that is probed by http

class Daemon {
 public:
  Daemon(config::Loaded loaded, config::ConfigPaths paths, OpenedLedger opened);

  // False: it could not start; the log says why.
  bool start();
  // Until it is asked to end. True: it is to be started again, because the ledger can be used at last.
  bool run();

 private:
  using Heartbeat = loops::Heartbeat;

  config::SecretDigest secret_digest();
  loops::DeclarationsRead read_declarations();
  loops::ReloadResult reload(bool allow_removal);
  void look_anew(bool clock_moved);
  asio::awaitable<void> wait_for_ledger();
  void start_control_plane(bool start_recorded);
  bool listen();
  api::NodeView view();
  loops::Actor::Options actor_options();
  void wait_for_signal();
  void on_signal(int number);
  asio::awaitable<void> drain();
  void end();
  void passed(bool news);
  void changed();

  asio::io_context io_{1};
  config::Loaded loaded_;
  config::ConfigPaths paths_;
  config::Policy policy_;
  std::string version_ = AURA_VERSION;
  host::BootClock clock_{io_};
  RunHost host_;
  OpenedLedger opened_;
  http::Client client_{io_};
  docker::DockerEngine engine_;
  loops::Parts parts_;
  RunTailnet tailnet_;
  loops::Broadcast changes_;
  loops::EventLog event_log_;
  loops::Secrets secrets_;
  loops::Observer observer_;
  http::Client probe_client_{io_, probe_connections_kept};
  probes::StopHookCaller hook_caller_;
  loops::Actor actor_;
  probes::Prober prober_;
  loops::Probes probes_;
  loops::Supervisor supervisor_;
  loops::EngineEvents engine_events_;
  loops::Declarations declarations_;
  loops::CommandDesk desk_;
  loops::StatusBoard board_;
  loops::HostWatch host_watch_;
  loops::OomWatch oom_watch_;
  loops::MemoryWatch memory_watch_;
  loops::Collector collector_;
  std::optional<controlplane::HttpControlPlane> control_;
  std::optional<loops::Enrolment> enrolment_;
  std::optional<loops::Heartbeat> heartbeat_;
  std::optional<loops::CommandListener> listener_;
  std::optional<http::Server> server_;
  asio::signal_set signals_{io_, SIGTERM, SIGINT, SIGHUP};
  bool ready_told_ = false;
  bool going_down_ = false;
  bool again_ = false;
};

Daemon::Daemon(config::Loaded loaded, config::ConfigPaths paths, OpenedLedger opened)
    : loaded_(std::move(loaded)),
      paths_(std::move(paths)),
      host_(loaded_.config.paths.state, loaded_.config.paths.credentials, loaded_.config.docker.socket),
      opened_(std::move(opened)),
      engine_(client_, loaded_.config.docker.socket, engine_deadlines(loaded_.config)),
      parts_{io_.get_executor(), clock_, *opened_.ledger, engine_, host_},
      tailnet_(io_, client_, loaded_.config, parts_),
      event_log_(opened_.ledger->state()),
      secrets_(host_),
      observer_(engine_, host_, clock_),
      hook_caller_(probe_client_, engine_),
      actor_(parts_, observer_, secrets_, actor_options()),
      prober_(io_.get_executor(), probe_client_, engine_),
      probes_(parts_, prober_, secrets_, [this] { supervisor_.wake(); }),
      supervisor_(parts_, observer_, actor_, secrets_,
                  {[this](bool news) { passed(news); }, [this] { return probes_.health(); },
                   [this](const auto& probed) { probes_.follow(probed); },
                   [this] { return heartbeat_ ? std::optional(heartbeat_->silent_from()) : std::nullopt; },
                   [this] { return memory_watch_.memory(); }}),
      engine_events_(parts_, observer_, actor_, supervisor_, loaded_.config.docker.socket),
      declarations_(parts_, [this] { return read_declarations(); }),
      desk_(
          parts_, [this](bool allow_removal) { return reload(allow_removal); },
          [this](const protocol::Command& command) {
            return read_applied(command, opened_.ledger->state(), loaded_.config, policy_, secret_digest());
          }),
      board_(parts_, supervisor_, actor_, observer_, engine_events_, declarations_,
             board_options(loaded_.config, version_, [this] { return tailnet_.told(); })),
      host_watch_(parts_, [this](bool clock_moved) { look_anew(clock_moved); }),
      oom_watch_(parts_, observer_),
      memory_watch_(
          parts_, [this]() -> const reconcile::Plan& { return supervisor_.plan(); }, [this] { supervisor_.wake(); }),
      collector_(parts_, collect_policy(loaded_.config)) {
  board_.set_host_watch(&host_watch_);
}

loops::Actor::Options Daemon::actor_options() {
  const auto& config = loaded_.config;
  return {check_mounts, config.paths.runtime, [this] { supervisor_.wake(); },
          std::int64_t{config.limits.pull_reserve_mb} << 20, &hook_caller_};
}

bool Daemon::start() {
  const auto& config = loaded_.config;
  StartRecords records;
  records.node_id = config.node.id;
  records.node_id_is_default = loaded_.origin["node.id"] == "default";
  records.agent_version = version_;
  records.reports = reports_to_control(config);
  records.state_dir = config.paths.state;
  records.limits = limits_of(config);
  const auto durable = record_start(opened_, records, host_, clock_);
  if (!durable) {
    log::error(durable.error().message);
    return false;
  }
  log_as(opened_.ledger->state().node_id, config.node.tenant);
  opened_.ledger->on_change([this] { changed(); });
  auto policy = config::load_policy(config.paths.policy);
  if (policy)
    policy_ = std::move(*policy.policy);
  else
    board_.set_troubles(texts(policy.problems));
  declarations_.reload(false);
  if (!listen()) return false;
  start_control_plane(*durable);
  wait_for_signal();
  start_upkeep(io_.get_executor(), clock_, host_);
  spawn(io_.get_executor(), "supervisor", supervisor_.run());
  spawn(io_.get_executor(), "probes", probes_.run());
  spawn(io_.get_executor(), "engine events", engine_events_.run());
  spawn(io_.get_executor(), "host watch", host_watch_.run());
  spawn(io_.get_executor(), "oom watch", oom_watch_.run());
  spawn(io_.get_executor(), "memory watch", memory_watch_.run());
  spawn(io_.get_executor(), "collector", collector_.run());
  spawn(io_.get_executor(), "status line", loops::tell_status(parts_, changes_, [this] { return board_.report(); }));
  if (opened_.may_return) spawn(io_.get_executor(), "ledger", wait_for_ledger());
  event_log_.follow(opened_.ledger->state());
  return true;
}

bool Daemon::run() {
  io_.run();
  return again_;
}

// From a ledger in memory there is no way back but a start, which touches no container.
asio::awaitable<void> Daemon::wait_for_ledger() {
  while (!ledger_is_back(opened_, loaded_.config.paths.state)) co_await loops::sleep_for(clock_, ledger_look_ms);
  log::notice("the ledger can be used again; the agent starts anew, containers go on running",
              {{"AURA_EVENT", "ledger_back"}});
  again_ = true;
  server_->stop();
  tailnet_.stop();
  io_.stop();
}

// Peers may have given our connections up while we did not run, and what we remember is from before.
void Daemon::look_anew(bool clock_moved) {
  client_.drop_idle_connections();
  engine_events_.reconnect(clock_moved);
  if (listener_) listener_->reconnect();
  tailnet_.look_anew();
  supervisor_.wake();
}

void Daemon::start_control_plane(bool start_recorded) {
  const auto& config = loaded_.config;
  if (!reports_to_control(config)) return;
  const std::string node_id = opened_.ledger->state().node_id;
  control_.emplace(client_, config.control.url, node_id, tailnet_.find_hop());
  enrolment_.emplace(parts_, *control_, secrets_, config.paths.state);
  Heartbeat::Options options;
  options.first_interval_s = config.control.heartbeat_s;
  options.agent_version = version_;
  options.start_recorded = start_recorded;
  options.ledger_readable = opened_.readable;
  options.report = [this] { return board_.report(); };
  options.add_usage = [this](protocol::Report& report) { board_.add_usage(report); };
  options.clock_told = [this](WallMs server_time, WallMs asked_at) { host_watch_.heard(server_time, asked_at); };
  heartbeat_.emplace(parts_, *control_, *enrolment_, desk_, std::move(options));
  listener_.emplace(parts_, *control_, desk_, *heartbeat_);
  board_.set_heartbeat(&*heartbeat_);
  tailnet_.on_change([this] { heartbeat_->try_again(); });
  spawn(io_.get_executor(), "heartbeat", heartbeat_->run());
  spawn(io_.get_executor(), "command listener", listener_->run());
}

api::NodeView Daemon::view() {
  return {clock_,
          *opened_.ledger,
          engine_,
          version_,
          [this] { return board_.report_with_usage(); },
          [this] { return board_.unready(); },
          [this] { return supervisor_.reconciled(); },
          [this](const protocol::Command& command, reconcile::Origin origin) { return desk_.deliver(command, origin); },
          [this](BootMs deadline) { return changes_.wait(clock_, deadline); },
          tailnet_.access()};
}

bool Daemon::listen() {
  const auto& config = loaded_.config;
  if (const auto made = make_runtime_dir(config.paths.runtime); !made) {
    log::error(made.error().message);
    return false;
  }
  http::ServerLimits limits;
  limits.connections = static_cast<std::size_t>(config.limits.connections);
  server_.emplace(io_, std::move(limits), api::make_handler(view()));
  const auto listening = server_->listen_unix(config.paths.socket, socket_mode);
  if (!listening) log::error("cannot listen on " + config.paths.socket + ": " + listening.error().message);
  return listening && tailnet_.start(api::make_handler(view()));
}

config::SecretDigest Daemon::secret_digest() {
  return [this](const std::string& credential) -> std::optional<std::string> {
    const auto value = host_.credential(credential);
    if (!value) return std::nullopt;
    return hmac_sha256_hex(opened_.ledger->secret_key(), *value);
  };
}

loops::DeclarationsRead Daemon::read_declarations() {
  const auto& config = loaded_.config;
  auto folder = config::load_folder(config.paths.workloads, policy_, config::policy_context(config), secret_digest());
  refuse_applied_names(opened_.ledger->state(), folder);
  return {std::move(folder.set), texts(folder.problems)};
}

// A broken file leaves what ran before in force, and the status says so.
loops::ReloadResult Daemon::reload(bool allow_removal) {
  ConfigReload again = read_config_again(paths_, loaded_);
  if (again.policy) policy_ = std::move(*again.policy);
  loops::ReloadResult result = declarations_.reload(allow_removal);
  for (const auto& trouble : again.troubles) {
    result.ok = false;
    result.text += "; " + trouble;
    log::warning(trouble);
  }
  if (again.restart) result.text += "; what changed in agent.toml takes effect at: systemctl restart aura-node";
  board_.set_troubles(std::move(again.troubles));
  supervisor_.wake();
  return result;
}

void Daemon::changed() {
  event_log_.follow(opened_.ledger->state());
  supervisor_.ledger_changed();
  collector_.ledger_changed();
  if (heartbeat_) heartbeat_->changed();
  changes_.notify();
}

void Daemon::passed(bool news) {
  if (news && heartbeat_) heartbeat_->changed();
  changes_.notify();
  if (std::exchange(ready_told_, true)) return;
  migrate_if_proven(*opened_.ledger);
  host_.notify("READY=1");
  log_ready(version_, opened_.ledger->state().node_id, opened_.ledger->state().epoch);
}

void Daemon::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (!error) on_signal(number);
  });
}

void Daemon::on_signal(int number) {
  if (number == SIGHUP) {
    host_.notify_reloading();
    log::notice("reload: " + reload(false).text);
    migrate_if_proven(*opened_.ledger);
    host_.notify("READY=1");
    wait_for_signal();
    return;
  }
  host_.notify("STOPPING=1");
  // A second signal, and one while the host stays up: containers go on running.
  if (number == SIGTERM && !going_down_ && host_.shutting_down()) {
    going_down_ = true;
    spawn(io_.get_executor(), "shutdown", drain());
    wait_for_signal();
    return;
  }
  log_ending("asked to end; containers go on running");
  end();
}

asio::awaitable<void> Daemon::drain() {
  co_await loops::go_down(parts_, supervisor_, changes_, heartbeat_ ? &*heartbeat_ : nullptr);
  log_ending("the host goes down, and what ran is stopped");
  end();
}

void Daemon::end() {
  static_cast<void>(loops::record(parts_, reconcile::record::AgentStopped{}));
  server_->stop();
  tailnet_.stop();
  io_.stop();
}

}  // namespace

namespace {

struct Ended {
  int exit_code = 0;
  bool again = false;
};

Ended run_once(const DaemonOptions& options) {
  config::ConfigPaths paths = options.paths;
  config::read_environment(paths);
  auto loaded = config::load_config(paths);
  if (!loaded) {
    for (const auto& line : texts(loaded.problems)) log::error(line);
    return {exit_config};
  }
  const config::Config::Paths& places = loaded.loaded->config.paths;
  auto opened = open_ledger(places.state, places.runtime);
  if (!opened) {
    log::error(opened.error().message);
    return {exit_cannot_start};
  }
  Daemon daemon(std::move(*loaded.loaded), std::move(paths), std::move(*opened));
  if (!daemon.start()) return {exit_cannot_start};
  return {0, daemon.run()};
}

}  // namespace

int run_daemon(const DaemonOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  begin_log();
  for (;;) {
    const Ended ended = run_once(options);
    if (!ended.again) return ended.exit_code;
  }
}

}  // namespace aura
