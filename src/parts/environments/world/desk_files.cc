// DeskFiles: what a desk is read from.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/world/desk_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "base/embedded.h"
#include "base/files.h"
#include "base/hash.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

struct KnownVersion {
  std::string_view name;  ///< of the desk
  std::string_view data_sha256;
  std::string_view version;
};

// Over the data files alone (database and tasks), so that an edited policy does not hide which data it was.
constexpr KnownVersion kKnownVersions[] = {
    {"tau2/airline", "e5fe46fb58708d10bbf4ffdbba9284b68c374a7b647c2b0420e223913c98b580", "tau2-bench 1.0.1 (a2c0247)"},
    {"tau2/retail", "bc2a225b2f841d69e0cab0cb4868952ec00c1774e0a408debe86078aed120380", "tau2-bench 1.0.1 (a2c0247)"},
    {"tau1/airline", "3cd58cb60fa2c2cc445511c0aedaf9a1b6e4c61e1417b366292d968c96b63a4e", "tau-bench v1 (59a200c)"},
    {"tau1/retail", "53c7285c2409ee2c00a9662c80f9880133b23c81d0b9a23c136dcb49d430d0ed", "tau-bench v1 (59a200c)"},
};

std::string BenchmarkOf(std::string_view name) { return std::string(name.substr(0, name.find('/'))); }
std::string DomainOf(std::string_view name) { return std::string(name.substr(name.find('/') + 1)); }
bool IsTau1(std::string_view name) { return name.starts_with("tau1/"); }

std::unexpected<Error> NotFound(std::string_view name, const std::string& data, std::string_view why) {
  const std::string_view where =
      IsTau1(name) ? "github.com/sierra-research/tau-bench" : "github.com/sierra-research/tau2-bench";
  return UserError(fmt::format("{}; `environment.data` must be a copy of the benchmark ({}) or a directory made by "
                               "`xsweep import {} PATH`",
                               why, where, IsTau1(name) ? "tau-bench" : "tau2"),
                   data.empty() ? fmt::format("environment {}", name) : data);
}

/// The first of the usual places under `data` that holds `marker`.
fs::path Locate(std::string_view name, const fs::path& data, std::string_view marker) {
  const std::string domain = DomainOf(name);
  const fs::path places[] = {data,
                             data / domain,
                             data / BenchmarkOf(name) / domain,
                             data / "domains" / domain,
                             data / "tau2" / "domains" / domain,
                             data / "data" / "tau2" / "domains" / domain};
  std::error_code ignored;
  for (const fs::path& place : places) {
    if (fs::is_regular_file(place / marker, ignored)) return place;
  }
  return {};
}

/// Reads files and keeps their hashes.
class Reader {
 public:
  Expected<std::string> Required(const fs::path& path) {
    TRY_ASSIGN(std::string text, ReadFile(path));
    hashes_[path.filename().string()] = Sha256(text);
    return text;
  }
  Expected<std::string> Optional(const fs::path& path) {
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) return std::string();
    return Required(path);
  }
  Status HashOnly(const fs::path& path) {
    TRY_ASSIGN(const MappedFile file, MappedFile::Open(path));
    hashes_[path.filename().string()] = Sha256(file.bytes());
    return {};
  }
  std::string Combined() const {
    std::string lines;
    for (const auto& [name, hash] : hashes_) lines += fmt::format("{} {}\n", name, hash);
    return Sha256(lines);
  }

 private:
  std::map<std::string, std::string> hashes_;
};

std::string VersionOf(std::string_view name, const std::string& sha256) {
  for (const KnownVersion& known : kKnownVersions) {
    if (known.name == name && known.data_sha256 == sha256) return std::string(known.version);
  }
  return "unknown version";
}

}  // namespace

Expected<DeskFiles> ReadBenchmarkDesk(std::string_view name, const Desk& desk, const std::string& data) {
  if (data.empty()) return NotFound(name, data, "needs the benchmark's data");
  const bool tau1 = IsTau1(name);
  const std::string_view tasks = tau1 ? "tasks_test.json" : "tasks.json";
  const fs::path directory = Locate(name, data, tau1 ? "users.json" : "db.json");
  if (directory.empty()) return NotFound(name, data, fmt::format("holds no {} data", name));
  if (!fs::exists(directory / tasks)) return NotFound(name, directory.string(), fmt::format("has no {}", tasks));
  if (!fs::exists(directory / "tools.json")) {
    return NotFound(name, directory.string(), "has no tools.json (the tool schemas are Python there)");
  }
  DeskFiles files;
  TRY_ASSIGN(files.world, World::Load(desk.world, directory.string()));
  Reader reader;
  TRY_ASSIGN(files.tasks, reader.Required(directory / tasks));
  if (tau1) {
    for (const TableSpec& table : desk.world.tables)
      TRY(reader.HashOnly(directory / (std::string(table.name) + ".json")));
  } else {
    TRY(reader.HashOnly(directory / "db.json"));
  }
  files.data_sha256 = reader.Combined();
  files.version = VersionOf(name, files.data_sha256);
  TRY_ASSIGN(files.splits, reader.Optional(directory / "split_tasks.json"));
  TRY_ASSIGN(files.policy, reader.Required(directory / (tau1 ? "wiki.md" : "policy.md")));
  TRY_ASSIGN(files.tools, reader.Required(directory / "tools.json"));
  for (const fs::path& up : {directory.parent_path(), directory.parent_path().parent_path()}) {
    if (!files.guidelines.empty()) break;
    TRY_ASSIGN(files.guidelines, reader.Optional(up / "user_simulator" / "simulation_guidelines.md"));
  }
  return files;
}

Expected<DeskFiles> ReadBundledDesk(const Desk& desk) {
  const auto text = [](std::string_view file) {
    const EmbeddedFile* found = FindEmbedded(fmt::format("data/airline/{}", file));
    CHECK(found != nullptr, "the bundled desk is missing from the binary");
    return std::string(found->bytes);
  };
  DeskFiles files;
  const std::string database = text("db.json");
  TRY_ASSIGN(files.world, World::Parse(desk.world, database, "the bundled airline"));
  files.tasks = text("tasks.json");
  files.splits = text("split_tasks.json");
  files.policy = text("policy.md");
  files.tools = text("tools.json");
  files.guidelines = text("user_guidelines.md");
  files.data_sha256 = Sha256(fmt::format("db.json {}\ntasks.json {}\n", Sha256(database), Sha256(files.tasks)));
  files.version = fmt::format("bundled with xsweep {}", XSWEEP_VERSION);
  return files;
}

}  // namespace xsweep
