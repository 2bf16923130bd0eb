#include "common/ids.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>
#include <string>

using namespace aura;

TEST_CASE("new ids are 26 characters of Crockford's base 32 and never repeat") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = new_id();
    CHECK(id.size() == 26);
    CHECK(id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == std::string::npos);
    CHECK(id[0] <= '7');
    CHECK(seen.insert(id).second);
  }
}

TEST_CASE("ids begin with their time, so later ones do not sort before earlier ones") {
  const std::string first = new_id();
  const std::string second = new_id();
  // 48 bits of milliseconds are the first ten characters.
  CHECK(first.substr(0, 10) <= second.substr(0, 10));
  // Anything made between 2020 and 2039 begins with 01.
  CHECK(first.substr(0, 2) == "01");
}

TEST_CASE("random hex has two digits a byte") {
  const std::string text = random_hex(32);
  CHECK(text.size() == 64);
  CHECK(text.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(text != random_hex(32));
  CHECK(random_u64() != random_u64());
}

TEST_CASE("node ids are lower-case letters, digits and hyphens, up to 63, not beginning with a hyphen") {
  CHECK(is_node_id("web-1"));
  CHECK(is_node_id("1"));
  CHECK(is_node_id(std::string(63, 'a')));
  CHECK_FALSE(is_node_id(std::string(64, 'a')));
  CHECK_FALSE(is_node_id(""));
  CHECK_FALSE(is_node_id("-a"));
  CHECK_FALSE(is_node_id("Web"));
  CHECK_FALSE(is_node_id("a/b"));
}

TEST_CASE("workload names begin with a letter, have at most 41 characters, and node is none") {
  CHECK(is_workload_name("web"));
  CHECK(is_workload_name("node-exporter"));
  CHECK(is_workload_name(std::string(41, 'a')));
  CHECK_FALSE(is_workload_name(std::string(42, 'a')));
  CHECK_FALSE(is_workload_name("node"));
  CHECK_FALSE(is_workload_name("1web"));
  CHECK_FALSE(is_workload_name(""));
  CHECK_FALSE(is_workload_name("a_b"));
}

TEST_CASE("command ids are 1 to 64 harmless characters") {
  CHECK(is_command_id("01J9Z:a.b_c-D"));
  CHECK(is_command_id(std::string(64, 'x')));
  CHECK_FALSE(is_command_id(std::string(65, 'x')));
  CHECK_FALSE(is_command_id(""));
  CHECK_FALSE(is_command_id("a b"));
  CHECK_FALSE(is_command_id("a\n"));
}
