// The simulator: aura-sim [--seeds N] [--from S] [--days D] [--folder DIR] [--jobs J], or --replay SEED [--days D].
#include "common/log.hpp"
#include "tests/sim/story.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

struct Options {
  std::uint64_t seeds = 100, from = 1, replay = 0;
  int days = 7, jobs = 2;
  bool first_only = false;
  std::string folder = "/dev/shm";
};

constexpr const char* usage =
    "aura-sim: machines, agents and a control plane live through simulated days, with faults drawn from a seed\n"
    "\n"
    "  aura-sim [--seeds N] [--from S] [--days D] [--jobs J] [--folder DIR]\n"
    "                      runs the seeds S, S+1, … (100 from 1, 7 days, 2 processes); prints how often each fault "
    "was\n"
    "                      provoked and every violation with its seed; exit 1 where there was one\n"
    "  aura-sim --replay SEED [--days D]\n"
    "                      runs one seed and prints all that happens\n"
    "\n"
    "With --first-only 1 each process ends with its first violation.\n"
    "DIR (/dev/shm) takes a few small files for each story.\n";

bool parse(int argc, char** argv, Options& options) {
  for (int at = 1; at + 1 < argc; at += 2) {
    const std::string flag = argv[at];
    const char* value = argv[at + 1];
    const auto number = std::strtoull(value, nullptr, 10);
    if (flag == "--seeds")
      options.seeds = number;
    else if (flag == "--from")
      options.from = number;
    else if (flag == "--replay")
      options.replay = number;
    else if (flag == "--days")
      options.days = static_cast<int>(number);
    else if (flag == "--jobs")
      options.jobs = static_cast<int>(number);
    else if (flag == "--folder")
      options.folder = value;
    else if (flag == "--first-only")
      options.first_only = number != 0;
    else
      return false;
  }
  return argc % 2 == 1 && options.days > 0 && options.jobs > 0;
}

std::string live_through(const Options& options, std::uint64_t seed, bool tracing,
                         std::map<std::string, std::uint64_t>& counts) {
  const std::string folder = fmt::format("{}/aura-sim-{}-{}", options.folder, ::getpid(), seed);
  std::filesystem::create_directories(folder);
  std::string broken;
  {
    aura::sim::Story story({seed, options.days, tracing, folder});
    broken = story.run();
    for (const auto& [what, times] : story.counts()) counts[what] += times;
  }
  std::filesystem::remove_all(folder);
  return broken;
}

// Every job-th seed, its lines to `out`: "broken SEED text" and "count N text".
void run_share(const Options& options, int job, std::FILE* out) {
  std::map<std::string, std::uint64_t> counts;
  for (std::uint64_t seed = options.from + static_cast<std::uint64_t>(job); seed < options.from + options.seeds;
       seed += static_cast<std::uint64_t>(options.jobs)) {
    const std::string broken = live_through(options, seed, false, counts);
    if (!broken.empty()) fmt::print(out, "broken {} {}\n", seed, broken);
    std::fflush(out);
    if (options.first_only && !broken.empty()) break;
  }
  for (const auto& [what, times] : counts) fmt::print(out, "count {} {}\n", times, what);
}

int run_all(const Options& options) {
  std::vector<std::pair<pid_t, std::FILE*>> workers;
  for (int job = 0; job < options.jobs; ++job) {
    int ends[2];
    if (::pipe(ends) != 0) return 2;
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(ends[0]);
      std::FILE* out = ::fdopen(ends[1], "w");
      run_share(options, job, out);
      std::fclose(out);
      ::_exit(0);
    }
    ::close(ends[1]);
    workers.emplace_back(pid, ::fdopen(ends[0], "r"));
  }
  std::map<std::string, std::uint64_t> counts;
  int broken = 0;
  for (const auto& [pid, in] : workers) {
    char line[4096];
    while (std::fgets(line, sizeof line, in) != nullptr) {
      const std::string text(line, std::string(line).find_last_not_of('\n') + 1);
      if (text.starts_with("count ")) {
        char* rest = nullptr;
        const auto times = std::strtoull(text.c_str() + 6, &rest, 10);
        counts[rest + 1] += times;
      } else {
        ++broken;
        fmt::print("{}\n", text);
      }
    }
    std::fclose(in);
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (status != 0) {
      ++broken;
      fmt::print("broken: a worker ended with status {}\n", status);
    }
  }
  for (const auto& [what, times] : counts) fmt::print("count {} {}\n", times, what);
  fmt::print("{} stories of {} days, {} violations\n", options.seeds, options.days, broken);
  return broken == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs(usage, stderr);
    return 2;
  }
  // What the agent would tell its journal is not the trace; error comes only with a replay.
  aura::log::set_level(static_cast<aura::log::Level>(options.replay != 0 ? 7 : 0));
  if (options.replay == 0) return run_all(options);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::map<std::string, std::uint64_t> counts;
  const std::string broken = live_through(options, options.replay, true, counts);
  fmt::print("{}\n", broken.empty() ? "all went well" : broken);
  return broken.empty() ? 0 : 1;
}
