// Dash: one's own sensors and those that others share, by the time; live from the meter itself, where the browser reaches it.
import {by_id, get, notice, repeat, send} from "./page.js";
import {of_momentary} from "./units.js";
import {begin} from "./site.js";
import {Explorer} from "./explorer.js";

const live_window = 600, newest_window = 3600;  // s
const newest_every = 30, reach_again_after = 30;  // s
/// A page over TLS reaches a meter by HTTP only where the browser asks the user, and is told that it is of the local network.
const reach = location.protocol === "https:" ? {targetAddressSpace: "local"} : {};

/// What a sensor says at the moment: points of the meter's own last minute, as they come, behind the minutes that the server has.
class LivePoints {
  own = new Map();        // s -> W or L/day
  unreached_at = -Infinity;
  asked_at = -Infinity;
  minutes = [];
  unit = "";

  constructor(sensor) { this.sensor = sensor; }

  async ask_meter() {
    const {local, sid, type} = this.sensor, now = Date.now() / 1000;
    if (!local || now - this.unreached_at < reach_again_after) return;
    const unit = type === "electricity" || type === "heat" ? "watt" : "lperday";
    try {
      const answer = await fetch(`${local}/sensor/${sid}?version=1.0&interval=minute&unit=${unit}`,
        {signal: AbortSignal.timeout(3000), ...reach, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer"});
      for (const [time, value] of await answer.json())
        if (Number.isFinite(time) && Number.isFinite(value)) this.own.set(time, value);
      const last = Math.max(...this.own.keys());
      for (const time of this.own.keys()) if (time < last - live_window) this.own.delete(time);
    } catch {
      this.unreached_at = now;  // another network, a page over TLS, a meter without local interface
      this.own.clear();
    }
  }

  async ask_server(unit) {
    const now = Date.now() / 1000;
    if (this.unit === unit && now - this.asked_at < newest_every) return;
    const rows = await get(`/sensor/${this.sensor.sid}?version=1.0&interval=hour&resolution=minute&unit=${unit}`);
    this.unit = unit;
    this.asked_at = now;
    // A row says the mean of its minute, and stands in its middle.
    this.minutes = rows.filter(([, value]) => value !== "nan").map(([time, value]) => [time - 30, value]);
  }

  async points(unit, prices) {
    await Promise.all([this.ask_meter(), this.ask_server(unit)]);
    if (!this.own.size) return {points: this.minutes, seconds: newest_window};
    const first = Math.min(...this.own.keys());
    const own = [...this.own].map(([time, value]) => [time, of_momentary(value, unit, prices)]);
    return {points: [...this.minutes.filter(([time]) => time < first), ...own].sort((a, b) => a[0] - b[0]), seconds: live_window};
  }
}

const {user, time} = await begin();
const ahead = time - Date.now() / 1000;

async function all_sensors() {
  for (;;) {
    try {
      const sensors = await get("/api/sensors");
      notice();
      return sensors.filter((sensor) => sensor.enabled && sensor.data_type !== "gauge");
    } catch (error) {
      notice(error.message);
      await new Promise((resume) => setTimeout(resume, 3000));
    }
  }
}

const sensors = await all_sensors();
by_id("none").hidden = sensors.length > 0;

/// What is chosen is kept with the account, a little later or when the page goes: so every browser shows it.
let kept = user.settings?.dash ?? "", to_keep = kept, timer;
async function keep_now(options) {
  clearTimeout(timer);
  if (to_keep === kept) return;
  const before = kept;
  kept = to_keep;
  try {
    await send("PATCH", "/api/account", {settings: {...user.settings, dash: kept}}, options);
  } catch {
    kept = before;  // with the next choice
  }
}
function keep(text) {
  to_keep = text;
  clearTimeout(timer);
  timer = setTimeout(keep_now, 1000);
}
addEventListener("pagehide", () => keep_now({keepalive: true}));

if (sensors.length) {
  const live = new Map(sensors.map((sensor) => [sensor.sid, new LivePoints(sensor)]));
  new Explorer(by_id("explorer"), {
    sensors: sensors.map((sensor, at) => ({
      key: sensor.sid.slice(0, 8), sid: sensor.sid, name: sensor.name || `sensor ${sensor.sid.slice(0, 8)}`, type: sensor.type, colour: at % 8 + 1,
      group: sensor.own ? "Your sensors" : sensor.owner.name})),
    ahead: async () => ahead,
    kept,
    keep,
    live: (sensor, unit) => live.get(sensor.sid).points(unit, user),
  });
}
