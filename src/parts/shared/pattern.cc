// Text patterns over <regex.h>.
// SPDX-License-Identifier: Apache-2.0
#include "parts/shared/pattern.h"

#include <regex.h>

#include <fmt/format.h>

namespace xsweep {

struct Pattern::Compiled {
  regex_t expression{};
  bool ready = false;
  ~Compiled() {
    if (ready) regfree(&expression);
  }
};

namespace {

// Where the next match lies; REG_STARTEND makes NUL an ordinary character.
bool Match(const regex_t& expression, std::string_view text, regmatch_t& range) {
  range.rm_so = 0;
  range.rm_eo = static_cast<regoff_t>(text.size());
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the range says where it ends
  return regexec(&expression, text.data(), 1, &range, REG_STARTEND) == 0;
}

}  // namespace

Expected<Pattern> Pattern::Compile(const std::string& expression) {
  auto compiled = std::make_shared<Compiled>();
  const int code = regcomp(&compiled->expression, expression.c_str(), REG_EXTENDED | REG_ICASE);
  if (code != 0) {
    char reason[128];
    regerror(code, &compiled->expression, reason, sizeof reason);
    return UserError(fmt::format("`{}` is no regular expression: {}", expression, reason));
  }
  compiled->ready = true;
  return Pattern(std::move(compiled));
}

bool Pattern::Found(std::string_view text) const {
  regmatch_t range;
  return Match(compiled_->expression, text, range);
}

std::string Pattern::Replace(std::string_view text, std::string_view replacement) const {
  std::string replaced;
  regmatch_t range;
  while (!text.empty() && Match(compiled_->expression, text, range)) {
    const bool nothing = range.rm_eo == range.rm_so;
    replaced += text.substr(0, static_cast<std::size_t>(range.rm_so) + (nothing ? 1 : 0));
    if (!nothing) replaced += replacement;
    text.remove_prefix(std::min(text.size(), static_cast<std::size_t>(range.rm_eo) + (nothing ? 1 : 0)));
  }
  replaced += text;
  return replaced;
}

Expected<std::vector<Pattern>> CompileAll(const std::vector<std::string>& expressions) {
  std::vector<Pattern> patterns;
  for (const std::string& expression : expressions) {
    TRY_ASSIGN(Pattern pattern, Pattern::Compile(expression));
    patterns.push_back(std::move(pattern));
  }
  return patterns;
}

}  // namespace xsweep
