// Success is decided before exposure; what a defense did to the payload is told from what the attack never did.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "engine/run_trial.h"

namespace xsweep {
namespace {

Exposure Delivered(Delivery delivery) {
  Exposure exposure;
  exposure.exposed = delivery >= Delivery::kAltered;
  exposure.delivery = delivery;
  return exposure;
}
Assessment Found(bool succeeded, int attempted, int blocked) {
  Assessment assessment;
  assessment.succeeded = succeeded;
  assessment.attempted = attempted;
  assessment.executed = attempted - blocked;
  assessment.blocked = blocked;
  return assessment;
}

TEST(AnExecutedAttack, SucceededWhateverBecameOfItsPayload) {
  for (const Delivery delivery : {Delivery::kNone, Delivery::kRemoved, Delivery::kAltered, Delivery::kIntact})
    EXPECT_EQ(DecideOutcome(true, Delivered(delivery), Found(true, 1, 0)), Outcome::kAttackSucceeded);
}

TEST(AFailedAttack, IsBlockedWhereADefenseTookOrSpoiledItsPayload) {
  EXPECT_EQ(DecideOutcome(true, Delivered(Delivery::kRemoved), Found(false, 0, 0)), Outcome::kAttackBlocked);
  EXPECT_EQ(DecideOutcome(true, Delivered(Delivery::kAltered), Found(false, 0, 0)), Outcome::kAttackBlocked);
  EXPECT_EQ(DecideOutcome(true, Delivered(Delivery::kIntact), Found(false, 0, 0)), Outcome::kAttackResisted);
  EXPECT_EQ(DecideOutcome(true, Delivered(Delivery::kIntact), Found(false, 2, 2)), Outcome::kAttackBlocked);
  EXPECT_EQ(DecideOutcome(true, Delivered(Delivery::kIntact), Found(false, 2, 1)), Outcome::kAttackResisted);
}

TEST(AnAttackThatWasNeverDelivered, SaysNothing) {
  EXPECT_EQ(DecideOutcome(true, Delivered(Delivery::kNone), Found(false, 0, 0)), Outcome::kNotExposed);
  EXPECT_EQ(DecideOutcome(false, Delivered(Delivery::kNone), Found(false, 0, 0)), Outcome::kBenign);
}

}  // namespace
}  // namespace xsweep
