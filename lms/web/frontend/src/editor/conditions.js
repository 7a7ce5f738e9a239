// The conditions of the selected block.
import { Chooser } from "./chooser.js";

export function listenToConditions(root, { panel, send }) {
  const change = (box, values, more = {}) =>
    send(
      { op: "visibility", id: panel.shown, field: box.dataset.of, ...values },
      { panel: `[data-chooser="condition"][data-of="${box.dataset.of}"] [data-chooser-open]`, ...more },
    );
  new Chooser(root, panel, "condition", {
    inserted(box, { name, form: args }, form) {
      const add = { rule: name, not: form.elements.not.value === "true", form: args };
      return change(box, { add }, { picker: form });
    },
  });
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-condition-remove]");
    if (!button) return;
    change(button.closest("[data-chooser]"), { remove: JSON.parse(button.dataset.conditionRemove) });
  });
}
