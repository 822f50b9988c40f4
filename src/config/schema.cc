// The JSON Schema of a config, printed from the tables that the loader checks with.
// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <fmt/format.h>

#include "config/keys.h"
#include "config/sweep_config.h"

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

/// `section` is whose parts a kPart names.
Json ShapeOf(const OptionSpec& spec, std::string_view section) {
  switch (spec.type) {
    case OptionType::kBool: return Typed("boolean");
    case OptionType::kInteger: return Bounded(Typed("integer"), spec, "minimum", "maximum");
    case OptionType::kNumber: return Bounded(Typed("number"), spec, "minimum", "maximum");
    case OptionType::kString: return TextSchema(spec);
    case OptionType::kStringList: return AtLeastItems(ListOf(TextSchema(spec)), spec);
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

/// {name: ..., options} of exactly one part: for nested parts and whole-section axis values.
Json WholePart(const PartSpec& part, std::string_view section, std::string_view name_key) {
  Json properties = Json::MakeObject();
  Json required = Json::MakeArray({Json(name_key)});
  properties.Set(name_key, Json::MakeObject({{"const", part.name}, {"description", part.summary}}));
  for (const OptionSpec& option : part.options) {
    properties.Set(option.name, OptionSchema(option, section));
    if (option.required && option.fallback.is_null()) required.Append(option.name);
  }
  return Json::MakeObject(
      {{"type", "object"}, {"properties", properties}, {"required", required}, {"additionalProperties", false}});
}

/// A section as the file writes it: the name is one of the known ones, and every option is one that some part takes.
/// An axis over the name may make any part reachable, so options are not tied to the name here.
Json LooseSection(const std::vector<PartSpec>& parts, std::string_view section, std::string_view name_key) {
  Json properties = Json::MakeObject({{std::string(name_key), Json::MakeObject({{"enum", Texts(NamesOf(parts))}})}});
  for (const PartSpec& part : parts) {
    for (const OptionSpec& option : part.options) {
      Json schema = OptionSchema(option, section);
      if (Json* known = properties.FindMutable(option.name)) {
        if (known->Find("anyOf") == nullptr) *known = Choice("anyOf", {*known});
        known->FindMutable("anyOf")->Append(std::move(schema));
      } else {
        properties.Set(option.name, std::move(schema));
      }
    }
  }
  return Json::MakeObject({{"type", "object"}, {"properties", properties}, {"additionalProperties", false}});
}

Json SeedsSchema() {
  const Json range = Json::MakeObject({{"type", "string"}, {"pattern", kSeedRange}});
  const Json seed = Json::MakeObject({{"type", "integer"}, {"minimum", 0}, {"maximum", INT64_MAX}});
  Json list = ListOf(Choice("anyOf", {seed, range}));
  list.Set("minItems", 1);
  return Choice("anyOf", {list, range});
}

Json TasksSchema() {
  Json list = ListOf(Json::MakeObject({{"type", Json::MakeArray({"string", "integer"})}}));
  list.Set("minItems", 1);
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

Json LimitsSchema() {
  Json properties = Json::MakeObject();
  for (const OptionSpec& limit : LimitKeys()) properties.Set(limit.name, OptionSchema(limit, ""));
  return ClosedMapping(std::move(properties));
}

Json GridSchema() {
  Json values = Typed("array");
  values.Set("minItems", 1);
  return Json::MakeObject({{"type", "object"},
                           {"propertyNames", Json::MakeObject({{"pattern",
                                                                "^(agent|attack|defense|judge|environment\\."
                                                                "|models\\.).*$"}})},
                           {"additionalProperties", values}});
}

Json KeySchema(const KeySpec& key) {
  Json schema;
  switch (key.shape) {
    case KeyShape::kOption: schema = ShapeOf(key.option, ""); break;
    case KeyShape::kSeeds: schema = SeedsSchema(); break;
    case KeyShape::kSection: schema = Reference(key.option.name); break;
    case KeyShape::kGrid: schema = GridSchema(); break;
    case KeyShape::kLimits: schema = LimitsSchema(); break;
    case KeyShape::kModels: schema = ModelsSchema(); break;
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
    for (const PartSpec& part : parts) any.Append(WholePart(part, name, NameKey(section)));
    definitions.Set(name, LooseSection(parts, name, NameKey(section)));
    if (any.size() > 0) definitions.Set(name + "_part", Json::MakeObject({{"anyOf", any}}));
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
    properties.Set(key.option.name, KeySchema(key));
    if (key.option.required && key.shape != KeyShape::kSection) required.Append(key.option.name);
  }
  return Json::MakeObject({{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                           {"title", "xsweep config"},
                           {"type", "object"},
                           {"properties", properties},
                           {"required", required},
                           {"additionalProperties", false},
                           {"$defs", Definitions(specs)}});
}

}  // namespace xsweep
