// What sensors counted, by the time: chart, table and CSV, asked by the queries of API 1.0. What is chosen stands in the page's address, and
// is kept for the next visit.
import {by_id, element, get, notice, repeat, set_text} from "./page.js";
import {Chart} from "./chart.js";
import {clock, date_and_clock, number, sums, units, units_of} from "./units.js";

/// Seconds of a range, and how finely it is asked by itself. night has no span of its own: it cannot be moved.
const ranges = {
  hour: {seconds: 3600, resolution: "minute"},
  day: {seconds: 86400, resolution: "15min"},
  week: {seconds: 604800, resolution: "hour"},
  month: {seconds: 2419200, resolution: "day"},
  year: {seconds: 31536000, resolution: "week"},
  night: {seconds: 2419200, resolution: "day"},
};

/// Seconds of a row, and the longest time that rows of it may cover.
const resolutions = {
  "minute": {seconds: 60, longest: 86400, name: "a minute"},
  "15min": {seconds: 900, longest: 604800, name: "15 minutes"},
  "hour": {seconds: 3600, longest: 315360000, name: "an hour"},
  "day": {seconds: 86400, longest: 31536000, name: "a day"},
  "week": {seconds: 604800, longest: 315360000, name: "a week"},
  "month": {seconds: 2629800, longest: 315360000, name: "a month"},  // of the calendar: more or less
};
const most_rows = 1500;
const shortest_span = 600;

/// How often a chart that ends now is asked anew, and one that is live, s.
const pause = 60, live_pause = 2;

/// A row's time stamp is its end. Where it begins and ends, s: a month on the first of the calendar's months by UTC, whatever the
/// zone, so that those of people in several stand in one column.
function bounds_of(end, name) {
  if (name !== "month") return [end - resolutions[name].seconds, end];
  const day = new Date((end + 14 * 3600) * 1000);  // no zone is farther ahead
  const first = (month) => Date.UTC(day.getUTCFullYear(), month, 1) / 1000;
  return [first(day.getUTCMonth() - 1), first(day.getUTCMonth())];
}

const has_mouse = matchMedia("(hover: hover)").matches;

/// Four digits, at most so many decimals.
function amount(value, unit, places) {
  const whole_digits = Math.floor(Math.log10(Math.max(1, Math.abs(value)))) + 1;
  return `${number(value, Math.min(places, Math.max(0, 4 - whole_digits)), true)} ${unit}`;
}

/// A name that a spreadsheet would take as a formula is text there, too.
const quoted = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;

const button = (id, title, text) => element("button", {id, type: "button", title, "aria-label": title}, text);

export class Explorer {
  /// target: an empty element of the page.
  /// sensors: {key, sid, name, type, colour, group} each; key: of digits and letters, stands in the address; group: whose they are;
  /// colour: 1 to 8. Those that count nothing are left out.
  /// ahead: promises the server's clock against the browser's, s. kept: what keep() was given at the last visit, a text.
  /// live: where there is a range of this name; is given sensor and unit, and promises {points: [[s, value], ...], seconds: of its window}.
  constructor(target, {sensors, ahead, kept, keep, live}) {
    this.sensors = sensors.filter((sensor) => units_of(sensor.type).length);
    this.ahead = ahead;
    this.keep = keep;
    this.live = live;
    this.clock_ahead = 0;
    this.choice = {range: "day", start: null, end: null, unit: "watt", resolution: "auto", keys: new Set()};
    this.rows = [];      // [Date, value or null, ...]: from a row's begin on
    this.ends = [];      // of the rows, s
    this.known = null;   // [Map]: for how many s a value is known, by its row's begin; not of live points
    this.columns = [];   // sensors of the values
    this.asked = 0;      // which answer counts: that to the last question
    this.asked_at = 0;
    this.read_choice(location.search.length > 1 ? location.search : kept ?? "");
    this.build(target);
    this.chart = new Chart(by_id("chart"), {
      selected: (row) => this.point(row),
      zoomed: (from, to) => this.zoom(Math.round(from / 1000), Math.round(to / 1000)),
    });
    this.load().then(() => repeat(1, async () => {
      const wait = this.is_live() ? live_pause : this.moved() ? Infinity : pause;
      if (Date.now() - this.asked_at >= wait * 1000) await this.load();
    }));
  }

  // What is chosen.

