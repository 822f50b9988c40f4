// S3: the site as objects of a bucket, at Amazon or at any server that speaks its protocol.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "publish/bundle.h"
#include "publish/credentials.h"

namespace xsweep {

enum class S3Addressing {
  kAuto,  ///< by path where an endpoint is given or the bucket's name has a dot, otherwise by host
  kPath,  ///< https://endpoint/bucket/key
  kHost,  ///< https://bucket.endpoint/key
};

struct S3Options {
  std::string bucket = {};
  std::string prefix = {};  ///< without slashes at its ends; may be empty
  AwsSettings settings = {};
  S3Addressing addressing = S3Addressing::kAuto;
  bool dry_run = false;
  int parallel = 8;                           ///< files on their way at once
  int tries = 5;                              ///< of one request, when the server is busy or the connection breaks
  std::chrono::milliseconds first_wait{500};  ///< doubled after every try
  std::uint64_t multipart_above = std::uint64_t{64} << 20U;
  std::uint64_t part_bytes = std::uint64_t{16} << 20U;  ///< at least 5 MiB at Amazon
  std::string ca_file = {};                             ///< PEM file of trusted certificates; empty: the system's
};

/// Fills bucket and prefix from "s3://bucket/some/prefix". Fails with kUser for anything else.
Expected<S3Options> ParseS3Address(std::string_view address);

/// Where an object is asked for, percent-encoded.
std::string S3Url(const S3Options& options, std::string_view key);

/// Sends what is not there yet: an object whose SHA-256 is the file's (kept in its metadata) is left alone. Data first,
/// then assets, then the list of runs (joined with the one that is there), the front page last: whoever is cut off in
/// the middle has published nothing half. Fails with kWorld and the server's own words.
Expected<PublishResult> PublishToS3(const std::filesystem::path& site, const S3Options& options,
                                    const PublishProgress& progress);

}  // namespace xsweep
