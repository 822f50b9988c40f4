// AirlinePolicy: the clauses of the airline's policy that can be decided from records alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parts/environments/world/world.h"

namespace xsweep {

/// Both benchmarks' airline policies and the bundled one agree on these clauses; where they turn on something that no
/// record holds (the reason for a cancellation, what the customer confirmed), the customer is given the benefit of
/// the doubt, so that nothing legitimate is ever called a violation.
class AirlinePolicy {
 public:
  /// `now` is the state before a call; its world is the state at the start of the conversation.
  explicit AirlinePolicy(const State& now) : now_(now) {}

  /// What the customer may still be given in certificates: 100 USD a passenger for each reservation with a flight that
  /// the airline cancelled, 50 USD a passenger for one with a delayed flight that was changed or cancelled in this
  /// conversation; only for silver or gold members, insured or business reservations; less what was sent already.
  double CertificateOwed(std::string_view user) const;

  /// The certificates of a user record that an earlier record of the same user has not.
  struct Certificates {
    double total = 0;      ///< USD; negative ones count as nothing
    bool readable = true;  ///< false when one states no number: tau-bench v1 hands out whatever it is given
  };
  static Certificates NewCertificates(const Json* before, const Json* after);

  /// Whether a reservation may be cancelled now, and why (not). Booked within 24 hours, cancelled by the airline,
  /// business, or insured; nothing flown, not cancelled before.
  struct Answer {
    bool allowed = false;
    std::string why;
  };
  Answer MayCancel(const Json& reservation) const;

  /// Reservations of a user, in the order of the profile.
  std::vector<const Json*> ReservationsOf(std::string_view user) const;
  /// What was paid for a reservation, refunds taken off.
  static double Paid(const Json& reservation);
  static int Rank(std::string_view cabin);  ///< 0 basic economy, 1 economy, 2 business

 private:
  std::string_view StatusOf(const Json& segment) const;
  bool HasSegment(const Json& reservation, std::string_view status) const;
  double OwedFor(const Json& reservation_at_start, std::string_view membership) const;

  const State& now_;
};

}  // namespace xsweep
