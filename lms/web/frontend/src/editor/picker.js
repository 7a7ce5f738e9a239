// The choice of a link in the left column: an address, a page, or a dynamic link with its two dropdowns. Nothing is
// stored before Insert.

const text = (form, name) => form.elements[name]?.value;

export class Picker {
  // `told` hears: set(form, about), canLink(), textLink(link, form), linkText(attributes).
  constructor(panel, told) {
    Object.assign(this, { panel, told });
    this.asked = 0;
  }

  async toggle(button) {
    const box = button.closest("[data-link]");
    if (button.getAttribute("aria-expanded") === "true") return this.cancel(box);
    if ("inText" in box.dataset && !this.told.canLink()) return undefined;
    for (const each of box.querySelectorAll("[data-picker]")) {
      each.setAttribute("aria-expanded", String(each === button));
    }
    await this.draw(box, { kind: button.dataset.picker });
    box.querySelector(".picker :is(input, select)")?.focus();
    return undefined;
  }

  draw(box, asked) {
    this.drawing = this.drawn(box, asked);
    return this.drawing;
  }

  async drawn(box, asked) {
    const query = new URLSearchParams({ block: this.panel.shown, field: box.dataset.link, ...asked });
    const mine = ++this.asked;
    const answer = await fetch(`${this.panel.address}/link?${query}`, { redirect: "manual" });
    const html = answer.ok ? await answer.text() : "";
    if (!answer.ok || mine !== this.asked) return;
    const place = box.querySelector("[data-place]");
    const focused = place.contains(document.activeElement) ? document.activeElement : null;
    const kept = focused?.closest(".picker > .field");
    if (kept) return around(kept, html);
    place.innerHTML = html;
    // Whoever went on to a button while the answer was on its way stays there.
    const name = focused && ["data-insert-link", "data-cancel", "name"].find((each) => focused.hasAttribute(each));
    if (name) place.querySelector(name === "name" ? `[name="${focused.name}"]` : `[${name}]`)?.focus();
    return undefined;
  }

  cancel(box) {
    const button = box?.querySelector('[data-picker][aria-expanded="true"]');
    if (!button) return;
    this.asked += 1;
    button.setAttribute("aria-expanded", "false");
    box.querySelector("[data-place]").replaceChildren();
    button.focus();
  }

  async chose(target, isDone) {
    const form = target.closest(".picker");
    form.querySelector("[data-error]").hidden = true;
    if (!isDone) return;
    if (target.name === "unavailable") form.querySelector("[data-only]").hidden = target.value !== "fallback";
    if (!("again" in target.dataset)) return;
    const { name } = target;
    const asked = { kind: "dynamic", source: text(form, "source"), key: name === "key" ? text(form, "key") : "" };
    await this.draw(form.closest("[data-link]"), asked);
  }

  async submitted(event) {
    const { kind } = event.target.closest(".picker[data-kind]")?.dataset ?? {};
    if (!kind) return;
    event.preventDefault();
    const box = event.target.closest("[data-link]");
    // What was chosen last may not have been answered yet.
    await this.drawing;
    const form = box.querySelector(".picker");
    if (!form) return;
    if (form.querySelector('[data-insert-link][aria-disabled="true"]')) {
      [...form.querySelectorAll("select:not(:disabled)")].find((each) => !each.value)?.focus();
      return;
    }
    const link = this.read(form);
    if ("inText" in box.dataset) {
      const attributes = await this.told.textLink(link, form);
      if (attributes && this.told.linkText(attributes)) this.cancel(box);
      return;
    }
    await this.told.set({ [box.dataset.link]: link }, { panel: `[data-picker="${kind}"]`, picker: form });
  }

  read(form) {
    const link = { kind: form.dataset.kind, new_tab: form.elements.new_tab.checked };
    for (const name of ["href", "page", "source", "key", "unavailable", "fallback_page"]) {
      if (form.elements[name]) link[name] = form.elements[name].value.trim();
    }
    link.form = {};
    for (const each of form.querySelectorAll("[data-argument]")) {
      link.form[each.dataset.argument] = each.type === "checkbox" ? each.checked : each.value;
    }
    return link;
  }

  wrong(form, path, sentence) {
    const name = path.split(".").at(-1);
    const control = form.querySelector(`[data-argument="${CSS.escape(name)}"], [name="${CSS.escape(name)}"]`);
    const error = form.querySelector("[data-error]");
    error.hidden = false;
    error.querySelector("span").textContent = sentence;
    control?.setAttribute("aria-invalid", "true");
    control?.focus();
  }
}

// Draw all of a picker anew but the field that has the focus: a list that is replaced while somebody types in it loses
// letters.
function around(kept, html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const fresh = holder.content.querySelector(".picker");
  const { name } = kept.querySelector("[name]");
  const twin = fresh.querySelector(`[name="${name}"]`).closest(".field");
  const nodes = [...fresh.childNodes];
  const at = nodes.indexOf(twin);
  for (const each of [...kept.parentNode.childNodes]) if (each !== kept) each.remove();
  kept.before(...nodes.slice(0, at));
  kept.after(...nodes.slice(at + 1));
  const hint = twin.querySelector(".hint");
  if (hint) kept.querySelector(".hint")?.replaceWith(hint);
}
