// A field that is filled in by searching: a combobox whose list the server draws. What is chosen is stored; typing
// stores nothing.
import { announce } from "./said.js";

export class Search {
  // `told` hears: set(form, about), settled().
  constructor(panel, told) {
    Object.assign(this, { panel, told });
    this.asked = 0;
    const { root } = panel;
    root.addEventListener("input", (event) => this.at(event) && this.look(this.at(event), event.target.value));
    root.addEventListener("click", (event) => this.clicked(event));
    root.addEventListener("keydown", (event) => this.pressed(event));
    root.addEventListener("focusout", (event) => this.left(event));
    // A press on what was found must not take the focus out of the field.
    root.addEventListener("mousedown", (event) => event.target.closest("[data-search] [role=listbox]") && event.preventDefault());
  }

  // The field that an event is about; null for any other.
  at(event) {
    const box = event.target.closest?.("[data-search]");
    return box ? { box, input: box.querySelector("input"), list: box.querySelector("[role=listbox]") } : null;
  }

  // One question at a time; of those that come meanwhile only the last is asked. What comes after the list was closed
  // does not open it again.
  async look(field, words) {
    this.wanted = { field, words };
    if (this.isLooking) return;
    this.isLooking = true;
    while (this.wanted) {
      const { wanted } = this;
      const mine = ++this.asked;
      this.wanted = null;
      // What can be found may depend on what was just filled in.
      await this.told.settled();
      const query = new URLSearchParams({ block: this.panel.shown, field: wanted.field.box.dataset.search, words: wanted.words });
      const answer = await fetch(`${this.panel.address}/search?${query}`, { redirect: "manual" }).catch(() => null);
      const told = answer?.ok ? await answer.json().catch(() => null) : null;
      if (told && mine === this.asked && wanted.field.input.isConnected) this.draw(wanted.field, told, wanted.words);
    }
    this.isLooking = false;
  }

  draw({ input, list }, told, words) {
    list.innerHTML = told.html;
    if (!words && input.defaultValue) {
      const none = Object.assign(document.createElement("li"), { id: "found-0", textContent: input.placeholder });
      none.setAttribute("role", "option");
      none.dataset.value = "";
      list.prepend(none);
    }
    list.hidden = !list.firstElementChild;
    input.setAttribute("aria-expanded", String(!list.hidden));
    this.mark({ input, list }, words ? list.firstElementChild : null);
    announce(told.announce);
  }

  mark({ input, list }, option) {
    for (const each of list.children) each.setAttribute("aria-selected", String(each === option));
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  close({ input, list }) {
    this.wanted = null;
    this.asked += 1;
    list.replaceChildren();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  clicked(event) {
    const field = this.at(event);
    if (!field) return;
    const option = event.target.closest("[role=option]");
    if (option) this.choose(field, option);
    else if (event.target === field.input && field.list.hidden) this.look(field, "");
  }

  pressed(event) {
    const field = this.at(event);
    if (!field || event.altKey || event.ctrlKey || event.metaKey) return;
    const options = [...field.list.children];
    const at = options.findIndex((each) => each.getAttribute("aria-selected") === "true");
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && !options.length) this.look(field, "");
    else if (by) this.mark(field, options[at < 0 && by < 0 ? options.length - 1 : (at + by + options.length) % options.length]);
    else if (event.key === "Enter" && at >= 0) this.choose(field, options[at]);
    else if (event.key === "Escape" && (options.length || field.input.value !== field.input.defaultValue)) this.back(field);
    else return;
    event.preventDefault();
  }

  back(field) {
    this.close(field);
    field.input.value = field.input.defaultValue;
  }

  left(event) {
    const field = this.at(event);
    if (!field || event.target !== field.input) return;
    const isEmptied = !field.input.value.trim() && field.input.defaultValue;
    if (isEmptied) this.set(field, "", "");
    else this.back(field);
  }

  choose(field, option) {
    const { value } = option.dataset;
    this.set(field, value, value ? option.textContent : "");
  }

  set(field, value, shown) {
    const { box, input } = field;
    const name = box.dataset.search;
    this.close(field);
    input.value = shown;
    input.defaultValue = shown;
    box.querySelector(`[id="${input.id}-trouble"]`)?.remove();
    this.panel.right(name);
    this.told.set({ [name]: value }, this.panel.about(box, name));
  }
}
