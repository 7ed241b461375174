// History: the server's queries, on the same path as the last minute.
import {by_id, get, notice, store} from "./page.js";
import {colour_of, name_of} from "./flm.js";
import {Explorer} from "./explorer.js";

let clock_ahead = 0;

async function begin() {
  let sensors;
  while (!sensors) {
    try {
      sensors = await get("/api/sensors");
      notice();
    } catch (error) {
      notice(error.message);
      await new Promise((resume) => setTimeout(resume, 3000));
    }
  }
  new Explorer(by_id("explorer"), {
    sensors: sensors.map((sensor) =>
      ({key: String(sensor.number), sid: sensor.sid, name: name_of(sensor), type: sensor.type, colour: colour_of(sensor), group: "Sensors"})),
    // A simulated board's days may be shorter than ours.
    ahead: async () => clock_ahead = await get("/api/status").then((status) => status.time - Date.now() / 1000, () => clock_ahead),
    kept: store.get("history"),
    keep: (text) => store.set("history", text),
  });
}
begin();
