"""The page on which a person allows notifications, its script, and the service worker that shows them."""

from __future__ import annotations

from html import escape

from tidings.distribution import pages
from tidings.distribution.page_texts_push import words_in

SCRIPT = """\
"use strict";
const main = document.querySelector("main");
const say = (text) => { document.getElementById("said").textContent = text; };
const bytes = (text) => Uint8Array.from(
  atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
async function tell(subscription, off) {
  const body = JSON.stringify({ ...subscription.toJSON(), off, language: document.documentElement.lang });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(location.pathname, { method: "POST", body, headers });
  if (!answer.ok) throw new Error("refused");
}
async function turn(off) {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) {
    say(main.dataset.noPush);
    return;
  }
  try {
    const worker = await navigator.serviceWorker.register("/push/worker.js", { scope: "/push/" });
    await navigator.serviceWorker.ready;
    let known = await worker.pushManager.getSubscription();
    if (off) {
      if (known) { await tell(known, true); await known.unsubscribe(); }
      say(main.dataset.saidOff);
      return;
    }
    if ((await Notification.requestPermission()) !== "granted") {
      say(main.dataset.denied);
      return;
    }
    const key = bytes(main.dataset.key);
    known = known || await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    await tell(known, false);
    say(main.dataset.saidOn);
  } catch {
    say(main.dataset.failed);
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

HEADERS: tuple[tuple[bytes, bytes], ...] = tuple(
    (
        name,
        value.replace(b"default-src 'none';", b"default-src 'none'; script-src 'self'; connect-src 'self';"
                      b" worker-src 'self';") if name == b"content-security-policy" else value,
    )
    for name, value in pages.HEADERS
)  # fmt: skip


def ask(public_key: str, language: str) -> bytes:
    """The page with the two buttons, and what its script will say."""
    words = words_in(language)
    whole = pages.page(
        words.title,
        f"<p>{escape(words.ask_words)}</p>"
        f'<p><button type="button" id="on">{escape(words.on)}</button></p>'
        f'<p><button type="button" id="off" class="quiet">{escape(words.off)}</button></p>'
        '<script src="/push/app.js" defer></script><p id="said" role="status"></p>',
        language,
    )
    told = {
        "key": public_key, "said-on": words.said_on, "said-off": words.said_off, "no-push": words.no_push,
        "denied": words.denied, "failed": words.failed,
    }  # fmt: skip
    data = "".join(f' data-{name}="{escape(text)}"' for name, text in told.items())
    return whole.replace(b"<main>", f"<main{data}>".encode())


def not_set_up(language: str) -> bytes:
    """What is said while nobody has set up web push."""
    words = words_in(language)
    return pages.page(words.not_offered, f"<p>{escape(words.not_offered_words)}</p>", language)
