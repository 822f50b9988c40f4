// S3Options: where a bucket is and how it is written to, and the addresses of what lies in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
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

/// Percent-encoded as Signature Version 4 wants it: everything but unreserved characters and, in keys, slashes.
std::string PercentEncoded(std::string_view text, bool keep_slashes);

}  // namespace xsweep
