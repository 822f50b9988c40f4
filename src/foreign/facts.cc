// ForeignTrial: naming the formats that are known and not read.
// SPDX-License-Identifier: Apache-2.0
#include "foreign/facts.h"

#include <algorithm>

namespace xsweep {
namespace {

struct Mark {
  std::string_view name;
  std::vector<std::string_view> all;  ///< what its beginning holds
};

const std::vector<Mark>& Marks() {
  static const std::vector<Mark> marks = {
      {"a garak report", {"\"entry_type\"", "garak"}},
      {"a promptfoo result", {"\"evalId\""}},
      {"a promptfoo result", {"\"results\"", "\"prompts\"", "\"stats\""}},
      {"a SARIF log", {"\"runs\"", "sarif"}},
      {"an lm-evaluation-harness result", {"\"results\"", "\"n-shot\""}},
      {"an lm-evaluation-harness result", {"\"results\"", "\"config_general\""}},
      {"an OpenAI Evals log", {"\"spec\"", "\"completion_fns\""}},
      {"a HELM result", {"\"scenario_spec\""}},
      {"a DeepEval result", {"\"metricsData\""}},
      {"an OTLP trace", {"\"resourceSpans\""}},
      {"a HarmBench result", {"\"test_case\"", "\"generation\""}},
      {"a tau2 leaderboard submission", {"\"submitting_organization\""}},
      {"an SWE-bench prediction", {"\"model_patch\""}},
      {"a Jupyter notebook", {"\"nbformat\""}},
      {"a PDF", {"%PDF-"}},
      {"an xsweep run.json", {"\"xsweep_version\""}},
      {"an xz file; unpack it first",
       {"\xFD"
        "7zXZ"}},
  };
  return marks;
}

}  // namespace

std::string NameOfFormat(std::string_view head) {
  head = head.substr(0, std::size_t{1} << 16U);
  const auto found = std::ranges::find_if(Marks(), [&](const Mark& mark) {
    return std::ranges::all_of(mark.all, [&](std::string_view text) {
      return text.starts_with('"') || text == "garak" || text == "sarif" ? head.find(text) != std::string_view::npos
                                                                         : head.starts_with(text);
    });
  });
  return found == Marks().end() ? std::string() : std::string(found->name);
}

}  // namespace xsweep
