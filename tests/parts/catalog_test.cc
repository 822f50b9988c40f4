// The catalog: every part can be had by name, with its defaults, and says what it refuses.
// SPDX-License-Identifier: Apache-2.0
#include "parts/catalog.h"

#include <set>

#include <gtest/gtest.h>

#include <algorithm>

#include "support/fake_desk.h"

namespace xsweep {
namespace {

template <class Entry>
void ExpectDocumented(const std::vector<Entry>& table) {
  std::set<std::string> names;
  for (const Entry& entry : table) {
    EXPECT_TRUE(names.insert(entry.spec.name).second) << entry.spec.name;
    EXPECT_FALSE(entry.spec.summary.empty()) << entry.spec.name;
    bool required = false;
    for (const OptionSpec& option : entry.spec.options) {
      EXPECT_FALSE(option.help.empty()) << entry.spec.name << '.' << option.name;
      required = required || option.required;
    }
    const PartFamily family{.noun = "part", .name_key = "name", .specs = nullptr};
    const auto complete = CompleteOptions(entry.spec, {}, family, entry.spec.name);
    EXPECT_EQ(complete.has_value(), !required) << entry.spec.name;
    if (complete) {
      const auto again = CompleteOptions(entry.spec, *complete, family, entry.spec.name);
      EXPECT_TRUE(again) << "defaults pass their own checks: " << entry.spec.name;
      // What a command starts needs one; nothing else may lack anything.
      const bool starts =
          std::ranges::any_of(entry.spec.options, [](const OptionSpec& o) { return o.name == "command"; });
      Json ready = *complete;
      if (starts) ready.Set("command", Json::MakeArray({Json("true")}));
      EXPECT_TRUE(entry.prepare(ready)) << entry.spec.name;
    }
  }
}

TEST(Catalog, DocumentsEveryPartAndItsOptions) {
  const Catalog catalog = BuildCatalog();
  ExpectDocumented(catalog.agents);
  ExpectDocumented(catalog.attacks);
  ExpectDocumented(catalog.defenses);
  ExpectDocumented(catalog.judges);
}

TEST(Catalog, SaysWhichPartsThereAre) {
  const auto made = BuildCatalog().PrepareAgent("schim", {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "unknown agent `schim`, did you mean `shim`?");
}

TEST(Catalog, RefusesBadOptions) {
  const Catalog catalog = BuildCatalog();
  const auto message = [&](const char* options) {
    const auto made = catalog.PrepareDefense("refund_limit", *Json::Parse(options));
    return made ? std::string("made") : made.error().Text();
  };
  EXPECT_EQ(message(R"({"threshold": "much"})"), "defense refund_limit: `threshold` must be a number, not text `much`");
  EXPECT_EQ(message(R"({"threshold": -1})"), "defense refund_limit: `threshold` must be at least 0, not -1");
  EXPECT_EQ(message(R"({"treshold": 1})"),
            "defense refund_limit: unknown option `treshold` of defense `refund_limit`, did you mean `threshold`?");
  EXPECT_EQ(message(R"({"threshold": 1.5})"), "made");
}

}  // namespace
}  // namespace xsweep
