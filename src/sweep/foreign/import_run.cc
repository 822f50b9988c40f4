// ImportResults: recorded results of other harnesses as a run directory.
// SPDX-License-Identifier: Apache-2.0
#include "sweep/foreign/import_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/gzip.h"
#include "base/json_slices.h"
#include "base/system/terminal.h"
#include "base/text.h"
#include "foreign/agentdojo.h"
#include "foreign/inspect.h"
#include "sweep/foreign/import_facts.h"
#include "sweep/foreign/import_tau.h"

namespace xsweep {
namespace {

namespace fs = std::filesystem;

struct Importer {
  std::string_view name;
  Expected<int> (*import)(const ImportRequest& request);
};
constexpr Importer kImporters[] = {{"agentdojo", ImportAgentDojo},
                                   {"tau1", ImportTau},
                                   {"tau2", ImportTau},
                                   {"inspect", ImportInspect},
                                   {"facts", ImportTable}};

/// A directory is told by the first files in it.
std::string FormatOfDirectory(const fs::path& root) {
  std::error_code failure;
  if (fs::is_regular_file(root / "results.json", failure)) return "tau2";
  auto walk = fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied, failure);
  int looked = 0;
  for (const auto end = fs::recursive_directory_iterator(); walk != end && !failure && looked < 50;
       walk.increment(failure)) {
    if (walk->is_symlink(failure) || !walk->is_regular_file(failure)) continue;
    const fs::path& path = walk->path();
    if (path.extension() == ".eval") return "inspect";
    if (path.extension() != ".json") continue;
    ++looked;
    const auto file = MappedFile::Open(path);
    if (!file) continue;
    if (LooksLikeAgentDojo(file->bytes())) return "agentdojo";
    if (LooksLikeInspect(file->bytes())) return "inspect";
  }
  return {};
}

/// A line of JSONL is whole at its end; a JSON document is not whole before the end of the file.
bool LooksLikeJsonl(std::string_view head) {
  const auto line = head.substr(0, head.find('\n'));
  const auto last = line.find_last_not_of(" \t\r");
  return FirstOf(head) == '{' && last != std::string_view::npos && line[last] == '}' && line.size() < head.size();
}

Expected<std::string> FormatOfFile(const fs::path& path) {
  auto file = MappedFile::Open(path);
  if (!file) return UserError(file.error().message, path.string());
  const std::string_view bytes = file->bytes();
  if (LooksLikeAgentDojo(bytes)) return "agentdojo";
  if (LooksLikeInspect(bytes)) return "inspect";
  const std::string extension = AsciiLower(path.extension().string());
  if (extension == ".csv" || extension == ".jsonl" || extension == ".gz") return "facts";
  const char first = FirstOf(bytes);
  if (IsGzip(bytes)) return "facts";
  if (first == '{' && LooksLikeJsonl(bytes) && NameOfFormat(bytes).empty()) return "facts";
  if (first == '[' || first == '{') return "tau2";
  if (const std::string name = NameOfFormat(bytes); !name.empty())
    return UserError("is " + name + ", which nobody here reads", path.string());
  const std::string_view line = bytes.substr(0, bytes.find('\n'));
  return line.find(',') != std::string_view::npos ? "facts" : "tau2";
}

}  // namespace

Expected<int> ImportResults(const ImportRequest& request) {
  std::vector<std::string> names;
  for (const Importer& importer : kImporters) names.emplace_back(importer.name);
  std::string format = request.from;
  std::error_code failure;
  if (!fs::exists(request.file, failure)) return UserError("is not there", request.file);
  if (!format.empty() && std::ranges::find(names, format) == names.end())
    return UserError("`" + Printable(format) + "` is no format" + DidYouMean(format, names, "there are"), "--from");
  if (format.empty() && fs::is_directory(request.file, failure)) format = FormatOfDirectory(request.file);
  if (format.empty() && fs::is_directory(request.file, failure))
    return UserError("holds nothing that looks like results; say what it is with --from", request.file);
  if (format.empty()) {
    TRY_ASSIGN(format, FormatOfFile(request.file));
  }
  if (!request.environment.name.empty() && !format.starts_with("tau")) {
    PrintNote(fmt::format("note: read as {}, whose episodes are taken as recorded: nothing is replayed in {}", format,
                          Printable(request.environment.name)));
  }
  // Both tau forms are told apart by what is in them; only a person's word is held against it.
  return std::ranges::find(kImporters, format, &Importer::name)->import(request);
}

}  // namespace xsweep
