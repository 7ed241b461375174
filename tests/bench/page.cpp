// The pages of figures, from what the programs of ./dev figures have measured: every figure and plot as HTML,
// and the ones that matter to users as figures.md, filled in from figures.md.in.
//
//   figures_page --html FILE --markdown FILE --page figures.md FIGURES.json ...      writes them
//   figures_page --check --page figures.md FIGURES.json ...                          exit status 1 when
//   figures.md has other figures than these
#include <fmt/chrono.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>

#include "sim/report/report_sections.hpp"
#include "tests/bench/figure_table.hpp"
#include "tools/common/atomic_file.hpp"
#include "tools/common/input_error.hpp"
#include "tools/common/plot/svg.hpp"

namespace {

namespace fs = std::filesystem;
using namespace flm::bench;
using flm::InputError;
namespace svg = flm::svg;

using Sections = std::vector<FigureSection>;

const FigureSection* find(const Sections& sections, const std::string& key) {
  for (const FigureSection& section : sections)
    if (section.key == key) return &section;
  return nullptr;
}

const Figure* find(const FigureSection& section, const std::string& key) {
  for (const Figure& figure : section.figures)
    if (figure.key == key) return &figure;
  return nullptr;
}

/// Limits of a class 1 meter that is connected directly, IEC 62053-21, table 6, power factor 1, for a basic
/// current of 10 A: from 0.05 Ib, from 0.1 Ib. They are for sinusoidal currents; for the others they are
/// drawn to compare.
struct ClassLimit {
  double from, to, percent;
};
constexpr ClassLimit kClass1[] = {{0.5, 1.0, 1.5}, {1.0, 50.0, 1.0}};

constexpr double kUsualRange = 3.0, kSlowRange = 6.0, kStockRange = 70.0;  // %

std::string accuracy_plot(const FigureSection& section, bool stock, double range) {
  static constexpr const char* kColours[] = {"a", "b", "c", "d", "e"};
  svg::Plot plot(1080, 300,
                 svg::logarithmic_axis(0.2, 50, {0.25, 0.5, 1, 2, 5, 10, 20, 50}, "current / A, RMS"),
                 svg::rounded_axis(-range, range, 6, "error / %"));
  for (const ClassLimit& limit : kClass1)
    plot.region(limit.from, limit.to, -limit.percent, limit.percent, "limit",
                &limit == kClass1 ? "class 1" : "");
  std::size_t number = 0;
  for (const Curve& curve : section.curves)
    if (curve.name.starts_with("stock: ") == stock)
      plot.curve(curve.x, curve.y, kColours[number++ % std::size(kColours)],
                 stock ? curve.name.substr(7) : curve.name);
  return plot.str((stock ? "The stock firmware: " : "This build: ") + section.title);
}

/// A plot as a file of its own, with the colours of the page.
std::string alone(std::string plot) {
  const std::string head = "<svg ";
  plot.replace(plot.find(head), head.size(), "<svg xmlns=\"http://www.w3.org/2000/svg\" ");
  plot.insert(plot.find('>') + 1,
              "\n<style>svg { background: #fff; } text { font: 12px sans-serif; fill: #5c6775; } .label { "
              "fill: #1b2430; } .end { text-anchor: end; }"
              " .mid { text-anchor: middle; } path { fill: none; } .grid { stroke: #e8ebef; } .zero, .axis, "
              ".tick { stroke: #5c6775; }"
              " .a { color: #0072b2; } .b { color: #d55e00; } .c { color: #00805f; } .d { color: #b0568f; } "
              ".e { color: #1b2430; } .limit { color: #5c6775; }"
              " .trace { stroke: currentColor; stroke-width: 1.6; } .dots { stroke: currentColor; "
              "stroke-width: 4; stroke-linecap: round; }"
              " .area { fill: currentColor; opacity: .12; }</style>");
  return plot;
}

/// Text about values outside of a plot.
std::string left_out(const FigureSection& section, double range) {
  std::string text;
  for (const Curve& curve : section.curves)
    for (std::size_t i = 0; i < curve.y.size(); ++i)
      if (!curve.name.starts_with("stock: ") && !(std::abs(curve.y[i]) <= range))
        text += fmt::format("{}{} at {:g} A: {:+.0f} %", text.empty() ? "" : "; ", curve.name, curve.x[i],
                            curve.y[i]);
  return text.empty() ? "" : "<p>Outside of the plot: " + text + ".</p>\n";
}

/// Horizontal bars over a common scale: from, to, and a mark in between.
struct Bar {
  std::string name, css;
  double from, to;
  std::optional<double> mark;
  std::string text;
};

std::string bars(const std::vector<Bar>& all, const std::string& title) {
  constexpr double left = 250, right = 860, row = 24;
  double top = 0.0;
  for (const Bar& bar : all) top = std::max(top, bar.to);
  const double height = row * static_cast<double>(all.size()) + 8;
  const auto px = [&](double value) { return left + value / top * (right - left); };
  std::string out = fmt::format("<svg viewBox=\"0 0 1080 {}\" role=\"img\" aria-label=\"{}\">\n", height,
                                svg::escape(title));
  double y = 4;
  for (const Bar& bar : all) {
    out += fmt::format("<text x=\"{}\" y=\"{}\" class=\"end label\">{}</text>", left - 10, y + 16,
                       svg::escape(bar.name));
    out += fmt::format("<path class=\"{} bar\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", bar.css, px(bar.from), y + 12,
                       std::max(px(bar.to), px(bar.from) + 2));
    if (bar.mark)
      out += fmt::format("<path class=\"{} mark\" d=\"M{:.1f} {:.1f}v16\"/>", bar.css, px(*bar.mark), y + 4);
    out +=
        fmt::format("<text x=\"{:.1f}\" y=\"{}\">{}</text>\n", px(bar.to) + 8, y + 16, svg::escape(bar.text));
    y += row;
  }
  return out + "</svg>\n";
}

/// The numbers of "427 / 505 / 585".
std::vector<double> numbers_of(const std::string& text) {
  std::vector<double> numbers;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, '/');) {
    try {
      numbers.push_back(std::stod(part));
    } catch (const std::exception&) {
      return {};
    }
  }
  return numbers;
}

