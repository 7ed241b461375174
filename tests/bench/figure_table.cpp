#include "tests/bench/figure_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/common/atomic_file.hpp"
#include "tools/common/input_error.hpp"

namespace flm::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kKinds[] = {"", "at_most", "at_least", "within"};  ///< by Figure::Budget

/// JSON has no NaN.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
double number(const Json& json) { return json.is_null() ? std::nan("") : json.get<double>(); }

std::string with_unit(double value, const std::string& unit) {
  const std::string text = unit == "%" ? fmt::format("{:.3g}", value) : fmt::format("{:.6g}", value);
  return unit.empty() ? text : text + " " + unit;
}

}  // namespace

bool Figure::holds() const {
  switch (kind) {
    case Budget::none: return true;
    case Budget::at_most: return value <= budget;
    case Budget::at_least: return value >= budget;
    case Budget::within: return std::abs(value) <= budget;
  }
  return false;
}
std::string Figure::value_text() const { return with_unit(value, unit); }
std::string Figure::budget_text() const {
  constexpr const char* signs[] = {"", "<= ", ">= ", "within "};
  return kind == Budget::none ? "" : signs[static_cast<int>(kind)] + with_unit(budget, unit);
}

std::vector<FigureSection>& sections() {
  static std::vector<FigureSection> all;
  return all;
}

int broken() {
  int count = 0;
  for (const FigureSection& section : sections())
    for (const Figure& figure : section.figures)
      if (!figure.holds()) ++count;
  return count;
}

FigureTable::FigureTable(const std::string& key, const std::string& title) : section_(sections().size()) {
  sections().push_back({key, title, {}, {}});
  fmt::print("\n### {}\n\n| figure | stock | budget | this build | |\n|---|---|---|---|---|\n", title);
}

void FigureTable::add(Figure figure) {
  fmt::print("| {} | {} | {} | {} | {} |\n", figure.name, figure.stock, figure.budget_text(),
             figure.value_text(), figure.holds() ? "" : "**over budget**");
  std::fflush(stdout);
  sections()[section_].figures.push_back(std::move(figure));
}

void FigureTable::point(const std::string& curve, double x, double y) {
  auto& curves = sections()[section_].curves;
  auto place =
      std::find_if(curves.begin(), curves.end(), [&](const Curve& one) { return one.name == curve; });
  if (place == curves.end()) place = curves.insert(curves.end(), {curve, {}, {}});
  place->x.push_back(x);
  place->y.push_back(y);
}

void save(const std::filesystem::path& file) {
  Json all = Json::array();
  for (const FigureSection& section : sections()) {
    Json s = {{"key", section.key},
              {"title", section.title},
              {"figures", Json::array()},
              {"curves", Json::array()}};
    for (const Figure& f : section.figures) {
      Json json = {
          {"key", f.key}, {"name", f.name}, {"stock", f.stock}, {"unit", f.unit}, {"value", number(f.value)}};
      if (f.kind != Figure::Budget::none) json[kKinds[static_cast<int>(f.kind)]] = f.budget;
      s["figures"].push_back(json);
    }
    for (const Curve& c : section.curves) {
      Json y = Json::array();
      for (const double value : c.y) y.push_back(number(value));
      s["curves"].push_back({{"name", c.name}, {"x", c.x}, {"y", y}});
    }
    all.push_back(s);
  }
  std::error_code ignored;
  std::filesystem::create_directories(file.parent_path(), ignored);
  AtomicFile out(file);
  out.write(all.dump(1) + "\n");
  out.commit();
}

std::vector<FigureSection> load(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw InputError(fmt::format("{}: cannot be read", file.string()));
  std::vector<FigureSection> all;
  try {
    for (const Json& s : Json::parse(in)) {
      FigureSection section{s.at("key"), s.at("title"), {}, {}};
      for (const Json& f : s.at("figures")) {
        Figure figure{f.at("key"), f.at("name"), f.at("stock"), f.at("unit"), number(f.at("value"))};
        for (int kind = 1; kind < 4; ++kind)
          if (f.contains(kKinds[kind])) {
            figure.kind = static_cast<Figure::Budget>(kind);
            figure.budget = f.at(kKinds[kind]);
          }
        section.figures.push_back(figure);
      }
      for (const Json& c : s.at("curves")) {
        Curve curve{c.at("name"), c.at("x"), {}};
        for (const Json& value : c.at("y")) curve.y.push_back(number(value));
        section.curves.push_back(curve);
      }
      all.push_back(section);
    }
  } catch (const Json::exception& error) {
    throw InputError(fmt::format("{}: is not what `figures` writes: {}", file.string(), error.what()));
  }
  return all;
}

}  // namespace flm::bench
