#include "agent/loops/event_log.hpp"

#include "agent/loops/message_ids.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>
#include <string>

using namespace aura;

namespace {

struct Entry {
  std::string id;
  std::set<std::string> headers;
  std::string text;
};

// The form that journalctl --update-catalog takes: "-- ID", headers, a blank line, the text.
std::vector<Entry> catalog() {
  std::ifstream file(CATALOG);
  REQUIRE(file);
  std::vector<Entry> entries;
  bool in_headers = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    if (line.starts_with("-- ")) {
      entries.push_back({line.substr(3), {}, ""});
      in_headers = true;
    } else if (entries.empty()) {
      CHECK(line.empty());
    } else if (in_headers && line.empty()) {
      in_headers = false;
    } else if (in_headers) {
      entries.back().headers.insert(line.substr(0, line.find(':')));
    } else {
      entries.back().text += line;
    }
  }
  return entries;
}

protocol::Event ended(std::string cause, std::string command_id) {
  protocol::Event event;
  event.kind = "workload_exited";
  event.command_id = std::move(command_id);
  event.data["cause"] = std::move(cause);
  return event;
}

}  // namespace

TEST_CASE("every message id is in the catalog with an explanation, and the catalog has no other") {
  std::set<std::string> in_code, in_catalog;
  for (const auto& one : loops::message_ids()) in_code.emplace(one.id);
  for (const Entry& entry : catalog()) {
    CHECK(in_catalog.insert(entry.id).second);
    CHECK(entry.headers == std::set<std::string>{"Subject", "Defined-By", "Documentation"});
    CHECK(entry.text.size() > 40);
  }
  CHECK(in_code == in_catalog);
  CHECK(in_code.size() == loops::message_ids().size());
}

TEST_CASE("a message id has 32 hex digits, and its kind is there once") {
  std::set<std::string> kinds;
  for (const auto& one : loops::message_ids()) {
    CHECK(one.id.size() == 32);
    CHECK(std::all_of(one.id.begin(), one.id.end(), [](unsigned char c) { return std::isxdigit(c) != 0; }));
    CHECK(kinds.emplace(one.kind).second);
    CHECK(loops::message_id(one.kind) == one.id);
  }
  CHECK(loops::message_id("no_such_kind").empty());
}

TEST_CASE("an end of a workload is looked up by who ended it") {
  CHECK(loops::journal_kind(ended("crashed", "")) == "workload_crashed");
  CHECK(loops::journal_kind(ended("command", "c1")) == "workload_stopped");
  CHECK(loops::journal_kind(ended("human", "")) == "workload_exited");
  protocol::Event other;
  other.kind = "workload_started";
  CHECK(loops::journal_kind(other) == "workload_started");
}