  read_choice(text) {
    const {choice, sensors} = this;
    const parameters = new URLSearchParams(text);
    const whole = (key) => /^\d{1,10}$/.test(parameters.get(key) ?? "") ? Number(parameters.get(key)) : null;
    const range = parameters.get("range");
    if (Object.hasOwn(ranges, range) || (range === "live" && this.live)) choice.range = range;
    if (Object.hasOwn(resolutions, parameters.get("resolution"))) choice.resolution = parameters.get("resolution");
    choice.start = whole("start");
    choice.end = whole("end");
    if (choice.start === null || choice.end === null || choice.end <= choice.start) choice.start = choice.end = null;
    const kinds = this.kinds();
    choice.unit = kinds.includes(parameters.get("unit")) ? parameters.get("unit") : kinds[0] ?? "watt";
    const named = (parameters.get("sensors") ?? "").split(",");
    choice.keys = new Set(sensors.map((sensor) => sensor.key).filter((key) => named.includes(key)));
    if (!this.shown().length && !(location.search.length > 1 && choice.keys.size)) this.choose_first();
  }

  /// Without the time: what was looked at last is kept, not when.
  choice_text() {
    const {range, unit, resolution, keys} = this.choice;
    const parameters = new URLSearchParams({range, unit});
    if (resolution !== "auto") parameters.set("resolution", resolution);
    parameters.set("sensors", this.sensors.map((sensor) => sensor.key).filter((key) => keys.has(key)).join(","));
    // A comma needs no escape in a query, and is easier to read.
    return parameters.toString().replaceAll("%2C", ",");
  }

  keep_choice() {
    const text = this.choice_text(), {start, end} = this.choice;
    this.keep(text);
    history.replaceState(null, "", `${location.pathname}?${text}${this.moved() ? `&start=${start}&end=${end}` : ""}`);
  }

  kinds() { return [...new Set(this.sensors.flatMap((sensor) => units_of(sensor.type)))]; }
  fits(sensor) { return units_of(sensor.type).includes(this.choice.unit); }
  shown() { return this.sensors.filter((sensor) => this.fits(sensor) && this.choice.keys.has(sensor.key)); }
  choose_first() { this.sensors.filter((sensor) => this.fits(sensor)).slice(0, 1).forEach(({key}) => this.choice.keys.add(key)); }
  moved() { return this.choice.start !== null; }
  is_live() { return this.choice.range === "live" && !this.moved(); }
  is_night() { return this.choice.range === "night" && !this.moved(); }
  now() { return Math.floor(Date.now() / 1000 + this.clock_ahead); }

  span() {
    if (this.moved()) return [this.choice.start, this.choice.end];
    const now = this.now();
    return [now - (this.is_live() ? this.live_seconds ?? shortest_span : ranges[this.choice.range].seconds), now];
  }

  resolution() {
    const {choice} = this, [from, to] = this.span();
    const possible = (name) =>
      (to - from) / resolutions[name].seconds <= most_rows && to - from <= resolutions[name].longest + 3600;
    if (this.is_live()) return "minute";
    if (this.is_night()) return ["day", "week", "month"].includes(choice.resolution) ? choice.resolution : "day";
    if (choice.resolution !== "auto" && possible(choice.resolution)) return choice.resolution;
    if (!this.moved() && choice.resolution === "auto") return ranges[choice.range].resolution;
    return Object.keys(resolutions).find((name) => possible(name) && (to - from) / resolutions[name].seconds <= 800)
      ?? "week";
  }

  query() {
    const {choice} = this;
    const when = this.moved() ? `start=${choice.start}&end=${choice.end}` : `interval=${choice.range}`;
    return `version=1.0&${when}&resolution=${this.resolution()}&unit=${choice.unit}&known=true`;
  }

  // What is drawn.

  async load() {
    const mine = ++this.asked;
    this.asked_at = Date.now();
    this.keep_choice();
    this.show_choice();
    const card = by_id("chart").closest("section"), live = this.is_live();
    if (!live) card.setAttribute("aria-busy", "true");
    this.clock_ahead = await this.ahead();
    if (mine !== this.asked) return;
    const wanted = this.shown(), text = this.query(), unit = this.choice.unit;
    let answers;
    try {
      answers = await Promise.all(wanted.map((sensor) => live ? this.live(sensor, unit) : get(`/sensor/${sensor.sid}?${text}`)));
      if (mine === this.asked) notice();
    } catch (error) {
      if (mine === this.asked) notice(error.message);
    }
    if (mine !== this.asked) return;
    card.removeAttribute("aria-busy");
    if (!answers) return;
    this.columns = wanted;
    if (live) this.take_live(answers);
    else this.take_rows(answers);
    this.draw();
  }

