// Where a shared dialogue is cut for a judge, it is what it had been then.
// SPDX-License-Identifier: Apache-2.0
#include "engine/jury.h"

#include <gtest/gtest.h>

namespace xsweep {
namespace {

EpisodeResult Whole(Delivery delivery) {
  EpisodeResult whole;
  whole.transcript.steps.resize(6);
  if (delivery != Delivery::kNone) whole.transcript.exposure = {true, 1, Channel::kUserTurn, "", delivery};
  return whole;
}

EarlyEnd AfterTwoSteps() {
  EarlyEnd end;
  end.steps = 2;
  end.tries = 1;
  end.exposure = {true, 1, Channel::kUserTurn, "", Delivery::kIntact};
  return end;
}

TEST(AnEarlyEnd, CutsTheDialogueAndKeepsWhatWasShownByThen) {
  const EpisodeResult cut = CutAt(Whole(Delivery::kIntact), AfterTwoSteps());
  EXPECT_EQ(cut.transcript.steps.size(), 2U);
  EXPECT_EQ(cut.attack_queries, 1);
  EXPECT_TRUE(cut.transcript.exposure.exposed);
  EXPECT_EQ(cut.transcript.exposure.delivery, Delivery::kIntact);
}

TEST(AnEarlyEnd, WasShownNoMoreThanTheWholeWhoseModelWasWatched) {
  const EpisodeResult never_sent = CutAt(Whole(Delivery::kNone), AfterTwoSteps());
  EXPECT_FALSE(never_sent.transcript.exposure.exposed);
  const EpisodeResult sent_in_part = CutAt(Whole(Delivery::kAltered), AfterTwoSteps());
  EXPECT_TRUE(sent_in_part.transcript.exposure.exposed);
  EXPECT_EQ(sent_in_part.transcript.exposure.delivery, Delivery::kAltered);
}

}  // namespace
}  // namespace xsweep
