#include "agent/cli/parse.hpp"

#include "agent/cli/exit_codes.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <initializer_list>
#include <string>
#include <vector>

namespace aura::cli {
namespace {

using protocol::Target;
using protocol::Verb;

std::variant<Options, Answer> parse_line(std::initializer_list<const char*> words) {
  std::vector<const char*> argv{"aura-node"};
  argv.insert(argv.end(), words);
  return parse(static_cast<int>(argv.size()), argv.data());
}

template <class T>
T parsed(std::initializer_list<const char*> words) {
  auto result = parse_line(words);
  if (const auto* answer = std::get_if<Answer>(&result)) FAIL(answer->text);
  REQUIRE(std::holds_alternative<T>(std::get<Options>(result)));
  return std::get<T>(std::get<Options>(result));
}

Answer refused(std::initializer_list<const char*> words) {
  auto result = parse_line(words);
  REQUIRE(std::holds_alternative<Answer>(result));
  return std::get<Answer>(result);
}

}  // namespace

TEST_CASE("apply takes a folder, collect nothing, and both can be told to change nothing") {
  const auto apply = parsed<ApplyOptions>({"apply", "./set", "--dry-run"});
  CHECK(apply.folder == "./set");
  CHECK(apply.send.command.verb == protocol::Verb::apply);
  CHECK(apply.send.command.args.dry_run);
  CHECK_FALSE(parsed<SendOptions>({"collect"}).command.args.dry_run);
  CHECK(parsed<SendOptions>({"collect", "--dry-run"}).command.args.dry_run);
  CHECK(refused({"apply"}).exit_code == exit_usage);
}

TEST_CASE("top shows all workloads by CPU every two seconds unless told otherwise") {
  const auto plain = parsed<TopOptions>({"top"});
  CHECK(plain.workloads.empty());
  CHECK(plain.every_s == 2);
  CHECK(plain.sort == TopSort::cpu);
  CHECK_FALSE(plain.once);
  const auto told = parsed<TopOptions>({"top", "web", "db", "--every", "1m", "--sort", "memory", "--once", "--json"});
  CHECK(told.workloads == std::vector<std::string>{"web", "db"});
  CHECK(told.every_s == 60);
  CHECK(told.sort == TopSort::memory);
  CHECK(told.once);
  CHECK(told.json);
  CHECK(refused({"top", "--every", "0"}).exit_code == exit_usage);
  CHECK(refused({"top", "--sort", "age"}).text.find("cpu, memory or name") != std::string::npos);
  CHECK(refused({"top", "No Name"}).exit_code == exit_usage);
}

TEST_CASE("stop without a workload stops the node, with one that workload") {
  CHECK(parsed<SendOptions>({"stop"}).command.target == Target{});
  const auto options = parsed<SendOptions>({"stop", "web", "--grace", "2m", "--reason", "moving house"});
  CHECK(options.command.verb == Verb::stop);
  CHECK(options.command.target == Target{Target::Kind::workload, "web"});
  CHECK(options.command.args.grace_s == 120);
  CHECK(options.command.reason == "moving house");
  CHECK(options.wait);
  CHECK(options.command.id.empty());
}

TEST_CASE("--no-wait, --json and --socket stand anywhere after the subcommand or before it") {
  const auto after = parsed<SendOptions>({"restart", "web", "--no-wait", "--socket", "/tmp/a.sock", "--json"});
  CHECK_FALSE(after.wait);
  CHECK(after.json);
  CHECK(after.socket == "/tmp/a.sock");
  CHECK(parsed<StatusOptions>({"--socket", "/tmp/b.sock", "status"}).socket == "/tmp/b.sock");
}

TEST_CASE("the socket comes from the flag, else from the environment, else it is the default") {
  ::unsetenv(socket_variable);
  CHECK(parsed<StatusOptions>({"status"}).socket == default_socket);
  ::setenv(socket_variable, "/tmp/env.sock", 1);
  const auto from_environment = parsed<StatusOptions>({"status"}).socket;
  const auto flag = parsed<StatusOptions>({"status", "--socket", "/tmp/flag.sock"}).socket;
  const auto doctor = parsed<DoctorOptions>({"doctor"}).socket;
  ::unsetenv(socket_variable);
  CHECK(from_environment == "/tmp/env.sock");
  CHECK(flag == "/tmp/flag.sock");
  CHECK(doctor == "/tmp/env.sock");
  CHECK(parsed<DoctorOptions>({"doctor"}).socket.empty());
}

TEST_CASE("each verb of the command line becomes the command that the protocol knows") {
  CHECK(parsed<SendOptions>({"pull", "docker.io/library/nginx:1.27"}).command.target ==
        Target{Target::Kind::image, "docker.io/library/nginx:1.27"});
  CHECK(parsed<SendOptions>({"hold", "web", "--for", "1h"}).command.args.for_s == 3600);
  CHECK(parsed<SendOptions>({"release"}).command.verb == Verb::release);
  CHECK(parsed<SendOptions>({"lock"}).command.verb == Verb::lock);
  const auto stage = parsed<SendOptions>({"stage", "failed", "--reason", "no route"});
  CHECK(stage.command.args.stage == "failed");
  CHECK(stage.command.reason == "no route");
  CHECK(parsed<SendOptions>({"unlock"}).command.verb == Verb::unlock);
  CHECK(parsed<SendOptions>({"cancel", "01ABC"}).command.target == Target{Target::Kind::command, "01ABC"});
  CHECK(parsed<SendOptions>({"adopt", "web"}).command.target == Target{Target::Kind::workload, "web"});
  const auto instance = parsed<SendOptions>({"adopt", "--instance"}).command;
  CHECK(instance.target == Target{});
  CHECK(instance.args.instance);
  CHECK(parsed<SendOptions>({"reload", "--allow-removal"}).command.args.allow_removal);
  CHECK(parsed<SendOptions>({"start"}).command.verb == Verb::start);
}

TEST_CASE("paths of the daemon stay unset unless they are given") {
  const auto none = parsed<DaemonOptions>({"daemon"}).paths;
  CHECK_FALSE(none.config.has_value());
  CHECK_FALSE(none.state_dir.has_value());
  const auto all = parsed<DaemonOptions>({"daemon", "--config", "/c", "--state-dir", "/s", "--runtime-dir", "/r",
                                          "--workloads-dir", "/w", "--credentials-dir", "/k"})
                       .paths;
  CHECK(all.config == "/c");
  CHECK(all.state_dir == "/s");
  CHECK(all.runtime_dir == "/r");
  CHECK(all.workloads_dir == "/w");
  CHECK(all.credentials_dir == "/k");
}

TEST_CASE("logs and events take what they stream from") {
  const auto logs = parsed<LogsOptions>({"logs", "web", "-f", "--tail", "5", "--since", "15m", "--raw"});
  CHECK(logs.workload == "web");
  CHECK(logs.follow);
  CHECK(logs.raw);
  CHECK(logs.tail == 5);
  CHECK(logs.since == "15m");
  CHECK_FALSE(parsed<LogsOptions>({"logs", "web"}).tail.has_value());
  CHECK(parsed<EventsOptions>({"events", "--after", "120"}).after == 120);
}

TEST_CASE("a line that cannot be meant ends with 64 and says what is wrong") {
  CHECK(refused({}).exit_code == exit_usage);
  CHECK(refused({"dance"}).exit_code == exit_usage);
  CHECK(refused({"stop", "Web!"}).text.find("no workload's name") != std::string::npos);
  CHECK(refused({"stop", "web", "--grace", "soon"}).text.find("no duration") != std::string::npos);
  CHECK(refused({"start", "web", "--grace", "3"}).exit_code == exit_usage);
  CHECK(refused({"hold", "web"}).exit_code == exit_usage);
  CHECK(refused({"hold", "web", "--for", "8d"}).exit_code == exit_usage);
  CHECK(refused({"hold", "web", "--for", "0"}).exit_code == exit_usage);
  CHECK(refused({"logs"}).exit_code == exit_usage);
  CHECK(refused({"logs", "web", "--since", "yesterday"}).exit_code == exit_usage);
  CHECK(refused({"pull"}).exit_code == exit_usage);
  CHECK(refused({"cancel", "a b"}).exit_code == exit_usage);
  CHECK(refused({"adopt"}).exit_code == exit_usage);
  CHECK(refused({"adopt", "--json"}).exit_code == exit_usage);
  CHECK(refused({"adopt", "web", "--instance"}).exit_code == exit_usage);
  CHECK(refused({"status", "web"}).exit_code == exit_usage);
  CHECK(refused({"stage", "ready"}).text.find("is no stage: write queued, ") != std::string::npos);
}

TEST_CASE("help of every subcommand shows an example and ends with 0") {
  for (const char* name :
       {"daemon", "status", "stop",   "start", "restart", "logs",     "events", "top",    "pull",    "hold", "release",
        "lock",   "unlock", "cancel", "adopt", "reload",  "validate", "config", "doctor", "version", "stage"}) {
    INFO(name);
    const Answer help = refused({name, "--help"});
    CHECK(help.exit_code == exit_ok);
    CHECK(help.text.find(std::string("aura-node ") + name) != std::string::npos);
    CHECK(help.text.find("Example:") != std::string::npos);
  }
}

}  // namespace aura::cli
