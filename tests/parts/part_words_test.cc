// Every part that needs nothing of the user's has a config that runs, and says what it takes within the width.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/open/part_words.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "parts/catalog.h"
#include "sweep/open/experiment.h"
#include "sweep/open/live_models.h"

namespace xsweep {
namespace {

TEST(PartWords, EveryExampleOpens) {
  const PartSpecs specs = BuildCatalog().Specs();
  int opened = 0;
  for (const std::string& role : PartRoles()) {
    for (const PartSpec& part : PartsOf(specs, role)) {
      const auto text = ExampleConfig(part, role);
      if (!text) continue;
      const auto experiment = OpenExperimentText(*text, part.name + ".yaml", {});
      EXPECT_TRUE(experiment) << experiment.error().Text() << "\n" << *text;
      if (!experiment) continue;
      const Status models = CheckModels(experiment->config, experiment->plan, specs);
      EXPECT_TRUE(models) << models.error().Text() << "\n" << *text;
      ++opened;
    }
  }
  EXPECT_GE(opened, 34) << "most parts can be tried at once";
}

TEST(PartWords, EveryAttackDefenseAndJudgeCanBeTriedAtOnce) {
  const PartSpecs specs = BuildCatalog().Specs();
  for (const char* role : {"attack", "defense", "judge"}) {
    for (const PartSpec& part : PartsOf(specs, role)) {
      // A benchmark's own attacks need its worker.
      if (part.name == "benchmark_attack") continue;
      EXPECT_TRUE(ExampleConfig(part, role)) << role << " " << part.name;
    }
  }
}

TEST(PartWords, KeepsToTheWidth) {
  const PartSpecs specs = BuildCatalog().Specs();
  for (const std::size_t width : {60UL, 80UL, 200UL}) {
    for (const std::string& role : PartRoles()) {
      std::string text = ListParts(specs, role, width);
      for (const PartSpec& part : PartsOf(specs, role)) {
        PartSpec brief = part;  // defaults that are long texts are one word to nobody, but they have blanks to break at
        text += DescribePart(brief, role, width);
      }
      for (const std::string& line : Split(text, '\n')) {
        const bool one_word = line.find(' ', line.find_first_not_of(' ')) == std::string::npos;
        EXPECT_TRUE(line.size() <= width || one_word) << width << ": " << line;
      }
    }
  }
}

TEST(PartWords, SaysDefaultsBoundsAndChoices) {
  const PartSpecs specs = BuildCatalog().Specs();
  const std::string text = DescribePart(*FindSpec(specs.defenses, "refund_limit"), "defense", 100);
  EXPECT_NE(
      text.find("  threshold\n      USD; a call that names more is denied.\n      number, at least 0; default 200\n"),
      std::string::npos)
      << text;
  const std::string attack = DescribePart(*FindSpec(specs.attacks, "static"), "attack", 100);
  EXPECT_NE(attack.find("one of append, replace; default replace"), std::string::npos) << attack;
}

}  // namespace
}  // namespace xsweep