  take_rows(answers) {
    const name = this.resolution();
    const by_begin = new Map();  // end and values
    this.known = answers.map(() => new Map());
    answers.forEach((answer, at) => {
      for (const [stamp, value, known] of answer) {
        const [begin, end] = bounds_of(stamp, name);
        if (!by_begin.has(begin)) by_begin.set(begin, [end, ...answers.map(() => null)]);
        if (value === "nan") continue;
        by_begin.get(begin)[at + 1] = value;
        this.known[at].set(begin, known);
      }
    });
    const begins = [...by_begin.keys()].sort((a, b) => a - b);
    // An unfinished row is not there yet.
    const is_open = ([end, ...values]) => end > this.now() && values.every((value) => value === null);
    while (begins.length && is_open(by_begin.get(begins.at(-1)))) begins.pop();
    this.ends = begins.map((begin) => by_begin.get(begin)[0]);
    this.rows = begins.map((begin) => [new Date(begin * 1000), ...by_begin.get(begin).slice(1)]);
  }

  /// Points of several sensors at times of their own.
  take_live(answers) {
    this.live_seconds = Math.min(3600, ...answers.map((answer) => answer.seconds));
    const by_time = new Map();
    answers.forEach(({points}, at) => {
      for (const [time, value] of points) {
        if (time < this.now() - this.live_seconds) continue;
        if (!by_time.has(time)) by_time.set(time, answers.map(() => null));
        by_time.get(time)[at] = value;
      }
    });
    this.known = null;
    this.ends = [...by_time.keys()].sort((a, b) => a - b);
    this.rows = this.ends.map((time) => [new Date(time * 1000), ...by_time.get(time)]);
  }

  draw() {
    const {rows, columns, choice} = this, live = this.is_live();
    // A last step has to end somewhere.
    const drawn = rows.length && !live ? [...rows, [new Date(this.ends.at(-1) * 1000), ...rows.at(-1).slice(1)]] : rows;
    this.chart.steps = !live;
    this.chart.draw(drawn, columns.map((sensor) => sensor.colour), rows.length && !live ? undefined : this.span().map((time) => time * 1000));
    const any = rows.some((row) => row.slice(1).some((value) => value !== null));
    const name = this.resolution();
    set_text(by_id("note"), !this.sensors.length ? "No sensor that counts is enabled."
      : !columns.length ? "Choose a sensor above."
      : !any ? "There is nothing in this time."
      : live ? `${units[choice.unit]}; ${this.live_seconds <= shortest_span ? "from the meter itself, by the second." : "the newest that came, by the minute."}`
      : `${units[choice.unit]}; a step is the mean of ${resolutions[name].name}`
        + (this.is_night() ? ", from 02:00 to 05:00 only" : name === "day" || name === "week" ? ", by UTC" : "")
        + (has_mouse ? ". Drag over the chart to zoom, double-click to go back." : "."));
    this.summarise();
    this.point();
  }

  summarise() {
    const {rows, choice} = this;
    const [factor, unit, places] = sums[choice.unit];
    const body = by_id("summary").tBodies[0];
    body.replaceChildren(...this.columns.map((sensor, at) => {
      const with_value = rows.filter((row) => row[at + 1] !== null);
      const values = with_value.map((row) => row[at + 1]);
      // A row counts for as long as it is known; a live point as much as another.
      const weights = with_value.map((row) => this.known ? this.known[at].get(row[0] / 1000) : 1);
      const sum = values.reduce((total, value, of) => total + value * weights[of], 0);
      const mean = sum / weights.reduce((total, weight) => total + weight, 0);
      const of_unit = (value) => values.length ? `${number(value)} ${units[choice.unit]}` : "–";
      const cell = (label, text, properties = {}) => element("td", {"data-label": label, ...properties}, text);
      const has_sum = values.length && !this.is_night() && !this.is_live();
      return element("tr", {"data-series": sensor.colour},
        element("th", {scope: "row"}, element("span", {className: "dot"}), sensor.name),
        cell(this.is_live() ? "Now" : "At the cursor", "–", {className: "cursor"}),
        cell("Mean", of_unit(mean)),
        cell("Lowest", of_unit(Math.min(...values))),
        cell("Highest", of_unit(Math.max(...values))),
        cell("Sum", has_sum ? amount(sum * factor, unit, places) : "–"));
    }));
  }

