// History: the server's queries on the same path as the last minute, drawn; what is chosen stands in the
// address, and is kept for the next visit.
import {by_id, clock, colour_of, date_and_clock, element, get, name_of, notice, number, repeat, set_text, store, units,
  units_of} from "./flm.js";
import {Chart} from "./chart.js";

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
};
const most_rows = 1500;
const shortest_span = 600;

/// Seconds of a year, by which the units per year were stretched.
const year_s = 31536000;
/// What a mean in a unit comes to over some seconds: [factor of value times seconds, unit, decimals].
const sums = {
  watt: [1 / 3600000, "kWh", 3],
  kwhperyear: [1 / year_s, "kWh", 3],
  eurperyear: [1 / year_s, "EUR", 2],
  lperday: [1 / 86400, "L", 1],
  lpermin: [1 / 60, "L", 1],
  m3peryear: [1 / year_s, "m³", 3],
};

// What is chosen.
let sensors = [];
const choice = {range: "day", start: null, end: null, unit: "watt", resolution: "auto", numbers: null};

function read_choice() {
  const text = location.search.length > 1 ? location.search : store.get("history") ?? "";
  const parameters = new URLSearchParams(text);
  const whole = (key) => /^\d{1,10}$/.test(parameters.get(key) ?? "") ? Number(parameters.get(key)) : null;
  if (Object.hasOwn(ranges, parameters.get("range"))) choice.range = parameters.get("range");
  if (Object.hasOwn(units, parameters.get("unit"))) choice.unit = parameters.get("unit");
  if (Object.hasOwn(resolutions, parameters.get("resolution"))) choice.resolution = parameters.get("resolution");
  choice.start = whole("start");
  choice.end = whole("end");
  if (choice.start === null || choice.end === null || choice.end <= choice.start) choice.start = choice.end = null;
  const numbers = (parameters.get("sensors") ?? "").split(",").filter((n) => /^\d{1,2}$/.test(n)).map(Number);
  choice.numbers = numbers.length ? new Set(numbers) : null;
}

function keep_choice() {
  const parameters = new URLSearchParams({range: choice.range, unit: choice.unit});
  if (choice.resolution !== "auto") parameters.set("resolution", choice.resolution);
  parameters.set("sensors", [...choice.numbers].sort((a, b) => a - b).join(","));
  // What was looked at last is kept, not when.
  store.set("history", parameters.toString());
  if (choice.start !== null) {
    parameters.set("start", choice.start);
    parameters.set("end", choice.end);
  }
  // A comma needs no escape in a query, and is easier to read.
  history.replaceState(null, "", `${location.pathname}?${parameters.toString().replaceAll("%2C", ",")}`);
}

const fits = (sensor) => units_of(sensor.type).includes(choice.unit);
const shown = () => sensors.filter((sensor) => fits(sensor) && choice.numbers.has(sensor.number));
const moved = () => choice.start !== null;

/// The main board's time, s; a simulated board's days may be shorter than ours.
let clock_ahead = 0;
const site_now = () => Math.floor(Date.now() / 1000 + clock_ahead);

function span() {
  const now = site_now();
  return moved() ? [choice.start, choice.end] : [now - ranges[choice.range].seconds, now];
}

function resolution() {
  const [from, to] = span();
  const possible = (name) =>
    (to - from) / resolutions[name].seconds <= most_rows && to - from <= resolutions[name].longest + 3600;
  if (choice.range === "night" && !moved())
    return ["day", "week"].includes(choice.resolution) ? choice.resolution : "day";
  if (choice.resolution !== "auto" && possible(choice.resolution)) return choice.resolution;
  if (!moved() && choice.resolution === "auto") return ranges[choice.range].resolution;
  return Object.keys(resolutions).find((name) => possible(name) && (to - from) / resolutions[name].seconds <= 800)
    ?? "week";
}

function query() {
  const when = moved() ? `start=${choice.start}&end=${choice.end}` : `interval=${choice.range}`;
  return `version=1.0&${when}&resolution=${resolution()}&unit=${choice.unit}`;
}

// What is drawn.
const has_mouse = matchMedia("(hover: hover)").matches;
let rows = [];      // [Date, value or null, ...]: from a bin's begin on, as steps
let columns = [];   // sensors of the values
let asked = 0;      // which answer counts: that to the last question

const chart = new Chart(by_id("chart"), {
  steps: true,
  selected: (row) => point(row),
  zoomed: (from, to) => zoom(Math.round(from / 1000), Math.round(to / 1000)),
});

