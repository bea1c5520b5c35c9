// Sensitive pictures: one key sends the form that reveals them, then their sharp pixels are fetched.

const KEYS_OFF = "second-look:single-keys-off";
const ANCESTORS = "[data-desk], [data-group-page], main";

const isShown = (form) => form.checkVisibility();

// The form that is seen now: a prefetched pair has one too, out of sight.
const current = () => [...document.querySelectorAll("[data-reveal]")].find(isShown);

// What was a blur gets the address of the sharp picture; the server gives it out from now on.
function sharpen(root, pictures) {
  for (const image of root.querySelectorAll("img[data-concealed]")) {
    if (!pictures.has(image.dataset.concealed)) continue;
    delete image.dataset.concealed;
    for (const name of ["full", "part"]) {
      const address = image.dataset[`sharp${name[0].toUpperCase()}${name.slice(1)}`];
      if (address) image.dataset[name] = address;
    }
    image.src = `${image.src.split("?")[0]}?sharp`;
  }
}

// The purpose is remembered by the server: other forms of the page need not ask for it again.
function forgetPurposes() {
  for (const field of document.querySelectorAll("[data-reveal] .reveal__field")) field.remove();
}

function tell(form, text) {
  const place = form.querySelector("[data-reveal-problem]");
  place.textContent = text;
  place.hidden = !text;
}

async function send(form) {
  if (form.dataset.sending) return;
  form.dataset.sending = "1";
  const body = new FormData(form);
  try {
    const answer = await fetch(form.action, {
      method: "POST", headers: { "X-Desk": "1" }, body, redirect: "error",
    });
    const isJson = (answer.headers.get("Content-Type") ?? "").startsWith("application/json");
    const { message } = isJson ? await answer.json() : {};
    // The purpose has run out since the page was made: the page anew asks for one.
    if (answer.status === 400 && !form.querySelector("[data-purpose]")) return location.reload();
    if (!answer.ok) return tell(form, message ?? form.querySelector("[data-reveal-problem]").dataset.offline);
    const root = form.closest(ANCESTORS);
    form.remove();
    forgetPurposes();
    sharpen(root, new Set(body.getAll("picture")));
  } catch {
    tell(form, form.querySelector("[data-reveal-problem]").dataset.offline);
  } finally {
    delete form.dataset.sending;
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-reveal]")) return;
  event.preventDefault();
  send(event.target);
});

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (key.toLowerCase() !== "y" || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.matches("textarea, select, input:not([type=radio], [type=range], [type=checkbox])")) return;
  if (localStorage.getItem(KEYS_OFF) !== null || document.querySelector("dialog[open]")) return;
  const button = current()?.querySelector("[data-action=reveal]");
  if (!button) return;
  event.preventDefault();
  button.click();
});
