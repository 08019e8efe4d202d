"""The page on which a person allows notifications, its script, and the service worker that shows them."""

from __future__ import annotations

from html import escape

from tidings.distribution import pages

SCRIPT = """\
"use strict";
const main = document.querySelector("main");
const say = (text) => { document.getElementById("said").textContent = text; };
const bytes = (text) => Uint8Array.from(
  atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
async function tell(subscription, off) {
  const body = JSON.stringify({ ...subscription.toJSON(), off });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(location.pathname, { method: "POST", body, headers });
  if (!answer.ok) throw new Error("refused");
}
async function turn(off) {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) {
    say("This browser shows no notifications. On an iPhone, put this page on the home screen first.");
    return;
  }
  try {
    const worker = await navigator.serviceWorker.register("/push/worker.js", { scope: "/push/" });
    await navigator.serviceWorker.ready;
    let known = await worker.pushManager.getSubscription();
    if (off) {
      if (known) { await tell(known, true); await known.unsubscribe(); }
      say("Notifications are off in this browser.");
      return;
    }
    if ((await Notification.requestPermission()) !== "granted") {
      say("The browser does not allow it. Its settings for this site can change that.");
      return;
    }
    const key = bytes(main.dataset.key);
    known = known || await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    await tell(known, false);
    say("Notifications are on in this browser.");
  } catch {
    say("That did not work. Please try again later.");
  }
}
document.getElementById("on").addEventListener("click", () => turn(false));
document.getElementById("off").addEventListener("click", () => turn(true));
"""

WORKER = """\
"use strict";
self.addEventListener("push", (event) => {
  if (!event.data) return;
  const told = event.data.json();
  const look = { body: told.body, tag: told.tag, lang: told.lang, data: { url: told.url } };
  if (told.image) look.image = told.image;
  event.waitUntil(self.registration.showNotification(told.title || "News", look));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = event.notification.data.url;
  if (url) event.waitUntil(self.clients.openWindow(url));
});
"""

WORDING = "Yes, show me notifications in this browser."

HEADERS: tuple[tuple[bytes, bytes], ...] = tuple(
    (
        name,
        value.replace(b"default-src 'none';", b"default-src 'none'; script-src 'self'; connect-src 'self';"
                      b" worker-src 'self';") if name == b"content-security-policy" else value,
    )
    for name, value in pages.HEADERS
)  # fmt: skip


def ask(public_key: str) -> bytes:
    """The page with the two buttons."""
    whole = pages.page(
        "Notifications",
        "<p>Press the button and this browser shows you our news. You can turn it off here at any time.</p>"
        f'<p><button type="button" id="on">{escape(WORDING)}</button></p>'
        '<p><button type="button" id="off">Turn them off</button></p>'
        '<p id="said" role="status"></p><script src="/push/app.js"></script>',
    )
    return whole.replace(b"<main>", f'<main data-key="{escape(public_key)}">'.encode())


NOT_SET_UP = pages.page("Notifications are not offered", "<p>Nobody has set them up here.</p>")
