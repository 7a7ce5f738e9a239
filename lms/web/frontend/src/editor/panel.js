// The left column: tabs, and the options of the selected block. The server draws all of it.
import { Items } from "./items.js";
import { Picker } from "./picker.js";
import { Search } from "./search.js";

export class Panel {
  // `told` hears: set(form, about), style(values), act(name), add(type), select(id), unsent(id), and what `Picker`, `Search` and
  // `Items` tell.
  constructor(root, address, told) {
    Object.assign(this, { root, address, told });
    this.picker = new Picker(this, told);
    this.options = root.querySelector("[data-options]");
    this.asked = 0;
    this.shown = null;
    // Whether somebody opened another tab since the options were asked for: they stay there.
    this.hasTurned = false;
    // Which parts of the options are open, by their names.
    this.folds = new Map();
    root.addEventListener("click", (event) => this.clicked(event));
    root.addEventListener("input", (event) => this.changed(event));
    root.addEventListener("change", (event) => this.changed(event, true));
    root.addEventListener("submit", (event) => this.picker.submitted(event));
    root.addEventListener("keydown", (event) => this.pressed(event));
    new Search(this, told);
    new Items(this, told);
    // A press on a button must not take the selection away from the text.
    root.addEventListener("mousedown", (event) => {
      if (event.target.closest("[data-run], [data-in-text] [data-picker]")) event.preventDefault();
    });
  }

  open(name, { focus = false } = {}) {
    for (const tab of this.root.querySelectorAll('[role="tab"]')) {
      const isThis = tab.id === `tab-${name}`;
      tab.setAttribute("aria-selected", String(isThis));
      tab.tabIndex = isThis ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !isThis;
      if (isThis && focus) tab.focus();
    }
  }

  turn(name, options) {
    this.hasTurned = true;
    this.open(name, options);
  }

  // Whether a link, a condition or a label is being chosen that was not inserted yet.
  get isChoosing() {
    const forms = [...this.options.querySelectorAll("[data-place] form, [data-chooser-place] form")];
    return forms.some(({ dataset, elements: { href } }) => dataset.kind !== "url" || href.value !== href.defaultValue);
  }

  // Ask for the options of a block, and show them. An answer that comes late is not shown, and what was typed after
  // it was asked for stands in its fields. Without `opens` whoever reads another tab stays there.
  async show(id, { focus = "", opens = true } = {}) {
    const mine = ++this.asked;
    if (opens) this.hasTurned = false;
    this.newer = { ...this.told.unsent(id) };
    const answer = await fetch(`${this.address}/panel?block=${encodeURIComponent(id ?? "")}`, { redirect: "manual" });
    if (!answer.ok) return;
    const html = await answer.text();
    if (mine === this.asked) this.draw(html, id, { focus, opens });
  }

  // An operation was sent whose answer brings the options.
  expect(id) {
    this.hasTurned = false;
    this.newer = { ...this.told.unsent(id) };
  }

  // With `isNew` the fields are others than before, and whoever is in one of them stays there.
  draw(html, id, { focus = "", isNew = false, opens = true } = {}) {
    const isOld = this.shown === id;
    const held = this.options.querySelector(":is(input, textarea, select):focus");
    // Whoever fills in a field of it goes on; the same options are there already.
    if (isOld && !focus && !isNew && held) return;
    this.asked += 1;
    const folds = () => [...this.options.querySelectorAll("details")].map((each, at) => [each.dataset.fold ?? at, each]);
    if (isOld) for (const [name, each] of folds()) this.folds.set(name, each.open);
    else this.folds.clear();
    this.options.innerHTML = html;
    for (const [name, each] of folds()) each.open = this.folds.get(name) ?? each.open;
    this.shown = id;
    for (const [name, value] of Object.entries(this.newer ?? {})) this.fill(name, value);
    if (id && opens && !this.hasTurned) this.open("block");
    if (focus) this.options.querySelector(focus)?.focus();
    else if (isNew && held) goOn(held);
  }

  outline(html, selected) {
    const place = this.root.querySelector("[data-outline]");
    const focused = place.contains(document.activeElement) && document.activeElement.dataset.select;
    if (html !== undefined) place.innerHTML = html;
    for (const each of place.querySelectorAll("[data-select]")) {
      if (each.dataset.select === selected) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
      if (html !== undefined && each.dataset.select === focused) each.focus();
    }
  }

