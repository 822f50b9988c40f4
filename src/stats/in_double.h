// InDouble: Boost's distributions in double. In long double, which is Boost's own choice, a quantile costs six times as
// much and differs in the last bit at most.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/math/policies/policy.hpp>

namespace xsweep::stats {

using InDouble = boost::math::policies::policy<boost::math::policies::promote_double<false>>;

}  // namespace xsweep::stats
