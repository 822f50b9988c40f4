// Reads gate conditions; every error names its column and what was expected.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "analyze/gates.h"
#include "base/text.h"

namespace xsweep {
namespace {

const std::vector<std::string> kRateNames = {"asr", "asr_exposed", "task_success", "error_rate"};
const std::vector<std::string> kBoundNames = {"upper95", "lower95", "delta", "delta_upper95", "delta_lower95"};

bool IsWordByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Reads from left to right.
class GateParser {
 public:
  GateParser(std::string_view text, std::string_view where) : text_(text), where_(where) { gate_.text = text; }

  Expected<Gate> Parse() {
    TRY(ParseRate());
    TRY(ParseBound());
    TRY(ParseOrder());
    TRY(ParseThreshold());
    TRY(ParseVersus());
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

  Status ParseBound() {
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
    if (Word() != "vs") return Fail(word_at, "expected the end or `vs RUN`");
    SkipSpaces();
    std::string_view run = text_.substr(at_);
    while (!run.empty() && (run.back() == ' ' || run.back() == '\t')) run.remove_suffix(1);
    if (run.empty()) return Fail(at_, "expected a run after `vs`: a directory, a run id or latest");
    gate_.versus = run;
    return {};
  }

  Status CheckSense() const {
    const bool delta = gate_.bound >= GateBound::kDelta;
    if (delta && gate_.versus.empty()) return Fail(bound_at_, "a delta needs another run: add `vs RUN`");
    if (!delta && !gate_.versus.empty()) {
      return Fail(bound_at_, "`vs RUN` needs a delta, e.g. `asr.delta_upper95 < 0.03 vs latest`");
    }
    if (delta && gate_.rate != GateRate::kAsr && gate_.rate != GateRate::kTaskSuccess) {
      return Fail(rate_at_, "only asr and task_success can be compared with another run");
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
