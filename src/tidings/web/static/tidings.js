// The little behaviour the pages need beside htmx: dialogs, the theme, the menu, and lines of facts.
(() => {
  const keep = (name, value) => {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  };

  // The server words times in the visitor's zone; it takes effect with the next page.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes(`tidings_zone=${zone}`)) keep("tidings_zone", zone);

  const switchTheme = () => {
    const root = document.documentElement;
    const theme = root.classList.toggle("dark") ? "dark" : "light";
    root.dataset.theme = theme;
    keep("tidings_theme", theme);
    document.dispatchEvent(new CustomEvent("tidings:theme"));
  };

  const toggle = (button) => {
    const open = document.getElementById(button.dataset.toggles).toggleAttribute("data-open");
    button.setAttribute("aria-expanded", String(open));
  };

  const addFact = () => {
    const list = document.getElementById("facts");
    const line = document.getElementById("fact-line").content.cloneNode(true);
    const number = list.children.length + 1;
    line.querySelector("select").setAttribute("aria-label", `Beginning of fact ${number}`);
    line.querySelector("input").setAttribute("aria-label", `Rest of fact ${number}`);
    list.append(line);
    list.lastElementChild.querySelector("input").focus();
  };

  const addVersion = () => {
    const list = document.getElementById("versions");
    const group = document.getElementById("version-group").content.cloneNode(true);
    const number = list.children.length + 1;
    const own = (text) => text.replaceAll("v-new-", `v-${number}-`);
    for (const each of group.querySelectorAll("[id], [for]"))
      for (const name of ["id", "for", "aria-describedby"])
        if (each.hasAttribute(name)) each.setAttribute(name, own(each.getAttribute(name)));
    group.querySelector("legend").textContent = `Version ${number}`;
    list.append(group);
    list.lastElementChild.querySelector("input").focus();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    // The backdrop closes; the second half of a double click lands there too, and would undo the first.
    if (event.target.matches("dialog[open]") && event.detail < 2) event.target.close();
    if (!button) return;
    if (button.dataset.opens) document.getElementById(button.dataset.opens)?.showModal();
    else if ("closes" in button.dataset) button.closest("dialog").close();
    else if ("themeToggle" in button.dataset) switchTheme();
    else if (button.dataset.toggles) toggle(button);
    else if ("addFact" in button.dataset) addFact();
    else if ("addVersion" in button.dataset) addVersion();
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((form) => delete form.dataset.sent));
})();
