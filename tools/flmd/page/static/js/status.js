// Status: what /api/status says, by the part. A member that this page does not know is shown under its name.
import {by_id, element, get, notice, repeat} from "./page.js";
import {bytes, duration, number} from "./units.js";
import "./flm.js";
import {log_in} from "./session.js";

const state = (kind, text) => element("span", {className: `state ${kind}`}, text);
const yes_no = (value, good, bad) => value ? state("good", good) : state("bad", bad);

/// The clock counts as set from this time on.
const clock_is_set = 1234567890;

function clock(time) {
  const text = new Date(time * 1000).toISOString().replace("T", " ").slice(0, 19) + " UTC";
  const ahead = time - Date.now() / 1000;
  if (time < clock_is_set) return [text, " ", state("bad", "not set: is UDP port 123 (NTP) blocked?")];
  if (Math.abs(ahead) > 30) return [text, " ", state("wait", `${duration(Math.abs(ahead))} ${ahead > 0 ? "ahead of" : "behind"} this browser`)];
  return [text];
}

/// Rows of a part: member, name, and how its value is shown; in this order.
const parts = {
  board: ["Board", {
    name: ["Model", (v) => v.toUpperCase()],
    firmware: ["Firmware"],
    answers: ["Link", (v) => yes_no(v, "answers", "no answer")],
    synchronised: ["Configuration", (v) => v ? state("good", "synchronised") : state("wait", "not synchronised")],
    pending: ["New configuration", () => state("wait", "on its way to the board")],
    what: ["Last said"],
    retries: ["Messages sent again", number],
    garbled: ["Garbled replies", number],
    late_polls: ["Polls over 5 ms late", number],
  }],
  mqtt: ["MQTT", {
    broker: ["Broker"],
    connected: ["Connection", (v) => yes_no(v, "connected", "not connected")],
    problem: ["Problem"],
  }],
  history: ["History", {bytes: ["On disk", bytes]}],
};
/// In groups of four, as one reads it aloud.
const code = (text) => element("code", {}, text.match(/.{1,4}/g).join("-"));
const system = {
  serial: ["Serial number"],
  claim_code: ["Claim code", code],
  device: ["Device"],
  version: ["flmd"],
  time: ["Clock", clock],
};
const report = {
  behind: ["Behind", (v) => v === "never" ? state("wait", "nothing delivered yet") : v > 3600 ? state("wait", duration(v)) : state("good", v > 0 ? duration(v) : "up to date")],
  points: ["Readings sent", number],
  complaint: ["Problem", (v) => state("bad", v)],
};

const plain = (value) => typeof value === "number" ? number(value, 3)
  : typeof value === "object" ? JSON.stringify(value) : String(value);

function rows(values, known) {
  const list = element("dl");
  const names = [...Object.keys(known), ...Object.keys(values).filter((name) => !Object.hasOwn(known, name))];
  for (const name of names) {
    const value = values[name];
    if (value === undefined || value === null || value === "") continue;
    const [label, show] = known[name] ?? [name.replaceAll("_", " ")];
    const shown = (show ?? plain)(value);
    list.append(element("dt", {}, label), element("dd", {"data-member": name}, ...(Array.isArray(shown) ? shown : [shown])));
  }
  return list;
}

const card = (title, ...content) => element("section", {className: "card"}, element("h2", {}, title), ...content.filter((part) => part));

let drawn = "";
function draw(status) {
  const cards = [];
  const {reports, ...rest} = status;
  const top = Object.fromEntries(Object.entries(rest).filter(([, value]) => typeof value !== "object" || value === null));
  cards.push(card("System", rows(top, system), element("p", {className: "hint"},
    "Serial number and claim code are what an account on a Flukso server needs to get this meter. "
      + ("claim_code" in top ? "Keep the code to yourself." : "")),
    "claim_code" in top ? undefined : element("div", {className: "buttons"},
      element("button", {type: "button", id: "show-code", onclick: show_code}, "Show the claim code"))));
  for (const [name, value] of Object.entries(rest)) {
    if (typeof value !== "object" || value === null) continue;
    const [title, known] = parts[name] ?? [name, {}];
    cards.push(card(title, rows(value, known)));
  }
  for (const {name, ...values} of reports ?? []) cards.push(card(`Report to ${name}`, rows({...values, behind: values.behind ?? "never"}, report)));
  by_id("cards").replaceChildren(...cards);
}

async function load() {
  try {
    const status = await get("/api/status");
    notice();
    const text = JSON.stringify({...status, time: 0});
    if (text !== drawn) draw(status);  // a text that is being selected stays so
    else document.querySelector("dd[data-member=time]").replaceChildren(...clock(status.time));
    drawn = text;
  } catch (error) {
    notice(error.message);
  }
}

async function show_code() {
  try {
    if (await log_in()) await load();
  } catch (error) {
    notice(error.message);
  }
}

repeat(5, load);