std::string interrupt_bars(const FigureSection& section) {
  std::vector<Bar> all;
  for (const Figure& median : section.figures) {
    const auto end = median.key.rfind("_median");
    if (end == std::string::npos) continue;
    const std::string vector = median.key.substr(0, end);
    const Figure *shortest = find(section, vector + "_min"), *longest = find(section, vector + "_max");
    if (shortest == nullptr || longest == nullptr) continue;
    if (const auto stock = numbers_of(median.stock); stock.size() == 3)
      all.push_back({vector + ", stock", "true", stock[0], stock[2], stock[1], median.stock});
    all.push_back({vector, "read", shortest->value, longest->value, median.value,
                   fmt::format("{:g} / {:g} / {:g}", shortest->value, median.value, longest->value)});
  }
  if (all.empty()) return {};
  return "<p>Cycles of each interrupt, shortest, median and longest (others that came in between are in "
         "it):</p>\n" +
         bars(all, "Cycles of each interrupt");
}

std::string memory_bars(const Sections& sections) {
  std::vector<Bar> flash, ram;
  for (const char* board : {"flm02b", "flm02a"}) {
    const FigureSection* section = find(sections, board);
    if (section == nullptr) continue;
    const auto add = [&](std::vector<Bar>& all, const char* key, double limit) {
      const Figure* figure = find(*section, key);
      if (figure == nullptr) return;
      std::string digits = figure->stock;
      std::erase(digits, ' ');
      if (const double stock = digits.empty() ? 0.0 : std::strtod(digits.c_str(), nullptr); stock > 0.0)
        all.push_back({fmt::format("{}, stock", board), "true", 0, stock, {}, figure->stock});
      all.push_back(
          {board, "read", 0, figure->value, {}, figure->value_text() + " of " + fmt::format("{:g}", limit)});
    };
    add(flash, "flash", 16384);
    add(ram, "ram_stack", 1024);
  }
  if (flash.empty()) return {};
  return "<section>\n<h2>Flash, and RAM with the deepest stack</h2>\n" + bars(flash, "Flash") +
         bars(ram, "RAM and stack") + "</section>\n";
}

