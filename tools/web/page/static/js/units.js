// Numbers, times and units, as the browser's language writes them.

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

/// Seconds of a year, by which the units per year were stretched.
const year_s = 31536000;
/// What a mean in a unit comes to over some seconds: [factor of value times seconds, unit, decimals].
export const sums = {
  watt: [1 / 3600000, "kWh", 3],
  kwhperyear: [1 / year_s, "kWh", 3],
  eurperyear: [1 / year_s, "EUR", 2],
  audperyear: [1 / year_s, "AUD", 2],
  lperday: [1 / 86400, "L", 1],
  lpermin: [1 / 60, "L", 1],
  m3peryear: [1 / year_s, "m³", 3],
};

/// A meter's power in W, or flow in L/day, in a unit of the query language; prices: {price_eur, price_aud}, of a kWh.
export function of_momentary(value, unit, {price_eur = 0, price_aud = 0} = {}) {
  const kwh_per_year = value * year_s / 3600000;
  return {
    watt: value, kwhperyear: kwh_per_year, eurperyear: kwh_per_year * price_eur, audperyear: kwh_per_year * price_aud,
    lperday: value, lpermin: value / 1440, m3peryear: value * 0.365,
  }[unit];
}
