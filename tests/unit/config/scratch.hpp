// A folder of its own for one test, with files that only their owner may write.
#pragma once

#include "agent/config/finding.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

namespace aura::config::test {

class Scratch {
 public:
  Scratch() {
    // Resolved, so that no symlink on the way to the temporary folder is met by what looks for symlinks.
    std::string pattern = std::filesystem::canonical(std::filesystem::temp_directory_path()) / "aura-config-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

  // Writes path()/name, with its folders; returns the path.
  std::string write(const std::string& name, std::string_view text, mode_t mode = 0644) const {
    const std::string file = path_ + "/" + name;
    folder(name.substr(0, name.find('/') == std::string::npos ? 0 : name.rfind('/')));
    std::ofstream(file, std::ios::binary) << text;
    ::chmod(file.c_str(), mode);
    return file;
  }

  std::string folder(const std::string& name, mode_t mode = 0755) const {
    const std::string dir = name.empty() ? path_ : path_ + "/" + name;
    std::filesystem::create_directories(dir);
    if (!name.empty()) ::chmod(dir.c_str(), mode);
    return dir;
  }

 private:
  std::string path_;
};

inline std::string all(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) text += to_string(problem) + "\n";
  return text;
}

}  // namespace aura::config::test
