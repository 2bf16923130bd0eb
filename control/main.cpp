// argv -> subcommand -> exit code. The only file of aura-control that sees CLI11.
#include "control/cli/commands.hpp"
#include "control/cli/exit_codes.hpp"
#include "control/serve.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>

namespace {

using namespace aura::control;  // NOLINT: this file is the whole program's front

using Action = std::function<int()>;

CLI::App* subcommand(CLI::App& app, const std::string& name, const std::string& what, const std::string& example) {
  CLI::App* command = app.add_subcommand(name, what);
  command->footer("Example:\n  " + example);
  return command;
}

void connect(CLI::App* command, cli::Connection& connection) {
  command->add_option("--url", connection.url, "Address of aura-control (AURA_CONTROL_URL; http://127.0.0.1:8080)");
  command->add_option("--token-file", connection.token_file,
                      "File with the operator token (AURA_CONTROL_TOKEN_FILE; to this machine itself "
                      "/var/lib/aura-control/operator-token). "
                      "Over the tailnet none is needed where a role is granted");
  command->add_flag("--json", connection.json, "Print JSON");
}

void add_serve(CLI::App& app, Action& action) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = subcommand(app, "serve", "Run the control plane",
                                 "aura-control serve --listen 127.0.0.1:8080 --listen tailnet:8080");
  command->add_option("--listen", options->listen,
                      "ADDRESS:PORT, loopback or tailnet, or tailnet:PORT; may be given several times "
                      "(127.0.0.1:8080)");
  command->add_option("--tailscale-socket", options->tailscale_socket,
                      "tailscaled's socket: who calls is known by the tailnet (/run/tailscale/tailscaled.sock where a "
                      "listener is in the tailnet)");
  command->add_option("--state-dir", options->state_dir,
                      "Folder of database and operator token (/var/lib/aura-control)");
  command->add_option("--db", options->db, "sqlite:PATH (control.db in the state directory)");
  command->add_option("--config", options->config_path, "TOML file with the table [serve]");
  command->add_option("--heartbeat-s", options->heartbeat_s, "Interval dictated to nodes, in seconds (60)")
      ->check(CLI::Range(1, max_heartbeat_s));
  command->callback([options, &action] { action = [options] { return serve(*options); }; });
}

void add_nodes(CLI::App& app, Action& action) {
  struct Options {
    cli::Connection connection;
    bool watch = false;
    std::string node_id;
  };
  auto list = std::make_shared<Options>();
  CLI::App* nodes = subcommand(app, "nodes", "List the nodes", "aura-control nodes --watch");
  nodes->add_flag("--watch,-w", list->watch, "Show it again every 2 s");
  connect(nodes, list->connection);
  nodes->callback([list, &action] { action = [list] { return cli::nodes(list->connection, list->watch); }; });

  auto one = std::make_shared<Options>();
  CLI::App* node =
      subcommand(app, "node", "Show one node: lights, intents, workloads, commands", "aura-control node vm-17");
  node->add_option("NODE", one->node_id, "Node id")->required();
  connect(node, one->connection);
  node->callback([one, &action] { action = [one] { return cli::node(one->connection, one->node_id); }; });
}

