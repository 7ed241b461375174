// Devices: one's meters, their sensors, who may see them, and tokens.
import {by_id, element, get, notice, repeat, send, set_text} from "./page.js";
import {counted, duration, number} from "./units.js";
import {ask, begin, say} from "./site.js";

/// Of a meter that has sent no heartbeat for so long, s; it sends one an hour.
const silent_after = 3 * 3600;

const class_names = {analog: "clamp", pulse: "pulses", cosem: "smart meter", uart: "smart meter", kube: "kube"};
const value_units = {electricity: "Wh", heat: "Wh", gas: "L", water: "L", temperature: "°C", humidity: "%", pressure: "hPa", light: "lx", battery: "V"};

let ahead = 0;  // the server's clock against the browser's, s
const ago = (time) => `${duration(Date.now() / 1000 + ahead - time)} ago`;

function last_of({last, type}) {
  if (!last) return "nothing yet";
  const [time, value] = last;
  const [text, unit] = counted(value, value_units[type] ?? "");
  return `${text} ${unit}, ${ago(time)}`;
}

/// What goes wrong with a sensor is told in its row.
const failing = (row, work) => async (...values) => {
  const error = row.querySelector(".error");
  try {
    await work(...values);
    set_text(error, "");
  } catch (fault) {
    set_text(error, fault.message);
  }
};

async function show_tokens(row, sensor) {
  const box = row.querySelector(".tokens"), path = `/api/sensors/${sensor.sid}/tokens`;
  const tokens = await get(path);
  const name = element("input", {maxLength: 64, placeholder: "for what", "aria-label": "What the token is for", autocomplete: "off"});
  const again = failing(row, async (work) => { await work(); await show_tokens(row, sensor); });
  box.replaceChildren(
    element("p", {className: "hint"}, "Whoever has a token reads this sensor by API 1.0, as ", element("code", {}, sensor.sid), "."),
    element("ul", {}, ...tokens.map(({token, name: of}) => element("li", {}, element("code", {}, token), element("span", {}, of || "–"),
      element("button", {type: "button", "aria-label": `Revoke ${token}`, onclick: () => again(() => send("DELETE", `${path}/${token}`))}, "Revoke")))),
    element("form", {className: "form row", onsubmit: (event) => {
      event.preventDefault();
      again(() => send("POST", path, {name: name.value}));
    }}, name, element("button", {type: "submit"}, "Make a token")));
  box.hidden = false;
}

function sensor_row(sensor) {
  const name = element("input", {value: sensor.name, maxLength: 128, "aria-label": `Name of ${sensor.name || sensor.sid}`, autocomplete: "off"});
  const shared = element("input", {type: "checkbox", checked: sensor.shared});
  const tokens = element("button", {type: "button", "aria-expanded": "false"}, "Tokens");
  const row = element("li", {"data-sid": sensor.sid},
    element("label", {}, [sensor.type, class_names[sensor.class] ?? sensor.class, sensor.enabled ? "" : "off"].filter(Boolean).join(" · "), name),
    element("span", {className: "last hint"}, last_of(sensor)),
    element("label", {className: "check"}, shared, "Shared"), tokens,
    element("p", {className: "error", role: "alert"}), element("div", {className: "tokens", hidden: true}));
  const path = `/api/sensors/${sensor.sid}`;
  name.addEventListener("change", failing(row, () => send("PATCH", path, {name: name.value})));
  shared.addEventListener("change", failing(row, async () => {
    try {
      await send("PATCH", path, {shared: shared.checked});
    } catch (error) {
      shared.checked = !shared.checked;
      throw error;
    }
  }));
  tokens.addEventListener("click", failing(row, async () => {
    const box = row.querySelector(".tokens"), opens = box.hidden;
    tokens.setAttribute("aria-expanded", String(opens));
    if (opens) await show_tokens(row, sensor);
    else box.hidden = true;
  }));
  return row;
}

function state_of({heartbeat}) {
  if (heartbeat === null) return element("span", {className: "state wait"}, "not heard yet");
  const old = Date.now() / 1000 + ahead - heartbeat > silent_after;
  return element("span", {className: `state ${old ? "bad" : "good"}`}, `heard ${ago(heartbeat)}`);
}

function device_card(device, sensors) {
  const remove = () => ask(`Remove ${device.serial}?`,
    "Its sensors go from this account with all their readings, for good, so that the next owner sees nothing of them. “Save everything” on Account keeps a copy.",
    "Remove it", async () => {
      await send("DELETE", `/api/devices/${device.device}`);
      await load();
    });
  return element("section", {className: "card", "aria-label": `Meter ${device.serial}`, "data-device": device.device},
    element("div", {className: "card-head"}, element("h2", {}, device.serial), state_of(device),
      element("button", {type: "button", className: "danger", onclick: remove}, "Remove…")),
    element("p", {className: "hint"}, [device.version ? `firmware ${number(device.version)}` : "", device.uptime === null ? "" : `up for ${duration(device.uptime)}`,
      device.local ? `at ${device.local.replace("http://", "")} on its network` : ""].filter(Boolean).join(" · ")),
    sensors.length ? element("ul", {className: "sensor-rows"}, ...sensors.map(sensor_row))
      : element("p", {className: "hint"}, "Its sensors appear as soon as it has sent something."));
}

/// Where somebody is writing, or looks at tokens, nothing is drawn anew.
const is_used = () => by_id("list").contains(document.activeElement) || by_id("list").querySelector(".tokens:not([hidden])") !== null;

async function load() {
  const [devices, sensors] = await Promise.all([get("/api/devices"), get("/api/sensors")]);
  by_id("none").hidden = devices.length > 0;
  by_id("list").replaceChildren(...devices.map((device) => device_card(device, sensors.filter((sensor) => sensor.device === device.device))));
}

const {time} = await begin();
ahead = time - Date.now() / 1000;
repeat(30, async () => {
  if (is_used()) return;
  try {
    await load();
    notice();
  } catch (error) {
    notice(error.message);
  }
});

by_id("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const serial = by_id("serial"), code = by_id("code");
  try {
    if (!serial.value.trim() || !code.value.trim()) throw new Error("Both are needed, serial number and claim code.");
    await send("POST", "/api/devices", {serial: serial.value.trim(), code: code.value.trim()});
    say(by_id("outcome"), `${serial.value.trim()} is yours now.`);
    serial.value = code.value = "";
    await load();
  } catch (error) {
    say(by_id("outcome"), error.message, true);
    serial.focus();
  }
});
