// Reads gate conditions; every error names its column and what was expected.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "analyze/gates/gate.h"
#include "base/text.h"

namespace xsweep {
namespace {

// The lists are in the order of their enumerators, because a place in one is cast to its meaning. Of the bounds kValue
// is left out: it is what stands there without a word.
const std::vector<std::string> kRateNames = {
    "asr", "asr_exposed", "task_success", "benign_utility", "utility_under_attack", "error_rate"};
const std::vector<std::string> kTargetNames = {"these_tasks", "tasks_as_drawn"};
const std::vector<std::string> kOptionNames = {"sequential", "max_rounds", "looks", "icc", "errors", "allow"};
const std::vector<std::string> kSideNames = {"agent", "attack", "defense", "judge", "environment"};
const std::vector<std::string> kBoundNames = {"upper95", "lower95", "delta", "delta_upper95", "delta_lower95"};

bool IsWordByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Reads from left to right.
class GateParser {
 public:
  GateParser(std::string_view text, std::string_view where) : text_(text), where_(where) { gate_.text = text; }

  Expected<Gate> Parse() {
    TRY(ParseRate());
    TRY(ParseTries());
    TRY(ParseTarget());
    TRY(ParseBound());
    TRY(ParseOrder());
    TRY(ParseThreshold());
    TRY(ParseVersus());
    TRY(ParseOptions());
    TRY(CheckSense());
    return std::move(gate_);
  }