std::string table(const FigureSection& section) {
  if (section.figures.empty()) return {};
  const bool stock = std::any_of(section.figures.begin(), section.figures.end(),
                                 [](const Figure& f) { return !f.stock.empty(); });
  std::string out = fmt::format(
      "<div class=\"scroll\"><table>\n<tr><th>figure</th>{}<th>budget</th><th class=\"n\">this "
      "build</th><th></th></tr>\n",
      stock ? "<th>stock</th>" : "");
  for (const Figure& f : section.figures)
    out += fmt::format("<tr><td>{}</td>{}<td>{}</td><td class=\"n\">{}</td><td class=\"{}\">{}</td></tr>\n",
                       svg::escape(f.name), stock ? "<td>" + svg::escape(f.stock) + "</td>" : "",
                       svg::escape(f.budget_text()), svg::escape(f.value_text()), f.holds() ? "good" : "bad",
                       f.kind == Figure::Budget::none ? ""
                       : f.holds()                    ? "holds"
                                                      : "over budget");
  return out + "</table></div>\n";
}

std::string machine() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "an unknown processor";
}

std::string html(const Sections& sections) {
  int budgets = 0, over = 0;
  for (const FigureSection& section : sections)
    for (const Figure& f : section.figures) {
      if (f.kind != Figure::Budget::none) ++budgets;
      if (!f.holds()) ++over;
    }
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n"
      "<title>OpenFLM: figures</title>\n<style>\n{}.d {{ color: var(--purple); }} .e {{ color: var(--ink); "
      "}} .limit {{ color: var(--soft); }}\n"
      "svg .bar {{ stroke: currentColor; stroke-width: 12; opacity: .45; }} svg .mark {{ stroke: "
      "currentColor; stroke-width: 3; }}\n</style>\n</head>\n<body>\n",
      flm::sim::report::style_sheet());
  out += fmt::format(
      "<header><h1>OpenFLM: figures</h1><span class=\"verdict "
      "{}\">{}</span></header>\n<dl><div><dt>Measured</dt><dd>{:%Y-%m-%d %H:%M} UTC</dd></div>"
      "<div><dt>on</dt><dd>{}</dd></div><div><dt>Budgets</dt><dd>{}</dd></div></dl>\n",
      over == 0 ? "good" : "bad", over == 0 ? "every budget holds" : fmt::format("{} over budget", over),
      fmt::gmtime(std::time(nullptr)), svg::escape(machine()), budgets);
  out += memory_bars(sections);
  for (const FigureSection& section : sections) {
    out += fmt::format("<section>\n<h2>{}</h2>\n", svg::escape(section.title));
    if (!section.curves.empty()) {
      const double range = section.key.ends_with("_1910us") ? kUsualRange : kSlowRange;
      out +=
          "<p>This build, beside the limits of a class 1 meter (IEC 62053-21, sinusoidal currents, power "
          "factor 1, basic current 10 A):</p>\n" +
          accuracy_plot(section, false, range) + left_out(section, range);
      out += "<p>The stock firmware, a rectified mean:</p>\n" + accuracy_plot(section, true, kStockRange);
    }
    out += interrupt_bars(section);
    out += table(section);
    out += "</section>\n";
  }
  return out +
         "<footer>Made by <code>./dev figures</code>. Stock: the firmware that the boards were shipped with, "
         "built with the same compiler, measured on the same emulator.</footer>\n</body>\n</html>\n";
}

std::string markdown(const Sections& sections) {
  std::string out = "# OpenFLM: figures\n";
  for (const FigureSection& section : sections) {
    out += fmt::format("\n## {}\n\n| figure | stock | budget | this build | |\n|---|---|---|---|---|\n",
                       section.title);
    for (const Figure& f : section.figures)
      out += fmt::format("| {} | {} | {} | {} | {} |\n", f.name, f.stock, f.budget_text(), f.value_text(),
                         f.holds() ? "" : "**over budget**");
  }
  return out;
}

/// 13960 as "13 960".
std::string grouped(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", std::abs(value), decimals);
  const std::size_t point = std::min(text.find('.'), text.size());
  if (point > 3)
    for (std::size_t at = point; at > 3;) text.insert(at -= 3, " ");
  return (value < 0 && text.find_first_not_of("0. ") != text.npos ? "-" : "") + text;
}

