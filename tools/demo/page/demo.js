"use strict";

// Canvas pixels for each pixel of the page, so that strokes are smooth.
const DENSITY = 2;
const PEN = 20;
// With more classes than this, only the likeliest are shown.
const FEW = 10;

const [paper, photograph, predictions, trouble] =
  ["paper", "photograph", "predictions", "trouble"].map(id => document.getElementById(id));
const pen = paper.getContext("2d");
let classes = [];
// What to ask next: an image to send, or null for none. Only the newest counts, and only one is sent
// at a time, so that the page keeps up with the hand.
let next = null;
let asking = false;

async function ask(picture) {
  next = { picture };
  if (asking) return;
  asking = true;
  while (next) {
    const { picture: get } = next;
    next = null;
    const [parts, why] = get ? await answerTo(get) : [[], ""];
    // Show this even if the drawing has grown since, but not if it is gone.
    if (!next || next.picture === get) show(parts, why);
  }
  asking = false;
}

// Returns the predictions for a picture, or why there are none.
async function answerTo(get) {
  try {
    const reply = await fetch("predict", { method: "POST", body: await get() });
    const answer = await reply.json();
    return reply.ok ? [answer, ""] : [[], answer.error];
  } catch {
    return [[], "no answer: is the program that serves this page still running?"];
  }
}

function show(parts, why) {
  trouble.textContent = why;
  predictions.replaceChildren(...parts.map((part, number) => shown(part, number, parts.length)));
}

function element(tag, content = [], properties = {}) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...[content].flat());
  return made;
}

function largest(row) {
  return row.indexOf(Math.max(...row));
}

// One digit, or one picture: what the models see of it, and a bar for each model and class.
function shown({ seen, probabilities }, number, count) {
  const models = Object.keys(probabilities);
  const vote = probabilities[models[0]];
  const all = classes.map((_, index) => index);
  const listed = classes.length <= FEW
    ? all
    : all.sort((a, b) => vote[b] - vote[a]).slice(0, FEW);
  const bar = (row, index) => {
    const share = `${(100 * row[index]).toFixed(1)} %`;
    const made = element("span", share, { className: "bar" });
    made.style.setProperty("--share", share.replace(" ", ""));
    if (index === largest(row)) made.classList.add("favoured");
    return element("td", made);
  };
  const rows = listed.map(index => element("tr", [
    element("th", classes[index], { scope: "row" }),
    ...models.map(model => bar(probabilities[model], index)),
  ]));
  const head = element("tr", [
    element("th", "class", { scope: "col" }),
    ...models.map(model => element("th", model, { scope: "col" })),
  ]);
  const table = element("table", [element("thead", head), element("tbody", rows)]);
  const which = count > 1 ? `${number + 1} of ${count}: ` : "";
  return element("div", [
    element("figure", [
      element("h2", `${which}${classes[largest(vote)]}`),
      element("img", [], { src: seen, alt: "What the models see" }),
      element("figcaption", "What the models see"),
    ]),
    element("div", table, { className: "wide" }),
  ], { className: "part" });
}

// Drawing: one stroke for each pointer that is down, so two fingers draw two.
const strokes = new Map();

function place(event) {
  const box = paper.getBoundingClientRect();
  const scale = paper.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
}

function draw(event) {
  const from = strokes.get(event.pointerId);
  if (!from) return;
  // A browser reports a fast pointer once per frame, along with its places in between.
  const between = event.getCoalescedEvents?.() ?? [];
  pen.beginPath();
  pen.moveTo(...from);
  for (const moment of between.length ? between : [event]) pen.lineTo(...place(moment));
  pen.stroke();
  strokes.set(event.pointerId, place(event));
  ask(drawn);
}

// Not with toBlob, which takes up to a second when the browser is busy.
async function drawn() {
  return (await fetch(paper.toDataURL())).blob();
}

function clear() {
  strokes.clear();
  pen.fillStyle = "white";
  pen.fillRect(0, 0, paper.width, paper.height);
  URL.revokeObjectURL(photograph.src);
  // So that one that is still loading does not appear later.
  photograph.removeAttribute("src");
  photograph.hidden = true;
  paper.hidden = !paper.dataset.wanted;
  document.getElementById("file").value = "";
  ask(null);
}

paper.addEventListener("pointerdown", event => {
  if (event.button) return;
  event.preventDefault();
  paper.setPointerCapture(event.pointerId);
  // A line of length 0 would not be drawn, but a click should draw a dot.
  const [x, y] = place(event);
  strokes.set(event.pointerId, [x, y - 0.1]);
  draw(event);
});
paper.addEventListener("pointermove", draw);
paper.addEventListener("pointerup", event => {
  draw(event);
  strokes.delete(event.pointerId);
});
// When a gesture takes over a pointer, its last place is unknown.
paper.addEventListener("pointercancel", event => strokes.delete(event.pointerId));
document.getElementById("clear").addEventListener("click", clear);

// Photographs, dropped or chosen.
function take(file) {
  if (!file) return;
  clear();
  photograph.src = URL.createObjectURL(file);
  ask(() => file);
}

photograph.addEventListener("load", () => {
  photograph.hidden = false;
  paper.hidden = true;
});
document.getElementById("file").addEventListener("change", event => take(event.target.files[0]));
addEventListener("dragover", event => {
  event.preventDefault();
  document.body.classList.add("over");
});
addEventListener("dragleave", () => document.body.classList.remove("over"));
addEventListener("drop", event => {
  event.preventDefault();
  document.body.classList.remove("over");
  take(event.dataTransfer.files[0]);
});

async function start() {
  const about = await (await fetch("about")).json();
  classes = about.classes;
  if (about.digits) {
    paper.dataset.wanted = "yes";
    document.getElementById("task").textContent =
      "Draw a digit, or several side by side, or drop a photograph of digits anywhere.";
  }
  [pen.lineWidth, pen.lineCap, pen.lineJoin] = [PEN * DENSITY, "round", "round"];
  clear();
}

start();
