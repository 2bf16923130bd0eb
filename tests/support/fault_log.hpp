// What a test provoked, for docs/faults.md: one line in the file that $AURA_FAULT_LOG names; without it, nothing.
#pragma once

#include <cstdint>
#include <string>

namespace aura::testing {

// One fault of one test case. The line is written when the object ends; an exception that ends it (a failed REQUIRE)
// is a violation.
class FaultLog {
 public:
  // `suite` as tests/run names it; `how` it is provoked.
  FaultLog(std::string suite, std::string fault, std::string how);
  ~FaultLog();
  FaultLog(const FaultLog&) = delete;
  FaultLog& operator=(const FaultLog&) = delete;

  // It was provoked once more, or so often; without this the line says once.
  void ran(std::int64_t times = 1) { times_ += times; }
  // Passes `promise` on and counts it as a violation where it is broken: CHECK(fault.held(outcomes == 1)).
  bool held(bool promise);
  // What was seen, a few words; the last one counts.
  void observed(std::string words) { observed_ = std::move(words); }

 private:
  std::string suite_, fault_, how_, observed_;
  std::int64_t times_ = 0;
  std::int64_t violations_ = 0;
  int exceptions_;
};

}  // namespace aura::testing
