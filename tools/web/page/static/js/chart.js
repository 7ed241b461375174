// A chart by dygraphs in the colours of the page. Series have no name in it: dygraphs would take it as markup.
/* global Dygraph */
import {number} from "./units.js";

// The legend writes styles into the page's text, which the pages' policy forbids; the pages have their own.
Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);

const dark = matchMedia("(prefers-color-scheme: dark)");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const axis_number = (value) => number(value, 3);

/// Draws rows of [Date, value or null, ...] in the element. colours: numbers of the series, 1 to 8.
export class Chart {
  /// still: a chart that is only looked at. steps: each value holds until the next row; without, a line goes from value to value.
  /// selected: is given row number and time where the pointer is, and nothing when it leaves. zoomed: is given the times between which
  /// the user drew.
  constructor(target, {still = false, steps = false, zero = true, selected, zoomed} = {}) {
    this.target = target;
    this.still = still;
    this.steps = steps;
    this.zero = zero;
    this.selected = selected;
    this.zoomed = zoomed;
    this.colours = [];
    this.rows = [];
    dark.addEventListener("change", () => this.graph && this.graph.updateOptions(this.looks()));
  }

  looks() {
    return {
      colors: this.colours.map((n) => colour(`--series-${n}`)),
      gridLineColor: colour("--line"),
      axisLineColor: colour("--line"),
      fillGraph: this.zero && this.colours.length === 1,
      fillAlpha: 0.14,
    };
  }

  /// window: [from, to] in ms; absent: all rows.
  draw(rows, colours, window) {
    const changed = colours.join() !== this.colours.join();
    this.colours = colours;
    this.rows = rows;
    const range = this.range_of(rows);
    const options = {
      file: rows.length ? rows : [[new Date(window ? window[1] : Date.now()), ...colours.map(() => null)]],
      dateWindow: window ?? null,
      valueRange: range,
      stepPlot: this.steps,
      connectSeparatedPoints: !this.steps,  // of several sensors, each at times of its own; steps have gaps
      ...(changed || !this.graph ? this.looks() : {}),
    };
    if (this.graph && !changed) {
      this.graph.updateOptions(options);
      return;
    }
    this.end();
    const {file, ...rest} = options;
    const model = this.still ? {} : {...Dygraph.defaultInteractionModel};
    // A finger scrolls the page; what it would zoom, the buttons do.
    // A double click goes back to what the page says.
    for (const gesture of ["touchstart", "touchmove", "touchend", "dblclick"]) delete model[gesture];
    const graph = new Dygraph(this.target, file, {
      ...rest,
      labels: ["time", ...colours.map((_, at) => `s${at}`)],
      interactionModel: model,
      strokeWidth: 1.75,
      highlightCircleSize: this.still ? 3 : 4,
      axisLabelFontSize: 12,
      rightGap: 2,
      xRangePad: 0,
      gridLineWidth: 1,
      axes: {
        x: {drawGrid: false, axisLabelWidth: 64, pixelsPerLabel: this.target.clientWidth < 400 ? 56 : 84},
        y: {axisLabelFormatter: axis_number, axisLabelWidth: this.still ? 44 : 54, pixelsPerLabel: this.still ? 26 : 44},
      },
      highlightCallback: (event, x, points, row) => this.selected?.(row, x),
      unhighlightCallback: () => this.selected?.(),
      zoomCallback: (from, to) => {
        const [first, last] = graph.xAxisExtremes();
        // Values are zoomed by themselves: a drag up or down changes nothing.
        if (to - from > 0.98 * (last - first)) graph.updateOptions({dateWindow: null, valueRange: this.range_of(this.rows)});
        else this.zoomed?.(from, to);
      },
    });
    this.graph = graph;
  }

  /// From 0 on where that is natural, with some room above.
  range_of(rows) {
    let least = this.zero ? 0 : Infinity, most = this.zero ? 0 : -Infinity;
    for (const row of rows)
      for (let at = 1; at < row.length; ++at) {
        const value = row[at];
        if (value === null || Number.isNaN(value)) continue;
        if (value < least) least = value;
        if (value > most) most = value;
      }
    if (least > most) return [0, 1];
    if (this.zero) most = Math.max(most, least + 10);  // zeros alone are no noise
    const room = (most - least || Math.abs(most) || 1) * 0.08;
    return [least === 0 && this.zero ? 0 : least - room, most + room];
  }

  end() {
    this.graph?.destroy();
    this.graph = undefined;
  }
}
