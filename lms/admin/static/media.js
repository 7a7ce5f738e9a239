// A file that is dropped on the form, or pasted, is chosen in it. Without this script the field itself does.
for (const form of document.querySelectorAll("form[data-drop]")) {
  const input = form.querySelector("input[type=file]");
  const take = (files) => {
    if (!files?.length) return false;
    const one = new DataTransfer();
    one.items.add(files[0]);
    input.files = one.files;
    input.focus();
    return true;
  };
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  form.addEventListener("paste", (event) => take(event.clipboardData.files) && event.preventDefault());
}
if (document.querySelectorAll("form[data-drop]").length === 1) {
  document.addEventListener("paste", (event) => {
    if (event.target.closest("input, textarea, form")) return;
    const form = document.querySelector("form[data-drop]");
    form.dispatchEvent(new ClipboardEvent("paste", { clipboardData: event.clipboardData }));
  });
}