  clicked(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { act, add, select, picker, run } = button.dataset;
    if (button.role === "tab" || button.getAttribute("role") === "tab") this.turn(button.id.slice(4));
    else if (act) this.told.act(act, button.dataset);
    else if (add) this.told.add(add);
    else if (select) this.told.select(select);
    else if (run) this.told.run(run);
    else if (picker) this.picker.toggle(button);
    else if ("cancel" in button.dataset) this.picker.cancel(button.closest("[data-link]"));
    else if ("removeLink" in button.dataset) {
      this.told.set({ [button.closest("[data-link]").dataset.link]: {} }, { panel: "[data-picker]" });
    }
  }

  pressed(event) {
    if (event.key === "Escape" && event.target.closest("[data-place], [data-picker]")) {
      event.preventDefault();
      this.picker.cancel(event.target.closest("[data-link]"));
    }
    const tab = event.target.closest('[role="tab"]');
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!tab || !by) return;
    event.preventDefault();
    const tabs = [...this.root.querySelectorAll('[role="tab"]')];
    const step = document.dir === "rtl" ? -by : by;
    this.turn(tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length].id.slice(4), { focus: true });
  }

  changed(event, isDone = false) {
    const { target } = event;
    const { field, style } = target.dataset;
    if (target.closest(".picker")) return this.picker.chose(target, isDone);
    // Words by which other fields go are stored when somebody leaves them.
    const isLate = "refresh" in target.dataset && target.matches("input:not([type=checkbox], [type=number]), textarea");
    const isWords = target.matches("input:not([type=checkbox]), textarea") && !isLate;
    if (field && (isDone ? isLate || target.matches("select, input[type=checkbox], input[type=number]") : isWords)) {
      const value = target.type === "checkbox" ? target.checked : target.value;
      if (this.newer) this.newer[field] = value;
      return this.told.set({ [field]: value }, this.about(target, field));
    }
    if (style && isDone) return this.told.style({ [style]: target.value });
    if ("mediaFile" in target.dataset) return undefined;
    if (isDone && target.closest("[data-media]")) this.picture(target.closest("[data-media]"), target);
    return undefined;
  }

  picture(box, target) {
    const key = box.querySelector("[data-media-key]");
    const alt = box.querySelector("[data-media-alt]");
    if (target === key) alt.value = key.selectedOptions[0].dataset.alt ?? "";
    const decorative = box.querySelector("[data-media-decorative]").checked;
    const value = key.value ? { key: key.value, alt: alt.value, decorative } : {};
    this.told.set({ [box.dataset.media]: value }, this.about(box, box.dataset.media));
  }

  // What an operation on a field is about. Where others go by it, the options are drawn anew.
  about(element, field) {
    return element.closest("[data-refresh]") ? { field, refresh: true } : { field };
  }

  // The type of the block whose options are shown.
  get type() {
    return this.options.querySelector("[data-panel-of]")?.dataset.type ?? "";
  }

  // What is wrong with a field stands below it; what was typed stays in it.
  wrong(name, sentence) {
    const box = this.options.querySelector(`[data-media="${name}"], [data-rich-field="${name}"], [data-search="${name}"]`);
    const control = this.options.querySelector(`[data-field="${name}"], [data-style="${name}"]`);
    const place = box ?? control?.closest(".field");
    if (!place) return false;
    this.right(name);
    const error = document.createElement("p");
    Object.assign(error, { className: "field-error", id: `error-${name}`, textContent: sentence });
    place.append(error);
    const target = control ?? box.querySelector("[data-media-alt], [role=combobox]");
    target?.setAttribute("aria-invalid", "true");
    target?.setAttribute("aria-errormessage", error.id);
    return true;
  }

  right(name) {
    document.getElementById(`error-${name}`)?.remove();
    for (const each of this.options.querySelectorAll('[aria-invalid="true"]')) {
      if (each.getAttribute("aria-errormessage") === `error-${name}`) each.removeAttribute("aria-invalid");
    }
  }

  // Words that were typed elsewhere.
  fill(name, value) {
    if (this.newer && typeof value === "string") this.newer[name] = value;
    const control = this.options.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (!control || control === document.activeElement || typeof value !== "string") return;
    if (control.type !== "radio") control.value = value;
    else for (const each of document.getElementsByName(control.name)) each.checked = each.value === value;
  }
}

// Back into the field that somebody was in, with the words that were in it.
function goOn(held) {
  const again = held.id && document.getElementById(held.id);
  if (!again) return;
  again.focus();
  if (held.matches("select, [type=radio], [type=checkbox], [type=file]") || again.type !== held.type) return;
  again.value = held.value;
  if (held.selectionStart !== null) again.setSelectionRange(held.selectionStart, held.selectionEnd);
}
