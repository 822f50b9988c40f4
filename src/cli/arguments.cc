// Arguments: the flags of one command.
// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/system/terminal.h"
#include "base/text.h"

namespace xsweep {

struct Arguments::Impl {
  CLI::App app;
  std::string command;

  std::vector<std::string> Flags() const {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    return names;
  }
  bool AsksForHelp(const std::string& word) const { return word == "--help" || word == "-h"; }
  bool WantsValue(const std::string& word) const {
    if (!word.starts_with("--") || word.size() == 2) return false;
    const CLI::Option* option = app.get_option_no_throw(word);
    return option != nullptr && option->get_expected_min() > 0 && option->get_type_size_min() > 0;
  }
  Status KnowsFlags(const std::vector<std::string>& words) const;
  Status HasValues(const std::vector<std::string>& words) const;
};

Status Arguments::Impl::KnowsFlags(const std::vector<std::string>& words) const {
  const std::vector<std::string> known = Flags();
  for (const std::string& word : words) {
    const std::string flag = word.substr(0, word.find('='));
    if (!flag.starts_with("--") || flag.size() == 2 || std::ranges::find(known, flag) != known.end()) continue;
    return UserError("unknown flag `" + flag + "`" + DidYouMean(flag, known, "") + "; see `xsweep " + command +
                     " --help`");
  }
  return {};
}

// Left alone, the parser would take the next flag for the value.
Status Arguments::Impl::HasValues(const std::vector<std::string>& words) const {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& next = words[i + 1];
    if (!WantsValue(words[i]) || !next.starts_with("--")) continue;
    return UserError(
        fmt::format("takes a value, and `{0}` is a flag; write `{1}={0}` if it is meant for the value", next, words[i]),
        words[i]);
  }
  return {};
}

Arguments::Arguments(std::string_view command, std::string_view summary, std::string_view example)
    : impl_(std::make_unique<Impl>()) {
  impl_->command = command;
  impl_->app.name("xsweep " + std::string(command));
  impl_->app.description(std::string(summary));
  impl_->app.footer("Example: " + std::string(example));
  impl_->app.get_formatter()->column_width(30);
}
Arguments::Arguments(Arguments&&) noexcept = default;
Arguments::~Arguments() = default;

Arguments& Arguments::Positional(const std::string& name, std::string* value, const std::string& help, bool required) {
  impl_->app.add_option(name, *value, help)->required(required);
  return *this;
}
Arguments& Arguments::Positionals(const std::string& name, std::vector<std::string>* values, const std::string& help) {
  impl_->app.add_option(name, *values, help);
  return *this;
}
Arguments& Arguments::Option(const std::string& flag, std::string* value, const std::string& help) {
  impl_->app.add_option(flag, *value, help)->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  return *this;
}
Arguments& Arguments::Option(const std::string& flag, std::optional<std::string>* value, const std::string& help) {
  impl_->app.add_option(flag, *value, help);
  return *this;
}
Arguments& Arguments::Option(const std::string& flag, int* value, const std::string& help, int minimum, int maximum) {
  impl_->app.add_option(flag, *value, help)->check(CLI::Range(minimum, maximum));
  return *this;
}
Arguments& Arguments::Option(const std::string& flag, std::optional<double>* value, const std::string& help) {
  impl_->app.add_option(flag, *value, help);
  return *this;
}
Arguments& Arguments::Repeated(const std::string& flag, std::vector<std::string>* values, const std::string& help) {
  impl_->app.add_option(flag, *values, help)->type_size(1)->allow_extra_args(false);
  return *this;
}
Arguments& Arguments::Flag(const std::string& flag, bool* value, const std::string& help) {
  impl_->app.add_flag(flag, *value, help);
  return *this;
}

Expected<std::optional<std::string>> Arguments::Parse(const std::vector<std::string>& words) {
  if (std::ranges::any_of(words, [&](const std::string& word) { return impl_->AsksForHelp(word); }))
    return std::optional<std::string>(impl_->app.help());
  TRY(impl_->KnowsFlags(words));
  TRY(impl_->HasValues(words));
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    impl_->app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    return std::optional<std::string>(impl_->app.help());
  } catch (const CLI::ParseError& error) {
    return UserError(std::string(error.what()) + "; see `xsweep " + impl_->command + " --help`");
  }
  return std::optional<std::string>();
}

Expected<bool> ParseOrHelp(Arguments& arguments, const std::vector<std::string>& words) {
  TRY_ASSIGN(const auto help, arguments.Parse(words));
  if (help) Print(*help);
  return help.has_value();
}

}  // namespace xsweep
