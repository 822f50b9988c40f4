// AWS credentials: where people keep them.
// SPDX-License-Identifier: Apache-2.0
#include "publish/credentials.h"

#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/characters.h"
#include "base/files.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;
using Section = std::map<std::string, std::string>;

/// One section of an INI file as the AWS tools write it; empty when the file or the section is not there.
Section ReadSection(const fs::path& file, std::string_view wanted) {
  Section section;
  const auto text = ReadFile(file, std::uint64_t{1} << 20U);
  if (!text) return section;
  bool inside = false;
  for (std::size_t start = 0, end = 0; start < text->size(); start = end + 1) {
    end = std::min(text->find('\n', start), text->size());
    const std::string_view line = Trim(std::string_view(*text).substr(start, end - start));
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = Trim(line.substr(1, line.find(']') - 1)) == wanted;
    } else if (const std::size_t equals = line.find('='); inside && equals != std::string_view::npos) {
      section.emplace(Trim(line.substr(0, equals)), Trim(line.substr(equals + 1)));
    }
  }
  return section;
}

std::string ValueOr(const Section& section, const std::string& key) {
  const auto found = section.find(key);
  return found == section.end() ? std::string() : found->second;
}

}  // namespace

std::optional<std::string> ProcessEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

Expected<AwsSettings> FindAwsSettings(const EnvironmentLookup& environment) {
  const fs::path home = fs::path(environment("HOME").value_or("/")) / ".aws";
  const fs::path credentials = environment("AWS_SHARED_CREDENTIALS_FILE").value_or((home / "credentials").string());
  const fs::path config = environment("AWS_CONFIG_FILE").value_or((home / "config").string());
  const std::string profile = environment("AWS_PROFILE").value_or("default");
  const Section keys = ReadSection(credentials, profile);
  const Section settings = ReadSection(config, profile == "default" ? "default" : "profile " + profile);
  const auto either = [&](const std::string& key) {
    const std::string value = ValueOr(keys, key);
    return value.empty() ? ValueOr(settings, key) : value;
  };
  AwsSettings found;
  if (const auto id = environment("AWS_ACCESS_KEY_ID"), key = environment("AWS_SECRET_ACCESS_KEY"); id && key) {
    found.access_key_id = *id;
    found.secret_key = Secret(*key);
    found.session_token = Secret(environment("AWS_SESSION_TOKEN").value_or(""));
  } else {
    found.access_key_id = either("aws_access_key_id");
    found.secret_key = Secret(either("aws_secret_access_key"));
    found.session_token = Secret(either("aws_session_token"));
  }
  if (found.access_key_id.empty() || found.secret_key.empty()) {
    return UserError("no S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or put profile `" + profile +
                     "` into " + credentials.string());
  }
  const auto region = environment("AWS_REGION");
  found.region = region ? *region : environment("AWS_DEFAULT_REGION").value_or(either("region"));
  const auto endpoint = environment("AWS_ENDPOINT_URL_S3");
  found.endpoint = endpoint ? *endpoint : environment("AWS_ENDPOINT_URL").value_or(either("endpoint_url"));
  return found;
}

}  // namespace xsweep
