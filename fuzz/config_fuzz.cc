// Hostile configs: loading never crashes, and what loads is written back as a config that means the same.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include "config/load.h"
#include "config/resolved.h"
#include "plan/plan.h"

namespace {

const xsweep::PartSpecs& Parts() {
  using enum xsweep::OptionType;
  static const xsweep::PartSpecs parts = {
      .environments = {{"airline", "", {{.name = "data"}}}},
      .agents = {{"shim", "", {{.name = "competence", .type = kNumber, .fallback = 0.95, .minimum = 0, .maximum = 1}}}},
      .attacks = {{"none", "", {}},
                  {"escalating",
                   "",
                   {{.name = "levels", .type = kStringList}, {.name = "amount", .type = kNumberRange}}}},
      .defenses = {{"none", "", {}},
                   {"stack", "", {{.name = "defenses", .type = kPartList}, {.name = "more", .type = kAny}}}},
      .judges = {{"refund", "", {{.name = "threshold", .type = kInteger, .fallback = 200}}}},
      .providers = {{"scripted", "", {{.name = "rules", .type = kMapping}}}},
  };
  return parts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = xsweep::LoadConfig(text, "fuzz.yaml", Parts());
  if (!loaded) return 0;
  const xsweep::SweepConfig* config = &loaded->config;
  auto again = xsweep::LoadConfig(xsweep::ResolvedYaml(*config), "fuzz.yaml", Parts());
  CHECK(again.has_value(), "a resolved config does not load");
  CHECK(xsweep::ConfigHash(again->config) == xsweep::ConfigHash(*config), "a resolved config means something else");
  std::uint64_t cells = config->controls ? 3 : 1;
  for (const auto& axis : config->grid) cells *= axis.values.size();
  if (cells < 1000) (void)xsweep::ExpandCells(*config);
  return 0;
}
