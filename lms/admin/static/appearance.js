// Shows in the preview what stands in the form. Everything is worked out on the server; without this script the page
// still saves, and the preview shows what is saved.

const form = document.getElementById("tokens");
const frame = document.querySelector("iframe[name=preview]");
const warnings = form.querySelector("[data-warnings]");
const schemes = document.querySelector("[data-schemes]");
let tokens = {};
let scheme = "";
let waiting = 0;
let asked = 0;

function dress() {
  const page = frame.contentDocument?.documentElement;
  if (!page) return;
  for (const [name, value] of Object.entries(tokens)) page.style.setProperty(`--${name}`, value);
  if (scheme) page.dataset.theme = scheme;
  // A click would lead to a page that cannot stand in a frame.
  if (frame.contentDocument.body) frame.contentDocument.body.inert = true;
}

function warn(sentences) {
  warnings.replaceChildren();
  if (!sentences.length) return;
  const banner = form.querySelector("template[data-warning]").content.cloneNode(true);
  banner.querySelector("ul").append(
    ...sentences.map((sentence) => Object.assign(document.createElement("li"), { textContent: sentence })),
  );
  warnings.append(banner);
}

async function look(changed) {
  const mine = ++asked;
  const body = new FormData(form);
  body.delete("settings_version");
  const answer = await fetch(form.dataset.preview, { method: "POST", body });
  if (!answer.ok || mine !== asked) return;
  const seen = await answer.json();
  if (seen.error) return;
  tokens = seen.tokens;
  for (const [name, value] of Object.entries(seen.follow)) {
    if (name !== changed) form.elements[name].value = value;
  }
  warn(seen.warnings);
  dress();
}

form.addEventListener("input", (event) => {
  clearTimeout(waiting);
  waiting = setTimeout(() => look(event.target.name), 120);
});

frame.addEventListener("load", dress);

for (const link of document.querySelectorAll(".preview-bar nav a")) {
  link.addEventListener("click", () => {
    document.querySelector(".preview-bar nav [aria-current]")?.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
  });
}

for (const button of schemes.querySelectorAll("button")) {
  button.addEventListener("click", () => {
    scheme = scheme === button.dataset.scheme ? "" : button.dataset.scheme;
    for (const other of schemes.querySelectorAll("button")) {
      other.toggleAttribute("aria-current", other.dataset.scheme === scheme);
      other.setAttribute("aria-pressed", String(other.dataset.scheme === scheme));
    }
    if (!scheme) delete frame.contentDocument.documentElement.dataset.theme;
    dress();
  });
}

schemes.hidden = false;
document.querySelector("[data-without-script]").hidden = true;
dress();
