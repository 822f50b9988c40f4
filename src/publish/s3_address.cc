// S3Options: the addresses of a bucket and of what lies in it.
// SPDX-License-Identifier: Apache-2.0
#include "publish/s3_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace xsweep {

std::string PercentEncoded(std::string_view text, bool keep_slashes) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("-._~").contains(c);
    if (plain || (keep_slashes && c == '/')) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

Expected<S3Options> ParseS3Address(std::string_view address) {
  constexpr std::string_view kScheme = "s3://";
  if (!address.starts_with(kScheme))
    return UserError("is no S3 address; write s3://bucket/prefix", std::string(address));
  address.remove_prefix(kScheme.size());
  S3Options options;
  options.bucket = address.substr(0, address.find('/'));
  const bool named = !options.bucket.empty() && std::ranges::all_of(options.bucket, [](unsigned char c) {
    return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '-' || c == '.';
  });
  if (!named)
    return UserError("a bucket's name has lower-case letters, digits, dashes and dots", "s3://" + std::string(address));
  std::string_view prefix = address.substr(std::min(address.size(), options.bucket.size() + 1));
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (prefix.find("..") != std::string_view::npos || prefix.find("//") != std::string_view::npos ||
      prefix.starts_with('/')) {
    return UserError("this prefix would be changed on its way; use plain folder names", std::string(prefix));
  }
  options.prefix = prefix;
  return options;
}

std::string S3Url(const S3Options& options, std::string_view key) {
  std::string endpoint = options.settings.endpoint;
  const bool amazon = endpoint.empty();
  if (amazon) {
    const std::string& region = options.settings.region;
    endpoint = fmt::format("https://s3.{}.amazonaws.com", region.empty() ? "us-east-1" : region);
  }
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const bool dotted = options.bucket.find('.') != std::string::npos;
  const bool by_path =
      options.addressing == S3Addressing::kPath || (options.addressing == S3Addressing::kAuto && (!amazon || dotted));
  if (by_path) return fmt::format("{}/{}/{}", endpoint, options.bucket, PercentEncoded(key, true));
  const std::size_t host = endpoint.find("://");
  const std::size_t start = host == std::string::npos ? 0 : host + 3;
  return fmt::format("{}{}.{}/{}", endpoint.substr(0, start), options.bucket, endpoint.substr(start),
                     PercentEncoded(key, true));
}

}  // namespace xsweep
