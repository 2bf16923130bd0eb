#include "agent/config/policy.hpp"
#include "agent/config/words.hpp"
#include "agent/config/workload_parts.hpp"
#include "common/ids.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

namespace aura::config {
namespace {

using reconcile::WorkloadSpec;

constexpr std::string_view secrets_folder = "/run/secrets";

bool is_env_name(std::string_view name) {
  return !name.empty() && name.size() <= 256 && name.find('=') == std::string_view::npos &&
         std::none_of(name.begin(), name.end(),
                      [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
}

// "CREDENTIAL" or { credential = "CREDENTIAL", on_change = "none" | "restart" }.
std::optional<reconcile::SecretRef> read_secret(Section& secrets, const std::string& name) {
  reconcile::SecretRef secret;
  Section* holder = &secrets;
  std::string_view key = name;
  std::optional<std::string> credential;
  std::optional<Section> table;
  const Value& value = secrets.members().find(name)->second.value;
  if (std::holds_alternative<Table>(value.data)) {
    table = secrets.table(name);
    holder = &*table;
    key = "credential";
    if (!table->has("credential")) table->problem("credential", "is missing: name a systemd credential");
    credential = table->text("credential");
    if (const auto word = table->word("on_change", {"none", "restart"})) {
      secret.on_change = static_cast<reconcile::OnChange>(*word);
    }
    table->finish();
  } else if (const auto* text = std::get_if<std::string>(&value.data)) {
    credential = *text;
  } else {
    secrets.problem(name, fmt::format("must be the name of a systemd credential or a table, not {}", kind_name(value)));
  }
  if (!credential) return std::nullopt;
  if (!is_credential_name(*credential)) {
    holder->problem(key, fmt::format("{} is no name of a systemd credential: use letters, digits, \"_\", \".\", \"-\"",
                                     quoted(*credential)));
    return std::nullopt;
  }
  secret.credential = *credential;
  return secret;
}

void check_mount_target(Section& mount, const reconcile::Mount& read, const WorkloadSpec& spec) {
  if (read.target == "/") mount.problem("target", "must not be the container's root: name a folder in it");
  const auto same = [&read](const reconcile::Mount& other) { return other.target == read.target; };
  if (std::any_of(spec.mounts.begin(), spec.mounts.end(), same)) {
    mount.problem("target", fmt::format("{} is the target of another mount: use each once", read.target));
  }
  const bool hides = path_within(read.target, secrets_folder) || path_within(secrets_folder, read.target);
  if (hides && read.target != "/" && !spec.secret_files.empty()) {
    mount.problem("target", "would hide /run/secrets, where secret_files stand: choose another target");
  }
}

std::optional<std::string> read_path(Section& mount, std::string_view key) {
  if (!mount.has(key)) mount.problem(key, "is missing: write an absolute path");
  const auto text = mount.text(key);
  if (!text) return std::nullopt;
  auto path = normal_path(*text);
  if (!path) mount.problem(key, fmt::format("{} must be an absolute path without \".\" and \"..\"", quoted(*text)));
  return path;
}

// "[ADDR:]HOST:CONT[/proto]"; "" in `wrong` if all is well.
reconcile::Port parse_port(std::string_view text, std::string& wrong) {
  reconcile::Port port;
  constexpr std::string_view form = "write [ADDRESS:]HOST_PORT:CONTAINER_PORT[/tcp|udp]";
  std::string_view rest = text;
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    port.protocol = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
    if (port.protocol != "tcp" && port.protocol != "udp") wrong = "the protocol must be tcp or udp";
  }
  const auto last = rest.rfind(':');
  if (last == std::string_view::npos) {
    wrong = form;
    return port;
  }
  const std::string_view container = rest.substr(last + 1);
  rest = rest.substr(0, last);
  const auto middle = rest.ends_with(']') ? std::string_view::npos : rest.rfind(':');
  const std::string_view host = middle == std::string_view::npos ? rest : rest.substr(middle + 1);
  std::string_view address = middle == std::string_view::npos ? "127.0.0.1" : rest.substr(0, middle);
  if (host.find('-') != std::string_view::npos || container.find('-') != std::string_view::npos) {
    wrong = "ranges of ports are not taken: list each port";
    return port;
  }
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  const auto host_port = parse_whole(host, 65535);
  const auto container_port = parse_whole(container, 65535);
  if (!host_port || !container_port || *host_port == 0 || *container_port == 0) {
    wrong = fmt::format("ports are from 1 to 65535: {}", form);
  } else if (!is_address(address) || bracketed != (address.find(':') != std::string_view::npos)) {
    wrong = "the address must be an IPv4 literal or an IPv6 literal in [ ]";
  }
  port.host_address = address;
  port.host_port = static_cast<std::uint16_t>(host_port.value_or(0));
  port.container_port = static_cast<std::uint16_t>(container_port.value_or(0));
  return port;
}

}  // namespace

std::vector<std::string> read_argv(Section& section, std::string_view key) {
  const auto texts = section.texts(key);
  std::vector<std::string> words;
  if (!texts) return words;
  for (const Text& item : *texts) words.push_back(item.text);
  if (words.empty() || words.front().empty())
    section.problem(key, "must begin with a program: write it or remove the key");
  return words;
}

void read_env(Section& root, WorkloadSpec& spec) {
  auto env = root.table("env");
  if (!env) return;
  env->all_known();
  for (const auto& [name, member] : env->members()) {
    if (!is_env_name(name)) env->problem(name, "is no name of an environment variable: no blanks and no \"=\"");
    if (const auto value = env->text(name)) spec.env[name] = *value;
  }
}

void read_secrets(Section& root, WorkloadSpec& spec) {
  if (auto secrets = root.table("secrets")) {
    for (const auto& [name, member] : secrets->members()) {
      if (!is_env_name(name)) secrets->problem(name, "is no name of an environment variable: no blanks and no \"=\"");
      if (spec.env.contains(name)) secrets->problem(name, "stands in env too: keep one of both");
      if (const auto secret = read_secret(*secrets, name)) spec.secrets[name] = *secret;
    }
  }
  if (auto files = root.table("secret_files")) {
    for (const auto& [name, member] : files->members()) {
      if (!is_plain_name(name)) {
        files->problem(name, "is no file name: use letters, digits, \"_\", \".\", \"-\"");
      }
      if (const auto secret = read_secret(*files, name)) spec.secret_files[name] = *secret;
    }
  }
}

void read_mounts(Section& root, WorkloadSpec& spec) {
  const auto items = root.list("mounts");
  if (!items) return;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Value& item = *(*items)[i];
    const std::string key = fmt::format("mounts[{}]", i);
    const auto* table = std::get_if<Table>(&item.data);
    if (table == nullptr) {
      root.findings().add(item.place, key,
                          fmt::format("must be a table with source and target, not {}", kind_name(item)));
      continue;
    }
    Section mount(*table, key, item.place, root.findings());
    reconcile::Mount read;
    const auto source = read_path(mount, "source");
    const auto target = read_path(mount, "target");
    if (const auto read_only = mount.boolean("read_only")) read.read_only = *read_only;
    mount.finish();
    if (!source || !target) continue;
    read.source = *source;
    read.target = *target;
    check_mount_target(mount, read, spec);
    spec.mounts.push_back(read);
  }
}

void read_ports(Section& root, WorkloadSpec& spec) {
  const auto items = root.texts("ports");
  if (!items) return;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Text& item = (*items)[i];
    std::string wrong;
    const reconcile::Port port = parse_port(item.text, wrong);
    const auto key = [](const reconcile::Port& p) { return std::tie(p.host_address, p.host_port, p.protocol); };
    const bool twice = wrong.empty() && std::any_of(spec.ports.begin(), spec.ports.end(),
                                                    [&](const reconcile::Port& p) { return key(p) == key(port); });
    if (twice) wrong = "the host's port is published twice: use each once";
    if (wrong.empty()) {
      spec.ports.push_back(port);
    } else {
      root.findings().add(item.place, fmt::format("ports[{}]", i), fmt::format("{}: {}", quoted(item.text), wrong));
    }
  }
}

void read_dependencies(Section& root, const std::string& name, WorkloadSpec& spec) {
  auto table = root.table("depends_on");
  if (!table) return;
  for (const auto& [other, member] : table->members()) {
    if (!is_workload_name(other)) table->problem(other, "is no name of a workload");
    if (other == name) table->problem(other, "is this workload itself: remove it");
    if (const auto word = table->word(other, {"started", "healthy", "completed"})) {
      spec.depends_on[other] = static_cast<reconcile::DependencyNeed>(*word);
    }
  }
}

}  // namespace aura::config
