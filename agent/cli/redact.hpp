// Takes secrets out of text that leaves this machine: those whose values are known, wherever and however they are
// written, and what by its form can only be one.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aura::cli {

class Redactor {
 public:
  // The value of a secret. What it is made of counts too: its lines, the texts in it where it is a JSON object (but
  // for "username"), what follows the colon of USER:PASSWORD. Parts of less than shortest_masked bytes are left: they
  // would blot out ordinary text.
  void add(std::string_view secret);

  // Every file of a folder, or below one, is a secret. False: there is one that cannot be read, or the folder itself.
  // One that does not exist holds none.
  bool add_folder(const std::string& path);
  bool add_file(const std::string& path);

  // "***" in place of each: as it is, within JSON, percent-encoded, in hex, and in base64 whatever stands before and
  // after it; also of Tailscale's keys, HTTP credentials and passwords in URLs that nobody told of.
  std::string clean(std::string text) const;

  std::size_t secrets() const { return secrets_.size(); }

  static constexpr std::size_t shortest_masked = 4;

 private:
  void add_part(std::string_view part);
  struct LongestFirst {
    bool operator()(const std::string& a, const std::string& b) const {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    }
  };
  std::set<std::string, LongestFirst> secrets_;
  std::set<std::string, LongestFirst> forms_;
};

// A variable of the environment whose name says that its value is a secret.
bool names_a_secret(std::string_view variable);

}  // namespace aura::cli
