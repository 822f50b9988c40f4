// The JSON Schema of a config, printed from the tables that the loader checks with.
// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/keys.h"
#include "config/sweep_config.h"
#include "words/axis_words.h"

namespace xsweep {
namespace {

constexpr std::string_view kSeedRange = "^[0-9]+\\.\\.[0-9]+$";

Json Typed(std::string_view type) { return Json::MakeObject({{"type", type}}); }
Json Reference(std::string_view section) { return Json::MakeObject({{"$ref", fmt::format("#/$defs/{}", section)}}); }
Json Choice(const char* keyword, std::vector<Json> of) {
  return Json::MakeObject({{keyword, Json::MakeArray(std::move(of))}});
}
Json ListOf(Json items) { return Json::MakeObject({{"type", "array"}, {"items", std::move(items)}}); }
Json Texts(const std::vector<std::string>& texts) {
  Json list = Json::MakeArray();
  for (const std::string& text : texts) list.Append(text);
  return list;
}

Json Bounded(Json schema, const OptionSpec& spec, const char* minimum, const char* maximum) {
  if (spec.minimum) schema.Set(minimum, *spec.minimum);
  if (spec.maximum) schema.Set(maximum, *spec.maximum);
  return schema;
}

Json TextSchema(const OptionSpec& spec) {
  Json schema = Typed("string");
  if (!spec.choices.empty()) schema.Set("enum", Texts(spec.choices));
  return schema;
}

Json AtLeastItems(Json list, const OptionSpec& spec) {
  if (spec.minimum) list.Set("minItems", static_cast<std::int64_t>(*spec.minimum));
  return list;
}

/// A condition as a text, or as a mapping of what is measured with how it is judged.
Json GateSchema() {
  Json text = Typed("string");
  Json mapping = Typed("object");
  mapping.Set("minProperties", std::int64_t{1});
  return Json::MakeObject({{"anyOf", Json::MakeArray({std::move(text), std::move(mapping)})}});
}

/// `section` is whose parts a kPart names.
Json ShapeOf(const OptionSpec& spec, std::string_view section) {
  switch (spec.type) {
    case OptionType::kBool: return Typed("boolean");
    case OptionType::kInteger: return Bounded(Typed("integer"), spec, "minimum", "maximum");
    case OptionType::kNumber: return Bounded(Typed("number"), spec, "minimum", "maximum");
    case OptionType::kString: return TextSchema(spec);
    case OptionType::kStringList:
      return AtLeastItems(ListOf(spec.name == "gates" ? GateSchema() : TextSchema(spec)), spec);
    case OptionType::kNumberRange: {
      Json range = ListOf(Bounded(Typed("number"), spec, "minimum", "maximum"));
      range.Set("minItems", 2);
      range.Set("maxItems", 2);
      return range;
    }
    case OptionType::kPart: return Reference(fmt::format("{}_part", section));
    case OptionType::kPartList: return AtLeastItems(ListOf(Reference(fmt::format("{}_part", section))), spec);
    case OptionType::kList: return Typed("array");
    case OptionType::kMapping: return Typed("object");
    case OptionType::kAny: return Json::MakeObject();
  }
  return Json::MakeObject();
}

Json OptionSchema(const OptionSpec& spec, std::string_view section) {
  Json schema = ShapeOf(spec, section);
  if (!spec.help.empty()) schema.Set("description", spec.help);
  if (!spec.fallback.is_null()) schema.Set("default", spec.fallback);
  return schema;
}

/// Whether what a part requires must stand in the mapping, or may come from an axis over the option.
enum class Requires { kHere, kPerhapsElsewhere };

/// {name: ..., options} of exactly one part: for nested parts, whole-section axis values and sections.
Json WholePart(const PartSpec& part, std::string_view section, std::string_view name_key, Requires requires_options) {
  Json properties = Json::MakeObject();
  Json required = Json::MakeArray({Json(name_key)});
  properties.Set(name_key, Json::MakeObject({{"const", part.name}, {"description", part.summary}}));
  if (section == "environment") properties.Set("tasks", true);
  for (const OptionSpec& option : part.options) {
    properties.Set(option.name, OptionSchema(option, section));
    const bool here = requires_options == Requires::kHere;
    if (here && option.required && option.fallback.is_null()) required.Append(option.name);
  }
  return Json::MakeObject(
      {{"type", "object"}, {"properties", properties}, {"required", required}, {"additionalProperties", false}});
}

/// A whole part as a value of an axis, which may say how it is to be called.
Json Labelled(Json part) {
  const Json label = Json::MakeObject({{"type", "string"},
                                       {"minLength", 1},
                                       {"maxLength", 60},
                                       {"description", "How reports, pictures and ids call this value."}});
  part.FindMutable("properties")->Set(kLabelKey, label);
  return part;
}

/// Parts may take options of one name and different shapes.
void AddAlternative(Json& properties, const std::string& name, Json schema) {
  Json* known = properties.FindMutable(name);
  if (known == nullptr) {
    properties.Set(name, std::move(schema));
    return;
  }
  if (known->Find("anyOf") == nullptr) *known = Choice("anyOf", {*known});
  Json* any = known->FindMutable("anyOf");
  if (std::ranges::find(any->items(), schema) == any->items().end()) any->Append(std::move(schema));
}

/// A section as the file writes it: the name is one of the known ones, and every option is one that some part takes.
/// An axis over the name may make any part reachable, so options are not tied to the name here; see SectionRules.
Json LooseSection(const std::vector<PartSpec>& parts, std::string_view section, std::string_view name_key) {
  Json properties = Json::MakeObject({{std::string(name_key), Json::MakeObject({{"enum", Texts(NamesOf(parts))}})}});
  for (const PartSpec& part : parts) {
    for (const OptionSpec& option : part.options)
      AddAlternative(properties, option.name, OptionSchema(option, section));
  }
  return Json::MakeObject({{"type", "object"}, {"properties", properties}, {"additionalProperties", false}});
}

Json SeedsSchema() {
  const Json range = Json::MakeObject({{"type", "string"}, {"pattern", kSeedRange}});
  const Json seed = Json::MakeObject({{"type", "integer"}, {"minimum", 0}, {"maximum", INT64_MAX}});
  Json list = ListOf(Choice("anyOf", {seed, range}));
  list.Set("minItems", 1);
  list.Set("uniqueItems", true);
  return Choice("anyOf", {list, range});
}

Json TasksSchema() {
  Json list = ListOf(Json::MakeObject({{"type", Json::MakeArray({"string", "integer"})}}));
  list.Set("minItems", 1);
  list.Set("uniqueItems", true);
  const Json all = Json::MakeObject({{"const", "all"}});
  return Choice("anyOf", {all, Json::MakeObject({{"type", "string"}, {"pattern", kSeedRange}}), list});
}

Json ClosedMapping(Json properties) {
  return Json::MakeObject({{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}});
}

Json ModelsSchema() {
  Json properties = Json::MakeObject();
  for (const std::string& role : ModelRoles()) properties.Set(role, Reference("model"));
  return ClosedMapping(std::move(properties));
}

Json RoleLimitsSchema() {
  Json of_a_role = Json::MakeObject();
  for (const OptionSpec& limit : RoleLimitKeys().Specs()) of_a_role.Set(limit.name, OptionSchema(limit, ""));
  Json roles = Json::MakeObject();
  for (const std::string& role : ModelRoles()) roles.Set(role, ClosedMapping(of_a_role));
  Json schema = ClosedMapping(std::move(roles));
  schema.Set("description", RoleLimitsHelp());
  return schema;
}

Json LimitsSchema() {
  Json properties = Json::MakeObject();
  for (const OptionSpec& limit : LimitKeys().Specs()) properties.Set(limit.name, OptionSchema(limit, ""));
  properties.Set("roles", RoleLimitsSchema());
  return ClosedMapping(std::move(properties));
}

Json PricesSchema() {
  const Json usd = Json::MakeObject({{"type", "number"}, {"minimum", 0}, {"maximum", 1e6}});
  Json price = ClosedMapping(Json::MakeObject({{"input", usd}, {"output", usd}}));
  price.Set("required", Texts({"input", "output"}));
  return Json::MakeObject({{"type", "object"}, {"additionalProperties", std::move(price)}});
}

/// The values of an axis. Only plain ones are surely the same value when JSON Schema says so.
Json AxisSchema(Json value) {
  const std::string type(value.StringOr("type", ""));
  Json values = ListOf(std::move(value));
  values.Set("minItems", 1);
  if (!type.empty() && type != "array" && type != "object") values.Set("uniqueItems", true);
  return values;
}

std::string DefinitionOf(std::string_view section) {
  return section.starts_with("models.") ? "model" : std::string(section);
}

Json GridSchema(const PartSpecs& specs) {
  Json paths = Json::MakeObject();
  for (const std::string& section : AllSections()) {
    const auto& parts = SpecsOf(section, specs);
    const bool environment = section == "environment";
    if (!environment && !parts.empty()) {
      Json name = Typed("string");
      name.Set("enum", Texts(NamesOf(parts)));
      paths.Set(section, AxisSchema(Reference(DefinitionOf(section) + "_value")));
      paths.Set(fmt::format("{}.{}", section, NameKey(section)), AxisSchema(std::move(name)));
    }
    Json options = Json::MakeObject();
    for (const PartSpec& part : parts) {
      for (const OptionSpec& option : part.options) {
        if (environment && ChangesTasks(option.name)) continue;
        AddAlternative(options, option.name, ShapeOf(option, DefinitionOf(section)));
      }
    }
    for (const auto& [option, value] : options.members())
      paths.Set(fmt::format("{}.{}", section, option), AxisSchema(value));
  }
  return ClosedMapping(std::move(paths));
}

/// Holds where the grid has one of these axes.
Json HasAxis(const std::vector<std::string>& paths) {
  std::vector<Json> any;
  any.reserve(paths.size());
  for (const std::string& path : paths) any.push_back(Json::MakeObject({{"required", Texts({path})}}));
  return Json::MakeObject(
      {{"required", Texts({"grid"})}, {"properties", Json::MakeObject({{"grid", Choice("anyOf", std::move(any))}})}});
}

/// Without an axis over its name a section names its part and takes that part's options only; and it is there, unless
/// an axis supplies it.
Json SectionRules() {
  Json rules = Json::MakeArray();
  for (const KeySpec& key : TopKeys()) {
    const std::string& section = key.option.name;
    if (key.shape != KeyShape::kSection) continue;
    const std::string name = fmt::format("{}.{}", section, NameKey(section));
    const auto without_axis = [](const std::vector<std::string>& paths, Json then) {
      return Json::MakeObject({{"if", HasAxis(paths)}, {"else", std::move(then)}});
    };
    rules.Append(without_axis(
        {name}, Json::MakeObject({{"properties", Json::MakeObject({{section, Reference(section + "_named")}})}})));
    if (!key.option.required) continue;
    rules.Append(without_axis({name, section}, Json::MakeObject({{"required", Texts({section})}})));
  }
  return rules;
}

Json RecordsSchema(const std::string& section, const PartSpecs& specs) {
  const PartSpec* spec = FindSpec(specs.declared, section);
  if (spec == nullptr) return Typed("array");
  Json properties = Json::MakeObject();
  Json required = Json::MakeArray();
  for (const OptionSpec& field : spec->options) {
    properties.Set(field.name, OptionSchema(field, ""));
    if (field.required) required.Append(field.name);
  }
  Json record = ClosedMapping(std::move(properties));
  record.Set("required", std::move(required));
  return ListOf(std::move(record));
}

Json KeySchema(const KeySpec& key, const PartSpecs& specs) {
  Json schema;
  switch (key.shape) {
    case KeyShape::kOption: schema = ShapeOf(key.option, ""); break;
    case KeyShape::kSeeds: schema = SeedsSchema(); break;
    case KeyShape::kSection: schema = Reference(key.option.name); break;
    case KeyShape::kGrid: schema = GridSchema(specs); break;
    case KeyShape::kLimits: schema = LimitsSchema(); break;
    case KeyShape::kModels: schema = ModelsSchema(); break;
    case KeyShape::kPrices: schema = PricesSchema(); break;
    case KeyShape::kDeclared: schema = RecordsSchema(key.option.name, specs); break;
  }
  if (!key.pattern.empty()) schema.Set("pattern", key.pattern);
  if (!key.option.fallback.is_null()) schema.Set("default", key.option.fallback);
  schema.Set("description", key.option.help);
  return schema;
}

Json Definitions(const PartSpecs& specs) {
  Json definitions = Json::MakeObject();
  const auto define = [&](const std::string& name, std::string_view section) {
    const auto& parts = SpecsOf(section, specs);
    Json any = Json::MakeArray();
    Json named = Json::MakeArray();
    Json values = Json::MakeArray();
    for (const PartSpec& part : parts) {
      any.Append(WholePart(part, name, NameKey(section), Requires::kHere));
      values.Append(Labelled(WholePart(part, name, NameKey(section), Requires::kHere)));
      named.Append(WholePart(part, name, NameKey(section), Requires::kPerhapsElsewhere));
    }
    definitions.Set(name, LooseSection(parts, name, NameKey(section)));
    if (any.size() == 0) return;
    definitions.Set(name + "_part", Json::MakeObject({{"anyOf", any}}));
    definitions.Set(name + "_value", Json::MakeObject({{"anyOf", values}}));
    definitions.Set(name + "_named", Json::MakeObject({{"anyOf", named}}));
  };
  for (const std::string& section : RoleSections()) define(section, section);
  define("model", "models.agent");
  definitions.FindMutable("environment")->FindMutable("properties")->Set("tasks", TasksSchema());
  return definitions;
}

}  // namespace

Json ConfigSchema(const PartSpecs& specs) {
  Json properties = Json::MakeObject();
  Json required = Json::MakeArray();
  for (const KeySpec& key : TopKeys()) {
    properties.Set(key.option.name, KeySchema(key, specs));
    if (key.option.required && key.shape != KeyShape::kSection) required.Append(key.option.name);
  }
  return Json::MakeObject({{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                           {"title", "xsweep config"},
                           {"type", "object"},
                           {"properties", properties},
                           {"required", required},
                           {"additionalProperties", false},
                           {"allOf", SectionRules()},
                           {"$defs", Definitions(specs)}});
}

}  // namespace xsweep
