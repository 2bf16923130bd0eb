#include "agent/cli/parse.hpp"

#include "agent/cli/exit_codes.hpp"
#include "agent/cli/parse_checks.hpp"
#include "agent/cli/parse_line.hpp"
#include "common/time.hpp"

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <sstream>
#include <tuple>
#include <utility>

namespace aura::cli {
namespace {

using protocol::Target;
using protocol::Verb;

constexpr std::int64_t max_grace_s = 86'400;
constexpr std::int64_t max_hold_s = 604'800;
constexpr std::int64_t max_top_s = 3'600;
constexpr int max_tail_lines = 100'000;

std::function<std::string(const std::string&)> duration_between(std::int64_t min_s, std::int64_t max_s) {
  return [min_s, max_s](const std::string& text) { return no_duration(text, min_s, max_s); };
}

class Builder {
 public:
  Builder(CLI::App& app, Line& line) : app_(app), line_(line) {}

  void build() {
    add_daemon();
    add_status();
    add_switch(Verb::stop, "Stop a workload, or all of them: data and containers are kept",
               "aura-node stop web --grace 30s");
    add_switch(Verb::start, "Start a workload, or all whose own intent is running", "aura-node start web");
    add_switch(Verb::restart, "Stop, then start, in order of dependency",
               "aura-node restart web --reason \"new certificate\"");
    add_logs();
    add_events();
    add_why();
    add_top();
    add_pull();
    add_apply();
    add_machine();
    add_hold();
    add_plain();
    add_stage();
    add_cancel();
    add_adopt();
    add_reload();
    add_files();
  }

 private:
  CLI::App* add(const std::string& name, const std::string& what, const std::string& example,
                std::function<Options(Line&)> make) {
    CLI::App* command = app_.add_subcommand(name, what);
    command->footer("Example:\n  " + example);
    command->fallthrough();
    command->callback([this, make = std::move(make)] { line_.make = make; });
    return command;
  }

  void with_json(CLI::App* command) { command->add_flag("--json", line_.json, "Print JSON"); }

  void with_reason(CLI::App* command) {
    command->add_option("--reason", line_.reason, "Why, for the record")->option_text("TEXT")->check(no_reason);
  }

  void with_wait(CLI::App* command) {
    command->add_flag("--no-wait", line_.no_wait, "Print the command's id and return once it is recorded");
    with_json(command);
  }

  void with_workload(CLI::App* command, bool required) {
    auto* option =
        command->add_option("workload", line_.workload, required ? "The workload" : "The workload; left out: the node");
    option->option_text("WORKLOAD")->check(no_workload_name);
    if (required) option->required();
  }

  void with_paths(CLI::App* command) {
    const auto add_path = [command](const char* name, std::optional<std::string>& to, const char* what,
                                    const char* kind) {
      command->add_option(name, to, what)->option_text(kind)->check([](const std::string& text) {
        return text.empty() ? std::string("must not be empty") : std::string();
      });
    };
    add_path("--config", line_.paths.config, "Configuration (/etc/aura-node/agent.toml)", "FILE");
    add_path("--state-dir", line_.paths.state_dir, "Ledger and keys (/var/lib/aura-node)", "DIR");
    add_path("--runtime-dir", line_.paths.runtime_dir, "Socket and secret files (/run/aura-node)", "DIR");
    add_path("--workloads-dir", line_.paths.workloads_dir, "Workload files (/etc/aura-node/workloads.d)", "DIR");
    add_path("--credentials-dir", line_.paths.credentials_dir, "Secrets by name (given by systemd)", "DIR");
  }

  void add_daemon() {
    with_paths(add("daemon", "Run the agent in the foreground", "aura-node daemon --config /etc/aura-node/agent.toml",
                   [](Line& line) -> Options { return DaemonOptions{line.paths}; }));
  }

  void add_status() {
    CLI::App* command = add("status", "The node on one screen; exit 0 as intended, 1 degraded, 2 agent not running",
                            "aura-node status --watch", [](Line& line) -> Options {
                              return StatusOptions{line.socket, line.json, line.watch};
                            });
    with_json(command);
    command->add_flag("--watch,-w", line_.watch, "Stay, and show every change");
  }

