// Sign in, or make an account.
import {by_id, send, set_text} from "./page.js";
import {begin, fill_zones, shortest_password} from "./site.js";

/// Where the user wanted to go: a page of this server.
function wanted() {
  const to = new URLSearchParams(location.search).get("to") ?? "/";
  try {
    const url = new URL(to, location.origin);
    return url.origin === location.origin && to.startsWith("/") ? url.pathname + url.search : "/";
  } catch {
    return "/";
  }
}

const makes = () => by_id("way").querySelector(":checked").value === "signup";

function show_way() {
  by_id("again-row").hidden = by_id("zone-row").hidden = !makes();
  by_id("password").autocomplete = makes() ? "new-password" : "current-password";
  set_text(by_id("enter").querySelector("[type=submit]"), makes() ? "Make the account" : "Sign in");
  set_text(by_id("error"), "");
}

function refuse(text, field) {
  set_text(by_id("error"), text);
  field.focus();
}

const {user, sign_up} = await begin({open: true});
if (user) location.replace(wanted());
by_id("way").hidden = !sign_up;
fill_zones(by_id("zone"), Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC");
by_id("way").addEventListener("change", show_way);
show_way();

by_id("enter").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = by_id("name"), password = by_id("password"), again = by_id("again");
  if (!name.value) return refuse("A name is needed.", name);
  if (!password.value) return refuse("A password is needed.", password);
  if (makes() && password.value.length < shortest_password)
    return refuse(`The password has ${password.value.length} characters; it needs ${shortest_password} or more.`, password);
  if (makes() && password.value !== again.value) return refuse("The two are not the same.", again);
  const submit = by_id("enter").querySelector("[type=submit]");
  submit.disabled = true;
  try {
    const who = {name: name.value, password: password.value};
    if (makes()) await send("POST", "/api/signup", {...who, zone: by_id("zone").value});
    else await send("POST", "/api/login", who);
    location.replace(wanted());
  } catch (error) {
    refuse(error.message, makes() ? name : password);
    submit.disabled = false;
  }
});
