// MQTT: the broker's topics as they come, the last message of each. Topics and messages are of strangers: text.
import {by_id, element, get, notice, set_text} from "./page.js";
import {clock, number} from "./units.js";
import "./flm.js";

const most_topics = 500;
const longest_payload = 2000;

const rows = new Map();  // by topic: {row, payload, time, messages}
let messages = 0, dropped = 0, paused = false, source;

function fits(topic) {
  return topic.toLowerCase().includes(by_id("filter").value.toLowerCase());
}

function add(topic) {
  const payload = element("td", {className: "payload"}), time = element("td", {className: "time"});
  const row = element("tr", {}, element("th", {scope: "row"}, topic), payload, time);
  row.hidden = !fits(topic);
  const known = {row, payload, time, messages: 0};
  // In the order of their names, as folders are.
  const next = [...rows.keys()].filter((other) => other > topic).sort()[0];
  by_id("topics").insertBefore(row, next === undefined ? null : rows.get(next).row);
  rows.set(topic, known);
  return known;
}

function take({topic, payload, t, retained}) {
  ++messages;
  let known = rows.get(topic);
  if (!known) {
    if (rows.size >= most_topics) {
      ++dropped;
      return;
    }
    known = add(topic);
  }
  ++known.messages;
  set_text(known.payload, payload.length > longest_payload
    ? `${payload.slice(0, longest_payload)} … (${number(payload.length)} characters)` : payload);
  set_text(known.time, retained ? "retained" : clock(new Date(t * 1000)));
}

function count() {
  const counted = (value, word) => `${number(value)} ${word}${value === 1 ? "" : "s"}`;
  set_text(by_id("count"), `${counted(rows.size, "topic")}, ${counted(messages, "message")}`
    + (dropped ? `; ${number(dropped)} of further topics are not shown` : "") + (paused ? "; paused" : ""));
}

function listen() {
  source = new EventSource("/api/mqtt");
  source.addEventListener("message", (event) => {
    notice();
    if (!paused) take(JSON.parse(event.data));
    if (messages === 1) setTimeout(count, 50);  // with the others that the broker has kept
  });
  source.onopen = () => notice();
  source.onerror = async () => {
    notice("No connection to flmd; it is tried again.", "wait");
    if (source.readyState !== EventSource.CLOSED) return;  // the browser tries by itself
    await new Promise((resume) => setTimeout(resume, 3000));
    begin();
  };
}

async function begin() {
  source?.close();
  try {
    const {mqtt} = await get("/api/status");
    if (!mqtt) return notice("This flmd has no broker: [mqtt] of its configuration names one.", "wait");
    if (!mqtt.connected) notice(`No connection to the broker ${mqtt.broker}: ${mqtt.problem}`);
    listen();
  } catch (error) {
    notice(error.message);
    setTimeout(begin, 3000);
  }
}

by_id("filter").addEventListener("input", () => {
  for (const [topic, {row}] of rows) row.hidden = !fits(topic);
});
by_id("pause").addEventListener("click", (event) => {
  paused = !paused;
  event.target.setAttribute("aria-pressed", paused);
  set_text(event.target, paused ? "Go on" : "Pause");
});
setInterval(count, 500);
begin();
