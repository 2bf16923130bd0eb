#include "agent/api/routes.hpp"

#include <catch2/catch_test_macros.hpp>

#include <regex>
#include <set>
#include <sstream>
#include <string>

using namespace aura;

namespace {

// What contradicts the text format of OpenMetrics 1.0 in a document without exemplars and timestamps; "": nothing.
std::string trouble_of(const std::string& text) {
  static const std::regex sample(
      "([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{[a-z_]+=\"[^\"\\n]*\"(,[a-z_]+=\"[^\"\\n]*\")*\\})? -?[0-9.]+(e[+-]?[0-9]+)?");
  std::istringstream lines(text);
  std::string line, family, type;
  std::set<std::string> families, samples;
  bool ended = false;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string mark, keyword, name, rest;
    words >> mark >> keyword >> name >> rest;
    std::smatch match;
    if (ended) return "after the end: " + line;
    if (line == "# EOF") {
      ended = true;
    } else if (mark == "#" && (keyword == "HELP" || keyword == "TYPE")) {
      if (name != family && !families.insert(name).second) return "a family in two places: " + line;
      family = name;
      if (keyword == "TYPE") type = rest;
      if (name.ends_with("_total")) return "a family named as its sample: " + line;
    } else if (!std::regex_match(line, match, sample)) {
      return "no sample: " + line;
    } else if (match[1] != family + (type == "counter" ? "_total" : "")) {
      return "not of the family " + family + ": " + line;
    } else if (!samples.insert(line.substr(0, line.rfind(' '))).second) {
      return "twice: " + line;
    }
  }
  return ended ? "" : "no end";
}

struct Scrape {
  Scrape() {
    report.tenant = "acme";
    report.node_id = "n1";
    report.workloads.resize(2);
    report.workloads[0].name = "db";
    report.workloads[1].name = "web";
  }
  std::string text() const { return api::metrics_text(report, {}, {}); }
  bool has(const std::string& part) const { return text().find(part) != std::string::npos; }

  protocol::Report report;
};

std::string labels(const std::string& workload) {
  return "{tenant_id=\"acme\",node_id=\"n1\",workload=\"" + workload + "\"} ";
}

}  // namespace

TEST_CASE("metrics carry tenant, node and workload and are what OpenMetrics allows") {
  const Scrape scrape;
  CHECK(trouble_of(scrape.text()) == "");
  CHECK(scrape.has("aura_workload_restarts_total" + labels("web")));
  CHECK(scrape.has("# TYPE aura_workload_restarts counter"));
  CHECK(scrape.text().ends_with("# EOF\n"));
}

TEST_CASE("metrics tell what each workload uses, and nothing of what is not known") {
  Scrape scrape;
  CHECK_FALSE(scrape.has("aura_workload_cpu_seconds"));
  scrape.report.workloads[0].usage = protocol::WorkloadUsage{.memory_bytes = 4096};
  auto& usage = scrape.report.workloads[1].usage;
  usage = protocol::WorkloadUsage{.memory_bytes = 20'733'952, .cpu_us = 2'500'000, .pids = 3, .oom_kills = 1};
  CHECK(trouble_of(scrape.text()) == "");
  CHECK(scrape.has("aura_workload_memory_working_set_bytes" + labels("db") + "4096\n"));
  CHECK(scrape.has("aura_workload_memory_working_set_bytes" + labels("web") + "20733952\n"));
  CHECK(scrape.has("# TYPE aura_workload_cpu_seconds counter\n"));
  CHECK(scrape.has("aura_workload_cpu_seconds_total" + labels("web") + "2.5\n"));
  CHECK(scrape.has("aura_workload_oom_kills_total" + labels("web") + "1\n"));
  CHECK_FALSE(scrape.has("aura_workload_memory_limit_bytes"));
  CHECK_FALSE(scrape.has("aura_workload_network_receive_bytes"));
  usage->memory_limit_bytes = 64 << 20;
  usage->network_receive_bytes = 736;
  usage->network_transmit_bytes = 42;
  CHECK(trouble_of(scrape.text()) == "");
  CHECK(scrape.has("aura_workload_memory_limit_bytes" + labels("web") + "67108864\n"));
  CHECK(scrape.has("aura_workload_network_transmit_bytes_total" + labels("web") + "42\n"));
}
