// Live: a tile a sensor, with the last ten minutes, moved by /events.
import {by_id, element, get, notice, repeat, set_text} from "./page.js";
import {clock, counted, duration, number, units, units_of} from "./units.js";
import {colour_of, name_of} from "./flm.js";
import {Chart} from "./chart.js";

const window_s = 600;
const silence_s = 20;  // without any event: the connection is made anew

/// After so many seconds a reading is old. A pulse sensor's gauge falls by itself and then rests at 0.
const old_after = {analog: 30, cosem: 60, uart: 60, kube: 1200, pulse: 3600};

const class_names = {analog: "clamp", pulse: "pulses", cosem: "smart meter", uart: "serial line", kube: "kube"};

const tiles = new Map();  // by sid
let heard_at = 0;         // browser's time of the last event, ms
let connection = "opening";  // or "open", "lost"
let clock_ahead = 0;      // the main board's clock against the browser's, s
let board_trouble = "";

const browser_now = () => Date.now() / 1000;
const now = () => browser_now() + clock_ahead;

class Tile {
  constructor(sensor) {
    this.points = [];  // [s, value], ascending
    this.gauge = null;
    this.counter = null;
    this.value = element("span", {className: "value"}, "–");
    this.unit = element("span", {className: "unit"});
    this.title = element("h2", {});
    this.kind = element("p", {className: "kind"});
    this.count = element("span", {className: "counter"});
    this.age = element("span", {className: "age"});
    this.chart_box = element("div", {className: "chart small", role: "img"});
    this.root = element("article", {className: "tile card"},
      element("div", {className: "tile-head"}, element("span", {className: "dot"}), this.title),
      this.kind,
      element("p", {className: "reading"}, this.value, " ", this.unit),
      this.chart_box,
      element("p", {className: "tile-foot"}, this.count, this.age));
    this.update(sensor);
    this.chart = new Chart(this.chart_box, {still: true, zero: units_of(sensor.type).length > 0,
      selected: (row, x) => { this.pointed = row === undefined ? null : [x / 1000, row]; this.show(); }});
  }

  update(sensor) {
    this.sensor = sensor;
    set_text(this.title, name_of(sensor));
    set_text(this.kind, [sensor.type, class_names[sensor.class] ?? sensor.class].join(" · "));
    this.root.dataset.series = colour_of(sensor);
    this.root.dataset.sid = sensor.sid;
    if (sensor.gauge) this.take("gauge", ...sensor.gauge);
    if (sensor.counter) this.take("counter", ...sensor.counter);
  }

  take(quantity, time, value, unit) {
    this[quantity] = {time, value, unit};
    if (quantity !== "gauge") return;
    const last = this.points.at(-1);
    if (last && last[0] >= time) {
      if (last[0] - time < 5) return;
      this.points = this.points.filter((point) => point[0] < time);  // the clock was set back
    }
    this.points.push([time, value]);
  }

  /// What came while nobody listened: minutes of the history, and the last one by the second.
  async fill() {
    const unit = units_of(this.sensor.type)[0];
    if (!unit) return;
    const rows = async (query) => {
      try {
        return (await get(`/sensor/${this.sensor.sid}?version=1.0&${query}&unit=${unit}`)).filter((row) => row[1] !== "nan");
      } catch {
        return [];  // a chart that begins now
      }
    };
    const [minutes, seconds] = await Promise.all([rows("interval=15min"), rows("interval=minute")]);
    const known = new Set(this.points.map((point) => point[0]));
    const fine = [...this.points, ...seconds.filter((row) => !known.has(row[0]))];
    // A row of a minute says its mean, and stands in its middle: where nothing says it better.
    const means = minutes.map(([t, v]) => [t - 30, v]).filter(([t]) => !fine.some((point) => Math.abs(point[0] - t) < 45));
    this.points = [...means, ...fine].sort((a, b) => a[0] - b[0]);
  }

  /// Forgets what is older than the chart, but for the point where its line begins.
  trim() {
    const begin = now() - window_s;
    while (this.points.length > 1 && this.points[1][0] < begin) this.points.shift();
  }

  is_old() {
    const last = this.gauge ?? this.counter;
    if (!last) return true;
    if (this.sensor.class === "pulse" && last.value === 0) return false;
    return now() - last.time > (old_after[this.sensor.class] ?? 600);
  }

