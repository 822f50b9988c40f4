// What an environment is known to show.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/declared/known.h"

#include <fmt/format.h>

#include <vector>

#include "base/text.h"

namespace xsweep {

std::optional<std::string> WhyStateIsHidden(const EnvironmentSource& environment) {
  const auto* hides = dynamic_cast<const MayHideState*>(&environment);
  if (hides == nullptr || hides->shows_state()) return std::nullopt;
  return fmt::format("the state of environment `{}` is not seen here, so this would never hold; {}",
                     environment.info().name,
                     environment.info().name == "own" ? "say it by calls" : "give the environment a `probe`");
}

std::optional<std::string> WhyNoArgument(const ToolSchema& tool, std::string_view argument) {
  const Json* properties = tool.parameters.Find("properties");
  const Json* more = tool.parameters.Find("additionalProperties");
  const bool takes_any = more != nullptr && !(more->is_bool() && !more->AsBool());
  if (properties == nullptr || !properties->is_object() || properties->size() == 0 || takes_any) return std::nullopt;
  const std::string name(argument.substr(0, argument.find('.')));
  if (properties->Find(name) != nullptr) return std::nullopt;
  std::vector<std::string> known;
  for (const auto& [key, schema] : properties->members()) known.push_back(key);
  return fmt::format("tool `{}` has no argument `{}`{}", tool.name, Printable(name),
                     DidYouMean(name, known, "it takes"));
}

}  // namespace xsweep
