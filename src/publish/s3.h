// S3: the site as objects of a bucket, at Amazon or at any server that speaks its protocol.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "publish/bundle.h"
#include "publish/s3_address.h"

namespace xsweep {

/// Sends what is not there yet: an object whose SHA-256 is the file's (kept in its metadata) is left alone. Data first,
/// then assets, then the list of runs (joined with the one that is there), the front page last: whoever is cut off in
/// the middle has published nothing half. Fails with kWorld and the server's own words.
Expected<PublishResult> PublishToS3(const std::filesystem::path& site, const S3Options& options,
                                    const PublishProgress& progress);

}  // namespace xsweep
