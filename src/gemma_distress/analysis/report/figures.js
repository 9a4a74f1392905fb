// Puts the interactive figure in the place of each static one when it comes into view. Without this script
// the page reads the same. The specifications are evaluated by Vega's interpreter, never by `eval`.
const settings = {
  ast: true, actions: false, renderer: "svg", defaultStyle: false,
  tooltip: { disableDefaultStyle: true },
};
const figures = JSON.parse(document.getElementById("specs").textContent);
function upgrade(place) {
  const fresh = document.createElement("div");
  const figure = figures[place.dataset.figure];
  const spec = { ...figure[place.dataset.layout], datasets: { rows: figure.data } };
  vegaEmbed(fresh, spec, settings)
    .then(() => place.replaceChildren(fresh))
    .catch((error) => console.error(error));
}
const watch = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) { watch.unobserve(entry.target); upgrade(entry.target); }
  }
}, { rootMargin: "200px" });
for (const place of document.querySelectorAll("[data-figure]")) { watch.observe(place); }
