// Entries of a menu are pulled to their places. Without this script, and by keyboard, the buttons do that.
for (const list of document.querySelectorAll("[data-sort]")) {
  let held = null;
  for (const entry of list.querySelectorAll("[data-entry]")) {
    entry.draggable = true;
    entry.addEventListener("dragstart", (event) => {
      held = entry;
      event.dataTransfer.effectAllowed = "move";
    });
    entry.addEventListener("dragover", (event) => {
      if (!held) return;
      event.preventDefault();
      const box = entry.getBoundingClientRect();
      const isAfter = event.clientY > box.top + box.height / 2;
      if (held !== entry) list.insertBefore(held, isAfter ? entry.nextSibling : entry);
    });
  }
  const entries = () => [...list.querySelectorAll("[data-entry]")];
  const before = entries();
  list.addEventListener("dragover", (event) => held && event.preventDefault());
  list.addEventListener("drop", (event) => {
    if (!held) return;
    event.preventDefault();
    const to = entries().indexOf(held);
    if (before.indexOf(held) === to) return;
    const mover = document.querySelector("[data-mover]");
    mover.action = held.dataset.move;
    mover.elements.to.value = to;
    mover.submit();
  });
  list.addEventListener("dragend", (event) => {
    held = null;
    // Given up, or dropped elsewhere: nothing was moved.
    if (event.dataTransfer.dropEffect === "none") list.append(...before);
  });
}
