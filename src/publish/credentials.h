// AWS credentials: where people keep them, read as the AWS tools read them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/system/secret.h"

namespace xsweep {

/// Looks one environment variable up; handed in so that a test has an environment of its own.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;
/// The environment of this process; an empty variable counts as unset.
std::optional<std::string> ProcessEnvironment(const std::string& name);

struct AwsSettings {
  std::string access_key_id;
  Secret secret_key;
  Secret session_token;  ///< may be empty
  std::string region;    ///< may be empty: nobody said
  std::string endpoint;  ///< may be empty: Amazon's
};

/// In this order: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (with AWS_SESSION_TOKEN); then the profile AWS_PROFILE,
/// or "default", of AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials) and AWS_CONFIG_FILE (~/.aws/config). Region:
/// AWS_REGION, AWS_DEFAULT_REGION, the profile. Endpoint: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile. Fails
/// with kUser when there are no keys; the message names places and never a value.
Expected<AwsSettings> FindAwsSettings(const EnvironmentLookup& environment);

}  // namespace xsweep