  // stop, start, restart: exit 0 succeeded, 1 failed, 2 agent unreachable, 3 refused, 4 superseded, expired, cancelled.
  void add_switch(Verb verb, const std::string& what, const std::string& example) {
    CLI::App* command = add(std::string(to_string(verb)), what, example,
                            [verb](Line& line) -> Options { return send_of(line, verb, target_of(line.workload)); });
    with_workload(command, false);
    if (verb != Verb::start) {
      command->add_option("--grace", line_.grace, "How long a workload may take to stop by itself (as it declares)")
          ->option_text("SECONDS")
          ->check(duration_between(0, max_grace_s));
      command->add_flag("--force", line_.force, "Do not ask a stop hook, which could ask for more time");
    }
    if (verb == Verb::stop) {
      auto* power_off =
          command->add_flag("--then-power-off", line_.then_power_off, "Of the node: once nothing runs, power off");
      power_off->excludes(command->get_option("workload"));
    }
    with_reason(command);
    with_wait(command);
  }

  // What the machine itself is asked for; finished when the next boot, or the next version, shows it.
  void add_machine() {
    for (const auto& [name, verb, what] :
         {std::tuple{"reboot", Verb::reboot, "Stop what runs within its grace, then reboot; it runs again afterwards"},
          std::tuple{"power-off", Verb::power_off, "Stop what runs within its grace, then power off"}}) {
      CLI::App* command = add(name, what, fmt::format("aura-node {} --reason \"new kernel\"", name),
                              [verb = verb](Line& line) -> Options { return send_of(line, verb, {}); });
      with_reason(command);
      with_wait(command);
    }
    CLI::App* upgrade = add("upgrade", "Install a version of aura-node, prove it, or go back (a file: root)",
                            "aura-node upgrade 0.2.0", [](Line& line) -> Options {
                              return UpgradeOptions{send_of(line, Verb::upgrade, {}), line.version};
                            });
    upgrade->add_option("version", line_.version, "A version of the configured apt source, or a .deb")
        ->option_text("VERSION|FILE")
        ->required();
    with_reason(upgrade);
    with_wait(upgrade);
    add_prove();
    CLI::App* leave =
        add("decommission", "Give this node back: stop all, forget secrets and state, leave the tailnet (root)",
            "aura-node decommission --yes --reason \"customer left\"",
            [](Line& line) -> Options { return send_of(line, Verb::decommission, {}); });
    leave->add_flag("--yes", line_.yes, "It is meant: there is no way back; containers and their data are kept")
        ->required();
    with_reason(leave);
    with_wait(leave);
  }

  // Asked by the unit that upgrades, of the version that it replaces; of no use to a person.
  void add_prove() {
    CLI::App* command =
        add("prove", "Whether another version carries on what ran before",
            "aura-node prove --version 0.2.0 --before FILE", [](Line& line) -> Options {
              return ProveOptions{line.paths,        line.socket,  line.save,
                                  line.before,       line.version, parse_duration_s(line.within).value_or(90),
                                  !line.no_heartbeat};
            });
    command->group("");  // not listed
    command->add_option("--save", line_.save, "Keep what runs now")->option_text("FILE");
    command->add_option("--before", line_.before, "What ran before")->option_text("FILE")->excludes("--save");
    command->add_option("--version", line_.version, "That is to answer")->option_text("VERSION")->needs("--before");
    command->add_option("--within", line_.within, "How long it may take (90 s)")->check(duration_between(1, 3600));
    command->add_flag("--no-heartbeat", line_.no_heartbeat, "No heartbeat is asked for");
    with_paths(command);
  }

  void add_logs() {
    CLI::App* command =
        add("logs", "What a workload wrote", "aura-node logs web -f --tail 50", [](Line& line) -> Options {
          return LogsOptions{line.socket, line.workload, line.follow, line.raw, line.tail, line.since};
        });
    with_workload(command, true);
    command->add_flag("--follow,-f", line_.follow, "Stay, and print what comes");
    command->add_option("--tail", line_.tail, "Only the last lines (100)")
        ->option_text("LINES")
        ->check(CLI::Range(0, max_tail_lines));
    command->add_option("--since", line_.since, "A time (RFC 3339) or a duration back from now")
        ->option_text("TIME")
        ->check(no_moment);
    command->add_flag("--raw", line_.raw,
                      "Control characters as the container wrote them; they can steer the terminal");
  }

  void add_events() {
    CLI::App* command =
        add("events", "What happened on this node", "aura-node events -f --after 120", [](Line& line) -> Options {
          return EventsOptions{line.socket, line.json, line.follow, line.after};
        });
    command->add_flag("--follow,-f", line_.follow, "Stay, and print what comes");
    command->add_option("--after", line_.after, "Only events above this number (0)")->option_text("NUMBER");
    with_json(command);
  }

