// A page that the browser kept for its back button is asked for anew: whoever has signed out since,
// or may not see it any more, must not read it there.

addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.documentElement.hidden = true;
  location.reload();
});