void add_send(CLI::App& app, Action& action) {
  struct Options {
    cli::Connection connection;
    cli::SendOptions send;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = subcommand(app, "send", "Give a node a command",
                                 "aura-control send vm-17 restart workload:web --reason \"new certificate\" --wait\n"
                                 "  aura-control send vm-17 suspend --reason \"payment failed\" --arg mode=stop");
  cli::SendOptions& send = options->send;
  command->add_option("NODE", send.node_id, "Node id")->required();
  command
      ->add_option("VERB", send.verb,
                   "start stop restart suspend resume reboot power_off apply pull upgrade "
                   "decommission cancel")
      ->required();
  command->add_option("TARGET", send.target, "node, workload:NAME, image:REF or command:ID (node)");
  command->add_option("--reason", send.reason, "Why; a suspension needs one");
  command->add_option("--arg", send.args, "KEY=VALUE of the verb, such as grace_s=30")->take_all();
  command->add_flag("--force", send.force, "Skip a hook's veto");
  command->add_option("--expires-in-s", send.expires_in_s, "Last moment to begin, in seconds from now");
  command->add_option("--id", send.id, "Id of the command; the same id twice is one command");
  command->add_flag("--wait", send.wait,
                    "Follow it to its outcome: exit 0 succeeded, 1 failed, 2 unreachable, "
                    "3 refused, 4 superseded, expired or cancelled");
  command->add_option("--timeout-s", send.timeout_s, "With --wait: give up after so many seconds (900)")
      ->check(CLI::Range(1, 86'400));
  connect(command, options->connection);
  command->callback(
      [options, &action] { action = [options] { return cli::send(options->connection, options->send); }; });
}

void add_events(CLI::App& app, Action& action) {
  struct Options {
    cli::Connection connection;
    std::string node_id;
    int tail = 20;
    bool follow = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = subcommand(app, "events", "Show what happened", "aura-control events -f --node vm-17");
  command->add_flag("-f,--follow", options->follow, "Stay and show new ones");
  command->add_option("--tail,-n", options->tail, "How many of the last ones (20)")->check(CLI::Range(1, 1000));
  command->add_option("--node", options->node_id, "Of this node only");
  connect(command, options->connection);
  command->callback([options, &action] {
    action = [options] { return cli::events(options->connection, options->node_id, options->tail, options->follow); };
  });
}

void add_enrolment(CLI::App& app, Action& action) {
  struct Options {
    cli::Connection connection;
    std::string node_id;
  };
  using Run = int (*)(const cli::Connection&, const std::string&);
  const auto add = [&](const char* name, const char* what, Run run) {
    auto options = std::make_shared<Options>();
    CLI::App* command = subcommand(app, name, what, std::string("aura-control ") + name + " vm-17");
    command->add_option("NODE", options->node_id, "Node id")->required();
    connect(command, options->connection);
    command->callback(
        [options, run, &action] { action = [options, run] { return run(options->connection, options->node_id); }; });
  };
  add("enroll", "Print a one-time enrolment code for a node, valid 30 minutes", cli::enroll);
  add("reenroll", "Let another machine take over a node id, and print its code", cli::reenroll);
}

void add_claims(CLI::App& app, Action& action) {
  struct Options {
    cli::Connection connection;
    std::string node_id, device;
  };
  using Run = int (*)(const cli::Connection&, const std::string&, const std::string&);
  const auto add = [&](const char* name, const char* what, Run run) {
    auto options = std::make_shared<Options>();
    CLI::App* command =
        subcommand(app, name, what, std::string("aura-control ") + name + " vm-17 --device nKq3Xv5CNTRL");
    command->add_option("NODE", options->node_id, "Node id")->required();
    command
        ->add_option("--device", options->device,
                     "Only if it is this device that asks: its stable id, as aura-control nodes shows it")
        ->check([](const std::string& id) { return std::string(id.empty() ? "must not be empty" : ""); });
    connect(command, options->connection);
    command->callback([options, run, &action] {
      action = [options, run] { return run(options->connection, options->node_id, options->device); };
    });
  };
  add("approve", "Let in a machine that asked to enrol without a code", cli::approve);
  add("refuse", "Turn away a machine that asked to enrol without a code", cli::refuse);
}

void add_user_data(CLI::App& app, Action& action) {
  auto options = std::make_shared<cli::UserDataOptions>();
  provision::UserData& values = options->values;
  CLI::App* command =
      subcommand(app, "render-user-data", "Make the cloud-init user-data that turns a bare VM into a node",
                 "aura-control render-user-data --node-id vm-17 --control-url http://control:8080 \\\n"
                 "    --enrol-code-file code --auth-key-file key --package-url https://… --package-sha256 … "
                 "--output vm-17.yaml");
  command->add_option("--node-id", values.node_id, "Node id")->required();
  command->add_option("--hostname", values.hostname, "Host name of the VM, also in the tailnet (the node id)");
  command->add_option("--tenant", values.tenant, "The customer it belongs to");
  command->add_option("--control-url", values.control_url, "Address of aura-control as the node calls it")->required();
  command->add_option("--control-auth", values.control_auth, "tailnet or token (tailnet)");
  command->add_option(
      "--report-url", values.report_url,
      "Where aura-control answers before the VM is in the tailnet, https:// or loopback: stages are told there");
  command
      ->add_option("--enrol-code-file", options->enrol_code_file, "File with a code of aura-control enroll; -: stdin")
      ->required();
  command
      ->add_option("--auth-key-file", options->auth_key_file, "File with a one-off auth key of the tailnet; -: stdin")
      ->required();
  command->add_option("--login-server", values.login_server, "Of a headscale, in place of Tailscale's own");
  command->add_option("--tag", values.tags,
                      "Tag to ask for, such as tag:node; may be given several times (those of the key)");
  command->add_option("--ssh-key-file", options->ssh_key_files, "Public SSH key; may be given several times");
  command->add_option("--package-url", values.package_url, "Where the VM fetches aura-node_*.deb");
  command->add_option("--package-sha256", values.package_sha256, "What sha256sum says of that package");
  command->add_option("--apt-source-file", options->apt_source_file,
                      "deb822 source with aura-node, in place of --package-url");
  command->add_option("--version", values.version, "With --apt-source-file: this version (the newest)");
  command->add_option("--tailscale-apt-uri", values.tailscale_apt_uri, "apt source of tailscale (the vendor's)");
  command->add_option("--tailscale-apt-suite", values.tailscale_apt_suite, "Its suite (the VM's release)");
  command->add_option("--tailscale-apt-component", values.tailscale_apt_component,
                      "Its component (main; none where the suite ends with /)");
  command->add_option("--tailscale-apt-key-file", options->tailscale_apt_key_file,
                      "Its OpenPGP key in ASCII armour; without one the VM's image must have tailscale");
  command->add_option("--workload", options->workload_files, "Workload file NAME.toml; may be given several times");
  command->add_option("--deadline-s", values.deadline_s, "How long the workloads may take to be as declared (900)")
      ->check(CLI::Range(provision::min_deadline_s, provision::max_deadline_s));
  command->add_option("--output,-o", options->output,
                      "File to write, readable by its owner alone (the standard output)");
  command->callback([options, &action] { action = [options] { return cli::render_user_data(*options); }; });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Reference control plane of aura-node", "aura-control");
  app.set_version_flag("--version", "aura-control " AURA_VERSION);
  app.require_subcommand(1);
  app.footer("Example:\n  aura-control serve --state-dir /var/lib/aura-control");
  Action action;
  add_serve(app, action);
  add_nodes(app, action);
  add_send(app, action);
  add_events(app, action);
  add_enrolment(app, action);
  add_claims(app, action);
  add_user_data(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? cli::exit_ok : cli::exit_usage;
  }
  return action();
}
