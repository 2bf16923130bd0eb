// A folder in place of /sys/fs/cgroup and /proc.
#pragma once

#include "agent/host/cgroup.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace aura::testing {

struct Tree {
  Tree() {
    std::string name = (std::filesystem::temp_directory_path() / "aura-cgroup-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Tree() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  void write(const std::string& folder, const std::string& file, const std::string& text) const {
    std::filesystem::create_directories(path + "/" + folder);
    std::ofstream(path + "/" + folder + "/" + file) << text;
  }
  host::Roots roots() const { return {path, path + "/proc"}; }

  std::string path;
};

}  // namespace aura::testing
