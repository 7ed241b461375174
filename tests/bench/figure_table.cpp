#include "tests/bench/figure_table.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/common/atomic_file.hpp"
#include "tools/common/input_error.hpp"

namespace flm::bench {
namespace {

using Json = nlohmann::ordered_json;

/// JSON has no NaN.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
double number(const Json& json) { return json.is_null() ? std::nan("") : json.get<double>(); }

std::string with_unit(double value, const std::string& unit) { return unit.empty() ? fmt::format("{:.6g}", value) : fmt::format("{:.6g} {}", value, unit); }

}  // namespace

bool Figure::holds() const {
  return kind == Budget::none || (kind == Budget::at_most ? value <= budget : value >= budget);
}
std::string Figure::value_text() const { return with_unit(value, unit); }
std::string Figure::budget_text() const {
  return kind == Budget::none ? "" : (kind == Budget::at_most ? "<= " : ">= ") + with_unit(budget, unit);
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
  fmt::print("| {} | {} | {} | {} | {} |\n", figure.name, figure.stock, figure.budget_text(), figure.value_text(),
             figure.holds() ? "" : "**over budget**");
  std::fflush(stdout);
  sections()[section_].figures.push_back(std::move(figure));
}

void save(const std::filesystem::path& file) {
  Json all = Json::array();
  for (const FigureSection& section : sections()) {
    Json s = {{"key", section.key}, {"title", section.title}, {"figures", Json::array()}, {"curves", Json::array()}};
    for (const Figure& f : section.figures) {
      Json json = {{"key", f.key}, {"name", f.name}, {"stock", f.stock}, {"unit", f.unit}, {"value", number(f.value)}};
      if (f.kind != Figure::Budget::none) json[f.kind == Figure::Budget::at_most ? "at_most" : "at_least"] = f.budget;
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
        if (f.contains("at_most")) figure.kind = Figure::Budget::at_most, figure.budget = f.at("at_most");
        if (f.contains("at_least")) figure.kind = Figure::Budget::at_least, figure.budget = f.at("at_least");
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
