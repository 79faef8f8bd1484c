//===- BindingFlags.cpp - --dim, --bind, --role, --context as text ------------===//
#include "compiler/Bindings.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace glmc {
namespace {

/// Of a list, as many characters are shown in an error.
constexpr size_t shownText = 60;

std::string shown(const std::string &text) {
  return text.size() <= shownText ? text : text.substr(0, shownText) + "...";
}

bool parseDim(const std::string &flag, BindingRequest &request, std::string &error) {
  auto [name, list] = StringRef(flag).rsplit('=');
  BindingRequest::Sizes sizes{name.str(), {}};
  SmallVector<StringRef> values;
  list.split(values, ',');
  for (StringRef text : values) {
    int64_t value = 0;
    if (name.empty() || text.getAsInteger(10, value) || value < 0) {
      error = "--dim is '" + shown(flag) + "', expected NAME=VALUE with a value of 1 or more, or NAME=VALUE,VALUE,...";
      return false;
    }
    if (is_contained(sizes.values, value)) {
      error = "--dim gives '" + sizes.name + "' the size " + std::to_string(value) + " twice";
      return false;
    }
    if (sizes.values.size() == mostBindings) {
      error = "--dim gives '" + sizes.name + "' more than " + std::to_string(mostBindings) + " sizes";
      return false;
    }
    sizes.values.push_back(value);
  }
  auto known = find_if(request.dims, [&](const auto &each) { return each.name == sizes.name; });
  if (known == request.dims.end()) {
    request.dims.push_back(std::move(sizes));
  } else if (known->values != sizes.values) {
    auto textOf = [](const std::vector<int64_t> &values) {
      return join(map_range(values, [](int64_t value) { return std::to_string(value); }), ",");
    };
    error = "--dim gives '" + sizes.name + "' two values, " + textOf(known->values) + " and " + textOf(sizes.values);
    return false;
  }
  return true;
}

bool parseBind(const std::string &flag, BindingRequest &request, std::string &error) {
  auto [name, list] = StringRef(flag).rsplit('=');
  SmallVector<StringRef> values;
  list.split(values, ',');
  if (name.empty() || any_of(values, [](StringRef value) { return value.trim().empty(); })) {
    error = "--bind is '" + shown(flag) + "', expected NAME=VALUE,VALUE,...";
    return false;
  }
  for (const auto &[known, ignored] : request.binds)
    if (known == name) {
      error = "--bind gives '" + known + "' a value twice";
      return false;
    }
  request.binds.emplace_back(name.str(), std::vector<std::string>());
  for (StringRef value : values)
    request.binds.back().second.push_back(value.trim().str());
  return true;
}

bool parseRole(const std::string &flag, BindingRequest &request, std::string &error) {
  auto [name, role] = StringRef(flag).rsplit('=');
  if (name.empty() || role.empty()) {
    error = "--role is '" + shown(flag) + "', expected NAME=ROLE";
    return false;
  }
  auto [known, added] = request.roles.emplace(name.str(), role.str());
  if (!added && known->second != role) {
    error = "--role gives '" + known->first + "' two roles, " + known->second + " and " + role.str();
    return false;
  }
  return true;
}

} // namespace

bool parseBindings(const BindingFlags &flags, BindingRequest &request, std::string &error) {
  for (const std::string &dim : flags.dims)
    if (!parseDim(dim, request, error))
      return false;
  for (const std::string &bind : flags.binds)
    if (!parseBind(bind, request, error))
      return false;
  for (const std::string &role : flags.roles)
    if (!parseRole(role, request, error))
      return false;
  request.context = flags.context;
  request.kv = flags.kv;
  request.logits = flags.logits;
  if (flags.context == 0 && (flags.kv != "f32" || flags.logits != "last")) {
    error = std::string(flags.kv != "f32" ? "--kv" : "--logits") +
            " is of a program that keeps its caches: add --context N";
    return false;
  }
  return true;
}

} // namespace glmc
