// What the pages of flmserver share: the session, the frame around them, and a question before what cannot be undone.
import {add_frame, element, get, notice, repeat, send, set_csrf, set_text} from "./page.js";

const pages = [
  ["/", "Dash"],
  ["/devices", "Devices"],
  ["/following", "Following"],
  ["/account", "Account"],
];

export const shortest_password = 8;

/// The page is for those who are logged in: others go to the login first.
function to_login() {
  const here = location.pathname + location.search;
  location.replace(here === "/" ? "/login" : `/login?to=${encodeURIComponent(here)}`);
}

async function sign_out() {
  try {
    await send("POST", "/api/logout");
    location.assign("/login");
  } catch (error) {
    notice(error.message);
  }
}

/// Session of who looks, {user, sign_up, time}; the frame stands when it is there. Without a user it promises nothing, and the login opens.
/// open: a page for everybody.
export async function begin({open = false} = {}) {
  let session;
  while (!session) {
    try {
      session = await get("/api/session");
      notice();
    } catch (error) {
      notice(error.message);
      await new Promise((resume) => setTimeout(resume, 3000));
    }
  }
  set_csrf(session.csrf);
  if (!session.user && !open) {
    to_login();
    return new Promise(() => {});
  }
  if (!session.user) {
    add_frame("OpenFLM", []);
    return session;
  }
  add_frame("OpenFLM", pages, element("div", {className: "who"}, element("span", {className: "name"}, session.user.name),
    element("button", {type: "button", id: "sign-out", onclick: sign_out}, "Sign out")));
  if (!open)
    // A dash that is looked at stays logged in; one that was logged out elsewhere shows it.
    setTimeout(() => repeat(300, async () => {
      try {
        const now = await get("/api/session");
        set_csrf(now.csrf);
        if (!now.user) to_login();
      } catch { /* the page's own requests say it */ }
    }), 300000);
  return session;
}

/// All time zones that the browser knows, and the chosen one.
export function fill_zones(select, chosen) {
  const zones = new Set(["UTC", ...Intl.supportedValuesOf("timeZone"), chosen]);
  select.replaceChildren(...[...zones].map((zone) => element("option", {value: zone}, zone)));
  select.value = chosen;
}

/// What came of a form, in its line.
export function say(target, text, bad = false) {
  set_text(target, text);
  target.className = bad ? "error" : text ? "good" : "hint";
}

/// Asks before something is done; it stays open with what went wrong, until it is done or the user says no. password: asks for it, too.
/// act: does it, and is given the password. Promises whether it was done.
export function ask(title, text, word, act, {password = false} = {}) {
  const field = element("input", {id: "ask-password", type: "password", autocomplete: "current-password", maxLength: 256});
  const error = element("p", {className: "error", role: "alert"});
  const submit = element("button", {type: "submit", className: "danger"}, word);
  const form = element("form", {method: "dialog"}, element("h2", {id: "ask-title"}, title), element("p", {}, text),
    password ? element("label", {}, "Password ", field) : undefined, error,
    element("div", {className: "buttons"}, submit, element("button", {type: "button", onclick: () => root.close()}, "Cancel")));
  const root = element("dialog", {id: "ask", "aria-labelledby": "ask-title"}, form);
  document.body.append(root);
  root.showModal();
  return new Promise((resolve) => {
    let done = false;
    form.onsubmit = async (event) => {
      event.preventDefault();
      submit.disabled = true;
      try {
        await act(field.value);
        done = true;
        root.close();
      } catch (fault) {
        set_text(error, fault.message);
        if (password) field.select();
      }
      submit.disabled = false;
    };
    root.onclose = () => {
      root.remove();
      resolve(done);
    };
  });
}
