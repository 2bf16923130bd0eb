#include "agent/config/workload_folder.hpp"

#include "agent/config/folder_check.hpp"
#include "agent/config/trusted_file.hpp"
#include "agent/store/spec_codec.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace aura::config {
namespace {

constexpr int max_readings = 5;  // of a folder that changes while it is read

struct Reading {
  bool complete = false;
  std::map<std::string, Candidate> candidates;
  std::vector<Problem> problems;  // of no workload's file
};

Reading unreadable(const std::string& dir, std::string message) {
  Reading reading;
  reading.problems.push_back({dir, 0, 0, "", std::move(message)});
  return reading;
}

// False if the file is gone meanwhile.
bool read_candidate(const std::string& name, Candidate& candidate) {
  const TrustedRead read = read_trusted_file(candidate.file, max_workload_file_bytes);
  if (read.kind == TrustedRead::Kind::absent) return false;
  if (read.kind == TrustedRead::Kind::refused) {
    candidate.parsed.problems.push_back({candidate.file, 0, 0, "", read.message});
  } else {
    candidate.parsed = parse_workload(read.text, candidate.file, name);
  }
  return true;
}

Reading read_listed(const std::string& dir, const std::vector<std::string>& files) {
  Reading reading;
  reading.complete = true;
  for (const std::string& file : files) {
    const std::string path = dir + "/" + file;
    const auto name = workload_name_of(file);
    if (!name) {
      reading.problems.push_back({path, 0, 0, "",
                                  "is no workload's name: 1 to 41 of a-z, 0-9 and \"-\", beginning with a letter, and "
                                  "not \"node\": rename the file"});
      continue;
    }
    Candidate candidate{path, {}};
    if (reading.candidates.size() >= max_workloads) {
      candidate.parsed.problems.push_back(
          {path, 0, 0, "", fmt::format("is one workload too many: a node takes {}: remove some", max_workloads)});
    } else if (!read_candidate(*name, candidate)) {
      reading.complete = false;
      continue;
    }
    reading.candidates.emplace(*name, std::move(candidate));
  }
  return reading;
}

// A file that is renamed over another one while the folder is listed may be left out of the list (readdir(3)), and
// would look removed. So a reading counts only if the list is the same after it.
Reading read_folder(const std::string& dir) {
  for (int attempt = 0; attempt < max_readings; ++attempt) {
    const TrustedListing before = list_trusted_folder(dir);
    if (before.kind == TrustedRead::Kind::absent) return unreadable(dir, "does not exist: create the folder");
    if (before.kind == TrustedRead::Kind::refused) return unreadable(dir, before.message);
    Reading reading = read_listed(dir, before.names);
    const TrustedListing after = list_trusted_folder(dir);
    if (reading.complete && after.kind == TrustedRead::Kind::read && after.names == before.names) return reading;
  }
  return unreadable(dir, "kept changing while it was read: reload once it is left alone");
}

}  // namespace

std::map<std::string, std::string> secret_digests(Candidate& candidate, const SecretDigest& digest) {
  std::map<std::string, std::string> digests;
  if (!digest) return digests;
  const auto take = [&](const std::string& table, const std::map<std::string, reconcile::SecretRef>& secrets) {
    for (const auto& [name, secret] : secrets) {
      if (secret.on_change != reconcile::OnChange::restart) continue;
      if (auto value = digest(secret.credential)) {
        digests[secret.credential] = std::move(*value);
        continue;
      }
      const std::string key = fmt::format("{}.{}", table, name);
      const auto line = candidate.parsed.lines.find(key);
      candidate.parsed.problems.push_back(
          {candidate.file, line == candidate.parsed.lines.end() ? 0 : line->second, 0, key,
           fmt::format("there is no credential {}: give it to the service and restart aura-node", secret.credential)});
    }
  };
  take("secrets", candidate.parsed.spec->secrets);
  take("secret_files", candidate.parsed.spec->secret_files);
  return digests;
}

FolderResult load_folder(const std::string& dir, const Policy& policy, const PolicyContext& context,
                         const SecretDigest& digest) {
  Reading reading = read_folder(dir);
  FolderResult result;
  result.set.complete = reading.complete;
  result.problems = std::move(reading.problems);
  for (auto& [name, candidate] : reading.candidates) check_alone(candidate, policy, context);
  check_together(reading.candidates);
  for (auto& [name, candidate] : reading.candidates) {
    reconcile::Declaration declaration{name, reconcile::Source::file, {}, ""};
    if (candidate.parsed.spec) {
      const auto digests = secret_digests(candidate, digest);
      if (candidate.parsed.problems.empty()) {
        declaration.spec_hash = store::spec_hash(*candidate.parsed.spec, digests);
        declaration.spec = std::move(*candidate.parsed.spec);
        result.set.good.emplace(name, std::move(declaration));
        continue;
      }
    }
    result.set.broken.insert(name);
    result.problems.insert(result.problems.end(), candidate.parsed.problems.begin(), candidate.parsed.problems.end());
  }
  std::stable_sort(result.problems.begin(), result.problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
  });
  return result;
}

}  // namespace aura::config
