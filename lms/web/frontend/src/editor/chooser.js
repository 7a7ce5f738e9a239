// Choosing a condition or a dynamic label in the left column: two lists that the server fills, what the choice asks,
// and Insert. Nothing is stored before.

export class Chooser {
  // `kind` is condition or label. `told` hears: inserted(box, chosen, form), and may answer opens(box) with a promise of
  // whether it can be chosen now.
  constructor(root, panel, kind, told) {
    Object.assign(this, { panel, kind, told });
    this.asked = 0;
    root.addEventListener("click", (event) => this.clicked(event));
    root.addEventListener("change", (event) => this.chose(event));
    root.addEventListener("submit", (event) => this.submitted(event));
    root.addEventListener("keydown", (event) => this.pressed(event));
    // A press on the button must not take the caret out of the text.
    root.addEventListener("mousedown", (event) => {
      if (this.box(event) && event.target.closest("[data-chooser-open]")) event.preventDefault();
    });
  }

  box(event) {
    return event.target.closest?.(`[data-chooser="${this.kind}"]`) ?? null;
  }

  clicked(event) {
    const button = event.target.closest("button");
    const box = this.box(event);
    if (!box || !button) return;
    if ("chooserOpen" in button.dataset) this.toggle(box, button);
    else if ("chooserCancel" in button.dataset) this.cancel(box);
  }

  async toggle(box, button) {
    if (button.getAttribute("aria-expanded") === "true") return this.cancel(box);
    if (this.told.opens && !(await this.told.opens(box))) return undefined;
    button.setAttribute("aria-expanded", "true");
    await this.draw(box, {});
    box.querySelector("[data-chooser-form] select")?.focus();
    return undefined;
  }

  cancel(box) {
    this.asked += 1;
    const button = box.querySelector("[data-chooser-open]");
    button.setAttribute("aria-expanded", "false");
    box.querySelector("[data-chooser-place]").replaceChildren();
    button.focus();
  }

  async draw(box, asked) {
    const query = new URLSearchParams({ field: box.dataset.of, ...asked });
    const mine = ++this.asked;
    const answer = await fetch(`${this.panel.address}/${this.kind}?${query}`, { redirect: "manual" });
    if (!answer.ok) return;
    const html = await answer.text();
    if (mine !== this.asked) return;
    const place = box.querySelector("[data-chooser-place]");
    const focused = place.contains(document.activeElement) ? document.activeElement.name : "";
    // What was typed or chosen while the answer was on its way stays.
    const old = place.querySelector("form")?.elements;
    const kept = ["fallback", "not"].map((name) => [name, old?.[name]?.value]);
    place.innerHTML = html;
    const fresh = place.querySelector("form").elements;
    for (const [name, value] of kept) if (value && fresh[name]) fresh[name].value = value;
    if (focused) place.querySelector(`[name="${focused}"]`)?.focus();
  }

  chose(event) {
    const box = this.box(event);
    if (!box || !("redraw" in event.target.dataset)) return;
    const { source, key } = box.querySelector("[data-chooser-form]").elements;
    this.draw(box, { source: source.value, key: event.target.name === "key" ? key.value : "" });
  }

  submitted(event) {
    const box = this.box(event);
    if (!box) return;
    event.preventDefault();
    const form = event.target;
    const args = {};
    for (const each of form.querySelectorAll("[data-argument]")) {
      args[each.dataset.argument] = each.type === "checkbox" ? each.checked : each.value;
    }
    const { source, key } = form.elements;
    this.told.inserted(box, { name: `${source.value}/${key.value}`, form: args }, form);
  }

  pressed(event) {
    const box = this.box(event);
    if (event.key !== "Escape" || !box || !event.target.closest("[data-chooser-form]")) return;
    event.preventDefault();
    this.cancel(box);
  }
}