  /// "Sat, Nov 28, 14:15 – 14:30": the time of a row.
  time_of(row) {
    const name = this.resolution();
    const begin = this.rows[row][0], end = new Date(this.ends[row] * 1000);
    if (this.is_live()) return clock(begin);
    if (resolutions[name].seconds < 86400) return `${date_and_clock(begin)} – ${clock(end, false)}`;
    const by_utc = (date, format) => date.toLocaleDateString(undefined, {year: "numeric", timeZone: "UTC", ...format});
    if (name === "month") return by_utc(begin, {month: "long"});
    const day = {weekday: "short", day: "numeric", month: "short"};
    if (name === "day") return by_utc(begin, day);
    return `${by_utc(begin, day)} – ${by_utc(new Date(end - 1), day)}`;
  }

  /// Shows the values of a row; without one the whole time.
  point(row) {
    const {rows, columns} = this;
    if (row !== undefined) row = Math.min(row, rows.length - 1);
    const cells = by_id("summary").querySelectorAll(".cursor");
    const text_of = (value) => value === null || value === undefined ? "–" : `${number(value)} ${units[this.choice.unit]}`;
    columns.forEach((sensor, at) => {
      if (cells[at]) set_text(cells[at], text_of(
        row !== undefined ? rows[row][at + 1] : this.is_live() ? rows.findLast((each) => each[at + 1] !== null)?.[at + 1] : null));
    });
    if (row !== undefined) {
      const value = columns.length === 1 && rows[row][1] !== null ? `: ${text_of(rows[row][1])}` : "";
      set_text(by_id("readout"), this.time_of(row) + value);
      return;
    }
    const [begin, end] = this.span().map((time) => new Date(time * 1000));
    const from = date_and_clock(begin), to = begin.toDateString() === end.toDateString() ? clock(end, false) : date_and_clock(end);
    set_text(by_id("readout"), `${from} – ${to}`);
    by_id("chart").setAttribute("aria-label",
      `Chart of ${columns.map((sensor) => sensor.name).join(", ") || "no sensor"}, ${from} to ${to}; the table below sums it up`);
  }

  // What the user does.

  zoom(from, to) {
    const now = this.now();
    if (to - from < shortest_span) {
      const middle = Math.round((from + to) / 2);
      [from, to] = [middle - shortest_span / 2, middle + shortest_span / 2];
    }
    if (to > now) [from, to] = [from - (to - now), now];
    [this.choice.start, this.choice.end] = [Math.max(0, from), to];
    this.load();
  }

  back() {
    this.choice.start = this.choice.end = null;
    this.load();
  }

  shift(spans) {
    const [from, to] = this.span();
    const by = Math.round((to - from) * spans);
    const range = ranges[this.choice.range]?.seconds ?? this.live_seconds;
    if (to + by >= this.now() - 60 && to - from === range) this.back();
    else this.zoom(from + by, to + by);
  }

  scale(factor) {
    const [from, to] = this.span();
    const length = Math.min((to - from) * factor, ranges.year.seconds * 10);
    // What ends now stays so.
    const end = this.moved() ? Math.round((from + to + length) / 2) : to;
    this.zoom(Math.round(end - length), end);
  }

