#include "control/store/store.hpp"
#include "harness.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace aura;
using namespace aura::control;
using namespace aura::control::test;

namespace {

std::unique_ptr<Store> opened(const TemporaryDir& dir) {
  auto store = Store::open(dir.file("control.db"));
  REQUIRE(store.has_value());
  return std::move(*store);
}

// The result code of a statement on the file itself, past the Store.
int raw(const TemporaryDir& dir, const std::string& statement) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(dir.file("control.db").c_str(), &db) == SQLITE_OK);
  const int result = sqlite3_exec(db, statement.c_str(), nullptr, nullptr, nullptr);
  sqlite3_close(db);
  return result;
}

NodeRecord full_node() {
  NodeRecord node;
  node.id = "vm-1";
  node.ledger_id = "L1";
  node.cloud_instance_id = "i-1";
  node.enrolled_at = 17;
  node.key_hash = "abc";
  node.key_used = true;
  node.epoch = 3;
  node.boot_id = "b";
  node.cloned = true;
  node.generation = 8;
  node.reported_generation = 7;
  node.node_generation = 6;
  node.wanted = protocol::Wanted{protocol::Intent::stopped, true, "freeze", "it's due; \"now\"", "operator:a", 8};
  node.confirmed_event_seq = 991;
  node.last_number = 12;
  node.stage = "running";
  node.device = "nA";
  node.device_name = "vm-1";
  return node;
}

CommandRecord command_of(const std::string& id) {
  CommandRecord record;
  record.command.id = id;
  record.command.verb = protocol::Verb::stop;
  record.command.generation = 4;
  record.node_id = "vm-1";
  record.made_at = 5;
  record.made_boot_id = "b";
  record.made_boot_ms = 6;
  record.number = 2;
  return record;
}

}  // namespace

TEST_CASE("a node comes back from the store as it went in, with its wanted state and its key's hash") {
  const TemporaryDir dir;
  Changes changes;
  changes.nodes.push_back(full_node());
  NodeRecord bare;
  bare.id = "vm-2";
  bare.key_hash = "def";
  changes.nodes.push_back(bare);
  REQUIRE(opened(dir)->commit(changes).has_value());
  const auto nodes = opened(dir)->nodes();
  REQUIRE(nodes.has_value());
  REQUIRE(nodes->size() == 2);
  CHECK((*nodes)[0] == full_node());
  CHECK((*nodes)[1] == bare);
}

TEST_CASE("a status comes back with its report") {
  const TemporaryDir dir;
  Changes changes;
  StatusRecord status;
  status.heard_at = 1'800'000'000'000;
  status.promised_s = 7;
  status.agent_version = "0.1.0";
  status.state = protocol::NodeWord::held;
  status.recorded = false;
  status.report = protocol::Report{};
  status.report->node_id = "vm-1";
  status.report->boot_id = "b";
  status.report->agent_version = "0.1.0";
  changes.statuses.push_back({"vm-1", status});
  const auto store = opened(dir);
  REQUIRE(store->commit(changes).has_value());
  const auto statuses = store->statuses();
  REQUIRE(statuses.has_value());
  REQUIRE(statuses->size() == 1);
  CHECK((*statuses)[0].status == status);
}

TEST_CASE("open commands are those without an outcome, and the first outcome of a node's command stands") {
  const TemporaryDir dir;
  const auto store = opened(dir);
  Changes changes;
  changes.commands = {command_of("a"), command_of("b")};
  changes.commands[1].settled = true;
  changes.outcomes.push_back({"vm-1", outcome_of("b")});
  REQUIRE(store->commit(changes).has_value());
  Changes later;
  later.outcomes.push_back({"vm-1", outcome_of("b")});
  later.outcomes[0].outcome.detail = "another story";
  REQUIRE(store->commit(later).has_value());
  const auto open = store->open_commands();
  REQUIRE(open.has_value());
  REQUIRE(open->size() == 1);
  CHECK((*open)[0] == command_of("a"));
  CHECK(store->outcome("vm-1", "b")->detail == "all stopped");
  CHECK(store->outcome("vm-2", "b").error().code == Errc::not_found);
  CHECK(store->command("nothing").error().code == Errc::not_found);
}

