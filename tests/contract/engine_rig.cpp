#include "tests/contract/engine_rig.hpp"

#include "agent/docker/engine.hpp"
#include "agent/docker/engine_json.hpp"
#include "common/ids.hpp"
#include "tests/support/fake_container_engine.hpp"

#include <fmt/format.h>
#include <boost/asio/executor_work_guard.hpp>

#include <chrono>
#include <cstdlib>

namespace aura::contract {
namespace asio = boost::asio;
namespace {

constexpr std::string_view first_line = "ready";

std::string script_of(const Program& program) {
  std::string script = program.ignores_stop ? "trap '' TERM; " : "trap 'exit 143' TERM; ";
  script += fmt::format("echo {}; ", first_line);
  for (const std::string& line : program.prints) script += fmt::format("echo {}; ", line);
  if (program.exits) return script + fmt::format("exit {}", *program.exits);
  return script + "sleep 3600 & while :; do wait $!; done";
}

asio::awaitable<void> watch_for_die(ports::ContainerEngine& engine, std::string id, std::int64_t since_ns,
                                    std::shared_ptr<bool> died) {
  std::function<void()> connected = [] {};
  std::function<void(const ports::EngineEvent&)> look = [=](const ports::EngineEvent& event) {
    if (event.action == "die" && event.container_id == id) *died = true;
  };
  const auto ended = co_await engine.events(since_ns, std::move(connected), std::move(look));
  if (!*died) WARN("the events ended: " << ended.error().message);
}

asio::awaitable<void> attempt_removal(ports::ContainerEngine& engine, std::vector<std::string> ids,
                                      std::shared_ptr<bool> done) {
  for (const std::string& id : ids) {
    const auto killed = co_await engine.stop(id, 0);
    static_cast<void>(killed);  // it may have ended, or be gone
    const auto removed = co_await engine.remove(id);
    if (!removed) WARN("left behind: " << id << ": " << removed.error().message);
  }
  *done = true;
}

}  // namespace

EngineRig::EngineRig() : tag_(random_hex(4)) {}

ports::CreateRequest EngineRig::request(const std::string& workload, Program program) {
  ports::CreateRequest request;
  request.name = fmt::format("aura-contract-{}-{}", tag_, workload);
  request.labels = {"contract-" + tag_, workload, "nonce-" + workload, "v1:" + tag_};
  request.spec.image = image();
  request.spec.security.init = false;
  teach(workload, program, request);
  return request;
}

std::string EngineRig::create(const ports::CreateRequest& request) {
  const auto id = run(engine().create(request));
  if (!id) FAIL(id.error().message);
  made_.push_back(*id);
  return *id;
}

std::string EngineRig::up(const std::string& workload, Program program) {
  const auto wanted = request(workload, std::move(program));
  const std::string id = create(wanted);
  const auto started = run(engine().start(id));
  if (!started) FAIL(started.error().message);
  ports::ContainerEngine::LogRequest follow;
  follow.follow = true;
  follow.tail = -1;
  const auto text = std::make_shared<std::string>();
  const auto read = run(engine().logs(id, follow, [text](std::string_view piece) {
    *text += piece;
    return text->find(first_line) == std::string::npos;
  }));
  if (!read) FAIL(read.error().message);
  return id;
}

reconcile::Container EngineRig::inspect(const std::string& id) {
  auto container = run(engine().inspect(id));
  if (!container) FAIL(container.error().message);
  return *container;
}

void EngineRig::wait_exited(const std::string& id) {
  // The engine replays what happened since the start, so that an exit before this call is seen too.
  const auto started_ns = docker::parse_time_ns(inspect(id).started_at);
  REQUIRE(started_ns);
  const auto died = std::make_shared<bool>(false);
  spawn(context_.get_executor(), "wait for exit", watch_for_die(engine(), id, *started_ns, died));
  REQUIRE(run_until([&] { return *died; }));
}

void EngineRig::clean_up() {
  const auto done = std::make_shared<bool>(false);
  spawn(context_.get_executor(), "clean up", attempt_removal(engine(), made_, done));
  if (!run_until([&] { return *done; })) WARN("clean-up did not end");
}

// -- the fake

struct FakeRig::Parts {
  explicit Parts(asio::io_context& context) : clock(context) {
    clock.attach(engine);
    gone.down(false);
  }
  testing::FakeClock clock;
  testing::FakeContainerEngine engine, gone;
};

FakeRig::FakeRig() : parts_(std::make_unique<Parts>(context_)) { parts_->engine.add_image(image()); }
FakeRig::~FakeRig() { clean_up(); }
ports::ContainerEngine& FakeRig::engine() { return parts_->engine; }
ports::ContainerEngine& FakeRig::gone_engine() { return parts_->gone; }
std::string FakeRig::image() { return "busybox:contract"; }

bool FakeRig::run_until(const std::function<bool()>& done) {
  constexpr BootMs limit_ms = 24 * 3'600'000;
  for (;;) {
    parts_->clock.run_until_idle();
    if (done()) return true;
    if (!parts_->clock.advance_to_next(limit_ms)) return false;
  }
}

void FakeRig::teach(const std::string& workload, const Program& program, ports::CreateRequest&) {
  testing::FakeScript script;
  script.output = {std::string(first_line)};
  script.output.insert(script.output.end(), program.prints.begin(), program.prints.end());
  script.obeys_stop = !program.ignores_stop;
  if (program.exits) {
    script.runs_ms = 1;
    script.exit_code = *program.exits;
  }
  script.exec = {program.exec_exits, program.exec_prints, program.exec_takes_s * 1000LL};
  parts_->engine.script(workload, script);
}

// -- the real one

struct DockerRig::Parts {
  Parts(asio::io_context& context, const std::string& socket)
      : client(context), engine(client, socket), gone(client, socket + ".not-there"), work(context.get_executor()) {}
  http::Client client;
  docker::DockerEngine engine, gone;
  asio::executor_work_guard<asio::io_context::executor_type> work;
};

DockerRig::DockerRig() {
  const char* socket = std::getenv("AURA_TEST_DOCKER_SOCKET");
  if (socket == nullptr || std::getenv("AURA_TEST_IMAGE") == nullptr) {
    if (std::getenv("AURA_ALLOW_SKIPS") != nullptr) SKIP("no Docker given");
    FAIL("AURA_TEST_DOCKER_SOCKET and AURA_TEST_IMAGE must name a Docker and a busybox image in it");
  }
  parts_ = std::make_unique<Parts>(context_, socket);
}

DockerRig::~DockerRig() {
  clean_up();
  remove_networks();
}

ports::ContainerEngine& DockerRig::engine() { return parts_->engine; }
ports::ContainerEngine& DockerRig::gone_engine() { return parts_->gone; }
std::string DockerRig::image() { return std::getenv("AURA_TEST_IMAGE"); }

bool DockerRig::run_until(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(deadline_s);
  while (!done()) {
    context_.run_one_until(deadline);
    if (std::chrono::steady_clock::now() >= deadline) return done();
  }
  return true;
}

void DockerRig::teach(const std::string&, const Program& program, ports::CreateRequest& request) {
  request.spec.command = {"/bin/sh", "-c", script_of(program)};
}

void DockerRig::remove_networks() {
  // The port has no such verb: the agent keeps its networks. Most tests make none, which is a 404 here.
  for (const std::string& name : {network_name(), second_network_name()}) {
    const auto done = std::make_shared<bool>(false);
    http::Call call;
    call.request.method = "DELETE";
    call.request.target = "http://docker/networks/" + name;
    call.unix_socket = std::getenv("AURA_TEST_DOCKER_SOCKET");
    const auto remove = [](http::Client& client, http::Call what,
                           std::shared_ptr<bool> ended) -> asio::awaitable<void> {
      const auto answer = co_await client.send(std::move(what));
      if (!answer) WARN(answer.error().message);
      *ended = true;
    };
    spawn(context_.get_executor(), "remove network", remove(parts_->client, std::move(call), done));
    run_until([&] { return *done; });
  }
}

}  // namespace aura::contract
