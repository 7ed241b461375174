// What the pages share: the frame around them, requests, elements, words and numbers.

const pages = [
  ["/", "Live"],
  ["/history", "History"],
  ["/sensors", "Sensors"],
  ["/kubes", "Kubes"],
  ["/mqtt", "MQTT"],
  ["/status", "Status"],
  ["/log", "Log"],
];

/// Element of a tag; properties that are none (aria-label, for) are set as attributes. Text among the children
/// stays text, whoever wrote it.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

export const by_id = (id) => document.getElementById(id);

/// Sets a text only where it differs, so that nothing is laid out or read aloud again.
export function set_text(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/// Shows a text in the page's notice; without one the notice goes. kind: "bad", "wait".
export function notice(text, kind = "bad") {
  const target = by_id("trouble");
  set_text(target, text ?? "");
  target.hidden = !text;
  target.dataset.kind = kind;
}

export class RequestError extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;  // 0: no answer
  }
}

/// Answer to a request. Throws RequestError with the words of the server, or with what went wrong on the way.
export async function request(path, options = {}) {
  let response, text;
  try {
    response = await fetch(path, {signal: AbortSignal.timeout(15000), cache: "no-store", ...options});
    text = await response.text();
  } catch (error) {
    throw new RequestError(0, error.name === "TimeoutError" ? "flmd does not answer in time" : "flmd cannot be reached");
  }
  if (!response.ok) throw new RequestError(response.status, text.trim() || `${response.status} ${response.statusText}`);
  return text;
}

export async function get(path) {
  const text = await request(path);
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(0, `${path} answers no JSON`);
  }
}

/// Runs a function now, and each `seconds` after it has ended, until it returns false; not while nobody sees
/// the page.
export async function repeat(seconds, work) {
  for (;;) {
    if (!document.hidden && await work() === false) return;
    await new Promise((resume) => {
      const done = () => {
        clearTimeout(timer);
        document.removeEventListener("visibilitychange", seen);
        resume();
      };
      const seen = () => document.hidden || done();
      const timer = setTimeout(done, seconds * 1000);
      document.addEventListener("visibilitychange", seen);
    });
  }
}

// Numbers and times, as the browser's language writes them.

const formats = new Map();
/// Number with at most, or with exactly, so many decimals, and a true minus sign.
export function number(value, decimals = 0, exactly = false) {
  const key = `${decimals}${exactly}`;
  if (!formats.has(key))
    formats.set(key, new Intl.NumberFormat(undefined, {
      minimumFractionDigits: exactly ? decimals : 0, maximumFractionDigits: decimals}));
  return formats.get(key).format(value).replace("-", "−");
}

/// A counter's value in the unit that people know from their bills: [text, unit].
export function counted(value, unit) {
  if (unit === "Wh") return [number(value / 1000, 3, true), "kWh"];
  if (unit === "L") return [number(value / 1000, 3, true), "m³"];
  return [number(value, 3), unit];
}

/// "12 s", "3 min", "5 h", "2 days".
export function duration(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 2 * 86400) return `${Math.round(seconds / 3600)} h`;
  return `${number(seconds / 86400)} days`;
}

/// Time of day, and date with it, of a Date: in the browser's zone, 24 hours as on the axes of charts.
export const clock = (date, seconds = true) =>
  date.toLocaleTimeString(undefined, {hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined, hourCycle: "h23"});
export const date_and_clock = (date) =>
  `${date.toLocaleDateString(undefined, {weekday: "short", day: "numeric", month: "short", year: "numeric"})}, ${clock(date, false)}`;

export function bytes(count) {
  const units = ["bytes", "kB", "MB", "GB"];
  let unit = 0;
  for (; count >= 1000 && unit < 3; ++unit) count /= 1000;
  return `${number(count, unit && count < 10 ? 1 : 0)} ${units[unit]}`;
}

/// Unit as it is written, of a unit of the query language.
export const units = {
  watt: "W", kwhperyear: "kWh/year", eurperyear: "EUR/year", audperyear: "AUD/year",
  lperday: "L/day", lpermin: "L/min", m3peryear: "m³/year",
};

/// Units of the query language in which a sensor of that type can be asked, the usual one first; none for a
/// sensor that counts nothing.
export function units_of(type) {
  if (type === "electricity" || type === "heat") return ["watt", "kwhperyear", "eurperyear"];
  if (type === "gas" || type === "water") return ["lperday", "lpermin", "m3peryear"];
  return [];
}

/// Name to show of a sensor.
export const name_of = (sensor) => sensor.name || `sensor ${sensor.number}`;

/// Number of the colour that a sensor has on every page: --series-1 to --series-8.
export const colour_of = (sensor) => (sensor.number - 1) % 8 + 1;

/// Where the browser allows it, remembers text under a key.
export const store = {
  get(key) {
    try { return localStorage.getItem(key); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(key, value); } catch { /* private window */ }
  },
};

// The frame: a way past the navigation, the name of the page, and the others.
function add_frame() {
  const here = location.pathname.replace(/\.html$/, "").replace(/^\/index$/, "/");
  const links = pages.map(([path, name]) =>
    element("li", {}, element("a", {href: path, "aria-current": path === here ? "page" : undefined}, name)));
  const header = document.querySelector("header");
  header.append(
    element("a", {href: "#main", className: "skip"}, "To the content"),
    element("a", {href: "/", className: "brand", "aria-label": "Fluksometer, live"},
            element("img", {src: "/icon.svg", alt: "", width: 28, height: 28}), element("span", {}, "Fluksometer")),
    element("nav", {"aria-label": "Pages"}, element("ul", {}, ...links)));
}
add_frame();
