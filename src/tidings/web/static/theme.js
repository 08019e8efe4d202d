// Runs before the first paint: without a stored choice the page follows the system, without a flash of the other theme.
(() => {
  const root = document.documentElement;
  if (root.dataset.theme !== "auto") return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => root.classList.toggle("dark", dark.matches);
  follow();
  dark.addEventListener("change", () => root.dataset.theme === "auto" && follow());
})();