  void add_why() {
    CLI::App* command =
        add("why", "Why a workload's last ten runs began and ended", "aura-node why web", [](Line& line) -> Options {
          return WhyOptions{line.socket, line.json, line.workload};
        });
    with_workload(command, true);
    with_json(command);
  }

  void add_top() {
    CLI::App* command = add("top", "What the workloads use: CPU, memory, network, block I/O, as a live table",
                            "aura-node top web --every 5s", [](Line& line) -> Options {
                              TopOptions options{line.socket, line.json, line.once, line.workloads};
                              if (!line.every.empty()) options.every_s = *parse_duration_s(line.every);
                              options.sort = parse_top_sort(line.sort).value_or(options.sort);
                              return options;
                            });
    command->add_option("workloads", line_.workloads, "The workloads; left out: all")
        ->option_text("WORKLOAD...")
        ->check(no_workload_name);
    command->add_option("--every", line_.every, "How often it is drawn anew, and what CPU is measured over (2s)")
        ->option_text("SECONDS")
        ->check(duration_between(1, max_top_s));
    command->add_option("--sort", line_.sort, "cpu, memory or name (cpu)")->option_text("BY")->check(no_top_sort);
    command->add_flag("--once", line_.once, "One table after one interval, as without a terminal");
    with_json(command);
  }

  void add_pull() {
    CLI::App* command = add("pull", "Fetch an image ahead of time", "aura-node pull docker.io/library/nginx:1.27",
                            [](Line& line) -> Options {
                              return send_of(line, Verb::pull, {Target::Kind::image, line.image});
                            });
    command->add_option("image", line_.image, "The image")->option_text("IMAGE")->required()->check(no_image);
    with_wait(command);
  }

  void add_apply() {
    CLI::App* command =
        add("apply", "Make a folder's workloads the applied ones; all go back if one does not show itself healthy",
            "aura-node apply ./workloads --dry-run", [](Line& line) -> Options {
              ApplyOptions options{send_of(line, Verb::apply, {}), line.folder};
              options.send.command.args.allow_removal = line.allow_removal;
              return options;
            });
    command->add_option("folder", line_.folder, "The folder; one NAME.toml a workload")->option_text("DIR")->required();
    command->add_flag("--dry-run", line_.dry_run, "Show the difference, field by field, and change nothing");
    command->add_flag("--allow-removal", line_.allow_removal,
                      "Applied workloads that are not in the folder are meant to be stopped (needed for more than one, "
                      "or the last)");
    with_reason(command);
    with_wait(command);
    CLI::App* collect =
        add("collect", "Remove pulled images that nothing needs, by policy", "aura-node collect --dry-run",
            [](Line& line) -> Options { return send_of(line, Verb::collect, {}); });
    collect->add_flag("--dry-run", line_.dry_run, "Show what would be removed, and remove nothing");
    with_wait(collect);
  }

  void add_hold() {
    CLI::App* command =
        add("hold", "Take the agent's hands off for a while", "aura-node hold web --for 1h", [](Line& line) -> Options {
          SendOptions options = send_of(line, Verb::hold, target_of(line.workload));
          options.command.args.for_s = parse_duration_s(line.duration).value_or(0);
          return options;
        });
    with_workload(command, false);
    command->add_option("--for", line_.duration, "How long; it ends by itself")
        ->option_text("DURATION")
        ->required()
        ->check(duration_between(1, max_hold_s));
    with_reason(command);
    with_json(command);
    CLI::App* release = add("release", "End a hold", "aura-node release web", [](Line& line) -> Options {
      return send_of(line, Verb::release, target_of(line.workload));
    });
    with_workload(release, false);
    with_json(release);
  }

  void add_plain() {
    CLI::App* lock =
        add("lock", "Refuse every remote command but resume (root)", "aura-node lock --reason \"under repair\"",
            [](Line& line) -> Options { return send_of(line, Verb::lock, {}); });
    with_reason(lock);
    with_json(lock);
    with_json(add("unlock", "Take remote commands again (root)", "aura-node unlock",
                  [](Line& line) -> Options { return send_of(line, Verb::unlock, {}); }));
  }