TEST_CASE("events keep their order and are stored once per node, ledger and number") {
  const TemporaryDir dir;
  const auto store = opened(dir);
  Changes changes;
  changes.events = {{0, "vm-1", "node", "L1", event_of(1)},  {0, "vm-1", "node", "L1", event_of(1)},
                    {0, "vm-1", "node", "L2", event_of(1)},  {0, "vm-2", "node", "L1", event_of(1)},
                    {0, "vm-2", "control", "", event_of(1)}, {0, "vm-2", "control", "", event_of(1)}};
  REQUIRE(store->commit(changes).has_value());
  const auto all = store->events(0, "", 100);
  REQUIRE(all.has_value());
  CHECK(all->size() == 5);
  CHECK(store->events((*all)[1].id, "", 100)->size() == 3);
  CHECK(store->events(0, "vm-1", 100)->size() == 2);
  const auto last = store->last_events("", 2);
  REQUIRE(last->size() == 2);
  CHECK((*last)[0].id < (*last)[1].id);
  CHECK((*last)[1].id == all->back().id);
}

TEST_CASE("a commit that fails leaves nothing behind") {
  const TemporaryDir dir;
  const auto store = opened(dir);
  Changes changes;
  changes.nodes = {full_node()};
  REQUIRE(store->commit(changes).has_value());
  REQUIRE(raw(dir, "create trigger no_commands before insert on commands begin select raise(abort, 'no'); end") ==
          SQLITE_OK);
  Changes failing;
  failing.claims.push_back({"vm-9", "L", "", 1, false});
  failing.nodes = {full_node()};
  failing.nodes[0].generation = 99;
  failing.commands.push_back(command_of("a"));
  REQUIRE(store->commit(failing).has_error());
  CHECK(store->nodes()->front().generation == 8);
  CHECK(store->claims()->empty());
}

TEST_CASE("the database itself refuses to change or delete what the audit holds") {
  const TemporaryDir dir;
  const auto store = opened(dir);
  Changes changes;
  changes.audit.push_back({1, "operator:a", "command", "vm-1", "stop"});
  REQUIRE(store->commit(changes).has_value());
  CHECK(raw(dir, "update audit set actor = 'nobody'") != SQLITE_OK);
  CHECK(raw(dir, "delete from audit") != SQLITE_OK);
  CHECK(store->audit(10)->front().actor == "operator:a");
}

TEST_CASE("the database file is its owner's alone") {
  const TemporaryDir dir;
  const auto store = opened(dir);
  struct stat info {};
  REQUIRE(stat(dir.file("control.db").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("a database of a newer program is refused and left alone, a broken one is named corrupt") {
  const TemporaryDir dir;
  opened(dir);
  REQUIRE(raw(dir, "insert into schema_version (version) values (99)") == SQLITE_OK);
  CHECK(Store::open(dir.file("control.db")).error().code == Errc::not_supported);
  const TemporaryDir other;
  FILE* file = fopen(other.file("control.db").c_str(), "w");
  REQUIRE(file != nullptr);
  for (int i = 0; i < 1000; ++i) fputs("this is no database ", file);
  fclose(file);
  CHECK(Store::open(other.file("control.db")).error().code == Errc::corrupt);
}

TEST_CASE("a database from before the tailnet opens: its nodes are bound to no device yet") {
  const TemporaryDir dir;
  NodeRecord node = full_node();
  {
    auto store = opened(dir);
    Changes changes;
    changes.nodes.push_back(node);
    changes.claims.push_back({"vm-2", "L2", "", 5, false, "nB", "vm-2", "100.64.0.6"});
    REQUIRE(store->commit(changes).has_value());
  }
  for (const char* statement :
       {"alter table nodes drop column device", "alter table nodes drop column device_name",
        "alter table claims drop column device", "alter table claims drop column device_name",
        "alter table claims drop column address", "delete from schema_version where version > 1"}) {
    REQUIRE(raw(dir, statement) == SQLITE_OK);
  }
  const auto store = opened(dir);
  node.device.clear();
  node.device_name.clear();
  CHECK(store->nodes()->front() == node);
  CHECK(store->claims()->front().device.empty());
}
