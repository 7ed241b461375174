// What the pages of every daemon share: the frame around them, elements, requests.

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
    throw new RequestError(0, error.name === "TimeoutError" ? "the server does not answer in time" : "the server cannot be reached");
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

/// Token of the session, which goes with each request that changes something.
let csrf = null;
export const set_csrf = (token) => { csrf = token; };

/// Request that changes something, with a JSON body.
export const send = (method, path, body, options = {}) =>
  request(path, {
    ...options,
    method,
    headers: {"Content-Type": "application/json", ...(csrf ? {"X-CSRF-Token": csrf} : {})},
    body: JSON.stringify(body ?? {}),
  });

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

/// Where the browser allows it, remembers text under a key.
export const store = {
  get(key) {
    try { return localStorage.getItem(key); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(key, value); } catch { /* private window */ }
  },
};

/// The frame: a way past the navigation, the name of the site, and its pages: [path, name] each. `more`: what stands at the end.
export function add_frame(site, pages, ...more) {
  const here = location.pathname.replace(/\.html$/, "").replace(/^\/index$/, "/");
  const links = pages.map(([path, name]) =>
    element("li", {}, element("a", {href: path, "aria-current": path === here ? "page" : undefined}, name)));
  const header = document.querySelector("header");
  header.append(
    element("a", {href: "#main", className: "skip"}, "To the content"),
    element("a", {href: "/", className: "brand", "aria-label": `${site}, first page`},
            element("img", {src: "/icon.svg", alt: "", width: 28, height: 28}), element("span", {}, site)),
    ...(links.length ? [element("nav", {"aria-label": "Pages"}, element("ul", {}, ...links))] : []),
    ...more);
}
