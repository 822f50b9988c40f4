// World: loading the files, and records as Json when first asked for.
// SPDX-License-Identifier: Apache-2.0
#include "parts/environments/world/world.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_map>

#include "parts/environments/world/lazy.h"
#include "python/text.h"

namespace xsweep {
namespace {

namespace dom = simdjson::dom;

/// A file mapped with the zero bytes behind it that simdjson wants to read.
class MappedFile {
 public:
  static Expected<MappedFile> Open(const std::string& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return Failed(path);
    struct stat status{};
    const bool known = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    MappedFile mapped;
    const bool ok = known && mapped.Map(file, static_cast<std::size_t>(status.st_size));
    close(file);
    if (!ok) return Failed(path);
    return mapped;
  }
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(other.size_), capacity_(other.capacity_) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile() {
    if (data_ != nullptr) munmap(data_, capacity_);
  }
  std::string_view text() const { return {static_cast<const char*>(data_), size_}; }

 private:
  static std::unexpected<Error> Failed(const std::string& path) {
    return UserError(fmt::format("cannot be read ({}); point `data` at the benchmark's own data directory",
                                 errno == 0 ? "not a regular file" : std::strerror(errno)),
                     path);
  }
  // An anonymous mapping first, the file over its front: what is left behind the file reads as zeros.
  bool Map(int file, std::size_t size) {
    capacity_ = size + simdjson::SIMDJSON_PADDING;
    void* all = mmap(nullptr, capacity_, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) return false;
    data_ = all;
    size_ = size;
    return size == 0 || mmap(all, size, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, file, 0) != MAP_FAILED;
  }

  void* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

void AskForLargePages(void* data, std::size_t size) {
  constexpr std::size_t kPage = std::size_t{2} << 20U;
  const std::size_t before = (kPage - reinterpret_cast<std::uintptr_t>(data) % kPage) % kPage;
  const std::size_t length = size > before ? (size - before) / kPage * kPage : 0;
  if (length > 0) madvise(static_cast<char*>(data) + before, length, MADV_HUGEPAGE);
}

/// simdjson reserves for the worst case and touches a tenth of it. Half of a load is page faults; in large pages they
/// are few. Failure is no harm: the parser allocates what is missing.
void AllocateInLargePages(dom::parser& parser, dom::document& document, std::size_t size) {
  if (size < (4U << 20U)) return;
  if (parser.allocate(size) != simdjson::SUCCESS || document.allocate(size) != simdjson::SUCCESS) return;
  AskForLargePages(document.tape.get(), size * sizeof(std::uint64_t));
  AskForLargePages(document.string_buf.get(), size);
  AskForLargePages(parser.implementation->structural_indexes.get(), size * sizeof(std::uint32_t));
}

/// As json.load builds it: of two members with one name the first place and the last value win.
Json ToJson(dom::element element) {
  switch (element.type()) {
    case dom::element_type::NULL_VALUE: return {};
    case dom::element_type::BOOL: return element.get_bool().value_unsafe();
    case dom::element_type::INT64: return element.get_int64().value_unsafe();
    case dom::element_type::UINT64: return element.get_uint64().value_unsafe();
    case dom::element_type::DOUBLE: return element.get_double().value_unsafe();
    case dom::element_type::STRING: return std::string_view(element.get_string().value_unsafe());
    case dom::element_type::ARRAY: {
      const dom::array array = element.get_array().value_unsafe();
      std::vector<Json> items;
      items.reserve(array.size());
      for (const dom::element item : array) items.push_back(ToJson(item));
      return Json::MakeArray(std::move(items));
    }
    case dom::element_type::OBJECT: break;
  }
  const dom::object object = element.get_object().value_unsafe();
  std::vector<Json::Member> members;
  members.reserve(object.size());
  for (const auto [key, value] : object) {
    const auto seen = std::ranges::find(members, key, &Json::Member::first);
    if (seen != members.end()) {
      seen->second = ToJson(value);
    } else {
      members.emplace_back(std::string(key), ToJson(value));
    }
  }
  return Json::MakeObject(std::move(members));
}

struct Record {
  std::string_view id;
  dom::element source;
  Lazy<Json> json;
  Lazy<std::string> text;
};

struct Table {
  std::unique_ptr<Record[]> records;
  int size = 0;
  std::unordered_map<std::string_view, int> index;

