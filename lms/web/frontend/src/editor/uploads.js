// A picture that is chosen, dropped or pasted in the left column goes to the library, and into the block once somebody
// has said what it shows.
import { hasFiles } from "./drag.js";
import { announce, words } from "./said.js";

// Returns what takes a file into the field of a picture.
export function listenToUploads(root, { panel, address, queue }) {
  const boxOf = (event) => event.target.closest?.("[data-media]") ?? null;

  async function take(box, file) {
    if (!box || !file) return;
    panel.right(box.dataset.media);
    announce(words.uploading);
    const body = new FormData();
    body.append("file", file, file.name);
    body.append("for", address.split("/").at(-2));
    const answer = await fetch("/admin/media/upload", {
      method: "POST", body, headers: { "X-CSRFToken": queue.token }, redirect: "manual",
    }).catch(() => null);
    const told = (await answer?.json().catch(() => null)) ?? { sentence: words.failed };
    if (!answer?.ok) {
      panel.wrong(box.dataset.media, told.sentence ?? words.failed);
      return announce(told.sentence ?? words.failed);
    }
    const select = box.querySelector("[data-media-key]");
    const alt = box.querySelector("[data-media-alt]");
    select.add(Object.assign(document.createElement("option"), { value: told.key, textContent: told.name }));
    select.value = told.key;
    alt.value = "";
    alt.focus();
    announce(words.describe);
    return undefined;
  }

  root.addEventListener("change", (event) => {
    if (event.target.matches("[data-media-file]")) take(boxOf(event), event.target.files[0]);
  });
  root.addEventListener("dragover", (event) => boxOf(event) && event.preventDefault());
  root.addEventListener("drop", (event) => {
    const box = boxOf(event);
    if (!box || !event.dataTransfer.files.length) return;
    event.preventDefault();
    take(box, event.dataTransfer.files[0]);
  });
  root.addEventListener("paste", (event) => {
    const file = event.clipboardData.files[0];
    if (!file) return;
    event.preventDefault();
    take(boxOf(event) ?? root.querySelector("[data-media]"), file);
  });
  // A file that misses the field must not take the place of the editor.
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => hasFiles(event) && event.preventDefault());
  return take;
}
