// A server that does not answer any more in, a line that says so out; the page comes back by itself, with what was typed.
const workingsPingSeconds = 5;
// After the first miss the server is asked again sooner, so that a page that stands still says so within seconds.
const workingsAgainSeconds = 1;
const workingsDraftKey = "workings-draft";
let workingsMisses = 0;

function workingsBanner(words) {
  let banner = document.querySelector("#connection");
  if (!banner) {
    banner = document.createElement("p");
    banner.id = "connection";
    banner.setAttribute("role", "alert");
    (document.querySelector(".gradio-container") || document.body).append(banner);
  }
  banner.textContent = workingsSay(words);
  banner.hidden = !words;
}

function workingsIsLive() {
  return ["waiting", "reading", "thinking", "answering"].includes(document.documentElement.dataset.phase);
}

async function workingsPing() {
  try {
    // Whatever the server says: that it says something is what counts.
    await fetch("favicon.ico", { cache: "no-store" });
  } catch {
    workingsMisses += 1;
    if (workingsMisses === 1) setTimeout(workingsPing, workingsAgainSeconds * 1000);
    if (workingsMisses >= 2) {
      workingsBanner(
        workingsIsLive()
          ? "Connection lost. Trying again; what the run has written is kept, and this page comes back by itself."
          : "Connection lost. Trying again.",
      );
    }
    return;
  }
  if (workingsMisses >= 2) {
    // The streams of this page ended with the connection; the address names the run, so a fresh page follows it again.
    workingsKeepDraft();
    window.location.reload();
  }
  workingsMisses = 0;
}

// What is typed survives a reload of the page, by us or by the reader.
function workingsKeepDraft() {
  const field = document.querySelector("#question textarea");
  try {
    if (field && field.value) sessionStorage.setItem(workingsDraftKey, field.value);
    else if (field) sessionStorage.removeItem(workingsDraftKey);
  } catch {
    // A browser that keeps nothing loses the draft.
  }
}

function workingsRestoreDraft(tries) {
  const field = document.querySelector("#question textarea");
  if (!field) {
    if (tries > 0) setTimeout(() => workingsRestoreDraft(tries - 1), 200);
    return;
  }
  let draft = "";
  try {
    draft = sessionStorage.getItem(workingsDraftKey) || "";
  } catch {
    // As above.
  }
  if (draft && !field.value) {
    field.value = draft;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

window.addEventListener("pagehide", workingsKeepDraft);
setInterval(() => {
  if (document.visibilityState === "visible") workingsPing();
}, workingsPingSeconds * 1000);
workingsRestoreDraft(100);
