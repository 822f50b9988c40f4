// Numbers as people and scripts read them: the same text everywhere, and N/A where there is nothing to say.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyze/aggregate.h"

namespace xsweep {

/// For CSV: ten significant digits, empty for N/A.
std::string CsvNumber(std::optional<double> value);
/// Nano-dollars as dollars, exact to the last digit: "0.000012345".
std::string CsvDollars(std::int64_t nano_usd);

/// "33.3 %"; "N/A".
std::string Percent(std::optional<double> share);
/// "6 of 18"; "N/A" when n is 0.
std::string CountWords(const Rate& rate);
/// "33.3 % (6 of 18, 95 % interval 16.3–56.3 %, other tasks of this kind)", with "mean over tasks; " before the counts
/// where tasks have unequal numbers of trials; "N/A (0 trials)".
std::string RateWords(const Rate& rate);
/// "33.3 % [16.3, 56.3]", for tables; "N/A".
std::string RateBrief(const Rate& rate);
/// "[16.3, 56.3]", of shares in percent.
std::string BoundsWords(const stats::Interval& bounds);
/// "[-1.2, +4.0]", of differences in points.
std::string SignedBoundsWords(const stats::Interval& bounds);
/// "+4.0 points", "−12.5 points".
std::string Points(double difference);
/// "1 trial", "12 trials".
std::string Count(std::int64_t n, std::string_view singular, std::string_view plural);
/// "41, 42, 43"; "1–64" for four or more consecutive ones; "3, 17, 99 … (40 seeds)" beyond eight others.
std::string SeedWords(const std::vector<std::uint64_t>& seeds);

}  // namespace xsweep
