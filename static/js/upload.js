// Uploading: files and whole folders by choice or by drag and drop, three at a time, one request
// for each file, so that one bad file costs one file. Without this script a plain form remains.

const AT_ONCE = 3;

const form = document.querySelector("#upload");
const list = form.querySelector("[data-files]");
const total = form.querySelector("[data-total]");
const totalBar = form.querySelector("[data-total-bar]");
const totalWords = form.querySelector("[data-total-words]");
const zone = form.querySelector("[data-drop]");
const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
const text = form.dataset;

const files = []; // { file, name, sent, state: waiting | sending | done | failed, row }
const waiting = [];
let active = 0;

// What people see of one file

function addRow(entry) {
  const row = document.createElement("li");
  row.className = "upload-file";
  row.innerHTML = `<span class="upload-file__name path"></span>
    <span class="upload-file__state small"></span>
    <progress class="progress" value="0" max="1"></progress>`;
  row.querySelector(".upload-file__name").textContent = entry.name;
  row.querySelector("progress").setAttribute("aria-label", entry.name);
  list.append(row);
  entry.row = row;
}

function show(entry, state, message = "") {
  entry.state = state;
  entry.row.dataset.state = state;
  const words = { waiting: text.textWaiting, sending: text.textSending, done: text.textDone };
  const label = entry.row.querySelector(".upload-file__state");
  label.textContent = state === "failed" ? message || text.textFailed : words[state];
  if (state === "failed" && entry.file.size <= Number(text.maximumBytes) && entry.file.size) {
    label.append(" ", againButton(entry));
  }
  entry.row.querySelector("progress").hidden = state === "done" || state === "failed";
  // What went wrong must not hide among a thousand files.
  if (state === "failed") list.prepend(entry.row);
  showTotal();
}

function againButton(entry) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link-button";
  button.textContent = text.textAgain;
  button.setAttribute("aria-label", `${text.textAgain}: ${entry.name}`);
  button.addEventListener("click", () => {
    wait(entry);
    startMore();
  });
  return button;
}

let totalIsDue = false;

// Thousands of progress events a second must not become thousands of sums.
function showTotal() {
  if (totalIsDue) return;
  totalIsDue = true;
  requestAnimationFrame(() => {
    totalIsDue = false;
    const count = (state) => files.filter((entry) => entry.state === state).length;
    const weight = (entry) => entry.file.size + 1;
    const through = (entry) => (["done", "failed"].includes(entry.state) ? weight(entry) : entry.sent);
    const sum = (measure) => files.reduce((soFar, entry) => soFar + measure(entry), 0);
    total.hidden = files.length === 0;
    totalBar.max = Math.max(sum(weight), 1);
    totalBar.value = sum(through);
    totalWords.textContent = text.textTotal
      .replace("%(done)s", count("done"))
      .replace("%(total)s", files.length)
      .replace("%(failed)s", count("failed"));
  });
}

// Sending

function wait(entry) {
  entry.sent = 0;
  waiting.push(entry);
  show(entry, "waiting");
}

function startMore() {
  while (active < AT_ONCE && waiting.length) send(waiting.shift());
}

function send(entry) {
  active += 1;
  show(entry, "sending");
  const request = new XMLHttpRequest();
  const end = (state, message) => {
    active -= 1;
    show(entry, state, message);
    startMore();
    if (active === 0) showWhatIsHeld();
  };
  request.upload.addEventListener("progress", (event) => {
    entry.sent = event.loaded;
    const bar = entry.row.querySelector("progress");
    bar.max = Math.max(event.total, 1);
    bar.value = event.loaded;
    showTotal();
  });
  request.addEventListener("load", () => {
    if (request.status === 201) end("done");
    else end("failed", reason(request));
  });
  request.addEventListener("error", () => end("failed", text.textConnection));
  request.open("POST", `${text.url}?name=${encodeURIComponent(entry.name)}`);
  request.setRequestHeader("X-CSRFToken", token);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.send(entry.file);
}

// The page's own list of files, once everything has been sent.
async function showWhatIsHeld() {
  const response = await fetch(location.href);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const held = page.querySelector("#held");
  if (held) document.querySelector("#held").replaceWith(held);
}

function reason(request) {
  if (request.status === 422) return JSON.parse(request.responseText).error;
  return request.status >= 500 ? text.textConnection : text.textSignedOut;
}

// Choosing

function add(file, name) {
  const entry = { file, name, sent: 0, state: "waiting", row: null };
  files.push(entry);
  addRow(entry);
  if (file.size === 0) show(entry, "failed", text.textEmpty);
  else if (file.size > Number(text.maximumBytes)) show(entry, "failed", text.textTooLarge);
  else wait(entry);
}

for (const input of form.querySelectorAll("[data-pick]")) {
  input.addEventListener("change", () => {
    for (const file of input.files) add(file, file.webkitRelativePath || file.name);
    input.value = "";
    startMore();
  });
}

const isFileDrag = (event) => event.dataTransfer?.types.includes("Files");

zone.addEventListener("dragover", (event) => {
  if (!isFileDrag(event)) return;
  event.preventDefault();
  zone.dataset.over = "";
});
zone.addEventListener("dragleave", () => delete zone.dataset.over);
zone.addEventListener("drop", async (event) => {
  if (!isFileDrag(event)) return;
  event.preventDefault();
  delete zone.dataset.over;
  // The list is emptied when this function first waits, so that it is copied before.
  const dropped = [...event.dataTransfer.items].filter((item) => item.kind === "file");
  const entries = dropped.map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  for (const entry of entries) {
    if (entry instanceof File) add(entry, entry.name);
    else if (entry) await addEntry(entry);
  }
  startMore();
});

// A dropped file or, with everything in it, a dropped folder.
async function addEntry(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject)).catch(() => null);
    if (file) add(file, entry.fullPath.replace(/^\//, ""));
    return;
  }
  const reader = entry.createReader();
  const read = () => new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
  for (let some = await read(); some.length; some = await read()) {
    for (const inner of some) await addEntry(inner);
  }
}

// A drop beside the zone would make the browser leave the page.
for (const kind of ["dragover", "drop"]) {
  window.addEventListener(kind, (event) => {
    if (isFileDrag(event)) event.preventDefault();
  });
}

window.addEventListener("beforeunload", (event) => {
  if (active > 0) event.preventDefault();
});

form.addEventListener("submit", (event) => event.preventDefault());
form.querySelector("[data-plain]").hidden = true;
for (const part of form.querySelectorAll("[data-needs-script]")) part.hidden = false;