  void add_stage() {
    CLI::App* command = add("stage", "Say how far the provisioning of this machine is", "aura-node stage configuring",
                            [](Line& line) -> Options {
                              SendOptions options = send_of(line, Verb::stage, {});
                              options.command.args.stage = line.stage;
                              return options;
                            });
    command->add_option("stage", line_.stage, "queued, provisioning, networking, configuring, running or failed")
        ->option_text("STAGE")
        ->required()
        ->check(no_stage);
    with_reason(command);
    with_json(command);
  }

  void add_cancel() {
    CLI::App* command = add("cancel", "End a command that has not begun, or the waiting of one that has",
                            "aura-node cancel 01JD8Z6V5S0M3T0N7V1QK2W4XB", [](Line& line) -> Options {
                              return send_of(line, Verb::cancel, {Target::Kind::command, line.id});
                            });
    command->add_option("id", line_.id, "The command, as status lists it")
        ->option_text("ID")
        ->required()
        ->check(no_command_id);
    with_json(command);
  }

  void add_adopt() {
    CLI::App* command = add("adopt", "Take over a container in conflict, or a node cloned to this machine (root)",
                            "aura-node adopt web", [](Line& line) -> Options {
                              SendOptions options = send_of(line, Verb::adopt, target_of(line.workload));
                              options.command.args.instance = line.instance;
                              return options;
                            });
    auto* name = command->add_option("workload", line_.workload, "The workload whose container is to be adopted");
    name->option_text("NAME")->check(no_workload_name);
    auto* instance = command->add_flag("--instance", line_.instance, "This cloud instance is the node from now on");
    name->excludes(instance);
    command->parse_complete_callback([this] {
      if (line_.workload.empty() && !line_.instance) throw CLI::RequiredError("NAME or --instance");
    });
    with_json(command);
  }

  void add_reload() {
    CLI::App* command =
        add("reload", "Read configuration and workload files anew", "aura-node reload", [](Line& line) -> Options {
          SendOptions options = send_of(line, Verb::reload, {});
          options.command.args.allow_removal = line.allow_removal;
          return options;
        });
    command->add_flag("--allow-removal", line_.allow_removal, "Workload files that are gone are meant to be gone");
    with_json(command);
  }

  void add_files() {
    CLI::App* check = add("validate", "Check configuration and workload files, all errors at once",
                          "aura-node validate /etc/aura-node/workloads.d/web.toml", [](Line& line) -> Options {
                            return ValidateOptions{line.paths, line.json, line.files};
                          });
    check->add_option("files", line_.files, "Files; left out: all that the agent reads")->option_text("FILE...");
    with_json(check);
    with_paths(check);
    CLI::App* config = add("config", "The configuration in force, with the origin of each value",
                           "aura-node config --json", [](Line& line) -> Options {
                             return ConfigOptions{line.paths, line.json};
                           });
    with_json(config);
    with_paths(config);
    CLI::App* doctor =
        add("doctor", "Check what the node needs; exit 1 if anything is bad", "aura-node doctor",
            [](Line& line) -> Options {
              return DoctorOptions{line.paths, line.socket_given ? line.socket : "", line.json, line.bundle};
            });
    doctor->add_option("--bundle", line_.bundle, "All that support needs as tar.gz, without secrets (root)")
        ->option_text("FILE");
    with_json(doctor);
    with_paths(doctor);
    with_json(add("version", "Versions of this program and of the running agent", "aura-node version",
                  [](Line& line) -> Options {
                    return VersionOptions{line.socket, line.json};
                  }));
  }

  CLI::App& app_;
  Line& line_;
};

}  // namespace

std::variant<Options, Answer> parse(int argc, const char* const* argv) {
  CLI::App app("aura-node: keeps the workloads of this node as they are declared", "aura-node");
  Line line;
  auto* socket = app.add_option("--socket", line.socket,
                                fmt::format("The agent's socket ({}, {})", socket_variable, default_socket));
  socket->option_text("PATH")->envname(socket_variable);
  app.require_subcommand(1);
  app.footer("Example:\n  aura-node status\nSee aura-node COMMAND --help, and aura-node(8).");
  Builder builder(app, line);  // its callbacks run in parse()
  builder.build();
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& call) {
    std::ostringstream out, err;
    app.exit(call, out, err);
    return Answer{exit_ok, out.str()};
  } catch (const CLI::ParseError& error) {
    return Answer{exit_usage, fmt::format("aura-node: {}; see aura-node --help\n", error.what())};
  }
  line.socket_given = !socket->empty();
  return line.make(line);
}

}  // namespace aura::cli
