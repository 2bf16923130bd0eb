#include "agent/cli/answers.hpp"
#include "agent/cli/top_view.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdio>
#include <string>

namespace aura::cli {
namespace {

using protocol::WorkloadUsage;
using protocol::WorkloadWord;

constexpr WallMs noon = 1'795'262'400'000;  // 2026-11-21T12:00:00Z
constexpr std::int64_t second_us = 1'000'000;

protocol::WorkloadReport running(const std::string& name, WorkloadUsage usage) {
  protocol::WorkloadReport out;
  out.name = name;
  out.state = WorkloadWord::running;
  out.restarts = 2;
  out.container_id = "c-" + name;
  out.started_at = "2026-11-21T11:59:17Z";
  out.usage = usage;
  return out;
}

TopLook look_at(std::int64_t at_s, std::vector<protocol::WorkloadReport> workloads) {
  TopLook look;
  look.at_us = at_s * second_us;
  look.report.node_id = "node-1";
  look.report.workloads = std::move(workloads);
  return look;
}

// db is idle and large, web busy and small, old does not run.
TopLook first() {
  protocol::WorkloadReport old;
  old.name = "old";
  old.state = WorkloadWord::stopped;
  return look_at(0, {running("db", {.memory_bytes = 48 << 20, .memory_limit_bytes = 64 << 20, .cpu_us = 1'000'000}),
                     old, running("web", {.memory_bytes = 12 << 20, .cpu_us = 2'000'000})});
}
TopLook second() {
  TopLook look = first();
  look.at_us = 2 * second_us;
  look.report.workloads[0].usage->cpu_us += 20'000;
  look.report.workloads[2].usage->cpu_us += 3'000'000;
  return look;
}

std::string names(const std::vector<TopRow>& rows) {
  std::string out;
  for (const TopRow& row : rows) out += (out.empty() ? "" : " ") + row.name;
  return out;
}

std::string table_of(const std::vector<TopRow>& rows, std::optional<Screen> screen = {}) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  const std::string text = top_table(rows, Terminal(file), screen);
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("top counts CPU between two looks: 100 is one CPU wholly") {
  const TopLook before = first();
  const auto rows = top_rows(&before, second(), noon, {}, TopSort::name);
  REQUIRE(names(rows) == "db old web");
  CHECK(rows[0].cpu_percent == 1.0);
  CHECK_FALSE(rows[1].cpu_percent);
  CHECK(rows[2].cpu_percent == 150.0);
  CHECK(rows[0].memory_percent == 75.0);
  CHECK_FALSE(rows[2].memory_percent);
  CHECK(rows[0].uptime_s == 43);
  CHECK_FALSE(rows[1].uptime_s);
}

TEST_CASE("top does not measure a new run against the one before, and takes the agent's word instead") {
  const TopLook before = first();
  TopLook now = second();
  SECTION("a new container") { now.report.workloads[2].container_id = "another"; }
  SECTION("started anew") { now.report.workloads[2].started_at = "2026-11-21T11:59:59Z"; }
  SECTION("a counter that fell") { now.report.workloads[2].usage->cpu_us = 1; }
  SECTION("no time between") { now.at_us = before.at_us; }
  CHECK_FALSE(top_rows(&before, now, noon, {"web"}, TopSort::cpu)[0].cpu_percent);
  now.report.workloads[2].usage->cpu_percent = 12.5;
  CHECK(top_rows(&before, now, noon, {"web"}, TopSort::cpu)[0].cpu_percent == 12.5);
  CHECK(top_rows(nullptr, now, noon, {"web"}, TopSort::cpu)[0].cpu_percent == 12.5);
}

TEST_CASE("top sorts by CPU, memory or name, and shows those that were asked for") {
  const TopLook before = first();
  CHECK(names(top_rows(&before, second(), noon, {}, TopSort::cpu)) == "web db old");
  CHECK(names(top_rows(&before, second(), noon, {}, TopSort::memory)) == "db web old");
  CHECK(names(top_rows(&before, second(), noon, {}, TopSort::name)) == "db old web");
  CHECK(names(top_rows(&before, second(), noon, {"old", "web"}, TopSort::cpu)) == "web old");
  CHECK(unknown_workload(before.report, {"web", "nobody"}) == "nobody");
  CHECK(unknown_workload(before.report, {"web"}).empty());
}

TEST_CASE("top's table has a figure or a dash in every column") {
  const TopLook before = first();
  TopLook now = second();
  now.report.workloads[0].usage->network_receive_bytes = 1 << 20;
  now.report.workloads[0].usage->network_transmit_bytes = 2048;
  now.report.workloads[0].usage->pids = 7;
  const std::string text = table_of(top_rows(&before, now, noon, {}, TopSort::name));
  CHECK(text ==
        "NAME  STATE    CPU%   MEM / LIMIT          MEM%  NET RX / TX      BLOCK R / W    PIDS  RESTARTS  UPTIME\n"
        "db    running  1.0    48.0 MiB / 64.0 MiB  75.0  1.0 MiB / 2 KiB  0 KiB / 0 KiB  7     2         43 s\n"
        "old   stopped  -      -                    -     -                -              -     0         -\n"
        "web   running  150.0  12.0 MiB / -         -     -                0 KiB / 0 KiB  0     2         43 s\n");
  CHECK(table_of({}) == "No workload is declared.\n");
}

TEST_CASE("top stays on its screen: lines are cut, and those without room are counted") {
  const TopLook before = first();
  const auto rows = top_rows(&before, second(), noon, {}, TopSort::name);
  CHECK(table_of(rows, Screen{10, 3}) == "NAME  STAT\ndb    runn\nand 2 more\n");
  CHECK(table_of(rows, Screen{10, 4}) == "NAME  STAT\ndb    runn\nold   stop\nweb   runn\n");
  CHECK(table_of(rows, Screen{4, 1}) == "NAME\nand 3 more\n");
}

TEST_CASE("top as JSON has null where there is no figure") {
  const TopLook before = first();
  const TopLook now = second();
  const std::string text = encode_top(now.report, top_rows(&before, now, noon, {"old", "db"}, TopSort::name));
  CHECK(text.starts_with(R"({"node_id":"node-1","workloads":[{"name":"db","state":"running","cpu_percent":1E0,)"));
  CHECK(text.find(R"("memory_bytes":50331648,"memory_limit_bytes":67108864,"memory_percent":7.5E1,)") != text.npos);
  CHECK(text.find(R"("name":"old","state":"stopped","cpu_percent":null,"cpu_us":null,"memory_bytes":null)") !=
        text.npos);
}

}  // namespace aura::cli
