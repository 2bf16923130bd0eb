#include "tests/unit/loops/node.hpp"

#include "common/async/spawn.hpp"
#include "common/ids.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace aura::testing {
namespace rec = reconcile::record;

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "aura-loops-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

namespace {

std::unique_ptr<store::Ledger> open(const std::string& folder) {
  auto opened = store::Ledger::open(folder + "/state");
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

}  // namespace

Node::Node(const Folder& folder, boost::asio::io_context& context, FakeClock& fake_clock,
           FakeContainerEngine& fake_engine, bool reports)
    : clock(fake_clock),
      engine(fake_engine),
      ledger(open(folder.path())),
      parts{context.get_executor(), clock, *ledger, engine, host},
      secrets(host),
      observer(engine, host, clock),
      hooks(fake_clock),
      actor(parts, observer, secrets,
            {[this](const reconcile::WorkloadSpec&) -> Result<void> {
               if (mount_trouble.empty()) return {};
               Error error;
               error.code = Errc::invalid_argument;
               error.message = mount_trouble;
               return error;
             },
             folder.path(), [this] { supervisor.wake(); }, loops::Puller::default_reserve_bytes, &hooks}),
      prober(clock),
      probes(parts, prober, secrets, [this] { supervisor.wake(); }),
      supervisor(parts, observer, actor, secrets,
                 {[this](bool news) {
                    if (news && heartbeat) heartbeat->changed();
                  },
                  [this] { return probes.health(); }, [this](const auto& probed) { probes.follow(probed); },
                  [this] { return heartbeat ? std::optional(heartbeat->silent_from()) : std::nullopt; },
                  [this] { return memory_watch.memory(); }}),
      engine_events(parts, observer, actor, supervisor, ""),
      declarations(parts, [this] { return declared; }),
      desk(parts,
           [this](bool allow_removal) {
             ++reloads;
             return declarations.reload(allow_removal);
           }),
      board(parts, supervisor, actor, observer, engine_events, declarations, {"0.1.0", "acme", {}, "none", {}}),
      host_watch(parts,
                 [this](bool clock_moved) {
                   engine_events.reconnect(clock_moved);
                   if (listener) listener->reconnect();
                   supervisor.wake();
                 }),
      memory_watch(
          parts, [this]() -> const reconcile::Plan& { return supervisor.plan(); }, [this] { supervisor.wake(); }),
      folder_(folder.path()) {
  if (ledger->is_new()) {
    static_cast<void>(loops::record(parts, rec::LedgerCreated{new_id(), "n1", ""}));
  }
  rec::AgentStarted started;
  started.epoch = state().epoch + 1;
  started.agent_version = "0.1.0";
  started.reports = reports;
  static_cast<void>(loops::record(parts, std::move(started)));
  ledger->on_change([this] {
    supervisor.ledger_changed();
    if (heartbeat) heartbeat->changed();
  });
  declared.set.complete = true;
  board.set_host_watch(&host_watch);
}

void Node::declare(const std::string& name, reconcile::WorkloadSpec spec) {
  reconcile::Declaration declaration;
  declaration.name = name;
  declaration.spec_hash = "v1:" + spec.image + std::to_string(spec.env.size());
  declaration.spec = std::move(spec);
  declared.set.good[name] = std::move(declaration);
  declarations.reload(false);
}

void Node::undeclare(const std::string& name, bool allow_removal) {
  declared.set.good.erase(name);
  declarations.reload(allow_removal);
}

void Node::supervise() {
  spawn(parts.executor, "supervisor", supervisor.run());
  spawn(parts.executor, "probes", probes.run());
  spawn(parts.executor, "engine events", engine_events.run());
  spawn(parts.executor, "host watch", host_watch.run());
  spawn(parts.executor, "memory watch", memory_watch.run());
}

void Node::report_to(FakeControlPlane& control) {
  enrolment.emplace(parts, control, secrets, folder_ + "/state");
  loops::Heartbeat::Options options;
  options.agent_version = "0.1.0";
  options.report = [this] { return board.report(); };
  options.add_usage = [this](protocol::Report& report) { board.add_usage(report); };
  options.clock_told = [this](WallMs server_time, WallMs asked_at) { host_watch.heard(server_time, asked_at); };
  heartbeat.emplace(parts, control, *enrolment, desk, std::move(options));
  listener.emplace(parts, control, desk, *heartbeat);
  spawn(parts.executor, "heartbeat", heartbeat->run());
  spawn(parts.executor, "listener", listener->run());
}

reconcile::Acceptance Node::command(protocol::Command command, reconcile::Origin origin) {
  return desk.deliver(command, origin);
}

protocol::WorkloadWord Node::word(const std::string& workload) const {
  const auto found = supervisor.plan().findings.find(workload);
  return found == supervisor.plan().findings.end() ? protocol::WorkloadWord::absent : found->second.word;
}

std::string Node::reason(const std::string& workload) const {
  const auto found = supervisor.plan().findings.find(workload);
  return found == supervisor.plan().findings.end() ? std::string() : found->second.reason;
}

long Node::events(const std::string& kind) const {
  return std::count_if(state().events.begin(), state().events.end(),
                       [&](const auto& event) { return event.kind == kind; });
}

bool Node::has_event(const std::string& kind) const { return events(kind) > 0; }

namespace {

boost::asio::awaitable<void> create_and_start(FakeContainerEngine& engine, ports::CreateRequest request,
                                              reconcile::Instance& instance) {
  const auto id = co_await engine.create(request);
  co_await engine.start(*id);
  const auto seen = co_await engine.inspect(*id);
  instance = seen->instance();
}

boost::asio::awaitable<void> stop(FakeContainerEngine& engine, std::string id, int grace_s) {
  co_await engine.stop(id, grace_s);
}

}  // namespace

EmptyWorld::EmptyWorld() {
  clock.attach(engine);
  clock.advance(1);
  engine.add_image("app:1");
}

SupervisedWorld::SupervisedWorld() {
  node.declare("web", app());
  node.supervise();
  clock.advance(2'000);
}

Error error_of(Errc code, std::string message, int retry_after_s) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  error.retry_after_s = retry_after_s;
  return error;
}

reconcile::Instance leave_running(Node& node, const std::string& name) {
  const auto& declared = node.state().workloads.at(name).declared;
  ports::CreateRequest request;
  request.name = reconcile::name_prefix("n1") + "-" + name + "-1";
  request.labels = {"n1", name, "nonce-1", declared.spec_hash};
  request.spec = declared.spec;
  reconcile::Instance instance;
  spawn(node.parts.executor, "earlier life", create_and_start(node.engine, request, instance));
  node.clock.advance(1'000);
  static_cast<void>(
      loops::record(node.parts, rec::CreateIntended{name, "nonce-1", request.name, 1, declared.spec_hash}));
  static_cast<void>(loops::record(node.parts, rec::Created{name, "nonce-1", instance.container_id}));
  static_cast<void>(loops::record(node.parts, rec::Running{name, instance}));
  return instance;
}

void leave_stopping(Node& node, const std::string& name, const reconcile::Instance& instance, int grace_s,
                    const std::string& id) {
  node.command(make_command(protocol::Verb::stop, "workload:" + name, id));
  reconcile::StopSent sent;
  sent.instance = instance;
  sent.cause = reconcile::Cause::command;
  sent.command_id = id;
  sent.at = node.clock.now().boot_ms;
  sent.grace_s = grace_s;
  static_cast<void>(loops::record(node.parts, rec::StopIntended{name, sent}));
  spawn(node.parts.executor, "earlier life", stop(node.engine, instance.container_id, grace_s));
  node.clock.run_until_idle();
}

protocol::Command make_command(protocol::Verb verb, const std::string& target, const std::string& id) {
  protocol::Command command;
  command.id = id;
  command.verb = verb;
  command.target = protocol::parse_target(target).value_or(protocol::Target{});
  command.actor = "local:root";
  return command;
}

reconcile::WorkloadSpec app() {
  reconcile::WorkloadSpec spec;
  spec.image = "app:1";
  return spec;
}

}  // namespace aura::testing
