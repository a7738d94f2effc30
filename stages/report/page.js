// Draws the charts in the page's colours, and again when the mode changes; enlarges images.
const dark = matchMedia("(prefers-color-scheme: dark)");

function draw() {
  const theme = dark.matches ? "dark" : "light";
  const options = {
    mode: "vega-lite",
    renderer: "svg",
    actions: false,
    config: themes[theme],
    tooltip: { theme },
  };
  for (const [name, chart] of Object.entries(charts)) vegaEmbed(`#${name}-chart`, chart, options);
}

function enlarge(button) {
  const image = button.querySelector("img");
  const answer = answers[button.dataset.image];
  const dialog = document.querySelector("dialog");
  const large = dialog.querySelector("img");
  large.src = image.src;
  dialog.querySelector("h2").textContent = `Test image ${button.dataset.image}: ${answer.actual}`;
  const body = dialog.querySelector("tbody");
  body.replaceChildren();
  for (const cells of answer.models) {
    const row = body.insertRow();
    for (const text of cells) row.insertCell().textContent = text;
  }
  dialog.showModal();
}

draw();
dark.addEventListener("change", draw);
for (const button of document.querySelectorAll("button[data-image]"))
  button.addEventListener("click", () => enlarge(button));
