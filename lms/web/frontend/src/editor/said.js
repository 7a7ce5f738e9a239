// What the shell says: to screen readers, in a toast, and beside Publish.
export const words = JSON.parse(document.body.dataset.words);
export const one = (selector) => document.querySelector(selector);

export function announce(sentence) {
  if (sentence) one("[data-announcer]").textContent = sentence;
}

export function toast(sentence, ...more) {
  const made = Object.assign(document.createElement("div"), { className: "toast" });
  const said = Object.assign(document.createElement("span"), { textContent: sentence });
  const close = linkButton(words.close, () => made.remove());
  made.setAttribute("role", "status");
  made.append(said, ...more, close);
  one("[data-toasts]").replaceChildren(made);
}

export function linkButton(textContent, pressed) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "link-button", textContent });
  button.addEventListener("click", pressed);
  return button;
}

export function link(textContent, href) {
  return Object.assign(document.createElement("a"), { textContent, href });
}

export function status(name) {
  const place = one("[data-status]");
  if (place.dataset.now === name) return;
  place.dataset.now = name;
  place.querySelector("span").textContent = words[name];
}

const placed = new Map();

// When the window gets smaller (a keyboard comes up, a tablet is turned) nothing that is open falls out of it.
addEventListener("resize", () => {
  for (const [box, [frame, at]] of placed) {
    if (!box.isConnected) placed.delete(box);
    else if (!box.hidden) placeBeside(box, frame, at);
  }
});

// A box of the shell beside something in the frame; `at` is in the frame's own pixels.
export function placeBeside(box, frame, at) {
  placed.set(box, [frame, at]);
  box.hidden = false;
  const outer = frame.getBoundingClientRect();
  const scale = outer.width / frame.offsetWidth || 1;
  const [width, height] = [box.offsetWidth, box.offsetHeight];
  const left = Math.min(Math.max(outer.left + at.left * scale, 8), innerWidth - width - 8);
  const below = outer.top + at.bottom * scale + 8;
  const above = outer.top + at.top * scale - height - 8;
  const first = at.isAbove ? above : below;
  const fits = first >= 8 && first + height <= innerHeight - 8;
  const top = fits ? first : at.isAbove ? below : above;
  box.style.left = `${left}px`;
  box.style.top = `${Math.min(Math.max(top, 8), innerHeight - height - 8)}px`;
}

// Arrow keys within a row or column of buttons. Whether the key meant that.
export function rove(event, buttons, [back, on]) {
  const at = buttons.indexOf(document.activeElement);
  const to = { [on]: at + 1, [back]: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (to === undefined) return false;
  event.preventDefault();
  buttons[(to + buttons.length) % buttons.length]?.focus();
  return true;
}