  /// `source`: the table as an object of records. Points into the parser's document.
  Status Fill(dom::element source, std::string_view name, const std::string& where) {
    dom::object object;
    if (source.get_object().get(object) != simdjson::SUCCESS) {
      return UserError(fmt::format("\"{}\" is not an object of records", name), where);
    }
    const std::size_t upper_bound = std::ranges::distance(object.begin(), object.end());
    records = std::make_unique<Record[]>(upper_bound);
    index.reserve(upper_bound);
    for (const auto [id, record] : object) {
      if (!record.is_object())
        return UserError(fmt::format("record \"{}\" of \"{}\" is not an object", id, name), where);
      const auto [slot, fresh] = index.try_emplace(id, size);
      if (fresh) records[size++].id = id;
      records[slot->second].source = record;
    }
    return {};
  }
};

}  // namespace

struct World::Impl {
  WorldSpec spec;
  std::vector<std::unique_ptr<dom::document>> documents;  // own what the records point into
  std::vector<Table> tables;

  explicit Impl(const WorldSpec& s) : spec(s), tables(s.tables.size()) {}

  /// `text` must be followed by SIMDJSON_PADDING readable bytes.
  Expected<dom::element> Document(std::string_view text, const std::string& where) {
    dom::parser parser;
    dom::document& document = *documents.emplace_back(std::make_unique<dom::document>());
    AllocateInLargePages(parser, document, text.size());
    dom::element root;
    const auto code = parser.parse_into_document(document, text.data(), text.size(), false).get(root);
    if (code != simdjson::SUCCESS) return UserError(simdjson::error_message(code), where);
    return root;
  }

  Status FillAll(std::string_view text, const std::string& where) {
    TRY_ASSIGN(const dom::element root, Document(text, where));
    for (std::size_t i = 0; i < tables.size(); ++i) {
      const std::string_view name = spec.tables[i].name;
      dom::element table;
      if (root[name].get(table) != simdjson::SUCCESS) {
        return UserError(fmt::format("has no \"{}\"; this is not the data of {}", name, spec.desk), where);
      }
      TRY(tables[i].Fill(table, name, where));
    }
    return {};
  }

  const Record& at(int table, int record) const {
    CHECK(table >= 0 && table < static_cast<int>(tables.size()) && record >= 0 && record < tables[table].size,
          "no such record");
    return tables[table].records[record];
  }
};

World::World(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
World::~World() = default;

Expected<std::shared_ptr<const World>> World::Load(const WorldSpec& spec, const std::string& directory) {
  auto impl = std::make_unique<Impl>(spec);
  if (spec.benchmark == Benchmark::kTau2) {
    const std::string path = directory + "/db.json";
    TRY_ASSIGN(const MappedFile file, MappedFile::Open(path));
    TRY(impl->FillAll(file.text(), path));
  } else {
    for (std::size_t i = 0; i < impl->tables.size(); ++i) {
      const std::string path = fmt::format("{}/{}.json", directory, spec.tables[i].name);
      TRY_ASSIGN(const MappedFile file, MappedFile::Open(path));
      TRY_ASSIGN(const dom::element table, impl->Document(file.text(), path));
      TRY(impl->tables[i].Fill(table, spec.tables[i].name, path));
    }
  }
  return std::shared_ptr<const World>(new World(std::move(impl)));
}

Expected<std::shared_ptr<const World>> World::Parse(const WorldSpec& spec, std::string_view text,
                                                    const std::string& where) {
  auto impl = std::make_unique<Impl>(spec);
  const simdjson::padded_string padded(text);
  TRY(impl->FillAll({padded.data(), padded.size()}, where));
  return std::shared_ptr<const World>(new World(std::move(impl)));
}

const WorldSpec& World::spec() const { return impl_->spec; }
int World::table_count() const { return static_cast<int>(impl_->tables.size()); }
int World::size(int table) const { return impl_->tables.at(table).size; }
std::string_view World::id(int table, int record) const { return impl_->at(table, record).id; }

int World::IndexOf(int table, std::string_view id) const {
  const auto& index = impl_->tables.at(table).index;
  const auto found = index.find(id);
  return found == index.end() ? -1 : found->second;
}

const Json& World::record(int table, int record) const {
  const Record& entry = impl_->at(table, record);
  return entry.json.Get([&] {
    const auto normalize = impl_->spec.tables[table].normalize;
    Json raw = ToJson(entry.source);
    return normalize == nullptr ? raw : normalize(raw);
  });
}

const std::string& World::text(int table, int record) const {
  return impl_->at(table, record).text.Get([&] { return PythonJson(this->record(table, record)); });
}

}  // namespace xsweep