async function load() {
  const mine = ++asked;
  keep_choice();
  show_choice();
  const card = by_id("chart").closest("section");
  card.setAttribute("aria-busy", "true");
  clock_ahead = await get("/api/status").then((status) => status.time - Date.now() / 1000, () => clock_ahead);
  if (mine !== asked) return;
  const wanted = shown(), text = query(), step = resolutions[resolution()].seconds;
  let answers;
  try {
    answers = await Promise.all(wanted.map((sensor) => get(`/sensor/${sensor.sid}?${text}`)));
  } catch (error) {
    if (mine === asked) {
      notice(error.message);
      card.removeAttribute("aria-busy");
    }
    return;
  }
  if (mine !== asked) return;
  card.removeAttribute("aria-busy");
  notice();
  const by_time = new Map();
  answers.forEach((answer, at) => {
    for (const [end, value] of answer) {
      const begin = end - step;
      if (!by_time.has(begin)) by_time.set(begin, wanted.map(() => null));
      if (value !== "nan") by_time.get(begin)[at] = value;
    }
  });
  const times = [...by_time.keys()].sort((a, b) => a - b);
  // An unfinished bin is not there yet.
  while (times.length && times.at(-1) + step > site_now() && by_time.get(times.at(-1)).every((value) => value === null)) times.pop();
  rows = times.map((time) => [new Date(time * 1000), ...by_time.get(time)]);
  columns = wanted;
  draw(step);
}

function draw(step) {
  // A last step has to end somewhere.
  const drawn = rows.length ? [...rows, [new Date(rows.at(-1)[0].getTime() + step * 1000), ...rows.at(-1).slice(1)]] : [];
  chart.draw(drawn, columns.map(colour_of), rows.length ? undefined : span().map((time) => time * 1000));
  const any = rows.some((row) => row.slice(1).some((value) => value !== null));
  set_text(by_id("note"), !sensors.length ? "No sensor that counts is enabled."
    : !columns.length ? "Choose a sensor above."
    : !any ? "There is nothing in this time."
    : `${units[choice.unit]}; a step is the mean of ${resolutions[resolution()].name}`
      + (choice.range === "night" && !moved() ? ", from 02:00 to 05:00 only" : step >= 86400 ? ", by UTC" : "")
      + (has_mouse ? ". Drag over the chart to zoom, double-click to go back." : "."));
  summarise(step);
  point();
}

/// Four digits, at most so many decimals.
function amount(value, unit, places) {
  const whole_digits = Math.floor(Math.log10(Math.max(1, Math.abs(value)))) + 1;
  return `${number(value, Math.min(places, Math.max(0, 4 - whole_digits)), true)} ${unit}`;
}

function summarise(step) {
  const [factor, unit, places] = sums[choice.unit];
  const body = by_id("summary").tBodies[0];
  body.replaceChildren(...columns.map((sensor, at) => {
    const values = rows.map((row) => row[at + 1]).filter((value) => value !== null);
    const sum = values.reduce((total, value) => total + value, 0);
    const of_unit = (value) => values.length ? `${number(value)} ${units[choice.unit]}` : "–";
    const cell = (label, text, properties = {}) => element("td", {"data-label": label, ...properties}, text);
    const nights = choice.range === "night" && !moved();
    return element("tr", {"data-series": colour_of(sensor)},
      element("th", {scope: "row"}, element("span", {className: "dot"}), name_of(sensor)),
      cell("At the cursor", "–", {className: "cursor"}),
      cell("Mean", of_unit(sum / values.length)),
      cell("Lowest", of_unit(Math.min(...values))),
      cell("Highest", of_unit(Math.max(...values))),
      cell("Sum", values.length && !nights ? amount(sum * step * factor, unit, places) : "–"));
  }));
}

