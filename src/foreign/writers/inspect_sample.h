// What Inspect calls a sample, written as text: messages, events, scores and what is known of the trial.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foreign/writers/exported.h"

namespace xsweep {

/// Members of a JSON object that is being written as text.
namespace eval_json {

/// Appends `,"key":` (without the comma behind an opening bracket), then what the caller adds.
std::string& Key(std::string& out, std::string_view key);
void Text(std::string& out, std::string_view key, std::string_view text);
void Number(std::string& out, std::string_view key, std::int64_t number);
void Real(std::string& out, std::string_view key, double number);
void Raw(std::string& out, std::string_view key, std::string_view json);

}  // namespace eval_json

inline constexpr std::string_view kScorers[2] = {"attack_success", "task_success"};
/// Empty where the scorer has nothing to say of this trial.
std::optional<bool> ScoreOf(const Trial& row, int scorer);
std::string MetadataJson(const Trial& row, const ExportedCell& cell);
/// `message` is what was said last, as JSON; may be empty.
std::string OutputJson(const std::string& model, const std::string& message);

/// A sample's messages as JSON, in order; `steps[i]` is the message that step i became, or nothing.
struct InspectMessages {
  std::vector<std::string> json;
  std::vector<std::optional<std::size_t>> steps;
  std::string Joined() const;
};

/// What a sample and its summary both say, as JSON but for `id` and `input`.
struct SampleFacts {
  std::string id;
  int epoch = 1;
  std::string input, scores, metadata, usage;
};

/// Writes one sample. `time` outlives it.
class InspectSample {
 public:
  InspectSample(std::string_view model, const std::string& time, std::string_view uuid)
      : model_(model), time_(time), uuid_(uuid) {}
  std::string Whole(const Trial& row, const ExportedCell& cell, const Transcript* dialogue,
                    const SampleFacts& facts) const;
  /// As the log's list of samples has it: without what was said.
  std::string Summary(const Trial& row, const SampleFacts& facts) const;

 private:
  InspectMessages MessagesOf(const Transcript& dialogue) const;
  void AppendEvents(const Trial& row, const ExportedCell& cell, const Transcript* dialogue,
                    const InspectMessages& messages, std::string& out) const;
  /// Begun, not closed.
  std::string Message(std::size_t number, std::string_view role, const std::string& content) const;
  /// Empty for a step that is no message.
  std::string MessageOf(const Step& step, const Transcript& dialogue, std::size_t number) const;

  const std::string model_;
  const std::string& time_;
  const std::string uuid_;
};

}  // namespace xsweep