 private:
  std::unexpected<Error> Fail(std::size_t at, std::string message) const {
    return UserError(fmt::format("{} in \"{}\"", message, Printable(text_)), fmt::format("{}:1:{}", where_, at + 1));
  }
  void SkipSpaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  std::string Word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && IsWordByte(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Status ParseRate() {
    SkipSpaces();
    rate_at_ = at_;
    const std::string name = Word();
    const auto found = std::ranges::find(kRateNames, name);
    if (found == kRateNames.end()) {
      return Fail(rate_at_, fmt::format("unknown rate `{}`{}", Printable(name), DidYouMean(name, kRateNames, "known")));
    }
    gate_.rate = static_cast<GateRate>(found - kRateNames.begin());
    return {};
  }

  Status ParseTries() {
    if (at_ >= text_.size() || text_[at_] != '@') return {};
    const std::size_t at = ++at_;
    const auto k = ParseUnsigned(Word());
    if (!k || *k < 1 || *k > 1'000'000) return Fail(at, "expected a number of trials after @, e.g. asr@10");
    if (gate_.rate != GateRate::kAsr) return Fail(rate_at_, "only asr can be asked within so many trials");
    gate_.k = static_cast<std::int64_t>(*k);
    return {};
  }

  Status ParseTarget() {
    if (at_ >= text_.size() || text_[at_] != '[') return {};
    const std::size_t at = ++at_;
    const std::string name = Word();
    const auto found = std::ranges::find(kTargetNames, name);
    if (found == kTargetNames.end()) {
      return Fail(at, fmt::format("unknown target `{}`{}", Printable(name), DidYouMean(name, kTargetNames, "known")));
    }
    if (at_ >= text_.size() || text_[at_] != ']') return Fail(at_, "expected ]");
    ++at_;
    gate_.target = found == kTargetNames.begin() ? Basis::kTheseTasks : Basis::kTasksAsDrawn;
    return {};
  }

  Status ParseBound() {
    // Kept without a bound too: a fault that asks for a delta points to where it would stand.
    bound_at_ = at_;
    if (at_ >= text_.size() || text_[at_] != '.') return {};
    bound_at_ = ++at_;
    const std::string name = Word();
    const auto found = std::ranges::find(kBoundNames, name);
    if (found == kBoundNames.end()) {
      return Fail(bound_at_,
                  fmt::format("unknown bound `{}`{}", Printable(name), DidYouMean(name, kBoundNames, "known")));
    }
    gate_.bound = static_cast<GateBound>(found - kBoundNames.begin() + 1);
    return {};
  }

  Status ParseOrder() {
    SkipSpaces();
    // The longer ones first: `<` would match the start of `<=`.
    constexpr std::array<std::string_view, 4> kOrders = {"<=", ">=", "<", ">"};
    constexpr std::array<GateOrder, 4> kMeanings = {GateOrder::kLessOrEqual, GateOrder::kGreaterOrEqual,
                                                    GateOrder::kLess, GateOrder::kGreater};
    for (std::size_t i = 0; i < kOrders.size(); ++i) {
      if (!text_.substr(at_).starts_with(kOrders[i])) continue;
      gate_.order = kMeanings[i];
      at_ += kOrders[i].size();
      return {};
    }
    return Fail(at_, "expected <, <=, > or >=");
  }

  Status ParseThreshold() {
    SkipSpaces();
    threshold_at_ = at_;
    const std::size_t end = std::min(text_.find_first_of(" \t", at_), text_.size());
    std::string_view number = text_.substr(at_, end - at_);
    at_ = end;
    const bool percent = number.ends_with('%');
    if (percent) number.remove_suffix(1);
    const auto value = ParseNumber(number);
    if (!value) return Fail(threshold_at_, "expected a number such as 0.05 or 5%");
    gate_.threshold = percent ? *value / 100 : *value;
    return {};
  }

  Status ParseVersus() {
    SkipSpaces();
    if (at_ == text_.size()) return {};
    const std::size_t word_at = at_;
    const std::string word = Word();
    if (word == "with") {
      at_ = word_at;
      return {};
    }
    if (word != "vs") return Fail(word_at, "expected the end, `vs RUN` or `with OPTION`");
    SkipSpaces();
    // A run may be a directory with blanks in its path, so it reaches to ` with ` and not to the next blank.
    std::string_view run = text_.substr(at_);
    run = run.substr(0, run.find(" with "));
    at_ += run.size();
    while (!run.empty() && (run.back() == ' ' || run.back() == '\t')) run.remove_suffix(1);
    if (run.empty()) return Fail(at_, "expected a run after `vs`: a directory, a run id or latest");
    gate_.versus = run;
    return {};
  }

  Status ParseOptions() {
    SkipSpaces();
    if (at_ == text_.size()) return {};
    const std::size_t word_at = at_;
    if (Word() != "with") return Fail(word_at, "expected the end or `with OPTION`");
    for (;;) {
      SkipSpaces();
      TRY(ParseOption());
      SkipSpaces();
      if (at_ == text_.size()) return {};
      if (text_[at_++] != ',') return Fail(at_ - 1, "expected a comma between options, or the end");
    }
  }

  Status ParseOption() {
    const std::size_t name_at = at_;
    const std::string name = Word();
    SkipSpaces();
    const std::size_t value_at = at_;
    const std::string value = Word();
    const auto expect = [&](std::string_view wanted, bool& flag) -> Status {
      if (value != wanted) return Fail(value_at, fmt::format("expected `{} {}`", name, wanted));
      flag = true;
      return {};
    };
    if (name == "sequential") {
      if (!value.empty() && value != "true") return Fail(value_at, "`sequential` takes no value");
      gate_.sequential = true;
      return {};
    }
    if (name == "looks") return expect("fresh", gate_.fresh_looks);
    if (name == "icc") return expect("1", gate_.all_alike);
    if (name == "errors") return value == "worst" ? Status() : expect("as_seen", gate_.errors_as_seen);
    if (name == "max_rounds") {
      const auto rounds = ParseUnsigned(value);
      if (!rounds || *rounds < 1) return Fail(value_at, "expected a number of rounds");
      gate_.max_rounds = static_cast<std::int64_t>(*rounds);
      return {};
    }
    if (name == "allow") {
      const auto found = std::ranges::find(kSideNames, value);
      if (found == kSideNames.end()) {
        return Fail(value_at,
                    fmt::format("unknown part `{}`{}", Printable(value), DidYouMean(value, kSideNames, "known")));
      }
      gate_.allowed.push_back(static_cast<PartSide>(found - kSideNames.begin()));
      return {};
    }
    return Fail(name_at,
                fmt::format("unknown option `{}`{}", Printable(name), DidYouMean(name, kOptionNames, "known")));
  }

  // Last of all: whether a rate or a bound makes sense hangs on what follows it, so each has kept its column.
  Status CheckSense() const {
    const bool delta = gate_.bound >= GateBound::kDelta;
    if (delta && gate_.versus.empty()) return Fail(bound_at_, "a delta needs another run: add `vs RUN`");
    if (!delta && !gate_.versus.empty()) {
      return Fail(bound_at_, "`vs RUN` needs a delta, e.g. `asr.delta_upper95 < 0.03 vs latest`");
    }
    if (delta && gate_.rate != GateRate::kAsr && gate_.rate != GateRate::kTaskSuccess) {
      return Fail(rate_at_, "only asr and task_success can be compared with another run");
    }
    if (gate_.k > 0 && delta) return Fail(bound_at_, "asr@K is not compared with another run");
    if (gate_.max_rounds > 0 && !gate_.sequential) return Fail(0, "`max_rounds` belongs to a `sequential` gate");
    if (!gate_.allowed.empty() && !delta) return Fail(0, "`allow` belongs to a gate with `vs RUN`");
    // An e-value weighs one rate of these tasks against a threshold strictly between 0 and 1 (stats/sequential.h).
    const bool by_evidence = gate_.sequential && gate_.target == Basis::kTheseTasks;
    if (by_evidence && (delta || gate_.k > 0)) return Fail(0, "a sequential gate on these tasks asks for a plain rate");
    if (by_evidence && (gate_.threshold <= 0 || gate_.threshold >= 1)) {
      return Fail(threshold_at_, "the threshold of a sequential gate lies between 0 and 1");
    }
    const double lowest = delta ? -1 : 0;
    if (gate_.threshold < lowest || gate_.threshold > 1) {
      return Fail(threshold_at_, fmt::format("the threshold must lie in [{}, 1]; for percent write 5%", lowest));
    }
    return {};
  }

  std::string_view text_;
  std::string_view where_;
  Gate gate_;
  std::size_t at_ = 0;
  std::size_t rate_at_ = 0;
  std::size_t bound_at_ = 0;
  std::size_t threshold_at_ = 0;
};

}  // namespace

Expected<Gate> ParseGate(std::string_view text, std::string_view where) { return GateParser(text, where).Parse(); }

}  // namespace xsweep
