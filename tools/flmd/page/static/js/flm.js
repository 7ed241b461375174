// What the pages of flmd share: the frame around them, and how a sensor looks.
import {add_frame} from "./page.js";

/// Name to show of a sensor.
export const name_of = (sensor) => sensor.name || `sensor ${sensor.number}`;

/// Number of the colour that a sensor has on every page: --series-1 to --series-8.
export const colour_of = (sensor) => (sensor.number - 1) % 8 + 1;

add_frame("Fluksometer", [
  ["/", "Live"],
  ["/history", "History"],
  ["/sensors", "Sensors"],
  ["/kubes", "Kubes"],
  ["/mqtt", "MQTT"],
  ["/status", "Status"],
  ["/log", "Log"],
]);
