// `xsweep env replay` gives back what the references recorded, by the rules of compare_replay.py.
// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"
#include "cli/program.h"
#include "support/temp_dir.h"

namespace xsweep {
namespace {

struct Recording {
  std::string desk;
  std::string file;
};

class EnvReplay : public testing::TestWithParam<Recording> {};
INSTANTIATE_TEST_SUITE_P(Of, EnvReplay,
                         testing::Values(Recording{"tau2/airline", "tau2_airline_tasks"},
                                         Recording{"tau2/airline", "tau2_airline_odd_calls"},
                                         Recording{"tau1/airline", "tau1_airline_tasks"},
                                         Recording{"tau1/airline", "tau1_airline_odd_calls"},
                                         Recording{"tau2/retail", "tau2_retail_tasks"},
                                         Recording{"tau1/retail", "tau1_retail_tasks"}),
                         [](const auto& tested) { return tested.param.file; });

void ExpectAgreement(const Recording& recording, const std::filesystem::path& data) {
  const auto recorded = TauDirectory() / "recorded" / (recording.file + ".jsonl");
  const auto replayed =
      RunXsweep({"env", "replay", "--environment", recording.desk, "--data", data.string()}, *ReadFile(recorded));
  ASSERT_EQ(replayed.exit_code, 0) << replayed.err;
  const TempDir scratch;
  const auto results = scratch.path() / "results.jsonl";
  ASSERT_TRUE(WriteAtomically(RealDisk(), results, replayed.out));
  const auto compared = RunProcess(
      {.args = {"python3", (TauDirectory() / "compare_replay.py").string(), recorded.string(), results.string()}});
  ASSERT_TRUE(compared) << compared.error().Text();
  EXPECT_EQ(compared->exit_code, 0) << compared->out << compared->err;
}

TEST_P(EnvReplay, AgreesWithTheReferenceFromTheCopyOfTheBenchmark) {
  NEEDS_TAU_DATA();
  ExpectAgreement(GetParam(), TauDirectory());
}

TEST_P(EnvReplay, AgreesWithTheReferenceFromTheDesksOwnDirectory) {
  NEEDS_TAU_DATA();
  ExpectAgreement(GetParam(), TauDirectory() / GetParam().desk);
}

}  // namespace
}  // namespace xsweep