/// "Sat, Nov 28, 14:15 – 14:30": the time of a row.
function time_of(row) {
  const step = resolutions[resolution()].seconds;
  const begin = rows[row][0], end = new Date(begin.getTime() + step * 1000);
  if (step < 86400) return `${date_and_clock(begin)} – ${clock(end, false)}`;
  const utc = {weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC"};
  if (step === 86400) return begin.toLocaleDateString(undefined, utc);
  return `${begin.toLocaleDateString(undefined, utc)} – ${new Date(end - 1).toLocaleDateString(undefined, utc)}`;
}

/// Shows the values of a row; without one the whole time.
function point(row) {
  if (row !== undefined) row = Math.min(row, rows.length - 1);
  const cells = by_id("summary").querySelectorAll(".cursor");
  columns.forEach((sensor, at) => {
    const value = row === undefined ? null : rows[row][at + 1];
    if (cells[at]) set_text(cells[at], value === null ? "–" : `${number(value)} ${units[choice.unit]}`);
  });
  if (row !== undefined) {
    const values = columns.length === 1 && rows[row][1] !== null ? `: ${number(rows[row][1])} ${units[choice.unit]}` : "";
    set_text(by_id("readout"), time_of(row) + values);
    return;
  }
  const [from, to] = span().map((time) => date_and_clock(new Date(time * 1000)));
  set_text(by_id("readout"), `${from} – ${to}`);
  by_id("chart").setAttribute("aria-label", `Chart of ${columns.map(name_of).join(", ") || "no sensor"}, ${from} to ${to}; the table below sums it up`);
}

// What the user does.

function zoom(from, to) {
  const now = site_now();
  if (to - from < shortest_span) {
    const middle = Math.round((from + to) / 2);
    [from, to] = [middle - shortest_span / 2, middle + shortest_span / 2];
  }
  if (to > now) [from, to] = [from - (to - now), now];
  [choice.start, choice.end] = [Math.max(0, from), to];
  load();
}

function back() {
  choice.start = choice.end = null;
  load();
}

function shift(spans) {
  const [from, to] = span();
  const by = Math.round((to - from) * spans);
  if (to + by >= site_now() - 60 && to - from === ranges[choice.range].seconds) back();
  else zoom(from + by, to + by);
}

function scale(factor) {
  const [from, to] = span();
  const length = Math.min((to - from) * factor, ranges.year.seconds * 10);
  // What ends now stays so.
  const end = moved() ? Math.round((from + to + length) / 2) : to;
  zoom(Math.round(end - length), end);
}

/// Rows as the chart has them, a column a sensor; time stamps are the begins of the steps.
function csv() {
  // A name that a spreadsheet would take as a formula is text there, too.
  const quoted = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  const lines = [["time", ...columns.map((sensor) => quoted(`${name_of(sensor)} [${units[choice.unit]}]`))].join(",")];
  for (const [time, ...values] of rows) lines.push([time.toISOString(), ...values.map((value) => value ?? "")].join(","));
  const link = element("a", {
    href: URL.createObjectURL(new Blob([lines.join("\r\n"), "\r\n"], {type: "text/csv"})),
    download: `flm-${choice.range}-${new Date(span()[1] * 1000).toISOString().slice(0, 10)}.csv`,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function show_choice() {
  for (const input of by_id("ranges").querySelectorAll("input")) input.checked = input.value === choice.range && !moved();
  by_id("unit").value = choice.unit;
  by_id("resolution").value = choice.resolution;
  const night = choice.range === "night" && !moved();
  for (const id of ["earlier", "closer", "wider"]) by_id(id).disabled = night;
  by_id("later").disabled = !moved();
  by_id("csv").disabled = columns.length === 0 && shown().length === 0;
  for (const chip of by_id("sensors").querySelectorAll("label")) {
    const sensor = sensors.find((s) => s.number === Number(chip.dataset.number));
    chip.hidden = !fits(sensor);
    chip.querySelector("input").checked = choice.numbers.has(sensor.number);
  }
}

function build() {
  by_id("ranges").append(...Object.keys(ranges).map((name) =>
    element("label", {className: "segment"}, element("input", {type: "radio", name: "range", value: name}), name)));
  const kinds = [...new Set(sensors.flatMap((sensor) => units_of(sensor.type)))];
  if (kinds.length && !kinds.includes(choice.unit)) choice.unit = kinds[0];
  by_id("unit").append(...kinds.map((unit) => element("option", {value: unit}, units[unit])));
  by_id("resolution").append(element("option", {value: "auto"}, "automatic"),
    ...Object.entries(resolutions).map(([name, row]) => element("option", {value: name}, row.name)));
  by_id("sensors").append(...sensors.map((sensor) =>
    element("label", {className: "chip", "data-series": colour_of(sensor), "data-number": sensor.number},
            element("input", {type: "checkbox", value: sensor.number}), name_of(sensor))));
  choice.numbers ??= new Set(sensors.map((sensor) => sensor.number).slice(0, 1));

  by_id("controls").addEventListener("submit", (event) => event.preventDefault());
  by_id("ranges").addEventListener("change", (event) => {
    choice.range = event.target.value;
    back();
  });
  by_id("unit").addEventListener("change", (event) => {
    choice.unit = event.target.value;
    // Another kind of sensor: the first of it, if none was chosen.
    if (!shown().length) sensors.filter(fits).slice(0, 1).forEach((sensor) => choice.numbers.add(sensor.number));
    load();
  });
  by_id("resolution").addEventListener("change", (event) => {
    choice.resolution = event.target.value;
    load();
  });
  by_id("sensors").addEventListener("change", (event) => {
    const n = Number(event.target.value);
    if (event.target.checked) choice.numbers.add(n);
    else choice.numbers.delete(n);
    load();
  });
  by_id("earlier").addEventListener("click", () => shift(-1));
  by_id("later").addEventListener("click", () => shift(1));
  by_id("closer").addEventListener("click", () => scale(0.5));
  by_id("wider").addEventListener("click", () => scale(2));
  by_id("csv").addEventListener("click", csv);
  by_id("chart").addEventListener("dblclick", back);
}

async function begin() {
  read_choice();
  for (;;) {
    try {
      sensors = (await get("/api/sensors")).filter((sensor) => units_of(sensor.type).length);
      break;
    } catch (error) {
      notice(error.message);
      await new Promise((resume) => setTimeout(resume, 3000));
    }
  }
  build();
  if (!shown().length && !location.search) sensors.filter(fits).slice(0, 1).forEach((sensor) => choice.numbers.add(sensor.number));
  // What ends now moves on.
  await load();
  repeat(60, async () => { if (!moved()) await load(); });
}
begin();