  /// Rows as the chart has them, a column a sensor; time stamps are the begins of the steps.
  csv() {
    const names = this.columns.map((sensor) => quoted(`${sensor.name} [${units[this.choice.unit]}]`));
    const lines = [["time", ...names].join(",")];
    for (const [time, ...values] of this.rows) lines.push([time.toISOString(), ...values.map((value) => value ?? "")].join(","));
    const link = element("a", {
      href: URL.createObjectURL(new Blob([lines.join("\r\n"), "\r\n"], {type: "text/csv"})),
      download: `flm-${this.choice.range}-${new Date(this.span()[1] * 1000).toISOString().slice(0, 10)}.csv`,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  show_choice() {
    const {choice} = this;
    for (const input of by_id("ranges").querySelectorAll("input")) input.checked = input.value === choice.range && !this.moved();
    by_id("unit").value = choice.unit;
    by_id("resolution").value = choice.resolution;
    by_id("resolution").disabled = this.is_live();
    for (const id of ["earlier", "closer", "wider"]) by_id(id).disabled = this.is_night();
    by_id("closer").disabled ||= this.is_live();
    by_id("later").disabled = !this.moved();
    by_id("csv").disabled = this.columns.length === 0 && this.shown().length === 0;
    set_text(by_id("summary").querySelector("thead th:nth-child(2)"), this.is_live() ? "Now" : "At the cursor");
    for (const chip of by_id("sensors").querySelectorAll("label")) {
      const sensor = this.sensors.find((each) => each.key === chip.dataset.key);
      chip.hidden = !this.fits(sensor);
      chip.querySelector("input").checked = choice.keys.has(sensor.key);
    }
    for (const group of by_id("sensors").children) group.hidden = !group.querySelector("label:not([hidden])");
  }

  build(target) {
    const option = (value, text) => element("option", {value}, text);
    const names = [...(this.live ? ["live"] : []), ...Object.keys(ranges)];
    const column = (text) => element("th", {scope: "col"}, text);
    target.append(
      element("form", {id: "controls", className: "controls", onsubmit: (event) => event.preventDefault()},
        element("fieldset", {className: "segments"}, element("legend", {}, "Time"), element("div", {id: "ranges"}, ...names.map((name) =>
          element("label", {className: "segment"}, element("input", {type: "radio", name: "range", value: name}), name)))),
        element("label", {}, "Unit ", element("select", {id: "unit"}, ...this.kinds().map((unit) => option(unit, units[unit])))),
        element("label", {}, "Detail ", element("select", {id: "resolution"}, option("auto", "automatic"),
          ...Object.entries(resolutions).map(([name, row]) => option(name, row.name))))),
      element("div", {id: "sensors"}, ...[...new Set(this.sensors.map((sensor) => sensor.group))].map((group) =>
        element("fieldset", {className: "chips"}, element("legend", {}, group),
          ...this.sensors.filter((sensor) => sensor.group === group).map((sensor) =>
            element("label", {className: "chip", "data-series": sensor.colour, "data-key": sensor.key},
              element("input", {type: "checkbox", value: sensor.key}), sensor.name))))),
      element("section", {className: "card", "aria-label": "Chart"},
        element("div", {className: "bar"}, element("p", {id: "readout", className: "readout"}),
          element("div", {className: "buttons"}, button("earlier", "Earlier", "‹"), button("later", "Later", "›"),
            button("closer", "Zoom in", "+"), button("wider", "Zoom out", "−"), button("csv", "Save as CSV", "CSV"))),
        element("div", {id: "chart", className: "chart tall", role: "img", "aria-label": "Chart"}),
        element("p", {id: "note", className: "hint"})),
      element("section", {className: "card", "aria-label": "Summary"},
        element("table", {id: "summary", className: "summary"},
          element("thead", {}, element("tr", {}, column("Sensor"), column("At the cursor"), column("Mean"), column("Lowest"), column("Highest"),
            column("Sum"))),
          element("tbody"))));

    const {choice} = this;
    by_id("ranges").addEventListener("change", (event) => {
      choice.range = event.target.value;
      this.back();
    });
    by_id("unit").addEventListener("change", (event) => {
      choice.unit = event.target.value;
      // Another kind of sensor: the first of it, if none was chosen.
      if (!this.shown().length) this.choose_first();
      this.load();
    });
    by_id("resolution").addEventListener("change", (event) => {
      choice.resolution = event.target.value;
      this.load();
    });
    by_id("sensors").addEventListener("change", (event) => {
      if (event.target.checked) choice.keys.add(event.target.value);
      else choice.keys.delete(event.target.value);
      this.load();
    });
    by_id("earlier").addEventListener("click", () => this.shift(-1));
    by_id("later").addEventListener("click", () => this.shift(1));
    by_id("closer").addEventListener("click", () => this.scale(0.5));
    by_id("wider").addEventListener("click", () => this.scale(2));
    by_id("csv").addEventListener("click", () => this.csv());
    by_id("chart").addEventListener("dblclick", () => this.back());
  }
}