/// The figures that a placeholder means: "section.key", or all keys that begin alike: "section.sine_*".
std::vector<double> values_of(const Sections& sections, const std::string& place) {
  const std::size_t dot = place.find('.');
  const FigureSection* section = find(sections, place.substr(0, dot));
  std::vector<double> values;
  if (section == nullptr || dot == place.npos) return values;
  const std::string key = place.substr(dot + 1);
  for (const Figure& f : section->figures)
    if (f.key == key || (key.ends_with('*') && f.key.starts_with(key.substr(0, key.size() - 1))))
      values.push_back(f.value);
  return values;
}

/// Fills a template in: {section.key} or {section.key:decimals}; of several values, their range with signs.
/// Says which ones are not there.
std::string filled_in(const std::string& text, const Sections& sections, std::vector<std::string>& missing) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find('{', at), close = open == text.npos ? text.npos : text.find('}', open);
    if (close == text.npos) {
      out += text.substr(at);
      break;
    }
    out += text.substr(at, open - at);
    std::string place = text.substr(open + 1, close - open - 1);
    int decimals = 0;
    if (const std::size_t colon = place.find(':'); colon != place.npos) {
      decimals = std::stoi(place.substr(colon + 1));
      place.resize(colon);
    }
    const std::vector<double> values = values_of(sections, place);
    if (values.empty()) missing.push_back(place);
    const auto text_of = [&](double value) {
      return place.ends_with('*') ? fmt::format("{:+.{}f}", value, decimals) : grouped(value, decimals);
    };
    if (!values.empty()) {
      const auto [low, high] = std::minmax_element(values.begin(), values.end());
      out += text_of(*low);
      if (text_of(*low) != text_of(*high)) out += " to " + text_of(*high);
    }
    at = close + 1;
  }
  return out;
}

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw InputError(fmt::format("{}: cannot be read", file.string()));
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const fs::path& file, const std::string& text) {
  std::error_code ignored;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), ignored);
  flm::AtomicFile out(file);
  out.write(text);
  out.commit();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Makes the pages of figures. Exit status 1 when a budget is broken, or with --check when --page is "
      "stale."};
  std::string html_file, markdown_file, plot_file, page_file;
  std::vector<std::string> files;
  bool check = false;
  app.add_option("FIGURES", files,
                 "what the programs have measured (.json); a file that is not there is left out")
      ->required();
  app.add_option("--html", html_file, "page to write");
  app.add_option("--markdown", markdown_file, "the same as Markdown");
  app.add_option("--plot", plot_file, "plot of the errors by current (.svg)");
  app.add_option("--page", page_file, "page (.md) to fill in from FILE.in");
  app.add_flag("--check", check, "write nothing; compare");
  CLI11_PARSE(app, argc, argv);
  try {
    Sections sections;
    for (const std::string& file : files) {
      if (!fs::exists(file)) {
        if (!check) fmt::print("not on the page: {} is not there\n", file);
        continue;
      }
      for (FigureSection& section : load(file)) sections.push_back(std::move(section));
    }
    int over = 0;
    for (const FigureSection& section : sections)
      for (const Figure& f : section.figures)
        if (!f.holds()) ++over;
    if (!page_file.empty()) {
      std::vector<std::string> missing;
      const std::string page = fs::exists(page_file) ? read(page_file) : "",
                        wanted = filled_in(read(page_file + ".in"), sections, missing);
      if (!missing.empty()) {
        fmt::print("SKIPPED: {}: not measured here: {}\n", page_file, fmt::join(missing, ", "));
      } else if (check && wanted != page) {
        std::istringstream is(page), should(wanted);
        for (std::string a, b; std::getline(is, a) && std::getline(should, b);)
          if (a != b) fmt::print("{}: says\n  {}\nmeasured is\n  {}\n", page_file, a, b);
        fmt::print("{}: its figures are stale; ./dev figures writes them anew\n", page_file);
        return 1;
      } else if (!check) {
        write(page_file, wanted);
      } else {
        fmt::print("{}: its figures are those that were measured\n", page_file);
      }
    }
    if (check) return 0;
    if (!html_file.empty()) write(html_file, html(sections));
    if (!plot_file.empty())
      if (const FigureSection* section = find(sections, "accuracy_flm02b_1910us"))
        write(plot_file, alone(accuracy_plot(*section, false, kUsualRange)));
    if (!markdown_file.empty()) write(markdown_file, markdown(sections));
    if (!html_file.empty()) fmt::print("\n{} of the budgets broken; the page: {}\n", over, html_file);
    return over == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "figures_page: {}\n", error.what());
    return 2;
  }
}
