// Sends and clicks by day: uPlot over the numbers the page carries in `data-chart` as {zone, days: [s], sent: [n], clicked: [n]}.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const draw = (place) => {
    const { zone, days, sent, clicked } = JSON.parse(place.dataset.chart);
    const axis = { stroke: colour("--muted-foreground"), grid: { stroke: colour("--border"), width: 1 }, ticks: { show: false }, font: "12px Inter, sans-serif" };
    const line = (label, stroke, fill) => ({ label, stroke, fill, width: 2, points: { show: false }, value: (_, v) => (v == null ? "–" : v.toLocaleString("en")) });
    const last = days.length - 1;
    const atRest = (u) => u.cursor.idx == null && u.setLegend({ idx: last }, false); // else the legend is all dashes
    place.replaceChildren();
    return new uPlot(
      {
        width: place.clientWidth,
        height: 250,
        tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), zone),
        cursor: { y: false },
        hooks: { ready: [atRest], setCursor: [atRest], setSize: [atRest] },
        series: [
          { label: "Day", value: (_, v) => (v == null ? "–" : new Date(v * 1e3).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: zone })) },
          line("Sent", colour("--series-1"), colour("--series-1") + "1a"),
          line("Clicked", colour("--series-2")),
        ],
        axes: [
          { ...axis, values: (_, ticks) => ticks.map((t) => new Date(t * 1e3).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: zone })) },
          { ...axis, size: 56, values: (_, ticks) => ticks.map((t) => t.toLocaleString("en")) },
        ],
        scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.1, 10)] } },
      },
      [days, sent, clicked],
      place,
    );
  };

  for (const place of document.querySelectorAll("[data-chart]")) {
    let plot = draw(place);
    new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: 250 })).observe(place);
    document.addEventListener("tidings:theme", () => (plot = draw(place)));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (plot = draw(place)));
  }
})();
