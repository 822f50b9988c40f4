// Power: more trials see more, pairs see more than samples, and prices agree with sight.
// SPDX-License-Identifier: Apache-2.0
#include "stats/power.h"

#include <gtest/gtest.h>

namespace xsweep {
namespace {

TEST(PlannedDesign, SeesWhatTheVectorsSayWithoutClustering) {
  const auto sight = WhatDesignSees({.baseline = 0.29, .tasks = 150, .icc = 0, .cost_per_trial_usd = 0.01});
  ASSERT_TRUE(sight);
  EXPECT_NEAR(*sight->increase, 0.1539181200695135, 1e-9);
  EXPECT_DOUBLE_EQ(*sight->cost.usd, 3);
}

TEST(PlannedDesign, GainsLittleFromRepeatingAlikeTasks) {
  const auto once = WhatDesignSees({.baseline = 0.3, .tasks = 50, .trials_per_task = 1, .icc = 1});
  const auto often = WhatDesignSees({.baseline = 0.3, .tasks = 50, .trials_per_task = 100, .icc = 1});
  EXPECT_DOUBLE_EQ(once->effective_n, often->effective_n);
  EXPECT_DOUBLE_EQ(*once->increase, *often->increase);
}

TEST(PlannedDesign, SeesMoreInPairs) {
  const auto sight = WhatDesignSees({.baseline = 0.3, .tasks = 50, .trials_per_task = 10, .icc = 0.7});
  EXPECT_LT(*sight->paired_increase, *sight->increase);
  EXPECT_LT(*sight->paired_decrease, *sight->decrease);
}

TEST(PlannedDesign, SeesNothingByTaskInFewerThanSix) {
  EXPECT_FALSE(WhatDesignSees({.baseline = 0.3, .tasks = 5, .trials_per_task = 100, .icc = 0})->paired_decrease);
  EXPECT_TRUE(WhatDesignSees({.baseline = 0.3, .tasks = 6, .trials_per_task = 100, .icc = 0})->paired_decrease);
  EXPECT_TRUE(WhatDesignSees({.baseline = 0.3, .tasks = 1, .trials_per_task = 100, .icc = 0})->paired_decrease);
}

TEST(PlannedDesign, SeesLessOfAnUnevenEffect) {
  // 38 tasks x 15 pairs, likeness 0.5: simulated beta-binomial arms, tested by sign flips, have 80 % power at 6.4
  // points down; the 5.4 of independent pairs have 70 %.
  const auto sight = WhatDesignSees({.baseline = 0.3, .tasks = 38, .trials_per_task = 15, .icc = 0.5});
  EXPECT_NEAR(*sight->paired_decrease, 0.064, 0.004);
  EXPECT_LT(*sight->paired_increase, *sight->paired_decrease);
}

TEST(PlannedDesign, SeesNothingWhenItIsTiny) {
  const auto sight = WhatDesignSees({.baseline = 0.5, .tasks = 2});
  ASSERT_TRUE(sight);
  EXPECT_FALSE(sight->increase);
}

TEST(PlannedDesign, CostsWhatMakesTheDifferenceVisible) {
  const Design design{.baseline = 0.3, .tasks = 1, .trials_per_task = 5, .icc = 0.4, .cost_per_trial_usd = 0.02};
  const auto price = WhatSeeingCosts(design, 0.1);
  ASSERT_TRUE(price && price->unpaired && price->paired);
  EXPECT_LT(price->paired->tasks, price->unpaired->tasks);
  EXPECT_DOUBLE_EQ(*price->unpaired->usd, 0.02 * static_cast<double>(price->unpaired->trials));
  Design paired = design;
  paired.tasks = price->paired->tasks;
  EXPECT_LE(*WhatDesignSees(paired)->paired_increase, 0.1);
  --paired.tasks;
  EXPECT_GT(*WhatDesignSees(paired)->paired_increase, 0.1);
  Design enough = design;
  enough.tasks = price->unpaired->tasks;
  EXPECT_LE(*WhatDesignSees(enough)->increase, 0.1);
  enough.tasks -= 2;  // trials and tasks are rounded up one after the other
  EXPECT_GT(*WhatDesignSees(enough)->increase, 0.1);
}

TEST(PlannedDesign, RefusesTheImpossibleByName) {
  EXPECT_EQ(WhatDesignSees({.baseline = 1.3}).error().where, "baseline");
  EXPECT_EQ(WhatDesignSees({.tasks = 0}).error().where, "tasks");
  EXPECT_EQ(WhatDesignSees({.icc = -1}).error().where, "icc");
  EXPECT_EQ(WhatSeeingCosts({}, 0).error().where, "difference");
  EXPECT_FALSE(WhatSeeingCosts({.baseline = 0.9}, 0.3)->unpaired);
}

}  // namespace
}  // namespace xsweep