  show() {
    const shown = this.gauge ?? this.counter;
    if (!shown) {
      set_text(this.age, "no reading yet");
      this.root.classList.add("old");
      return;
    }
    const [text, unit] = this.gauge ? [number(shown.value, 3), shown.unit] : counted(shown.value, shown.unit);
    const pointed = this.pointed && this.drawn?.[this.pointed[1]];
    set_text(this.value, pointed ? number(pointed[1], 1) : text);
    set_text(this.unit, unit);
    set_text(this.count, this.gauge && this.counter ? counted(this.counter.value, this.counter.unit).join(" ")
      : !this.gauge && this.points.length ? `chart in ${units[units_of(this.sensor.type)[0]]}` : "");
    const old = this.is_old(), stopped = connection === "lost" || board_trouble;
    this.root.classList.toggle("old", Boolean(old || stopped));
    const age = now() - shown.time;
    set_text(this.age, pointed ? `at ${clock(pointed[0])}`
      : old || stopped || age >= 60 ? `${old ? "old: " : ""}${duration(age)} ago` : "now");
  }

  draw() {
    const end = now();
    this.trim();
    const rows = this.points.map(([t, v]) => [new Date(t * 1000), v]);
    // A value holds until the next one comes.
    if (rows.length && this.gauge && !this.root.classList.contains("old") && end - this.points.at(-1)[0] > 1.5)
      rows.push([new Date(end * 1000), this.points.at(-1)[1]]);
    this.drawn = rows;
    const values = this.points.map((point) => point[1]);
    this.chart_box.setAttribute("aria-label", values.length
      ? `Last ten minutes: from ${number(Math.min(...values), 1)} to ${number(Math.max(...values), 1)} ${this.unit.textContent}`
      : "Last ten minutes: no reading");
    this.chart.draw(rows, [colour_of(this.sensor)], [(end - window_s) * 1000, end * 1000]);
  }
}

function take_sensors(sensors) {
  const box = by_id("tiles");
  const known = new Set(sensors.map((sensor) => sensor.sid));
  for (const [sid, tile] of tiles)
    if (!known.has(sid)) {
      tile.chart.end();
      tile.root.remove();
      tiles.delete(sid);
    }
  for (const sensor of [...sensors].sort((a, b) => a.number - b.number)) {
    let tile = tiles.get(sensor.sid);
    if (tile) tile.update(sensor);
    else {
      tile = new Tile(sensor);
      tiles.set(sensor.sid, tile);
      const filled = tile;
      tile.fill().then(() => { filled.show(); filled.draw(); });
    }
    box.append(tile.root);
  }
  by_id("none").hidden = sensors.length > 0;
}

function heard() {
  heard_at = Date.now();
  connection = "open";
}

let source;
function listen() {
  source?.close();
  source = new EventSource("/events");
  heard_at = Date.now();
  source.addEventListener("sensors", (event) => {
    const missed = connection === "lost";
    heard();
    take_sensors(JSON.parse(event.data));
    if (missed) for (const tile of tiles.values()) tile.fill();
    show();
  });
  for (const quantity of ["gauge", "counter"])
    source.addEventListener(quantity, (event) => {
      heard();
      const {sid, t, v, unit} = JSON.parse(event.data);
      clock_ahead = t - browser_now();
      tiles.get(sid)?.take(quantity, t, v, unit);
    });
  source.onerror = () => {
    connection = "lost";
    show();
  };
}

function show() {
  if (connection === "lost") notice("No connection to flmd; it is tried again.", "wait");
  else if (board_trouble) notice(`The board does not answer: ${board_trouble}`);
  else notice();
  for (const tile of tiles.values()) tile.show();
}

function tick() {
  // A connection may hang without an error (a phone that slept), and a browser gives up after a 503.
  const quiet = Date.now() - heard_at;
  if (quiet > silence_s * 1000) {
    connection = "lost";
    listen();
  } else if (source.readyState === EventSource.CLOSED && quiet > 3000) {
    listen();
  }
  for (const tile of tiles.values()) tile.trim();
  if (document.hidden) return;
  show();
  for (const tile of tiles.values()) tile.draw();
}

async function watch_board() {
  try {
    const status = await get("/api/status");
    clock_ahead = status.time - browser_now();
    board_trouble = status.board.answers ? "" : status.board.what || "no answer yet";
  } catch {
    board_trouble = "";  // the connection says it
  }
}

listen();
setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
repeat(15, watch_board);
// What has a counter only is drawn by the minute.
repeat(60, () => Promise.all([...tiles.values()].filter((tile) => !tile.gauge).map((tile) => tile.fill())));
